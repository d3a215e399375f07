"""Watching a run: a table that is drawn again and again in a terminal, plain lines elsewhere.

Events come in the run's thread, which only keeps them; a thread of its own looks at them and draws, at most ten times a
second, so that showing a run costs it nearly nothing. What can't be written (a closed pipe) is not written, and the run goes on.
"""

import os
import threading
import time
from collections import deque
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
        self._eager = self._screen.live and not redraw  # somebody may be about to debug a step
        self._events: deque[tuple[Event, float]] = deque()  # that were not looked at yet, with their times
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def on(self, event: Event) -> None:
        """Take an event in. It is looked at when something is drawn next: a thousand short steps are not a thousand
        writes, and many events at once take a third of the time that they take one by one."""
        self._events.append((event, self._now()))
        # The first line comes before anything that a step of this process prints.
        if self._eager or isinstance(event, RunStarted):
            self._look()

    def _look(self) -> None:
        with self._lock:
            lines = []
            while self._events:
                event, now = self._events.popleft()
                step = self.tally.on(event, now)
                if not self._redraw:
                    lines.append(self._lines.on(event, step, self.tally, now))
            self._write("".join(lines))

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
        self._look()
        if not self._redraw:
            self._write(self._lines.rest())
            return
        now = self._now()
        rows = tail(self.tally, now, self._screen.width) if self.tally.steps else []
        self._draw([*rows, []] if rows else [])
        self._write(_SHOW if self._drawn else "")

    def _draw_on(self) -> None:
        while not self._stop.wait(_EVERY):
            if self._redraw:
                self._frame()
                continue
            self._look()
            with self._lock:
                self._write(self._lines.tick(self.tally, self._now()))

    def _frame(self) -> None:
        self._look()
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
