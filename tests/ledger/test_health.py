import sqlite3
from pathlib import Path

import pytest

from penstock.ledger.sqlite import SqliteLedger
from penstock.model.event import Decided, RunEnded, RunStarted
from penstock.model.run import Decision
from penstock.testing.ledgers import make_execution, make_run


def filled(path: Path) -> None:
    with SqliteLedger(path) as ledger:
        execution = make_execution(data=b"d" * 1000)
        ledger.record("run-1", [RunStarted(make_run())])
        ledger.commit("run-1", [execution, make_execution("b")], {})
        ledger.record("run-2", [RunStarted(make_run("run-2")), Decided((Decision("a", "reuse", (), execution.key),))])
        ledger.record("run-2", [RunEnded("succeeded", 1.0)])
        ledger.put(b"kept")
        assert ledger.check() == []


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("DELETE FROM runs WHERE id = 'run-1'", "without a run"),
        ("DELETE FROM executions WHERE step = 'a'", "execution is gone"),
        ("DELETE FROM events WHERE id & 15 = 2", "events missing"),
        ("DELETE FROM smalls", "small values that are gone"),
        ("UPDATE smalls SET data = CAST(data || x'00' AS BLOB)", "does not match its digest"),
        ("UPDATE executions SET body = substr(body, 2)", "checksum"),
        ("UPDATE events SET body = x'c1'", "checksum"),
        ("UPDATE runs SET body = x'c1'", "can't be read"),
        ("UPDATE steps SET execution = NULL", "done without an execution"),
        ("DELETE FROM latest; INSERT INTO latest VALUES ('p', 'a', 77)", "newest executions that are gone"),
    ],
)
def test_what_does_not_fit_is_told(tmp_path: Path, damage: str, words: str) -> None:
    path = tmp_path / "l.db"
    filled(path)
    connection = sqlite3.connect(path)
    connection.executescript(damage)
    connection.close()
    with SqliteLedger(path) as ledger:
        assert any(words in problem for problem in ledger.check()), ledger.check()


def test_a_page_overwritten_is_told(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    filled(path)
    connection = sqlite3.connect(path)
    page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'latest'").fetchone()[0]
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 200)
    with SqliteLedger(path) as ledger:
        assert any(problem.startswith("the file:") for problem in ledger.check())
