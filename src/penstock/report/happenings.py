"""Events of a run as plain values, for a page that follows it: what happened to which step, without what it holds."""

from collections.abc import Iterable
from typing import Any

import msgspec

from penstock.model.event import Checked, Committed, Decided, Failed, Noted, Produced, Record, Retrying, RunStarted
from penstock.model.task import Ended
from penstock.report.browse_documents import EventsDocument
from penstock.report.check_views import json_value
from penstock.report.units import iso

__all__ = ["events_view", "happening", "happening_kind"]

_MANY = 100  # names of steps that one event lists


def events_view(run: str, status: str, records: Iterable[Record], after: int = 0) -> EventsDocument:
    """Events of a run, and the number of the last of them (`after`, where there are none)."""
    found = [happening(one) for one in records]
    return {"run": run, "status": status, "last": found[-1]["number"] if found else after, "events": found}


def happening_kind(record: Record) -> str:
    """What sort of event it is, in one word: `begun`, `progressed`, …"""
    return type(record.event).__name__.lower()


def happening(record: Record) -> dict[str, Any]:
    """One event: `number`, `time` (ISO 8601), `kind`, the `step` or `steps` that it is of, and small facts beside."""
    event = record.event
    found: dict[str, Any] = {"number": record.number, "time": iso(record.time), "kind": happening_kind(record)}
    task = getattr(event, "task", "") or (event.ended.task if isinstance(event, Failed) and event.ended else "")
    if task:
        found["step"] = task.partition("/")[2].rpartition("/")[0]
        found["attempt"] = int(task.rpartition("/")[2] or 0)
    if isinstance(event, RunStarted):
        return {**found, "steps": len(event.run.steps)}
    if isinstance(event, Decided):
        named = [{"step": one.step, "action": one.action} for one in event.decisions[:_MANY]]
        return {**found, "count": len(event.decisions), "decisions": named}
    if isinstance(event, Committed):
        done, failure = event.execution, event.execution.failure
        borne = {} if failure is None else {"error": failure.message, "where": failure.where}
        return {**found, "step": done.step, "seconds": done.usage.seconds, **borne}
    if isinstance(event, Ended):
        return {**found, "status": event.status}
    if isinstance(event, Failed | Retrying):
        failure = event.failure
        return {**found, "step": event.step, "attempt": event.attempt, "error": failure.message, "where": failure.where}
    if isinstance(event, Noted):
        return {**found, "name": event.name, "markdown": event.markdown, "figure": event.figure is not None}
    if isinstance(event, Produced):
        return {**found, "outputs": len(event.outputs)}
    if isinstance(event, Checked):
        return {**found, "depth": event.depth, "findings": len(event.findings), "left": len(event.left)}
    rest = {name: value for name, value in msgspec.to_builtins(event, builtin_types=(bytes,)).items() if name != "type"}
    for dropped in ("task", "log"):
        rest.pop(dropped, None)
    if isinstance(rest.get("steps"), list | tuple):
        rest["count"], rest["steps"] = len(rest["steps"]), list(rest["steps"][:_MANY])
    return {**{name: json_value(value) for name, value in rest.items()}, **found}
