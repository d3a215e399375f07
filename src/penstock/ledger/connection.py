"""Connections to an SQLite ledger: one for each thread of each process, opened when first needed."""

import contextlib
import errno
import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from penstock.errors import LedgerError
from penstock.ledger.mounts import network_filesystem
from penstock.ledger.schema import MIGRATIONS, prepare, version
from penstock.ledger.threads import PerThread
from penstock.ledger.troubles import in_words

__all__ = ["Connections"]

_PATIENCE = 60.0  # seconds to wait for another process's transaction; each takes milliseconds
_NAP = 0.0005  # seconds between tries, at first; SQLite's own waiting sleeps up to 0.1 and starves some of 16 writers

T = TypeVar("T")


class Connections:
    """Connections by thread. A transaction is durable (`synchronous=FULL`), or cheap: then a power cut may undo it,
    though never half of it, and a kill of the process never does."""

    def __init__(self, path: Path, migrations: Sequence[str] = MIGRATIONS, patience: float = _PATIENCE) -> None:
        self.path = path
        self._migrations = migrations
        self._patience = patience
        self._held = PerThread(self._make, lambda one: one.connection.close(), path)
        self.get()

    def get(self) -> sqlite3.Connection:
        """This thread's own connection."""
        return self._held.get().connection

    def write(self, *, durable: bool = True) -> "_Write":
        """One transaction that writes. Whatever goes wrong inside, nothing of it remains."""
        return _Write(self, durable)

    def read(self) -> "_Read":
        """One transaction that reads: all its answers are of one moment."""
        return _Read(self)

    def writing(self, work: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
        """What `work` gives, within one transaction that writes."""
        with self.write(durable=durable) as connection:
            return work(connection)

    def reading(self, work: Callable[[sqlite3.Connection], T], *, moment: bool = True) -> T:  # noqa: ARG002 - it is free
        """What `work` gives, within one transaction that reads."""
        with self.read() as connection:
            return work(connection)

    def begin_writing(self, durable: bool) -> sqlite3.Connection:
        """Begin a transaction that writes, on this thread's connection."""
        held = self._held.get()
        connection = held.connection
        if held.durable != durable:
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            held.durable = durable
        self._begin(connection, "BEGIN IMMEDIATE", "")
        return connection

    def begin_reading(self) -> sqlite3.Connection:
        """Begin a transaction that reads, on this thread's connection."""
        connection = self.get()
        self._begin(connection, "BEGIN", "SELECT value FROM counters LIMIT 1")  # the second fixes the moment
        return connection

    @contextlib.contextmanager
    def alone(self) -> Iterator[sqlite3.Connection]:
        """A connection outside a transaction, for what SQLite does by itself in one."""
        try:
            yield self.get()
        except sqlite3.Error as error:
            raise in_words(error, self.path) from error

    def close(self) -> None:
        """Close the connections of all threads. May be called twice."""
        self._held.close()

    def _begin(self, connection: sqlite3.Connection, begin: str, touch: str) -> None:
        """Begin a transaction, waiting in short random naps while other processes are in theirs."""
        end, nap = 0.0, _NAP
        while True:
            try:
                connection.execute(begin)
                if touch:
                    connection.execute(touch).fetchone()
                return
            except sqlite3.OperationalError as error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                now = time.monotonic()
                end = end or now + self._patience
                if "locked" not in str(error) or now > end:
                    raise
            time.sleep(nap * random.random())  # noqa: S311 - not a secret
            nap = min(nap * 1.1, 0.003)

    def _make(self) -> "_Held":
        try:
            return _Held(_open(self.path, self._migrations, self._patience))
        except sqlite3.Error as error:
            raise in_words(error, self.path) from error
        except UnicodeDecodeError as error:  # SQLite's own words about a damaged schema, with bytes of it in them
            raise in_words(sqlite3.DatabaseError(f"malformed: {error}"), self.path) from error
        except OSError as error:
            raise LedgerError(
                f"the ledger {self.path} can't be opened: {error.strerror or error}",
                hint=f"Check owner and permissions of {self.path.parent}, and that its disk is not full.",
            ) from error


class _Held:
    """A connection, and whether its transactions are durable now."""

    __slots__ = ("connection", "durable")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.durable = True


class _Transaction:
    """A transaction as a context; errors of SQLite leave it in words. (A class, as there is one for each step.)"""

    __slots__ = ("_connection", "_connections")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._connection: sqlite3.Connection | None = None

    def _told(self, error: BaseException | None) -> None:
        """Raise what SQLite or a record that can't be read means to people."""
        if isinstance(error, sqlite3.Error):
            raise in_words(error, self._connections.path) from error


class _Write(_Transaction):
    __slots__ = ("_durable",)

    def __init__(self, connections: Connections, durable: bool) -> None:
        super().__init__(connections)
        self._durable = durable

    def __enter__(self) -> sqlite3.Connection:
        try:
            self._connection = self._connections.begin_writing(self._durable)
        except sqlite3.Error as error:
            self._told(error)
            raise
        return self._connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        connection = self._connection
        assert connection is not None
        if error is None:
            try:
                connection.execute("COMMIT")
                return
            except BaseException as failed:
                error = failed
                self._roll_back(connection)
                self._told(error)
                raise
        self._roll_back(connection)
        self._told(error)

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")


class _Read(_Transaction):
    __slots__ = ()

    def __enter__(self) -> sqlite3.Connection:
        try:
            self._connection = self._connections.begin_reading()
        except sqlite3.Error as error:
            self._told(error)
            raise
        return self._connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        assert self._connection is not None
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("COMMIT")
        self._told(error)
        if isinstance(error, msgspec.DecodeError):
            raise in_words(sqlite3.DatabaseError(f"malformed: {error}"), self._connections.path) from error


def _open(path: Path, migrations: Sequence[str], patience: float) -> sqlite3.Connection:
    kind = network_filesystem(path)
    if kind:
        raise LedgerError(
            f"the ledger {path} would lie on a network file system ({kind}), where SQLite can't keep it safe",
            hint="Point PENSTOCK_STATE at a folder on a local disk (the store may stay), or use PostgreSQL.",
        )
    writable = _make_file(path, migrations)
    if not writable:
        return _open_read_only(path, migrations)
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        version(connection, path, migrations)  # leave what is not ours as it is
        _use_wal(connection, patience)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -16000")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")  # pages: moving them over syncs two files
        prepare(connection, path, migrations)
        connection.execute("PRAGMA busy_timeout = 0")  # from here on `_begin` waits
    except BaseException:
        connection.close()
        raise
    return connection


