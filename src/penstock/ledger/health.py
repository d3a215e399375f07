"""Checking a ledger: that the file is sound, and that what refers to something finds it."""

import sqlite3
from collections.abc import Callable
from zlib import crc32

import msgspec

from penstock.ledger.packing import (
    unpack_committed,
    unpack_decided,
    unpack_event,
    unpack_execution,
    unpack_run,
)
from penstock.ledger.session import Session
from penstock.model.digest import digest_bytes

__all__ = ["problems"]

_REFERENCES = {
    "steps without a run": "SELECT count(*) FROM steps WHERE run NOT IN (SELECT ref FROM runs)",
    "events without a run": "SELECT count(*) FROM events WHERE id >> 32 NOT IN (SELECT ref FROM runs)",
    "events missing": "SELECT count(*) FROM runs WHERE last <> "
    "(SELECT count(*) FROM events WHERE id > ref << 32 AND id < (ref + 1) << 32)",
    "steps whose execution is gone": "SELECT count(*) FROM steps WHERE execution IS NOT NULL "
    "AND execution NOT IN (SELECT sequence FROM executions)",
    "newest executions that are gone": "SELECT count(*) FROM latest "
    "WHERE sequence NOT IN (SELECT sequence FROM executions)",
    "artifacts whose execution is gone": "SELECT count(*) FROM artifacts WHERE sequence > 0 "
    "AND sequence NOT IN (SELECT sequence FROM executions)",
    "small values that are gone": "SELECT count(*) FROM executions WHERE state <> 1 AND moved > (SELECT count(DISTINCT name) FROM "
    "artifacts JOIN smalls ON digest = blob WHERE artifacts.sequence = executions.sequence AND stored = 0)",
    "steps said to be done without an execution": "SELECT count(*) FROM steps "
    "WHERE status IN ('succeeded', 'tolerated') AND execution IS NULL",
}
_BODIES: dict[str, tuple[str, Callable[[bytes], object]]] = {
    "run": ("SELECT id, body, NULL FROM runs", unpack_run),
    "execution": ("SELECT key, body, sum FROM executions WHERE state <> 1", unpack_execution),  # lost ones are known
    "event": ("SELECT id, body, sum FROM events WHERE kind NOT IN ('Decided', 'Committed')", unpack_event),
    "decision": ("SELECT id, body, sum FROM events WHERE kind = 'Decided'", unpack_decided),
    "commit": ("SELECT id, body, sum FROM events WHERE kind = 'Committed'", unpack_committed),
}
_MOST = 20  # problems of one sort that are told


def problems(connection: Session, *, file: bool = False) -> list[str]:
    """What is wrong with a ledger, in words; nothing if it is sound. `file`: it is SQLite's, which can check its pages."""
    found: list[str] = []
    try:
        for look in (*((_file,) if file else ()), _references, _bodies, _smalls):
            found += look(connection)
            if found and look is _file:
                break
    except sqlite3.DatabaseError as error:
        found.append(f"the file: {error}")
    return found


def _file(connection: Session) -> list[str]:
    return [f"the file: {row[0]}" for row in connection.execute(f"PRAGMA quick_check({_MOST})") if row[0] != "ok"]


def _references(connection: Session) -> list[str]:
    counts = {what: connection.execute(question).fetchone()[0] for what, question in _REFERENCES.items()}
    return [f"{count} {what}" for what, count in counts.items() if count]


def _bodies(connection: Session) -> list[str]:
    found = []
    for what, (question, unpack) in _BODIES.items():
        bad = 0
        for name, body, total in connection.execute(question):
            try:
                if total is not None and crc32(body) != total:
                    raise ValueError("it does not match its checksum")
                unpack(body)
            except (msgspec.DecodeError, ValueError) as error:
                bad += 1
                if bad <= _MOST:
                    found.append(f"{what} {name} can't be read: {error}")
    return found


def _smalls(connection: Session) -> list[str]:
    rows = connection.execute("SELECT digest, data FROM smalls")
    return [f"small value {digest} does not match its digest" for digest, data in rows if digest_bytes(data) != digest]
