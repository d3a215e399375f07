"""Asking a ledger what happened: runs, their steps, their events."""

import re
from collections.abc import Callable, Collection
from typing import Any

import msgspec

from penstock.errors import NotFound, did_you_mean
from penstock.ledger.executions import listed, numbered
from penstock.ledger.packing import (
    unpack_committed,
    unpack_decided,
    unpack_event,
    unpack_failure,
    unpack_log,
    unpack_metrics,
    unpack_reasons,
    unpack_run,
    unpack_tags,
)
from penstock.ledger.session import Session
from penstock.model.event import Committed, Decided, Event, Record
from penstock.model.run import Decision, Execution, Run

__all__ = ["Alive", "Known", "events", "run", "runs", "status", "steps", "timings"]

Alive = Callable[[float, float, str], bool]
"""Whether a lease with these columns (expires, length, boot) is held now."""

Known = dict[tuple[int, str, float], dict[str, float]]
"""The metrics of runs that ended, by number, status and seconds."""

_RUN = (
    "SELECT runs.ref, id, pipeline, status, started, seconds, name, tags, expires, length, boot "
    "FROM runs LEFT JOIN leases ON leases.key = 'run:' || runs.id "
)
_OVER = frozenset({"succeeded", "failed", "cancelled"})
_MOST_KNOWN = 20_000  # runs whose metrics are kept in memory
_RECENT = 1000  # runs that are looked at for how long a step took
_LISTED = 1000  # runs up to which a list counts the steps that failed and were tolerated
_STEP = (
    "SELECT step, kind, status, key, attempts, execution, reasons, started, ended, seconds, cpu_seconds, peak_memory, "
    "metrics, error, log, question, because FROM steps WHERE run = ? ORDER BY position, child, step"
)


def runs(connection: Session, limit: int, pipeline: str, alive: Alive, known: Known) -> list[dict[str, Any]]:
    """The newest runs first, in the order in which they began (which no clock can change). `known` holds the metrics of runs that
    ended, and learns them: of a thousand runs, they are far more than the rest."""
    rows = connection.execute(
        _RUN + "WHERE ? = '' OR pipeline = ? ORDER BY runs.ref DESC LIMIT ?", (pipeline, pipeline, limit)
    ).fetchall()
    borne = _tolerated(connection, [row[0] for row in rows]) if len(rows) <= _LISTED else {}
    return [
        {
            "run": row[1],
            "pipeline": row[2],
            "status": _status(row, alive),
            "started": row[4],
            "seconds": row[5],
            "metrics": _known_metrics(connection, row, known),
            "name": row[6],
            "tags": unpack_tags(row[7]),
            "tolerated": borne.get(row[0], 0),
        }
        for row in rows
    ]


def _tolerated(connection: Session, runs: list[int]) -> dict[int, int]:
    """How many steps of each run failed and were tolerated, their parts aside, and those of which people are asked."""
    if not runs:
        return {}
    rows = connection.execute(
        "SELECT run, count(*) FROM steps WHERE run >= ? AND run <= ? AND child = 0 AND status = 'tolerated' AND NOT EXISTS ("
        "SELECT 1 FROM steps AS gate WHERE gate.run = steps.run "
        "AND gate.status IN ('waiting', 'failed', 'cancelled') AND gate.question IS NOT NULL "
        "AND gate.step IN (steps.step || ':error', steps.step || ':complete')) GROUP BY run",
        (min(runs), max(runs)),
    )
    return dict(rows.fetchall())


def run(connection: Session, prefix: str) -> Run:
    """The run of an id, a unique prefix of one, a name, a tag, `last`, or `last~N` (N runs before the last)."""
    row = _row(connection, prefix)
    return unpack_run(connection.execute("SELECT body FROM runs WHERE ref = ?", (row,)).fetchone()[0])


