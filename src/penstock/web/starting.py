"""The process that serves the page: `penstock ui` hands its words over and is replaced by it."""

import argparse
import contextlib
import json
import sys
import threading
import webbrowser
from pathlib import Path

from penstock.app.settings import reading_settings
from penstock.errors import PenstockError
from penstock.report.browse_documents import UiDocument
from penstock.web.serving import read_token, serve

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> None:
    """Serve until Ctrl-C; exit 2 where that can't be."""
    parser = argparse.ArgumentParser(prog="penstock ui")
    parser.add_argument("--file")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token-file", type=Path)
    parser.add_argument("--allow-run", action="store_true")
    parser.add_argument("--browser", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)

    def ready(url: str, port: int) -> None:
        if given.json:
            document: UiDocument = {"url": url, "host": given.host, "port": port}
            sys.stdout.write(json.dumps(document) + "\n")
        else:
            sys.stdout.write(
                f"{settings.pipeline or settings.root.name} is shown at\n\n  {url}\n\nThe address holds the token: give it to nobody. Ctrl-C ends it{'; runs that were started from it go on' if given.allow_run else ''}.\n"
            )
        sys.stdout.flush()
        if given.browser:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    try:
        settings = reading_settings(given.file)
        with contextlib.suppress(KeyboardInterrupt):
            serve(settings, given.host, given.port, read_token(given.token_file, given.host), ready, given.allow_run)
    except PenstockError as error:
        if given.json:
            body = {"kind": error.kind, "message": error.what, "where": error.where, "hint": error.hint}
            sys.stdout.write(json.dumps({"error": body}) + "\n")
        sys.stderr.write(f"error: {error.what}\n  {error.hint}\n")
        sys.exit(2)
