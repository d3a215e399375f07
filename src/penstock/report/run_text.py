"""Runs as lines for people: a table of them, and one of them whole."""

from collections.abc import Mapping
from datetime import datetime

from penstock.report.board import GLYPHS, WORDS, step_glyph
from penstock.report.documents import (
    OutputDocument,
    RunDocument,
    RunsDocument,
    StepDocument,
)
from penstock.report.paint import Line, crop, safe, table
from penstock.report.summary import closing_of, summary
from penstock.report.underway import underway_words
from penstock.report.units import ago, count, duration, lasted, number, plural, size

__all__ = ["run_lines", "runs_lines"]


def runs_lines(document: RunsDocument, now: float, columns: int = 0) -> list[Line]:
    """A table of runs, cut to so many columns (0: not); `now` in seconds since 1970."""
    rows: list[list[Line | str]] = []
    for run in document["runs"]:
        glyph, style = GLYPHS["held" if run["status"] == "waiting" else run["status"]]
        metrics = [f"{name.rpartition('.')[2]} {number(value)}" for name, value in run["metrics"].items()]
        shown = ", ".join(metrics[:3]) + (f" and {len(metrics) - 3} more" if len(metrics) > 3 else "")
        started = datetime.fromisoformat(run["started"]).timestamp()
        label = " ".join([run["name"], *[f"#{one}" for one in run["tags"]]]).strip()
        rows.append(
            [
                [(f"{glyph} ", style), (run["run"], "name")],
                [(safe(run["pipeline"]), "")],
                [
                    (run["status"], style),
                    (f", {run['tolerated']} failed, tolerated" if run["tolerated"] else "", "warn"),
                ],
                [(ago(started, now), "")],
                [(lasted(run["seconds"]), "")],
                [(safe(label), "code")],
                [(safe(shown), "dim")],
            ]
        )
    if not rows:
        return [[("No run yet. Begin with ", ""), ("penstock run", "code"), (".", "")]]
    head: list[Line | str] = [
        [(word, "dim")] for word in ("  run", "pipeline", "status", "started", "time", "", "metrics")
    ]
    if not any(run["metrics"] for run in document["runs"]):
        head[-1] = ""
    spare = [1, 2] if len({run["pipeline"] for run in document["runs"]}) == 1 else [2]
    return _cut(table([head, *rows], right=[4], indent=0, room=columns, spare=spare), columns)


def run_lines(
    run: RunDocument, before: Mapping[str, float | None], before_run: str = "", columns: int = 0
) -> list[Line]:
    """A run whole: where it ran, its steps (cut to so many columns; 0: not), and its closing words."""
    code = run["code"]
    commit = f"commit {code['commit'][:10]}{' and changes' if code['dirty'] else ''}" if code["commit"] else ""
    workers = f", {plural(run['workers'], 'worker')}" if run["workers"] and run["executor"] != "inline" else ""
    started = datetime.fromisoformat(run["started"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    python = f"Python {run['environment']['python']}" if "python" in run["environment"] else ""
    facts = [
        f"run {run['run']}",
        started,
        run["file"],
        commit,
        f"seed {run['seeds']['run']}",
        f"{run['executor']}{workers}",
        python,
    ]
    label = " ".join([run["name"], *[f"#{one}" for one in run["tags"]]]).strip()
    closing = summary(closing_of(run), before, before_run)
    lines: list[Line] = [closing[0], [("  " + safe(" · ".join([one for one in facts if one])), "dim")]]
    if label:
        lines.append([("  " + safe(label), "code")])
    return [*lines, [], *_cut(_steps_table(run["steps"], columns), columns), *closing[2:]]


def _cut(lines: list[Line], columns: int) -> list[Line]:
    # what is cut off a table is told in full elsewhere; broken lines would hide its columns
    return [crop(line, columns) for line in lines] if columns else lines


def _steps_table(steps: list[StepDocument], columns: int) -> list[Line]:
    rows: list[list[Line | str]] = []
    parts: dict[str, int] = {}
    for step in steps:
        if step["parent"]:
            parts[step["parent"]] = parts.get(step["parent"], 0) + 1
    for step in steps:
        if step["parent"] and step["status"] not in ("failed", "tolerated"):  # told with the step that grew it
            continue
        glyph, style = step_glyph(step)
        busy = step["status"] in ("succeeded", "failed", "tolerated", "running")
        quiet = "" if busy else "dim"
        rows.append(
            [
                [(f"{glyph} ", style), (safe(step["step"]), quiet)],
                [(WORDS.get(step["status"], step["status"]), style)],
                duration(step["seconds"]) if busy and step["seconds"] else "",
                size(_memory(step)) if busy and _memory(step) else "",
                [(_outputs(step["outputs"]), quiet)],
                [(_why(step, parts.get(step["step"], 0)), "dim")],
            ]
        )
    head: list[Line | str] = [
        [(word, "dim")] if any(row[i] and row[i] != [("", "dim")] and row[i] != [("", "")] for row in rows) else ""
        for i, word in enumerate(("  step", "", "time", "memory", "output", "why"))
    ]
    return table([head, *rows], right=[2, 3], room=columns, spare=[3, 1]) if rows else []


def _memory(step: StepDocument) -> int:
    """The most that a step took, or what it takes now."""
    return (step["underway"]["memory"] or 0) if step["underway"] else step["peak_memory"]


def _why(step: StepDocument, parts: int) -> str:
    """The words at the end of a step's line; `parts` is how many steps it grew."""
    whole = f"{plural(parts, 'part')}; " if parts and not step["underway"] else ""
    return (whole + _reason(step)).removesuffix("; ")


def _reason(step: StepDocument) -> str:
    if step["status"] in ("failed", "tolerated") and step["error"]:
        return safe(f"{step['error']['kind']}: {step['error']['message']}")
    if step["underway"]:
        return safe(underway_words(step["underway"]))
    if step["note"]:
        return safe(step["note"])
    reasons = [one for one in step["reasons"] if one["kind"] != "same"]
    if not reasons:
        return ""
    more = f" and {len(reasons) - 1} more" if len(reasons) > 1 else ""
    place = f", {reasons[0]['where']}" if reasons[0]["where"] else ""
    return safe(reasons[0]["what"] + place + more)


def _outputs(outputs: list[OutputDocument]) -> str:
    if not outputs:
        return ""
    rows = [one["rows"] for one in outputs if one["rows"] is not None]
    amount = size(sum([one["bytes"] for one in outputs]))
    shown = " + ".join([count(one) for one in rows[:3]]) + (" + …" if len(rows) > 3 else "")
    return f"{shown} {'row' if shown == '1' else 'rows'}, {amount}" if rows else amount
