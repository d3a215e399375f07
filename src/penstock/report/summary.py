"""How a run ended, and what to do next: the lines under the table, the same for `run`, `resume` and `show`."""

import math
import re
import shlex
from collections.abc import Mapping, Sequence

from msgspec import Struct

from penstock.report.documents import FailureDocument, RunDocument, WarningDocument
from penstock.report.paint import Line, safe, table
from penstock.report.tally import Tally
from penstock.report.units import difference, duration, error_words, number, plural
from penstock.report.views import failure_view, warnings_view

__all__ = [
    "Closing",
    "closing_from",
    "closing_of",
    "failure_lines",
    "metric_lines",
    "outcome",
    "summary",
    "tolerated_line",
    "traceback_lines",
    "warning_lines",
]

_SHOWN: dict[str, tuple[str, str]] = {
    "succeeded": ("ran", "good"),
    "reused": ("reused", "dim"),
    "running": ("running", "busy"),
    "failed": ("failed", "bad"),
    "tolerated": ("failed, tolerated", "warn"),
    "blocked": ("blocked", "warn"),
    "skipped": ("skipped", "dim"),
    "cancelled": ("stopped", "warn"),
    "waiting": ("waiting", "warn"),
}
_FINDING = re.compile(
    r"(?:finding (\w+) )?\(([\w-]+) PROVEN in `([^`]+)`"
)  # what speaks against a step, as the run wrote it down
_FAILURES = 5  # shown in full; the others by one line each
_TOLERATED = 10
_VALUE, _VALUES = 60, 240  # characters of one parameter's value, and of all
_STATUS: dict[str, tuple[str, str, str]] = {
    "succeeded": ("✓", "good", "succeeded"),
    "failed": ("✗", "bad", "failed"),
    "cancelled": ("⊘", "warn", "was stopped"),
    "running": ("●", "busy", "is running"),
    "waiting": ("⏸", "warn", "waits for approval"),
}


class Closing(Struct, frozen=True):
    """What the closing words are made of. `counts` are steps by status; `failures` each step, its attempts and its error;
    `tolerated` each step that failed while the run goes on, and its error; `held` each step and its question; `barred` says
    why steps were blocked that failed by nothing but a finding."""

    run: str
    pipeline: str
    status: str
    seconds: float
    counts: dict[str, int]
    metrics: dict[str, float | None]
    failures: tuple[tuple[str, int, FailureDocument | None], ...] = ()
    tolerated: tuple[tuple[str, FailureDocument | None], ...] = ()
    warnings: tuple[WarningDocument, ...] = ()
    held: tuple[tuple[str, str], ...] = ()
    running: tuple[str, ...] = ()
    barred: tuple[str, ...] = ()


def closing_of(run: RunDocument) -> Closing:
    """What the closing words on a recorded run are made of."""
    counts: dict[str, int] = {}
    for one in run["steps"]:
        if one["parent"]:  # what a step grew is a part of it
            continue
        counts[one["status"]] = counts.get(one["status"], 0) + 1
    grown = {one["parent"] for one in run["steps"]}  # their attempts grow and gather: nothing was tried again
    return Closing(
        run["run"],
        run["pipeline"],
        run["status"],
        run["seconds"],
        counts,
        run["metrics"],
        tuple(
            [
                (one["step"], 1 if one["step"] in grown else one["attempts"], one["error"])
                for one in run["steps"]
                if one["status"] == "failed"
            ]
        ),
        tuple([(one["step"], one["error"]) for one in run["steps"] if one["status"] == "tolerated"]),
        tuple(run["warnings"]),
        tuple([(one["step"], one["note"]) for one in run["steps"] if one["status"] == "waiting" and one["note"]]),
        tuple([one["step"] for one in run["steps"] if one["underway"] and not one["underway"]["waits"]]),
        tuple([one["note"] for one in run["steps"] if one["status"] == "blocked" and _FINDING.search(one["note"])]),
    )


