"""How the rows of an artifact relate to those of an input: by what they can be recognised again.

Tried in this order, the first that holds is taken: the contract's key, a pandas index, agreement of values at the same
position, unique content, a group that an aggregate was made by, and position where a probe has shown it. What none of
them tells is unknown, with the reason. Nothing is stored: a relation is made of two stored tables when it is asked for.
"""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.rows.codes import aligned, comparable, distinct, encode, encode_columns, same_kind
from penstock.values.records import Records

__all__ = ["Key", "Method", "Relation", "agreeing", "key_columns", "relate", "unknown"]

Method = Literal["key", "index", "position", "content", "group", "unknown"]

_SAMPLE = 64  # rows that are looked at before all are
_CHANGES = 20  # how often a column must change from row to row before its agreement says anything
_GROUP = 3  # columns of a group that is looked for


class Key(NamedTuple):
    """The key that a source's contract declares; `root` gives the source itself, where it can be had."""

    source: str
    columns: tuple[str, ...]
    root: Callable[[], Records | None] = lambda: None


class Relation(NamedTuple):
    """`above` and `below` hold a number for each row of the input and of the output: equal numbers, the same row
    (`NOTHING`: a row without identity). `by` are the columns that tell, `why` says in words how it is known."""

    method: Method
    by: tuple[str, ...]
    why: str
    above: Any = None
    below: Any = None

    def rows_below(self, rows: Any) -> Any:
        """The positions below that these positions above became."""
        return _matching(self.above, rows, self.below)

    def rows_above(self, rows: Any) -> Any:
        """The positions above that these positions below came from."""
        return _matching(self.below, rows, self.above)

    def places(self) -> Any:
        """For each row below, the one position above that it came from; None where that is not one for every row."""
        known = self.above >= 0
        size = int(max(self.above.max(initial=-1), self.below.max(initial=-1))) + 1
        if (self.below < 0).any() or (np.bincount(self.above[known], minlength=size)[self.below] != 1).any():
            return None
        at = np.full(size, -1, np.int64)
        at[self.above[known]] = np.flatnonzero(known)
        return at[self.below]

    def counts(self) -> tuple[Any, Any]:
        """For each number, how many rows above and below bear it."""
        size = int(max(self.above.max(initial=-1), self.below.max(initial=-1))) + 1
        up = np.bincount(self.above[self.above >= 0], minlength=size)
        down = np.bincount(self.below[self.below >= 0], minlength=size)
        return up, down


def _matching(near: Any, rows: Any, far: Any) -> Any:
    wanted = near[np.asarray(rows, dtype=np.int64)]
    wanted = wanted[wanted >= 0]
    if wanted.size == 1:
        return np.flatnonzero(far == wanted[0])
    return np.flatnonzero(np.isin(far, wanted))


def unknown(why: str) -> Relation:
    """A relation that nothing tells."""
    return Relation("unknown", (), why)


def relate(
    above: Records,
    below: Records,
    keys: Sequence[Key] = (),
    *,
    row_aligned: bool | None = None,
    declared: bool = False,
) -> Relation:
    """Relate two tables. `keys` are those of the sources that the input descends from; `row_aligned` is what a probe
    has shown of the step (None: it was not tried); `declared` says that the step's kind promises it.
    """
    return (
        _by_key(above, below, keys)
        or _by_index(above, below)
        or _by_position(above, below, row_aligned=row_aligned, declared=declared)
        or _by_content(above, below)
        or unknown(_why_unknown(above, below, keys, row_aligned))
    )


def _why_unknown(above: Records, below: Records, keys: Sequence[Key], row_aligned: bool | None) -> str:
    said = "its rows bear no key of a source" if keys else "no source above declares a key"
    if above.rows == below.rows and row_aligned is False:
        return f"{said}, and a probe has shown that they are not in the order of the input's"
    return f"{said}, and nothing else tells which rows of the input they were"


# --- key


