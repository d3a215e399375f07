"""What was found out of rows, as documents."""

from collections.abc import Iterable, Sequence

from penstock.model.account import Account
from penstock.model.trace import Cell, Feature, Forward, Prediction, Stop, Trace
from penstock.model.verdict import Finding
from penstock.report.check_views import finding_view, json_value
from penstock.report.row_documents import (
    AccountDocument,
    CellDocument,
    DroppedDocument,
    FeatureDocument,
    ForwardDocument,
    PredictionDocument,
    RowsDocument,
    StopDocument,
    TraceDocument,
)

__all__ = ["cell_view", "dropped_view", "forward_view", "rows_view", "trace_view"]


def trace_view(trace: Trace) -> TraceDocument:
    """The way of a row."""
    predictions = [_prediction(one) for one in trace.predictions]
    return {
        "key": trace.key,
        "source": trace.source,
        "run": trace.run,
        "pipeline": trace.pipeline,
        "steps": [_stop(one) for one in trace.stops],
        "dropped_at": trace.dropped_at,
        "dropped_by": list(trace.dropped_by),
        "kept_in": list(trace.kept_in),
        "side": trace.side or None,
        "prediction": predictions[0] if predictions else None,
        "predictions": predictions,
        "asked": json_value(trace.asked),
        "table": trace.table,
        "features": [_feature(one) for one in trace.features],
        "advice": list(trace.advice),
    }


def _stop(stop: Stop) -> StopDocument:
    said: StopDocument = {
        "step": stop.step,
        "artifact": stop.artifact,
        "kind": stop.kind,
        "state": stop.state,
        "rows": stop.rows,
        "values": json_value(stop.values),
        "changed": {name: json_value(list(pair)) for name, pair in stop.changed.items()},
        "new": list(stop.new),
        "reason": stop.reason,
        "how": stop.how,
        "role": stop.role,
        "where": stop.where,
    }
    if stop.all_values:
        said["all_values"] = [json_value(one) for one in stop.all_values]
    return said


def _prediction(one: Prediction) -> PredictionDocument:
    return {
        "value": json_value(one.value),
        "label": json_value(one.label),
        "model": one.model,
        "error": one.error,
        "step": one.step,
        "artifact": one.artifact,
    }


def _feature(one: Feature) -> FeatureDocument:
    return {
        "column": one.column,
        "value": json_value(one.value),
        "origin": one.origin,
        "known_at": "never" if one.never else json_value(one.known_at),
        "late": one.late,
        "label": one.label,
    }


def cell_view(cell: Cell) -> CellDocument:
    """What stands behind one value."""
    return {
        "cell": cell.cell,
        "key": cell.key,
        "run": cell.run,
        "value": json_value(cell.value),
        "sources": [
            {
                "source": one.source,
                "key": one.key,
                "columns": list(one.columns),
                "known_at": json_value(one.known_at),
                "late": one.late,
                "together": one.together,
            }
            for one in cell.sources
        ],
        "exact": cell.exact,
        "reruns": cell.reruns,
        "why": cell.why,
        "note": cell.note,
        "models": list(cell.models),
        "through": [
            {"artifact": one.artifact, "step": one.step, "kind": one.kind, "digest": one.digest, "rows": dict(one.rows)}
            for one in cell.through
        ],
        "asked": json_value(cell.asked),
    }


def forward_view(found: Forward) -> ForwardDocument:
    """What a source row reached."""
    return {
        "key": found.key,
        "source": found.source,
        "reached": [
            {"artifact": one.artifact, "rows": one.rows, "run": one.run, "how": one.how, "digest": one.digest}
            for one in found.reached
        ],
        "models": list(found.models),
        "runs": found.runs,
        "unknown": list(found.unknown),
    }


def rows_view(run: str, accounts: Iterable[Account], findings: Iterable[Finding]) -> RowsDocument:
    """The rows of a run, counted."""
    return {
        "run": run,
        "accounts": [_account(one) for one in accounts],
        "findings": [finding_view(one) for one in findings],
    }


def dropped_view(
    source: str, run: str, rows: int, accounts: Sequence[Account], findings: Iterable[Finding]
) -> DroppedDocument:
    """The losses of one source's rows."""
    return {
        "source": source,
        "run": run,
        "rows": rows,
        "steps": [_account(one) for one in accounts],
        "findings": [finding_view(one) for one in findings],
    }


def _account(one: Account) -> AccountDocument:
    return {
        "step": one.step,
        "input": one.argument,
        "artifact": one.artifact,
        "outputs": list(one.outputs),
        "method": one.method,
        "how": one.why,
        "rows_in": one.rows_in,
        "rows_out": one.rows_out,
        "kept": one.kept,
        "dropped": one.dropped,
        "multiplied": one.multiplied,
        "new": one.new,
        "main": one.main,
        "reasons": [{"kind": reason.kind, "what": reason.what, "rows": reason.rows} for reason in one.reasons],
        "rates": [
            {
                "by": rate.by,
                "column": rate.column,
                "parts": [{"value": part.value, "rows": part.rows, "dropped": part.dropped} for part in rate.parts],
            }
            for rate in one.rates
        ],
        "examples": list(one.lost),
        "grown": list(one.grown),
    }
