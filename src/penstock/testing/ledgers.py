"""What every ledger must keep: a suite to inherit from, and small makers of what a ledger holds.

    class TestMyLedger(LedgerContract):
        def make(self, folder, clock):
            return MyLedger(folder, clock=clock)

`make` is called more than once with the same folder: these objects stand for other processes on the same ledger.
Needs pytest.
"""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from penstock.errors import LeaseLost, NotFound
from penstock.model.artifact import Description, Stored
from penstock.model.code import Code, Piece
from penstock.model.digest import digest_bytes
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
    Measured,
    Noted,
    Produced,
    Progressed,
    Retrying,
    RunEnded,
    RunStarted,
    Skipped,
    Warned,
)
from penstock.model.run import Consumed, Decision, Execution, Made, Reason, Run
from penstock.model.task import Ended, Failure, LogSpan, Usage
from penstock.ports import Ledger

__all__ = ["HeldClock", "LedgerContract", "make_execution", "make_run"]


class HeldClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.wall = 1_750_000_000.0
        self.steady = 1000.0

    def now(self) -> float:
        """Seconds since 1970."""
        return self.wall

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return self.steady

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += seconds
        self.steady += seconds


def make_run(run: str = "run-1", steps: Sequence[str] = ("a", "b", "c"), pipeline: str = "p", **fields: Any) -> Run:
    """A run of some steps of kind `train`."""
    graph = {step: {"kind": "train", "inputs": {}, "outputs": [step]} for step in steps}
    return Run(id=run, pipeline=pipeline, started=1_750_000_000.0, steps=tuple(steps), graph=graph, **fields)


def make_execution(step: str = "a", run: str = "run-1", data: bytes | None = b"1", **fields: Any) -> Execution:
    """An execution of `step` that made one small value, `data` (or a blob in the store, for None)."""
    digest = digest_bytes(b"stored" if data is None else data)
    about = Description(type="int", head=((1, None, 2.5, "x"),), details={"nested": {"list": [1, 2]}})
    stored = Stored("json", digest, digest, 6 if data is None else len(data), data=data, about=about)
    values: dict[str, Any] = {
        "key": digest_bytes(f"key of {step}".encode()),
        "pipeline": "p",
        "kind": "train",
        "attempt": 1,
        "code": digest_bytes(b"code"),
        "inputs": {"x": Consumed("above", digest, f"json:{digest}")},
        "settings": {"rate": ("0.1", digest)},
        "outputs": (Made(step, stored, "train"),),
        "metrics": {"auc": 0.75},
        "usage": Usage(seconds=1.5, cpu_seconds=1.25, peak_memory=1 << 40),
        "started": 1_750_000_001.0,
        "seed": 7,
    }
    return Execution(step=step, run=run, **(values | fields))


def _begun(ledger: Ledger, run: Run | None = None) -> None:
    run = run or make_run()
    ledger.record(run.id, [RunStarted(run)])


def _by_name(ledger: Ledger, run: str = "run-1") -> dict[str, dict[str, Any]]:
    return {row["step"]: row for row in ledger.steps(run)}


_FAILURE = Failure("ValueError", "no", "p.py:3", "mend it", "Traceback …", {"rate": "0.1"})
_ENDED = Ended("run-1/a/1", "failed", usage=Usage(2.0, 1.0, 10), log=LogSpan("logs/a", 5, 10), metrics={"loss": 3.0})


