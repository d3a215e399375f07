"""Connections to a PostgreSQL ledger: one for each thread of each process, made anew where one is lost.

A transaction that writes holds one lock of the ledger, so that nobody writes beside it, as in SQLite. Where its connection
is lost before its end was asked for, nothing of it remains and it is done again. Where it is lost after that, nobody knows: it
is done again as well, and told that it is `doubtful`.
"""

import contextlib
import random
import re
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg import Connection, errors

from penstock.errors import LedgerError, SchemaMismatch
from penstock.ledger.address import Address
from penstock.ledger.dialect import many, statement, table_scripts, values
from penstock.ledger.schema import APPLICATION, MIGRATIONS
from penstock.ledger.threads import PerThread

__all__ = ["ServerConnections", "ServerSession"]

_PATIENCE = 120.0  # seconds in which a server that is gone may come back
_OPENING = 10.0  # the same for a server that was never reached: its address may be wrong
_WAIT = 20  # seconds to wait for another process's transaction; each takes milliseconds
_IDLE = 15  # seconds after which the server ends a transaction whose process is stopped, so that others can write
_FIRST, _LONGEST = 0.05, 2.0  # seconds between tries: a random part of a limit that doubles from the one to the other
_NOW = "extract(epoch FROM clock_timestamp())::float8"

T = TypeVar("T")


class ServerSession:
    """A connection within a transaction. `doubtful`: the same work may have been committed already."""

    texts_as_bytes = True

    def __init__(self, connection: Connection[Any], moment: float | None, *, doubtful: bool = False) -> None:
        self._connection = connection
        self._moment = moment
        self.doubtful = doubtful

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Any:
        """Do one statement."""
        return self._connection.execute(statement(sql), values(parameters), binary=True)

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> None:
        """Do one statement for each of these rows of values."""
        for sql_of_many, flat in many(sql, list(parameters)):
            self._connection.execute(sql_of_many, flat, prepare=False)

    def moment(self) -> float:
        """Now, by the server's clock, in seconds since 1970: when the transaction got its lock, or was first asked."""
        if self._moment is None:
            (self._moment,) = self._connection.execute(f"SELECT {_NOW}").fetchone() or (0.0,)
        return self._moment


