"""Rows that are recognised by what they hold: looked up among those above, as a block of them, or as the groups that they stand for."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import prod
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.rows.aggregates import aggregated, extreme
from penstock.rows.codes import NOTHING, aligned, different, distinct, encode_columns
from penstock.rows.evidence import Witness, all_found, as_a_whole, enough, moved_along, numbered, shared, single
from penstock.values.records import Records

__all__ = ["Group", "Match", "block", "content", "groups", "recognised"]

_HANDFUL = 8  # rows, of which fewer are found by whole numbers by chance
_GROUP = 3  # columns of a group that is looked for
_ALIKE = 0.9  # the share of rows that must be told apart for the order of the others to be believed
_BETTER = 0.5  # of the way from chance to certainty that a column must agree which is left out of account


class Match(NamedTuple):
    """Rows found again by these columns: a number for each row above and below, equal for the same row."""

    names: tuple[str, ...]
    above: Any
    below: Any


class Group(NamedTuple):
    """Columns of which each row below has values of its own, for all rows above that have them."""

    names: tuple[str, ...]
    above: Any
    below: Any


def content(above: Records, below: Records, *, cut: bool = False) -> Match | None:
    """The rows below looked up among those above by all columns that were kept: each must be there, and there once.

    A column whose values are all among those above but not in those rows speaks against it, unless it agrees for the most part
    (a few of its values were replaced) and numbers of few values are all that it holds. Where only some columns are left, they must
    not look like those of other rows; unless the table was `cut` into parts by the step, as a split does.
    """
    kept = [name for name in shared(above, below) if all_found(above, below, name)]
    found = _lookup(above, below, kept)
    if found is None:
        telling = [name for name in kept if not pa.types.is_integer(below.column(name).type)]
        less = [name for name in telling if single(above, [name]) >= _ALIKE]
        found = _lookup(above, below, less) if 0 < len(less) < len(kept) else None
        if found is not None and not _mostly(above, below, found, [name for name in kept if name not in less]):
            return None
    if found is None or not [name for name in found.names if not numbered(below.column(name))]:
        return None
    if all(name in found.names for name in above.columns):
        return found  # the whole of each row
    if len(found.names) == 1 or (2 * below.rows >= above.rows and not as_a_whole(above, below, found.names)):
        return None
    if below.rows < _HANDFUL and all(pa.types.is_integer(below.column(name).type) for name in found.names):
        return None
    return None if not cut and moved_along(above, found.names, _places(found)) else found


def _places(found: Match) -> Any:
    at = np.full(int(max(found.above.max(initial=-1), found.below.max(initial=-1))) + 1, -1, np.int64)
    at[found.above] = np.arange(found.above.size)
    return at[found.below]


def _lookup(above: Records, below: Records, names: Sequence[str]) -> Match | None:
    if not names or not below.rows or not above.rows:
        return None
    numbers = encode_columns(above, below, [(name, name) for name in names], nulls=True)
    if numbers is None:
        return None
    up, down = numbers
    counts = np.bincount(up[up >= 0], minlength=int(max(up.max(initial=0), down.max(initial=0))) + 1)
    if (counts[down] != 1).any():  # not found, or found more than once
        return None
    return Match(tuple(names), up, down)


def _mostly(above: Records, below: Records, found: Match, names: Sequence[str]) -> bool:
    """Whether these columns agree for the most part, well above what chance would bring about."""
    at = _places(found)
    for name in names:
        numbers = encode_columns(above, below, [(name, name)], nulls=True)
        if numbers is None:
            return False
        up, down = numbers
        same = float((up[at] == down).mean())
        shares = np.bincount(down) / down.size
        chance = float((shares**2).sum())
        if chance >= 1.0 or (same - chance) / (1 - chance) < _BETTER:
            return False
    return True


# --- blocks


def block(above: Records, below: Records) -> tuple[Any, Any] | None:
    """Tables put one below the other: all rows above, in their order, in one place below, and other rows before or after them.

    Numbers for the rows above and below, or None.
    """
    size, more = above.rows, below.rows - above.rows
    names = shared(above, below)
    if size == 0 or more <= 0 or not names or any(name not in below for name in above.columns):
        return None
    numbers = encode_columns(above, below, [(name, name) for name in names], nulls=True)
    if numbers is None:
        return None
    up, down = numbers
    starts = np.flatnonzero(down[: more + 1] == up[0])
    at = [int(start) for start in starts[:64].tolist() if np.array_equal(down[start : start + size], up)]
    if len(at) != 1 or not enough(above, above, [Witness(name, name) for name in names]):
        return None
    rest = np.r_[down[: at[0]], down[at[0] + size :]]
    if np.isin(rest, up).any():  # rows of the same values elsewhere: copies of these, or others
        return None
    found = np.full(below.rows, NOTHING, np.int64)
    found[at[0] : at[0] + size] = np.arange(size)
    return np.arange(size, dtype=np.int64), found


# --- groups


def groups(above: Records, below: Records, kept: Sequence[str]) -> Iterator[Group]:
    """The sets of columns, fewest first, that are unique below and hold there all that they hold above, where that is less than
    all rows."""
    if below.rows >= above.rows or not below.rows:
        return
    # Counting the values of each column spares most of what follows: a group holds all values of each of its columns, and
    # columns of few values together can't give so many rows one of their own.
    counted = {name: _values(above, below, name) for name in kept}
    whole = {name: few for name, (many, few) in counted.items() if many <= few}
    every = [len(kept)] if len(kept) > _GROUP and len(whole) == len(kept) else []
    for width in (*range(1, min(_GROUP, len(whole)) + 1), *every):
        for names in combinations(whole, width):
            if prod([whole[name] for name in names]) < below.rows:
                continue
            numbers = encode_columns(above, below, [(name, name) for name in names], nulls=True)
            if numbers is None:
                continue
            up, down = numbers
            if distinct(down) == down.size and _all_among(up, down):
                yield Group(names, up, down)


def _values(above: Records, below: Records, name: str) -> tuple[int, int]:
    """How many different values a column has above, and below; a missing one is a value."""
    pair = aligned(above.column(name), below.column(name))
    if pair is None:
        return 1, 0
    counts = []
    for column in pair:
        values = column
        if pa.types.is_floating(values.type):
            values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
        counts.append(different(values))
    return counts[0], counts[1]


def _all_among(some: Any, all_of_them: Any) -> bool:
    known = np.zeros(int(max(some.max(initial=-1), all_of_them.max(initial=-1))) + 1, bool)
    known[all_of_them] = True
    return bool(known[some].all())


def recognised(above: Records, below: Records, *, cut: bool = False) -> Match | Group | None:
    """The rows below as rows above that were kept, or as groups of them. None where neither is shown, or both may be.

    A group is shown where nothing but its columns is there, or some other column holds what an aggregate of it is. Rows that were found by
    their content are those rows themselves, unless what they hold beside the group is just the least or the most of it.
    """
    match = content(above, below, cut=cut)
    mine = match.names if match is not None else ()
    kept = [name for name in shared(above, below) if all_found(above, below, name)]
    for one in groups(above, below, kept):
        rest = [name for name in below.columns if name not in one.names]
        beside = [name for name in mine if name not in one.names]
        plain = match is not None and beside and not extreme(above, below, one.above, one.below, beside)
        if plain and (all(name in mine for name in above.columns) or len(beside) == len(rest)):
            return match
        if not rest or aggregated(above, below, one.above, one.below, one.names, mine):
            return one
        if match is not None:
            return None  # one row of each group, or an aggregate that nothing shows
    return match