class LedgerContract:
    """Inherit from it under a name that pytest collects, and say how the ledger is made."""

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
            _ENDED,
            Warned("a", "hidden-input", "data.csv was read", "p.py:9"),
            Retrying("a", 1, 2.0, _FAILURE),
            Failed("a", 2, _FAILURE, _ENDED),
            Blocked(("b", "c"), "a"),
        ]
        ledger.record("run-1", told[:5])
        clock.move(10)
        ledger.record("run-1", told[5:])
        records = other.events("run-1")
        assert [one.event for one in records] == told
        assert [one.number for one in records] == list(range(1, 13))
        assert [one.time for one in records] == [clock.wall - 10] * 5 + [clock.wall] * 7
        assert [one.number for one in other.events("run-1", after=10)] == [11, 12]
        assert other.events("run-1", after=12) == []

    def test_commits_and_reuse_come_back_whole(self, ledger: Ledger) -> None:
        """With the execution that they name."""
        execution = make_execution(data=b"d" * 2000)
        _begun(ledger)
        ledger.commit("run-1", [execution], {})
        again = make_run("run-2")
        decided = Decided((Decision("a", "reuse", (Reason("same", "nothing changed"),), execution.key, execution),))
        ledger.record("run-2", [RunStarted(again), decided])
        assert ledger.events("run-1", after=1)[0].event == Committed(execution)
        assert ledger.events("run-2", after=1)[0].event == decided

    def test_details_that_can_not_be_kept_lose_nothing_else(self, ledger: Ledger) -> None:
        """Huge numbers and undecodable names become text."""
        strange = make_run(machine={"big": 1 << 90, "path": "a\udcffb", "when": object})
        ledger.record("run-1", [RunStarted(strange), Begun("run-1/a/1", "a", 1)])
        assert _by_name(ledger)["a"]["status"] == "running"
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
        _begun(ledger, make_run(steps=("zeta", "alpha", "mid")))
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
            ([Begun("run-1/a/1", "a", 1), Retrying("a", 1, 1.0, _FAILURE)], "waiting"),
            ([Begun("run-1/a/1", "a", 1), Failed("a", 1, _FAILURE)], "failed"),
            ([Blocked(("a",), "b")], "blocked"),
            ([Skipped(("a",), "no data")], "skipped"),
            ([Begun("run-1/a/1", "a", 1), Cancelled(("a",), "interrupted")], "cancelled"),
            ([Begun("run-1/a/1", "a", 1), Held("a", "ship it?")], "waiting"),
            ([Begun("run-1/a/1", "a", 1), RunEnded("cancelled", 1.0)], "cancelled"),
            ([Begun("run-1/a/1", "a", 1), Failed("a", 1, _FAILURE), RunEnded("failed", 1.0)], "failed"),
            ([Held("a", "ship it?"), RunEnded("waiting", 1.0)], "waiting"),
        ],
    )
    def test_the_status_of_a_step(self, ledger: Ledger, events: list[Event], status: str) -> None:
        """Told in one record or in many."""
        _begun(ledger)
        ledger.record("run-1", events)
        ledger.record("run-2", [RunStarted(make_run("run-2")), *events])
        ledger.record("run-3", [RunStarted(make_run("run-3"))])
        for event in events:
            ledger.record("run-3", [event])
        assert [_by_name(ledger, run)["a"]["status"] for run in ("run-1", "run-2", "run-3")] == [status] * 3

    def test_a_failure_is_told(self, ledger: Ledger) -> None:
        """With what the attempt took, and whom it blocks."""
        _begun(ledger)
        ledger.record("run-1", [Begun("run-1/a/2", "a", 2), Failed("a", 2, _FAILURE, _ENDED), Blocked(("b",), "a")])
        row = _by_name(ledger)["a"]
        assert (row["error"], row["attempts"], row["seconds"], row["peak_memory"]) == (_FAILURE, 2, 2.0, 10)
        assert row["log"] == LogSpan("logs/a", 5, 10)
        assert row["metrics"] == {"loss": 3.0}
        assert _by_name(ledger)["b"]["by"] == "a"

    def test_a_question_is_kept_until_it_is_answered(self, ledger: Ledger, other: Ledger) -> None:
        """Whoever answers."""
        _begun(ledger)
        ledger.record("run-1", [Held("a", "ship it?")])
        assert _by_name(other)["a"]["question"] == "ship it?"
        other.record("run-1", [Approved("a", "me")])
        assert _by_name(ledger)["a"]["question"] is None

    def test_a_commit_is_success(self, ledger: Ledger) -> None:
        """The step's row tells what was made and what it took."""
        execution = make_execution()
        _begun(ledger)
        ledger.record(
            "run-1", [Begun("run-1/a/1", "a", 1), Retrying("a", 1, 0.1, _FAILURE), Begun("run-1/a/2", "a", 2)]
        )
        ledger.commit("run-1", [make_execution(attempt=2)], {})
        row = _by_name(ledger)["a"]
        assert row["status"] == "succeeded"
        assert row["execution"] == make_execution(attempt=2)
        assert (row["key"], row["attempts"], row["error"]) == (execution.key, 2, None)
        assert (row["seconds"], row["cpu_seconds"], row["peak_memory"]) == (1.5, 1.25, 1 << 40)
        assert row["metrics"] == {"auc": 0.75}

    def test_reuse_is_told_with_its_reasons(self, ledger: Ledger) -> None:
        """And with the metrics of what is reused, whether or not the decision carries them."""
        execution = make_execution()
        _begun(ledger)
        ledger.commit("run-1", [execution], {})
        reasons = (Reason("same", "nothing changed"),)
        for name, carried in (("run-2", execution), ("run-3", None)):
            decided = Decided((Decision("a", "reuse", reasons, execution.key, carried),))
            ledger.record(name, [RunStarted(make_run(name)), decided])
            row = _by_name(ledger, name)["a"]
            assert (row["status"], row["reasons"], row["execution"]) == ("reused", reasons, execution)
            assert row["metrics"] == {"auc": 0.75}
        assert [run["metrics"] for run in ledger.runs()] == [{"a.auc": 0.75}] * 3

    def test_children_come_after_the_step_that_grew_them(self, ledger: Ledger) -> None:
        """In their own order, and are steps like any other."""
        _begun(ledger, make_run(steps=("a", "b")))
        kids = tuple([f"a[{number}]" for number in range(12)])
        ledger.record("run-1", [Grown("a", kids), Begun("run-1/a[3]/1", "a[3]", 1)])
        rows = ledger.steps("run-1")
        assert [row["step"] for row in rows] == ["a", *kids, "b"]
        assert [row["kind"] for row in rows] == ["train"] * 14
        assert [row["step"] for row in rows if row["status"] == "running"] == ["a[3]"]

    def test_a_resumed_run_is_open_again(self, ledger: Ledger) -> None:
        """What was done stays done."""
        _begun(ledger)
        ledger.commit("run-1", [make_execution()], {})
        ledger.record("run-1", [Failed("b", 1, _FAILURE), Blocked(("c",), "b"), RunEnded("failed", 3.0)])
        assert ledger.status("run-1") == "failed"
        ledger.record("run-1", [RunStarted(make_run())])
        assert {name: row["status"] for name, row in _by_name(ledger).items()} == {
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
            _begun(ledger, make_run(f"run-{number}", pipeline="pq"[number % 2], name=f"n{number}", tags=("t",)))
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
        _begun(ledger, make_run("20260101-abcd"))
        _begun(ledger, make_run("20260102-efgh", name="baseline"))
        names = ["20260102-efgh", "20260102", "baseline", "last"]
        assert {ledger.run(name).id for name in names} == {"20260102-efgh"}
        assert ledger.run("last~1") == make_run("20260101-abcd")
        assert ledger.status("last") == "running"
        for name, hint in (("202601", "20260101-abcd"), ("baselin", "baseline"), ("last~2", ""), ("", ""), ("%", "")):
            with pytest.raises(NotFound) as caught:
                ledger.run(name)
            assert hint in caught.value.hint

    def test_a_run_whose_process_died_has_failed(self, ledger: Ledger, other: Ledger, clock: HeldClock) -> None:
        """Once its lease ran out, and not before; and what ran in it runs no more."""
        ledger.claim(["run:run-1"], "driver", 10)
        _begun(ledger)
        ledger.record("run-1", [Begun("run-1/a/1", "a", 1)])
        clock.move(9)
        assert ledger.renew("driver", 10) == 1
        clock.move(9)
        assert (other.status("run-1"), other.runs()[0]["status"]) == ("running", "running")
        clock.move(2)
        assert (other.status("run-1"), other.runs()[0]["status"]) == ("failed", "failed")
        assert _by_name(other)["a"]["status"] == "cancelled"

    def test_a_run_that_never_had_a_lease_does_not_run_for_ever(self, ledger: Ledger, clock: HeldClock) -> None:
        """Its process may have died before its first heartbeat."""
        _begun(ledger)
        assert ledger.status("run-1") == "running"
        clock.move(3600)
        assert ledger.status("run-1") == "failed"

    def test_a_run_taken_over_takes_no_more_from_its_old_process(
        self, ledger: Ledger, other: Ledger, clock: HeldClock
    ) -> None:
        """A paused process that wakes can add nothing."""
        ledger.claim(["run:run-1"], "old", 10)
        _begun(ledger)
        clock.move(11)
        assert other.claim(["run:run-1"], "new", 10)["run:run-1"].owner == "new"
        with pytest.raises(LeaseLost):
            ledger.record("run-1", [Begun("run-1/a/1", "a", 1)])
        with pytest.raises(LeaseLost):
            ledger.commit("run-1", [make_execution()], {})
        other.record("run-1", [Begun("run-1/a/2", "a", 2)])
        assert ledger.find([make_execution().key]) == {}

    # executions

    def test_what_was_committed_is_found(self, ledger: Ledger, other: Ledger) -> None:
        """Whole, with small values large and small; and its data by address."""
        executions = [
            make_execution("a", data=b"tiny"),
            make_execution("b", data=b"large" * 4000),
            make_execution("c", data=None),
            make_execution("d", data=b""),
        ]
        _begun(ledger)
        assert ledger.commit("run-1", executions, {}) == ()
        wanted = {one.key: one for one in executions}
        assert other.find([*wanted, "unknown"]) == wanted
        assert other.find([]) == {}
        assert other.data(digest_bytes(b"tiny")) == b"tiny"
        assert other.data(digest_bytes(b"large" * 4000)) == b"large" * 4000
        assert other.data(digest_bytes(b"")) == b""
        assert other.data(digest_bytes(b"stored")) is None
        assert other.recent("p") == {one.step: one for one in executions}
        assert other.recent("q") == {}
        assert list(other.executions()) == executions
        assert list(other.executions("p", "b")) == executions[1:2]
        assert list(other.executions("q")) == []

    def test_committing_again_is_harmless(self, ledger: Ledger, other: Ledger) -> None:
        """An answer that got lost is asked for again, under the same fence."""
        execution = make_execution()
        _begun(ledger)
        lease = ledger.claim([execution.key], "me", 10)[execution.key]
        for asked in (ledger, other, ledger):
            assert asked.commit("run-1", [execution], {execution.key: lease.fence}, [Warned("a", "k", "w")]) == ()
        assert [type(one.event) for one in ledger.events("run-1")] == [RunStarted, Warned, Committed]
        assert list(ledger.executions()) == [execution]

    def test_the_first_commit_of_a_key_wins(self, ledger: Ledger, other: Ledger) -> None:
        """The second run's step has succeeded as well, with what the first made."""
        first = make_execution(run="run-1", data=b"first")
        second = make_execution(run="run-2", data=b"second")
        _begun(ledger, make_run("run-1"))
        _begun(other, make_run("run-2"))
        assert ledger.commit("run-1", [first], {}) == ()
        assert other.commit("run-2", [second], {}) == ()
        assert ledger.find([first.key]) == {first.key: first}
        row = _by_name(ledger, "run-2")["a"]
        assert (row["status"], row["execution"]) == ("succeeded", first)

    def test_work_that_people_asked_to_do_again_wins(self, ledger: Ledger) -> None:
        """The old execution stays in the history of its run."""
        old, new = make_execution(data=b"old"), make_execution(run="run-2", data=b"new")
        for run in ("run-1", "run-2"):
            _begun(ledger, make_run(run))
        ledger.commit("run-1", [old], {})
        for _ in range(2):
            assert ledger.commit("run-2", [new], {}, (), [new.key]) == ()
        assert ledger.find([old.key]) == {old.key: new}
        assert [_by_name(ledger, run)["a"]["execution"] for run in ("run-1", "run-2")] == [old, new]
        assert list(ledger.executions()) == [old, new]

    def test_work_without_a_run_can_be_committed(self, ledger: Ledger) -> None:
        """Probes and traces work outside runs."""
        execution = make_execution(run="")
        assert ledger.commit("", [execution], {}) == ()
        assert ledger.find([execution.key]) == {execution.key: execution}

    def test_uncached_work_is_kept_each_time_and_never_offered(self, ledger: Ledger) -> None:
        """It is in the history of its run."""
        for run in ("run-1", "run-2"):
            _begun(ledger, make_run(run))
            execution = make_execution(run=run, cached=False)
            for _ in range(2):
                assert ledger.commit(run, [execution], {}) == ()
            assert _by_name(ledger, run)["a"]["execution"] == execution
        assert ledger.commit("run-2", [make_execution(run="run-2", cached=False, attempt=2)], {}) == ()
        assert ledger.find([execution.key]) == {}
        assert [(one.run, one.attempt) for one in ledger.executions()] == [("run-1", 1), ("run-2", 1), ("run-2", 2)]

    def test_what_was_forgotten_is_done_again(self, ledger: Ledger, other: Ledger) -> None:
        """It is still told as a reason and in the history of its run."""
        old = make_execution(data=b"old")
        _begun(ledger)
        ledger.commit("run-1", [old], {})
        other.forget([old.key, "unknown"], "its blob is gone")
        assert ledger.find([old.key]) == {}
        assert ledger.recent("p") == {"a": replace(old, cached=False)}
        new = make_execution(run="run-2", data=b"new")
        _begun(ledger, make_run("run-2"))
        ledger.commit("run-2", [new], {})
        assert ledger.find([old.key]) == {old.key: new}
        assert _by_name(ledger, "run-1")["a"]["execution"] == old
        assert ledger.events("run-1", after=1)[0].event == Committed(old)
        assert list(ledger.executions()) == [old, new]

    # leases

    def test_one_owner_at_a_time(self, ledger: Ledger, other: Ledger, clock: HeldClock) -> None:
        """The others are told who it is."""
        mine = ledger.claim(["k1", "k2"], "me", 10)
        assert {lease.owner for lease in mine.values()} == {"me"}
        theirs = other.claim(["k2", "k3"], "you", 10)
        assert theirs["k2"] == mine["k2"]
        assert theirs["k3"].owner == "you"
        clock.move(5)
        kept = ledger.claim(["k1"], "me", 10)["k1"]
        assert (kept.fence, kept.expires) == (mine["k1"].fence, clock.steady + 10)
        assert ledger.claim([], "me", 10) == {}

    def test_a_lease_runs_out(self, ledger: Ledger, other: Ledger, clock: HeldClock) -> None:
        """The next holder's fence is greater, and the last holder's commit is refused."""
        execution, fine = make_execution("a"), make_execution("b")
        _begun(ledger)
        held = ledger.claim([execution.key], "me", 10)
        clock.move(10.5)
        held |= ledger.claim([fine.key], "me", 10)
        taken = other.claim([execution.key], "you", 10)[execution.key]
        assert taken.owner == "you"
        assert taken.fence > held[execution.key].fence
        fences = {key: lease.fence for key, lease in held.items()}
        assert ledger.commit("run-1", [execution, fine], fences) == (execution.key,)
        assert ledger.find([execution.key, fine.key]) == {fine.key: fine}
        assert _by_name(ledger)["a"]["status"] == "waiting"
        assert other.claim([execution.key], "you", 10)[execution.key].fence == taken.fence

    def test_a_lease_that_ran_out_commits_nothing(self, ledger: Ledger, clock: HeldClock) -> None:
        """Even where nobody took it; once it is claimed again, the same work can be committed."""
        execution = make_execution()
        _begun(ledger)
        lease = ledger.claim([execution.key], "me", 10)[execution.key]
        clock.move(10.5)
        assert ledger.renew("me", 10) == 0
        assert ledger.commit("run-1", [execution], {execution.key: lease.fence}, [Warned("a", "k", "w")]) == (
            execution.key,
        )
        assert [type(one.event) for one in ledger.events("run-1")] == [RunStarted, Warned]
        again = ledger.claim([execution.key], "me", 10)[execution.key]
        assert again.fence > lease.fence
        assert ledger.commit("run-1", [execution], {execution.key: again.fence}) == ()

    def test_a_commit_gives_its_leases_back(self, ledger: Ledger, other: Ledger) -> None:
        """And only its own."""
        execution = make_execution()
        _begun(ledger)
        leases = ledger.claim([execution.key, "else"], "me", 10)
        ledger.commit("run-1", [execution], {execution.key: leases[execution.key].fence})
        after = other.claim([execution.key, "else"], "you", 10)
        assert {key: lease.owner for key, lease in after.items()} == {execution.key: "you", "else": "me"}

    def test_leases_can_be_given_back(self, ledger: Ledger, other: Ledger) -> None:
        """Some or all of one's own; a fence never comes again."""
        first = ledger.claim(["k1", "k2", "k3"], "me", 10)
        other.release("you")
        ledger.release("me", ["k1"])
        assert {k: v.owner for k, v in other.claim(["k1", "k2"], "you", 10).items()} == {"k1": "you", "k2": "me"}
        ledger.release("me")
        assert ledger.renew("me", 10) == 0
        second = other.claim(["k2", "k3"], "you", 10)
        assert {lease.owner for lease in second.values()} == {"you"}
        assert min(lease.fence for lease in second.values()) > max(lease.fence for lease in first.values())

    def test_the_wall_clock_moves_no_lease(self, ledger: Ledger, other: Ledger, clock: HeldClock) -> None:
        """Neither an hour forward nor a day back."""
        ledger.claim(["k"], "me", 10)
        for jump in (3600.0, -86_400.0, 86_400.0 * 365):
            clock.wall += jump
            assert other.claim(["k"], "you", 10)["k"].owner == "me"

    def test_a_heartbeat_thread_has_its_way(self, ledger: Ledger) -> None:
        """One object serves many threads at once."""
        ledger.claim(["k"], "me", 10)
        _begun(ledger)
        found: list[int] = []
        problems: list[BaseException] = []

        def beat() -> None:
            try:
                for _ in range(30):
                    found.append(ledger.renew("me", 10))
            except BaseException as error:  # handed to the test
                problems.append(error)

        threads = [threading.Thread(target=beat) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in range(30):
            ledger.commit("run-1", [make_execution(f"s{number}")], {})
        for thread in threads:
            thread.join()
        assert problems == []
        assert found == [1] * 120
        assert len(ledger.recent("p")) == 30

    # other memory

    def test_closures_come_back(self, ledger: Ledger, other: Ledger) -> None:
        """Saved once or often; unknown ones are None."""
        text = "def f():\n    return 1\n"
        pieces = (Piece("function", "p.f", digest_bytes(b"f"), "p.py", 3, text), Piece("package", "polars", "1.30"))
        codes = [Code("c1", pieces), Code("c2", pieces[:1]), Code("c3", (Piece("value", "p.x", "d", text="a\x00b€"),))]
        ledger.save_codes(codes[:2])
        ledger.save_codes(codes)
        other.save_codes(codes)
        assert [other.code(code.digest) for code in codes] == codes
        assert other.code("c4") is None
        ledger.save_codes([])

    def test_small_values_are_kept(self, ledger: Ledger, other: Ledger) -> None:
        """By digest, once."""
        for data in (b"", b"snapshot" * 1000, b"\x00\xff"):
            assert ledger.put(data) == other.put(data) == digest_bytes(data)
            assert other.data(digest_bytes(data)) == data
        assert other.data(digest_bytes(b"absent")) is None

    def test_file_stats_are_remembered(self, ledger: Ledger, other: Ledger) -> None:
        """The newest of each path; a path that no text can hold costs nothing but memory."""
        assert ledger.stats() == {}
        ledger.save_stats({"/a": (1, 2**62, 2**63 - 1, "d1"), "/b c": (3, 4, 5, "d2"), "/\udcff": (1, 2, 3, "d3")})
        other.save_stats({"/a": (9, 9, 9, "d4")})
        found = ledger.stats()
        assert found["/a"] == (9, 9, 9, "d4")
        assert found["/b c"] == (3, 4, 5, "d2")

    def test_memory_outlasts_the_object(self, tmp_path: Path, clock: HeldClock) -> None:
        """Closed and opened again, everything is there; closing twice is harmless."""
        ledger = self.make(tmp_path, clock)
        execution = make_execution()
        _begun(ledger)
        ledger.commit("run-1", [execution], {})
        ledger.claim(["k"], "me", 10)
        ledger.close()
        ledger.close()
        ledger = self.make(tmp_path, clock)
        assert ledger.find([execution.key]) == {execution.key: execution}
        assert len(ledger.events("run-1")) == 2
        assert ledger.claim(["k"], "you", 10)["k"].owner == "me"
        ledger.close()
