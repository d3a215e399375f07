"""`penstock contract` as lines for people."""

from typing import Any

from penstock.report.contract_documents import ChangeDocument, ContractDiffDocument, FreezeDocument
from penstock.report.paint import Line, safe
from penstock.report.units import plural

__all__ = ["contract_diff_lines", "freeze_lines"]


def freeze_lines(document: FreezeDocument) -> list[Line]:
    """Which files were written, and what is left to do."""
    lines: list[Line] = []
    for one in document["sources"]:
        mark, style = ("✓ ", "good") if one["written"] else ("· ", "dim")
        what = f"  {plural(one['columns'], 'column')} of {plural(one['rows'], 'row')} of `{one['source']}`"
        lines.append(
            [(mark, style), (safe(one["file"]), "name"), (what + ("" if one["written"] else ", as before"), "")]
        )
    for one in document["sources"]:
        if not one["declared"]:
            said = f'@ps.source(…, contract="{one["file"]}")'
            lines.append([(f"  hold later rows of `{one['source']}` to it: ", "dim"), (said, "code")])
    return lines


def contract_diff_lines(document: ContractDiffDocument) -> list[Line]:
    """For each source, what breaches its file, and what a new one would say otherwise."""
    lines: list[Line] = []
    for one in document["sources"]:
        bad = one["breaches"]
        mark, style = ("✗ ", "bad") if bad else ("✓ ", "good")
        said = plural(len(bad), "breach", "breaches") if bad else "as it says"
        lines.append(
            [
                (mark, style),
                (safe(one["file"]), "name"),
                (f"  {plural(one['rows'], 'row')} of `{one['source']}`: {said}", ""),
            ]
        )
        lines += [[("    ✗ ", "bad"), (safe(each["what"]), "")] for each in bad]
        if one["changes"]:
            lines.append([("    written now, it would say otherwise:", "dim")])
            lines += [[("      ", ""), *_change(each)] for each in one["changes"]]
    return lines


def _change(one: ChangeDocument) -> Line:
    name = f"{one['column']} " if one["column"] else ""
    if one["what"] == "column":
        word = "new column" if one["then"] is None else "no longer there"
        return [(safe(one["column"]), "name"), (f"  {word} ({one['now'] or one['then']})", "")]
    return [(safe(f"{name}{one['what']}"), "name"), (f"  {_short(one['then'])} → {_short(one['now'])}", "")]


def _short(value: Any) -> str:
    if isinstance(value, list):
        shown = ", ".join([str(one) for one in value[:8]])
        return safe(f"[{shown}{' …' if len(value) > 8 else ''}]")
    if isinstance(value, dict):
        return safe(", ".join([f"{name} {one}" for name, one in value.items()]))
    return "none" if value is None else safe(str(value))
