import sqlite3
from pathlib import Path

import pytest

from penstock.errors import LedgerError, NotFound
from penstock.ledger import history
from penstock.ledger.sqlite import SqliteLedger
from penstock.model.event import Begun, Decided, RunStarted
from penstock.model.run import Decision
from penstock.testing.ledgers import HeldClock, make_execution, make_run


def test_events_of_one_run_are_not_another_s(tmp_path: Path) -> None:
    with SqliteLedger(tmp_path / "l.db") as ledger:
        for number in range(5):
            ledger.record(f"run-{number}", [RunStarted(make_run(f"run-{number}"))])
        for number in range(5):
            ledger.record(f"run-{number}", [Begun(f"run-{number}/a/1", "a", 1)])
        for number in range(5):
            records = ledger.events(f"run-{number}")
            assert [one.number for one in records] == [1, 2]
            assert records[0].event == RunStarted(make_run(f"run-{number}"))
            assert ledger.events(f"run-{number}", after=-5) == records


def test_signs_in_a_prefix_are_just_signs(tmp_path: Path) -> None:
    with SqliteLedger(tmp_path / "l.db") as ledger:
        ledger.record("a_b", [RunStarted(make_run("a_b"))])
        assert ledger.run("a_").id == "a_b"
        for prefix in ("a%", "ab", "_", "last~", "last~x", "last~99999999999"):
            with pytest.raises(NotFound):
                ledger.run(prefix)


def test_names_before_prefixes(tmp_path: Path) -> None:
    """An exact id before a tag, a tag before a name, a name (its newest run) before a prefix."""
    with SqliteLedger(tmp_path / "l.db") as ledger:
        for name, called in (("one", "two"), ("two", "best"), ("three", "best"), ("bestest", "")):
            ledger.record(name, [RunStarted(make_run(name, name=called))])
        assert ledger.run("two").id == "two"
        assert ledger.run("best").id == "three"
        ledger.tag("run", "one", "best")
        assert ledger.run("best").id == "one"
        ledger.untag("run", "best")
        assert ledger.run("beste").id == "bestest"


def test_a_damaged_execution_is_told_not_guessed(tmp_path: Path) -> None:
    execution = make_execution()
    with SqliteLedger(tmp_path / "l.db") as ledger:
        ledger.record("run-1", [RunStarted(make_run())])
        ledger.commit("run-1", [execution], {})
        ledger.record(
            "run-2", [RunStarted(make_run("run-2")), Decided((Decision("a", "reuse", (), execution.key, execution),))]
        )
        other = sqlite3.connect(tmp_path / "l.db")
        other.execute("UPDATE executions SET body = CAST(substr(body, 1, 60) || x'00' || substr(body, 62) AS BLOB)")
        other.commit()
        other.close()
        with pytest.raises(LedgerError, match="damaged"):
            ledger.events("run-1")
        assert ledger.steps("run-1")[0]["execution"] is None
        assert ledger.events("run-2")[1].event.decisions[0].execution is None
        assert ledger.find([execution.key]) == {}
        ledger.commit("run-2", [make_execution(run="run-2")], {})  # done again
        assert ledger.find([execution.key]) == {execution.key: make_execution(run="run-2")}


def test_who_died_is_asked_of_the_lease(tmp_path: Path) -> None:
    clock = HeldClock()
    with SqliteLedger(tmp_path / "l.db", clock=clock) as ledger:
        ledger.record("run-1", [RunStarted(make_run())])
        with ledger._connections.read() as connection:
            asked: list[tuple[float, float, str]] = []

            def alive(*columns: float | str) -> bool:
                asked.append(columns)
                return False

            assert history.status(connection, "run-1", alive) == "failed"
        assert asked == [(clock.steady + 60, 60.0, "given clock")]
