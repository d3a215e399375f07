"""A step of a run as lines for people: why it ran, what it took, what its outputs look like."""

import shlex
from datetime import datetime
from typing import Any

from penstock.report.board import WORDS, step_glyph
from penstock.report.documents import ArtifactDocument, StepDetails, StepDocument, UnderwayDocument
from penstock.report.paint import Line, crop, safe, table
from penstock.report.plan_text import reason_words
from penstock.report.summary import failure_lines, tolerated_line
from penstock.report.underway import left_words, progress_words, usage_words
from penstock.report.units import count, duration, number, size

__all__ = ["step_lines"]

_COLUMNS = 40  # columns of a table that are listed


def step_lines(details: StepDetails) -> list[Line]:
    """A step of a run: why it ran, what it took, and what its outputs look like."""
    step = details["step"]
    glyph, style = step_glyph(step)
    lines: list[Line] = [
        [(f"{glyph} ", style), (safe(step["step"]), "title"), (f"  {step['kind']}", "dim"), (f"  {WORDS.get(step['status'], step['status'])}", style),
         (f"  run {details['run']}", "dim")]
    ]  # fmt: skip
    if details["made_in"] and details["made_in"] != details["run"]:
        lines.append([("  made in run ", "dim"), (details["made_in"], "code")])
    facts = _underway(step["underway"]) if step["underway"] else _took(step)
    facts += [[[("why", "dim")] if not i else "", reason_words(one)] for i, one in enumerate(step["reasons"])]
    for title, values in (("parameters", details["parameters"]), ("metrics", step["metrics"])):
        for i, (name, value) in enumerate(values.items()):
            shown = value if isinstance(value, str) else number(value)
            facts.append([[(title, "dim")] if not i else "", [(f"{safe(name)} = ", ""), (safe(shown), "title")]])
    for i, (argument, given) in enumerate(step["inputs"].items()):
        artifact = f" from {given['artifact']}" if given["artifact"] != argument else ""
        facts.append(
            [
                [("inputs", "dim")] if not i else "",
                [(safe(argument + artifact), ""), (f"  {_digest(given['digest'])}", "dim")],
            ]
        )
    if step["note"]:
        facts.append([[("asks" if step["status"] == "waiting" else "said", "dim")], safe(step["note"])])
    lines += [[], *table(facts)] if facts else []
    for made in details["artifacts"]:
        lines += [[], *_artifact(made)]
    if details["figures"]:
        drawn = [
            [(safe(one["name"]), "name"), (f"  {safe(one['type'])} · {size(one['bytes'])}", ""), (f"  {safe(one['file'])}", "code")]
            for one in details["figures"]
        ]  # fmt: skip
        lines += [[], [("  figures", "dim")], *[[("    ", ""), *one] for one in drawn]]
    if details["notes"]:
        said = [text for note in details["notes"] for text in note.splitlines()]
        lines += [[], [("  notes", "dim")], *[[("    " + safe(text), "")] for text in said]]
    if step["error"] is not None:
        borne = step["status"] == "tolerated"  # of a task, the last attempt only gathers
        told = failure_lines(step["step"], 1 if borne else step["attempts"], step["error"])
        lines += [[], tolerated_line(step["step"], step["error"]) if borne else told[0], *told[1:]]
    if step["attempts"]:
        log = f"penstock logs {details['run']} {shlex.quote(step['step'])}{' -f' if step['underway'] else ''}"
        lines += [[], [("  its log: ", "dim"), (log, "code")]]
    return lines


def _underway(one: UnderwayDocument) -> list[list[Line | str]]:
    """What is known of a step that runs, a line for each question."""
    if one["waits"]:
        return [[[("now", "dim")], safe(one["waits"])]]
    left = left_words(one["left"], one["elapsed"], one["longest"] or 0.0)
    ends = datetime.fromisoformat(one["ends"]).astimezone().strftime(", at %H:%M:%S") if one["ends"] else ""
    attempt = f", attempt {one['attempt']}" if one["attempt"] > 1 else ""
    where = f", process {one['pid']} on {one['host']}" if one["pid"] else ""
    told = [("runs", f"for {duration(one['elapsed'])}{attempt}{where}")]
    came = ", ".join([words for words in (progress_words(one["done"], one["total"]), one["text"]) if words])
    told += [("progress", came)] if came else []
    told += [("ends", left + ends)] if left else []
    if one["longest"] is not None and one["typical"] is not None:
        told.append(("before", f"{duration(one['typical'])} as a rule, {duration(one['longest'])} at most"))
    if one["memory"] is not None and one["looked"] is not None:
        quiet = one["silent"] or 0.0
        silent = f", silent for {duration(quiet)}" if quiet >= 1.0 else ""
        told.append(("uses", usage_words(one["cpu"] or 0.0, one["memory"]) + silent))
    return [[[(title, "dim")], safe(words)] for title, words in told]


def _took(step: StepDocument) -> list[list[Line | str]]:
    if not step["seconds"]:
        return []
    parts = [duration(step["seconds"])]
    if step["cpu_seconds"]:
        parts.append(f"{duration(step['cpu_seconds'])} of processor time")
    if step["peak_memory"]:
        parts.append(f"{size(step['peak_memory'])} of memory")
    if step["attempts"] > 1:
        parts.append(f"{step['attempts']} attempts")
    return [[[("took", "dim")], ", ".join(parts)]]


def _digest(digest: str) -> str:
    return digest.partition(":")[2][:10] or digest[:10]


def _artifact(one: ArtifactDocument) -> list[Line]:
    shape = " x ".join([count(n) for n in one["shape"]]) if len(one["shape"]) > 1 else ""
    rows = shape or (f"{count(one['rows'])} rows" if one["rows"] is not None else "")
    facts = [one["type"], rows, size(one["bytes"]), one["role"] or "", "pickled" if one["pickled"] else ""]
    lines: list[Line] = [
        [("  ", ""), (safe(one["artifact"]), "name"), (f"  {safe(' · '.join([f for f in facts if f]))}", ""), (f"  {_digest(one['digest'])}", "dim")]
    ]  # fmt: skip
    if one["columns"]:
        lines += _columns(one)
    elif one["text"]:
        lines += [[("    " + safe(text), "dim")] for text in one["text"].splitlines()[:12]]
    return lines


def _columns(one: ArtifactDocument) -> list[Line]:
    """Each column on a line: name, type, nulls, and its first few values."""
    rows: list[list[Line | str]] = []
    for i, column in enumerate(one["columns"][:_COLUMNS]):
        values = ", ".join([_cell(row[i]) for row in one["head"][:3] if i < len(row)])
        nulls = f"{count(column['nulls'])} null" if column["nulls"] else ""
        shown = crop([(safe(values), "dim")], 60)
        rows.append([safe(column["name"]), [(safe(column["dtype"]), "code")], [(nulls, "warn")], shown])
    more = len(one["columns"]) - len(rows)
    return [*table(rows, indent=4), *([[(f"    and {more} more columns", "dim")]] if more else [])]


def _cell(value: Any) -> str:
    if value is None:
        return "null"
    return number(value) if isinstance(value, float) else str(value)