def status(connection: Session, run: str, alive: Alive) -> str:
    """The status of a run."""
    row = connection.execute(_RUN + "WHERE runs.ref = ?", (_row(connection, run),)).fetchone()
    return _status(row, alive)


def steps(connection: Session, run: str, alive: Alive) -> list[dict[str, Any]]:
    """The steps of a run in the order of its graph."""
    reference = _row(connection, run)
    died = _died(connection.execute(_RUN + "WHERE runs.ref = ?", (reference,)).fetchone(), alive)
    rows = connection.execute(_STEP, (reference,)).fetchall()
    executions = numbered(connection, [row[5] for row in rows if row[5]])
    return [_step(row, executions, died) for row in rows]


def timings(connection: Session, pipeline: str, step: str, limit: int) -> list[float]:
    """The seconds that the newest successful attempts at a step, or at any part of the step that grew it, took."""
    whole, part, _ = step.rpartition("[")
    first, last = (f"{whole}[", f"{whole}\\") if part else (step, f"{step}\1")  # "\\" comes after "["
    rows = connection.execute(
        "SELECT steps.seconds FROM (SELECT ref FROM runs WHERE pipeline = ? ORDER BY ref DESC LIMIT ?) AS recent "
        "JOIN steps ON steps.run = recent.ref AND steps.step >= ? AND steps.step < ? "
        "WHERE steps.status = 'succeeded' AND steps.seconds IS NOT NULL "
        "ORDER BY recent.ref DESC, steps.ended DESC LIMIT ?",
        (pipeline, _RECENT, first, last, limit),
    )
    return [row[0] for row in rows]


def events(connection: Session, run: str, after: int, kinds: Collection[str] = ()) -> list[Record]:
    """The events of a run with a number above `after`; only those of some kinds, where any are given."""
    first = _row(connection, run) << 32
    chosen = " AND kind IN (SELECT value FROM json_each(?))" if kinds else ""
    rows = connection.execute(
        f"SELECT id, time, kind, body FROM events WHERE id > ? AND id < ?{chosen} ORDER BY id",  # noqa: S608 - ours
        (first + max(after, 0), first + (1 << 32), *([listed(kinds)] if kinds else [])),
    ).fetchall()
    raw: list[Any] = [_UNPACK.get(kind, unpack_event)(body) for _, _, kind, body in rows]
    wanted = {one.sequence for one, row in zip(raw, rows, strict=True) if row[2] == "Committed"}
    wanted.update(
        [part.sequence for one, row in zip(raw, rows, strict=True) if row[2] == "Decided" for part in one.decisions]
    )
    executions = numbered(connection, wanted - {0})
    return [
        Record(number - first, time, _whole(one, kind, executions))
        for (number, time, kind, _), one in zip(rows, raw, strict=True)
    ]


_UNPACK: dict[str, Callable[[bytes], Any]] = {"Decided": unpack_decided, "Committed": unpack_committed}


def _whole(event: Any, kind: str, executions: dict[int, Execution]) -> Event:
    if kind == "Committed":
        if event.sequence not in executions:
            raise msgspec.DecodeError("the record of an execution is damaged")
        return Committed(executions[event.sequence])
    if kind == "Decided":
        return Decided(
            tuple(
                [
                    Decision(one.step, one.action, one.reasons, one.key, executions.get(one.sequence))
                    for one in event.decisions
                ]
            )
        )
    found: Event = event
    return found


def _status(row: tuple[Any, ...], alive: Alive) -> str:
    found: str = row[3]
    return "failed" if _died(row, alive) else found


def _died(row: tuple[Any, ...], alive: Alive) -> bool:
    """Whether a run says that it runs, and nobody holds its lease any more."""
    return row[3] == "running" and (row[8] is None or not alive(row[8], row[9], row[10]))