def key_columns(records: Records, key: Key, of: Records | None = None) -> tuple[str, ...] | None:
    """The columns that hold a source's key here: its own names, or one text column that was renamed.

    `of` is the source, or a table that bears its key: types must fit, and a sample of the values be among its own.
    """
    if all(name in records for name in key.columns):
        if of is None or of is records:
            return key.columns
        if all(name in of for name in key.columns) and _found_in(records, key.columns, of, key.columns):
            return key.columns
        return None
    if of is None or len(key.columns) > 1 or key.columns[0] not in of:
        return None
    wanted = of.column(key.columns[0]).type
    if not (pa.types.is_string(wanted) or pa.types.is_large_string(wanted)):
        return None
    for name in records.columns:
        kind = records.column(name).type
        if same_kind(kind, wanted) is not None and _found_in(records, (name,), of, key.columns, all_of_them=True):
            return (name,)
    return None


def _found_in(
    records: Records, names: Sequence[str], of: Records, others: Sequence[str], *, all_of_them: bool = False
) -> bool:
    """Whether these columns hold values of those: most of a sample, or all of it."""
    if any(same_kind(records.column(a).type, of.column(b).type) is None for a, b in zip(names, others, strict=True)):
        return False
    if records.rows == 0 or of.rows == 0:
        return True
    at = np.unique(np.linspace(0, records.rows - 1, _SAMPLE).astype(np.int64))
    hits = np.ones(at.size, bool)
    some = False
    for name, other in zip(names, others, strict=True):
        pair = aligned(records.column(name).take(at), of.column(other))
        assert pair is not None
        few, whole = _one(pair[0]), pair[1]
        there = np.asarray(pc.is_valid(few))
        some = some or bool(there.any())
        # Looking for few among many: the other way round, all of the many would be put into a table first.
        known = whole.filter(pc.is_in(whole, value_set=few)).unique()
        hits &= np.asarray(pc.is_in(few, value_set=known)) | ~there
    if not some:
        return False
    return bool(hits.all()) if all_of_them else bool(hits.mean() >= 0.5)


def _one(column: Any) -> Any:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _by_key(above: Records, below: Records, keys: Sequence[Key]) -> Relation | None:
    best: tuple[int, Relation] | None = None
    for key in keys:
        up = key_columns(above, key)
        if up is None:
            continue
        down = key_columns(below, key, above)
        if down is None and (root := key.root()) is not None:  # rows of this source, perhaps none of these
            down = key_columns(below, key, root)
        if down is None:
            continue
        numbers = encode_columns(above, below, list(zip(up, down, strict=True)))
        if numbers is None:
            continue
        renamed = f", now `{down[0]}`" if down != up else ""
        why = f"key {', '.join(up)} of `{key.source}`{renamed}"
        _without_key(*numbers)
        fine = distinct(numbers[1])
        if best is None or fine > best[0]:  # the key that tells most rows apart
            best = fine, Relation("key", down, why, *numbers)
    return best[1] if best is not None else None


def _without_key(up: Any, down: Any) -> None:
    """Rows without a key are each other's, in their order, where there are as many of them below as above."""
    missing, left = np.flatnonzero(up < 0), np.flatnonzero(down < 0)
    if missing.size == left.size > 0:
        fresh = int(max(up.max(initial=-1), down.max(initial=-1))) + 1 + np.arange(missing.size)
        up[missing], down[left] = fresh, fresh


# --- index


def _by_index(above: Records, below: Records) -> Relation | None:
    """Labels of a pandas index that were kept: unique above, all below among them, and not just a new count of rows."""
    if below.index is None:
        return None
    labels = above.index if above.index is not None else pa.array(np.arange(above.rows)) if above.ordinal else None
    if labels is None:
        return None
    pair = _labels(labels, below.index)
    if pair is None:
        return None
    up, down = pair
    known = np.zeros(int(max(up.max(initial=-1), down.max(initial=-1))) + 2, bool)
    known[up] = True
    if distinct(up) != up.size or not known[down].all():
        return None
    return Relation("index", (), "the index of pandas", up, down)


def _labels(one: Any, other: Any) -> tuple[Any, Any] | None:
    if pa.types.is_struct(one.type) and pa.types.is_struct(other.type):
        if one.type.num_fields != other.type.num_fields:
            return None
        pairs = [aligned(_chunked(one.field(n)), _chunked(other.field(n))) for n in range(one.type.num_fields)]
    else:
        pairs = [aligned(_chunked(one), _chunked(other))]
    columns = []
    for pair in pairs:
        if pair is None:
            return None
        columns.append(pa.chunked_array([*pair[0].chunks, *pair[1].chunks]))
    numbers = encode(columns, nulls=True)
    return numbers[: len(one)], numbers[len(one) :]


def _chunked(array: Any) -> Any:
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