class ServerConnections:
    """Connections by thread, to the ledger at an address. `patience` is how many seconds to wait for a server that is
    gone, or is starting. `create` makes the tables where there are none; otherwise `missing` tells that there are none."""

    def __init__(
        self,
        address: Address,
        *,
        create: bool = True,
        migrations: Sequence[str] = MIGRATIONS,
        patience: float = _PATIENCE,
    ) -> None:
        self.address = address
        self.missing = False
        self._scripts = table_scripts(migrations)
        self._patience = patience
        self._connections: PerThread[Connection[Any]] = PerThread(
            self._connect, Connection.close, address, lambda one: not one.closed
        )
        self._held = 0  # the second half of the lock's number
        self._reached = False  # the server, once: its address is right
        self._trying(lambda _: self._prepare(self._connections.get(), create=create))

    def writing(self, work: Callable[[ServerSession], T], *, durable: bool = True) -> T:
        """What `work` gives, within one transaction that nobody else writes beside; committed."""
        return self._trying(lambda doubtful: self._write(work, durable, doubtful))

    def reading(self, work: Callable[[ServerSession], T], *, moment: bool = True) -> T:
        """What `work` gives, within one transaction that reads: all its answers are of one moment. (Without, each question
        is a transaction of its own: one journey to the server instead of three.)"""
        return self._trying(
            lambda _: self._read(work) if moment else work(ServerSession(self._connections.get(), None))
        )

    def close(self) -> None:
        """Close the connections of all threads. May be called twice."""
        self._connections.close()

    # transactions

    def _write(self, work: Callable[[ServerSession], T], durable: bool, doubtful: bool) -> T:
        connection = self._connections.get()
        lightly = "" if durable else "SET LOCAL synchronous_commit = off; "
        begun = connection.execute(
            f"BEGIN; {lightly}SELECT {_NOW}, held FROM "  # noqa: S608 - numbers of our own
            f"(SELECT pg_advisory_xact_lock({APPLICATION}, {self._held}) AS held OFFSET 0) AS waited"
        )
        while begun.nextset():
            pass
        moment, _ = begun.fetchone() or (None, None)
        done = work(ServerSession(connection, moment, doubtful=doubtful))
        try:
            connection.execute("COMMIT")
        except psycopg.Error as error:
            if connection.closed or isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
                raise _Doubt from error
            raise
        return done

    def _read(self, work: Callable[[ServerSession], T]) -> T:
        connection = self._connections.get()
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        done = work(ServerSession(connection, None))
        connection.execute("COMMIT")
        return done

    def _trying(self, attempt: Callable[[bool], T]) -> T:
        """What an attempt gives, made again on a new connection while trouble may pass."""
        begun, nap, doubtful = 0.0, _FIRST, False
        while True:
            try:
                return attempt(doubtful)
            except _Doubt as doubt:
                doubtful, error = True, doubt.__cause__
            except psycopg.Error as other:
                error = other
            except msgspec.DecodeError as other:
                self._roll_back()
                raise LedgerError(f"the ledger {self.address} is damaged ({other})", hint=_BACKUP) from other
            except BaseException:
                self._roll_back()
                raise
            self._connections.drop()
            if isinstance(error, errors.LockNotAvailable) and self._interrupted():
                continue
            now = time.monotonic()
            begun = begun or now
            patience = self._patience if self._reached else min(self._patience, _OPENING)
            if not _passes(error) or now + nap > begun + patience or self._connections.closed:
                raise self._told(error) from None
            time.sleep(nap * random.random())  # noqa: S311 - not a secret
            nap = min(nap * 2, _LONGEST)

    def _interrupted(self) -> bool:
        """End the transaction of a process that holds the ledger and has stood still for too long: stopped while it was
        sending, it is not idle for the server. Nothing of it remains, and when it wakes, it does it again or is refused."""
        with contextlib.suppress(psycopg.Error):
            ended = self._connections.get().execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid) "
                "WHERE locktype = 'advisory' AND classid::bigint = %s AND objid::bigint = %s AND granted "
                "AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
                "AND xact_start < clock_timestamp() - make_interval(secs => %s)",
                (APPLICATION, self._held & 0xFFFFFFFF, _IDLE),
            )
            return bool(ended.fetchall())
        self._connections.drop()
        return False

    def _roll_back(self) -> None:
        connection = self._connections.found()
        if connection is not None:
            try:
                connection.execute("ROLLBACK")
            except psycopg.Error:
                self._connections.drop()

    # connections

    def _connect(self) -> Connection[Any]:
        options = f"{self.address.options} -c search_path={self.address.schema} -c lock_timeout={_WAIT}s -c client_min_messages=warning"
        options += f" -c idle_in_transaction_session_timeout={_IDLE}s -c timezone=UTC"
        made = psycopg.connect(
            self.address.dsn,
            autocommit=True,
            options=options.strip(),
            application_name="penstock",
            connect_timeout=10,
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
            tcp_user_timeout=30_000,
        )
        self._reached = True
        return made

    # tables

    def _prepare(self, connection: Connection[Any], *, create: bool) -> None:
        found = self._version(connection)
        if found == 0 and not create:
            self.missing = True
            return
        if found < len(self._scripts):
            self._migrate(connection)
        row = connection.execute("SELECT 'counters'::regclass::oid::bigint").fetchone()
        assert row is not None
        self._held = row[0] - (1 << 32) if row[0] >= 1 << 31 else row[0]

    def _migrate(self, connection: Connection[Any]) -> None:
        """Bring the tables up to date in one transaction; whoever comes second waits, and finds nothing to do."""
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s, 0)", (APPLICATION,))
            if self._version(connection) == 0:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {self.address.schema}")
            for number in range(self._version(connection), len(self._scripts)):
                connection.execute(self._scripts[number])
            connection.execute(
                "INSERT INTO counters VALUES ('schema', %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (len(self._scripts),),
            )

    def _version(self, connection: Connection[Any]) -> int:
        schema = self.address.schema
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (schema,)).fetchall()
        if not tables:
            return 0
        if ("counters",) not in tables:
            raise LedgerError(
                f"the schema {schema} of {self.address} holds tables of something else",
                hint=f"Name another schema: …/{self.address.database}?schema=NAME.",
            )
        row = connection.execute("SELECT value FROM counters WHERE name = 'schema'").fetchone()
        found = row[0] if row is not None else 0
        if not 0 < found <= len(self._scripts):
            raise SchemaMismatch(
                f"the ledger {self.address} has schema version {found}; this Penstock knows versions 1 to {len(self._scripts)}",
                hint=f"Upgrade Penstock, or name another schema: …/{self.address.database}?schema=NAME.",
            )
        return int(found)

    def _told(self, error: BaseException | None) -> LedgerError:
        """Trouble in words, without anything that the address may hold."""
        text = self.address.scrubbed(next(iter(str(error).strip().splitlines()), type(error).__name__))
        text = re.sub(r"^connection failed: connection to server at .*? failed: (FATAL: +)?", "", text)
        what = f"the ledger {self.address}: {text}"
        if isinstance(error, errors.LockNotAvailable):
            what = f"another process has kept the ledger {self.address} locked for too long"
            return LedgerError(what, hint="Look at pg_stat_activity for what holds it; then run again.")
        if isinstance(error, errors.InsufficientPrivilege):
            return LedgerError(what, hint="Let this user create and own the schema, or name another user.")
        if isinstance(error, psycopg.OperationalError) and "password" in text:
            hint = (
                "Give the password as PostgreSQL's own tools take it: ~/.pgpass, PGPASSWORD, or a service (PGSERVICE)."
            )
            return LedgerError(what, hint=hint)
        if isinstance(error, psycopg.OperationalError) and "does not exist" in text:
            hint = f"Make it (`createdb {self.address.database}`, `createuser`), or mend the setting `ledger`."
            return LedgerError(what, hint=hint)
        if isinstance(error, psycopg.OperationalError):
            hint = "Look at the server and at the network; then run again: what was committed is kept."
            return LedgerError(what, hint=hint)
        return LedgerError(what, hint=_BACKUP if isinstance(error, psycopg.DataError | psycopg.InternalError) else "")


_BACKUP = "Restore the schema from a backup, or name another one: …?schema=NAME; then steps run again."


class _Doubt(Exception):
    """The connection was lost while a transaction was being committed."""


def _passes(error: BaseException | None) -> bool:
    """Whether trouble may be another a moment later: a server that is gone, restarts, is full, or has become a standby."""
    state = getattr(error, "sqlstate", None)
    if state is None:  # the connection itself: refused, cut, timed out; but for what the server says of who we are
        text = str(error)
        return not any(word in text for word in ("authentication", "does not exist", "password", "no pg_hba", "role "))
    return state[:2] in {"08", "53", "57", "58"} or state in {"40001", "40P01", "25006", "25P03", "25P02"}
