"""What is known of rows: which row of which source each is, when it is asked for, and when its cells become known.

The contract of a source says it of the source's rows; the identity of a row carries it to every table that descends from
it. In an altered world identities are found again by the same means, since worlds never alter keys or the order of rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.model.contract import Contract
from penstock.rows.codes import aligned, encode, encode_columns
from penstock.rows.evidence import enough, witnesses
from penstock.rows.keys import key_text
from penstock.rows.relation import Key, Method, labels, relate
from penstock.values.alike import equal
from penstock.values.records import Records, value_at

__all__ = [
    "NEVER",
    "Identity",
    "SourceFacts",
    "identify",
    "identify_again",
    "in_place",
    "join",
    "known_by",
    "occurrence",
    "passed_through",
    "ticks",
]

NEVER = float("inf")
"""The instant of what never becomes known."""


def ticks(column: Any) -> Any:
    """A column of instants as microseconds (float64, NaN where there is none), or of numbers as they are; None for what is
    neither. Text in ISO 8601 is read."""
    kind = column.type
    types = pa.types
    try:
        if types.is_string(kind) or types.is_large_string(kind):
            column, kind = column.cast(pa.timestamp("us")), pa.timestamp("us")
        if types.is_timestamp(kind):
            column = column.cast(pa.timestamp("us", kind.tz), safe=False).cast(pa.int64())
        elif types.is_date(kind):
            column = column.cast(pa.timestamp("us")).cast(pa.int64())
        elif types.is_null(kind) or not (types.is_integer(kind) or types.is_floating(kind)):
            return None
        return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    except pa.ArrowException:
        return None


class SourceFacts:
    """One source: its rows, its contract, and the clocks that the contract gives its cells.

    `times` is the instant of each row (microseconds, or None without a clock); `known` gives for each column that has a clock of
    its own when each cell becomes known (`NEVER` for a null clock); `leader` is the source whose rows these are as well,
    position by position (`y` beside `X`), or its own name.
    """

    def __init__(self, name: str, held: Records, contract: Contract | None = None, leader: str = "") -> None:
        self.name, self.records, self.rows = name, held, held.rows
        self.contract = contract or Contract()
        self.leader = leader or name
        self.times = ticks(held.column(self.contract.time)) if self.contract.time else None
        self.known = self._clocks()

    def _clocks(self) -> dict[str, Any]:
        said = self.contract.known_at
        fixed = {*self.contract.key, self.contract.time}
        found: dict[str, Any] = {}
        for name in self.records.columns:
            clock = said.get(name, said.get("*") if name not in fixed else None)
            if clock is None:
                continue
            at = self._clock(clock)
            if at is not None:
                found[name] = at
        for clock in said.values():  # a clock column is known at its own value
            if isinstance(clock, str) and clock not in found and clock not in fixed and clock in self.records:
                at = self._clock(clock)
                if at is not None:
                    found[clock] = at
        return found

    def _clock(self, clock: str | timedelta) -> Any:
        if isinstance(clock, timedelta):
            return None if self.times is None else self.times + clock / timedelta(microseconds=1)
        at = ticks(self.records.column(clock))
        return None if at is None else np.where(np.isnan(at), NEVER, at)

    @property
    def clocks(self) -> tuple[str, ...]:
        """The columns that are clocks of others."""
        said = [one for one in self.contract.known_at.values() if isinstance(one, str)]
        return tuple(dict.fromkeys([one for one in said if one in self.records]))

    @property
    def fixed(self) -> frozenset[str]:
        """The columns that no world alters: they say which row it is, and when."""
        return frozenset([*self.contract.key, self.contract.time, *self.contract.group]) - {""}

    def late(self, column: str) -> Any:
        """Which cells of a column become known after the instant of their row."""
        at = self.known.get(column)
        if at is None or self.times is None:
            return np.zeros(self.rows, bool)
        return at > self.times

    def never(self, column: str) -> Any:
        """Which cells of a column hold nothing and never will: null, with a null clock (the delay of a flight that was cancelled). A
        world that filled them would hold rows that no real table has."""
        at = self.known.get(column)
        if at is None:
            return np.zeros(self.rows, bool)
        cells = self.records.column(column)
        return (at == NEVER) & np.asarray(pc.is_null(cells, nan_is_null=True))

    def key_of(self, row: int) -> str:
        """The key of a row as text; without a declared key, the label of its index or its position."""
        if self.contract.key:
            return key_text([value_at(self.records.column(name), row) for name in self.contract.key])
        if self.records.index is not None:
            return str(self.records.index[row].as_py())
        return str(row)


class Identity(NamedTuple):
    """For each row of a table: the row of `source` that it is (`at`, -1 for none), and the how manieth of that (`nth`)."""

    source: str
    at: Any
    nth: Any
    method: Method
    by: tuple[str, ...] = ()

    @property
    def known(self) -> int:
        """How many rows have one."""
        return int((self.at >= 0).sum())


def _identity(source: str, above: Any, below: Any, method: Method, by: tuple[str, ...]) -> Identity:
    size = int(max(above.max(initial=-1), below.max(initial=-1))) + 1
    counts = np.bincount(above[above >= 0], minlength=size)
    first = np.full(size, -1, np.int64)
    there = np.flatnonzero(above >= 0)
    first[above[there[::-1]]] = there[::-1]
    at = np.where(below >= 0, first[below], -1)
    nth = occurrence(at)
    if (counts > 1).any():  # a key that does not name its row: the n-th of it, where there are as many above as below
        under = np.bincount(below[below >= 0], minlength=size)
        several = (below >= 0) & (counts[below] > 1)
        order = np.argsort(above, kind="stable")
        start = np.searchsorted(above[order], below)
        same = several & (under[below] == counts[below])
        at[several & ~same] = -1
        at[same] = order[(start + nth)[same]]
        nth = np.where(same, 0, nth)
    return Identity(source, at, nth, method, by)


def occurrence(numbers: Any) -> Any:
    """For each number, how many equal ones came before it."""
    order = np.argsort(numbers, kind="stable")
    ranked = numbers[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]) if ranked.size else np.zeros(0, np.int64)
    begin = np.repeat(starts, np.diff(np.r_[starts, ranked.size]))
    found = np.empty(numbers.size, np.int64)
    found[order] = np.arange(numbers.size) - begin
    return found


def identify(held: Records, sources: Iterable[SourceFacts], *, aligned_rows: bool | None = None) -> Identity | None:
    """Which rows of which source a table's rows are: of the sources offered, the one that tells most rows apart, the first
    among equals. None where nothing tells; `aligned_rows` says that a probe has shown them to be in the source's order."""
    best: Identity | None = None
    distinct = 0
    for one in sources:
        keys = [Key(one.name, one.contract.key)] if one.contract.key else []
        # Steps lie between: most columns may be new, and nothing but the key be left.
        found = relate(one.records, held, keys, row_aligned=aligned_rows, equivariant=lambda _: True)
        if found.method in ("unknown", "group"):
            continue
        made = _identity(one.name, found.above, found.below, found.method, found.by)
        apart = np.unique(made.at[made.at >= 0]).size
        if apart > distinct:
            best, distinct = made, apart
    return best


