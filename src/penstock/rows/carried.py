"""Whether a column that bears a key's name still holds, in each row, the key of that very row.

Values of a key are found among those of the source in many columns that are no key: a clock that was rounded down, rows that were
counted anew, the greatest key of a group, the key of another row. What other columns hold tells these apart.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from penstock.rows.codes import NOTHING, aligned, different, distinct, encode_columns
from penstock.rows.content import content
from penstock.rows.evidence import (
    Witness,
    all_found,
    contradicting,
    enough,
    numbered,
    shared,
    single,
    straight,
    witnesses,
)
from penstock.values.records import Records

__all__ = ["carried", "counted_anew"]

_SAMPLE = 2000  # rows that are looked at
_FEW = 64  # rows that are looked at where they were counted anew
_NEARLY = 0.98  # the share of rows in which a column agrees that speaks for the key
_HALF = 0.5  # the share of rows in which one must disagree that speaks against it
_TELLING = 0.9  # the share of rows that columns tell from all others
_COLUMNS = 40  # columns that are looked at as others in another measure
_MEASURE = 8  # rows at the least, of which a straight line says something


def carried(above: Records, below: Records, names: Sequence[str], up: Any, down: Any) -> bool | None:
    """Whether columns of these `names` bear the key of the row, by what else both tables hold. None where that tells nothing: no
    other column was kept, or all of them are new. `up` and `down` are numbers of the keys above and below.
    """
    first = _firsts(up, down)
    known = np.flatnonzero(up >= 0)
    paired = np.flatnonzero((down >= 0) & (first[down] >= 0))
    if not paired.size:
        return True  # no row of which it could be wrong
    rows = paired[np.unique(np.linspace(0, paired.size - 1, _SAMPLE).astype(np.int64))]
    at = first[down[rows]]
    index = pa.array(rows)
    part = Records(rows.size, below.columns, lambda name: below.column(name).take(index))
    once = known.size == int((first >= 0).sum())
    agreed: list[str] = []
    against: list[str] = []
    partly: list[str] = []
    changed = False
    for name in shared(above, part):
        if name in names:
            continue
        share = _share(above, part, name, up, down[rows], at, once=once)
        if share >= _NEARLY:
            agreed.append(name)
            continue
        changed = True
        if share > _HALF:
            partly.append(name)
        elif all_found(above, part, name):
            against.append(name)
    if agreed and enough(above, part, [Witness(name, name) for name in agreed]):
        if rows.size < _MEASURE and any(
            single(above, [one]) >= _TELLING and all_found(above, part, one) for one in partly
        ):
            return None  # of a handful, some may be others that hold the same by chance
        return not against or single(above, agreed) >= _TELLING
    if not changed and any(_varied(above, name) for name in agreed):
        return True  # of few rows, all that there is to agree
    if any(_tells(above, name) for name in against):
        return False
    if once and rows.size >= _MEASURE and _measured(above, part, (*names, *against), at):
        return True
    return True if _untouched(above, below, names, up, down) else None


def _share(above: Records, part: Records, name: str, up: Any, down: Any, at: Any, *, once: bool) -> float:
    """The share of rows whose value in a column is that of a row above with their key."""
    if once:
        pair = aligned(part.column(name), above.column(name).take(pa.array(at)))
        assert pair is not None
        both = Records(len(at), ("a", "b"), lambda one: pair[0] if one == "a" else pair[1])
        numbers = encode_columns(both, both, [("a", "b")], nulls=True)
        assert numbers is not None
        return float((numbers[0] == numbers[1]).mean())
    numbers = encode_columns(above, part, [(name, name)], nulls=True)
    assert numbers is not None
    size = int(max(numbers[0].max(initial=0), numbers[1].max(initial=0))) + 2
    there = np.isin(down * size + numbers[1] + 1, (up * size + numbers[0] + 1)[up >= 0])
    return float(there.mean())


def _varied(above: Records, name: str) -> bool:
    return different(above.column(name)) > 1


def _measured(above: Records, part: Records, names: Sequence[str], at: Any) -> bool:
    """Whether a column holds the numbers of one above, of these rows, in another measure. Numbers that rise evenly from row to row
    do not tell a row from the one before it."""
    up = [name for name in above.columns if name not in names and _number(above, name)][:_COLUMNS]
    there = {name: above.column(name).take(pa.array(at)).cast(pa.float64(), safe=False).to_numpy() for name in up}
    places = at.astype(np.float64)
    telling = [name for name in up if not straight(places, there[name])]
    for name in [one for one in part.columns if one not in names and _number(part, one)][:_COLUMNS]:
        here = part.column(name).cast(pa.float64(), safe=False).to_numpy()
        if any(straight(there[one], here) for one in ([name] if name in telling else telling)):
            return True
    return False


def _number(records: Records, name: str) -> bool:
    kind = records.column(name).type
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _tells(above: Records, name: str) -> bool:
    kind = above.column(name).type
    return bool(pa.types.is_floating(kind) or single(above, [name]) >= _TELLING)


def _untouched(above: Records, below: Records, names: Sequence[str], up: Any, down: Any) -> bool:
    """Whether the key stands as it stood: the whole column in its order, once or several times (columns that became rows), or each of its
    values once, for the rows that had it. Whole numbers may have been counted anew."""
    size = up.size
    times = down.size // size if size and down.size % size == 0 else 0
    if times > 1 and size >= _MEASURE and np.array_equal(np.tile(up, times), down):
        return True
    if len(names) == 1 and pa.types.is_integer(below.column(names[0]).type):
        ordered = Records(size, names, above.column)
        if numbered(ordered.column(names[0])) or distinct(up) != size:
            return False
    if times and (np.array_equal(np.tile(up, times), down) or np.array_equal(np.repeat(up, times), down)):
        return True
    return bool(distinct(up) < size and distinct(down) == down.size == distinct(np.r_[up, down]) == distinct(up))


def _firsts(up: Any, down: Any) -> Any:
    """For each number, the first row above that has it; `NOTHING` for none."""
    first = np.full(int(max(up.max(initial=NOTHING), down.max(initial=NOTHING))) + 2, NOTHING, np.int64)
    known = np.flatnonzero(up >= 0)[::-1]
    first[up[known]] = known
    return first


def counted_anew(above: Records, below: Records, names: Sequence[str], up: Any, down: Any) -> bool:
    """Whether whole numbers that bear the key's name only count the rows, and what else the rows hold shows them to be others."""
    if len(names) > 1 or not numbered(below.column(names[0])):
        return False
    few = np.unique(np.linspace(0, below.rows - 1, _FEW).astype(np.int64))
    at = np.where(down[few] >= 0, _firsts(up, down)[down[few]], NOTHING)
    few, at = few[at >= 0], at[at >= 0]
    others = [name for name in shared(above, below) if not pa.types.is_integer(below.column(name).type)]
    index = pa.array(few)
    part = Records(few.size, others, lambda name: below.column(name).take(index))
    if not others or any(one.below in others for one in witnesses(above, part, at)) or not few.size:
        return False
    return (
        bool(contradicting(above, part, at)) and content(above, Records(below.rows, others, below.column)) is not None
    )
