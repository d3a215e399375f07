"""What a ledger holds in the store, what it may let go of, and what is damaged inside it."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Literal
from zlib import crc32

import msgspec

from penstock.ledger.executions import FORGOTTEN, OFFERED, UNCACHED, listed, small
from penstock.ledger.history import Alive
from penstock.ledger.packing import unpack_execution, unpack_run, unpack_tags
from penstock.ledger.session import Session
from penstock.model.digest import digest_bytes
from penstock.model.holdings import Faults, Figure, Holding, Holdings, LostSource, Retired, RunHolding

__all__ = ["faults", "holdings", "retire"]

_STATES: dict[int, Literal["offered", "forgotten", "uncached"]] = {
    OFFERED: "offered",
    FORGOTTEN: "forgotten",
    UNCACHED: "uncached",
}
_DONE = ("succeeded", "tolerated", "reused", "skipped")
_SNAPSHOT = "snapshot"  # what `artifacts` calls the list of a run's sources, which lies in `smalls`


def holdings(connection: Session, alive: Alive) -> Holdings:
    """All that the ledger holds. Records that are damaged are told as far as the tables' columns tell of them."""
    blobs: dict[int, dict[str, str]] = defaultdict(dict)
    figures = []
    for blob, sequence, run, name in connection.execute(
        "SELECT blob, sequence, run, name FROM artifacts WHERE stored = 1"
    ):
        if sequence:
            blobs[sequence][blob] = name
        elif name != _SNAPSHOT:
            figures.append(Figure(run, name, blob))
    named, outside = _named(connection), _outside(connection)
    executions = {
        number: Holding(
            number, key, pipeline, step, run, _STATES[state], blobs.get(number, {}), number in named,
            outside.get(number, 0.0),
        )
        for number, key, pipeline, step, run, state in connection.execute(
            "SELECT sequence, key, pipeline, step, run, state FROM executions"
        )
    }  # fmt: skip
    return Holdings(executions, _runs(connection, alive), tuple(figures))


def _outside(connection: Session) -> dict[int, float]:
    """When the executions began that belong to no run."""
    found = {}
    for sequence, body in connection.execute(
        "SELECT sequence, body FROM executions WHERE run NOT IN (SELECT id FROM runs)"
    ):
        try:
            found[sequence] = unpack_execution(body).started
        except (msgspec.DecodeError, ValueError):
            continue
    return found


def _named(connection: Session) -> set[int]:
    """The executions that made an artifact to which people gave a name: by the digest of its content or its blob."""
    rows = connection.execute("SELECT target FROM names WHERE kind = 'artifact'").fetchall()
    wanted = {row[0] for row in rows}
    if not wanted:
        return set()
    found = set()
    for sequence, body in connection.execute("SELECT sequence, body FROM executions"):
        try:
            outputs = unpack_execution(body).outputs
        except (msgspec.DecodeError, ValueError):
            continue
        if any(made.stored.digest in wanted or made.stored.blob in wanted for made in outputs):
            found.add(sequence)
    return found


def _runs(connection: Session, alive: Alive) -> dict[str, RunHolding]:
    names = {row[0] for row in connection.execute("SELECT target FROM names WHERE kind = 'run'")}
    used: dict[int, set[int]] = defaultdict(set)
    todo: dict[int, set[str]] = defaultdict(set)
    for reference, execution, key, status in connection.execute("SELECT run, execution, key, status FROM steps"):
        if execution is not None:
            used[reference].add(execution)
        if key and status not in _DONE:
            todo[reference].add(key)
    found = {}
    for row in connection.execute(
        "SELECT runs.ref, runs.id, pipeline, started, status, name, tags, runs.body, expires, length, boot, events.time "
        "FROM runs LEFT JOIN leases ON leases.key = 'run:' || runs.id "
        "LEFT JOIN events ON events.id = (runs.ref << 32) + runs.last"
    ):
        reference, run, pipeline, started, status, name, tags, body, *lease, active = row
        found[run] = RunHolding(
            run,
            pipeline,
            started,
            max(started, active or 0.0),
            status,
            live=status == "running" and lease[0] is not None and alive(*lease),
            named=bool(name) or run in names or bool(_tags(tags)),
            executions=frozenset(used[reference]),
            open=frozenset(todo[reference]),
            root=_root(body),
        )
    return found