def identify_again(
    base: Identity, before: Records, held: Records, source: SourceFacts, kept: Any = None, world: Records | None = None
) -> Identity | None:
    """The identity of the same table in another world, by the means that told it in the base world.

    `kept` are the rows of the source that are there in this world (all, if not given); `world` is the source as altered.
    """
    if base.method == "key":
        return _key_again(base, before, held, source)
    if base.method == "index":
        if _same_index(before, held):
            return base
        numbers = labels(source.records, held)  # what the rows hold was altered, and tells nothing here
        return None if numbers is None else _identity(base.source, *numbers, "index", ())
    above = world if world is not None else source.records
    if base.method == "position":
        rows = np.arange(source.rows, dtype=np.int64) if kept is None else kept
        if held.rows != rows.size or (kept is None and held.rows != before.rows):
            return None
        told = in_place(above, held) if base.by else np.ones(held.rows, bool)
        if told is None:
            return None
        return Identity(base.source, np.where(told, rows, -1), np.zeros(rows.size, np.int64), "position", base.by)
    found = relate(above, held)
    if found.method != "content":
        return None
    made = _identity(base.source, found.above, found.below, "content", found.by)
    return made if kept is None else made._replace(at=np.where(made.at >= 0, kept[made.at], -1))


def in_place(above: Records, held: Records) -> Any:
    """Of which rows the values show that they stand where they stood above (one boolean a row): columns agree in all rows, and no other
    row holds what this one does in them. None where none agrees, or too few to be more than chance.

    That a table was in the order of another in one world says nothing of the next: what sorts by a column that was sorted before
    leaves its rows where they are until the column is altered.
    """
    if above.rows != held.rows or not held.rows:
        return None
    found = witnesses(above, held)
    if not found or not enough(above, held, found):
        return None
    if {one.above for one in found} == {*above.columns}:
        return np.ones(held.rows, bool)  # rows that are alike are alike in all
    numbers = encode([held.column(one.below) for one in found], nulls=True)
    return np.bincount(numbers)[numbers] == 1


