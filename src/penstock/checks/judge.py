"""What moved between two worlds, on the rows and columns that must hold: tables row by row, fitted objects member by member."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from penstock.checks.circuit import is_fitted
from penstock.checks.facts import Identity, join
from penstock.rows.codes import encode_columns
from penstock.values.compare import TOLERANCE, compare, different, outline
from penstock.values.records import Records, records, value_at
from penstock.values.state import untimed
from penstock.values.table import is_table

__all__ = ["FEW", "HAIR", "SHUFFLED", "Hit", "Moved", "members", "moved_rows", "moved_state", "moved_value", "shuffled"]

FEW = 5
"""Fewer rows than this that can be compared tell nothing."""
HAIR = 1e-6
"""Of a column's deviation: what moves less, moves as rounding does, and is never a proof."""
SHUFFLED = "the same rows in another order"
"""What became of a table of which nothing else moved."""

_DEEP = 4
_MOST = 20


class Hit(NamedTuple):
    """A column that moved: the position in the base table of the row that shows it, the values there, how many rows moved `among`
    those compared (`rows`, and `rows_after` in the altered table), and by how many deviations at most (infinite where there are none)."""

    artifact: str
    column: str
    row: int
    before: Any
    after: Any
    moved: int
    largest: float
    rows: Any = None
    among: int = 1
    rows_after: Any = None


class Moved(NamedTuple):
    """What came of comparing: `hits`, how many `rows` were compared, and columns that came or went."""

    hits: tuple[Hit, ...]
    rows: int
    columns: tuple[str, ...] = ()


def moved_rows(
    artifact: str,
    base: Records,
    other: Records,
    identities: tuple[Identity, Identity],
    hold: Any,
    *,
    skip: Collection[str] = (),
    floors: Mapping[str, float] | None = None,
    tolerance: float = TOLERANCE,
) -> Moved:
    """The columns of a table that moved in rows that must hold (`hold`: one boolean a row of the base table)."""
    mine, theirs = join(*identities)
    held = hold[mine]
    mine, theirs = mine[held], theirs[held]
    changed = tuple([name for name in {*base.columns} ^ {*other.columns} if name not in skip])
    if mine.size < min(FEW, max(int(hold.sum()), 1)):
        return Moved((), 0, changed)
    floors = floors or {}
    whole = mine.size == base.rows == other.rows and bool((mine == theirs).all())
    hits = []
    for name in base.columns:
        if name in skip or name not in other:
            continue
        one, two = base.column(name), other.column(name)
        if one is two or one.equals(two):
            continue
        if not whole:
            one, two = one.take(mine), two.take(theirs)
        unequal, largest = different(one, two, tolerance, floors.get(name, 0.0), base.column(name))
        at = np.flatnonzero(unequal)
        if at.size:
            first = int(at[-1])
            hits.append(
                Hit(
                    artifact,
                    name,
                    int(mine[first]),
                    value_at(one, first),
                    value_at(two, first),
                    int(at.size),
                    largest,
                    mine[at],
                    int(mine.size),
                    theirs[at],
                )
            )
    return Moved(tuple(hits), int(mine.size), changed)


def members(value: Any, depth: int = 0) -> Any:
    """A fitted object as plain parts that can be compared with tolerance: its attributes, and theirs."""
    if depth >= _DEEP or not (is_fitted(value) and hasattr(value, "__dict__")):
        return value
    state = untimed(type(value), vars(value))
    if type(value).__module__.partition(".")[0] in ("xgboost", "lightgbm", "torch"):
        return value
    return {name: _inner(one, depth + 1) for name, one in sorted(state.items()) if isinstance(name, str)}


def _inner(value: Any, depth: int) -> Any:
    if type(value).__name__ == "ndarray" and value.dtype.hasobject:
        value = value.ravel().tolist()
    if isinstance(value, list | tuple) and any(map(is_fitted, value)):
        return [_inner(one, depth) for one in value]
    if isinstance(value, tuple | list) and depth < _DEEP and any(isinstance(one, list | tuple) for one in value):
        return [_inner(one, depth + 1) for one in value]
    if isinstance(value, dict) and not is_table(value):
        return {str(name): _inner(one, depth + 1) for name, one in value.items()} if depth < _DEEP else value
    return members(value, depth)


def moved_state(artifact: str, before: Any, after: Any, floors: Mapping[str, float] | None = None) -> Moved:
    """The members of a fitted object that moved."""
    if type(before) is not type(after):
        return Moved((Hit(artifact, "", -1, _shown(before), _shown(after), 1, float("inf")),), 1)
    found = compare(members(before), members(after), floors=floors)
    hits = [
        Hit(
            artifact,
            one.column or "its state",
            -1,
            one.before[0] if one.before else None,
            one.after[0] if one.after else None,
            one.count,
            one.largest,
        )
        for one in found.moved[:_MOST]
    ]
    if found.shape and not hits:
        told = [outline(one) if is_table(one) else _shown(one) for one in (before, after)]
        hits.append(Hit(artifact, "its shape", -1, told[0], told[1], 1, float("inf")))
    return Moved(tuple(hits), 1)


def moved_value(artifact: str, before: Any, after: Any, floors: Mapping[str, float] | None = None) -> Moved:
    """What is not what it was of the same artifact, made once more: tables row by row as they lie, all else as fitted state."""
    one, two = records(before), records(after)
    if one is None or two is None or is_fitted(before):
        found = moved_state(
            artifact, before, after
        )  # an object whose state can't be read is another one each time: that is no finding
        return found._replace(hits=tuple([hit for hit in found.hits if not _alike(hit)]))
    compared = compare(before, after)
    if compared.shape:
        return Moved((Hit(artifact, "", -1, outline(before), outline(after), 1, float("inf")),), one.rows)
    if compared.moved and shuffled(one, two):  # which proves nothing: whoever reads them by name reads the same
        return Moved((Hit(artifact, "", -1, f"{one.rows} rows", SHUFFLED, one.rows, 0.0),), one.rows)
    inf = float("inf")
    hits = [
        Hit(artifact, each.column, each.rows[0] if each.rows else -1, each.before[0], each.after[0], each.count, inf)
        for each in compared.moved
        if each.largest >= HAIR and (floors or {}).get(each.column, 0.0) != inf
    ]
    return Moved(tuple(hits), one.rows)


def _alike(hit: Hit) -> bool:
    return isinstance(hit.before, str) and hit.before == hit.after


def shuffled(one: Records, two: Records) -> bool:
    """Whether both hold the same rows, in whatever order."""
    if one.rows != two.rows or one.columns != two.columns:
        return False
    try:
        numbers = encode_columns(one, two, [(name, name) for name in one.columns], nulls=True)
    except pa.ArrowException:  # intervals of pandas have no codes
        return False
    return numbers is not None and bool((np.sort(numbers[0]) == np.sort(numbers[1])).all())


def _shown(value: Any) -> Any:
    return value if isinstance(value, int | float | str | bool | type(None)) else f"a {type(value).__name__}"