def closing_from(tally: Tally) -> Closing:
    """What the closing words on a run that was watched are made of: the same, without asking the ledger again."""
    assert tally.run is not None
    counts = dict(tally.counts)
    counts["succeeded"] = counts.pop("ran", 0)
    counts["running"] = counts.get("running", 0) + counts.pop("retrying", 0)
    counts["waiting"] = counts.get("waiting", 0) + counts.pop("held", 0)
    metrics: dict[str, float | None] = {}
    for step in tally.steps.values():
        measured = step.execution.metrics if step.execution is not None else step.metrics
        metrics.update({f"{step.name}.{name}": value for name, value in measured.items()})
    asked = {name.rpartition(":")[0] for name in tally.held} & tally.tolerated.keys()  # nobody tolerates these yet
    if asked:
        counts["failed"] = counts.get("failed", 0) + len(asked)
        counts["tolerated"] -= len(asked)
    parts = list(tally.tolerated_parts.values())
    borne = [one for one in parts if one.name.rpartition("[")[0] not in tally.failed.keys() | asked]
    failed = [
        *tally.failed.values(),
        *[one for one in tally.tolerated.values() if one.name in asked],
        *tally.failed_parts.values(),
        *[one for one in parts if one not in borne],
    ]
    return Closing(
        tally.run.id,
        tally.run.pipeline,
        tally.status,
        tally.seconds,
        counts,
        metrics,
        tuple([(one.name, 1 if one.grew else one.attempt, failure_view(one.failure)) for one in failed]),
        tuple(
            [
                (one.name, failure_view(one.failure))
                for one in [*[one for one in tally.tolerated.values() if one.name not in asked], *borne]
            ]
        ),
        tuple(warnings_view(tally.warnings)),
        tuple([(one.name, one.text) for one in tally.held.values()]),
        barred=tuple(
            [one.text for one in tally.steps.values() if one.state == "blocked" and _FINDING.search(one.text)]
        ),
    )


def summary(run: Closing, before: Mapping[str, float | None], before_run: str = "") -> list[Line]:
    """The closing words on a run: counts and time, metrics against the run before, failures, warnings, what next."""
    lines = [outcome(run), [("  run ", "dim"), (run.run, "dim")]]
    for block in (
        metric_lines(run.metrics, before, before_run),
        *[failure_lines(*one) for one in run.failures[:_FAILURES]],
        [[("✗ ", "bad"), (safe(step), "name"), *_short(error)] for step, _, error in run.failures[_FAILURES:]],
        [tolerated_line(*one) for one in run.tolerated[:_TOLERATED]] + _more(run),
        warning_lines(run.warnings),
        _held(run),
        _next(run),
    ):
        if block:
            lines += [[], *block]
    return lines


def outcome(run: Closing) -> Line:
    """One line: how the run ended, in what time, with how many steps of each kind."""
    glyph, style, words = _STATUS[run.status]
    line: Line = [(f"{glyph} ", style), (safe(run.pipeline), "title"), (f" {words}", style)]
    if run.seconds and run.status != "running":
        line.append((f" in {duration(run.seconds)}", ""))
    counts = _counts(run.counts)
    return [*line, (" · ", "dim"), *counts] if counts else line


def metric_lines(metrics: Mapping[str, float | None], before: Mapping[str, float | None], run: str = "") -> list[Line]:
    """Metrics, and how each moved against an earlier run. Whether up is good nobody said: arrows have no colours."""
    if not metrics:
        return []
    rows: list[list[Line]] = []
    for name, value in metrics.items():
        old = before.get(name)
        moved = difference(value, old) if value is not None and old is not None else ""
        style = "dim" if moved == "=" else "code"
        rows.append([[(safe(name), "")], [(number(value), "title")], [(moved, style)], [_was(before, name, value)]])
    lines = table(rows, right=[1])
    title: Line = [("  metrics", "dim")]
    if any(name in before for name in metrics):
        title.append((f"  against run {run}", "dim"))
    return [title, *lines]


def failure_lines(step: str, attempts: int, error: FailureDocument | None) -> list[Line]:
    """A failed step: the error, the user's own frames, the values of the parameters."""
    line: Line = [("✗ ", "bad"), (safe(step), "name"), *_short(error)]
    if error is None:
        return [line]
    lines = [line, *traceback_lines(error)]
    if error["parameters"]:
        lines.append([("    with  ", "dim"), (safe(_values(error["parameters"])), "")])
    if attempts > 1:
        lines.append([("    tried ", "dim"), (plural(attempts, "time"), "")])
    if error["hint"]:
        lines.append([("    hint  ", "dim"), (safe(error["hint"]), "")])
    return lines


def _values(parameters: Mapping[str, str]) -> str:
    """Parameters with their values, as many as a few lines hold; `show` tells all."""
    shown = ""
    for count, (name, value) in enumerate(parameters.items()):
        said = f"{name}={value if len(value) <= _VALUE else f'{value[: _VALUE - 2]} …'}"
        if count and len(shown) + len(said) > _VALUES:
            return f"{shown} and {len(parameters) - count:,} more"
        shown += f", {said}" if count else said
    return shown


def tolerated_line(step: str, error: FailureDocument | None) -> Line:
    """A step that failed and whose failure is tolerated, in a line."""
    return [("✗ ", "warn"), (safe(step), "name"), ("  tolerated:", "warn"), *_short(error)]


