"""Read models of the ledger: pure functions from it to the documents of `documents.py`."""

import math
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any

from penstock.errors import NotFound, did_you_mean
from penstock.model.artifact import Stored
from penstock.model.event import Checked, Noted, Warned
from penstock.model.run import Execution, Reason, Run
from penstock.model.task import Failure
from penstock.ports import Ledger
from penstock.report.check_views import checked_view, merged
from penstock.report.documents import (
    ArtifactDocument,
    FailureDocument,
    FigureDocument,
    InputDocument,
    OutputDocument,
    ReasonDocument,
    RunDocument,
    RunLine,
    RunsDocument,
    StepDetails,
    StepDocument,
    WarningDocument,
)
from penstock.report.underway import Underway, attempts, underway_view
from penstock.report.units import iso

__all__ = [
    "failure_view",
    "find_step",
    "made_by",
    "newest_runs",
    "numbers_view",
    "previous_metrics",
    "reasons_view",
    "run_line",
    "run_view",
    "runs_view",
    "step_view",
    "steps_view",
    "untolerated",
    "warnings_view",
]

_ALL = 1_000_000


def run_view(
    ledger: Ledger,
    run: str,
    warnings: list[WarningDocument] | None = None,
    checked: Sequence[Checked] = (),
    *,
    now: float = 0.0,
    rows: Sequence[Mapping[str, Any]] | None = None,
    wanted: Callable[[Mapping[str, Any]], bool] = lambda _: True,
) -> RunDocument:
    """A run by its id, a prefix of it, its name, or `last`. Raises `NotFound` with close matches.

    `warnings` and what was `checked` are given by who saw the run's events; else they are read from the ledger. With `now`, in seconds since
    1970, a run that is going on has lasted until then, and what is under way is told. `rows` are the ledger's of its steps, where who asks has
    them; only those that are `wanted` are told of.
    """
    found = ledger.run(run)
    rows = ledger.steps(found.id) if rows is None else rows
    line = run_line(ledger, found, now)
    made = made_by(rows)
    alive = now and line["status"] == "running"
    records = ledger.events(found.id, kinds=() if alive else [Checked, Warned]) if warnings is None else []
    going = attempts(records) if alive else {}
    asked = untolerated(rows)
    told = [row for row in rows if wanted(row)]
    executions = [row["execution"] for row in told if row["execution"] is not None]
    return {
        "run": found.id,
        "pipeline": found.pipeline,
        "name": found.name,
        "tags": list(found.tags),
        "status": line["status"],
        "started": iso(found.started),
        "seconds": line["seconds"],
        "steps": [_step(row, found, made, going, now, asked=row["step"] in asked) for row in told],
        "metrics": {
            f"{one['step']}.{name}": value
            for one in rows
            if one["metrics"]
            for name, value in numbers_view(one["metrics"]).items()
        },
        "checks": checked_view(merged(checked or [one.event for one in records if isinstance(one.event, Checked)])),
        "warnings": warnings_view(one.event for one in records if isinstance(one.event, Warned))
        if warnings is None
        else warnings,
        "file": found.file,
        "targets": list(found.targets),
        "executor": found.executor,
        "workers": found.workers,
        "code": {"commit": found.commit, "dirty": found.dirty, "snapshot": found.snapshot},
        "environment": found.environment,
        "machine": found.machine,
        "parameters": found.parameters,
        "seeds": {"run": found.seed, "steps": {one.step: one.seed for one in executions}},
    }


def untolerated(rows: Iterable[Mapping[str, Any]]) -> set[str]:
    """The steps of a run that the ledger has as tolerated, and that nobody tolerates: of which people are asked still whether to
    go on all the same, or said no, and the parts of steps that failed."""
    rows = list(rows)
    waiting = {
        row["step"].rpartition(":")[0]
        for row in rows
        if row["status"] in ("waiting", "failed", "cancelled") and row.get("question")
    }
    borne = {row["step"] for row in rows if row["status"] == "tolerated"}
    failed = {row["step"] for row in rows if row["status"] == "failed"} | (waiting & borne)
    return {step for step in borne if step in waiting or step.rpartition("[")[0] in failed}


def runs_view(ledger: Ledger, limit: int = 50, pipeline: str = "", tag: str = "", *, now: float = 0.0) -> RunsDocument:
    """The newest runs, newest first; only those that bear a tag, if one is given. With `now`, those that are going on
    have lasted until then."""
    return {"runs": [_line(row, now) for row in newest_runs(ledger, limit, pipeline, tag)]}


def newest_runs(ledger: Ledger, limit: int, pipeline: str = "", tag: str = "") -> list[dict[str, Any]]:
    """The ledger's rows of the newest runs that bear a tag. Raises `NotFound` with close matches where none does."""
    if not tag:
        return ledger.runs(limit, pipeline)
    rows = ledger.runs(_ALL, pipeline)
    found = [row for row in rows if tag in (row["tags"] or ())]
    if not found:
        known = {one for row in rows for one in row["tags"] or ()}
        raise NotFound(f"no run has the tag `{tag}`", hint=did_you_mean(tag, known) or "Give it with `penstock tag`.")
    return found[:limit]


