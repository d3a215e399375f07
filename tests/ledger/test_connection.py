import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from penstock.errors import LedgerError
from penstock.ledger import mounts
from penstock.ledger.connection import Connections


def put(connections: Connections, name: str, value: int, *, durable: bool = True) -> None:
    with connections.write(durable=durable) as connection:
        connection.execute("INSERT INTO counters VALUES (?, ?)", (name, value))


def get(connections: Connections, name: str) -> int | None:
    with connections.read() as connection:
        row = connection.execute("SELECT value FROM counters WHERE name = ?", (name,)).fetchone()
    return row[0] if row else None


def test_files_are_for_this_user_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        connections = Connections(tmp_path / "new" / "state" / "ledger.db")
        put(connections, "a", 1)
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    for path in (tmp_path / "new" / "state").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path
    connections.close()


def test_commits_are_durable_unless_they_are_cheap(tmp_path: Path) -> None:
    connections = Connections(tmp_path / "l.db")
    found = []
    for durable in (True, False, False, True):
        with connections.write(durable=durable) as connection:
            found.append(connection.execute("PRAGMA synchronous").fetchone()[0])
    assert found == [2, 1, 1, 2]
    assert connections.get().execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    connections.close()


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_an_error_undoes_all_of_it(tmp_path: Path, error: type[BaseException]) -> None:
    connections = Connections(tmp_path / "l.db")
    with pytest.raises(error), connections.write() as connection:  # noqa: PT012 - the block is what is tested
        connection.execute("INSERT INTO counters VALUES ('a', 1)")
        raise error
    put(connections, "b", 2)
    assert (get(connections, "a"), get(connections, "b")) == (None, 2)
    connections.close()


def test_each_thread_has_its_own(tmp_path: Path) -> None:
    connections = Connections(tmp_path / "l.db")
    seen = []

    def work() -> None:
        seen.append(connections.get())
        assert connections.get() is seen[-1]

    for _ in range(20):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert all(one is not connections.get() for one in seen)
    assert len(connections._held._all) <= 2  # those of threads that ended were closed
    connections.close()


def test_a_forked_child_opens_its_own(tmp_path: Path) -> None:
    connections = Connections(tmp_path / "l.db")
    put(connections, "a", 1)
    child = os.fork()
    if not child:
        try:
            put(connections, "b", 2)
            connections.close()
            os._exit(0)
        except BaseException:
            os._exit(1)
    with connections.write() as connection:
        connection.execute("INSERT INTO counters VALUES ('c', 3)")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert [get(connections, name) for name in "abc"] == [1, 2, 3]
    connections.close()


def test_a_closed_ledger_says_so(tmp_path: Path) -> None:
    connections = Connections(tmp_path / "l.db")
    connections.close()
    connections.close()
    with pytest.raises(LedgerError, match="closed"):
        put(connections, "a", 1)


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "mountinfo"
    table.write_text("20 1 0:20 / / rw - nfs4 server:/home rw\n")
    monkeypatch.setattr(mounts, "MOUNTS", table)
    with pytest.raises(LedgerError, match="nfs4") as caught:
        Connections(tmp_path / "l.db")
    assert "local disk" in caught.value.hint
    assert not (tmp_path / "l.db").exists()


def test_patience_ends_in_words(tmp_path: Path) -> None:
    holder = Connections(tmp_path / "l.db")
    waiting = Connections(tmp_path / "l.db", patience=0.1)
    with holder.write(), pytest.raises(LedgerError, match="locked for too long"):
        put(waiting, "a", 1)
    put(waiting, "a", 1)
    holder.close()
    waiting.close()


def test_many_make_it_at_once(tmp_path: Path) -> None:
    code = "import sys; from penstock.ledger.connection import Connections; input(); Connections(sys.argv[1])"
    code = code.replace("sys.argv[1]", "__import__('pathlib').Path(sys.argv[1])")
    running = [
        subprocess.Popen([sys.executable, "-c", code, tmp_path / "l.db"], stdin=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    for one in running:
        one.communicate("go\n")
    assert [one.returncode for one in running] == [0] * 6


@pytest.mark.parametrize("content", [b"not a database at all", b"SQLite format 3\x00" + bytes(4080)])
def test_what_is_no_database_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "l.db").write_bytes(content)
    with pytest.raises(LedgerError, match="damaged") as caught:
        Connections(tmp_path / "l.db")
    assert "move it away" in caught.value.hint


def test_a_schema_damaged_beyond_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    Connections(path).close()
    data = path.read_bytes()
    assert b"CREATE TABLE counters" in data
    path.write_bytes(data.replace(b"CREATE TABLE counters", b"CREATE T\xb1BLE counters"))
    with pytest.raises(LedgerError, match="damaged") as caught:
        Connections(path)
    assert "move it away" in caught.value.hint


@pytest.mark.parametrize("left", ["closed", "killed"])
@pytest.mark.needs("user")
def test_a_read_only_folder_can_be_read(tmp_path: Path, left: str) -> None:
    state = tmp_path / "state"
    connections = Connections(state / "l.db")
    put(connections, "a", 1)
    if left == "closed":
        connections.close()
    state.chmod(0o500)
    try:
        reading = Connections(state / "l.db")
        assert get(reading, "a") == 1
        with pytest.raises(LedgerError, match="read-only"):
            put(reading, "b", 2)
        reading.close()
        with pytest.raises(LedgerError, match="can't be opened"):
            Connections(state / "other.db")
    finally:
        state.chmod(0o700)
        connections.close()


def test_sqlite_checks_types_of_errors(tmp_path: Path) -> None:
    connections = Connections(tmp_path / "l.db")
    with pytest.raises(LedgerError) as caught, connections.read() as connection:
        connection.execute("SELECT * FROM nowhere")
    assert isinstance(caught.value.__cause__, sqlite3.OperationalError)
    connections.close()


def test_a_new_ledger_appears_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks sees no ledger, or one with all its tables; what a dead maker left is cleared away."""
    left = tmp_path / ".l.db.1.2"
    left.write_bytes(b"half")
    os.utime(left, (1, 1))
    seen: list[list[str]] = []
    link = os.link

    def look(source: Path, target: Path) -> None:
        seen.append(sorted(one.name for one in tmp_path.iterdir()))
        link(source, target)
        with contextlib.closing(sqlite3.connect(target)) as connection:
            assert connection.execute("SELECT count(*) FROM runs").fetchone() == (0,)
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)

    monkeypatch.setattr(os, "link", look)
    connections = Connections(tmp_path / "l.db")
    put(connections, "a", 1)
    connections.close()
    assert seen
    assert all("l.db" not in names for names in seen)
    assert [one.name for one in tmp_path.iterdir()] == ["l.db"]


def test_a_file_system_without_links_has_ledgers_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    connections = Connections(tmp_path / "l.db")
    put(connections, "a", 1)
    assert get(connections, "a") == 1
    with connections.read() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connections.close()
    assert [one.name for one in tmp_path.iterdir()] == ["l.db"]
