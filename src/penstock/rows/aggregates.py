"""Whether a table holds aggregates of another: a count, a sum, a mean and the like of the rows of each group, compared with what is there.

That rows have columns of which each value is there once shows no aggregate: a filter may leave just one row of each. What they hold
beside does.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.rows.codes import different, encode, same_kind
from penstock.values.records import Records

__all__ = ["aggregated", "extreme", "of_others"]

_JOINED = ("sum", "mean", "count", "count_distinct", "stddev", "variance")  # what need be no value of any row
_PICKED = ("first", "last", "min", "max")  # what is the value of some row
_WAYS = ("size", "first", "last", "sum", "mean", "min", "max")  # in which values become columns
_LOOKED = 12  # columns that are looked at of those that values became
_CLOSE = 1e-6  # relative; sums may be made in another order
_BITS = 12.0  # that whole numbers must say
_PARTS = 200  # values of a column that may each have become a column


def aggregated(
    above: Records, below: Records, up: Any, down: Any, names: Sequence[str], skip: Sequence[str] = ()
) -> bool:
    """Whether columns below, beside the group's own (`names`) and those to `skip`, hold aggregates of the groups. `up` and `down`
    number the groups of the rows above and below.

    Values that one row of each group has as well show nothing: that row may have been kept, and the others dropped.
    """
    size = int(max(up.max(initial=0), down.max(initial=0))) + 1
    sizes = np.bincount(up, minlength=size)[down]
    if sizes.size < 3 or (sizes > 1).sum() < 2:
        return False
    new = [name for name in below.columns if name not in names and name not in skip]
    found = {name: numbers for name in new if (numbers := _numbers(below.column(name))) is not None}
    if any(np.array_equal(numbers, sizes) for numbers in found.values()) and np.log2(1 + sizes).sum() >= _BITS:
        return True
    picked: list[tuple[str, Any]] = []
    for name in [one for one in above.columns if one not in names]:
        column = above.column(name)
        for made in _made(column, up, down, _JOINED) if found else ():
            if any(_close(made, numbers) and not _of_rows(column, made, up, down) for numbers in found.values()):
                return True
        for made in _made(column, up, down, _PICKED):
            if any(_close(made, numbers) for numbers in found.values()) or any(
                _equal(made, below.column(one)) for one in new if one not in found
            ):
                picked.append((name, made))
    return _of_several(above, up, down, sizes, picked) or _spread(above, up, down, names, found)


def _of_rows(column: Any, made: Any, up: Any, down: Any) -> bool:
    """Whether some row of each group holds the value that was made of it."""
    values, numbers = _numbers(made), _numbers(column)
    if values is None or numbers is None:
        return False
    wanted = np.full(int(max(up.max(initial=0), down.max(initial=0))) + 1, np.nan)
    wanted[down] = values
    same = np.isclose(wanted[up], numbers, rtol=_CLOSE, atol=1e-12, equal_nan=True)
    return bool(np.isin(down, up[same]).all())


def _of_several(above: Records, up: Any, down: Any, sizes: Any, picked: Sequence[tuple[str, Any]]) -> bool:
    """Whether no row of so many groups holds all of these values that were picked from it, that chance did not bring it about."""
    size = int(max(up.max(initial=0), down.max(initial=0))) + 1
    at = np.zeros(size, np.int64)
    at[down] = np.arange(down.size)
    same = np.ones(up.size, bool)
    for name, made in picked:
        column, wanted = above.column(name), made.take(pa.array(at[up]))
        equal = pc.fill_null(pc.equal(column, wanted), False)
        same &= np.asarray(pc.or_(equal, pc.and_(pc.is_null(column), pc.is_null(wanted))))
    mixed = ~np.isin(down, up[same])
    return float(np.log2(sizes[mixed]).sum()) >= _BITS


def _numbers(column: Any) -> Any:
    kind = column.type
    if pa.types.is_duration(kind):
        column = column.cast(pa.int64())
    elif not (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_decimal(kind)
    ):
        return None
    return column.cast(pa.float64(), safe=False).to_numpy()


def _made(column: Any, up: Any, down: Any, functions: Sequence[str]) -> Iterator[Any]:
    """The aggregates of a column, one after another, a value for each row below."""
    kind = column.type
    if pa.types.is_nested(kind):
        return
    if pa.types.is_floating(kind):  # what is no number is missing here
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column)
    table = pa.table({"g": pa.array(up), "v": column})
    order = np.zeros(int(max(up.max(initial=0), down.max(initial=0))) + 1, np.int64)
    for function in functions:
        ordered = function in ("first", "last")
        try:
            made = table.group_by("g", use_threads=not ordered).aggregate([("v", function)])
        except (pa.ArrowException, NotImplementedError):
            continue
        order[made.column("g").to_numpy()] = np.arange(made.num_rows)
        values = made.column(f"v_{function}").take(pa.array(order[down]))
        yield values
        if function in ("stddev", "variance") and pa.types.is_floating(values.type):  # of a sample
            counts = np.bincount(up, minlength=order.size)[down].astype(float)
            with np.errstate(divide="ignore", invalid="ignore"):
                factor = counts / (counts - 1)
                plain = values.to_numpy() * (np.sqrt(factor) if function == "stddev" else factor)
            yield pa.chunked_array([pa.array(np.where(counts > 1, plain, np.nan))])
    if functions is _JOINED:
        yield from _quantiles(column, up, down)


def _quantiles(column: Any, up: Any, down: Any) -> Iterator[Any]:
    numbers = _numbers(column)
    if numbers is None or pa.types.is_boolean(column.type):
        return
    known = ~np.isnan(numbers)
    order = np.lexsort((numbers[known], up[known]))
    groups, values = up[known][order], numbers[known][order]
    if not groups.size:
        return
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    counts = np.diff(np.r_[starts, groups.size])
    made = np.full(int(max(up.max(initial=0), down.max(initial=0))) + 1, np.nan)
    for share in (0.5, 0.25, 0.75, 0.9, 0.95, 0.99, 0.1, 0.05):
        place = share * (counts - 1)
        low = starts + np.floor(place).astype(np.int64)
        high = starts + np.ceil(place).astype(np.int64)
        made[groups[starts]] = values[low] + (values[high] - values[low]) * (place - np.floor(place))
        yield pa.chunked_array([pa.array(made[down])])


def _close(made: Any, numbers: Any) -> bool:
    """Whether numbers are these, with some room for rounding; a column of one value is none that says anything."""
    values = _numbers(made)
    if values is None or values.size != numbers.size:
        return False
    there = ~np.isnan(values)
    missing = np.isnan(numbers)
    if not there.any() or (there & missing).any() or (~there & ~missing & (numbers != 0)).any():
        return False
    same = np.isclose(values[there], numbers[there], rtol=_CLOSE, atol=1e-12)
    if not same.all() or np.unique(values[there]).size < 2:
        return False
    whole = bool((values[there] == np.floor(values[there])).all())  # small whole numbers come together by chance
    return not whole or float(np.log2(1 + np.abs(values[there])).sum()) >= _BITS


def _equal(made: Any, column: Any) -> bool:
    kind = same_kind(made.type, column.type)
    if kind is None:
        return False
    one, other = made.cast(kind, safe=False).combine_chunks(), column.cast(kind, safe=False).combine_chunks()
    return bool(one.equals(other) and different(one.drop_null()) > 1)


def _spread(above: Records, up: Any, down: Any, names: Sequence[str], found: Any) -> bool:
    """Whether values of a column became columns (a pivot), each of which holds an aggregate of the rows with that value."""
    for name in [one for one in above.columns if one not in names]:
        column = above.column(name)
        if pa.types.is_nested(column.type) or pa.types.is_floating(column.type):
            continue
        values = pc.unique(column)
        if len(values) > _PARTS:
            continue
        texts = {str(value): value for value in values if value.is_valid}
        parts = [(one, texts[text]) for one in found for text in texts if one == text or _part_of(text, one)]
        if len(parts) < max(2, len(found) // 2) or {value for _, value in parts} != set(texts.values()):
            continue  # of values without a column, the rows may have been dropped
        ways: set[str] = set(_WAYS)
        for one, value in parts[:_LOOKED]:
            ways &= _part(above, up, down, names, name, value, found[one])
        if ways & {"size", "sum", "mean"} or (ways and _all_there(column, up)):
            return True
    return False


def _all_there(column: Any, up: Any) -> bool:
    """Whether so few rows share a group and a value, or so many, that what one of them has tells of all of them."""
    cells = encode([pa.array(up), column], nulls=True)
    counts = np.bincount(cells)
    return bool((counts <= 1).all() or np.log2(np.maximum(counts, 1)).sum() >= _BITS)


def _part_of(text: str, name: str) -> bool:
    return name.endswith(f"_{text}") or name.startswith(f"{text}_")


def _part(above: Records, up: Any, down: Any, names: Sequence[str], by: str, value: Any, numbers: Any) -> set[str]:
    """The ways in which these numbers are made of the rows with a value, group by group; none, where they are not."""
    mask = np.asarray(pc.fill_null(pc.equal(above.column(by), value), False))
    if not mask.any():
        return set()
    there = np.zeros(int(max(up.max(initial=0), down.max(initial=0))) + 1, bool)
    there[up[mask]] = True
    mine = there[down]
    if not (np.isnan(numbers[~mine]) | (numbers[~mine] == 0)).all() or not mine.any():
        return set()
    rows = pa.array(mask)
    found = set()
    counts = np.bincount(up[mask], minlength=there.size)[down][mine]
    if np.array_equal(np.nan_to_num(numbers[mine]), counts):
        found.add("size")
    for name in [one for one in above.columns if one not in (*names, by)]:
        column = above.column(name).filter(rows)
        for way in _WAYS[1:]:
            if way in found:
                continue
            for made in _made(column, up[mask], down[mine], (way,)):
                values = _numbers(made)
                if values is not None and np.allclose(values, numbers[mine], rtol=_CLOSE, equal_nan=True):
                    found.add(way)
    return found


def extreme(above: Records, below: Records, up: Any, down: Any, names: Sequence[str]) -> bool:
    """Whether each of these columns holds just the least or the most of each group: an aggregate may have made them."""
    for name in names:
        values = _numbers(below.column(name))
        column = above.column(name)
        if values is None:
            return False
        if not any(_close(made, values) for made in _made(column, up, down, ("min", "max"))):
            return False
    return True


def of_others(above: Records, below: Records, up: Any, down: Any, at: Any, names: Sequence[str]) -> bool:
    """Whether one of these columns below holds what a first, last, least or most of each group is, and not what the row (`at`, for each
    row below) has that is said to have been kept: it may have been, after its value was exchanged, or each row stands for its group."""
    for name in above.columns:
        own = above.column(name).take(pa.array(at))
        for made in _made(above.column(name), up, down, _PICKED):
            if made.equals(own):
                continue
            for one in names:
                held = below.column(one)
                alike = _close(made, numbers) if (numbers := _numbers(held)) is not None else _equal(made, held)
                if alike and not _equal(own, held):
                    return True
    return False