def _tags(packed: bytes) -> list[str]:
    try:
        return unpack_tags(packed)
    except (msgspec.DecodeError, ValueError):
        return ["unreadable"]  # in doubt, a run is kept


def _root(body: bytes) -> str:
    try:
        return unpack_run(body).root
    except (msgspec.DecodeError, ValueError):
        return ""


def retire(connection: Session, retired: Retired, reason: str) -> None:
    """Stop offering executions, and counting on figures. History keeps both."""
    connection.execute(
        "UPDATE executions SET state = ?, reason = ? WHERE state <> ? AND sequence IN (SELECT value FROM json_each(?))",
        (FORGOTTEN, reason, FORGOTTEN, listed(retired.executions)),
    )
    connection.executemany(
        "DELETE FROM artifacts WHERE sequence = 0 AND blob = ? AND run = ? AND name = ?",
        [(one.blob, one.run, one.name) for one in retired.figures],
    )
    connection.executemany("DELETE FROM smalls WHERE digest = ?", [(one,) for one in retired.smalls])


def faults(connection: Session) -> Faults:
    """What is damaged among executions that are not forgotten, small values, and source snapshots."""
    needed: dict[str, set[int]] = defaultdict(set)
    for blob, sequence in connection.execute(
        "SELECT blob, sequence FROM artifacts JOIN executions USING (sequence) "
        "WHERE stored = 0 AND moved > 0 AND state <> ?",
        (FORGOTTEN,),
    ):
        needed[blob].add(sequence)
    unreadable, inside = _unreadable(connection, needed)
    good = {
        digest for digest, data in connection.execute("SELECT digest, data FROM smalls") if digest_bytes(data) == digest
    }
    kept = {row[0] for row in connection.execute("SELECT digest FROM smalls")}
    lost = {blob: sorted(users - inside[blob]) for blob, users in needed.items() if blob not in good}
    smalls: dict[str, tuple[int, ...]] = dict.fromkeys(sorted(kept - good), ())
    smalls |= {blob: tuple(users) for blob, users in sorted(lost.items()) if users}
    return Faults(frozenset(unreadable), smalls, frozenset(smalls) - kept, _lost_sources(connection))


def _unreadable(connection: Session, needed: Iterable[str]) -> tuple[set[int], dict[str, set[int]]]:
    """The executions whose record can't be read; and for small values, the executions that carry them in their record."""
    bad: set[int] = set()
    inside: dict[str, set[int]] = {blob: set() for blob in needed}
    for sequence, body, total in connection.execute(
        "SELECT sequence, body, sum FROM executions WHERE state <> ?", (FORGOTTEN,)
    ):
        try:
            if crc32(body) != total:
                raise ValueError("it does not match its checksum")
            for made in unpack_execution(body).outputs:
                if made.stored.data is not None and made.stored.blob in inside:
                    inside[made.stored.blob].add(sequence)
        except (msgspec.DecodeError, ValueError):
            bad.add(sequence)
    return bad, inside


def _lost_sources(connection: Session) -> dict[str, LostSource]:
    runs: dict[str, list[str]] = defaultdict(list)
    for digest, run in connection.execute(
        "SELECT blob, run FROM artifacts WHERE sequence = 0 AND name = ?", (_SNAPSHOT,)
    ):
        runs[digest].append(run)
    good: set[str] = set()
    lost: dict[str, LostSource] = {}
    for snapshot, users in runs.items():
        data = small(connection, snapshot)
        if data is None:
            lost[snapshot] = LostSource(snapshot, tuple(users), "")
            continue
        for path, digest in _files(data):
            if digest in good:
                continue
            if small(connection, digest) is None:
                lost[digest] = LostSource(snapshot, tuple(users), path)
            else:
                good.add(digest)
    return lost


def _files(data: bytes) -> list[tuple[str, str]]:
    try:
        found: dict[str, Any] = msgspec.json.decode(data, type=dict[str, str])
    except msgspec.DecodeError:
        return []
    return list(found.items())