def _known_metrics(connection: Session, row: tuple[Any, ...], known: Known) -> dict[str, float]:
    reference, status, seconds = row[0], row[3], row[5]
    if status not in _OVER or seconds is None:
        return _metrics(connection, reference)
    key = (reference, status, seconds)  # one that is resumed ends after another time
    found = known.get(key)
    if found is None:
        if len(known) >= _MOST_KNOWN:
            known.clear()
        found = known[key] = _metrics(connection, reference)
    return dict(found)


def _metrics(connection: Session, reference: int) -> dict[str, float]:
    rows = connection.execute(
        "SELECT step, metrics FROM steps WHERE run = ? AND metrics IS NOT NULL ORDER BY position, child, step",
        (reference,),
    )
    return {f"{step}.{name}": value for step, body in rows for name, value in unpack_metrics(body).items()}


def _step(row: tuple[Any, ...], executions: dict[int, Execution], died: bool) -> dict[str, Any]:
    status, because = row[2], row[16]
    if died and status == "running":
        status, because = "cancelled", "the process that ran it died"
    execution = executions.get(row[5])
    return {
        "step": row[0],
        "kind": row[1],
        "status": status,
        "reasons": unpack_reasons(row[6]),
        "key": row[3],
        "attempts": row[4],
        "started": row[7],
        "ended": row[8],
        "seconds": row[9],
        "cpu_seconds": row[10],
        "peak_memory": row[11],
        "metrics": unpack_metrics(row[12]),
        "error": unpack_failure(row[13]),
        "log": unpack_log(row[14]),
        "execution": execution,
        "question": row[15],
        "by": because if status == "blocked" else None,
        "reason": because if status in ("skipped", "cancelled") else None,
    }


def _row(connection: Session, prefix: str) -> int:
    found = _exact(connection, prefix)
    if found is not None:
        return found
    back = re.fullmatch(r"last(?:~(\d{1,9}))?", prefix)
    if back:
        row = connection.execute(
            "SELECT ref FROM runs ORDER BY ref DESC LIMIT 1 OFFSET ?", (int(back[1] or 0),)
        ).fetchone()
        if row is None:
            number = connection.execute("SELECT count(*) FROM runs").fetchone()[0]
            raise NotFound(
                f"there is no run `{prefix}`: the ledger holds {number}",
                hint="" if number else "Nothing has run here yet: begin with `penstock run`.",
            )
        return int(row[0])
    tagged = _tagged(connection, prefix)
    if tagged is not None:
        return tagged
    rows = connection.execute(
        "SELECT ref, id FROM runs WHERE substr(id, 1, ?) = ? AND ? <> '' ORDER BY ref DESC LIMIT 6",
        (len(prefix), prefix, prefix),
    ).fetchall()
    if len(rows) == 1:
        return int(rows[0][0])
    if rows:
        raise NotFound(
            f"`{prefix}` is the beginning of more than one run", hint="Give more of: " + ", ".join([i for _, i in rows])
        )
    recent = connection.execute("SELECT id, name, tags FROM runs ORDER BY ref DESC LIMIT 500").fetchall()
    known = [text for run, name, tags in recent for text in (run, name, *unpack_tags(tags)) if text]
    raise NotFound(f"there is no run `{prefix}`", hint=did_you_mean(prefix, [*known, "last"] if known else known))


def _exact(connection: Session, prefix: str) -> int | None:
    for question in (
        "SELECT ref FROM runs WHERE id = ?",
        "SELECT ref FROM runs WHERE id = (SELECT target FROM names WHERE kind = 'run' AND name = ?)",
        "SELECT ref FROM runs WHERE name = ? AND name <> '' ORDER BY ref DESC LIMIT 1",
    ):
        row = connection.execute(question, (prefix,)).fetchone()
        if row is not None:
            return int(row[0])
    return None


def _tagged(connection: Session, tag: str) -> int | None:
    """The newest run that bears a tag."""
    rows = connection.execute("SELECT ref, tags FROM runs WHERE length(tags) > 1 ORDER BY ref DESC")
    return next((int(row[0]) for row in rows if tag in unpack_tags(row[1])), None)
