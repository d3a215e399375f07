import sqlite3
from pathlib import Path

import msgspec
import pytest

from penstock.ledger.sqlite import SqliteLedger
from penstock.model.artifact import Stored
from penstock.model.digest import digest_bytes
from penstock.model.event import Decided, Noted, RunEnded, RunStarted
from penstock.model.holdings import Faults, Figure, Holdings, LostSource, Retired
from penstock.model.run import Decision
from penstock.testing.ledgers import HeldClock, make_execution, make_run

BLOB = digest_bytes(b"stored")
DATA = b"d" * 1000
SOURCE = b"import penstock"


def filled(path: Path, clock: HeldClock | None = None) -> SqliteLedger:
    ledger = SqliteLedger(path, clock=clock or HeldClock())
    snapshot = ledger.put(msgspec.json.encode({"p.py": ledger.put(SOURCE)}))
    figure = Stored("png", BLOB, BLOB, 6)
    run = make_run(snapshot=snapshot, root="somewhere", tags=["weekly"])
    ledger.record("run-1", [RunStarted(run), Noted("run-1/a/1", name="plot", figure=figure)])
    executions = [make_execution("a", data=DATA), make_execution("b", data=None), make_execution("c", cached=False)]
    ledger.commit("run-1", executions, {})
    return ledger


def test_figures_are_held_and_snapshots_are_not(tmp_path: Path) -> None:
    with filled(tmp_path / "l.db") as ledger:
        held = ledger.holdings()
        assert held.figures == (Figure("run-1", "plot", BLOB),)
        assert [(one.step, one.state) for one in held.executions.values()] == [
            ("a", "offered"),
            ("b", "offered"),
            ("c", "uncached"),
        ]
        assert held.runs["run-1"].root == "somewhere"
        assert held.runs["run-1"].named
        assert len(held.runs["run-1"].open) == 0
        ledger.retire(lambda _: Retired(frozenset([3]), frozenset(held.figures)), "gone")
        after = ledger.holdings()
        assert after.figures == ()
        assert [one.state for one in after.executions.values()] == ["offered", "offered", "forgotten"]
        assert ledger.blobs_in_use() == {BLOB: "b", held_snapshot(ledger): "snapshot"}


def held_snapshot(ledger: SqliteLedger) -> str:
    return ledger.run("run-1").snapshot


def test_what_is_retired_says_why_and_keeps_an_older_reason(tmp_path: Path) -> None:
    with filled(tmp_path / "l.db") as ledger:
        ledger.forget([make_execution("a").key], "first")
        ledger.retire(lambda held: Retired(frozenset(held.executions)), "second")
    connection = sqlite3.connect(tmp_path / "l.db")
    assert connection.execute("SELECT reason FROM executions ORDER BY sequence").fetchall() == [
        ("first",),
        ("second",),
        ("second",),
    ]
    connection.close()


def test_nothing_is_retired_where_choosing_fails(tmp_path: Path) -> None:
    def choose(held: Holdings) -> Retired:
        raise ZeroDivisionError

    with filled(tmp_path / "l.db") as ledger:
        before = ledger.holdings()
        with pytest.raises(ZeroDivisionError):
            ledger.retire(choose, "never")
        assert ledger.holdings() == before


def test_open_steps_and_states_of_runs(tmp_path: Path) -> None:
    clock = HeldClock()
    with filled(tmp_path / "l.db", clock) as ledger:
        ledger.record("run-1", [RunEnded("succeeded", 1.0)])
        clock.move(100_000)
        ledger.record("run-2", [RunStarted(make_run("run-2")), Decided((Decision("a", "run", (), "k-a"),))])
        runs = ledger.holdings().runs
        assert runs["run-2"].open == {"k-a"}
        assert [(one.status, one.live) for one in runs.values()] == [("succeeded", False), ("running", True)]
        assert runs["run-2"].active == clock.wall
        clock.move(1000)
        assert not ledger.holdings().runs["run-2"].live


