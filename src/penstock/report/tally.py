"""How a run stands, from its events: what the live table, the plain lines and the tests look at.

`Tally.on` is called in the run's thread for every event, so it does a few dictionary operations and nothing else.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from penstock.model.event import (
    Approved,
    Begun,
    Blocked,
    Cancelled,
    Checked,
    Committed,
    Decided,
    Event,
    Expected,
    Failed,
    Grown,
    Held,
    Judging,
    Progressed,
    Queued,
    Retrying,
    RunEnded,
    RunStarted,
    Sampled,
    Skipped,
    Stopping,
    Warned,
)
from penstock.model.run import Execution, Reason, Run
from penstock.model.task import Failure

__all__ = ["State", "StepTally", "Tally", "done_before"]

State = Literal[
    "waiting", "running", "retrying", "ran", "reused", "failed", "tolerated", "blocked", "skipped", "cancelled", "held"
]  # fmt: skip

_OVER = frozenset(("ran", "reused", "failed", "tolerated", "blocked", "skipped", "cancelled"))


class StepTally:
    """One step: its state, when it began and how long it took (seconds), how far it is, and what it left."""

    __slots__ = (
        "attempt",
        "began",
        "cpu",
        "done",
        "execution",
        "failure",
        "grew",
        "longest",
        "memory",
        "metrics",
        "name",
        "reasons",
        "seconds",
        "state",
        "text",
        "total",
        "typical",
        "warned",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.state: State = "waiting"
        self.began: float | None = None
        self.seconds = 0.0
        self.attempt = 0
        self.done = 0.0
        self.total = 0.0
        self.text = ""
        self.cpu = 0.0  # processors in use, and resident bytes, when it was looked at; 0 before
        self.memory = 0
        self.typical = 0.0  # seconds that earlier attempts took, 0 where there were none
        self.longest = 0.0
        self.warned = ""  # the kind of the last warning of this attempt
        self.reasons: tuple[Reason, ...] = ()
        self.failure: Failure | None = None
        self.grew = False
        self.execution: Execution | None = None
        self.metrics: dict[str, float] = {}  # of a step that failed: others have an execution


class Tally:
    """A run as far as it has come. Times are those of the clock whose reading `on` is given.

    `before` holds what a run that is resumed has done: each step's state (ran or reused) and its execution.
    """

    def __init__(self, before: Mapping[str, tuple[State, Execution | None]] | None = None) -> None:
        self.before = before or {}
        self.run: Run | None = None
        self.status = "running"
        self.began: float | None = None
        self.seconds = 0.0
        self.steps: dict[str, StepTally] = {}
        self.counts: dict[str, int] = {}
        self.running: dict[str, StepTally] = {}
        self.failed: dict[str, StepTally] = {}
        self.failed_parts: dict[str, StepTally] = {}  # of steps that grew
        self.tolerated: dict[str, StepTally] = {}  # failed, and what follows goes on
        self.tolerated_parts: dict[str, StepTally] = {}  # of steps that grew
        self.held: dict[str, StepTally] = {}
        self.recent: deque[StepTally] = deque(maxlen=60)
        self.warnings: list[Warned] = []
        self.judging: Judging | None = None  # how far the checks are, while they are
        self.checked: list[Checked] = []
        self.stopping = ""  # why the run is about to end, once people asked for it
        self._parents: dict[str, str] = {}

    @property
    def over(self) -> int:
        """How many steps will change no more."""
        return sum([self.counts.get(state, 0) for state in _OVER])

    def on(self, event: Event, now: float) -> StepTally | None:
        """Take an event in; the step whose state it changed, if it changed that of one."""
        kind = type(event)
        if kind is Committed:
            return self._committed(event.execution, now)  # type: ignore[union-attr]
        if kind is Begun:
            return self._begun(event, now)  # type: ignore[arg-type]
        if kind is Progressed:
            return self._progressed(event)  # type: ignore[arg-type]
        if kind is Sampled or kind is Expected:
            self._learnt(event)  # type: ignore[arg-type]
            return None
        return self._rare(event, now)

    def _rare(self, event: Event, now: float) -> StepTally | None:  # noqa: C901, PLR0915  one flat match over events
        match event:
            case RunStarted():
                self.run, self.began = event.run, now
                for name in event.run.steps:
                    step = self._step(name)
                    if name in self.before:
                        state, step.execution = self.before[name]
                        step.failure = step.execution.failure if step.execution is not None else None
                        self._move(step, state)
            case Decided():
                for decision in event.decisions:
                    step = self._step(decision.step)
                    step.reasons = decision.reasons
                    step.execution = decision.execution
                    if decision.action == "reuse":
                        self._move(step, "reused")
                    elif step.state in ("ran", "tolerated", "reused"):  # what had been done must be done again
                        self._move(step, "waiting")
            case Retrying():
                step = self._step(event.step)
                step.failure, step.attempt = event.failure, event.attempt
                return self._move(step, "retrying")
            case Failed():
                step = self._step(event.step)
                step.failure, step.attempt = event.failure, event.attempt
                if step.began is not None:
                    step.seconds = now - step.began
                if event.ended is not None:
                    step.seconds = event.ended.usage.seconds or step.seconds
                    step.metrics = event.ended.metrics
                return self._move(step, "failed")
            case Blocked():
                self._all(event.steps, "blocked", f"blocked by {event.by}")
            case Skipped():
                self._all(event.steps, "skipped", event.reason)
            case Cancelled():
                self._all(event.steps, "cancelled", event.reason)
            case Held():
                step = self._step(event.step)
                step.text = event.question
                return self._move(step, "held")
            case Queued():
                self._step(event.step).text = event.what
            case Approved():
                return self._move(self._step(event.step), "waiting")
            case Grown():
                step = self._step(event.step)
                step.total, step.grew = step.total + len(event.children), True
                self._parents.update(dict.fromkeys(event.children, event.step))
                return self._move(step, "running")
            case Stopping():
                self.stopping = event.reason
            case Warned():
                self._warned(event)
            case Judging() | Checked():
                self._judged(event)
            case RunEnded():
                self.status, self.seconds = event.status, event.seconds
            case _:
                pass
        return None

    def _step(self, name: str) -> StepTally:
        step = self.steps.get(name)
        if step is None:
            step = StepTally(name)
            if name not in self._parents:
                self.steps[name] = step
                self.counts["waiting"] = self.counts.get("waiting", 0) + 1
        return step

    def _all(self, names: tuple[str, ...], state: State, text: str) -> None:
        for name in names:
            step = self._step(name)
            step.text = text
            self._move(step, state)

    def _move(self, step: StepTally, state: State) -> StepTally:
        if step.name not in self.steps:  # the child of a step that grew counts as progress of its parent only
            if state == "failed":
                self.failed_parts[step.name] = step
            return step
        if step.state == state:
            return step
        counts = self.counts
        counts[step.state] -= 1
        counts[state] = counts.get(state, 0) + 1
        for group in (self.running, self.failed, self.tolerated, self.held):
            group.pop(step.name, None)
        step.state = state
        if state in ("running", "retrying"):
            self.running[step.name] = step
        elif state == "failed":
            self.failed[step.name] = step
        elif state == "tolerated":
            self.tolerated[step.name] = step
        elif state == "held":
            self.held[step.name] = step
        if state in ("ran", "skipped", "tolerated") and step.name not in self.before:
            self.recent.append(step)
        return step

    def _begun(self, event: Begun, now: float) -> StepTally | None:
        if event.step in self._parents:
            return None
        step = self._step(event.step)
        step.attempt = event.attempt
        if not step.grew:  # it grew and is called again to gather: that is still the same work
            step.began = now
            step.done = step.total = step.cpu = 0.0
            step.memory, step.warned = 0, ""
        step.text = ""
        return self._move(step, "running")

    def _warned(self, event: Warned) -> None:
        self.warnings.append(event)
        if event.step in self.running:
            self.running[event.step].warned = event.kind

    def _judged(self, event: Judging | Checked) -> None:
        self.judging = event if isinstance(event, Judging) else None
        if isinstance(event, Checked):
            self.checked.append(event)

    def _learnt(self, event: Sampled | Expected) -> None:
        step = self._of(event.task)
        if step is None:
            return
        if isinstance(event, Sampled):
            step.cpu, step.memory = event.cpu, event.memory
        else:
            step.typical, step.longest = event.typical, event.longest

    def _of(self, task: str) -> StepTally | None:
        # a task's id is run/step/attempt, and a step's name may hold a slash
        return self.steps.get(task.partition("/")[2].rpartition("/")[0])

    def _progressed(self, event: Progressed) -> StepTally | None:
        step = self._of(event.task)
        if step is not None:
            step.done, step.total, step.text = event.done, event.total, event.text
        return step

    def _committed(self, execution: Execution, now: float) -> StepTally | None:
        name = execution.step
        parent = self._parents.get(name)
        if parent is not None:
            if execution.failure is not None:
                part = self.tolerated_parts[name] = StepTally(name)
                part.failure = execution.failure
            whole = self.steps.get(parent)
            if whole is not None:
                whole.done += 1
            return whole
        step = self._step(name)
        step.execution = execution
        passed = now - step.began if step.began is not None else 0.0
        # of a step that grew, the last attempt only gathers: what people waited for is the whole
        step.seconds = passed if step.grew else execution.usage.seconds or passed
        step.failure = execution.failure
        return self._move(step, "ran" if execution.failure is None else "tolerated")


def done_before(rows: Iterable[Mapping[str, Any]]) -> dict[str, tuple[State, Execution | None]]:
    """What a run has done, from its steps as the ledger has them."""
    states: dict[str, State] = {"succeeded": "ran", "tolerated": "tolerated", "reused": "reused"}
    return {row["step"]: (states[row["status"]], row["execution"]) for row in rows if row["status"] in states}
