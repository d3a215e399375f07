"""The contract of executors finds what breaks it: each planted bug makes a test of the suite fail."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.executors import launch

from penstock.codecs.registry import Codecs
from penstock.executors.local import LocalExecutor
from penstock.model.artifact import Stored
from penstock.model.event import Begun, Sampled, TaskEvent
from penstock.model.task import Ended, Failure, Task
from penstock.stores.local import LocalStore
from penstock.testing.executors import ExecutorContract, Run
from penstock.testing.steps import Steps

LAUNCH = [sys.executable, str(Path(launch.__file__))]


class Sound(LocalExecutor):
    """Nothing is wrong with it."""

    def change(self, event: TaskEvent) -> list[TaskEvent]:
        return [event]

    def events(self, timeout: float | None) -> Sequence[TaskEvent]:
        return [changed for event in super().events(timeout) for changed in self.change(event)]


class Twice(Sound):
    """Says how each task ended twice."""

    def change(self, event: TaskEvent) -> list[TaskEvent]:
        return [event, event] if isinstance(event, Ended) else [event]


class Losing(Sound):
    """Says nothing of tasks that failed."""

    def change(self, event: TaskEvent) -> list[TaskEvent]:
        return [] if isinstance(event, Ended) and event.status == "failed" else [event]


class Mute(Sound):
    """Does not say that a task has begun."""

    def change(self, event: TaskEvent) -> list[TaskEvent]:
        return [] if isinstance(event, Begun) else [event]


class Cheerful(Sound):
    """Takes exit code 0 for success."""

    def change(self, event: TaskEvent) -> list[TaskEvent]:
        if isinstance(event, Ended) and event.failure is not None and "exit code 0" in event.failure.message:
            return [replace(event, status="succeeded", failure=None)]
        return [event]


class Vague(Sound):
    """Does not say where an error was raised."""

    def change(self, event: TaskEvent) -> list[TaskEvent]:
        if isinstance(event, Ended) and event.failure is not None:
            return [replace(event, failure=Failure(event.failure.kind, event.failure.message))]
        return [event]


class Altering(Sound):
    """Does another task than it was given."""

    def alter(self, task: Task) -> Task:
        return task

    def submit(self, task: Task) -> None:
        super().submit(self.alter(task))


class Warm(Altering):
    """Uses a process again where a fresh one was asked for."""

    def alter(self, task: Task) -> Task:
        return replace(task, isolation="worker")


class Patient(Altering):
    """Knows no time limits."""

    def alter(self, task: Task) -> Task:
        return replace(task, timeout=0.0, no_output_timeout=0.0)


class Blind(Sound):
    """Never looks at what tasks use."""

    patience = 6.0  # one that sees would have looked twice

    def change(self, event: TaskEvent) -> list[TaskEvent]:
        return [] if isinstance(event, Sampled) else [event]


class Random(Altering):
    """Forgets seeds."""

    def alter(self, task: Task) -> Task:
        return replace(task, seed=len(task.id))


class Mixing(Altering):
    """Lets all tasks print into one log and says that all of it is theirs."""

    def alter(self, task: Task) -> Task:
        return replace(task, log=str(Path(task.root) / "all.log"))

    def change(self, event: TaskEvent) -> list[TaskEvent]:
        if isinstance(event, Ended) and event.log is not None:
            return [replace(event, log=replace(event.log, start=0, size=Path(event.log.file).stat().st_size))]
        return [event]


class Deaf(Sound):
    """Does not cancel."""

    def cancel(self, task: str, reason: str = "", grace: float = 2.0) -> None:
        pass


class Leaving(Sound):
    """Leaves its processes behind when it is closed."""

    def close(self) -> None:
        pass

    def really_close(self) -> None:
        super().close()


class Single(Sound):
    """Can't be closed twice."""

    closed = False

    def close(self) -> None:
        assert not self.closed
        self.closed = True
        super().close()


class Contract(ExecutorContract):
    def __init__(self, executor: type[LocalExecutor]) -> None:
        self.executor = executor

    def make(self, folder: Path) -> LocalExecutor:
        return self.executor(LAUNCH, workers=2, state=folder / "state", root=folder)

    def value(self, folder: Path, stored: Stored) -> Any:
        return Codecs().decode(stored, LocalStore(folder / "state" / "store"))


Check = Callable[[Contract, Run], object]
PLANTED: list[tuple[type[LocalExecutor], Check]] = [
    (Twice, lambda suite, run: suite.test_many_tasks_each_end_once(run)),
    (Losing, lambda suite, run: suite.test_a_failure_is_told_and_stays_alone(run, "raises", "ValueError", "")),
    (Mute, lambda suite, run: suite.test_many_tasks_each_end_once(run)),
    (Cheerful, lambda suite, run: suite.test_a_dead_process_fails_its_task_alone(run, "exits_well", "")),
    (Vague, lambda suite, run: suite.test_a_failure_is_told_and_stays_alone(run, "raises", "ValueError", "")),
    (Warm, lambda suite, run: suite.test_a_fresh_process(run)),
    (Patient, lambda suite, run: suite.test_a_time_limit(run, "sleeps")),
    (Patient, lambda suite, run: suite.test_silence(run)),
    (Blind, lambda suite, run: suite.test_what_takes_long_is_looked_at(run)),
    (Random, lambda suite, run: suite.test_seeds(run)),
    (Mixing, lambda suite, run: suite.test_output_is_in_the_log(run)),
    (Deaf, lambda suite, run: suite.test_cancelling_what_runs_and_what_waits(run)),
    (Leaving, lambda suite, run: suite.test_closing_stops_everything(run)),
    (Single, lambda suite, run: suite.test_it_can_be_closed_at_once(run.steps.folder / "more")),
]


def check(executor: type[LocalExecutor], test: Check, folder: Path, patience: float) -> None:
    folder.mkdir()
    (folder / "more").mkdir()
    suite = Contract(executor)
    made = suite.make(folder)
    made.start()
    try:
        test(suite, Run(made, Steps(folder), patience))
    finally:
        close = getattr(made, "really_close", made.close)
        close()


@pytest.mark.parametrize(("executor", "test"), PLANTED)
def test_planted_bugs_are_found(tmp_path: Path, executor: type[LocalExecutor], test: Check) -> None:
    check(Sound, test, tmp_path / "sound", patience=30)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        check(executor, test, tmp_path / "broken", patience=getattr(executor, "patience", 1.0))


def test_what_an_executor_can_not_contain_is_skipped_with_its_reason() -> None:
    class Weak(ExecutorContract):
        cannot = {"crash": "too weak"}

    with pytest.raises(pytest.skip.Exception, match="too weak"):
        Weak().needs("crash")
    Weak().needs("hang")