def test_names_given_by_people(tmp_path: Path) -> None:
    with filled(tmp_path / "l.db") as ledger:
        ledger.record("run-2", [RunStarted(make_run("run-2"))])
        assert not ledger.holdings().runs["run-2"].named
        ledger.tag("run", "run-2", "best")
        ledger.tag("artifact", BLOB, "champion")
        held = ledger.holdings()
        assert held.runs["run-2"].named
        assert [one.step for one in held.executions.values() if one.named] == ["b"]


def test_work_outside_a_run_tells_when_it_began(tmp_path: Path) -> None:
    with filled(tmp_path / "l.db") as ledger:
        ledger.commit("", [make_execution("z", run="", started=77.0)], {})
        assert [one.started for one in ledger.holdings().executions.values()] == [0.0, 0.0, 0.0, 77.0]


SNAPSHOT = digest_bytes(msgspec.json.encode({"p.py": digest_bytes(SOURCE)}))
SMALL = digest_bytes(DATA)


@pytest.mark.parametrize(
    ("damage", "faults"),
    [
        ("SELECT 1", Faults()),
        ("UPDATE executions SET body = substr(body, 2) WHERE step = 'b'", Faults(frozenset([2]))),
        ("UPDATE executions SET body = zeroblob(9) WHERE step = 'b'", Faults(frozenset([2]))),
        (
            f"UPDATE smalls SET data = CAST(data || x'00' AS BLOB) WHERE digest = '{SMALL}'",
            Faults(smalls={SMALL: (1,)}),
        ),
        (f"DELETE FROM smalls WHERE digest = '{SMALL}'", Faults(smalls={SMALL: (1,)}, missing=frozenset([SMALL]))),
        (
            f"DELETE FROM smalls WHERE digest = '{digest_bytes(SOURCE)}'",
            Faults(sources={digest_bytes(SOURCE): LostSource(SNAPSHOT, ("run-1",), "p.py")}),
        ),
        (
            f"DELETE FROM smalls WHERE digest = '{SNAPSHOT}'",
            Faults(sources={SNAPSHOT: LostSource(SNAPSHOT, ("run-1",), "")}),
        ),
        (
            f"UPDATE smalls SET data = x'00' WHERE digest = '{SNAPSHOT}'",
            Faults(smalls={SNAPSHOT: ()}, sources={SNAPSHOT: LostSource(SNAPSHOT, ("run-1",), "")}),
        ),
    ],
)
def test_each_fault_is_named(tmp_path: Path, damage: str, faults: Faults) -> None:
    filled(tmp_path / "l.db").close()
    connection = sqlite3.connect(tmp_path / "l.db")
    connection.executescript(damage)
    connection.close()
    with SqliteLedger(tmp_path / "l.db") as ledger:
        assert ledger.faults() == faults


def test_damage_that_was_forgotten_is_told_no_more(tmp_path: Path) -> None:
    filled(tmp_path / "l.db").close()
    connection = sqlite3.connect(tmp_path / "l.db")
    connection.execute("UPDATE executions SET body = substr(body, 2) WHERE step = 'b'")
    connection.execute("UPDATE smalls SET data = x'00' WHERE digest = ?", (SMALL,))
    connection.commit()
    connection.close()
    with SqliteLedger(tmp_path / "l.db") as ledger:
        assert len(ledger.check()) > 1
        ledger.retire(lambda _: Retired(frozenset([1, 2]), smalls=frozenset([SMALL])), "damaged")
        assert ledger.check() == []
        assert ledger.faults() == Faults()


def test_a_damaged_small_value_is_replaced_by_a_good_one(tmp_path: Path) -> None:
    filled(tmp_path / "l.db").close()
    connection = sqlite3.connect(tmp_path / "l.db")
    connection.execute("UPDATE smalls SET data = x'00'")
    connection.commit()
    connection.close()
    with SqliteLedger(tmp_path / "l.db") as ledger:
        assert ledger.data(SMALL) is None
        ledger.put(DATA)
        assert ledger.data(SMALL) == DATA
