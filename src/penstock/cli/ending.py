"""How a command ends: its exit code, and errors as people and programs read them."""

import contextlib
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Sequence

import click

from penstock.cli.commands import COMMANDS
from penstock.cli.output import write_json
from penstock.errors import PenstockError
from penstock.report.documents import ErrorBody
from penstock.report.error_text import error_lines
from penstock.report.paint import Screen

__all__ = ["body_of", "finish"]

_WRONG, _INTERRUPTED = 2, 130


def finish(error: BaseException, arguments: Sequence[str], code: int = 0) -> int:
    """Say what a command raised, to people on standard error and with `--json` as a document; its exit code.

    A reader of standard output that left is no error: then it is `code`, what the command would have ended with.
    """
    if isinstance(error, BrokenPipeError):
        _silence()
        return code
    if isinstance(error, KeyboardInterrupt | click.Abort):
        body: ErrorBody = {"kind": "Interrupted", "message": "interrupted", "where": "", "hint": ""}
        code = _INTERRUPTED
    else:
        if os.environ.get("PENSTOCK_DEBUG", "") not in ("", "0"):
            traceback.print_exception(error)
        body = body_of(error)
        if isinstance(error, click.UsageError) and error.ctx is None and arguments and arguments[0] in COMMANDS:
            body["hint"] = body["hint"].replace("`penstock --help`", f"`penstock {arguments[0]} --help`")
        code = error.exit_code if isinstance(error, PenstockError) else _WRONG
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    try:
        screen = Screen.of(sys.stderr)
        sys.stderr.write(screen.text(error_lines(body, screen.width)))
        sys.stderr.flush()
        if "--json" in own:
            write_json({"error": body})
    except BrokenPipeError:
        _silence()
    return code


def _silence() -> None:
    """Leave nothing that Python would try to flush at exit, and complain about."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
            continue
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


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
    text = error.format_message().partition(". Choose from:")[0].rstrip(".")
    for kind, words in (("integer", "whole number"), ("float", "number")):
        text = re.sub(rf"is not a valid {kind}( range)?$", f"is not a {words}", text)
    return text[:1].lower() + text[1:]


def _hint(error: click.UsageError) -> str:
    own = getattr(error, "hint", "")
    if own:
        return str(own)
    see = f"See `{error.ctx.command_path} --help`." if error.ctx is not None else "See `penstock --help`."
    if isinstance(error, click.NoSuchOption) and error.possibilities:
        longer = [one for one in error.possibilities if one.startswith(error.option_name)]
        if longer:
            return "Did you mean " + " or ".join([f"`{one}`" for one in sorted(longer)]) + "?"
        return "Did you mean " + " or ".join([f"`{one}`" for one in sorted(error.possibilities)]) + "?"
    return see


def _kept(error: BaseException) -> str:
    try:
        with tempfile.NamedTemporaryFile("w", prefix="penstock-", suffix=".txt", delete=False) as file:
            file.write("".join(traceback.format_exception(error)))
    except OSError:
        return ""
    return f"The details are in {file.name}. "
