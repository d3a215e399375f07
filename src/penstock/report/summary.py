"""How a run ended, and what to do next: the lines under the table, the same for `run`, `resume` and `show`."""

import shlex
from collections.abc import Mapping

from penstock.report.documents import FailureDocument, RunDocument, StepDocument, WarningDocument
from penstock.report.paint import Line, safe, table
from penstock.report.units import difference, duration, number, plural

__all__ = ["failure_lines", "metric_lines", "outcome", "summary", "traceback_lines", "warning_lines"]

_FAILURES = 5  # shown in full; the others by one line each
_STATUS: dict[str, tuple[str, str, str]] = {
    "succeeded": ("✓", "good", "succeeded"),
    "failed": ("✗", "bad", "failed"),
    "cancelled": ("⊘", "warn", "was stopped"),
    "running": ("●", "busy", "is running"),
    "waiting": ("⏸", "warn", "waits for approval"),
}


def summary(run: RunDocument, before: Mapping[str, float | None], before_run: str = "") -> list[Line]:
    """The closing words on a run: counts and time, metrics against the run before, failures, warnings, what next."""
    lines = [outcome(run)]
    metrics = metric_lines(run["metrics"], before, before_run)
    failed = [one for one in run["steps"] if one["status"] == "failed"]
    for block in (
        metrics,
        *[failure_lines(one) for one in failed[:_FAILURES]],
        [[("  ✗ ", "bad"), (safe(one["step"]), "name"), *_short(one)] for one in failed[_FAILURES:]],
        warning_lines(run["warnings"]),
        _held(run),
        _next(run, failed),
    ):
        if block:
            lines += [[], *block]
    return lines


def outcome(run: RunDocument) -> Line:
    """One line: how the run ended, in what time, with how many steps of each kind."""
    glyph, style, words = _STATUS[run["status"]]
    line: Line = [(f"{glyph} ", style), (safe(run["pipeline"]), "title"), (f" {words}", style)]
    if run["seconds"]:
        line.append((f" in {duration(run['seconds'])}" if run["status"] != "running" else "", ""))
    return [*line, ("  ", ""), *_counts(run["steps"]), (f"  run {run['run']}", "dim")]


def metric_lines(metrics: Mapping[str, float | None], before: Mapping[str, float | None], run: str = "") -> list[Line]:
    """Metrics, and how each moved against an earlier run. Whether up is good nobody said: arrows have no colours."""
    if not metrics:
        return []
    rows: list[list[Line]] = []
    for name, value in metrics.items():
        old = before.get(name)
        moved = difference(value, old) if value is not None and old is not None else ""
        style = "dim" if moved == "=" else "code"
        rows.append([[(safe(name), "")], [(number(value), "title")], [(moved, style)], [_was(before, name)]])
    lines = table(rows, right=[1])
    title: Line = [("  metrics", "dim")]
    if any(name in before for name in metrics):
        title.append((f"  against run {run}", "dim"))
    return [title, *lines]


def failure_lines(step: StepDocument) -> list[Line]:
    """A failed step: the error, the user's own frames, the values of the parameters."""
    error = step["error"]
    line: Line = [("✗ ", "bad"), (safe(step["step"]), "name"), *_short(step)]
    if error is None:
        return [line]
    lines = [line, *traceback_lines(error)]
    if error["parameters"]:
        values = ", ".join([f"{name}={value}" for name, value in error["parameters"].items()])
        lines.append([("    with  ", "dim"), (safe(values), "")])
    if step["attempts"] > 1:
        lines.append([("    tried ", "dim"), (plural(step["attempts"], "time"), "")])
    if error["hint"]:
        lines.append([("    hint  ", "dim"), (safe(error["hint"]), "")])
    return lines


def traceback_lines(error: FailureDocument) -> list[Line]:
    """The user's frames: places stand out, the code under them is plain, the error's own lines are red."""
    lines: list[Line] = []
    for raw in error["traceback"].splitlines():
        text = safe(raw.rstrip())
        body = text.lstrip()
        if not body or body.startswith("Traceback (most recent"):
            continue
        if body.startswith('File "'):
            style = "code"
        elif set(body) <= set("^~ ") or text == body:
            style = "error"
        else:
            style = ""
        lines.append([("    " + text, style)])
    return lines


def warning_lines(warnings: list[WarningDocument]) -> list[Line]:
    """Warnings with their places; what to do is said once for warnings that give the same advice."""
    lines: list[Line] = []
    for i, one in enumerate(warnings):
        place = f"  {safe(one['where'])}" if one["where"] else ""
        kind = one["kind"].replace("-", " ")
        lines.append([("⚠ ", "warn"), (f"{safe(kind)} ", "warn"), (safe(one["what"]), ""), (place, "code")])
        last = i + 1 == len(warnings) or warnings[i + 1]["hint"] != one["hint"]
        if one["hint"] and last:
            lines.append([("    " + safe(one["hint"]), "dim")])
    return lines


def _was(before: Mapping[str, float | None], name: str) -> tuple[str, str]:
    return (f"was {number(before[name])}", "dim") if name in before else ("new" if before else "", "dim")


def _short(step: StepDocument) -> Line:
    error = step["error"]
    if error is None:
        return [(" failed", "error")]
    place = f"  {safe(error['where'])}" if error["where"] else ""
    return [(f"  {error['kind']}: ", "error"), (safe(error["message"]), "error"), (place, "code")]


def _counts(steps: list[StepDocument]) -> Line:
    names = {"succeeded": ("ran", "good"), "waiting": ("waiting", "warn")}
    counts: dict[str, int] = {}
    for one in steps:
        counts[one["status"]] = counts.get(one["status"], 0) + 1
    if counts.get("reused", 0) == len(steps) > 0:
        return [(f"nothing to do, {plural(len(steps), 'step')} reused", "dim")]
    line: Line = []
    for status in ("succeeded", "reused", "running", "failed", "blocked", "skipped", "cancelled", "waiting"):
        if counts.get(status):
            word, style = names.get(status, (status, {"failed": "bad", "blocked": "warn"}.get(status, "dim")))
            line += [(" · ", "dim")] if line else []
            line.append((f"{counts[status]:,} {word}", style))
    return line


def _held(run: RunDocument) -> list[Line]:
    lines: list[Line] = []
    for one in run["steps"]:
        if one["status"] == "waiting" and one["note"]:
            lines += [
                [("⏸ ", "warn"), (safe(one["step"]), "name"), (" asks  ", "dim"), (safe(one["note"]), "")],
                [("    yes:  ", "dim"), (f"penstock approve {run['run']} {shlex.quote(one['step'])}", "code")],
            ]
    return lines


def _next(run: RunDocument, failed: list[StepDocument]) -> list[Line]:
    lines: list[Line] = []
    if run["status"] in ("failed", "cancelled"):
        lines.append([("  go on:   ", "dim"), (f"penstock resume {run['run']}", "code")])
    if failed:
        log = f"penstock logs {run['run']} {shlex.quote(failed[0]['step'])}"
        lines.append([("  its log: ", "dim"), (log, "code")])
    return lines
