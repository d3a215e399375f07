"""A real Ray cluster: the contract, and what only it promises."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.rays import cluster

import penstock
from penstock.app.ray_node import pack
from penstock.codecs.registry import Codecs
from penstock.executors import ray_cluster
from penstock.executors.ray_cluster import Anew, News, Order, RayExecutor
from penstock.model.artifact import Stored
from penstock.model.event import Begun, Measured, Queued
from penstock.model.step import Resources
from penstock.model.task import Ended, Task
from penstock.stores.local import LocalStore
from penstock.testing.executors import ExecutorContract, Run
from penstock.testing.steps import Steps

pytestmark = [pytest.mark.needs("ray"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with cluster() as made:
        yield made.address


def make(folder: Path, address: str, **options: Any) -> RayExecutor:
    store = LocalStore(folder / "state" / "store")
    return RayExecutor(
        [sys.executable, "-P", "-m", "penstock.app.ray_agent"],
        **{
            "address": address,
            "workers": 2,
            "gpus": 0,
            "root": folder,
            "state": folder / "state",
            "store": store,
            "place": store.location,
            "cache": 0,
            "sources": dict,
            "pack": pack,
            "versions": {},
            "penstock": penstock.__version__,
            "lock_of": str,
            **options,
        },
    )


def value(folder: Path, stored: Stored) -> Any:
    return Codecs().decode(stored, LocalStore(folder / "state" / "store"))


class Kept:
    """One executor for many tests: connecting to Ray takes seconds. A test that closes it leaves the next one another."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder, self.address = folder, address
        self.executor = make(folder, address)

    def open(self) -> RayExecutor:
        if self.executor._agent is None:
            self.executor = make(self.folder, self.address)
        self.executor.start()
        return self.executor

    def settle(self) -> None:
        """End what a test left running."""
        end = time.monotonic() + 60
        for task in list(self.executor._jobs):
            self.executor.cancel(task, "the test is over")
        while self.executor._jobs and time.monotonic() < end:
            self.executor.events(0.2)
        self.executor._ready.clear()


