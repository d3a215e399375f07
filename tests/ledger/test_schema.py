import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.errors import LedgerError, SchemaMismatch
from penstock.ledger.schema import APPLICATION, MIGRATIONS, prepare, version
from penstock.ledger.sqlite import SqliteLedger
from penstock.model.event import RunStarted
from penstock.testing.ledgers import make_run

NEXT = """
-- what a later version might do
ALTER TABLE runs ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue';
CREATE TABLE extras (name TEXT PRIMARY KEY);
INSERT INTO extras SELECT id FROM runs;
CREATE INDEX extras_by_name ON extras (name);
"""
LATER = (*MIGRATIONS, NEXT)


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=30)


def old_ledger(path: Path) -> None:
    with SqliteLedger(path) as ledger:
        ledger.record("run-1", [RunStarted(make_run())])


def schema(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE sql NOT NULL ORDER BY sql")]


def test_a_new_ledger_is_marked(tmp_path: Path) -> None:
    connection = connect(tmp_path / "l.db")
    assert version(connection, tmp_path / "l.db", MIGRATIONS) == 0
    prepare(connection, tmp_path / "l.db")
    assert version(connection, tmp_path / "l.db", MIGRATIONS) == len(MIGRATIONS)
    assert connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION
    prepare(connection, tmp_path / "l.db")
    assert os.listdir(tmp_path) == ["l.db"]
    connection.close()


def test_an_older_ledger_is_brought_up_to_date_with_a_copy_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    old_ledger(path)
    with SqliteLedger(path, migrations=LATER) as ledger:
        assert ledger.run("run-1") == make_run()
        assert ledger.check() == []
    connection = connect(path)
    assert connection.execute("SELECT name FROM extras").fetchall() == [("run-1",)]
    assert connection.execute("SELECT colour FROM runs").fetchall() == [("blue",)]
    connection.close()
    (backup,) = tmp_path.glob("ledger.db.v*.backup")
    assert backup.stat().st_mode & 0o777 == 0o600
    backup.rename(path)
    for rest in ("ledger.db-wal", "ledger.db-shm"):
        (tmp_path / rest).unlink(missing_ok=True)
    with SqliteLedger(path) as ledger:  # the copy is a ledger of the old version
        assert ledger.run("run-1") == make_run()
        assert ledger.check() == []


def test_a_newer_ledger_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    SqliteLedger(path, migrations=LATER).close()
    before = path.read_bytes()
    with pytest.raises(SchemaMismatch) as caught:
        SqliteLedger(path)
    assert str(len(LATER)) in caught.value.what
    assert str(len(MIGRATIONS)) in caught.value.what
    assert "Upgrade" in caught.value.hint
    assert path.read_bytes() == before


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    connection = connect(path)
    connection.execute("CREATE TABLE notes (text)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(LedgerError, match="no ledger"):
        SqliteLedger(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["notes.db"]


def test_a_version_that_never_was_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    SqliteLedger(path).close()
    connection = connect(path)
    connection.execute("PRAGMA user_version = 0")
    connection.close()
    with pytest.raises(SchemaMismatch):
        SqliteLedger(path)


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    old_ledger(path)
    connection = connect(path)
    before = schema(connection)
    connection.close()
    with pytest.raises(LedgerError):
        SqliteLedger(path, migrations=(*MIGRATIONS, NEXT + "INSERT INTO nowhere VALUES (1);"))
    connection = connect(path)
    assert schema(connection) == before
    assert version(connection, path, MIGRATIONS) == len(MIGRATIONS)
    connection.close()
    with SqliteLedger(path) as ledger:
        assert ledger.run("run-1") == make_run()


def test_killed_at_any_statement_it_is_old_or_new(tmp_path: Path) -> None:
    """And the next who opens it finishes the work."""
    code = """
import os, signal, sqlite3, sys
from pathlib import Path
from penstock.ledger.schema import prepare
path, statement, *migrations = sys.argv[1:]
class Deadly(sqlite3.Connection):
    count = 0
    def execute(self, *args):
        Deadly.count += 1
        if Deadly.count == int(statement):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(*args)
prepare(sqlite3.connect(path, isolation_level=None, factory=Deadly), Path(path), migrations)
print("done")
"""
    killed = 0
    for statement in range(1, 40):
        path = tmp_path / str(statement) / "ledger.db"
        old_ledger(path)
        ended = subprocess.run(
            [sys.executable, "-c", code, path, str(statement), *LATER], capture_output=True, text=True
        )
        killed += ended.returncode == -signal.SIGKILL
        connection = connect(path)
        found = version(connection, path, LATER)
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        assert ("extras" in tables) == (found == len(LATER))
        connection.close()
        with SqliteLedger(path, migrations=LATER) as ledger:
            assert ledger.run("run-1") == make_run()
            assert ledger.check() == []
        if ended.stdout:
            break
    assert ended.returncode == 0
    assert killed >= 8


def test_many_migrators_at_once_do_it_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    old_ledger(path)
    code = (
        "import sys; from penstock.ledger.sqlite import SqliteLedger\n"
        "input(); print(SqliteLedger(sys.argv[1], migrations=sys.argv[2:]).check())"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, path, *LATER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(5)
    ]
    for one in running:
        one.stdin.write("go\n")
        one.stdin.flush()
    assert [one.communicate()[0].strip() for one in running] == ["[]"] * 5
    assert len(list(tmp_path.glob("*.backup"))) == 1
