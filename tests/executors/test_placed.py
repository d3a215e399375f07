"""Places are made once, in the background; one that can't be made fails its own tasks alone."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.errors import NotFound
from penstock.executors.lanes import Room
from penstock.executors.local import LocalExecutor
from penstock.executors.placed import Placed
from penstock.model.event import Begun, Queued
from penstock.ports import Executor
from penstock.testing.executors import ExecutorContract, Run
from penstock.testing.steps import Steps

LAUNCH = [sys.executable, str(Path(__file__).parent / "launch.py")]


class Places:
    """A maker of local executors that can be held up."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked, self.go = folder, [], threading.Event()
        self.room = Room(2, None, 0)
        self.go.set()

    def __call__(self, place: str) -> Executor:
        self.asked.append(place)
        assert self.go.wait(30)
        if place == "nowhere":
            raise NotFound("there is no such place", hint="Look elsewhere.")
        if place == "broken":
            raise ZeroDivisionError("what was that")
        return LocalExecutor(LAUNCH, workers=2, state=self.folder / "state", root=self.folder, room=self.room)


class TestPlaced(ExecutorContract):
    def make(self, folder: Path) -> Placed:
        return Placed(Places(folder), "env", 2)

    def value(self, folder, stored):
        from penstock.codecs.registry import Codecs
        from penstock.stores.local import LocalStore

        return Codecs().decode(stored, LocalStore(folder / "state" / "store"))


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path.resolve())


@pytest.fixture
def run(places: Places) -> Iterator[Run]:
    executor = Placed(places, "env", 2, "being made")
    yield Run(executor, Steps(places.folder))
    executor.close()


def test_each_place_is_made_once(run: Run, places: Places) -> None:
    tasks = [run.submit("one", place=place) for place in ("a", "b") * 5]
    assert {one.status for one in run.ended(*tasks)} == {"succeeded"}
    run.ended(run.submit("one", place="a"))
    assert sorted(places.asked) == ["a", "b"]


def test_what_waits_says_for_what(run: Run, places: Places) -> None:
    places.go.clear()
    task = run.submit("one", place="a")
    run.until(lambda: any(isinstance(one, Queued) and one.what == "being made" for one in run.seen))
    assert not any(isinstance(one, Begun) for one in run.seen)
    places.go.set()
    assert run.ended(task)[0].status == "succeeded"


def test_what_waits_can_be_cancelled(run: Run, places: Places) -> None:
    places.go.clear()
    first, second = run.submit("one", place="a"), run.submit("one", place="a")
    run.executor.cancel(first.id, "not wanted")
    places.go.set()
    assert [one.status for one in run.ended(first, second)] == ["cancelled", "succeeded"]


@pytest.mark.parametrize(
    ("place", "kind", "words"), [("nowhere", "NotFound", "no such"), ("broken", "ZeroDiv", "what")]
)
def test_a_place_that_can_t_be_made_fails_its_own_tasks(run: Run, place: str, kind: str, words: str) -> None:
    bad, good = run.submit("one", place=place), run.submit("one", place="a")
    failed, fine = run.ended(bad, good)
    assert fine.status == "succeeded"
    assert failed.failure is not None
    assert failed.failure.kind.startswith(kind)
    assert words in failed.failure.message


def test_places_that_share_a_room_run_no_more_than_fit(run: Run) -> None:
    tasks = [
        run.submit("marks", None, {"folder": str(run.steps.folder), "seconds": 0.05}, place=place)
        for place in ("a", "b", "c") * 4
    ]
    run.ended(*tasks)
    running, most = 0, 0
    for one in run.seen:
        running += isinstance(one, Begun)
        running -= type(one).__name__ == "Ended"
        most = max(most, running)
    assert most <= 2
