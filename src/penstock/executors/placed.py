"""One executor for each place that steps ask for: made in the background when the first of them comes."""

import threading
import time
from collections.abc import Callable, Sequence

from penstock.errors import ExecutorError, PenstockError
from penstock.model.event import Queued, TaskEvent
from penstock.model.task import Ended, Failure, Task
from penstock.ports import Executor

__all__ = ["Placed"]

_TURN = 0.02  # seconds that each of several executors may wait for news
_PATIENCE = 0.5  # seconds after which people are told what is waited for


class Placed:
    """Hands each task to the executor of its `place`. `make` makes one that is not started, and may take its time; where
    it raises a `PenstockError`, the tasks of that place fail with it, and all others go on."""

    def __init__(
        self, make: Callable[[str], Executor], name: str = "placed", workers: int = 1, words: str = ""
    ) -> None:
        self.name = name
        self.workers = workers
        self._make = make
        self._words = words or "waits until its place is ready"
        self._made: dict[str, Executor] = {}
        self._making: dict[str, _Making] = {}
        self._waiting: dict[str, Task] = {}
        self._where: dict[str, Executor] = {}
        self._ready: list[TaskEvent] = []

    def start(self) -> None:
        """Nothing to make ready: nobody knows which places will be asked for."""

    def submit(self, task: Task) -> None:
        """Take a task; it begins when its place is there."""
        found = self._made.get(task.place)
        if found is not None:
            self._where[task.id] = found
            found.submit(task)
            return
        self._waiting[task.id] = task
        if task.place not in self._making:
            self._making[task.place] = _Making(self._make, task.place)

    def events(self, timeout: float | None) -> Sequence[TaskEvent]:
        """What has happened in any place; waits up to `timeout` seconds (None: until something does)."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            self._settle()
            busy = [one for one in self._made.values() if one in self._where.values()]
            for one in busy:
                left = _TURN if end is None else max(0.0, min(_TURN, end - time.monotonic()))
                alone = len(busy) == 1 and not self._making
                wait = 0.0 if self._ready else left if not alone or end is not None else None
                if alone and end is not None and not self._ready:
                    wait = max(0.0, end - time.monotonic())
                self._ready += one.events(wait)
            for event in self._ready:
                if isinstance(event, Ended):
                    self._where.pop(event.task, None)
            if self._ready or not (self._where or self._waiting) or (end is not None and time.monotonic() >= end):
                made, self._ready = self._ready, []
                return made
            if not busy:
                first = next(iter(self._making.values()))
                first.thread.join(_TURN if end is None else max(0.0, min(_TURN, end - time.monotonic())))

    def cancel(self, task: str, reason: str = "", grace: float = 2.0) -> None:
        """Stop a task: what waits for its place is forgotten."""
        if self._waiting.pop(task, None) is not None:
            self._ready.append(Ended(task, "cancelled", reason=reason))
        elif task in self._where:
            self._where[task].cancel(task, reason, grace)

    def close(self) -> None:
        """Stop everything. A place that is being made is made to its end, for the next run."""
        self._waiting.clear()
        self._where.clear()
        made, self._made = self._made, {}
        for one in made.values():
            one.close()

    def _settle(self) -> None:
        """Hand on what waited for places that are there now."""
        for place, making in list(self._making.items()):
            if making.thread.is_alive():
                if making.since and time.monotonic() - making.since > _PATIENCE:
                    making.since = 0.0
                    waiting = [one for one in self._waiting.values() if one.place == place]
                    self._ready += [Queued(one.id, one.step, self._words) for one in waiting]
                continue
            del self._making[place]
            if making.executor is not None:
                self._made[place] = making.executor
                making.executor.start()
            for task in [one for one in self._waiting.values() if one.place == place]:
                del self._waiting[task.id]
                if making.executor is not None:
                    self.submit(task)
                else:
                    self._ready.append(Ended(task.id, "failed", failure=making.failure))


class _Making:
    """A place that is being made, in a thread of its own."""

    def __init__(self, make: Callable[[str], Executor], place: str) -> None:
        self.executor: Executor | None = None
        self.failure = Failure("ExecutorError", "", hint=ExecutorError.hint_default)
        self.since = time.monotonic()  # 0 once people were told
        self._make, self._place = make, place
        self.thread = threading.Thread(target=self._run, daemon=True, name="penstock-place")
        self.thread.start()

    def _run(self) -> None:
        try:
            self.executor = self._make(self._place)
        except PenstockError as error:
            self.failure = Failure(error.kind, error.what, where=error.where, hint=error.hint)
        except Exception as error:
            self.failure = Failure(type(error).__name__, str(error), hint=ExecutorError.hint_default)
