"""`penstock serve-endpoint`."""

import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from contextlib import redirect_stdout
from pathlib import Path

import click

from penstock.app.endpoints import prepare
from penstock.app.settings import find_settings
from penstock.cli.options import file_option, json_option
from penstock.cli.output import only_json, show
from penstock.report.documents import EndpointDocument
from penstock.report.paint import Line
from penstock.work.process import ended, run_script

__all__ = ["serve_endpoint"]

_POLL = 0.1


@click.command("serve-endpoint")
@click.argument("name")
@click.option(
    "--run", "run", metavar="RUN", default="", help="Take the files that this run deployed (default: the newest)."
)
@click.option("--with", "files", metavar="NAME=PATH", multiple=True, help="Take this file instead; may be given again.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="The port (default: the endpoint's, or 8000)."
)
@file_option
@json_option
def serve_endpoint(name: str, run: str, files: tuple[str, ...], port: int, file: str | None, as_json: bool) -> int:
    """Serve an endpoint of a valohai.yaml, until Ctrl-C.

    Its files are those that a deployment node of the newest run laid out. What serves WSGI applications here listens on this
    machine alone; a `server-command` listens where it says.
    """
    given = {}
    for one in files:
        key, equals, path = one.partition("=")
        if not equals:
            raise click.UsageError(f"--with {one}: write NAME=PATH")
        given[key] = path
    with only_json(as_json):
        serving = prepare(find_settings(file), name, run=run, port=port, given=given)
    url = f"http://127.0.0.1:{serving.port}/"
    document: EndpointDocument = {
        "endpoint": name,
        "url": url,
        "run": serving.run,
        "folder": str(serving.folder),
        "files": serving.files,
    }
    lines: list[Line] = [[(name, "name"), ("  is being started; Ctrl-C ends it", "dim")]]
    lines += [[(f"  {one}  ", "dim"), (path, "")] for one, path in serving.files.items()]
    lines += [[("  of run ", "dim"), (serving.run, "")]] if serving.run else []
    show(document, lines, as_json=as_json)
    sys.stdout.flush()
    if not as_json:
        threading.Thread(target=_tell, args=(name, serving.port, url), daemon=True).start()
    # Asked to end, or left by its terminal, it takes the server with it.
    before = {ending: signal.signal(ending, signal.default_int_handler) for ending in (signal.SIGTERM, signal.SIGHUP)}
    with tempfile.TemporaryDirectory(prefix="penstock-serving-") as aside:
        try:
            with redirect_stdout(sys.stderr if as_json else sys.stdout):  # the document stays alone
                code, _ = run_script(
                    serving.script, Path(aside) / "command", serving.folder, serving.environment, lambda _: None
                )
        except KeyboardInterrupt:
            return 0
        finally:
            for ending, handler in before.items():
                signal.signal(ending, handler)
            shutil.rmtree(serving.folder, ignore_errors=True)
    if code:
        click.echo(f"✗ the server {ended(code)}; what it said is above", err=True)
    return 1 if code else 0


def _tell(name: str, port: int, url: str) -> None:
    """Say that it serves once it does."""
    while True:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(_POLL)
    show({}, [[("✓ ", "good"), (name, "name"), (f" on {url}", "")]], as_json=False)
    sys.stdout.flush()
