"""Two runs held against each other, as lines for people."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from penstock.report.history_documents import ArtifactChange, DataChange, DiffDocument, FigureChange
from penstock.report.moved_metrics import moved_words
from penstock.report.paint import Line, safe, table
from penstock.report.reproduce_text import change_lines, package_lines
from penstock.report.units import count, lasted, number, plural, size

__all__ = ["cell", "cells", "data_words", "diff_lines", "parts_more"]

_LISTED = 30
_EXAMPLES = 3
_WIDE = 60  # characters of a value


def diff_lines(document: DiffDocument) -> list[Line]:
    """All that differs, the cause before the effect: parameters, code, environment; then data, metrics, figures."""
    before, after = document["before"], document["after"]
    head: list[list[Line | str]] = []
    for sign, run in (("−", before), ("+", after)):
        label = " ".join([run["name"], *[f"#{one}" for one in run["tags"]]]).strip()
        style = "remove" if sign == "−" else "add"
        head.append(
            [
                [(f"{sign} ", style), (run["run"], "name")],
                safe(run["pipeline"]),
                run["status"],
                lasted(run["seconds"]),
                [(safe(label), "code")],
            ]
        )
    blocks = [
        _parameters(document),
        _code(document),
        package_lines(document["environment"], "installed otherwise"),
        _artifacts(document["artifacts"]),
        _metrics(document),
        _figures(document["figures"]),
    ]
    lines = table(head, indent=0, right=[3])
    shown = [block for block in blocks if block]
    if not shown:
        return [*lines, [], [("= ", "good"), ("Nothing differs.", "")]]
    for block in shown:
        lines += [[], *block]
    return lines


def _parameters(document: DiffDocument) -> list[Line]:
    rows: list[list[Line | str]] = []
    if document["seeds"][0] != document["seeds"][1]:
        rows.append(["seed of the run", *_moved(*[str(one) for one in document["seeds"]])])
    for one in document["parameters"]:
        name = safe(f"{one['step']}.{one['parameter']}")
        if one["content"]:
            rows.append([name, safe(one["after"] or ""), "", "", [("has other content", "dim")]])
        else:
            rows.append([name, *_moved(one["before"], one["after"])])
    return [[("parameters", "title")], *table(rows)] if rows else []


def _moved(before: str | None, after: str | None) -> list[Line | str]:
    return [
        [(safe(before) if before is not None else "—", "remove")],
        [("→", "dim")],
        [(safe(after) if after is not None else "—", "add")],
        "",
    ]


def _code(document: DiffDocument) -> list[Line]:
    lines: list[Line] = []
    for state, words in (("gone", "no longer there"), ("added", "new")):
        names = [one["step"] for one in document["steps"] if one["state"] == state]
        if names:
            lines.append([(f"  {plural(len(names), 'step')} {words}: ", ""), (safe(", ".join(names)), "name")])
    changed = [
        {"step": one["step"], "reasons": one["reasons"]} for one in document["steps"] if one["state"] == "changed"
    ]
    lines += change_lines(changed, "")[1:]  # type: ignore[arg-type]
    commits = [one[:10] for one in document["commits"] if one]
    title: Line = [("code", "title")]
    if len(commits) == 2 and commits[0] != commits[1]:
        title.append((f"  commit {commits[0]} → {commits[1]}", "dim"))
    return [title, *lines] if lines else []


def _artifacts(artifacts: list[ArtifactChange]) -> list[Line]:
    listed = [one for one in artifacts if one["state"] != "equal"]
    if not listed:
        return []
    equal = len(artifacts) - len(listed)
    lines: list[Line] = [[("data", "title"), (f"  {plural(equal, 'artifact')} equal" if equal else "", "dim")]]
    for one in listed[:_LISTED]:
        glyph, style = {"added": ("+", "add"), "gone": ("−", "remove"), "changed": ("≠", "code")}[one["state"]]
        line: Line = [("  ", ""), (f"{glyph} ", style), (safe(one["artifact"]), "name"), ("  ", "")]
        if one["data"] is not None:
            lines.append([*line, (data_words(one["data"]), "")])
            lines += _details(one["data"])
        else:
            sizes = [size(many) for many in one["bytes"]]
            words = f"{sizes[0]} → {sizes[1]}" if one["state"] == "changed" else sizes[one["state"] == "added"]
            lines.append([*line, (words, ""), (f"  {safe(one['why'])}" if one["why"] else "", "dim")])
    if len(listed) > _LISTED:
        lines.append([(f"  and {plural(len(listed) - _LISTED, 'artifact')} more", "dim")])
    return lines


def data_words(data: DataChange) -> str:
    """The difference of a value in a line."""
    if not data["by"]:
        if not data["changed"]:
            return "of another kind" if data["parts"] else "other bytes, and no difference beyond rounding"
        return f"{plural(data['changed'], 'part')} changed" if any(one["part"] for one in data["parts"]) else "changed"
    before, after = data["rows"]
    parts = [f"{count(before)} → {count(after)} rows" if before != after else plural(before, "row")]
    for many, word in ((data["added"], "added"), (data["gone"], "gone"), (data["changed"], "changed")):
        if many:
            parts.append(f"{many:,} {word}")
    if data["reordered"]:
        parts.append("in another order")
    if len(parts) == 1 and before == after and not (data["columns"] or data["columns_added"] or data["columns_gone"]):
        parts.append("other bytes, and no difference beyond rounding")
    how = {"key": f"by {'/'.join(data['key'])}", "position": "by position", "content": "by content"}[data["by"]]
    return safe(f"{', '.join(parts)} ({how})")


def _details(data: DataChange) -> list[Line]:
    lines: list[Line] = []
    for sign, names in (("+", data["columns_added"]), ("−", data["columns_gone"])):
        if names:
            style = "add" if sign == "+" else "remove"
            lines.append([("      ", ""), (f"{sign} columns ", style), (safe(", ".join(names)), "")])
    rows: list[list[Line | str]] = []
    for one in data["columns"]:
        types = f"{one['types'][0]} → {one['types'][1]}" if one["types"] else ""
        words = f"{count(one['count'])} changed" if one["count"] else ""
        rows.append([safe(one["column"]), words, [(safe(types), "warn")], _example(one["examples"], data)])
    lines += table(rows, indent=6, right=[1])
    for sign, style, examples in (
        ("+", "add", data["added_examples"]),
        ("−", "remove", data["gone_examples"]),
    ):
        for row in examples[:_EXAMPLES]:
            lines.append([("      ", ""), (f"{sign} ", style), (_record(row), "dim")])
    for part in data["parts"]:
        if not part["part"] and json.dumps(part["before"]) == json.dumps(part["after"]):
            lines.append([(f"      {cell(part['before'])}: its state is another", "")])
            continue
        place = f"{part['part']}  " if part["part"] else ""
        lines.append(
            [
                (f"      {safe(place)}", ""),
                *_moved_cells(part),
            ]
        )
    if more := parts_more(data):
        lines.append([(f"      and {plural(more, 'part')} more", "dim")])
    return lines


def parts_more(data: DataChange) -> int:
    """How many parts changed beside those that are listed."""
    return max(0, data["changed"] - len(data["parts"])) if not data["by"] else 0


def _example(examples: Iterable[Any], data: DataChange) -> Line:
    for one in examples:
        place = one["row"] if data["by"] == "key" else f"row {one['row']}"
        return [
            (f"{_key(place)}: ", "dim"),
            *_moved_cells(one),
        ]
    return []


def _moved_cells(one: Mapping[str, Any]) -> Line:
    before, after = cells(one["before"], one["after"])
    return [(before, "remove"), (" → ", "dim"), (after, "add")]


def _key(place: Any) -> str:
    return "/".join([cell(one) for one in place]) if isinstance(place, list) else cell(place)


def _record(row: dict[str, Any]) -> str:
    shown = [f"{safe(name)}={cell(value)}" for name, value in list(row.items())[:6]]
    return ", ".join(shown) + (", …" if len(row) > 6 else "")


def cell(value: Any) -> str:
    """A value of an example, short and safe."""
    if isinstance(value, float):
        text = number(value)
    elif isinstance(value, str):
        text = value
    else:
        text = "—" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    text = safe(text)
    return text if len(text) <= _WIDE else text[: _WIDE - 1] + "…"


def cells(before: Any, after: Any) -> tuple[str, str]:
    """A value that moved, as it was and as it is: so long that the two can be told apart.

    >>> cells(2.5, 3.0), cells(0.1, 0.1000001), cells(1, 1.0), cells("1", 1), cells("", None)
    (('2.5', '3'), ('0.1', '0.1000001'), ('1', '1.0'), ('"1"', '1'), ('""', '—'))
    """
    pair = cell(before), cell(after)
    if pair[0] == pair[1] or "" in pair:
        pair = tuple(  # type: ignore[assignment]
            ["—" if one is None else safe(json.dumps(one, ensure_ascii=False, default=str)) for one in (before, after)]
        )
    return pair


def _metrics(document: DiffDocument) -> list[Line]:
    rows: list[list[Line | str]] = []
    same = 0
    for one in document["metrics"]:
        before, after, moved = moved_words(one)
        if moved == "=":
            same += 1
            continue
        rows.append(
            [safe(one["metric"]), [(before, "remove")], [("→", "dim")], [(after, "add")], [(moved, "code")]]
        )  # fmt: skip
    title: Line = [("metrics", "title"), (f"  {same:,} equal" if same else "", "dim")]
    return [title, *table(rows, right=[1, 3])] if rows else []


def _figures(figures: list[FigureChange]) -> list[Line]:
    words = {"changed": "drawn otherwise", "added": "new", "gone": "no longer drawn"}
    rows: list[list[Line | str]] = [
        [[(safe(f"{one['step']}.{one['name']}"), "name")], words[one["state"]]]
        for one in figures
        if one["state"] != "equal"
    ]
    if not rows:
        return []
    return [[("figures", "title"), ("  side by side with --html FILE", "dim")], *table(rows)]
