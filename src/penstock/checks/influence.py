"""Whether a row's feature stands on the row's own cells, and not on folds that were drawn by everybody's labels.

Changing one label may move a row's feature though no feature has seen the row's own label: stratified folds are dealt out by
the labels of all rows, so one that changes sends other rows to other folds (the row itself too), and each fold has another model. How far a
feature moves tells nothing, then; out-of-fold predictions move as far. Four things tell:

- **exact**: the feature holds while the cells of all other rows are altered, in several ways, and moves with its own: nobody else has a say in it.
- **direction**: over many rows, each altered alone, the feature goes where the label goes (up with it, or always down). Folds send it anywhere.
  And it goes there still when the row and its neighbour exchange their labels, among labels that were permuted before: then no fold
  changes its size, and of other rows none changes its fold.
- **everywhere the same**: a column of one value for all rows, which it keeps while labels are exchanged among rows: no folds are in it, and where
  it goes with each row's label, that is in it.
- **late cells**: by which no folds are drawn (only labels draw them) move the row much further than those of other rows do.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from penstock.checks.bench import Bench
from penstock.checks.facts import SourceFacts
from penstock.checks.identities import rows_of
from penstock.checks.judge import HAIR
from penstock.checks.tally import Tally
from penstock.checks.worlds import World
from penstock.values.alter import exchange
from penstock.values.donors import codes
from penstock.values.records import value_at

__all__ = ["Place", "directed", "ordered"]

Place = tuple[str, str, str]
"""Step, artifact, column."""

_ALIGNED, _WITH_ONE = 10, 16  # rows that go with the label, where none goes against it, and where one does
_TRIES = 40
_COLUMNS = 6
_SWAPS, _TWICE = 14, (4, 5)  # neighbours exchanged, among labels permuted by each of these seeds
_LEAST = 6
_MOVE, _GO = 0.4, 0.75  # the share of them that must move, and the share of these that must go with the label
_MOST, _MOSTLY = 0.6, 0.8  # the same, where labels are not permuted
_NEAR = 6
_SAME = 6  # worlds in which a column is to hold one value


def ordered(column: Any) -> Any:
    """Numbers that say which of two cells is the greater (NaN for cells that can't be told): of numbers and truth values themselves, of
    anything else only of the two values that are most common. None where there are no two."""
    kind = column.type
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        found = np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
        return found if np.unique(found[np.isfinite(found)]).size > 1 else None
    coded = codes(column)
    valid = np.asarray(column.is_valid())
    names, counts = np.unique(coded[valid], return_counts=True)
    if names.size < 2:
        return None
    common = np.sort(names[np.argsort(-counts, kind="stable")[:2]])
    return np.where(valid & (coded == common[0]), 0.0, np.where(valid & (coded == common[1]), 1.0, np.nan))


class _Column(NamedTuple):
    """A column whose cells are altered: its source, the numbers that order its cells, and which of them may be altered."""

    source: SourceFacts
    name: str
    order: Any
    free: Any


def directed(
    bench: Bench, tally: Tally, columns: list[tuple[SourceFacts, str]], places: dict[Place, Sequence[int]]
) -> set[Place]:
    """The places (each with rows that moved, first to be asked) that go where one of these columns' own cells go."""
    found: set[Place] = set()
    for source, name in columns[:_COLUMNS]:
        order = ordered(source.records.column(name))
        if order is None or name in source.clocks:
            continue
        free = np.isfinite(order) & ~source.never(name)
        left = {one: rows for one, rows in places.items() if one not in found}
        if not left or free.sum() < _ALIGNED or bench.late:
            continue
        column = _Column(source, name, order, free)
        aligned = _aligned(bench, tally, column, left)
        found |= {
            place
            for place, side in aligned.items()
            if _exchanged(bench, column, place, side, left[place]) or _one_for_all(bench, column, place, side[1])
        }
    return found


def _one_for_all(bench: Bench, column: _Column, place: Place, rows: Sequence[int]) -> bool:
    """Whether a place holds one value in all rows, one too in each world in which the label of one row is another, and the same where all
    labels are there at other rows (which would send other rows to other folds)."""
    there = np.flatnonzero(column.free)
    mixed = [np.random.default_rng(seed).permutation(there) for seed in _TWICE]
    worlds = [_one(bench, column, there.tolist(), one.tolist()) for one in mixed]
    worlds += [_one(bench, column, [row], [_donor(column, row)]) for row in rows[:_SAME]]
    held = [bench.records(place[1]), *[rows_of(bench.flow(one).value(place[1])) for one in worlds if one.altered]]
    found = [value for one in held if (value := _value(one, place[2])) is not None]
    if len(found) < 1 + len(mixed) + _SAME or len(found) < len(held):
        return False
    return bool(np.isclose(found[1 : 1 + len(mixed)], found[0], rtol=HAIR, atol=0).all())


def _value(held: Any, name: str) -> float | None:
    """The one number that a column holds in all rows."""
    numbers = _numbers(held.column(name)) if held is not None and held.rows > 1 and name in held else None
    return float(numbers[0]) if numbers is not None and np.unique(numbers).size == 1 else None


def _aligned(
    bench: Bench, tally: Tally, column: _Column, places: dict[Place, Sequence[int]]
) -> dict[Place, tuple[float, list[int]]]:
    """The places that went with the column in all rows that were asked, or always against it (+1, -1), and these rows."""
    signs: dict[Place, list[float]] = {place: [] for place in places}
    moved: dict[Place, list[int]] = {place: [] for place in places}
    open_places = set(places)
    for row in _rows(column, places):
        donor = _donor(column, row)
        if donor < 0:
            continue
        world = _one(bench, column, [row], [donor])
        toward = np.sign(column.order[donor] - column.order[row])
        for place, way in _ways(bench, tally, world, row).items():
            if place in open_places and way:
                signs[place].append(way * toward)
                moved[place].append(row)
        open_places = {one for one in open_places if _against(signs[one]) < 2 and not _enough(signs[one], _WITH_ONE)}
        if not open_places or bench.late:
            break
    return {place: (float(np.sign(sum(ways))), moved[place]) for place, ways in signs.items() if _enough(ways)}


def _against(ways: list[float]) -> int:
    return min(sum([one > 0 for one in ways]), sum([one < 0 for one in ways]))


def _enough(ways: list[float], least: int = _ALIGNED) -> bool:
    against = _against(ways)
    return (against == 0 and len(ways) >= least) or (against == 1 and len(ways) > _WITH_ONE)


def _rows(column: _Column, places: dict[Place, Sequence[int]]) -> Iterator[int]:
    """Rows to ask: those that moved in turn, then any."""
    draw = np.random.default_rng(3)
    seen: set[int] = set()
    first = [one for several in zip_longest(*places.values()) for one in several if one is not None]
    for row in [*first, *draw.permutation(np.flatnonzero(column.free)).tolist()]:
        if row not in seen and column.free[row]:
            seen.add(row)
            yield int(row)
        if len(seen) >= _TRIES:
            return


def _donor(column: _Column, row: int) -> int:
    """A row whose cell is on the other side of the middle."""
    there = np.flatnonzero(column.free)
    mine = column.order[row]
    middle = float(np.median(column.order[there]))
    other = there[column.order[there] > mine] if mine <= middle else there[column.order[there] < mine]
    if not other.size:
        other = there[column.order[there] != mine]
    return int(other[(row * 7919) % other.size]) if other.size else -1


def _one(bench: Bench, column: _Column, rows: list[int], donors: list[int]) -> World:
    try:
        value = exchange(bench.circuit.values[column.source.name], column.name, np.array(rows), np.array(donors))
    except (TypeError, KeyError, ValueError):
        return World("", {})
    return World("", {column.source.name: value})


def _only(bench: Bench, row: int) -> Any:
    def hold(artifact: str) -> Any:
        identity = bench.identity(artifact)
        if identity is None or bench.main is None or identity.source != bench.main.name:
            return None
        return identity.at == row

    return hold


def _ways(bench: Bench, tally: Tally, world: World, row: int) -> dict[Place, float]:
    """Which places moved in this row, and which way (0 where they are no numbers)."""
    found = {}
    for step, hit in tally.watch(world, _only(bench, row)) if world.altered else ():
        before, after = _number(hit.before), _number(hit.after)
        found[step, hit.artifact, hit.column] = (
            0.0 if before is None or after is None else float(np.sign(after - before))
        )
    return found


def _number(value: Any) -> float | None:
    if isinstance(value, int | float) and np.isfinite(value):
        return float(value)
    return None


def _exchanged(bench: Bench, column: _Column, place: Place, gone: tuple[float, list[int]], rows: Sequence[int]) -> bool:
    """Whether a place still goes with the label where a row and its neighbour exchange theirs: in a world of permuted labels, or, where few rows
    move there at all, in the world as it is, those rows that moved alone. Of columns that are no labels no folds are drawn, and of labels
    that are nearly all different only if they are put into bins."""
    if column.name not in column.source.contract.label:
        return True
    if len(gone[1]) >= _WITH_ONE and np.unique(column.order[column.free]).size > column.free.sum() / 4:
        return True
    ways: list[float] = []
    for seed in _TWICE:
        ways += _ways_of_neighbours(bench, column, place, list(dict.fromkeys([*gone[1], *rows])), seed)
        if bench.late:
            break
    moves = [one * gone[0] for one in ways if one]
    if len(moves) >= max(_MOVE * len(ways), _LEAST):
        return sum([one > 0 for one in moves]) >= _GO * len(moves)
    ways = _ways_of_neighbours(bench, column, place, gone[1])
    moves = [one * gone[0] for one in ways if one]
    return len(moves) >= max(_MOST * len(ways), _LEAST) and sum([one > 0 for one in moves]) >= _MOSTLY * len(moves)


def _ways_of_neighbours(
    bench: Bench, column: _Column, place: Place, rows: list[int], seed: int | None = None
) -> list[float]:
    """Which way a row goes, against its label, where it exchanges that with a neighbour: one number for each that was asked."""
    there = np.flatnonzero(column.free)
    whose = np.arange(column.source.rows)
    if seed is not None:
        whose[there] = np.random.default_rng(seed).permutation(there)
    order = column.order[whose]
    plain = _Cells(bench, place, _one(bench, column, there.tolist(), whose[there].tolist()))
    ways: list[float] = []
    for row in rows:
        other = _neighbour(column, order, row)
        if other < 0:
            continue
        turned = whose.copy()
        turned[[row, other]] = whose[[other, row]]
        swapped = _Cells(bench, place, _one(bench, column, there.tolist(), turned[there].tolist()))
        before, after = plain.cell(row), swapped.cell(row)
        if before is not None and after is not None:
            moved = 0.0 if abs(after - before) <= plain.hair else float(np.sign(after - before))
            ways.append(moved * float(np.sign(order[other] - order[row])))
        if len(ways) >= _SWAPS or bench.late:
            break
    return ways


def _neighbour(column: _Column, order: Any, row: int) -> int:
    """The nearest row whose cell is another one; -1 where none is near."""
    for gap in range(1, _NEAR):
        for other in (row + gap, row - gap):
            if 0 <= other < order.size and column.free[other] and order[other] != order[row]:
                return other
    return -1


class _Cells:
    """The cells of one column of an artifact in a world, by row of the main source."""

    def __init__(self, bench: Bench, place: Place, world: World) -> None:
        self.bench, self.world, self.flow = bench, world, bench.flow(world)
        _, self.artifact, self.column = place
        held = bench.records(self.artifact)
        self.base = held.column(self.column) if held is not None and self.column in held else None
        known = _numbers(self.base)
        self.hair = HAIR * float(np.nanstd(known)) if known is not None and np.isfinite(known).any() else 0.0

    def cell(self, row: int) -> float | None:
        """The number there; None where there is none, or it can't be told."""
        hold = _only(self.bench, row)(self.artifact)
        if hold is None or self.base is None or not hold.any():
            return None
        moved = self.bench.judge(self.flow, self.world, self.artifact, hold)
        if moved is None or not moved.rows:
            return None
        hit = next((one for one in moved.hits if one.column == self.column), None)
        return _number(hit.after if hit is not None else value_at(self.base, int(np.flatnonzero(hold)[-1])))


def _numbers(column: Any) -> Any:
    kind = column.type if column is not None else None
    if kind is None or not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        return None
    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
