"""`penstock ui`."""

import importlib.util
import os
import sys
from pathlib import Path

import click

from penstock.app.settings import reading_settings
from penstock.cli.options import file_option, json_option
from penstock.errors import MissingExtra, extra_hint

__all__ = ["ui"]


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    help="The port (default: 8765, or the next that is free).",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="HOST",
    help="Where to listen; beyond this machine with --token-file only.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Take the token from this file.",
)
@click.option("--allow-run", is_flag=True, help="Let the page run the pipeline, and cancel, resume and approve.")
@click.option(
    "--browser/--no-browser", default=None, help="Whether to open a browser (default: where there is a terminal)."
)
@file_option
@json_option
def ui(
    port: int,
    host: str,
    token_file: Path | None,
    allow_run: bool,
    browser: bool | None,
    file: str | None,
    as_json: bool,
) -> None:
    """Show runs, graphs, rows and leaks on a page, until Ctrl-C.

    The page is served to this machine alone, and shows nothing to who does not know the token in the printed address. It reads, and never imports the pipeline;
    with --allow-run it starts runs, as processes of their own that go on when the page's server ends.
    """
    for needed in ("fastapi", "uvicorn"):
        if importlib.util.find_spec(needed) is None:
            raise MissingExtra(f"the page needs {needed}", hint=extra_hint("web"))
    reading_settings(file)  # what is wrong with them is told here
    words = ["--host", host, "--port", str(port)]
    words += ["--file", file] if file else []
    words += ["--token-file", str(token_file)] if token_file else []
    words += ["--allow-run"] if allow_run else []
    words += ["--browser"] if (sys.stdout.isatty() and not as_json if browser is None else browser) else []
    words += ["--json"] if as_json else []
    sys.stdout.flush()
    # The page is a sibling of the command line, and neither knows the other: this process becomes its server.
    os.execv(sys.executable, [sys.executable, "-m", "penstock.web", *words])  # noqa: S606
