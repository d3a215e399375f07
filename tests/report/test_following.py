"""Following a log: from a ledger that grows event by event, and a file that grows beside it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.samples import FAILURE, committed, execution, run_of

from penstock.errors import NotFound
from penstock.ledger.sqlite import SqliteLedger
from penstock.model.event import (
    Begun,
    Blocked,
    Cancelled,
    Committed,
    Decided,
    Event,
    Failed,
    Grown,
    Retrying,
    RunEnded,
    RunStarted,
)
from penstock.model.run import Decision
from penstock.model.task import Ended, LogSpan
from penstock.report.following import Follower


class Bench:
    """A run whose events and output the test writes, and what a follower makes of them."""

    def __init__(self, folder: Path, *steps: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.ledger = SqliteLedger(folder / "ledger.db")
        self.ledger.claim(["run:r1"], "me", 600.0)
        self.say(RunStarted(run_of(steps)))
        self.log = folder / "log"
        self.log.write_bytes(b"of others ")
        self.start = len(b"of others ")

    def say(self, *events: Event) -> None:
        for event in events:
            if isinstance(event, Committed):
                self.ledger.commit("r1", [event.execution], {})
            else:
                self.ledger.record("r1", [event])

    def print(self, text: str) -> None:
        with self.log.open("ab") as file:
            file.write(text.encode())

    def begun(self, attempt: int, step: str = "fit") -> Begun:
        self.start = self.log.stat().st_size
        return Begun(f"r1/{step}/{attempt}", step, attempt, log=LogSpan("log", self.start, 0))

    def ended(self, attempt: int, status: str = "succeeded", step: str = "fit") -> Ended:
        span = LogSpan("log", self.start, self.log.stat().st_size - self.start)
        return Ended(f"r1/{step}/{attempt}", status, log=span)  # type: ignore[arg-type]

    def follow(self, step: str = "fit", attempt: int = 0) -> Follower:
        return Follower(self.ledger, "r1", step, self.folder, attempt)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, "raw", "fit", "report")


def look(follower: Follower) -> str:
    return b"".join([piece for _, piece in follower.look()]).decode()


def test_from_before_it_begins_to_its_end(bench: Bench) -> None:
    follower = bench.follow()
    assert (look(follower), follower.done, follower.current) == ("", False, 0)
    bench.say(bench.begun(1))
    bench.print("one ")
    assert [look(follower), look(follower)] == ["", "one "]
    bench.print("two ")
    assert [look(follower), look(follower)] == ["", "two "]
    assert not follower.done
    bench.print("three")
    bench.say(bench.ended(1))
    bench.print("of the next task in the same file")
    assert look(follower) == "three"
    assert not follower.done, "what it made is not committed yet"
    bench.say(*committed("fit")[1:])
    assert (look(follower), follower.done, follower.state) == ("", True, "succeeded")


def test_over_retries(bench: Bench) -> None:
    follower = bench.follow()
    bench.say(bench.begun(1))
    bench.print("first")
    bench.say(bench.ended(1, "failed"), Retrying("fit", 1, 0.1, FAILURE))
    assert list(follower.look()) == [(1, b"first")]
    assert not follower.done
    bench.say(bench.begun(2))
    bench.print("second")
    assert list(follower.look()) == []
    bench.say(bench.ended(2, "failed"), Failed("fit", 2, FAILURE))
    assert list(follower.look()) == [(2, b"second")]
    assert (follower.done, follower.state) == (True, "failed")


def test_who_comes_late_gets_all_attempts_or_the_one_that_was_asked_for(bench: Bench) -> None:
    bench.say(bench.begun(1))
    bench.print("first")
    bench.say(bench.ended(1, "failed"), Retrying("fit", 1, 0.1, FAILURE), bench.begun(2))
    bench.print("second")
    bench.say(bench.ended(2), *committed("fit")[1:])
    assert list(bench.follow().look()) == [(1, b"first"), (2, b"second")]
    only = bench.follow(attempt=1)
    assert list(only.look()) == [(1, b"first")]
    assert only.done


def test_output_of_the_next_task_in_the_file_is_not_its_own(bench: Bench) -> None:
    """What came between two looks is passed on only if the attempt is found to go on."""
    follower = bench.follow()
    bench.say(bench.begun(1))
    bench.print("mine")
    assert look(follower) == ""
    ended = bench.ended(1)
    bench.print(" not mine")
    assert look(follower) == "mine"
    bench.say(ended, *committed("fit")[1:])
    assert look(follower) == ""
    assert follower.done


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (Blocked(("fit", "report"), "raw"), "blocked"),
        (Cancelled(("fit",), "Ctrl-C"), "cancelled"),
        (Decided((Decision("fit", "reuse", (), "key of fit", execution("fit")),)), "reused"),
        (RunEnded("cancelled", 1.0), "cancelled"),
    ],
)
def test_a_step_that_never_begins(bench: Bench, event: Event, state: str) -> None:
    follower = bench.follow()
    assert look(follower) == ""
    bench.say(event)
    assert (look(follower), follower.done, follower.state, follower.current) == ("", True, state, 0)


def test_a_runner_that_died_and_a_run_that_is_resumed(bench: Bench) -> None:
    follower = bench.follow()
    bench.say(bench.begun(1))
    bench.print("half")
    bench.ledger.release("me")
    assert look(follower) == "half"
    assert follower.state == "died"
    bench.say(RunStarted(run_of(("raw", "fit", "report"))))
    again = bench.follow()
    assert look(again) == ""
    assert not again.done


def test_a_part_that_will_be_there(bench: Bench) -> None:
    follower = bench.follow("fit[1]")
    assert (look(follower), follower.done) == ("", False)
    bench.say(bench.begun(1), Grown("fit", ("fit[0]", "fit[1]")), bench.begun(1, "fit[1]"))
    bench.print("part")
    bench.say(bench.ended(1, "succeeded", "fit[1]"), *committed("fit[1]")[1:])
    assert look(follower) == "part"
    assert follower.done


def test_unknown_names(bench: Bench) -> None:
    for name in ("fti", "fti[0]"):
        with pytest.raises(NotFound):
            bench.follow(name)
    bench.say(RunEnded("failed", 1.0))
    with pytest.raises(NotFound):
        bench.follow("fit[0]")


@given(st.lists(st.sampled_from(["print", "look", "retry"]), max_size=30))
def test_nothing_is_lost_or_told_twice(tmp_path_factory: pytest.TempPathFactory, moves: list[str]) -> None:
    """Whenever it looks, all that the attempts printed comes once, in order, and each at its attempt."""
    bench = Bench(tmp_path_factory.mktemp("run"), "fit")
    follower, attempt, wanted, got = bench.follow(), 1, "", ""
    bench.say(bench.begun(1))
    for number, move in enumerate(moves):
        if move == "print":
            bench.print(f"{attempt}:{number} ")
            wanted += f"{attempt}:{number} "
        elif move == "look":
            got += look(follower)
            assert wanted.startswith(got)
        else:
            bench.say(bench.ended(attempt, "failed"), Retrying("fit", attempt, 0.0, FAILURE))
            attempt += 1
            bench.say(bench.begun(attempt))
    bench.say(bench.ended(attempt), *committed("fit")[1:])
    bench.print("others")
    assert got + look(follower) == wanted
    assert follower.done
    bench.ledger.close()
