"""A ledger copied into another, of whichever database: all of it or nothing, and compared row by row before it counts."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from blake3 import blake3
from msgspec import Struct

from penstock.errors import LedgerError
from penstock.ledger.session import Session, kept_text
from penstock.ledger.sql import SqlLedger

__all__ = ["Copied", "copy"]

_PAGE = 1000  # rows at once
_TABLES = {
    "runs": ("ref",),
    "events": ("id",),
    "steps": ("run", "step"),
    "executions": ("sequence",),
    "latest": ("pipeline", "step"),
    "artifacts": ("blob", "sequence", "run", "name"),
    "smalls": ("digest",),
    "codes": ("digest",),
    "pieces": ("digest",),
    "counters": ("name",),
    "stats": ("path",),
    "names": ("kind", "name"),
}  # each with the columns of its key; leases stay where they are: they run on the clock of their ledger
_OWN = "schema"  # a counter that is not of the ledger but of its tables
_TEXT = ("pieces", 1)  # the one column that is kept as bytes where texts can't hold every character


class Copied(Struct, frozen=True):
    """What was copied: rows by table, and for each table the digest of all of them. `done` is False where all of it was
    there already."""

    rows: dict[str, int]
    digests: dict[str, str]
    done: bool


def copy(source: SqlLedger, target: SqlLedger, on_rows: Callable[[int], None] = lambda _: None) -> Copied:
    """Copy a ledger into an empty one, in one transaction there and as it is at one moment here.

    `on_rows` is told how many rows have been copied. Doing it again finds that all is there. Raises `LedgerError` where a run
    is under way (its end would be missing), where the target holds something else, or where what arrived differs.
    """
    live = [run["run"] for run in source.runs(50) if run["status"] == "running"]
    if live:
        raise LedgerError(
            f"run {live[0]} is under way in {source.location}",
            hint="Copy the ledger when it has ended, or stop it first.",
        )

    def move(here: Session, there: Session) -> Copied:
        if _holds_something(there):
            before, now = _weighed(here), _weighed(there)
            if before == now:
                return Copied(*now, done=False)
            raise LedgerError(
                f"the ledger {target.location} holds something else already",
                hint="Name one that is not there yet: another file, or `?schema=NAME` of a PostgreSQL address.",
            )
        total = 0
        there.execute("DELETE FROM counters WHERE name <> ?", (_OWN,))
        for table in _TABLES:
            for rows in _pages(here, table):
                marks = ", ".join("?" * len(rows[0]))
                values = [_kept(there, table, row) for row in rows]
                there.executemany(f"INSERT INTO {table} VALUES ({marks})", values)  # noqa: S608 - names are ours
                total += len(rows)
                on_rows(total)
        before, now = _weighed(here), _weighed(there)
        if before != now:
            other = [
                table for table in _TABLES if (before[0][table], before[1][table]) != (now[0][table], now[1][table])
            ]
            raise LedgerError(f"what arrived in {target.location} differs in {', '.join(other)}; nothing was kept")
        return Copied(*now, done=True)

    return source.reading(lambda here: target.writing(lambda there: move(here, there)))


def _holds_something(session: Session) -> bool:
    held = [table for table in _TABLES if table not in {"counters", "stats"}]
    return any(session.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None for table in held)  # noqa: S608


def _pages(session: Session, table: str) -> Iterator[list[tuple[Any, ...]]]:
    """All rows of a table in the order of its key, some at a time."""
    key = ", ".join(_TABLES[table])
    where = f"name <> '{_OWN}'" if table == "counters" else "1 = 1"
    last: tuple[Any, ...] = ()
    while True:
        after = f" AND ({key}) > ({', '.join('?' * len(_TABLES[table]))})" if last else ""
        # Of the key, once more in front, to know where the next page begins.
        ask = f"SELECT {key}, {table}.* FROM {table} WHERE {where}{after} ORDER BY {key} LIMIT {_PAGE}"  # noqa: S608
        found = session.execute(ask, last).fetchall()
        if not found:
            return
        wide = len(_TABLES[table])
        last = found[-1][:wide]
        yield [row[wide:] for row in found]


def _weighed(session: Session) -> tuple[dict[str, int], dict[str, str]]:
    """How many rows each table has, and the digest of all of them."""
    counts, digests = {}, {}
    for table in _TABLES:
        count, hasher = 0, blake3()
        for rows in _pages(session, table):
            count += len(rows)
            hasher.update(msgspec.msgpack.encode([_plain(table, row) for row in rows]))
        counts[table], digests[table] = count, f"blake3:{hasher.hexdigest()}"
    return counts, digests


def _kept(session: Session, table: str, row: tuple[Any, ...]) -> list[Any]:
    kept = list(row)
    if table == _TEXT[0]:
        kept[_TEXT[1]] = kept_text(session, _plain(table, row)[_TEXT[1]])
    return kept


def _plain(table: str, row: tuple[Any, ...]) -> list[Any]:
    """A row whose values do not tell which database they come from."""
    exact = _TEXT[1] if table == _TEXT[0] else -1
    return [
        (one if isinstance(one, str) else bytes(one).decode())
        if place == exact
        else one.replace("\0", "\\x00")
        if isinstance(one, str)
        else one
        for place, one in enumerate(row)
    ]
