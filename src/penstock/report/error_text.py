"""An error as lines for people: what and where, then what to do. Never cut, but broken where the terminal is narrow."""

import textwrap

from penstock.report.documents import ErrorBody
from penstock.report.paint import Line, safe, width

__all__ = ["error_lines"]


def error_lines(error: ErrorBody, columns: int = 0) -> list[Line]:
    """An error for people: what and where in the first line, then what to do."""
    first, *rest = error["message"].splitlines() or [""]
    lines: list[Line] = [[("error: ", "bad"), (safe(first), "title")]]
    if error["where"]:
        lines[0] = [("error: ", "bad"), (safe(error["where"]), "code"), (": ", "code"), (safe(first), "title")]
    lines += [[("  " + safe(one), "")] for one in rest]
    for one in error["hint"].splitlines():
        lines += [
            [("  " + safe(part), "")]
            for part in textwrap.wrap(one, max(min(columns, 100) - 2, 40) if columns else 1000)
        ]
    return [part for line in lines for part in _fold(line, columns)]


def _fold(line: Line, columns: int) -> list[Line]:
    """A line that must not be cut: broken into several where the terminal is narrow."""
    if not columns or sum([width(text) for text, _ in line]) <= columns:
        return [line]
    text = "".join([one for one, _ in line])
    style = line[-1][1]
    parts = textwrap.wrap(text, columns, subsequent_indent="  ", break_long_words=True)
    if len(line) > 1 and parts and parts[0].startswith(line[0][0].rstrip()):
        mark = len(line[0][0].rstrip())
        return [[(line[0][0].rstrip(), line[0][1]), (parts[0][mark:], style)], *[[(one, style)] for one in parts[1:]]]
    return [[(one, style)] for one in parts]
