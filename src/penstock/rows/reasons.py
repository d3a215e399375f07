"""Why rows were dropped, as far as the values of the dropped and the kept tell.

Nobody reads the step's code here. What is said is what holds of the rows: every row that is missing a value was dropped and
none of the kept is, or every dropped row lies below all that were kept, or has no partner in another input.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.model.account import Reason
from penstock.rows.codes import encode, encode_columns, same_kind
from penstock.values.records import Records, value_at

__all__ = ["explain", "reason_of", "unmatched"]

_FEW = 0.001  # a condition that fewer of the kept rows break than this is told as one with exceptions: it is not one


class _Cause:
    """A reason with the rows that it holds of."""

    def __init__(self, kind: str, what: str, holds: Any, column: str = "", partner: str = "") -> None:
        self.kind, self.what, self.holds = kind, what, holds
        self.column, self.partner = column, partner

    def reason(self, rows: int) -> Reason:
        return Reason(self.kind, self.what, rows, self.column, self.partner)


def explain(
    above: Records, dropped: Any, others: Mapping[str, Records] | None = None, skip: Sequence[str] = ()
) -> tuple[Reason, ...]:
    """The fewest reasons that together explain the most dropped rows, each with how many it explains first.

    `dropped` is true for each row of the input that was lost; `others` are the step's other inputs, by artifact, and
    `skip` the key columns, which name rows and do not select them.
    """
    found: list[Reason] = []
    left = dropped.copy()
    causes = _causes(above, dropped, others or {}, skip)
    while left.any() and causes:
        best = max(causes, key=lambda cause: (int((cause.holds & left).sum()), _RANK[cause.kind]))
        rows = int((best.holds & left).sum())
        if not rows or (rows < 0.01 * dropped.sum() and found):
            break
        found.append(best.reason(rows))
        left &= ~best.holds
        causes.remove(best)
    rest = int(left.sum())
    if rest:
        found.append(Reason("unknown", "no single column tells why", rest))
    return tuple(found)


def unmatched(above: Records, dropped: Any, others: Mapping[str, Records]) -> tuple[Reason, ...]:
    """For rows that others were looked up in: those that no row of another input is the partner of; the rest is not explained."""
    kept = ~dropped
    found: list[Reason] = []
    causes = [cause for name, other in others.items() for cause in _partners(above, name, other, dropped, kept)]
    if causes:
        best = max(causes, key=lambda cause: int(cause.holds.sum()))
        found.append(best.reason(int(best.holds.sum())))
    return tuple(found)


_RANK = {"null": 4, "partner": 3, "range": 2, "value": 1, "place": 0}


def reason_of(
    above: Records, dropped: Any, row: int, others: Mapping[str, Records] | None = None, skip: Sequence[str] = ()
) -> str:
    """Why one row was dropped, in words; "" where the values do not tell."""
    holds = [one for one in _causes(above, dropped, others or {}, skip) if one.holds[row]]
    if not holds:
        return ""
    best = max(holds, key=lambda cause: (int(cause.holds.sum()), _RANK[cause.kind]))
    if best.kind in ("range", "value", "partner") and best.column:
        names = best.column.split(", ")
        values = ", ".join([str(value_at(above.column(name), row)) for name in names])
        return f"{best.what} (here {values})"
    return best.what


def _causes(above: Records, dropped: Any, others: Mapping[str, Records], skip: Sequence[str]) -> list[_Cause]:
    kept = ~dropped
    causes: list[_Cause] = []
    if not kept.any():
        return [_Cause("value", "every row was dropped", dropped)]
    for name in above.columns:
        if name in skip or pa.types.is_nested(above.column(name).type):
            continue
        causes.extend(_of_column(name, above.column(name), dropped, kept))
    for artifact, other in others.items():
        causes.extend(_partners(above, artifact, other, dropped, kept))
    causes.extend(_ends(dropped))
    return _merged([cause for cause in causes if cause.holds.any()])


def _merged(causes: list[_Cause]) -> list[_Cause]:
    """Columns that are missing in the very same rows are told together."""
    found: list[_Cause] = []
    for cause in causes:
        twin = next((o for o in found if o.kind == cause.kind == "null" and np.array_equal(o.holds, cause.holds)), None)
        if twin is None:
            found.append(cause)
        else:
            twin.column = f"{twin.column}, {cause.column}"
            names = [f"`{name}`" for name in twin.column.split(", ")]
            twin.what = f"{', '.join(names[:-1])} and {names[-1]} are missing"
    return found


def _of_column(name: str, column: Any, dropped: Any, kept: Any) -> list[_Cause]:
    found = []
    missing = column.is_null().to_numpy()
    if pa.types.is_floating(column.type):
        missing = missing | np.isnan(column.to_numpy())
    if missing.any() and not (missing & kept).any():
        found.append(_Cause("null", f"`{name}` is missing", missing & dropped, name))
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        found.extend(_ranges(name, column, missing, dropped, kept))
    else:
        numbers = encode([column], nulls=False)
        there = np.bincount(numbers[kept & ~missing], minlength=int(numbers.max(initial=0)) + 1)
        alone = ~missing & (there[np.maximum(numbers, 0)] == 0)
        if alone.any() and 3 * there.size <= kept.size:  # else most values are alone, and say nothing
            found.append(_Cause("value", f"no row with this `{name}` was kept", alone & dropped, name))
    return found


def _ends(dropped: Any) -> list[_Cause]:
    """Rows at the beginning or the end of the table, all of them dropped."""
    stay = np.flatnonzero(~dropped)
    first, last = int(stay[0]), int(stay[-1])
    found = []
    for count, rows, words in (
        (first, slice(0, first), "first"),
        (dropped.size - 1 - last, slice(last + 1, None), "last"),
    ):
        if count:
            holds = np.zeros(dropped.size, bool)
            holds[rows] = True
            found.append(_Cause("place", f"among the {words} {count:,} rows, of which none was kept", holds))
    return found


def _ranges(name: str, column: Any, missing: Any, dropped: Any, kept: Any) -> list[_Cause]:
    stay = column.filter(pa.array(kept & ~missing))
    if len(stay) == 0:
        return []
    bounds = pc.min_max(stay)
    low, high = bounds["min"], bounds["max"]
    found = []
    under = np.asarray(pc.fill_null(pc.less(column, low), False)) & ~missing
    over = np.asarray(pc.fill_null(pc.greater(column, high), False)) & ~missing
    if under.any():
        found.append(
            _Cause("range", f"`{name}` is below {_shown(low)}, the least of a kept row", under & dropped, name)
        )
    if over.any():
        found.append(_Cause("range", f"`{name}` is above {_shown(high)}, the most of a kept row", over & dropped, name))
    return found


def _shown(scalar: Any) -> str:
    try:
        value = scalar.as_py()
    except (ValueError, ImportError):
        return str(scalar)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _partners(above: Records, artifact: str, other: Records, dropped: Any, kept: Any) -> list[_Cause]:
    """Columns of one name in both inputs, by which every kept row has a partner and dropped rows have none."""
    shared = [
        name
        for name in above.columns
        if name in other and same_kind(above.column(name).type, other.column(name).type) is not None
    ]
    found = []
    for names in [[name] for name in shared] + ([shared] if len(shared) > 1 else []):
        numbers = encode_columns(above, other, [(name, name) for name in names])
        if numbers is None:
            continue
        up, down = numbers
        alone = (up < 0) | ~np.isin(up, down)
        if alone.any() and (alone & kept).sum() <= _FEW * kept.sum() and (alone & dropped).any():
            words = ", ".join(names)
            found.append(_Cause("partner", f"no partner in `{artifact}` by {words}", alone & dropped, words, artifact))
    return found
