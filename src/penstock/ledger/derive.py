"""What events change in the table of steps and in the row of the run: a pure fold, so that both can always be made
again from the events alone."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from penstock.ledger.packing import pack
from penstock.model.event import (
    Approved,
    Begun,
    Blocked,
    Cancelled,
    Committed,
    Decided,
    Event,
    Failed,
    Grown,
    Held,
    Labelled,
    Retrying,
    RunEnded,
    RunStarted,
    Skipped,
)
from penstock.model.run import Execution, Run
from penstock.model.task import Ended

__all__ = ["End", "Grow", "Label", "Operation", "Rows", "Start", "fold"]


class Start(Struct, frozen=True):
    """The run began or was resumed: what was not done is open again."""

    run: Run


class Rows(Struct, frozen=True):
    """New values of columns, by step."""

    steps: dict[str, dict[str, Any]]


class Grow(Struct, frozen=True):
    """`children` come after `step` in the order of the graph, and are of its kind."""

    step: str
    children: tuple[str, ...]


class End(Struct, frozen=True):
    """The run ended: nothing runs any more."""

    status: str
    seconds: float


class Label(Struct, frozen=True):
    """The run has another name (None: its own), and other tags."""

    name: str | None
    added: tuple[str, ...]
    removed: tuple[str, ...]


Operation = Start | Rows | Grow | Label | End


def fold(run: str, events: Iterable[Event], time: float, sequences: Mapping[str, int]) -> list[Operation]:
    """The changes that events at `time` bring about, in order. `sequences` tells the execution of a key."""
    return _Fold(run, time, sequences).all(events)


class _Fold:
    def __init__(self, run: str, time: float, sequences: Mapping[str, int]) -> None:
        self._prefix = len(run) + 1
        self._time = time
        self._sequences = sequences
        self._done: list[Operation] = []
        self._rows: dict[str, dict[str, Any]] = {}
        self._packed: dict[int, bytes] = {}  # reasons by identity: most steps of a plan share one object
        self._handlers: dict[type, Callable[[Any], None]] = {
            RunStarted: self._run_started,
            Decided: self._decided,
            Begun: self._begun,
            Ended: self._ended,
            Committed: self._committed,
            Retrying: self._retrying,
            Failed: self._failed,
            Blocked: self._blocked,
            Skipped: self._skipped,
            Cancelled: self._cancelled,
            Held: self._held,
            Approved: self._approved,
            Grown: self._grown,
            Labelled: self._labelled,
            RunEnded: self._run_ended,
        }

    def all(self, events: Iterable[Event]) -> list[Operation]:
        kept = []  # while reasons are known by identity, nothing of them may be freed
        for event in events:
            kept.append(event)
            handler = self._handlers.get(type(event))
            if handler is not None:
                handler(event)
        self._flush()
        return self._done

    def _flush(self) -> None:
        if self._rows:
            self._done.append(Rows(self._rows))
            self._rows = {}

    def _set(self, step: str, **columns: Any) -> None:
        self._rows.setdefault(step, {}).update(columns)

    def _run_started(self, event: RunStarted) -> None:
        self._flush()
        self._done.append(Start(event.run))
        graph = event.run.graph
        for position, step in enumerate(event.run.steps):
            about = graph.get(step)
            kind = about.get("kind", "step") if isinstance(about, dict) else "step"
            self._rows[step] = {"position": position, "child": 0, "kind": kind}

    def _decided(self, event: Decided) -> None:
        rows, packed, sequences = self._rows, self._packed, self._sequences
        for one in event.decisions:
            reasons = packed.get(id(one.reasons))
            if reasons is None:
                reasons = packed[id(one.reasons)] = pack(one.reasons)
            reuse = one.action == "reuse"
            row = rows.setdefault(one.step, {})
            row["status"] = "reused" if reuse else "waiting"
            row["key"] = one.key
            row["reasons"] = reasons
            row["execution"] = sequences.get(one.key) if reuse else None
            metrics = one.execution.metrics if reuse and one.execution is not None else None
            row["metrics"] = pack(metrics) if metrics else None

    def _begun(self, event: Begun) -> None:
        log = pack(event.log) if event.log else None
        self._set(
            event.step, status="running", attempts=event.attempt, started=self._time, log=log, error=None, because=None
        )

    def _ended(self, event: Ended) -> None:
        self._set(event.task[self._prefix :].rpartition("/")[0], **self._usage(event))

    def _usage(self, event: Ended) -> dict[str, Any]:
        columns: dict[str, Any] = {
            "seconds": event.usage.seconds,
            "cpu_seconds": event.usage.cpu_seconds,
            "peak_memory": event.usage.peak_memory,
            "ended": self._time,
        }
        if event.metrics:
            columns["metrics"] = pack(event.metrics)
        if event.log:
            columns["log"] = pack(event.log)
        return columns

    def _committed(self, event: Committed) -> None:
        done: Execution = event.execution
        row = self._rows.setdefault(done.step, {})
        row["status"] = "succeeded" if done.failure is None else "tolerated"
        row["key"] = done.key
        row["attempts"] = done.attempt
        row["execution"] = self._sequences.get(done.key)
        row["seconds"] = done.usage.seconds
        row["cpu_seconds"] = done.usage.cpu_seconds
        row["peak_memory"] = done.usage.peak_memory
        row["metrics"] = pack(done.metrics) if done.metrics else None
        row["ended"] = self._time
        row["error"] = pack(done.failure) if done.failure is not None else None
        row["question"] = row["because"] = None
        if done.started:
            row["started"] = done.started

    def _retrying(self, event: Retrying) -> None:
        self._set(event.step, status="waiting", attempts=event.attempt, error=pack(event.failure))

    def _failed(self, event: Failed) -> None:
        used = self._usage(event.ended) if event.ended else {"ended": self._time}
        self._set(event.step, status="failed", attempts=event.attempt, error=pack(event.failure), **used)

    def _blocked(self, event: Blocked) -> None:
        for step in event.steps:
            self._set(step, status="blocked", because=event.by)

    def _skipped(self, event: Skipped) -> None:
        for step in event.steps:
            self._set(step, status="skipped", because=event.reason)

    def _cancelled(self, event: Cancelled) -> None:
        for step in event.steps:
            self._set(step, status="cancelled", because=event.reason)

    def _held(self, event: Held) -> None:
        self._set(event.step, status="waiting", question=event.question)

    def _approved(self, event: Approved) -> None:
        self._set(event.step, status="waiting", question=None)

    def _grown(self, event: Grown) -> None:
        self._flush()
        self._done.append(Grow(event.step, event.children))

    def _labelled(self, event: Labelled) -> None:
        self._flush()
        self._done.append(Label(event.name, event.added, event.removed))

    def _run_ended(self, event: RunEnded) -> None:
        self._flush()
        self._done.append(End(event.status, event.seconds))
