"""From an exception to the words that people need: their own frames, the place, the parameters."""
# ruff: noqa: PTH100, PTH120 - file names of frames are text, and are compared as text

import os
import sys
import traceback
from collections.abc import Iterator, Mapping

from penstock.errors import PenstockError, StepFailed, distribution
from penstock.model.task import Failure

__all__ = ["failure_of", "is_user_file", "place_of", "relative"]

_LONGEST_MESSAGE = 10_000
_LONGEST_TRACEBACK = 200_000

_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_STANDARD = tuple({os.path.dirname(os.__file__) + os.sep, os.path.realpath(os.path.dirname(os.__file__)) + os.sep})
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def is_user_file(file: str) -> bool:
    """Whether a source file is the user's: not Penstock's, the standard library's, an installed package's or frozen."""
    if file.startswith((_OWN, "<frozen ")) or file == "<string>":
        return False
    return not (file.startswith(_STANDARD) or any(mark in file for mark in _INSTALLED))


def relative(file: str, root: str) -> str:
    """A path relative to the project where it lies inside."""
    prefix = root.rstrip(os.sep) + os.sep
    return file[len(prefix) :] if root and file.startswith(prefix) else file


def place_of(error: BaseException, root: str) -> str:
    """The last line of the user's own files that the error passed, as `file:line`, or "" if it passed none.

    For a syntax error in a user's file, the place of the error itself.
    """
    if isinstance(error, SyntaxError) and error.filename and is_user_file(error.filename):
        return f"{relative(error.filename, root)}:{error.lineno or 0}"
    last, inside = "", ""
    prefix = root.rstrip(os.sep) + os.sep
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if is_user_file(file):
            last = f"{relative(file, root)}:{trace.tb_lineno}"
            if file.startswith(prefix):
                inside = last
        trace = trace.tb_next
    return inside or last


def failure_of(error: BaseException, root: str = "", parameters: Mapping[str, str] | None = None) -> Failure:
    """What to tell of an error. Only text: the exception itself may hold anything, and need not be picklable."""
    shown = dict(parameters or {})
    if isinstance(error, PenstockError):
        message, hint, where = error.what, error.hint, error.where or place_of(error, root)
    else:
        message, hint, where = _message(error), _hint(error), place_of(error, root)
    try:
        # Penstock's own errors say all themselves; a traceback adds the user's lines, where there are any.
        told = isinstance(error, PenstockError) and not place_of(error, root)
        text = _traceback(error, root) if not told else error.traceback if isinstance(error, StepFailed) else ""
    except Exception as broken:  # an exception may be broken in itself (its `__str__`, its notes, too little memory)
        text = f"{type(error).__name__} (its traceback can't be shown: {type(broken).__name__})\n"
    return Failure(
        kind=type(error).__name__,
        message=_short(message, _LONGEST_MESSAGE),
        where=where,
        hint=hint,
        traceback=_short(text, _LONGEST_TRACEBACK),
        parameters=shown,
    )


def _message(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        code = error.code
        return f"the step called sys.exit({'' if code is None else repr(code)})"
    if isinstance(error, KeyboardInterrupt):
        return "the step raised KeyboardInterrupt"
    try:
        return str(error)
    except Exception:
        return f"<the message of this {type(error).__name__} can't be shown>"


def _hint(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"Install `{distribution(error.name)}` in this environment, or put it beside the pipeline."
    if isinstance(error, SystemExit):
        return "Return a value instead, or raise an error that says what is wrong."
    if isinstance(error, MemoryError):
        return "Work in parts, or give the step a machine with more memory."
    if isinstance(error, RecursionError):
        return "Replace the recursion by a loop, or raise sys.setrecursionlimit in the step."
    return ""


def _short(text: str, longest: int) -> str:
    # Lone surrogates (bytes of a foreign encoding in a message) must not stop the text on its way.
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    if len(text) <= longest:
        return text
    return f"{text[: longest // 2]}\n… {len(text) - longest} characters left out …\n{text[-(longest // 2) :]}"


def _traceback(error: BaseException, root: str) -> str:
    told = traceback.TracebackException(type(error), error, error.__traceback__, compact=True)
    for one in _all(told):
        one.stack = _Stack(_frames(list(one.stack), root))
    return "".join(told.format())


def _all(told: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    # A chain of causes may be long, so no recursion.
    todo = [told]
    while todo:
        one = todo.pop()
        yield one
        todo += [other for other in (one.__cause__, one.__context__, *(one.exceptions or ())) if other is not None]


def _frames(frames: list[traceback.FrameSummary], root: str) -> list[traceback.FrameSummary]:
    """The user's frames, with one line for each stretch of library frames that they called."""
    kept: list[traceback.FrameSummary] = []
    names: list[str] = []
    for frame in frames:
        if is_user_file(frame.filename):
            if names and kept:
                kept.append(_Gap(names))
            names = []
            frame.filename = relative(frame.filename, root)
            kept.append(frame)
        elif not frame.filename.startswith((_OWN, "<frozen ")):
            names.append(_library(frame.filename))
    if names and kept:
        kept.append(_Gap(names))
    return kept


def _library(file: str) -> str:
    for mark in _INSTALLED:
        if mark in file:
            return file.rpartition(mark)[2].partition(os.sep)[0].removesuffix(".py")
    for start in _STANDARD:
        if file.startswith(start):
            return file[len(start) :].partition(os.sep)[0].removesuffix(".py")
    return file


class _Gap(traceback.FrameSummary):
    """A stretch of frames of libraries."""

    def __init__(self, names: list[str]) -> None:
        super().__init__("", len(names), ", ".join(dict.fromkeys(names)), lookup_line=False, line="")


class _Stack(traceback.StackSummary):
    """Frames as Python shows them, and gaps."""

    def format_frame_summary(self, frame_summary: traceback.FrameSummary, **options: object) -> str:
        if isinstance(frame_summary, _Gap):
            count = frame_summary.lineno or 0
            return f"  … {count} frame{'' if count == 1 else 's'} in {frame_summary.name}\n"
        if sys.version_info >= (3, 13):
            return super().format_frame_summary(frame_summary, **options)  # type: ignore[call-arg,unused-ignore]
        return super().format_frame_summary(frame_summary)
