"""What checks found, as lines for people."""

from collections.abc import Iterable

from penstock.report.check_documents import FindingDocument
from penstock.report.paint import Line, safe

__all__ = ["finding_lines"]


def finding_lines(findings: Iterable[FindingDocument]) -> list[Line]:
    """Each finding: its verdict, check and step, what moved, where, what to do, and the command that shows it again."""
    lines: list[Line] = []
    for one in findings:
        style = {"PROVEN": "bad", "SUSPECT": "warn"}.get(one["verdict"], "dim")
        lines += [
            [],
            [
                (f"  {one['verdict']} ", style),
                (f"{one['check']}  {safe(one['step'])}", "name"),
                (f"  {safe(one['world'])}", ""),
            ],
        ]
        if one["where"]:
            lines.append([(f"    {one['where']}", "dim")])
        if one["hint"]:
            lines.append([(f"    {safe(one['hint'])}", "")])
        if one["replay"]:
            lines.append([("    ", ""), (safe(one["replay"]), "code")])
    return lines
