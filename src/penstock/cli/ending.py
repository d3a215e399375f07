"""How a command ends: its exit code, and errors as people and programs read them."""

import os
import sys
import tempfile
import traceback
from types import TracebackType
from typing import Self

import click

from penstock.cli.output import write_json
from penstock.errors import PenstockError
from penstock.report.documents import ErrorBody
from penstock.report.error_text import error_lines
from penstock.report.paint import Screen

__all__ = ["Ending", "body_of"]

_WRONG, _INTERRUPTED = 2, 130


class Ending:
    """Takes what a command raises and turns it into words on standard error, a document with `--json`, and a code.

    `quiet` says that whoever read standard output is gone.
    """

    def __init__(self, arguments: list[str]) -> None:
        own = arguments[: arguments.index("--")] if "--" in arguments else arguments
        self._json = "--json" in own
        self.code = 0
        self.quiet = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, SystemExit):
            return False
        try:
            if error is not None:
                self.code = self._take(error)
            sys.stdout.flush()
        except BrokenPipeError:
            self.quiet = True
        return True

    def _take(self, error: BaseException) -> int:
        if isinstance(error, click.exceptions.Exit):
            return error.exit_code
        if isinstance(error, BrokenPipeError):
            self.quiet = True
            return 0
        if isinstance(error, KeyboardInterrupt | click.Abort):
            self._say({"kind": "Interrupted", "message": "interrupted", "where": "", "hint": ""})
            return _INTERRUPTED
        if os.environ.get("PENSTOCK_DEBUG", "") not in ("", "0"):
            traceback.print_exception(error)
        self._say(body_of(error))
        return error.exit_code if isinstance(error, PenstockError) else _WRONG

    def _say(self, body: ErrorBody) -> None:
        screen = Screen.of(sys.stderr)
        sys.stderr.write(screen.text(error_lines(body, screen.width)))
        sys.stderr.flush()
        if self._json:
            write_json({"error": body})


def body_of(error: BaseException) -> ErrorBody:
    """An error as `--json` has it. What nobody expected is written to a file, which the hint names."""
    if isinstance(error, PenstockError):
        return {"kind": error.kind, "message": error.what, "where": error.where, "hint": error.hint}
    if isinstance(error, click.UsageError):
        return {"kind": "UsageError", "message": _message(error), "where": "", "hint": _hint(error)}
    if isinstance(error, click.ClickException):
        return {"kind": "UsageError", "message": error.format_message(), "where": "", "hint": ""}
    if isinstance(error, OSError) and error.strerror:
        place = f": {error.filename}" if error.filename is not None else ""
        hint = "Check that the folder is there, has space, and may be written to; `penstock doctor` looks at it."
        return {"kind": type(error).__name__, "message": f"{error.strerror}{place}", "where": "", "hint": hint}
    return {
        "kind": type(error).__name__,
        "message": f"Penstock itself went wrong: {type(error).__name__}: {error}",
        "where": "",
        "hint": f"{_kept(error)}Please report it with the command that you ran. PENSTOCK_DEBUG=1 shows it here.",
    }


def _message(error: click.UsageError) -> str:
    if isinstance(error, click.NoSuchOption):  # its own message holds the suggestion, which is our hint
        return f"there is no option `{error.option_name}`"
    text = error.format_message().rstrip(".")
    return text[:1].lower() + text[1:]


def _hint(error: click.UsageError) -> str:
    own = getattr(error, "hint", "")
    if own:
        return str(own)
    see = f"See `{error.ctx.command_path} --help`." if error.ctx is not None else "See `penstock --help`."
    if isinstance(error, click.NoSuchOption) and error.possibilities:
        return "Did you mean " + " or ".join([f"`{one}`" for one in sorted(error.possibilities)]) + "?"
    return see


def _kept(error: BaseException) -> str:
    try:
        with tempfile.NamedTemporaryFile("w", prefix="penstock-", suffix=".txt", delete=False) as file:
            file.write("".join(traceback.format_exception(error)))
    except OSError:
        return ""
    return f"The details are in {file.name}. "
