"""Following what a step prints while another process runs it: before it has begun, over all its attempts, to its end."""

from collections.abc import Iterator
from pathlib import Path

from penstock.model.event import (
    Begun,
    Blocked,
    Cancelled,
    Committed,
    Decided,
    Event,
    Failed,
    Held,
    RunEnded,
    RunStarted,
    Skipped,
)
from penstock.model.task import Ended, LogSpan
from penstock.ports import Ledger
from penstock.report.logs import log_end, read_log
from penstock.report.views import find_step

__all__ = ["Follower"]


class Follower:
    """What a step prints, from look to look. `state` is "" until the step has come to an end: then `succeeded`, `failed`,
    `tolerated`, `reused`, `blocked`, `skipped`, `cancelled`, `held`, or `died` where the process that ran it is gone.

    Only events that are new are read. A worker goes on to its next task in the same file, which the ledger knows a moment
    later: what an attempt prints is therefore passed on at the look after the one that saw it, unless it has ended.

    Raises `NotFound` for an unknown run or step.
    """

    def __init__(self, ledger: Ledger, run: str, step: str, folder: Path, attempt: int = 0) -> None:
        self.run = ledger.run(run).id  # `last` may be another one later
        self.state = ""
        self.current = 0  # the attempt that is printed; 0 before the first
        self._ledger, self._folder = ledger, folder
        self._step, self._only = step, attempt
        self._spans: dict[int, LogSpan | None] = {}
        self._over: set[int] = set()
        self._read = 0  # events
        self._printed = 0  # bytes of the current attempt
        self._seen = 0  # bytes that it had at the last look
        owner = step.rpartition("[")[0]
        names = [row["step"] for row in ledger.steps(self.run)]
        if step not in names and not (owner in names and ledger.status(self.run) == "running"):
            find_step(ledger, self.run, step)

    @property
    def done(self) -> bool:
        """Whether nothing more will come."""
        return bool(self.state) or (self._only in self._over)

    def look(self) -> Iterator[tuple[int, bytes]]:
        """What has come since the last look: pieces of output, each with its attempt."""
        size = self._size()
        self._learn()
        if not self.state and self._ledger.status(self.run) != "running":
            self._learn()  # it may have ended between the two questions
            self.state = self.state or "died"
        for number in sorted(self._spans):
            if number < self.current or (self._only and number != self._only):
                continue
            if number != self.current:
                self.current, self._printed, self._seen = number, 0, 0
                size = self._size()
            if number not in self._over and not self.state:
                yield from self._pieces(number, self._seen)
                self._seen = size
                return
            yield from self._pieces(number)

    def _pieces(self, number: int, until: int | None = None) -> Iterator[tuple[int, bytes]]:
        span = self._spans[number]
        if span is not None and until is not None:
            span = LogSpan(span.file, span.start, until)
        growing = until is None and number not in self._over
        for piece in read_log(span, self._folder, self._printed, growing=growing):
            self._printed += len(piece)
            yield number, piece

    def _size(self) -> int:
        span = self._spans.get(self.current)
        return max(log_end(span, self._folder) - span.start, 0) if span is not None else 0

    def _learn(self) -> None:
        for record in self._ledger.events(self.run, self._read):
            self._read = record.number
            self._on(record.event)

    def _on(self, event: Event) -> None:
        step = self._step
        match event:
            case Begun() if event.step == step:
                self._spans[event.attempt] = event.log
                self.state = ""
            case Ended() if event.task.partition("/")[2].rpartition("/")[0] == step:
                number = int(event.task.rpartition("/")[2])
                self._spans[number] = event.log or self._spans.get(number)
                self._over.add(number)
            case RunStarted():  # a run that is resumed may do it after all
                self.state = ""
            case RunEnded():
                self.state = self.state or event.status
            case Committed() if event.execution.step == step:
                self.state = "succeeded" if event.execution.failure is None else "tolerated"
            case Failed() if event.step == step:
                self.state = "failed"
            case Held() if event.step == step:
                self.state = "held"
            case Blocked() | Skipped() | Cancelled() if step in event.steps:
                self.state = type(event).__name__.lower()
            case Decided():
                if any(one.step == step and one.action == "reuse" for one in event.decisions):
                    self.state = "reused"
            case _:
                pass
