"""A gate before an executor: so many at once, limits, order, cancelling; on real workers and on a scripted executor."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.codecs.registry import Codecs
from penstock.executors.gated import Gated
from penstock.executors.local import LocalExecutor
from penstock.model.artifact import Stored
from penstock.model.event import Begun, Queued, TaskEvent
from penstock.model.step import Entry
from penstock.model.task import Ended, Task
from penstock.ports import Lack
from penstock.stores.local import LocalStore
from penstock.testing.executors import ExecutorContract, Run
from penstock.testing.steps import Steps

LAUNCH = [sys.executable, str(Path(__file__).parent / "launch.py")]


class Pool:
    """Shares as a plain count, some of which others may have."""

    def __init__(self, **totals: int) -> None:
        self.free = dict(totals)
        self.held: dict[str, Mapping[str, int]] = {}
        self.asked = 0

    def take(self, task: str, limits: Mapping[str, int]) -> Lack | None:
        self.asked += 1
        for name, count in limits.items():
            if self.free[name] < count:
                return Lack(name, f"waits for {name}")
        for name, count in limits.items():
            self.free[name] -= count
        self.held[task] = limits
        return None

    def give_back(self, task: str) -> None:
        for name, count in self.held.pop(task).items():
            self.free[name] += count


class Manual:
    """An executor whose tasks end when the test says so."""

    name, workers = "manual", 3

    def __init__(self) -> None:
        self.tasks: list[str] = []
        self.ready: list[TaskEvent] = []
        self.cancelled: list[str] = []

    def start(self) -> None: ...

    def submit(self, task: Task) -> None:
        self.tasks.append(task.id)
        self.ready.append(Begun(task.id, task.step, task.attempt))

    def events(self, timeout: float | None) -> Sequence[TaskEvent]:
        made, self.ready = self.ready, []
        return made

    def end(self, task: str, status: Any = "succeeded") -> None:
        self.tasks.remove(task)
        self.ready.append(Ended(task, status))

    def cancel(self, task: str, reason: str = "", grace: float = 2.0) -> None:
        self.cancelled.append(task)

    def close(self) -> None: ...


def task(name: str, **limits: int) -> Task:
    return Task(name, "r", name, 1, "k", "", Entry("pickle"), limits=limits)


class TestGated(ExecutorContract):
    """Whatever an executor keeps, it keeps behind a gate."""

    def make(self, folder: Path) -> Gated:
        return Gated(LocalExecutor(LAUNCH, workers=2, state=folder / "state", root=folder), 2, Pool())

    def value(self, folder: Path, stored: Stored) -> Any:
        return Codecs().decode(stored, LocalStore(folder / "state" / "store"))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    folder = tmp_path.resolve()
    pool = Pool(gpu=1)
    executor = Gated(LocalExecutor(LAUNCH, workers=2, state=folder / "state", root=folder), 2, pool)
    yield Run(executor, Steps(folder))
    executor.close()


def test_a_limit_holds_and_comes_back_however_a_task_ends(run: Run) -> None:
    """Success, failure, death and cancellation; tasks without limits go by."""
    gpu = {"gpu": 1}
    tasks = [run.submit(name, limits=gpu) for name in ("one", "raises", "is_killed", "sleeps", "one")]
    free = [run.submit("one") for _ in range(5)]
    run.begun(tasks[3])
    run.executor.cancel(tasks[3].id, "no", grace=0.1)
    statuses = [one.status for one in run.ended(*tasks, *free)]
    assert statuses == ["succeeded", "failed", "failed", "cancelled", "succeeded"] + ["succeeded"] * 5
    going = 0
    for event in run.seen:
        if isinstance(event, Begun) and event.task in {one.id for one in tasks}:
            going += 1
        elif isinstance(event, Ended) and event.task in {one.id for one in tasks}:
            going -= 1
        assert going <= 1
    queued = [one.task for one in run.seen if isinstance(one, Queued)]
    assert set(queued) <= {one.id for one in tasks[1:]}
    assert len(set(queued)) == len(queued)


def test_so_many_at_once_in_their_order() -> None:
    inner = Manual()
    gate = Gated(inner, 2, Pool())
    for name in "abcd":
        gate.submit(task(name))
    assert inner.tasks == ["a", "b"]
    inner.end("b")
    assert [type(one) for one in gate.events(0.0)] == [Begun, Begun, Ended]
    assert inner.tasks == ["a", "c"]
    inner.end("a")
    inner.end("c")
    gate.events(0.0)
    assert inner.tasks == ["d"]
    inner.end("d")
    assert isinstance(gate.events(None)[-1], Ended)
    assert gate.events(None) == []


def test_what_lacks_shares_lets_others_go_by() -> None:
    inner, pool = Manual(), Pool(gpu=1, db=2)
    gate = Gated(inner, 3, pool)
    for one in (task("a", gpu=1), task("b", gpu=1), task("c", gpu=1, db=1), task("d", db=2), task("e")):
        gate.submit(one)
    assert inner.tasks == ["a", "d", "e"]
    told = [one for one in gate.events(0.0) if isinstance(one, Queued)]
    assert [(one.task, one.step, one.what) for one in told] == [("b", "b", "waits for gpu")]
    inner.end("a")
    gate.events(0.0)
    assert inner.tasks == ["d", "e", "b"]
    inner.end("e")
    inner.end("d")
    inner.end("b")
    gate.events(0.0)
    assert inner.tasks == ["c"]


def test_shares_of_other_runs_are_asked_for_again_and_again() -> None:
    inner, pool = Manual(), Pool(gpu=0)
    gate = Gated(inner, 2, pool)
    gate.submit(task("a", gpu=1))
    assert [type(one) for one in gate.events(0.0)] == [Queued]
    assert list(gate.events(0.2)) == []
    asked = pool.asked
    assert 1 < asked < 20  # not without a pause
    gate.submit(task("b", gpu=1))
    assert pool.asked == asked  # those that come meanwhile wait as well
    pool.free["gpu"] = 1
    assert isinstance(gate.events(None)[0], Begun | Queued)
    assert inner.tasks == ["a"]


def test_what_waits_is_cancelled_here_and_what_runs_below() -> None:
    inner, pool = Manual(), Pool(gpu=1)
    gate = Gated(inner, 2, pool)
    gate.submit(task("a", gpu=1))
    gate.submit(task("b", gpu=1))
    gate.cancel("b", "no")
    gate.cancel("a", "no")
    assert Ended("b", "cancelled", reason="no") in gate.events(0.0)
    assert inner.cancelled == ["a"]
    gate.close()


@given(st.lists(st.sampled_from(["gpu", "two", "db", "free", "end", "cancel"]), max_size=60), st.integers(1, 4))
def test_no_order_of_things_breaks_a_limit_or_loses_a_task(moves: list[str], most: int) -> None:
    inner, pool = Manual(), Pool(gpu=2, db=1)
    gate = Gated(inner, most, pool)
    limits: dict[str, dict[str, int]] = {"gpu": {"gpu": 1}, "two": {"gpu": 2, "db": 1}, "db": {"db": 1}, "free": {}}
    seen: list[TaskEvent] = []
    submitted: list[str] = []

    def check() -> None:
        seen.extend(gate.events(0.0))
        assert len(inner.tasks) <= most
        assert all(count >= 0 for count in pool.free.values())
        assert set(pool.held) == {one for one in inner.tasks if limits[one.partition("-")[0]]}

    for number, move in enumerate(moves):
        if move in limits:
            submitted.append(f"{move}-{number}")
            gate.submit(task(submitted[-1], **limits[move]))
        elif move == "end" and inner.tasks:
            inner.end(inner.tasks[number % len(inner.tasks)])
        elif move == "cancel" and submitted and submitted[-1] not in inner.tasks:
            gate.cancel(submitted[-1])
        check()
    for _ in range(2 * len(moves) + 2):
        for one in list(inner.tasks):
            inner.end(one)
        gate._ask_at = 0.0  # the pause between two questions is over
        check()
    ended = [one.task for one in seen if isinstance(one, Ended)]
    assert sorted(ended) == sorted(submitted)
    assert pool.free == {"gpu": 2, "db": 1}
