"""A run in few words: what a drawing of its graph and its time line need, of ten thousand steps as of ten."""

from collections.abc import Mapping
from typing import Any

from penstock.model.run import Execution, Run
from penstock.ports import Ledger
from penstock.report.browse_documents import OutlineDocument, OutlineStepDocument
from penstock.report.underway import Underway, attempts
from penstock.report.units import iso
from penstock.report.views import run_line, untolerated

__all__ = ["outline_view"]


def outline_view(ledger: Ledger, run: str, *, now: float = 0.0) -> OutlineDocument:
    """A run by its id, a prefix of it, its name, or `last`; one that goes on has lasted until `now`. Raises `NotFound` with close matches."""
    found = ledger.run(run)
    line = run_line(ledger, found, now)
    rows = ledger.steps(found.id)
    asked = untolerated(rows)
    going = attempts(ledger.events(found.id)) if line["status"] == "running" else {}
    made = {
        one.artifact: one.stored.about.rows
        for row in rows
        if row["execution"] is not None
        for one in row["execution"].outputs
    }
    return {
        "run": found.id,
        "pipeline": found.pipeline,
        "name": found.name,
        "status": line["status"],
        "started": iso(found.started),
        "seconds": line["seconds"],
        "steps": [_step(row, found, made, going.get(row["step"]), now, asked=row["step"] in asked) for row in rows],
    }


def _step(
    row: Mapping[str, Any],
    run: Run,
    made: Mapping[str, int | None],
    going: Underway | None,
    now: float,
    *,
    asked: bool,
) -> OutlineStepDocument:
    execution: Execution | None = row["execution"]
    seconds, progress = row["seconds"] or 0.0, None
    if row["status"] == "running":
        seconds = max(now - row["started"], 0.0) if row["started"] and now else seconds
        if going is not None and going.total:
            progress = min(going.done / going.total, 1.0)
    taken = [made.get(one.artifact) for one in execution.inputs.values()] if execution is not None else []
    return {
        "step": row["step"],
        "parent": "" if row["step"] in run.graph else row["step"].rpartition("[")[0],
        "kind": row["kind"],
        "status": "failed" if asked else row["status"],
        "started": max(row["started"] - run.started, 0.0) if row["started"] else None,
        "seconds": seconds,
        "peak_memory": row["peak_memory"] or 0,
        "cpu_seconds": row["cpu_seconds"] or 0.0,
        "rows_in": max([one for one in taken if one is not None], default=None),
        "outputs": {one.artifact: one.stored.about.rows for one in execution.outputs} if execution is not None else {},
        "progress": progress,
    }
