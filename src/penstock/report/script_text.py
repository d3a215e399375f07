"""A plain script or notebook that was checked, as lines for people: what is known of its rows, what was found, and what was not asked."""

from collections.abc import Iterable, Sequence

from penstock.report.check_documents import CheckedDocument
from penstock.report.check_text import checked_lines
from penstock.report.paint import Line, safe
from penstock.report.script_documents import FunctionDocument, NoteDocument, SaidDocument, ScriptDocument
from penstock.report.units import plural

__all__ = ["script_lines"]

_NAMES = 4


def script_lines(document: CheckedDocument, room: int = 0) -> list[Line]:
    """All of it: the findings and checks as of a pipeline, what rows were taken to be, and what could not be asked."""
    script = document["script"]
    lines = checked_lines(document, document["pipeline"], room)
    return [*lines[:1], *_said_lines(script), *lines[1:], *_function_lines(script), *_note_lines(script["notes"])]


def _said_lines(script: ScriptDocument) -> list[Line]:
    """What was declared and inferred of rows, each once with the functions that it holds for."""
    known: dict[tuple[str, ...], list[str]] = {}
    for one in script["said"]:
        known.setdefault(
            (one["how"], one["table"], one["option"], one["value"], one["why"], str(one["sure"])), []
        ).append(one["function"])
    lines: list[Line] = []
    for (how, table, option, value, why, sure), names in known.items():
        listed = ", ".join(names[:_NAMES]) + (f" and {len(names) - _NAMES} more" if len(names) > _NAMES else "")
        line: Line = [
            (f"  {how:8}  ", "dim"),
            (f"{option}={safe(value)}", "name"),
            (f"  of {safe(table)} in {safe(listed)}", "dim"),
        ]
        line.append((f": {safe(why)}" if why else "", "" if sure == "True" else "warn"))
        lines.append(line)
    return [[], *lines, *_how_to_declare(script["said"])] if lines else []


def _how_to_declare(said: Sequence[SaidDocument]) -> list[Line]:
    """The comment that would declare what was inferred."""
    options: dict[str, str] = {}
    for one in said:
        if one["how"] == "inferred" and one["option"] != "test":
            options.setdefault(one["option"], one["value"])
    if not options:
        return []
    comment = "# penstock: " + ", ".join([f"{name}={value}" for name, value in options.items()])
    return [[("  declare it by a comment in the file: ", "dim"), (safe(comment), "code")]]


def _function_lines(script: ScriptDocument) -> list[Line]:
    """The functions that were not asked, and why."""
    why: dict[str, list[FunctionDocument]] = {}
    for one in script["functions"]:
        if not one["asked"] and one["why"]:
            why.setdefault(one["why"], []).append(one)
    lines: list[Line] = []
    for reason, listed in why.items():
        names = ", ".join([safe(one["function"]) for one in listed])
        lines.append([("  not asked  ", "dim"), (names, "name"), (f"  {safe(reason)}", "dim")])
    return [[], *lines] if lines else []


def _note_lines(notes: Iterable[NoteDocument]) -> list[Line]:
    lines: list[Line] = []
    for one in notes:
        where = f"  {one['where']}" if one["where"] else ""
        lines.append([("  note  ", "bad" if one["failed"] else "warn"), (safe(one["text"]), ""), (safe(where), "dim")])
        if one["hint"]:
            lines.append([(f"        {safe(one['hint'])}", "")])
    failed = sum([one["failed"] for one in notes])
    if failed:
        lines.append([(f"  {plural(failed, 'failure')}: what comes after may not have been asked", "bad")])
    return [[], *lines] if lines else []
