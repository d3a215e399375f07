"""A metric over runs: as a document, and as a chart and a table for people."""

import math
from datetime import datetime

from penstock.errors import NotFound, did_you_mean
from penstock.ports import Ledger
from penstock.report.board import GLYPHS
from penstock.report.chart import chart_lines
from penstock.report.history_documents import MetricHistoryDocument, MetricPoint
from penstock.report.paint import Line, crop, safe, table
from penstock.report.units import ago, difference, iso, number, plural
from penstock.report.views import newest_runs

__all__ = ["metric_lines", "metric_view"]

_LISTED = 20  # runs in the table under a chart


def metric_view(
    ledger: Ledger, metric: str, limit: int = 50, pipeline: str = "", tag: str = ""
) -> MetricHistoryDocument:
    """A metric in the newest runs, the oldest first. The end of its name serves while it is unique.

    Raises `NotFound` with close matches where none of these runs measured it.
    """
    rows = newest_runs(ledger, limit, pipeline, tag)[::-1]
    name = _resolve(metric, {one for row in rows for one in row["metrics"] or ()}, len(rows))
    points: list[MetricPoint] = []
    for row in rows:
        if name in (row["metrics"] or ()):
            value = row["metrics"][name]
            points.append(
                {
                    "run": row["run"],
                    "pipeline": row["pipeline"],
                    "name": row["name"] or "",
                    "tags": list(row["tags"] or ()),
                    "status": row["status"],
                    "started": iso(row["started"]),
                    "value": value if math.isfinite(value) else None,
                    "said": "" if math.isfinite(value) else str(value),
                }
            )
    return {"metric": name, "points": points}


def _resolve(metric: str, known: set[str], runs: int) -> str:
    if metric in known:
        return metric
    ends = sorted([one for one in known if one.endswith(f".{metric}")])
    if len(ends) == 1:
        return ends[0]
    if ends:
        names = ", ".join([f"`{one}`" for one in ends])
        raise NotFound(f"more than one metric is called `{metric}`", hint=f"Say which: {names}.")
    among = f"none of the last {runs} runs" if runs > 1 else "the only run" if runs else "no run"
    hint = did_you_mean(metric, known) or "An `@ps.evaluate` step that returns numbers, and `ps.metric`, measure."
    raise NotFound(f"{among} {'has not ' if runs == 1 else ''}measured `{metric}`", hint=hint)


def _meant(point: MetricPoint) -> float | None:
    return float(point["said"]) if point["said"] else point["value"]


def metric_lines(document: MetricHistoryDocument, now: float, columns: int = 0) -> list[Line]:
    """The chart, and below it the newest runs with what moved from one to the next; `now` in seconds since 1970."""
    points = document["points"]
    values = [one["value"] for one in points]
    title: Line = [(safe(document["metric"]), "title"), (f"  in {plural(len(points), 'run')}, oldest first", "dim")]
    rows: list[list[Line | str]] = []
    for index in range(len(points) - 1, max(len(points) - 1 - _LISTED, -1), -1):
        one, before = points[index], _meant(points[index - 1]) if index else None
        value = _meant(one)
        moved = difference(value, before) if value is not None and before is not None else ""
        glyph, style = GLYPHS["held" if one["status"] == "waiting" else one["status"]]
        label = " ".join([one["name"], *[f"#{tag}" for tag in one["tags"]]]).strip()
        rows.append(
            [
                [(f"{glyph} ", style), (one["run"], "name")],
                [(ago(datetime.fromisoformat(one["started"]).timestamp(), now), "")],
                [(number(value), "title")],
                [(moved, "dim" if moved == "=" else "code")],
                [(safe(label), "code")],
            ]
        )
    listed = table(rows, right=[2], indent=0)
    if len(points) > _LISTED:
        listed.append([(f"  and {plural(len(points) - _LISTED, 'earlier run')}", "dim")])
    chart = chart_lines(values, columns)
    return [
        title,
        [],
        *([*chart, []] if chart else []),
        *[crop(line, columns) if columns else line for line in listed],
    ]