def _make_file(path: Path, migrations: Sequence[str]) -> bool:
    """Make the file, for this user only, if it is not there; whether the ledger can be written."""
    if not path.exists():
        missing = [folder for folder in path.parents if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)
        _make_whole(path, migrations)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
        for folder in {path.parent, *[one.parent for one in missing]}:
            fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _make_whole(path: Path, migrations: Sequence[str]) -> None:
    """Put a whole ledger in place at once: made in memory, it costs one sync instead of eight. Where that can't be
    done (a file system without hard links), nothing is, and SQLite makes the tables in an empty file."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        prepare(connection, path, migrations)
        content = bytearray(connection.serialize())
    content[18:20] = b"\x02\x02"  # write and read version of the file format: a ledger keeps a write-ahead log
    try:
        with os.fdopen(os.open(beside, os.O_CREAT | os.O_TRUNC | os.O_RDWR | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first
            os.link(beside, path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES):
            raise
    finally:
        for left in [beside, *[one for one in path.parent.glob(f".{path.name}.*") if _old(one)]]:
            with contextlib.suppress(OSError):
                left.unlink()


def _old(path: Path) -> bool:
    """Whether a file was left by a process that died while it made a ledger."""
    with contextlib.suppress(OSError):
        return time.time() - path.stat().st_mtime > 60.0
    return False


def _use_wal(connection: sqlite3.Connection, patience: float) -> None:
    end = time.monotonic() + patience
    while True:
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
                return
            # Without the busy handler: two processes that make a ledger at once would refuse each other at once.
            if connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal":
                return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
        if time.monotonic() > end:
            raise sqlite3.OperationalError("database is locked")
        time.sleep(0.005)


def _open_read_only(path: Path, migrations: Sequence[str]) -> sqlite3.Connection:
    """Where nothing can be written, history can still be read."""
    log = path.with_name(path.name + "-wal")
    how = "mode=ro" if log.exists() and log.stat().st_size else "immutable=1"
    connection = sqlite3.connect(f"{path.as_uri()}?{how}", uri=True, isolation_level=None, check_same_thread=False)
    try:
        prepare(connection, path, migrations)
    except BaseException:
        connection.close()
        raise
    return connection