# --- position


def _by_position(above: Records, below: Records, *, row_aligned: bool | None, declared: bool) -> Relation | None:
    if above.rows != below.rows or row_aligned is False:
        return None
    numbers = np.arange(above.rows, dtype=np.int64)
    if declared:
        return Relation("position", (), "position: one prediction for each row", numbers, numbers)
    same = agreeing(above, below)
    if same:
        names = ", ".join([f"`{one}`" for one in same[:3]])
        return Relation("position", same, f"position: {names} agree row by row", numbers, numbers)
    if row_aligned:
        return Relation("position", (), "position: a probe has shown the step to keep the order", numbers, numbers)
    return None


def agreeing(above: Records, below: Records, at: Any = None) -> tuple[str, ...]:
    """The columns below that equal some column above row by row, and change often enough for that to mean something.

    `at` are the positions above of the rows below (the same positions, if not given).
    """
    found = []
    few = np.arange(min(_SAMPLE, below.rows))
    for name in below.columns:
        column = below.column(name)
        others = [name] if name in above else list(above.columns)
        for other in others:
            pair = aligned(column, above.column(other))
            if pair is None:
                continue
            left, right = pair
            there = few if at is None else at[few]
            if not _equal(left.take(few), right.take(there)):
                continue
            if _equal(left, right if at is None else right.take(at)) and _changes(left) >= min(
                _CHANGES, max(below.rows // 2, 1)
            ):
                found.append(name)
                break
    return tuple(found)


def _equal(one: Any, other: Any) -> bool:
    left, right = one.combine_chunks(), other.combine_chunks()
    if pa.types.is_floating(left.type):
        return bool(np.array_equal(left.to_numpy(zero_copy_only=False), right.to_numpy(zero_copy_only=False), True))
    return bool(left.equals(right))


def _changes(column: Any) -> int:
    numbers = encode([column], nulls=True)
    return int((numbers[1:] != numbers[:-1]).sum())


# --- content


def _by_content(above: Records, below: Records) -> Relation | None:
    """Columns kept unchanged: the rows below are looked up among those above, or the groups that they are."""
    if not below.rows or not above.rows:
        return None
    shared = [name for name in below.columns if name in above and comparable(above, below, name)]
    kept = [name for name in shared if _all_found(above, below, name)]
    if not kept:
        return None
    group = _group(above, below, kept)
    whole = all(name in kept for name in above.columns if name in below) and len(kept) == len(shared)
    if group is not None and not (whole and len(kept) == len(below.columns)):
        return group
    numbers = encode_columns(above, below, [(name, name) for name in kept], nulls=True)
    if numbers is None:
        return group
    up, down = numbers
    counts = np.bincount(up[up >= 0], minlength=int(max(up.max(initial=0), down.max(initial=0))) + 1)
    if (counts[down] != 1).any():  # not found, or found more than once
        return group
    names = ", ".join([f"`{one}`" for one in kept[:4]]) + (" …" if len(kept) > 4 else "")
    return Relation("content", tuple(kept), f"content: {names} name one row each", up, down)


def _all_found(above: Records, below: Records, name: str) -> bool:
    pair = aligned(below.column(name), above.column(name))
    assert pair is not None
    left, right = _one(pair[0]), _one(pair[1])
    head = left.slice(0, _SAMPLE)
    if not pc.all(pc.is_in(head, value_set=right)).as_py():
        return False
    return bool(pc.all(pc.is_in(left, value_set=right)).as_py())


def _all_among(some: Any, all_of_them: Any) -> bool:
    known = np.zeros(int(max(some.max(initial=-1), all_of_them.max(initial=-1))) + 1, bool)
    known[all_of_them] = True
    return bool(known[some].all())


def _group(above: Records, below: Records, kept: Sequence[str]) -> Relation | None:
    """The fewest columns that are unique below and hold all that they hold above, where that is less than all rows."""
    if below.rows >= above.rows:
        return None
    for width in range(1, min(_GROUP, len(kept)) + 1):
        for names in combinations(kept, width):
            numbers = encode_columns(above, below, [(name, name) for name in names], nulls=True)
            if numbers is None:
                continue
            up, down = numbers
            if distinct(down) == down.size and _all_among(up, down):
                words = ", ".join(names)
                return Relation("group", names, f"group {words}: each row stands for many", up, down)
    return None
