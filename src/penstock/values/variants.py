"""Other values for cells, to see whether a cell matters: those of other rows, the extremes of its column and what lies beyond them,
nothing, a little more and a little less.

A function of a cell may take two values only (`x > 3`, `cut`, `round`), so it is not enough to try one value or two: some must lie on
the other side of wherever a threshold may be.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.values.alter import exchange
from penstock.values.assign import assign
from penstock.values.donors import others

__all__ = ["Variant", "nudges", "variants", "vary"]

_FEW = 12  # distinct values of a column that are all tried
_SPREAD = 5  # of more values, so many between the least and the greatest
_FAR = 1000  # how much farther than the column is wide the farthest values are, for each row
_NEW = "~penstock~"  # a word that no column holds, behind all others
_DAY = 86_400_000_000  # microseconds


class Variant(NamedTuple):
    """A way to alter cells: `donor` (`what` is the turn: values of other rows), `value` (all become `what`), or `shift`
    (`what` is added to each number)."""

    kind: str
    what: Any


def variants(column: pa.ChunkedArray) -> tuple[Variant, ...]:
    """What is tried in a column, the most telling first: values of other rows twice, beyond the greatest and the least, zero, the
    other sign, a little more and less, each value where they are few (else some of all sizes), nothing."""
    found = [Variant("donor", 0), Variant("donor", 1)]
    kind = column.type
    if pa.types.is_boolean(kind):
        found += [Variant("value", one) for one in (True, False)]
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
        found += _numbers(column)
    elif pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        found += _instants(column)
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        known = [one for one in column.unique().to_pylist() if one is not None]
        found += [Variant("value", one) for one in (*_some(sorted(known)), _NEW, "")]
    found.append(Variant("value", None))
    return tuple(dict.fromkeys(found))


def nudges(column: pa.ChunkedArray) -> tuple[Variant, Variant] | None:
    """A little more and a little less, for a column of numbers: one for whole numbers, else a hundredth of their deviation."""
    if pa.types.is_integer(column.type):
        return Variant("shift", 1), Variant("shift", -1)
    if not pa.types.is_floating(column.type):
        return None
    held = _finite(column)
    spread = float(held.std()) if held.size else 0.0
    step = (spread or (float(np.abs(held).max()) if held.size else 0.0) or 1.0) / 100
    return Variant("shift", step), Variant("shift", -step)


def vary(value: Any, name: str, column: pa.ChunkedArray, rows: Any, variant: Variant) -> Any:
    """The value with the cells of one column (`column` as it is now) in these rows altered. None where that alters nothing,
    or the column can't hold it."""
    try:
        if variant.kind == "donor":
            donors = others(column, rows, variant.what)
            return exchange(value, name, rows, donors) if donors is not None else None
        now = column.take(pa.array(rows, pa.int64()))
        new = _new(now, variant)
        return assign(value, name, rows, new) if new is not None else None
    except (TypeError, KeyError, ValueError, OverflowError, NotImplementedError, pa.ArrowException):
        return None


def _new(now: pa.ChunkedArray, variant: Variant) -> list[Any] | None:
    if variant.kind == "shift":
        held = now.to_pylist()
        new = [one if _alike(one, None) else one + variant.what for one in held]
        return new if not all(_alike(one, None) for one in held) else None
    what = variant.what
    instants = pa.types.is_timestamp(now.type) or pa.types.is_date(now.type)
    held = _micros(now) if instants else now.to_pylist()
    if all(_alike(one, what) for one in held):
        return None
    return [what] * len(held)


def _alike(one: Any, what: Any) -> bool:
    if isinstance(one, float) and math.isnan(one):
        return what is None
    return bool(one == what)


def _numbers(column: pa.ChunkedArray) -> list[Variant]:
    held = _finite(column)
    if not held.size:
        return [Variant("value", 1), Variant("value", 0)]
    low, high = held.min().item(), held.max().item()
    width = high - low or abs(high) or 1
    far = _FAR * (len(column) + 1) * max(width, abs(high), abs(low))  # moves even the mean of all beyond all values
    near, ends = [high + width + 1, low - width - 1], [high + far, low - far]
    if pa.types.is_integer(column.type):
        limits = np.iinfo(column.type.to_pandas_dtype())
        near, ends = ([min(one, int(limits.max)), max(other, int(limits.min))] for one, other in (near, ends))
    step = nudges(column) or ()
    more = [*ends, *[one.item() for one in _some(np.unique(held))], -high, -low]
    first = [Variant("value", one) for one in (*near, type(low)(0))]
    return [*first, *step, *[Variant("value", one) for one in more]]


def _instants(column: pa.ChunkedArray) -> list[Variant]:
    held = sorted({one for one in _micros(column) if one is not None})
    if not held:
        return []
    width = max(held[-1] - held[0], _DAY)
    return [Variant("value", one) for one in (held[-1] + width, held[0] - width, *_some(held))]


def _micros(column: pa.ChunkedArray) -> list[Any]:
    """Instants as whole microseconds since 1970."""
    kind = pa.timestamp("us", getattr(column.type, "tz", None))
    listed: list[Any] = pc.cast(column, kind, safe=False).cast(pa.int64()).to_pylist()
    return listed


def _some(known: Any) -> list[Any]:
    """All, where they are few; else some from the least to the greatest."""
    size = len(known)
    if size <= _FEW:
        return list(known)
    return [known[round(part * (size - 1) / (_SPREAD - 1))] for part in range(_SPREAD)]


def _finite(column: pa.ChunkedArray) -> Any:
    held = column.drop_null().to_numpy()
    return held[np.isfinite(held)] if held.dtype.kind == "f" else held
