"""Executions and the small values that belong to them: written once, found by key."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from zlib import crc32

import msgspec
from msgspec.structs import replace

from penstock.ledger.packing import pack, unpack_executions
from penstock.ledger.session import Session
from penstock.model.digest import digest_bytes
from penstock.model.run import Execution, Made

__all__ = [
    "FORGOTTEN",
    "NEWEST",
    "OFFERED",
    "UNCACHED",
    "among",
    "find",
    "forget",
    "give_up",
    "insert",
    "keep",
    "listed",
    "numbered",
    "offered",
    "page",
    "passed",
    "recent",
    "sequences",
    "small",
    "uncached",
]

OFFERED, FORGOTTEN, UNCACHED = 0, 1, 2  # values of executions.state

NEWEST = "SELECT seq FROM sqlite_sequence WHERE name = 'executions'"
"""The number that was given last, whatever became of its execution: it never comes again."""

_INSIDE = 256  # bytes of an output's data that stay within the execution; more goes to `smalls`, once for equal data


def listed(values: Iterable[str] | Iterable[int]) -> str:
    """Values as the argument of `json_each(?)`: one statement, however many."""
    return msgspec.json.encode(list(values)).decode()


def among(column: str, values: Collection[str]) -> tuple[str, str]:
    """The condition that a column is one of these texts, and its argument. For a single one, which every step asks for,
    SQLite need not read a list."""
    if len(values) == 1:
        return f"{column} = ?", next(iter(values))
    return f"{column} IN (SELECT value FROM json_each(?))", listed(values)  # noqa: S608 - ours


def offered(connection: Session, keys: Iterable[str]) -> dict[str, tuple[int, str, int]]:
    """For each key that is offered for reuse: its sequence, run and state."""
    rows = connection.execute(
        "SELECT key, sequence, run, state FROM executions WHERE state = 0 AND key IN (SELECT value FROM json_each(?))",
        (listed(keys),),
    )
    return {key: (sequence, run, state) for key, sequence, run, state in rows}


def uncached(connection: Session, keys: Iterable[str], run: str) -> dict[str, tuple[int, str, int]]:
    """The same for the executions of `run` that are never offered."""
    rows = connection.execute(
        "SELECT key, sequence, run, state FROM executions WHERE state <> 0 AND state = ? AND run = ? "
        "AND key IN (SELECT value FROM json_each(?)) ORDER BY sequence",
        (UNCACHED, run, listed(keys)),
    )
    return {key: (sequence, made, state) for key, sequence, made, state in rows}


def sequences(connection: Session, keys: Collection[str]) -> dict[str, int]:
    """The sequence of each key that is offered for reuse."""
    if not keys:
        return {}
    rows = connection.execute(
        "SELECT key, sequence FROM executions WHERE state = 0 AND key IN (SELECT value FROM json_each(?))",
        (listed(keys),),
    )
    return dict(rows.fetchall())


def passed(connection: Session, keys: Collection[str]) -> dict[str, int]:
    """The newest sequence of each key, offered or not."""
    if not keys:
        return {}
    rows = connection.execute(
        "SELECT key, max(sequence) FROM executions WHERE key IN (SELECT value FROM json_each(?)) GROUP BY key",
        (listed(keys),),
    )
    return dict(rows.fetchall())


def insert(connection: Session, executions: Iterable[Execution]) -> dict[str, int]:
    """Write executions that are not there; the sequence of each."""
    row = connection.execute(NEWEST).fetchone()
    sequence = row[0] if row else 0
    numbers: dict[str, int] = {}
    bodies: list[tuple[object, ...]] = []
    newest: dict[tuple[str, str], int] = {}
    blobs: list[tuple[object, ...]] = []
    smalls: dict[str, bytes] = {}
    for execution in executions:
        sequence += 1
        numbers[execution.key] = sequence
        newest[execution.pipeline, execution.step] = sequence
        for made in execution.outputs:
            stored = made.stored
            blobs.append((stored.blob, sequence, execution.run, made.artifact, stored.data is None))
            blobs += [(part, sequence, execution.run, made.artifact, True) for part in stored.parts]
        slim, moved = _slim(execution, smalls)
        state = OFFERED if execution.cached else UNCACHED
        body = pack(slim)
        bodies.append(
            (
                sequence, execution.key, execution.pipeline, execution.step, execution.run, execution.code,
                state, moved, body, crc32(body),
            )
        )  # fmt: skip
    connection.executemany(
        "INSERT INTO executions (sequence, key, pipeline, step, run, code, state, moved, body, sum) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        bodies,
    )
    connection.executemany("INSERT INTO artifacts VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", blobs)
    if smalls:
        connection.executemany("INSERT INTO smalls VALUES (?, ?) ON CONFLICT DO NOTHING", smalls.items())
    connection.executemany(
        "INSERT INTO latest VALUES (?, ?, ?) ON CONFLICT (pipeline, step) DO UPDATE SET sequence = excluded.sequence",
        [(pipeline, step, number) for (pipeline, step), number in newest.items()],
    )
    return numbers


def _slim(execution: Execution, smalls: dict[str, bytes]) -> tuple[Execution, int]:
    if all(made.stored.data is None or len(made.stored.data) <= _INSIDE for made in execution.outputs):
        return execution, 0
    outputs, moved = [], 0
    for made in execution.outputs:
        data = made.stored.data
        if data is not None and len(data) > _INSIDE:
            smalls[made.stored.blob] = data
            moved += 1
            outputs.append(replace(made, stored=replace(made.stored, data=None)))
        else:
            outputs.append(made)
    return replace(execution, outputs=tuple(outputs)), moved


def _whole(connection: Session, found: list[tuple[int, int, bytes, int]]) -> dict[int, Execution]:
    """Executions by sequence, from rows (sequence, moved, body, sum), with the data that was moved back in its place.

    What does not match its sum, or lacks its data, is left out."""
    good = [row for row in found if crc32(row[2]) == row[3]]
    executions = dict(zip([row[0] for row in good], unpack_executions([row[2] for row in good]), strict=True))
    slim = {sequence: moved for sequence, moved, _, _ in found if moved and sequence in executions}
    if slim:
        absent = {
            made.stored.blob
            for sequence in slim
            for made in executions[sequence].outputs
            if made.stored.data is None
        }  # fmt: skip
        rows = connection.execute(
            "SELECT digest, data FROM smalls WHERE digest IN (SELECT value FROM json_each(?))", (listed(absent),)
        )
        data = {digest: data for digest, data in rows if digest_bytes(data) == digest}
        for sequence, moved in slim.items():
            before = executions[sequence].outputs
            outputs = tuple([_fat(made, data) for made in before])
            if sum(one is not other for one, other in zip(before, outputs, strict=True)) < moved:
                del executions[sequence]
            else:
                executions[sequence] = replace(executions[sequence], outputs=outputs)
    return executions


def _fat(made: Made, data: Mapping[str, bytes]) -> Made:
    if made.stored.data is None and made.stored.blob in data:
        return replace(made, stored=replace(made.stored, data=data[made.stored.blob]))
    return made


def find(connection: Session, keys: Iterable[str]) -> tuple[dict[str, Execution], list[int]]:
    """The executions of these keys that are offered for reuse, and the sequences of those that are damaged."""
    condition, argument = among("key", list(keys))
    rows = connection.execute(
        f"SELECT sequence, moved, body, sum FROM executions WHERE state = 0 AND {condition}",  # noqa: S608 - ours
        (argument,),
    ).fetchall()
    if not rows:
        return {}, []
    found = _whole(connection, rows)
    damaged = [row[0] for row in rows if row[0] not in found] if len(found) < len(rows) else []
    return {one.key: one for one in found.values()}, damaged


def numbered(connection: Session, wanted: Collection[int]) -> dict[int, Execution]:
    """Executions by sequence, whatever became of them; damaged ones are left out."""
    if not wanted:
        return {}
    rows = connection.execute(
        "SELECT sequence, moved, body, sum FROM executions WHERE sequence IN (SELECT value FROM json_each(?))",
        (listed(wanted),),
    ).fetchall()
    return _whole(connection, rows)


def recent(connection: Session, pipeline: str) -> dict[str, Execution]:
    """The newest execution of each step of a pipeline; those that were forgotten read `cached=False`."""
    rows = connection.execute(
        "SELECT sequence, moved, body, sum, state FROM latest JOIN executions USING (sequence) "
        "WHERE latest.pipeline = ?",
        (pipeline,),
    ).fetchall()
    gone = {row[0] for row in rows if row[4] == FORGOTTEN}
    found = _whole(connection, [row[:4] for row in rows])
    return {one.step: replace(one, cached=False) if number in gone else one for number, one in found.items()}


def page(connection: Session, pipeline: str, step: str, after: int, most: int) -> dict[int, Execution]:
    """Up to `most` executions with a sequence above `after`, oldest first."""
    rows = connection.execute(
        "SELECT sequence, moved, body, sum FROM executions WHERE sequence > ? AND (? = '' OR pipeline = ?) "
        "AND (? = '' OR step = ?) ORDER BY sequence LIMIT ?",
        (after, pipeline, pipeline, step, step, most),
    ).fetchall()
    return _whole(connection, rows)


def give_up(connection: Session, numbers: Iterable[int]) -> None:
    """Stop offering executions whose record is damaged."""
    connection.execute(
        "UPDATE executions SET state = 1, reason = 'its record was damaged' "
        "WHERE state = 0 AND sequence IN (SELECT value FROM json_each(?))",
        (listed(numbers),),
    )


def forget(connection: Session, keys: Iterable[str], reason: str) -> int:
    """Stop offering executions; how many were offered until now."""
    return connection.execute(
        "UPDATE executions SET state = 1, reason = ? WHERE state = 0 AND key IN (SELECT value FROM json_each(?))",
        (reason, listed(keys)),
    ).rowcount


def keep(connection: Session, data: bytes) -> str:
    """Keep a small value, in place of what is damaged; its digest."""
    digest = digest_bytes(data)
    connection.execute(
        "INSERT INTO smalls VALUES (?, ?) "
        "ON CONFLICT (digest) DO UPDATE SET data = excluded.data WHERE smalls.data <> excluded.data",
        (digest, data),
    )
    return digest


def small(connection: Session, digest: str) -> bytes | None:
    """A small value, from `smalls` or from within an execution; None if it is not there or damaged."""
    row = connection.execute("SELECT data FROM smalls WHERE digest = ?", (digest,)).fetchone()
    if row:
        found: bytes = row[0]
        return found if digest_bytes(found) == digest else None
    rows = connection.execute(
        "SELECT sequence FROM artifacts WHERE blob = ? AND stored = 0 AND sequence > 0 LIMIT 1", (digest,)
    ).fetchall()
    for made in _made(numbered(connection, [row[0] for row in rows]).values()):
        if made.stored.blob == digest and made.stored.data is not None:
            return made.stored.data
    return None


def _made(executions: Iterable[Execution]) -> Iterator[Made]:
    for execution in executions:
        yield from execution.outputs
