"""Holding tasks back: so many at once, and those with named limits only while they have their shares of them."""

import time
from collections.abc import Sequence

from penstock.model.event import Queued, TaskEvent
from penstock.model.task import Ended, Task
from penstock.ports import Executor, Shares

__all__ = ["Gated"]

_SOON, _LATER = 0.05, 1.0  # seconds until shares that others have are asked for again


class Gated:
    """Hands tasks on to another executor, in their order: `most` at a time. A task with limits needs its shares first;
    while others have them, those behind it go before it.

    What waits here is known to nobody below, so a share is never held by a task that itself waits for a processor.
    """

    def __init__(self, inner: Executor, most: int, shares: Shares) -> None:
        self.name = inner.name
        self.workers = getattr(inner, "workers", 1)
        self._inner = inner
        self._most = most
        self._shares = shares
        self._waiting: dict[str, Task] = {}
        self._going: dict[str, bool] = {}  # what was handed on, and whether it has shares
        self._lacking: set[str] = set()  # limits of which there was too little when they were asked for
        self._told: set[str] = set()
        self._ready: list[TaskEvent] = []
        self._pause = _SOON
        self._ask_at = 0.0  # when to ask for shares again, 0 while nobody waits for any

    def start(self) -> None:
        """Make ready, in the background where that takes time."""
        self._inner.start()

    def submit(self, task: Task) -> None:
        """Take a task; it is handed on when it may begin."""
        self._waiting[task.id] = task
        if self._lacking.isdisjoint(task.limits):
            self._admit()

    def events(self, timeout: float | None) -> Sequence[TaskEvent]:
        """What has happened; waits up to `timeout` seconds (None: until something does)."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            for event in self._wait(end):
                self._ready.append(event)
                if isinstance(event, Ended):
                    self._over(event.task)
            if self._waiting:
                self._admit()
            if self._ready or not (self._waiting or self._going) or (end is not None and time.monotonic() >= end):
                made, self._ready = self._ready, []
                return made

    def cancel(self, task: str, reason: str = "", grace: float = 2.0) -> None:
        """Stop a task: what waits here is forgotten."""
        if self._waiting.pop(task, None) is not None:
            self._ready.append(Ended(task, "cancelled", reason=reason))
        else:
            self._inner.cancel(task, reason, grace)

    def close(self) -> None:
        """Stop everything."""
        self._waiting.clear()
        self._inner.close()

    def _wait(self, end: float | None) -> Sequence[TaskEvent]:
        now = time.monotonic()
        until = end if not self._ask_at else self._ask_at if end is None else min(end, self._ask_at)
        patience = 0.0 if self._ready else None if until is None else max(0.0, until - now)
        if self._going:
            return self._inner.events(patience)
        if patience:
            time.sleep(patience)  # nobody below has anything to do: only others' shares can change that
        return ()

    def _admit(self) -> None:
        """Hand on what may begin."""
        if time.monotonic() >= self._ask_at:
            self._lacking.clear()
        before = len(self._lacking)
        for task in list(self._waiting.values()) if len(self._going) < self._most else ():
            if not self._lacking.isdisjoint(task.limits):
                continue
            lack = self._shares.take(task.id, task.limits) if task.limits else None
            if lack is not None:
                self._lacking.add(lack.name)
                self._tell(task, lack.words)
                continue
            del self._waiting[task.id]
            self._told.discard(task.id)
            self._going[task.id] = bool(task.limits)
            self._inner.submit(task)
            if len(self._going) >= self._most:
                break
        if len(self._going) >= self._most or not self._lacking:
            self._ask_at, self._pause = 0.0, _SOON  # the next end of a task brings us here again
        elif not before:
            self._ask_at = time.monotonic() + self._pause
            self._pause = min(self._pause * 1.5, _LATER)

    def _tell(self, task: Task, words: str) -> None:
        if task.id not in self._told:
            self._told.add(task.id)
            self._ready.append(Queued(task.id, task.step, words))

    def _over(self, task: str) -> None:
        if self._going.pop(task, False):
            self._shares.give_back(task)
            self._pause, self._ask_at = _SOON, 0.0
            self._lacking.clear()