def _key_again(base: Identity, before: Records, held: Records, source: SourceFacts) -> Identity | None:
    if not all(name in held for name in base.by):
        return None
    if held.rows == before.rows and all(held.column(name).equals(before.column(name)) for name in base.by):
        return base
    numbers = encode_columns(source.records, held, list(zip(source.contract.key, base.by, strict=True)))
    return None if numbers is None else _identity(base.source, *numbers, "key", base.by)


def _same_index(one: Records, other: Records) -> bool:
    if one.rows != other.rows:
        return False
    if one.index is None or other.index is None:
        return one.index is other.index and one.ordinal == other.ordinal
    return bool(one.index.equals(other.index))


def join(base: Identity, other: Identity) -> tuple[Any, Any]:
    """The positions in both tables of the rows that are the same row; of a row that became many, only where it became as many."""
    if base is other:
        rows = np.flatnonzero(base.at >= 0)
        return rows, rows
    size = int(max(base.at.max(initial=-1), other.at.max(initial=-1))) + 2  # the last for -1
    width = int(max(base.nth.max(initial=0), other.nth.max(initial=0))) + 1
    counts = [np.bincount(one.at[one.at >= 0], minlength=size) for one in (base, other)]
    as_many = counts[0] == counts[1]
    codes = []
    for one in (base, other):
        stays = (one.at >= 0) & as_many[one.at]
        codes.append(np.where(stays, one.at * width + one.nth, -1))
    place = np.full(size * width, -1, np.int64)
    there = np.flatnonzero(codes[1] >= 0)
    place[codes[1][there]] = there
    rows = np.flatnonzero(codes[0] >= 0)
    at = place[codes[0][rows]]
    return rows[at >= 0], at[at >= 0]


def passed_through(
    held: Records, identity: Identity, source: SourceFacts, columns: Sequence[str] = ()
) -> dict[str, str]:
    """The columns that hold the source's own cells, row by row: name → the source's column. Those of the same name, and of
    `columns` (of the source) under any name."""
    found: dict[str, str] = {}
    rows = np.flatnonzero(identity.at >= 0)
    whole = rows.size == held.rows
    few = rows[:32]
    for name in held.columns:
        column = held.column(name)
        for other in dict.fromkeys([*([name] if name in source.records else []), *columns]):
            pair = aligned(column, source.records.column(other))
            if pair is None:
                continue
            left, right = pair
            if not equal(left.take(few), right.take(identity.at[few])):
                continue
            if equal(left if whole else left.take(rows), right.take(identity.at[rows])):
                found[name] = other
                break
    return found


def known_by(source: SourceFacts, columns: Mapping[str, Any] | None = None) -> Any:
    """For each row the instant at which all of its cells are known; None without a clock."""
    if source.times is None:
        return None
    clocks = [np.where(np.isfinite(at), at, source.times) for at in (columns or source.known).values()]
    return np.maximum.reduce([source.times, *clocks]) if clocks else source.times
