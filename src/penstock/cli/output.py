"""What commands print: one JSON document, or lines for people."""

import contextlib
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, TextIO

import click
import msgspec

from penstock.report.as_json import json_bytes
from penstock.report.paint import Line, Screen, fold

__all__ = ["Counter", "columns", "note", "only_json", "show", "write_json"]


class Counter:
    """A line on a terminal that tells how far a long look has come, and is gone at the end. Elsewhere nothing is told."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._screen = Screen.of(stream)
        self._last = time.monotonic()
        self._said = False

    def __enter__(self) -> "Counter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._said:
            self._write("\r\x1b[K")

    def say(self, text: str) -> None:
        """Tell it, a few times a second at most."""
        now = time.monotonic()
        if self._screen.live and now - self._last >= 0.2:
            self._last, self._said = now, True
            self._write(f"\r{self._screen.line([(text, 'dim')])}\x1b[K")

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


def show(document: Mapping[str, Any], lines: Iterable[Line], *, as_json: bool) -> None:
    """Print a document, or the lines that say the same to people. Nothing is cut off, but broken between words."""
    if as_json:
        write_json(document)
    else:
        screen = Screen.of(sys.stdout)
        sys.stdout.write(screen.text([part for line in lines for part in fold(line, screen.width)]))


def columns() -> int:
    """The width of the terminal, for tables; 0 where there is none."""
    return Screen.of(sys.stdout).width


def note(text: str) -> None:
    """A remark to people, on standard error."""
    screen = Screen.of(sys.stderr)
    sys.stderr.write(screen.text([[("note: ", "warn"), (text, "")]]))


def write_json(document: Mapping[str, Any]) -> None:
    """Print one JSON document; indented where a person looks at it."""
    data = json_bytes(document)
    if sys.stdout.isatty():
        data = msgspec.json.format(data, indent=2)
    click.echo(data.decode())


@contextlib.contextmanager
def only_json(wanted: bool) -> Iterator[None]:
    """While user code runs, let what it prints to standard output go to standard error, from whatever language."""
    if not wanted:
        yield
        return
    sys.stdout.flush()
    kept = -1
    with contextlib.suppress(OSError, ValueError):  # under a test's runner there is no descriptor
        if sys.stdout.fileno() == 1:
            kept = os.dup(1)
            os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        if kept >= 0:
            os.dup2(kept, 1)
            os.close(kept)
