"""An error as lines for people: what and where, then what to do. Never cut, but broken where the terminal is narrow."""

from penstock.report.documents import ErrorBody
from penstock.report.paint import Line, fold, safe

__all__ = ["error_lines"]


def error_lines(error: ErrorBody, columns: int = 0) -> list[Line]:
    """An error for people: what and where in the first line, then what to do."""
    first, *rest = error["message"].splitlines() or [""]
    lines: list[Line] = [[("error: ", "bad"), (safe(first), "title")]]
    if error["where"]:
        lines[0] = [("error: ", "bad"), (safe(error["where"]), "code"), (": ", "code"), (safe(first), "title")]
    lines += [[("  " + safe(one), "")] for one in rest]
    lines += [[("  " + safe(one), "")] for one in error["hint"].splitlines()]
    return [part for line in lines for part in fold(line, min(columns, 100))]
