"""What every ledger must keep of history: events, and what they say of steps and runs. A part of `LedgerContract`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.errors import LeaseLost, NotFound
from penstock.model.digest import digest_bytes
from penstock.model.event import (
    Approved,
    Begun,
    Blocked,
    Cancelled,
    Committed,
    Decided,
    Event,
    Expected,
    Failed,
    Grown,
    Held,
    Labelled,
    Measured,
    Noted,
    Produced,
    Progressed,
    Queued,
    Retrying,
    RunEnded,
    RunStarted,
    Sampled,
    Skipped,
    Warned,
)
from penstock.model.run import Decision, Reason, Run
from penstock.model.task import Ended, Failure, LogSpan, Usage
from penstock.ports import Ledger
from penstock.testing.samples import HeldClock, make_execution, make_run

__all__ = ["ENDED", "FAILURE", "HistoryContract", "begin", "by_name"]


def begin(ledger: Ledger, run: Run | None = None) -> None:
    run = run or make_run()
    ledger.record(run.id, [RunStarted(run)])


def by_name(ledger: Ledger, run: str = "run-1") -> dict[str, dict[str, Any]]:
    return {row["step"]: row for row in ledger.steps(run)}


FAILURE = Failure("ValueError", "no", "p.py:3", "mend it", "Traceback …", {"rate": "0.1"})
ENDED = Ended("run-1/a/1", "failed", usage=Usage(2.0, 1.0, 10), log=LogSpan("logs/a", 5, 10), metrics={"loss": 3.0})


class HistoryContract:
    """The part of `LedgerContract` that asks what happened."""

    def make(self, folder: Path, clock: HeldClock) -> Ledger:
        """The ledger in a folder, which goes by `clock`."""
        raise NotImplementedError

    @pytest.fixture
    def clock(self) -> HeldClock:
        """The clock of all ledgers of a test."""
        return HeldClock()

    @pytest.fixture
    def ledger(self, tmp_path: Path, clock: HeldClock) -> Iterator[Ledger]:
        """A new ledger."""
        made = self.make(tmp_path, clock)
        yield made
        made.close()

    @pytest.fixture
    def other(self, tmp_path: Path, clock: HeldClock) -> Iterator[Ledger]:
        """The same ledger, as another process has it."""
        made = self.make(tmp_path, clock)
        yield made
        made.close()

    # events

    def test_events_come_back(self, ledger: Ledger, other: Ledger, clock: HeldClock) -> None:
        """Equal, numbered from 1, with their time; after a number only those that follow."""
        execution = make_execution()
        told: list[Event] = [
            RunStarted(make_run(tags=("night",), machine={"cores": 2}, snapshot=digest_bytes(b"source"))),
            Decided((Decision("a", "run", (Reason("code", "helper changed", "p.py:4", "-a\n+b"),), execution.key),)),
            Begun("run-1/a/1", "a", 1, 77, "host", LogSpan("logs/a", 0, 0)),
            Progressed("run-1/a/1", 3, 10, "rows"),
            Measured("run-1/a/1", "loss", 0.5, 3),
            Noted("run-1/a/1", figure=make_execution().outputs[0].stored, name="curve"),
            Produced("run-1/a/1", (execution.outputs[0].stored,)),
            ENDED,
            Warned("a", "hidden-input", "data.csv was read", "p.py:9"),
            Retrying("a", 1, 2.0, FAILURE),
            Failed("a", 2, FAILURE, ENDED),
            Blocked(("b", "c"), "a"),
            Queued("run-1/d/1", "d", "limit `gpu`: 1 of 1 in use"),
            Expected("run-1/d/1", 60.0, 90.0, 3),
            Sampled("run-1/d/1", 12.0, 1.5, 1_000_000, 4.0),
        ]
        ledger.record("run-1", told[:5])
        clock.move(10)
        ledger.record("run-1", told[5:])
        records = other.events("run-1")
        assert [one.event for one in records] == told
        assert [one.number for one in records] == list(range(1, 16))
        assert [one.time for one in records] == [clock.wall - 10] * 5 + [clock.wall] * 10
        assert [one.number for one in other.events("run-1", after=13)] == [14, 15]
        assert other.events("run-1", after=15) == []
        assert other.events("run-1", kinds=[type(records[0].event)])[0] == records[0]
        kinds = {type(one.event) for one in records}
        assert other.events("run-1", kinds=list(kinds)) == records
        for kind in kinds:
            assert other.events("run-1", 2, [kind]) == [one for one in records[2:] if type(one.event) is kind]

    def test_commits_and_reuse_come_back_whole(self, ledger: Ledger) -> None:
        """With the execution that they name."""
        execution = make_execution(data=b"d" * 2000)
        begin(ledger)
        ledger.commit("run-1", [execution], {})
        again = make_run("run-2")
        decided = Decided((Decision("a", "reuse", (Reason("same", "nothing changed"),), execution.key, execution),))
        ledger.record("run-2", [RunStarted(again), decided])
        assert ledger.events("run-1", after=1)[0].event == Committed(execution)
        assert ledger.events("run-2", after=1)[0].event == decided

    def test_how_long_a_step_took(self, ledger: Ledger, other: Ledger) -> None:
        """In the last runs in which it was done, newest first; parts of a step that grew count for each other."""
        times = {"run-1": 10.0, "run-2": 30.0, "run-3": 20.0}
        for run, seconds in times.items():
            begin(ledger, make_run(run, ("a", "fit")))
            made = [
                make_execution(step, run, key=f"{step}-{run}", usage=Usage(seconds + more))
                for step, more in (("a", 0.0), ("fit[0]", 1.0), ("fit[10]", 2.0), ("fitted", 50.0))
            ]
            ledger.commit(run, made, {})
        begin(ledger, make_run("run-4", ("a", "fit")))
        reused = Decision("a", "reuse", (), "a-run-3", make_execution("a", "run-3", key="a-run-3"))
        ledger.record("run-4", [Decided((reused,)), Ended("run-4/fit/1", "failed", usage=Usage(99.0))])
        begin(ledger, make_run("run-5", ("a",), "another"))
        ledger.commit("run-5", [make_execution("a", "run-5", key="other", usage=Usage(77.0))], {})
        assert other.timings("p", "a") == [20.0, 30.0, 10.0]
        assert other.timings("p", "a", 2) == [20.0, 30.0]
        assert sorted(other.timings("p", "fit[3]")) == [11.0, 12.0, 21.0, 22.0, 31.0, 32.0]
        assert other.timings("p", "fit") == []
        assert other.timings("p", "unknown") == []

    def test_details_that_can_not_be_kept_lose_nothing_else(self, ledger: Ledger) -> None:
        """Huge numbers and undecodable names become text."""
        strange = make_run(machine={"big": 1 << 90, "path": "a\udcffb", "when": object})
        ledger.record("run-1", [RunStarted(strange), Begun("run-1/a/1", "a", 1)])
        assert by_name(ledger)["a"]["status"] == "running"
        assert ledger.run("run-1").machine["big"] == str(1 << 90)

    def test_a_run_must_begin(self, ledger: Ledger) -> None:
        """Events of a run that nobody started are refused; none at all are nothing."""
        with pytest.raises(NotFound):
            ledger.record("nobody", [Begun("nobody/a/1", "a", 1)])
        ledger.record("nobody", [])
        for ask in (ledger.events, ledger.steps, ledger.status, ledger.run):
            with pytest.raises(NotFound):
                ask("nobody")

    # steps and runs

    def test_steps_have_the_order_of_the_graph(self, ledger: Ledger) -> None:
        """And wait at first."""
        begin(ledger, make_run(steps=("zeta", "alpha", "mid")))
        rows = ledger.steps("run-1")
        assert [(row["step"], row["kind"], row["status"]) for row in rows] == [
            ("zeta", "train", "waiting"),
            ("alpha", "train", "waiting"),
            ("mid", "train", "waiting"),
        ]

    @pytest.mark.parametrize(
        ("events", "status"),
        [
            ([Decided((Decision("a", "run", (), "k"),))], "waiting"),
            ([Decided((Decision("a", "unknown"),))], "waiting"),
            ([Begun("run-1/a/1", "a", 1)], "running"),
            ([Begun("run-1/a/1", "a", 1), Retrying("a", 1, 1.0, FAILURE)], "waiting"),
            ([Begun("run-1/a/1", "a", 1), Failed("a", 1, FAILURE)], "failed"),
            ([Blocked(("a",), "b")], "blocked"),
            ([Skipped(("a",), "no data")], "skipped"),
            ([Begun("run-1/a/1", "a", 1), Cancelled(("a",), "interrupted")], "cancelled"),
            ([Begun("run-1/a/1", "a", 1), Held("a", "ship it?")], "waiting"),
            ([Begun("run-1/a/1", "a", 1), RunEnded("cancelled", 1.0)], "cancelled"),
            ([Begun("run-1/a/1", "a", 1), Failed("a", 1, FAILURE), RunEnded("failed", 1.0)], "failed"),
            ([Held("a", "ship it?"), RunEnded("waiting", 1.0)], "waiting"),
        ],
    )
    def test_the_status_of_a_step(self, ledger: Ledger, events: list[Event], status: str) -> None:
        """Told in one record or in many."""
        begin(ledger)
        ledger.record("run-1", events)
        ledger.record("run-2", [RunStarted(make_run("run-2")), *events])
        ledger.record("run-3", [RunStarted(make_run("run-3"))])
        for event in events:
            ledger.record("run-3", [event])
        assert [by_name(ledger, run)["a"]["status"] for run in ("run-1", "run-2", "run-3")] == [status] * 3

    def test_a_failure_is_told(self, ledger: Ledger) -> None:
        """With what the attempt took, and whom it blocks."""
        begin(ledger)
        ledger.record("run-1", [Begun("run-1/a/2", "a", 2), Failed("a", 2, FAILURE, ENDED), Blocked(("b",), "a")])
        row = by_name(ledger)["a"]
        assert (row["error"], row["attempts"], row["seconds"], row["peak_memory"]) == (FAILURE, 2, 2.0, 10)
        assert row["log"] == LogSpan("logs/a", 5, 10)
        assert row["metrics"] == {"loss": 3.0}
        assert by_name(ledger)["b"]["by"] == "a"

    def test_a_question_is_kept_until_it_is_answered(self, ledger: Ledger, other: Ledger) -> None:
        """Whoever answers."""
        begin(ledger)
        ledger.record("run-1", [Held("a", "ship it?")])
        assert by_name(other)["a"]["question"] == "ship it?"
        other.record("run-1", [Approved("a", "me")])
        assert by_name(ledger)["a"]["question"] is None

    def test_a_commit_is_success(self, ledger: Ledger) -> None:
        """The step's row tells what was made and what it took."""
        execution = make_execution()
        begin(ledger)
        ledger.record("run-1", [Begun("run-1/a/1", "a", 1), Retrying("a", 1, 0.1, FAILURE), Begun("run-1/a/2", "a", 2)])
        ledger.commit("run-1", [make_execution(attempt=2)], {})
        row = by_name(ledger)["a"]
        assert row["status"] == "succeeded"
        assert row["execution"] == make_execution(attempt=2)
        assert (row["key"], row["attempts"], row["error"]) == (execution.key, 2, None)
        assert (row["seconds"], row["cpu_seconds"], row["peak_memory"]) == (1.5, 1.25, 1 << 40)
        assert row["metrics"] == {"auc": 0.75}

    def test_reuse_is_told_with_its_reasons(self, ledger: Ledger) -> None:
        """And with the metrics of what is reused, whether or not the decision carries them."""
        execution = make_execution()
        begin(ledger)
        ledger.commit("run-1", [execution], {})
        reasons = (Reason("same", "nothing changed"),)
        for name, carried in (("run-2", execution), ("run-3", None)):
            decided = Decided((Decision("a", "reuse", reasons, execution.key, carried),))
            ledger.record(name, [RunStarted(make_run(name)), decided])
            row = by_name(ledger, name)["a"]
            assert (row["status"], row["reasons"], row["execution"]) == ("reused", reasons, execution)
            assert row["metrics"] == {"auc": 0.75}
        assert [run["metrics"] for run in ledger.runs()] == [{"a.auc": 0.75}] * 3

    def test_children_come_after_the_step_that_grew_them(self, ledger: Ledger) -> None:
        """In their own order, and are steps like any other."""
        begin(ledger, make_run(steps=("a", "b")))
        kids = tuple([f"a[{number}]" for number in range(12)])
        ledger.record("run-1", [Grown("a", kids), Begun("run-1/a[3]/1", "a[3]", 1)])
        rows = ledger.steps("run-1")
        assert [row["step"] for row in rows] == ["a", *kids, "b"]
        assert [row["kind"] for row in rows] == ["train"] * 14
        assert [row["step"] for row in rows if row["status"] == "running"] == ["a[3]"]

    def test_a_resumed_run_is_open_again(self, ledger: Ledger) -> None:
        """What was done stays done."""
        begin(ledger)
        ledger.commit("run-1", [make_execution()], {})
        ledger.record("run-1", [Failed("b", 1, FAILURE), Blocked(("c",), "b"), RunEnded("failed", 3.0)])
        assert ledger.status("run-1") == "failed"
        ledger.record("run-1", [RunStarted(make_run())])
        assert {name: row["status"] for name, row in by_name(ledger).items()} == {
            "a": "succeeded",
            "b": "waiting",
            "c": "waiting",
        }
        assert ledger.status("run-1") == "running"
        assert len(ledger.runs()) == 1

    def test_runs_are_listed_newest_first(self, ledger: Ledger, clock: HeldClock) -> None:
        """In the order in which they began, even if the wall clock was set back."""
        for number in range(4):
            clock.wall -= 86_400
            begin(ledger, make_run(f"run-{number}", pipeline="pq"[number % 2], name=f"n{number}", tags=("t",)))
        ledger.record("run-3", [RunEnded("succeeded", 12.5)])
        assert [run["run"] for run in ledger.runs()] == ["run-3", "run-2", "run-1", "run-0"]
        assert [run["run"] for run in ledger.runs(limit=1, pipeline="p")] == ["run-2"]
        first = ledger.runs(limit=1)[0]
        assert {key: first[key] for key in ("pipeline", "status", "seconds", "name", "tags", "metrics")} == {
            "pipeline": "q",
            "status": "succeeded",
            "seconds": 12.5,
            "name": "n3",
            "tags": ["t"],
            "metrics": {},
        }

    def test_a_run_is_found_by_any_of_its_names(self, ledger: Ledger) -> None:
        """Id, unique prefix, name, `last` and `last~1`."""
        with pytest.raises(NotFound):
            ledger.run("last")
        begin(ledger, make_run("20260101-abcd"))
        begin(ledger, make_run("20260102-efgh", name="baseline"))
        names = ["20260102-efgh", "20260102", "baseline", "last"]
        assert {ledger.run(name).id for name in names} == {"20260102-efgh"}
        assert ledger.run("last~1") == make_run("20260101-abcd")
        assert ledger.status("last") == "running"
        for name, hint in (("202601", "20260101-abcd"), ("baselin", "baseline"), ("last~2", ""), ("", ""), ("%", "")):
            with pytest.raises(NotFound) as caught:
                ledger.run(name)
            assert hint in caught.value.hint

    def test_a_run_is_named_and_tagged_afterwards(self, ledger: Ledger, other: Ledger) -> None:
        """Under way or over; what was not named stays. A tag finds the newest run that bears it, after its names."""
        for number in range(3):
            begin(ledger, make_run(f"run-{number}", name=f"n{number}", tags=("t", "old")))
        ledger.record("run-1", [RunEnded("succeeded", 1.0)])
        other.record("run-1", [Labelled("best", ("new", "t"), ("old",)), Labelled(added=("n0",))])
        found = ledger.run("best")
        assert (found.id, found.name, found.tags) == ("run-1", "best", ("t", "new", "n0"))
        row = ledger.runs()[1]
        assert (row["run"], row["name"], row["tags"], row["status"]) == (
            "run-1", "best", ["t", "new", "n0"], "succeeded",
        )  # fmt: skip
        assert [ledger.run(name).id for name in ("new", "t", "old", "n0")] == ["run-1", "run-2", "run-2", "run-0"]
        other.record("run-1", [Labelled(name="")])
        with pytest.raises(NotFound) as caught:
            ledger.run("nwe")
        assert "`new`" in caught.value.hint
        assert ledger.run("run-1").name == ""
        assert ledger.run("new").id == "run-1"
        ledger.record("run-1", [RunStarted(ledger.run("run-1"))])  # resumed: it keeps what it was given
        assert ledger.run("new").tags == ("t", "new", "n0")

    def test_a_name_stands_for_one_thing(self, ledger: Ledger, other: Ledger) -> None:
        """And for the newest that it was given to."""
        ledger.tag("artifact", "blake3:1", "model@best")
        ledger.tag("artifact", "blake3:2", "model@best")
        ledger.tag("run", "run-1", "model@best")
        assert other.tagged("artifact") == {"model@best": "blake3:2"}
        assert other.untag("artifact", "model@best")
        assert not ledger.untag("artifact", "model@best")
        assert (ledger.tagged("artifact"), ledger.tagged("run")) == ({}, {"model@best": "run-1"})

    def test_a_run_whose_process_died_has_failed(self, ledger: Ledger, other: Ledger, clock: HeldClock) -> None:
        """Once its lease ran out, and not before; and what ran in it runs no more."""
        ledger.claim(["run:run-1"], "driver", 10)
        begin(ledger)
        ledger.record("run-1", [Begun("run-1/a/1", "a", 1)])
        clock.move(9)
        assert ledger.renew("driver", 10) == 1
        clock.move(9)
        assert (other.status("run-1"), other.runs()[0]["status"]) == ("running", "running")
        clock.move(2)
        assert (other.status("run-1"), other.runs()[0]["status"]) == ("failed", "failed")
        assert by_name(other)["a"]["status"] == "cancelled"

    def test_a_run_that_never_had_a_lease_does_not_run_for_ever(self, ledger: Ledger, clock: HeldClock) -> None:
        """Its process may have died before its first heartbeat."""
        begin(ledger)
        assert ledger.status("run-1") == "running"
        clock.move(3600)
        assert ledger.status("run-1") == "failed"

    def test_a_run_taken_over_takes_no_more_from_its_old_process(
        self, ledger: Ledger, other: Ledger, clock: HeldClock
    ) -> None:
        """A paused process that wakes can add nothing."""
        ledger.claim(["run:run-1"], "old", 10)
        begin(ledger)
        clock.move(11)
        assert other.claim(["run:run-1"], "new", 10)["run:run-1"].owner == "new"
        with pytest.raises(LeaseLost):
            ledger.record("run-1", [Begun("run-1/a/1", "a", 1)])
        with pytest.raises(LeaseLost):
            ledger.commit("run-1", [make_execution()], {})
        other.record("run-1", [Begun("run-1/a/2", "a", 2)])
        assert ledger.find([make_execution().key]) == {}
