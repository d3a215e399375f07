from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from penstock.errors import LedgerError
from penstock.ledger import copying
from penstock.ledger.copying import copy
from penstock.ledger.postgres import PostgresLedger
from penstock.ledger.sql import SqlLedger
from penstock.ledger.sqlite import SqliteLedger
from penstock.model.code import Code, Piece
from penstock.model.event import Decided, RunEnded, Skipped, Warned
from penstock.model.run import Decision
from penstock.testing.histories import begin
from penstock.testing.samples import make_execution, make_run

Make = Callable[[str], SqlLedger]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres", "psycopg"))])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Ledgers of one kind and another: `other` of PostgreSQL where there is one."""
    made: list[SqlLedger] = []

    def open_one(name: str) -> SqlLedger:
        if name != "source" and request.param == "postgres":
            made.append(PostgresLedger(request.getfixturevalue("postgres_server").ledger()))
        else:
            made.append(SqliteLedger(tmp_path / f"{name}.db"))
        return made[-1]

    yield open_one
    for one in made:
        one.close()


def filled(ledger: SqlLedger) -> SqlLedger:
    for number in range(3):
        begin(ledger, make_run(f"run-{number}", name=f"n{number}"))
        executions = [make_execution(f"s{number}", data=b"x" * 5000), make_execution(f"t{number}", data=None)]
        assert ledger.commit(f"run-{number}", executions, {}, [Warned("s", "k", "what\0ever")]) == ()
        ledger.record(f"run-{number}", [Skipped(("b",), "a reason"), RunEnded("succeeded", 1.5)])
    begin(ledger, make_run("run-9"))
    ledger.record("run-9", [Decided((Decision("a", "reuse", (), executions[0].key),)), RunEnded("failed", 1.0)])
    ledger.forget([executions[1].key], "lost")
    ledger.save_codes([Code("c1", (Piece("value", "p.x", "d", text="a\x00b€\U0001f600"),))])
    ledger.put(b"\x00\xffsmall")
    ledger.tag("artifact", "digest", "näme")
    ledger.save_stats({"/a b": (1, 2**62, 2**63 - 1, "d")})
    ledger.claim(["held"], "me", 30)
    return ledger


def story(ledger: SqlLedger) -> object:
    runs = [ledger.run(row["run"]) for row in ledger.runs()]
    return (
        ledger.runs(), runs, [ledger.steps(run.id) for run in runs], [ledger.events(run.id) for run in runs],
        list(ledger.executions()), ledger.code("c1"), ledger.tagged("artifact"), ledger.stats(), ledger.holdings(),
    )  # fmt: skip


def test_there_and_back_all_is_equal(make: Make) -> None:
    source = filled(make("source"))
    there, back = make("there"), make("source-again")
    first = copy(source, there)
    assert first.done and first.rows["runs"] == 4 and first.rows["executions"] == 6
    assert story(there) == story(source)
    assert there.check() == []
    second = copy(there, back)
    assert (second.rows, second.digests) == (first.rows, first.digests)
    assert story(back) == story(source)
    assert not copy(source, there).done


def test_what_is_done_afterwards_goes_on_where_it_was(make: Make) -> None:
    """Fences never come again, and neither do numbers of runs and executions."""
    source = filled(make("source"))
    fence = source.claim(["k"], "me", 30)["k"].fence
    source.release("me")
    there = make("there")
    copy(source, there)
    assert there.claim(["k"], "you", 30)["k"].fence > fence
    begin(there, make_run("run-new"))
    assert there.commit("run-new", [make_execution("new", run="run-new")], {}) == ()
    assert there.runs()[0]["run"] == "run-new"
    assert len(list(there.executions())) == 7
    assert there.check() == []


def test_a_ledger_that_holds_something_else_is_left(make: Make) -> None:
    source, there = filled(make("source")), make("there")
    begin(there, make_run("theirs"))
    with pytest.raises(LedgerError, match="holds something else"):
        copy(source, there)
    assert [row["run"] for row in there.runs()] == ["theirs"]


def test_a_run_under_way_is_not_torn_apart(make: Make) -> None:
    source, there = filled(make("source")), make("there")
    begin(source, make_run("going-on"))
    source.claim(["run:going-on"], "me", 30)
    with pytest.raises(LedgerError, match="going-on is under way"):
        copy(source, there)


def test_all_or_nothing(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped in the middle, or with other bytes than were sent, the target is as empty as before; then it works."""
    source, there = filled(make("source")), make("there")

    def stop(count: int) -> None:
        if count > 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy(source, there, stop)
    real = copying._kept

    def wrong(session: object, table: str, row: tuple) -> list:
        return [*real(session, table, row)[:-1], b"other"] if table == "smalls" else real(session, table, row)

    monkeypatch.setattr(copying, "_kept", wrong)
    with pytest.raises(LedgerError, match="differs in smalls"):
        copy(source, there)
    monkeypatch.undo()
    assert there.runs() == []
    assert list(there.executions()) == []
    assert copy(source, there).done


def test_many_rows_are_copied_page_by_page(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "_PAGE", 3)
    source, there = filled(make("source")), make("there")
    told: list[int] = []
    done = copy(source, there, told.append)
    assert told == sorted(told) and told[-1] == sum(done.rows.values())
    assert story(there) == story(source)
