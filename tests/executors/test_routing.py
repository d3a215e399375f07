"""Tasks go where their isolation says."""

import os
import sys
from pathlib import Path

import pytest
from tests.executors.launch import kit

from penstock.executors.inline import InlineExecutor
from penstock.executors.local import LocalExecutor
from penstock.executors.routing import Routed
from penstock.model.event import Begun
from penstock.testing.executors import Run
from penstock.testing.steps import Steps

HERE = Path(__file__).parent


@pytest.fixture
def run(tmp_path: Path):
    local = LocalExecutor([sys.executable, str(HERE / "launch.py")], workers=2, state=tmp_path / "state", root=tmp_path)
    routed = Routed({"worker": local, "fresh": local, "inline": InlineExecutor(kit(tmp_path / "state"))})
    routed.start()
    yield Run(routed, Steps(tmp_path))
    routed.close()


def test_each_goes_where_its_isolation_says(run: Run) -> None:
    isolations = ["inline", "worker", "inline", "fresh", "worker", "fresh", "inline"]
    tasks = [run.submit("pid", isolation=one) for one in isolations]
    assert {one.status for one in run.ended(*tasks)} == {"succeeded"}
    pids = {one.task: one.pid for one in run.seen if isinstance(one, Begun)}
    for task, isolation in zip(tasks, isolations, strict=True):
        assert (pids[task.id] == os.getpid()) == (isolation == "inline")


def test_what_nobody_runs_is_refused(run: Run) -> None:
    good, refused = run.submit("one"), run.submit("one", isolation="container")
    assert run.ended(good)[0].status == "succeeded"
    failure = run.ended(refused)[0].failure
    assert failure is not None
    assert "container" in failure.message


def test_cancelling_reaches_the_right_one(run: Run) -> None:
    sleeping, waiting = run.submit("sleeps"), run.submit("one", isolation="inline")
    run.executor.cancel(waiting.id, "no")
    run.begun(sleeping)
    run.executor.cancel(sleeping.id, "no", grace=1.0)
    assert [one.status for one in run.ended(sleeping, waiting)] == ["cancelled", "cancelled"]


def test_without_tasks_nobody_waits(run: Run) -> None:
    assert list(run.executor.events(None)) == []


def test_workers_are_those_of_the_largest(run: Run) -> None:
    assert run.executor.workers == 2  # type: ignore[attr-defined]


def test_all_are_closed_even_if_one_fails(tmp_path: Path) -> None:
    class Broken(InlineExecutor):
        def close(self) -> None:
            raise OSError("stuck")

    closed = []

    class Good(InlineExecutor):
        def close(self) -> None:
            closed.append(True)

    made = kit(tmp_path)
    with pytest.raises(OSError, match="stuck"):
        Routed({"a": Broken(made), "b": Good(made)}).close()
    assert closed == [True]