@pytest.fixture(scope="module")
def kept(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    made = Kept(tmp_path_factory.mktemp("kept").resolve(), address)
    yield made
    made.executor.close()


class TestRay(ExecutorContract):
    cannot: ClassVar[dict[str, str]] = {}

    @pytest.fixture(autouse=True)
    def _kept(self, kept: Kept) -> None:
        self.kept = kept

    @pytest.fixture
    def run(self, tmp_path: Path) -> Iterator[Run]:
        """The executor that is kept, at work on tasks of a folder of their own."""
        yield Run(self.kept.open(), Steps(tmp_path.resolve()), patience=60.0)
        self.kept.settle()

    def make(self, folder: Path) -> RayExecutor:
        return make(folder, self.kept.address)

    def value(self, folder: Path, stored: Stored) -> Any:
        return value(folder if (folder / "state").is_dir() else self.kept.folder, stored)


@pytest.fixture
def run(tmp_path: Path, address: str) -> Iterator[Run]:
    executor = make(tmp_path.resolve(), address)
    yield Run(executor, Steps(tmp_path.resolve()), patience=60.0)
    executor.close()


def test_what_comes_of_an_attempt_that_was_given_up_is_not_heard(run: Run) -> None:
    task = run.submit("one")
    run.ended(task)
    again = run.submit("sleeps")
    run.begun(again)
    run.executor._hear(News(again.id, 99, (Ended(again.id, "succeeded"),), first=-1))  # type: ignore[attr-defined]
    assert not [one for one in run.executor.events(0.1) if isinstance(one, Ended)]
    run.executor.cancel(again.id, "seen enough")
    assert run.ended(again)[0].status == "cancelled"


def test_an_agent_that_is_killed_costs_only_what_was_running(run: Run) -> None:
    """As when the head goes down with its driver: another agent orders what had not ended."""
    done = [run.submit("one") for _ in range(3)]
    run.ended(*done)
    running = [run.submit("marks", None, {"folder": str(run.steps.folder), "seconds": 1.5}) for _ in range(4)]
    run.begun(running[0])
    run.executor._agent._process.kill()  # type: ignore[attr-defined]
    assert {one.status for one in run.ended(*running)} == {"succeeded"}
    begun = [one.task for one in run.seen if isinstance(one, Begun)]
    assert sorted(begun) == sorted({one.id for one in (*done, *running)})


def test_a_cluster_that_is_not_there(tmp_path: Path) -> None:
    executor = make(tmp_path, "127.0.0.1:1")
    try:
        (failed,) = Run(executor, Steps(tmp_path), 120).ended(_submitted(executor, tmp_path))
    finally:
        executor.close()
    assert failed.failure is not None
    assert "127.0.0.1:1 can't be reached" in failed.failure.message
    assert "--address" in failed.failure.hint


def _submitted(executor: RayExecutor, folder: Path, **fields: Any) -> Task:
    task = Steps(folder).task("one", **fields)
    executor.submit(task)
    return task


def test_a_store_that_nodes_do_not_see(tmp_path: Path, address: str) -> None:
    executor = make(tmp_path, address, place=str(tmp_path / "elsewhere"))
    try:
        (failed,) = Run(executor, Steps(tmp_path), 60).ended(_submitted(executor, tmp_path))
    finally:
        executor.close()
    assert failed.failure is not None
    assert "can't see the store" in failed.failure.message
    assert "shared folder" in failed.failure.hint


def test_a_node_with_another_penstock(tmp_path: Path, address: str) -> None:
    executor = make(tmp_path, address, penstock="0.0.7")
    try:
        (failed,) = Run(executor, Steps(tmp_path), 60).ended(_submitted(executor, tmp_path))
    finally:
        executor.close()
    assert failed.failure is not None
    assert "this is 0.0.7" in failed.failure.message


def test_what_no_node_has_is_waited_for_aloud(run: Run) -> None:
    task = run.submit("one", resources=Resources(custom=(("licence", 1),)))
    run.until(lambda: any(isinstance(one, Queued) and "1 licence" in one.what for one in run.seen))
    run.executor.cancel(task.id, "none will come")
    assert run.ended(task)[0].status == "cancelled"


def test_logs_of_nodes_that_do_not_see_the_folder_come_back(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.executor.start()
    run.executor._mark.unlink()  # type: ignore[attr-defined]
    (ended,) = run.ended(run.submit("prints", None, {"text": "from afar"}))
    assert ended.log is not None
    text = Path(ended.log.file).read_text()[ended.log.start :]
    assert text.count("from afar\n") == 2


def test_news_that_come_late_or_twice_are_heard_once(tmp_path: Path) -> None:
    executor = make(tmp_path, "")
    task = Steps(tmp_path).task("one")
    begun, ended = Begun(task.id, task.step, 1, 7, "node"), Ended(task.id, "succeeded")
    metrics = [Measured(task.id, "loss", float(number)) for number in range(3)]
    executor._jobs[task.id] = Order(task, 2)
    executor._hear(News(task.id, 2, (metrics[1],), b"cd", first=2, at=2))  # before what precedes it
    executor._hear(News(task.id, 1, (begun, ended), b"of an order before"))
    executor._hear(News(task.id, 2, (begun, metrics[0]), b"ab"))
    executor._hear(News(task.id, 2, (begun, *metrics, ended), b"abcdef"))
    executor._hear(News(task.id, 2, (begun, *metrics, ended), b"abcdef"))
    heard = list(executor.events(0))
    assert heard[:-1] == [begun, *metrics]
    assert isinstance(heard[-1], Ended) and heard[-1].log is not None
    assert Path(task.log).read_bytes() == b"abcdef"


def test_what_is_ordered_again_may_tell_less_than_before(tmp_path: Path) -> None:
    """A node that is lost may have told much of a step, and the next one little: its end is heard all the same."""
    executor = make(tmp_path, "")
    task = Steps(tmp_path).task("one")
    begun, ended = Begun(task.id, task.step, 1, 7, "node"), Ended(task.id, "succeeded")
    metrics = [Measured(task.id, "loss", float(number)) for number in range(3)]
    executor._jobs[task.id] = Order(task, 1)
    executor._hear(News(task.id, 1, (begun, *metrics), b"much was printed"))
    executor._hear(Anew(task.id, 2))
    executor._hear(News(task.id, 1, (begun, *metrics, metrics[0], ended), b"from a node that was thought dead"))
    executor._hear(News(task.id, 2, (begun, ended), b"!"))
    *heard, last = executor.events(0)
    assert heard == [begun, *metrics]
    assert isinstance(last, Ended) and last.status == "succeeded"
    assert Path(task.log).read_bytes() == b"much was printed!"
    executor._hear(Anew(task.id, 3))  # of a task that has ended
    assert not list(executor.events(0))


def test_what_waits_for_a_connection_is_cancelled_at_once(tmp_path: Path) -> None:
    """An agent that connects hears nothing for as long as Ray tries."""
    executor = make(tmp_path, "auto")
    executor._launch = (sys.executable, "-c", "import time; time.sleep(600)")
    try:
        task = _submitted(executor, tmp_path)
        executor.cancel(task.id, "not wanted")
        (ended,) = Run(executor, Steps(tmp_path), 20).ended(task)
    finally:
        executor.close()
    assert (ended.status, ended.reason) == ("cancelled", "not wanted")


def test_the_layout_names_what_travels() -> None:
    assert {"Anew", "Order", "News", "Site"} <= set(ray_cluster.__all__)
