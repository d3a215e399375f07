"""Rows of two tables that are alike: equal, or nearly so, and whether that is more than chance brings about.

Rows are compared as numbers of 64 bits, a sum of one number for each column: leaving a column out is a subtraction. Nearly
equal numbers are found by rounding all columns to cells, several times with shifted borders, and comparing only rows of
one cell (locality-sensitive hashing: P. Indyk and R. Motwani, "Approximate nearest neighbors: towards removing the curse of
dimensionality", 1998). Chance is told apart by the gap behind twins: copies with a little noise lie close together and
then comes nothing, while among rows that are alike by chance the count grows with the distance allowed.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.rows.codes import aligned
from penstock.values.records import Records

__all__ = [
    "Alike",
    "Column",
    "columns_of",
    "different",
    "equal_rows",
    "labelled",
    "matrix_columns",
    "near_numbers",
    "places",
]

_NEAR = 1e-3  # of a column's standard deviation
_GAP = 3  # so many times as far, nothing more may lie, if twins are no chance
_SHIFTS = 2
_LOOKED = 40_000  # rows that tell how often values repeat
_WIDE = 16  # columns that are rounded one by one; of more, as many random sums of them
_PAIRS = 200_000
_CHANCE = 5.0  # times what chance brings about


class Column(NamedTuple):
    """A column that both tables have: a number of 64 bits for each row, and its values where they are measured ones.

    `alike` is the chance that two rows bear the same value.
    """

    name: str
    early: Any
    late: Any
    alike: float
    measured: tuple[Any, Any] | None = None


class Alike(NamedTuple):
    """Rows of the late table that are like a row of the early one: positions, with one early row for each; `chance` says
    why that is normal here ("" if it is not). `distinct` is the share of different rows among all."""

    late: Any
    early: Any
    chance: str = ""
    distinct: float = 1.0


def _mix(values: Any, seed: int) -> Any:
    """Numbers of 64 bits, well mixed (the finaliser of SplitMix64, after Steele, Lea and Flood, 2014)."""
    mixed = values.astype(np.uint64) + np.uint64((seed * 2 + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def columns_of(early: Records, late: Records, skip: Collection[str] = (), *, numbering: bool = False) -> list[Column]:
    """The columns that can be compared, but those named in `skip`, and those that just number the rows (unless `numbering`
    is asked for)."""
    found = []
    for seed, name in enumerate(late.columns):
        if name in skip or name not in early:
            continue
        pair = aligned(early.column(name), late.column(name))
        if pair is None:
            continue
        one = _column(name, pair, early.rows, seed, numbering=numbering)
        if one is not None:
            found.append(one)
    return found


def _column(name: str, pair: tuple[Any, Any], rows: int, seed: int, *, numbering: bool) -> Column | None:
    whole = pa.chunked_array([*pair[0].chunks, *pair[1].chunks], type=pair[0].type).combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks)
    kind, measured = whole.type, None
    if pa.types.is_floating(kind):
        values = whole.cast(pa.float64()).fill_null(np.nan).to_numpy(zero_copy_only=False)
        values = np.where(np.isnan(values), np.nan, values) + 0.0  # one NaN, one zero
        bits = values.view(np.uint64)
        measured = (values[:rows], values[rows:])
    elif pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_temporal(kind):
        bits = _whole(whole)
    else:
        bits = whole.dictionary_encode(null_encoding="encode").indices.to_numpy(zero_copy_only=False)
    count, alike = (0, 0.0) if numbering else _frequencies(bits)
    if _numbers_rows(bits, count) and measured is None and not _long_text(whole):
        return None
    if measured is None and pa.types.is_integer(kind) and count > 50 and not whole.null_count:
        values = bits.astype(np.float64)
        measured = (values[:rows], values[rows:])
    mixed = _mix(bits, seed)
    return Column(name, mixed[:rows], mixed[rows:], alike, measured)


def _numbers_rows(bits: Any, count: int) -> bool:
    """Whether all are different, of whom a sample has `count` different ones."""
    return bool(bits.size > 1 and count >= 0.9 * min(bits.size, _LOOKED) and different(bits).size == bits.size)


def _whole(array: Any) -> Any:
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.int8())
    elif pa.types.is_temporal(array.type):
        width = array.type.bit_width
        array = array.cast(pa.int32() if width == 32 else pa.int64())
    bits = array.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    if array.null_count:
        bits = bits ^ np.where(array.is_null().to_numpy(zero_copy_only=False), np.int64(0x5DEECE66D1CE), np.int64(0))
    return bits


def _long_text(array: Any) -> bool:
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        return False
    mean = pc.mean(pc.utf8_length(array.slice(0, 10_000))).as_py()
    return mean is not None and mean >= 20


def _frequencies(bits: Any) -> tuple[int, float]:
    """How many different values there are, and the chance that two rows bear the same; of many rows, a sample tells."""
    some = bits
    if bits.size > 2 * _LOOKED:
        some = np.random.default_rng(0).choice(bits, _LOOKED)
        if different(some[: _LOOKED // 20]).size < _LOOKED // 40:  # far from different
            some = some[: _LOOKED // 4]
    _, counts = np.unique(some, return_counts=True)
    size = max(int(some.size), 2)
    return counts.size, float((counts * (counts - 1.0)).sum() / (size * (size - 1.0)))


def _sum(columns: Sequence[Column]) -> tuple[Any, Any]:
    early = np.zeros(columns[0].early.size, np.uint64)
    late = np.zeros(columns[0].late.size, np.uint64)
    for one in columns:
        early += one.early
        late += one.late
    return early, late


def different(values: Any) -> Any:
    """The different values, sorted. (`np.unique` puts them into a table first, which takes ten times as long.)"""
    ordered = np.sort(values)
    return ordered[np.concatenate([np.ones(min(ordered.size, 1), bool), ordered[1:] != ordered[:-1]])]


def _among(few: Any, many: Any) -> bool:
    """Whether all of few values are among many."""
    wanted = different(few)
    if not wanted.size:
        return True
    at = np.minimum(np.searchsorted(wanted, many), wanted.size - 1)
    found = np.zeros(wanted.size, bool)
    found[at[wanted[at] == many]] = True
    return bool(found.all())


def _pairs(early: Any, late: Any) -> float:
    """How many pairs of an early and a late row bear the same number."""
    values, counts = np.unique(early, return_counts=True)
    if not values.size:
        return 0.0
    at = np.minimum(np.searchsorted(values, late), values.size - 1)
    return float(counts[at][values[at] == late].sum())


def _partners(early: Any, late: Any) -> tuple[Any, Any]:
    """The late rows that have an equal among the early ones, and one of these for each."""
    order = np.argsort(early, kind="stable")
    ordered = early[order]
    if not ordered.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    at = np.minimum(np.searchsorted(ordered, late), ordered.size - 1)
    rows = np.flatnonzero(ordered[at] == late)
    return rows, order[at[rows]]


def equal_rows(columns: Sequence[Column]) -> Alike:
    """The late rows that equal an early one in all of these columns.

    They are chance where most rows have an equal, or where the rows that differ in one column alone make as many
    likely: if two rows that agree elsewhere agree there as often as any two, so many are to be expected.
    """
    nothing = np.zeros(0, np.int64)
    if not columns:
        return Alike(nothing, nothing)
    early, late = _sum(columns)
    rows, partners = _partners(early, late)
    distinct = different(np.concatenate([early, late])).size / max(early.size + late.size, 1)
    if not rows.size:
        return Alike(rows, partners, "", distinct)
    fine = any(one.measured is not None and one.alike < 1e-3 and _broken(one) for one in columns)
    if distinct < 0.8 and not fine:
        return Alike(rows, partners, f"only {distinct:.0%} of all rows are different ones", distinct)
    if len(columns) < 3 and not fine:
        return Alike(rows, partners, f"there are just {len(columns)} columns to compare", distinct)
    same = _pairs(early, late)
    expected = 0.0
    for one in columns if 3 <= len(columns) <= 64 else ():
        rest = _pairs(early - one.early, late - one.late) - same
        expected = max(expected, rest * one.alike / max(1.0 - one.alike, 1e-9))
    if same <= _CHANCE * expected + (0 if fine else 2):
        why = f"rows that differ in one column alone are so many that {expected:,.0f} equal pairs are to be expected"
        return Alike(rows, partners, why, distinct)
    return Alike(rows, partners, "", distinct)


def _broken(column: Column) -> bool:
    """Whether most values are no whole numbers."""
    assert column.measured is not None
    values = column.measured[0][:10_000]
    values = values[np.isfinite(values)]
    return bool(values.size and (values != np.floor(values)).mean() > 0.5)


def near_numbers(columns: Sequence[Column]) -> Alike:
    """The late rows that nearly equal an early one: measured columns within a thousandth of their deviation, and not all
    equal; the other columns equal."""
    nothing = np.zeros(0, np.int64)
    measured = [one for one in columns if one.measured is not None and one.alike < 0.2]
    if len(measured) < 2:
        return Alike(nothing, nothing)
    others = [one for one in columns if one.measured is None]
    early, late = _standard(measured)
    base = _sum(others) if others else (np.zeros(len(early), np.uint64), np.zeros(len(late), np.uint64))
    draw = np.random.default_rng(0)
    cells = (early, late)
    if early.shape[1] > _WIDE:  # the sums of twins differ by no more than their columns do
        mix = (draw.standard_normal((early.shape[1], _WIDE)) / np.sqrt(early.shape[1])).astype(early.dtype)
        cells = (early @ mix, late @ mix)
    width = 4 * _NEAR * cells[0].shape[1]
    pairs = np.zeros((0, 2), np.int64)
    for _ in range(_SHIFTS):
        shift = draw.random(cells[0].shape[1])
        left, right = (_celled(one, shift, width) + two for one, two in zip(cells, base, strict=True))
        pairs = np.unique(np.concatenate([pairs, _joined(left, right)]), axis=0)
        if len(pairs) >= _PAIRS:
            return Alike(nothing, nothing, "rows lie so close that nearly all of them are alike")
    far = np.zeros(len(pairs))
    for start in range(0, len(pairs), 10_000):
        some = pairs[start : start + 10_000]
        far[start : start + 10_000] = np.abs(late[some[:, 0]] - early[some[:, 1]]).max(axis=1)
    twins = (far > 0) & (far <= _NEAR)
    crowd = int(((far > _NEAR) & (far <= _GAP * _NEAR)).sum())
    rows, first = np.unique(pairs[twins, 0], return_index=True)
    partners = pairs[twins, 1][first]
    if rows.size and int(twins.sum()) <= 3 * crowd + 2:
        return Alike(rows, partners, "rows that lie a little farther apart are as many")
    return Alike(rows, partners)


def _standard(columns: Sequence[Column]) -> tuple[Any, Any]:
    """The values of both tables in units of their deviation; what is missing lies far off."""
    kind = np.float64 if len(columns) <= _WIDE else np.float32
    made: tuple[list[Any], list[Any]] = ([], [])
    for one in columns:
        assert one.measured is not None
        both = np.concatenate(one.measured)
        known = both[np.isfinite(both)]
        spread = (float(known.std()) if known.size else 0.0) or 1.0
        middle = float(known.mean()) if known.size else 0.0
        for side, values in zip(made, one.measured, strict=True):
            side.append(np.where(np.isfinite(values), (values - middle) / spread, 1e6).astype(kind))
    return np.column_stack(made[0]), np.column_stack(made[1])


def _celled(values: Any, shift: Any, width: float) -> Any:
    found = np.zeros(len(values), np.uint64)
    for number in range(values.shape[1]):
        found += _mix(np.floor(values[:, number] / width + shift[number]).astype(np.int64), number + 1000)
    return found


def _joined(early: Any, late: Any) -> Any:
    """Pairs (late row, early row) of one cell, a bounded number of them."""
    order = np.argsort(early, kind="stable")
    ordered = early[order]
    first, last = np.searchsorted(ordered, late, "left"), np.searchsorted(ordered, late, "right")
    rows = np.flatnonzero(last > first)
    counts = (last - first)[rows]
    whole = np.cumsum(counts)
    rows, counts = rows[whole <= _PAIRS], counts[whole <= _PAIRS]
    ends = np.cumsum(counts)
    steps = np.arange(int(ends[-1]) if ends.size else 0) - np.repeat(ends - counts, counts)
    return np.column_stack([np.repeat(rows, counts), order[np.repeat(first[rows], counts) + steps]])


def matrix_columns(early: Any, late: Any) -> tuple[list[Column], list[Column]]:
    """Of two wide matrices (numpy or scipy.sparse): the whole rows as one column to compare exactly, and random sums of
    their columns to find near ones by."""
    draw = np.random.default_rng(0)
    mix = draw.standard_normal((early.shape[1], _WIDE)) / np.sqrt(early.shape[1])
    odd = draw.integers(0, 1 << 63, early.shape[1], np.uint64) * np.uint64(2) + np.uint64(1)
    sums = [np.asarray(one @ mix) for one in (early, late)]
    bits = [_row_bits(one, odd) for one in (early, late)]
    _, alike = _frequencies(np.concatenate(bits))
    near = [Column(str(n), bits[0], bits[1], alike, (sums[0][:, n], sums[1][:, n])) for n in range(_WIDE)]
    return [near[0]], near


def _row_bits(matrix: Any, odd: Any) -> Any:
    if hasattr(matrix, "tocsr"):
        held = matrix.tocsr().copy()
        held.sum_duplicates()
        held.eliminate_zeros()
        parts = _mix(_value_bits(held.data), 7) * odd[held.indices]
        found = np.zeros(held.shape[0], np.uint64)
        filled = np.flatnonzero(np.diff(held.indptr))
        if filled.size:
            found[filled] = np.add.reduceat(parts, held.indptr[filled])
        return found
    found = np.zeros(matrix.shape[0], np.uint64)
    for start in range(0, matrix.shape[0], 4096):
        found[start : start + 4096] = _mix(_value_bits(matrix[start : start + 4096]), 7) @ odd
    return found


def _value_bits(values: Any) -> Any:
    if values.dtype.kind in "iub":
        return values.astype(np.int64).view(np.uint64)
    return np.ascontiguousarray(np.where(np.isnan(values), np.nan, values).astype(np.float64) + 0.0).view(np.uint64)


def places(table: Records, side: Records) -> Any:
    """For each row of `side`, the one row of `table` that equals it in all of its columns; None where that is not one for
    each, or a column is not the table's: then it may have been looked up in, and be named by many rows."""
    shared = columns_of(table, side, numbering=True)
    if not shared or len(shared) < len(side.columns) or not all(_among(one.late[:64], one.early) for one in shared):
        return None
    above, below = _sum(shared)
    order = np.argsort(above, kind="stable")
    ordered = above[order]
    at = np.searchsorted(ordered, below, "left")
    if not ordered.size or (at >= ordered.size).any() or (ordered[at] != below).any():
        return None
    alone = np.searchsorted(ordered, below, "right") - at == 1
    return order[at] if alone.all() else None


def labelled(table: Records, side: Records) -> Any:
    """For each row of `side`, the row of `table` whose label in the index of pandas it bears, where the values agree; None
    where they do not, or there are no such labels."""
    label = side.index
    if label is None or not pa.types.is_integer(label.type) or not table.ordinal or label.null_count:
        return None
    at = label.to_numpy().astype(np.int64)
    if not at.size or at.min() < 0 or at.max() >= table.rows:
        return None
    shared = columns_of(table, side, numbering=True)
    same = [one for one in shared if (one.early[at[:64]] == one.late[:64]).all()]
    if len(same) < max(1, len(side.columns) // 2):
        return None
    above, below = _sum(same)
    return at if (above[at] == below).all() and different(above).size > 0.5 * above.size else None
