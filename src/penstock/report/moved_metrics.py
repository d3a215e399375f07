"""A metric then and now, with words for what JSON has no number for."""

import math

from penstock.report.history_documents import MovedMetricDocument
from penstock.report.units import difference, number

__all__ = ["moved_metric", "moved_words"]


_MEANT = {"absent": None, "nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def moved_metric(name: str, before: float | None, after: float | None) -> MovedMetricDocument:
    """A metric of two runs; None where it was not measured.

    >>> moved_metric("a.loss", float("nan"), None)
    {'metric': 'a.loss', 'before': None, 'after': None, 'said': ['nan', 'absent']}
    """
    return {"metric": name, "before": _finite(before), "after": _finite(after), "said": [_said(before), _said(after)]}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _said(value: float | None) -> str:
    return "absent" if value is None else "" if math.isfinite(value) else str(value)


def moved_words(one: MovedMetricDocument) -> tuple[str, str, str]:
    """What it was, what it is, and how it moved: "=" where it did not.

    >>> moved_words(moved_metric("a.loss", 2.0, float("inf"))), moved_words(moved_metric("a.loss", None, 3.0))
    (('2', 'inf', '≠'), ('—', '3', ''))
    """
    before, after = (
        _MEANT.get(said, value) for value, said in zip((one["before"], one["after"]), one["said"], strict=True)
    )
    if before is None and after is None:
        return number(before), number(after), "="
    moved = "" if before is None or after is None else difference(after, before)
    return number(before), number(after), moved
