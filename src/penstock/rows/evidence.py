"""What speaks for and against a reading of which rows below are which above: the columns that both tables have.

A reading gives for each row below the position above that it is said to have come from. A column speaks for it if it holds, in
every row, the value that it has there. It speaks against it if it looks carried along (all of its values are values of that column above) and
yet most rows hold another than the one they should: then rows were moved, and the reading has them in the wrong places.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.rows.codes import aligned, comparable, different, encode, encode_columns
from penstock.values.records import Records

__all__ = [
    "Witness",
    "agreeing",
    "all_found",
    "as_a_whole",
    "contradicting",
    "enough",
    "information",
    "moved_along",
    "moved_together",
    "numbered",
    "scaled",
    "shared",
    "single",
    "straight",
    "strangers",
    "witnesses",
]

_SAMPLE = 64  # rows that are looked at before all are
_BITS = 20.0  # agreement that chance brings about once in a million
_LEAST = 6.0  # of few rows at least so much, which chance brings about in one of a hundred tables
_DRAWN = 1000  # rows whose values are counted before those of all are
_MANY = 4  # times as many rows, of which it spares something to look at some only
_FAR = 20.0  # times the bits that are wanted
_POINTS = 4  # different numbers, of which a straight line says something
_HALF = 0.5  # of the rows must disagree for a column to speak against a reading


class Witness(NamedTuple):
    """A column above and one below that hold the same values, row by row."""

    above: str
    below: str


def shared(above: Records, below: Records) -> list[str]:
    """The columns that both tables have, and whose values can be compared."""
    return [name for name in below.columns if name in above and comparable(above, below, name)]


def _one(column: Any) -> Any:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _same(left: Any, right: Any) -> Any:
    """Row by row, whether two columns of one type hold the same; what is missing is the same as what is missing."""
    one, other = _one(left), _one(right)
    if pa.types.is_floating(one.type):
        a, b = one.to_numpy(zero_copy_only=False), other.to_numpy(zero_copy_only=False)
        return (a == b) | (np.isnan(a) & np.isnan(b))
    if pa.types.is_null(one.type):
        return np.ones(len(one), bool)
    missing = pc.and_(pc.is_null(one), pc.is_null(other))
    return np.asarray(pc.or_(pc.fill_null(pc.equal(one, other), False), missing))


def _agrees(left: Any, right: Any, at: Any) -> bool:
    few = np.arange(min(_SAMPLE, len(left)))
    if not _same(left.take(few), right.take(few if at is None else at[few])).all():
        return False
    return bool(_same(left, right if at is None else right.take(at)).all())


def witnesses(above: Records, below: Records, at: Any = None) -> list[Witness]:
    """The columns that agree in every row: of one name, or, for a column whose name is not above, with any column there.

    `at` are the positions above of the rows below (the same positions, if not given). Columns of one value only say nothing.
    """
    found = []
    for name in below.columns:
        column = below.column(name)
        for other in [name] if name in above else list(above.columns):
            pair = aligned(column, above.column(other))
            if pair is None or not _agrees(*pair, at) or (name != other and numbered(column)):
                continue
            if information(above, below, [Witness(other, name)]) > 0 or above.rows == 1:
                found.append(Witness(other, name))
                break
    return found


def agreeing(above: Records, below: Records, at: Any = None) -> tuple[str, ...]:
    """The columns below that agree with some column above row by row, where together they say more than chance would."""
    found = witnesses(above, below, at)
    return tuple([one.below for one in found]) if found and enough(above, below, found) else ()


def information(above: Records, below: Records, found: Sequence[Witness]) -> float:
    """In bits, how unlikely it is that rows drawn at random from above would hold these values together."""
    numbers = encode_columns(above, below, found, nulls=True)
    if numbers is None or not below.rows:
        return 0.0
    up, down = numbers
    counts = np.bincount(up, minlength=int(max(up.max(initial=0), down.max(initial=0))) + 1)
    return float(np.log2(above.rows / np.maximum(counts[down], 1)).sum())


def enough(above: Records, below: Records, found: Sequence[Witness], least: float = _LEAST) -> bool:
    """Whether it is more than chance would bring about that these columns agree; of few rows, half of what rows can say, and at
    the `least` so many bits."""
    most = below.rows * math.log2(max(above.rows, 2))
    wanted = min(_BITS, max(most / 2, least))
    if above.rows > _MANY * _DRAWN:  # what some of the rows say by far need not be counted in all of them
        index = pa.array(np.sort(np.random.default_rng(0).choice(above.rows, _DRAWN, replace=False)))
        few = Records(_DRAWN, above.columns, lambda name: above.column(name).take(index))
        if any(information(few, below, [one]) >= _FAR * wanted for one in found):
            return True
    return information(above, below, found) >= wanted


def as_a_whole(above: Records, below: Records, names: Sequence[str]) -> bool:
    """Whether more than one of these columns, which agree, says more than chance: then rows were kept, and not the values of one column,
    which may have been moved to other rows."""
    if not names:
        return False
    most = max(names, key=lambda name: single(above, [name]))
    others = [Witness(name, name) for name in names if name != most]
    return bool(others) and enough(above, below, others)


def scaled(above: Records, below: Records, at: Any) -> bool:
    """Whether some column holds the numbers of the rows it should, in another measure: so many times as much and so much more, for all rows."""
    for name in shared(above, below):
        kinds = [one.column(name).type for one in (above, below)]
        if not all(pa.types.is_integer(one) or pa.types.is_floating(one) for one in kinds):
            continue
        there = above.column(name).cast(pa.float64(), safe=False).to_numpy()[at]
        here = below.column(name).cast(pa.float64(), safe=False).to_numpy()
        if straight(there, here):
            return True
    return False


def straight(there: Any, here: Any) -> bool:
    """Whether numbers are others in another measure, row by row: so many times as much and so much more."""
    known = np.isfinite(there) & np.isfinite(here)
    x, y = there[known], here[known]
    if np.unique(x).size < _POINTS or not np.array_equal(np.isnan(there), np.isnan(here)):
        return False
    low, high = int(x.argmin()), int(x.argmax())
    slope = (y[high] - y[low]) / (x[high] - x[low])
    return bool(slope != 0 and np.allclose(y, y[low] + slope * (x - x[low]), rtol=1e-9, atol=1e-9 * float(np.ptp(y))))


def strangers(above: Records, below: Records, at: Any) -> bool:
    """Whether a reading fits some rows and others not: these differ in more than half of the columns in which most rows agree."""
    agreed = np.zeros(below.rows, np.int64)
    columns = 0
    for name in shared(above, below):
        pair = aligned(below.column(name), above.column(name))
        assert pair is not None
        same = _same(pair[0], pair[1].take(at))
        if same.size and same.mean() >= _HALF:
            agreed += same
            columns += 1
    return columns > 1 and bool((2 * agreed < columns).any())


def single(records: Records, names: Sequence[str]) -> float:
    """The share of rows that these columns tell from all others."""
    numbers = encode([records.column(name) for name in names], nulls=True)
    if not numbers.size:
        return 0.0
    return float((np.bincount(numbers)[numbers] == 1).mean())


def numbered(column: Any) -> bool:
    """Whether a column only counts the rows: whole numbers, one more in each row. It may have been made anew."""
    if not pa.types.is_integer(column.type) or column.null_count or not len(column):
        return False
    numbers = column.to_numpy()
    return bool(numbers[0] + len(numbers) - 1 == numbers[-1] and (np.diff(numbers) == 1).all())


def all_found(above: Records, below: Records, name: str) -> bool:
    """Whether all values of a column below are among those of that column above."""
    pair = aligned(below.column(name), above.column(name))
    if pair is None:
        return False
    left, right = _one(pair[0]), _one(pair[1])
    return _among(left.slice(0, _SAMPLE), right) and (len(left) <= _SAMPLE or _among(left, right))


def _among(left: Any, right: Any) -> bool:
    """Whether all of these values are among those; of few, what is looked through is not put into a table first."""
    if len(left) * _MANY < len(right):
        right = right.filter(pc.is_in(right, value_set=left)).unique()
    return bool(pc.all(pc.is_in(left, value_set=right)).as_py())


def contradicting(
    above: Records, below: Records, at: Any = None, agreed: Sequence[str] = (), *, rich: bool = False
) -> list[str]:
    """The columns that speak against a reading. With `rich`, only those that tell most rows apart and are no whole numbers:
    numbers of few values are often made anew of the same few."""
    found = []
    for name in shared(above, below):
        if name in agreed or (rich and not _rich(below, name)):
            continue
        pair = aligned(below.column(name), above.column(name))
        assert pair is not None
        same = _same(pair[0], pair[1] if at is None else pair[1].take(at))
        if same.size and same.mean() <= _HALF and _varied(below, name) and all_found(above, below, name):
            found.append(name)
    return found


def _varied(records: Records, name: str) -> bool:
    return records.rows == 1 or different(records.column(name)) > 1


def _rich(records: Records, name: str) -> bool:
    return not pa.types.is_integer(records.column(name).type) and single(records, [name]) >= 0.9


def moved_together(above: Records, below: Records, agreed: Sequence[str]) -> bool:
    """Whether several columns that do not agree at the same positions hold together what they hold above, in another order."""
    names = [name for name in shared(above, below) if name not in agreed]
    if len(names) < 2 or above.rows != below.rows:
        return False
    numbers = encode_columns(above, below, [(name, name) for name in names], nulls=True)
    return numbers is not None and bool(np.array_equal(np.sort(numbers[0]), np.sort(numbers[1])))


def moved_along(above: Records, names: Sequence[str], at: Any) -> bool:
    """Whether rows that were found by some columns alone may be others, whose columns hold what rows before or after them had (a lag).

    So it looks where the rows keep their order, and of the table, or of each group in which some of the columns stay the same, just the last
    rows (or the first) are missing; and where most rows are as many rows away from where they were.
    """
    size = above.rows
    if at.size == size:
        away = at - np.arange(size)
        steps, counts = np.unique(away, return_counts=True)
        most = int(counts.argmax()) if counts.size else 0
        return bool(counts.size and steps[most] != 0 and counts[most] > size // 2)
    if 2 * at.size < size or at.size > size or not (np.diff(at) > 0).all():
        return False
    first, last = int(at[0]), size - 1 - int(at[-1])
    return (last > 0 and _each_but(above, names, at, last)) or (first > 0 and _each_but(above, names, at, -first))


def _each_but(above: Records, names: Sequence[str], at: Any, lag: int) -> bool:
    """Whether these are all rows but the last `lag` (the first, if negative) of each group of the columns that stay the same."""
    size = above.rows
    if abs(lag) >= size:
        return False
    other = at + lag
    if other[0] < 0 or other[-1] >= size:
        return False
    here = np.arange(size - abs(lag)) + max(-lag, 0)
    stay = np.ones(here.size, bool)
    for name in names:
        numbers = encode([above.column(name)], nulls=True)
        if (numbers[at] == numbers[other]).all():
            stay &= numbers[here] == numbers[here + lag]
    return bool(np.array_equal(here[stay], at))
