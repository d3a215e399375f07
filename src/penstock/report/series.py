"""A run over time: what its steps used, as it was sampled, and the series that they measured."""

import math
from collections.abc import Sequence
from typing import Any, TypeVar

from penstock.model.event import Committed, Measured, Sampled
from penstock.model.task import Ended
from penstock.ports import Ledger
from penstock.report.browse_documents import MeasuredDocument, ResourceDocument, SeriesDocument

__all__ = ["series_view"]

_MOST = 500  # points of a line: more than a screen has room for

T = TypeVar("T")


def series_view(ledger: Ledger, run: str) -> SeriesDocument:
    """Processors and memory of all tasks together at each sample, and every series of two points or more. Raises `NotFound`."""
    found = ledger.run(run)
    now: dict[str, tuple[float, int]] = {}
    used: list[ResourceDocument] = []
    series: dict[tuple[str, str], dict[int, float]] = {}
    for record in ledger.events(found.id, kinds=[Measured, Sampled, Ended, Committed]):
        event: Any = record.event
        if isinstance(event, Measured):
            step = event.task.partition("/")[2].rpartition("/")[0]  # a step's name may hold a slash
            series.setdefault((step, event.name), {})[event.index] = event.value
            continue
        if isinstance(event, Sampled):
            now[event.task] = (event.cpu, event.memory)
        elif isinstance(event, Ended) and event.task in now:
            del now[event.task]
        elif isinstance(event, Committed):
            one = event.execution
            if now.pop(f"{found.id}/{one.step}/{one.attempt}", None) is None:
                continue
        else:
            continue
        at = max(record.time - found.started, 0.0)
        used.append(
            {"at": at, "cpu": sum(cpu for cpu, _ in now.values()), "memory": sum(held for _, held in now.values())}
        )
    told: list[MeasuredDocument] = [
        {
            "step": step,
            "name": name,
            "points": [(at, value if math.isfinite(value) else None) for at, value in _some(sorted(points.items()))],
        }
        for (step, name), points in series.items()
        if len(points) > 1
    ]
    return {"run": found.id, "resources": _some(used), "series": told}


def _some(all_of: Sequence[T]) -> list[T]:
    if len(all_of) <= _MOST:
        return list(all_of)
    return [all_of[round(at * (len(all_of) - 1) / (_MOST - 1))] for at in range(_MOST)]
