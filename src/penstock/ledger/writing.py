"""Writing a run down: its events, and what they change in the derived tables. All within the caller's transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from zlib import crc32

from msgspec.structs import replace

from penstock.ledger.derive import End, Grow, Label, Rows, Start, fold
from penstock.ledger.executions import find, insert, numbered, offered, passed, sequences, uncached
from penstock.ledger.packing import CommittedRef, DecidedRef, DecisionRef, collector_held, pack, unpack_run
from penstock.ledger.session import Session
from penstock.model.artifact import Stored
from penstock.model.event import Checked, Committed, Decided, Event, Noted, RunStarted
from penstock.model.run import Execution, Run
from penstock.model.task import Ended

__all__ = ["append", "appended", "commit_once", "committed_before"]


def append(connection: Session, run: str, events: Sequence[Event], time: float, known: Mapping[str, int]) -> bool:
    """Append events to a run; False if there is no such run and `events` do not begin one.

    `known` gives the sequences of executions that were just written; others are looked up.
    """
    reference = _reference(connection, run, events)
    if reference is None:
        return False
    row, last = reference
    with collector_held():
        _append(connection, run, row, last, _with_executions(connection, events), time, dict(known))
    return True


def appended(connection: Session, run: str, events: Sequence[Event], time: float) -> bool:
    """Whether these events, told at this very time, are in the run already: for when an answer got lost."""
    row = connection.execute("SELECT ref, last FROM runs WHERE id = ?", (run,)).fetchone()
    if row is None or not events:
        return False
    kinds = connection.execute(
        "SELECT kind FROM events WHERE id > ? AND id <= ? AND time = ? ORDER BY id",
        (row[0] << 32, (row[0] << 32) + row[1], time),
    ).fetchall()
    return [one[0] for one in kinds][: len(events)] == [type(event).__name__ for event in events]


def _append(
    connection: Session,
    run: str,
    row: int,
    last: int,
    events: Sequence[Event],
    time: float,
    numbers: dict[str, int],
) -> None:
    stray = [one.execution for one in events if type(one) is Committed and one.execution.key not in numbers]
    if stray:  # a commit told as a mere event: what it tells of must be kept all the same
        numbers.update(commit_once(connection, stray, ())[0])
    reused = [
        one.key
        for event in events
        if type(event) is Decided
        for one in event.decisions
        if one.action == "reuse" and one.key not in numbers
    ]
    numbers.update(sequences(connection, reused))
    # What was offered when it was decided on may have been forgotten since: the run has it all the same.
    numbers.update(passed(connection, [key for key in reused if key not in numbers]))
    bodies = [pack(_reduced(event, numbers)) for event in events]
    connection.executemany(
        "INSERT INTO events (id, time, kind, body, sum) VALUES (?, ?, ?, ?, ?)",
        [
            ((row << 32) + last + place, time, type(event).__name__, body, crc32(body))
            for place, (event, body) in enumerate(zip(events, bodies, strict=True), 1)
        ],
    )
    connection.execute("UPDATE runs SET last = ? WHERE ref = ?", (last + len(events), row))
    connection.executemany("INSERT INTO artifacts VALUES (?, 0, ?, ?, ?) ON CONFLICT DO NOTHING", _blobs(run, events))
    for operation in fold(run, events, time, numbers):
        _OPERATIONS[type(operation)](connection, row, operation)


def commit_once(
    connection: Session, executions: Iterable[Execution], superseded: Iterable[str]
) -> tuple[dict[str, int], set[str]]:
    """Write executions that are not there yet: the sequence of each key, and the keys that the same attempt of the
    same run had committed already. Those of other runs stay as they are, unless their keys are `superseded`."""
    wanted = {one.key: one for one in executions}
    there = _there(connection, wanted)
    again = _again(connection, wanted, there)
    for key, one in wanted.items():
        if not one.cached and key not in again:  # each attempt at uncached work is kept
            there.pop(key, None)
    over = [key for key in superseded if key in there and key not in again]
    for key in over:
        connection.execute("UPDATE executions SET state = 1, reason = 'superseded' WHERE key = ? AND state = 0", (key,))
        del there[key]
    numbers = {key: sequence for key, (sequence, _, _) in there.items()}
    new = [one for key, one in wanted.items() if key not in numbers]
    if new:
        numbers.update(insert(connection, new))
    return numbers, again


def committed_before(connection: Session, executions: Collection[Execution]) -> set[str]:
    """Which of these the same attempt of the same run has committed: an answer got lost, and is asked for again."""
    if not executions:
        return set()
    wanted = {one.key: one for one in executions}
    return _again(connection, wanted, _there(connection, wanted))


def _there(connection: Session, wanted: Mapping[str, Execution]) -> dict[str, tuple[int, str, int]]:
    found = offered(connection, wanted)
    for one in wanted.values():
        if not one.cached:
            found.pop(one.key, None)
            found.update(uncached(connection, [one.key], one.run))
    return found


def _again(connection: Session, wanted: Mapping[str, Execution], there: Mapping[str, tuple[int, str, int]]) -> set[str]:
    own = [sequence for key, (sequence, run, _) in there.items() if run == wanted[key].run]
    return {one.key for one in numbered(connection, own).values() if one.attempt == wanted[one.key].attempt}


def _reference(connection: Session, run: str, events: Sequence[Event]) -> tuple[int, int] | None:
    row = connection.execute("SELECT ref, last FROM runs WHERE id = ?", (run,)).fetchone()
    if row is not None:
        return row[0], row[1]
    for event in events:
        if type(event) is RunStarted:
            return _begin(connection, event.run), 0
    return None


def _begin(connection: Session, run: Run) -> int:
    number: int = connection.execute("SELECT coalesce(max(ref), 0) + 1 FROM runs").fetchone()[0]
    connection.execute(
        "INSERT INTO runs (ref, id, pipeline, status, started, tags, body) VALUES (?, ?, ?, 'running', ?, ?, ?)",
        (number, run.id, run.pipeline, run.started, b"", b""),  # the rest comes with the event, as when it is resumed
    )
    return number


def _with_executions(connection: Session, events: Sequence[Event]) -> list[Event]:
    """Decisions to reuse that came without their execution get it: its metrics belong to the run."""
    bare = [
        one.key
        for event in events
        if type(event) is Decided
        for one in event.decisions
        if one.action == "reuse" and one.execution is None
    ]
    if not bare:
        return list(events)
    found, _ = find(connection, bare)
    return [
        Decided(
            tuple(
                [
                    replace(one, execution=found.get(one.key)) if one.action == "reuse" and not one.execution else one
                    for one in event.decisions
                ]
            )
        )
        if type(event) is Decided
        else event
        for event in events
    ]


def _reduced(event: Event, numbers: Mapping[str, int]) -> Any:
    """An event without the executions that the ledger has already."""
    if type(event) is Committed:
        return CommittedRef(numbers[event.execution.key])
    if type(event) is Decided:
        return DecidedRef(
            tuple(
                [
                    DecisionRef(
                        one.step, one.action, one.reasons, one.key, numbers.get(one.key, 0) if one.execution else 0
                    )
                    for one in event.decisions
                ]
            )
        )
    return event


def _blobs(run: str, events: Iterable[Event]) -> list[tuple[str, str, str, bool]]:
    """Blobs that belong to a run and to no execution: its source snapshot, its figures, counter-examples."""
    found: list[tuple[str, str, str, bool]] = []
    for event in events:
        if type(event) is RunStarted and event.run.snapshot:
            found.append((event.run.snapshot, run, "snapshot", True))
        elif type(event) is Noted and event.figure is not None:
            found += [(blob, run, event.name, stored) for blob, stored in _addresses(event.figure)]
        elif type(event) is Checked:
            for name, evidence in event.evidence.items():
                found += [(blob, run, f"finding {name}", stored) for blob, stored in _addresses(evidence)]
        elif type(event) is Ended:
            for name, figure in event.figures.items():
                found += [(blob, run, name, stored) for blob, stored in _addresses(figure)]
    return found


def _addresses(value: Stored) -> list[tuple[str, bool]]:
    return [(value.blob, value.data is None), *[(part, True) for part in value.parts]]


def _start(connection: Session, row: int, operation: Start) -> None:
    run = operation.run
    connection.execute(
        "UPDATE runs SET status = 'running', seconds = NULL, name = ?, tags = ?, body = ? WHERE ref = ?",
        (run.name, pack(list(run.tags)), pack(run), row),
    )
    connection.execute(
        "UPDATE steps SET status = 'waiting', error = NULL, because = NULL "
        "WHERE run = ? AND status IN ('running', 'failed', 'blocked', 'cancelled')",
        (row,),
    )


def _rows(connection: Session, row: int, operation: Rows) -> None:
    alike: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for step, columns in operation.steps.items():
        alike.setdefault(tuple(columns), []).append((row, step, *columns.values()))
    for names, values in alike.items():
        assignments = ", ".join([f"{name} = excluded.{name}" for name in names])
        marks = ", ".join("?" * (len(names) + 2))
        connection.executemany(
            f"INSERT INTO steps (run, step, {', '.join(names)}) VALUES ({marks}) "  # noqa: S608 - names are ours
            f"ON CONFLICT (run, step) DO UPDATE SET {assignments}",
            values,
        )


def _grow(connection: Session, row: int, operation: Grow) -> None:
    parent = connection.execute(
        "SELECT position, kind FROM steps WHERE run = ? AND step = ?", (row, operation.step)
    ).fetchone()
    position, kind = parent or (2147483647, "step")
    connection.executemany(
        "INSERT INTO steps (run, step, position, child, kind) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (run, step) DO UPDATE SET position = excluded.position, child = excluded.child, kind = excluded.kind",
        [(row, child, position, place, kind) for place, child in enumerate(operation.children, 1)],
    )


def _label(connection: Session, row: int, operation: Label) -> None:
    run = unpack_run(connection.execute("SELECT body FROM runs WHERE ref = ?", (row,)).fetchone()[0])
    kept = [one for one in run.tags if one not in operation.removed]
    tags = tuple(dict.fromkeys([*kept, *operation.added]))
    run = replace(run, tags=tags, name=run.name if operation.name is None else operation.name)
    connection.execute(
        "UPDATE runs SET name = ?, tags = ?, body = ? WHERE ref = ?", (run.name, pack(list(run.tags)), pack(run), row)
    )


def _end(connection: Session, row: int, operation: End) -> None:
    connection.execute(
        "UPDATE runs SET status = ?, seconds = ? WHERE ref = ?", (operation.status, operation.seconds, row)
    )
    connection.execute(
        "UPDATE steps SET status = 'cancelled' WHERE run = ? AND (status = 'running' OR "
        "(status = 'waiting' AND question IS NULL AND ? = 'cancelled'))",
        (row, operation.status),
    )


_OPERATIONS: dict[type, Any] = {Start: _start, Rows: _rows, Grow: _grow, Label: _label, End: _end}