def _more(run: Closing) -> list[Line]:
    left = len(run.tolerated) - _TOLERATED
    return [[(f"  and {left:,} more that failed and are tolerated", "dim")]] if left > 0 else []


def traceback_lines(error: FailureDocument) -> list[Line]:
    """The user's frames: places stand out, the code under them is plain, the error's own lines are red."""
    lines: list[Line] = []
    said = safe(error_words(error["kind"], error["message"]).splitlines()[0])  # stands above already
    for raw in error["traceback"].splitlines():
        text = safe(raw.rstrip())
        body = text.lstrip()
        if not body or body.startswith("Traceback (most recent") or text == said:
            continue
        if body.startswith('File "'):
            style = "code"
        elif set(body) <= set("^~ ") or text == body:
            style = "error"
        else:
            style = ""
        lines.append([("    " + text, style)])
    return lines


def warning_lines(warnings: Sequence[WarningDocument]) -> list[Line]:
    """Warnings with their places; what to do is said once for warnings that give the same advice."""
    lines: list[Line] = []
    for i, one in enumerate(warnings):
        place = f"  {safe(one['where'])}" if one["where"] else ""
        step = f"{safe(one['step'])}  " if one["step"] else ""
        lines.append([("⚠ ", "warn"), (step, "name"), (safe(one["what"]), ""), (place, "code")])
        last = i + 1 == len(warnings) or warnings[i + 1]["hint"] != one["hint"]
        if one["hint"] and last:
            lines.append([("    " + safe(one["hint"]), "dim")])
    return lines


def _was(before: Mapping[str, float | None], name: str, now: float | None) -> tuple[str, str]:
    if name not in before:
        return ("new" if before else "", "dim")
    was = before[name]
    if was is None or now is None:  # a document has no word for what is not finite
        same = all(one is None or not math.isfinite(one) for one in (was, now))
    else:
        same = difference(now, was) == "="
    return ("" if same else f"was {number(was)}", "dim")


def _short(error: FailureDocument | None) -> Line:
    if error is None:
        return [(" failed", "error")]
    place = f"  {safe(error['where'])}" if error["where"] else ""
    return [("  " + safe(error_words(error["kind"], error["message"])), "error"), (place, "code")]


def _counts(counts: Mapping[str, int]) -> Line:
    total = sum(counts.values())
    if counts.get("reused", 0) == total > 0:
        return [(f"nothing to do, {plural(total, 'step')} reused", "dim")]
    line: Line = []
    for status, (word, style) in _SHOWN.items():
        if counts.get(status):
            line += [(" · ", "dim")] if line else []
            line.append((f"{counts[status]:,} {word}", style))
    return line


def _held(run: Closing) -> list[Line]:
    lines: list[Line] = []
    for step, question in run.held:
        lines += [
            [("⏸ ", "warn"), (safe(step), "name"), (" asks  ", "dim"), (safe(question), "")],
            [("    yes:  ", "dim"), (f"penstock approve {run.run} {shlex.quote(step)}", "code")],
            [("    no:   ", "dim"), (f"penstock approve {run.run} {shlex.quote(step)} --decline", "code")],
        ]
    return lines


def _next(run: Closing) -> list[Line]:
    lines: list[Line] = []
    if run.running:
        follow = f"penstock logs {run.run} {shlex.quote(run.running[-1])} -f"  # of a step that grew, a part
        lines.append([("  follow:  ", "dim"), (follow, "code")])
    barred = _FINDING.search(run.barred[0]) if run.barred and run.status == "failed" and not run.failures else None
    if barred:  # the same code would be blocked again
        name, check, step = (safe(one or "") for one in barred.groups())
        waiver = f'ps.waive("{check}", "{step}", "why it may pass", until="YEAR-MONTH-DAY")'
        lines += [[("  see it:  ", "dim"), (f"penstock replay {name}", "code")]] if name else []
        lines.append(
            [("  mend it: ", "dim"), (f"edit `{step}`, and ", ""), ("penstock run", "code"), (" goes on from here", "")]
        )
        lines.append([("  or waive it, beside the steps: ", "dim"), (waiver, "code")])
    elif run.status in ("failed", "cancelled"):
        lines.append([("  go on:   ", "dim"), (f"penstock resume {run.run}", "code")])
    failures = [*[(step, error) for step, _, error in run.failures], *run.tolerated]
    if failures:
        # of a step that grew, a part has printed what there is to read
        telling = [step for step, error in failures if error and error["traceback"]] or [failures[0][0]]
        log = f"penstock logs {run.run} {shlex.quote(telling[0])}"
        lines.append([("  its log: ", "dim"), (log, "code")])
    return lines
