"""What has not been written into the ledger yet: events, and commits of short tasks that wait for a moment for each other.

While a step runs in this very process, the loop can't write; a thread does, once what has gathered is `_LONG` seconds old.
"""

import threading
from collections.abc import Iterable, Sequence

from msgspec import Struct

from penstock.model.code import Code
from penstock.model.event import Event
from penstock.model.run import Consumed, Execution
from penstock.model.step import Step
from penstock.model.task import Task
from penstock.plan.decide import Work
from penstock.ports import Clock, Ledger
from penstock.run.leases import Leases

__all__ = ["GATHER", "Doing", "Gathered"]

GATHER = 0.05
"""Seconds for which short commits wait for each other."""

_BATCH = 400
_LONG = 0.1  # seconds: twice what the loop itself waits, so that the thread finds nothing to do while it turns


class Doing(Struct):
    """One attempt under way."""

    task: Task
    step: Step
    inputs: dict[str, Consumed]
    work: Work
    forced: bool = False
    started: float = 0.0
    checkpoint: str = ""  # a folder that it left, of no use once it is committed


class Gathered:
    """What waits to be written, of one run; `codes` are saved with its first commit.

    The loop owns all this, and lends it to the thread while it waits for the executor (`with gathered:`).
    """

    def __init__(self, run: str, ledger: Ledger, leases: Leases, clock: Clock, codes: Sequence[Code]) -> None:
        self.codes = list(codes)
        self.oldest = 0.0  # when the first of what waits came
        self.slow = True  # whether tasks take so long that gathering saves nothing, and waiting could lose much
        self._run, self._ledger, self._leases, self._clock = run, ledger, leases, clock
        self._events: list[Event] = []
        self._commits: list[tuple[Doing, Execution]] = []
        self._written: list[tuple[Doing, Execution, bool]] = []
        self._error: BaseException | None = None
        self._owner = threading.Lock()
        self._owner.acquire()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __bool__(self) -> bool:
        return bool(self._events or self._commits)

    def note(self, events: Iterable[Event]) -> None:
        """Events to be written."""
        self._began()
        self._events.extend(events)

    def commit(self, doing: Doing, execution: Execution) -> None:
        """Work to be committed."""
        self._began()
        self._commits.append((doing, execution))

    def _began(self) -> None:
        if not self._events and not self._commits:
            self.oldest = self._clock.monotonic()

    def due(self, now: float) -> bool:
        """Whether what waits has waited long enough."""
        return bool(self) and (self.slow or now - self.oldest >= GATHER or len(self._commits) >= _BATCH)

    def write(self) -> None:
        """Write what has gathered: commits in one durable transaction with the events around them."""
        commits, self._commits = self._commits, []
        events, self._events = self._events, []
        if not commits:
            if events:
                self._ledger.record(self._run, events)
            return
        if self.codes:
            self._ledger.save_codes({one.digest: one for one in self.codes}.values())
            self.codes = []
        replaced = [execution.key for doing, execution in commits if doing.forced]
        executions = [execution for _, execution in commits]
        fences = self._leases.fences([one.key for one in executions])
        refused = set(self._ledger.commit(self._run, executions, fences, events, replaced))
        self._leases.done([doing.task.key for doing, _ in commits] + [one.key for one in executions])
        self._written += [(doing, execution, execution.key in refused) for doing, execution in commits]

    def written(self) -> list[tuple[Doing, Execution, bool]]:
        """What was committed since this was asked last, each with whether it was refused. Raises what writing raised."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        made, self._written = self._written, []
        return made

    # the thread

    def watch(self) -> None:
        """Have a thread write what grows old while the loop lends it."""
        self._thread = threading.Thread(target=self._look, name="penstock-commits", daemon=True)
        self._thread.start()

    def __enter__(self) -> None:
        """Lend all this to the thread: it must not be used meanwhile."""
        if self._thread is not None:
            self._owner.release()

    def __exit__(self, *_: object) -> None:
        if self._thread is not None:
            self._take_back()

    def _take_back(self) -> None:
        interrupted = None
        while True:
            try:
                self._owner.acquire()
                break
            except KeyboardInterrupt as error:  # it must be ours again before anybody goes on
                interrupted = error
        if interrupted is not None:
            raise interrupted

    def _look(self) -> None:
        while not self._stop.wait(_LONG / 2):
            if not self or self._clock.monotonic() - self.oldest < _LONG:
                continue
            with self._owner:
                if self and self._error is None and not self._stop.is_set():
                    try:
                        self.write()
                    except BaseException as error:  # told by `written`, where the loop can end the run
                        self._error = error

    def close(self) -> None:
        """No thread writes any more."""
        self._stop.set()
        if self._thread is not None:
            self._owner.release()
            self._thread.join()
            self._owner.acquire()
            self._thread = None
