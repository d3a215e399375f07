from pathlib import Path

from penstock.ledger.sqlite import SqliteLedger
from penstock.model.digest import digest_bytes
from penstock.model.event import Committed, Decided, Grown, Noted, RunEnded, RunStarted
from penstock.model.run import Decision, Reason
from penstock.model.task import Ended
from penstock.testing.ledgers import make_execution, make_run


def test_a_commit_told_as_an_event_is_kept(tmp_path: Path) -> None:
    with SqliteLedger(tmp_path / "l.db") as ledger:
        ledger.record("run-1", [RunStarted(make_run()), Committed(make_execution())])
        assert ledger.find([make_execution().key]) == {make_execution().key: make_execution()}
        assert ledger.steps("run-1")[0]["status"] == "succeeded"
        assert ledger.check() == []


def test_superseded_work_gives_way(tmp_path: Path) -> None:
    """People asked to do it again: the new execution is offered, the old one stays in history."""
    old, new = make_execution(data=b"old"), make_execution(run="run-2", data=b"new")
    with SqliteLedger(tmp_path / "l.db") as ledger:
        for run in ("run-1", "run-2"):
            ledger.record(run, [RunStarted(make_run(run))])
        ledger.commit("run-1", [old], {})
        for _ in range(2):
            assert ledger.commit("run-2", [new], {}, replace=[new.key]) == ()
            assert ledger.find([old.key]) == {old.key: new}
        assert list(ledger.executions()) == [old, new]
        assert [ledger.steps(run)[0]["execution"] for run in ("run-1", "run-2")] == [old, new]
        assert ledger.check() == []


def test_decisions_do_not_repeat_what_they_reuse(tmp_path: Path) -> None:
    """Ten thousand reused steps are small."""
    steps = tuple([f"s{number:05}" for number in range(2000)])
    executions = [make_execution(step) for step in steps]
    with SqliteLedger(tmp_path / "l.db") as ledger:
        ledger.commit("", executions, {})
        same = (Reason("same", "nothing changed"),)
        decided = Decided(tuple([Decision(one.step, "reuse", same, one.key, one) for one in executions]))
        ledger.record("run-1", [RunStarted(make_run(steps=steps)), decided, RunEnded("succeeded", 0.1)])
        with ledger._connections.read() as connection:
            size = connection.execute("SELECT length(body) FROM events WHERE kind = 'Decided'").fetchone()[0]
        assert size < 2000 * 200
        assert ledger.events("run-1")[1].event == decided
        assert {row["status"] for row in ledger.steps("run-1")} == {"reused"}


def test_every_blob_that_is_needed_is_known(tmp_path: Path) -> None:
    figure = make_execution("figure", data=None).outputs[0].stored
    parts = (digest_bytes(b"part 1"), digest_bytes(b"part 2"))
    stored = type(figure)("arrow", digest_bytes(b"state"), digest_bytes(b"root"), 9, parts=parts)
    execution = make_execution("a", outputs=(type(make_execution().outputs[0])("a", stored),))
    snapshot = digest_bytes(b"source")
    other = type(figure)("png", digest_bytes(b"png"), digest_bytes(b"png"), 3)
    with SqliteLedger(tmp_path / "l.db") as ledger:
        ledger.record("run-1", [RunStarted(make_run(snapshot=snapshot)), Noted("run-1/a/1", name="f", figure=figure)])
        ended = Ended("run-1/a/1", "succeeded", figures={"g": other})
        ledger.commit("run-1", [execution, make_execution("b")], {}, [ended])
        used = ledger.blobs_in_use()
        assert set(used) == {*parts, stored.blob, snapshot, figure.blob, other.blob}
        assert used[parts[0]] == "a"
        assert ledger.users(parts[1]) == [execution]
        assert ledger.users(digest_bytes(b"1")) == [make_execution("b")]
        ledger.forget([execution.key], "lost")
        assert set(ledger.blobs_in_use()) == {snapshot, figure.blob, other.blob}
        assert ledger.users(parts[1]) == [execution]


def test_children_of_an_unknown_step_come_last(tmp_path: Path) -> None:
    with SqliteLedger(tmp_path / "l.db") as ledger:
        ledger.record("run-1", [RunStarted(make_run(steps=("z",))), Grown("nobody", ("k1", "k0"))])
        assert [row["step"] for row in ledger.steps("run-1")] == ["z", "k1", "k0"]