def previous_metrics(ledger: Ledger, pipeline: str, run: str) -> tuple[str, dict[str, float | None]]:
    """The newest earlier run of a pipeline that measured something, one that succeeded if there is one: its id and
    metrics; ("", {}) without one."""
    other: tuple[str, dict[str, float | None]] | None = None
    for limit in (3, 50):  # most often it is the one before
        earlier = False
        for row in ledger.runs(limit, pipeline):
            if row["run"] == run:
                earlier = True
            elif earlier and row["metrics"]:
                if row["status"] == "succeeded":
                    return row["run"], dict(row["metrics"])
                other = other or (row["run"], dict(row["metrics"]))
    return other or ("", {})


def step_view(
    ledger: Ledger, run: str, step: str, file_of: Callable[[str], str] = lambda _: "", *, now: float = 0.0
) -> StepDetails:
    """One step of a run, with its outputs as their codecs described them, and what it noted and drew where it ran.

    `file_of` tells the file that holds a blob, "" where there is none. With `now`, what is under way is told.
    """
    found = ledger.run(run)
    row = find_step(ledger, found.id, step)
    alive = now and ledger.status(found.id) == "running"
    going = attempts(ledger.events(found.id)) if alive else {}
    rows = ledger.steps(found.id)
    document = _step(row, found, made_by(rows), going, now, asked=step in untolerated(rows))
    return _details(found, row, document, _Noted(ledger), file_of)


def steps_view(ledger: Ledger, run: str, wanted: Container[str] | None = None) -> list[StepDetails]:
    """The steps of a run like `step_view`, in their order: all, or those whose names are in `wanted`."""
    found = ledger.run(run)
    rows = ledger.steps(found.id)
    made, noted = made_by(rows), _Noted(ledger)
    return [
        _details(found, row, _step(row, found, made, {}, 0.0), noted, lambda _: "")
        for row in rows
        if wanted is None or row["step"] in wanted
    ]


def _details(
    found: Run, row: Mapping[str, Any], step: StepDocument, noted: "_Noted", file_of: Callable[[str], str]
) -> StepDetails:
    execution: Execution | None = row["execution"]
    shown = dict(found.parameters.get(row["step"], {}))
    if execution is not None:
        shown = {name: value for name, (value, _) in execution.settings.items()} or shown
    notes, figures = noted.of(execution.run if execution else found.id, row["step"], file_of)
    return {
        "run": found.id,
        "pipeline": found.pipeline,
        "made_in": execution.run if execution else "",
        "step": step,
        "parameters": shown,
        "artifacts": _artifacts(execution),
        "notes": notes,
        "figures": figures,
        "code": execution.code if execution else "",
        "seed": execution.seed if execution else None,
    }


def find_step(ledger: Ledger, run: str, step: str) -> dict[str, Any]:
    """The ledger's row of a step in a run (whole id). Raises `NotFound` with close matches."""
    rows = ledger.steps(run)
    for row in rows:
        if row["step"] == step:
            return row
    names = [row["step"] for row in rows]
    # people also name the artifact (`sides.train`) where its step is meant
    owner = step.partition(".")[0]
    hint = did_you_mean(owner if owner in names else step, names)
    raise NotFound(f"run {run} has no step `{step}`", hint=hint or f"See `penstock show {run}`.")


def reasons_view(reasons: Iterable[Reason]) -> list[ReasonDocument]:
    """Reasons as data."""
    return [{"kind": one.kind, "what": one.what, "where": one.where} for one in reasons]


def warnings_view(warnings: Iterable[Warned]) -> list[WarningDocument]:
    """Warnings as data, each once: a run that is resumed may say them again."""
    known = {(one.step, one.kind, one.what): one for one in warnings}
    return [
        {"step": one.step, "kind": one.kind, "what": one.what, "where": one.where, "hint": one.hint}
        for one in known.values()
    ]


