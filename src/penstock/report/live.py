"""Watching a run: a table that is drawn again and again in a terminal, plain lines elsewhere.

Events come in the run's thread and only change a `Tally`; a thread of its own draws, at most ten times a second, so that
showing a run costs it nearly nothing. What can't be written (a closed pipe) is not written, and the run goes on.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from penstock.model.event import Event, RunStarted
from penstock.report.board import board, tail
from penstock.report.lines import Lines
from penstock.report.paint import Line, Screen, plain, width
from penstock.report.tally import Tally

__all__ = ["Watch"]

_EVERY = 0.1  # seconds between two drawings
_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"


class Watch:
    """Shows a run on a stream from its events. Use it as a context; `on` is the `on_event` of the run.

    `redraw=False` gives plain lines in a terminal too (for debuggers, whose prompt would be drawn over).
    """

    def __init__(
        self,
        stream: TextIO,
        screen: Screen | None = None,
        *,
        redraw: bool = True,
        tally: Tally | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tally = tally or Tally()
        self._stream = stream
        self._screen = screen or Screen.of(stream)
        self._now = now
        self._redraw = redraw and self._screen.live
        self._lines = Lines(self._screen)
        self._drawn: list[int] = []  # the widths of the lines that stand on the screen
        self._broken = False
        self._waiting = ""  # lines that are not written yet
        self._written = 0.0  # when lines were last written
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def on(self, event: Event) -> None:
        """Take an event in."""
        now = self._now()
        step = self.tally.on(event, now)
        if not self._redraw and (text := self._lines.on(event, step, self.tally, now)):
            with self._lock:
                self._waiting += text
            # The first line comes before anything that a step of this process prints.
            if now - self._written >= _EVERY or isinstance(event, RunStarted):
                self._write_waiting(now)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._draw_on, name="penstock-watch", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        now = self._now()
        if not self._redraw:
            self._write_waiting(now)
            self._write(self._lines.rest())
            return
        rows = tail(self.tally, now, self._screen.width) if self.tally.steps else []
        self._draw([*rows, []] if rows else [])
        self._write(_SHOW if self._drawn else "")

    def _draw_on(self) -> None:
        while not self._stop.wait(_EVERY):
            # the run's thread may add a step while a frame is made of them: then the next frame will do
            with contextlib.suppress(RuntimeError):
                if self._redraw:
                    self._frame()
                    continue
                now = self._now()
                text = self._lines.tick(self.tally, now)
                self._write_waiting(now)
                self._write(text)

    def _write_waiting(self, now: float) -> None:
        """Write the lines that have gathered: a thousand short steps are not a thousand writes."""
        with self._lock:
            text, self._waiting, self._written = self._waiting, "", now
            self._write(text)

    def _frame(self) -> None:
        if not self.tally.steps:
            return
        columns, lines = self._size()
        frame = board(self.tally, self._now(), columns, lines)
        if not self._drawn:
            self._write(_HIDE)
        self._draw(frame)

    def _size(self) -> tuple[int, int]:
        try:
            columns, lines = os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError):
            return self._screen.width or 80, self._screen.height or 24
        if (columns, lines) != (self._screen.width, self._screen.height) and columns and lines:
            self._screen = Screen(columns, lines, self._screen.colour, self._screen.live, self._screen.unicode)
        return self._screen.width or 80, self._screen.height or 24

    def _draw(self, frame: list[Line]) -> None:
        """Write a frame over the one before. Where the terminal has become narrower, old lines take several."""
        columns = self._screen.width or 80
        up = sum([max((wide + columns - 1) // columns, 1) for wide in self._drawn])
        back = f"\x1b[{up}F" if up else ""
        text = "".join([self._screen.line(line) + "\x1b[K\n" for line in frame])
        self._write(f"{back}{text}\x1b[J" if back or frame else "")
        self._drawn = [width(plain(line)) for line in frame]

    def _write(self, text: str) -> None:
        if not text or self._broken:
            return
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._broken = True