def made_by(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The digest of each artifact that the steps of a run made, by the ledger's rows of them."""
    done = [row["execution"] for row in rows if row["execution"] is not None]
    return {made.artifact: made.stored.digest for execution in done for made in execution.outputs}


def _inputs(row: Mapping[str, Any], run: Run, made: Mapping[str, str]) -> dict[str, InputDocument]:
    """What a step took, or would have taken: digests are "" of what was not made."""
    execution: Execution | None = row["execution"]
    if execution is not None:
        return {name: {"artifact": one.artifact, "digest": one.digest} for name, one in execution.inputs.items()}
    bound = run.graph.get(row["step"], {}).get("inputs", {})
    return {name: {"artifact": one, "digest": made.get(one, "")} for name, one in bound.items()}


def _step(
    row: Mapping[str, Any],
    run: Run,
    made: Mapping[str, str],
    going: Mapping[str, Underway],
    now: float,
    *,
    asked: bool = False,
) -> StepDocument:
    execution: Execution | None = row["execution"]
    one = going.get(row["step"]) if row["status"] in ("running", "waiting") else None
    underway = underway_view(one, now) if one is not None else None
    return {
        "step": row["step"],
        "parent": "" if row["step"] in run.graph else row["step"].rpartition("[")[0],
        "kind": row["kind"],
        "status": "failed" if asked else row["status"],
        "reasons": reasons_view(row["reasons"]),
        "key": row["key"] or "",
        "attempts": row["attempts"],
        "started": iso(row["started"]) if row["started"] else None,
        "seconds": underway["elapsed"] if underway else row["seconds"] or 0.0,
        "cpu_seconds": row["cpu_seconds"] or 0.0,
        "peak_memory": row["peak_memory"] or 0,
        "inputs": _inputs(row, run, made),
        "outputs": [_output(made.artifact, made.stored) for made in (execution.outputs if execution else ())],
        "metrics": numbers_view(row["metrics"]),
        "error": failure_view(row["error"]),
        "note": row.get("question") or row.get("reason") or (f"blocked by {row['by']}" if row.get("by") else ""),
        "underway": underway,
    }


def _output(artifact: str, stored: Stored) -> OutputDocument:
    return {
        "artifact": artifact,
        "digest": stored.digest,
        "bytes": stored.size,
        "rows": stored.about.rows,
        "codec": stored.codec,
    }


def _artifacts(execution: Execution | None) -> list[ArtifactDocument]:
    documents: list[ArtifactDocument] = []
    for made in execution.outputs if execution else ():
        about = made.stored.about
        documents.append(
            {
                **_output(made.artifact, made.stored),
                "type": about.type,
                "role": made.role,
                "shape": list(about.shape),
                "columns": [{"name": one.name, "dtype": one.dtype, "nulls": one.nulls} for one in about.columns],
                "head": [list(row) for row in about.head],
                "text": about.text,
                "details": about.details,
                "pickled": about.pickled,
            }
        )
    return documents


class _Noted:
    """What the steps of runs noted and drew; the events of each run are read once."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._events: dict[str, dict[str, list[Noted]]] = {}

    def of(self, run: str, step: str, file_of: Callable[[str], str]) -> tuple[list[str], list[FigureDocument]]:
        """The notes of a step, each once although attempts repeat them, and the last figure of each name."""
        if run not in self._events:
            by_step = self._events[run] = {}
            for event in [
                record.event for record in self._ledger.events(run, kinds=[Noted]) if isinstance(record.event, Noted)
            ]:
                # a task's id is run/step/attempt, and a step's name may hold a slash
                by_step.setdefault(event.task.partition("/")[2].rpartition("/")[0], []).append(event)
        notes: dict[str, None] = {}
        figures: dict[str, FigureDocument] = {}
        for event in self._events[run].get(step, ()):
            if event.markdown:
                notes[event.markdown] = None
            if (figure := event.figure) is not None:
                figures[event.name] = {
                    "name": event.name,
                    "digest": figure.digest,
                    "bytes": figure.size,
                    "type": figure.about.text or figure.about.type,
                    "file": file_of(figure.blob),
                }
        return list(notes), list(figures.values())


def failure_view(failure: Failure | None) -> FailureDocument | None:
    """Why a step failed, as data."""
    if failure is None:
        return None
    return {
        "kind": failure.kind,
        "message": failure.message,
        "where": failure.where,
        "hint": failure.hint,
        "traceback": failure.traceback,
        "parameters": failure.parameters,
    }


def run_line(ledger: Ledger, run: Run, now: float = 0.0) -> RunLine:
    """A run in a line. With `now`, one that is going on has lasted until then."""
    for limit in (20, _ALL):  # most often it is among the newest
        for row in ledger.runs(limit, run.pipeline):
            if row["run"] == run.id:
                return _line(row, now)
    raise NotFound(f"no run {run.id}")


def _line(row: Mapping[str, Any], now: float = 0.0) -> RunLine:
    going = max(now - row["started"], 0.0) if now and row["status"] == "running" else 0.0
    return {
        "run": row["run"],
        "pipeline": row["pipeline"],
        "name": row["name"] or "",
        "tags": list(row["tags"] or ()),
        "status": row["status"],
        "started": iso(row["started"]),
        "seconds": row["seconds"] or going,
        "tolerated": row.get("tolerated", 0),
        "metrics": numbers_view(row["metrics"]),
    }


def numbers_view(metrics: Mapping[str, Any] | Sequence[Any] | None) -> dict[str, float | None]:
    """Metrics as JSON can hold them: it knows no NaN and no infinity."""
    return {name: value if math.isfinite(value) else None for name, value in dict(metrics or {}).items()}
