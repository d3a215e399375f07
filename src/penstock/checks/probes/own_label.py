"""own-label: a row's features can't stand on its own label, nor on its own cells that become known after it is asked for.

The world: label and late cells of row i hold another value. What must hold: the features of row i. Others' rows may move: their labels
were known. So many rows are asked at once, then each that moved alone; only a row altered alone proves anything.
"""

from typing import Any, NamedTuple

import numpy as np

from penstock.checks.bench import Bench
from penstock.checks.facts import SourceFacts
from penstock.checks.judge import Hit
from penstock.checks.reading import readings
from penstock.checks.tally import Tally
from penstock.checks.targets import is_target
from penstock.checks.worlds import Masks, World, another_clock, flip
from penstock.model.verdict import CheckResult, Finding
from penstock.values.donors import codes

__all__ = ["NAME", "Place", "probe"]

NAME = "own-label"
_HINT = "Leave the row's own label, and what is known only after it, out of its features."
_TARGET = "It follows from the label alone: declare it with target= if it is what is predicted, and leave it out of the features if not."
_UNDECLARED = 'declare label="…" or known_at={…}, the columns that are not known when the prediction is asked for'
_SINGLE = 4  # rows asked alone for each column that moved
_ENOUGH = 3  # rows that are asked, where so many move
_MOST = 0.75  # the share of them that must move so many times further by their own cells than by others'
_TIMES, _MANY_TIMES = 3.0, 10.0  # the second where fewer rows were asked
_OTHERS = 3  # other rows, each altered alone, for what is noise

Place = tuple[str, str, str]
"""Step, artifact, column."""


def probe(bench: Bench) -> tuple[list[Finding], list[CheckResult]]:
    """Alter labels and late cells of all rows, of some, and of single ones."""
    tally = Tally(bench, NAME)
    main = bench.main
    family = [one for one in bench.sources.values() if main is not None and one.leader == main.name]
    late = sorted({name for one in family for name in _columns(one)})
    if main is None or not late:
        return [], tally.results("", [], _UNDECLARED)
    every = np.ones(main.rows, bool)
    moved: dict[Place, set[int]] = {}
    for turn in (0, 1):
        for step, hit in tally.watch(_world(bench, family, every, turn, "all rows", mixed=turn == 1), _all(bench)):
            moved.setdefault((step, hit.artifact, hit.column), set())
    if moved:
        _alone(bench, tally, family, moved)
    targets: list[tuple[str, str]] = []
    for step, artifact, column in tally.seen:
        target = is_target(bench, artifact, column)
        if target or target is None:
            tally.suspect(step, artifact, column, _TARGET)
        if target:
            targets.append((artifact, column))
    findings = tally.findings(_HINT)
    few = ", ".join([f"`{one}`" for one in late[:4]]) + (" …" if len(late) > 4 else "")
    results = tally.results(f"own cells of {few} altered in all rows, then alone", findings)
    read, told = readings(bench, targets)
    trained = {one.step for one in told}
    return [*findings, *read], [*[one for one in results if one.step not in trained], *told]


def _columns(source: SourceFacts) -> list[str]:
    free = [name for name in source.records.columns if name not in source.fixed]
    return [name for name in free if name in source.contract.label or source.late(name).any()]


def _masks(source: SourceFacts, rows: Any) -> Masks:
    found = {}
    for name in _columns(source):
        mask = (rows if name in source.contract.label else rows & source.late(name)) & ~source.never(name)
        if mask.any():
            found[name] = mask
    return found


def _world(bench: Bench, family: list[SourceFacts], rows: Any, turn: int, whose: str, *, mixed: bool = False) -> World:
    """Other values; with `mixed`, clocks in another order as well."""
    altered = {}
    names: list[str] = []
    for source in family:
        masks = _masks(source, rows)
        if not masks:
            continue
        value = flip(source, bench.circuit.values[source.name], masks, turn=turn)
        for name in source.clocks if mixed else ():
            at = np.flatnonzero(masks.get(name, np.zeros(source.rows, bool)))
            value = another_clock(source, value, name, at, seed=turn) if at.size else value
        altered[source.name] = value
        names += masks
    return World(f"other values in {', '.join(dict.fromkeys(names))} of {whose}", altered)


def _all(bench: Bench) -> Any:
    def hold(artifact: str) -> Any:
        identity = bench.identity(artifact)
        if identity is None or bench.main is None or identity.source != bench.main.name:
            return None
        return identity.at >= 0

    return hold


def _rows_of(bench: Bench, rows: Any) -> Any:
    def hold(artifact: str) -> Any:
        identity = bench.identity(artifact)
        if identity is None or bench.main is None or identity.source != bench.main.name:
            return None
        return (identity.at >= 0) & rows[identity.at]

    return hold


def _alone(bench: Bench, tally: Tally, family: list[SourceFacts], moved: dict[Place, set[int]]) -> None:
    """Find rows whose own cells may have moved them, by altering few rows at a time; then ask them alone, and hold that against
    what other rows' cells do to them: a feature that moves as much with anybody's label (folds that are drawn by the labels, sorts
    that are not stable) is not proven."""
    size = family[0].rows
    draw = np.random.default_rng(1)
    for share in (0.03, 0.1, 0.3):
        rows = np.zeros(size, bool)
        rows[draw.choice(size, max(int(size * share), 1), replace=False)] = True
        for step, hit in tally.watch(_world(bench, family, rows, 0, "some rows", mixed=True), _rows_of(bench, rows)):
            _candidates(bench, moved.setdefault((step, hit.artifact, hit.column), set()), hit, draw)
    asked: dict[int, set[Place]] = {}
    for which, found in moved.items():
        for row in sorted(found)[: 2 * _SINGLE]:
            asked.setdefault(row, set()).add(which)
    seen: dict[Place, list[_Asked]] = {}
    for row, wanted in sorted(asked.items(), key=lambda one: -len(one[1])):
        if all(len(seen.get(one, ())) >= _ENOUGH for one in wanted):
            continue
        rows = np.zeros(size, bool)
        rows[row] = True
        told = f"row {family[0].key_of(row)}"
        hits: dict[Place, tuple[Hit, World, bool]] = {}
        for turn, mixed in ((1, False), (3, False), (1, True)):
            world = _world(bench, family, rows, turn, told, mixed=mixed)
            for step, hit in tally.watch(world, _rows_of(bench, rows)):
                hits.setdefault((step, hit.artifact, hit.column), (hit, world, mixed))
        noise = _noise(bench, tally, family, row, draw) if hits else {}
        for place, (hit, world, mixed) in hits.items():
            others = noise.get(place, 0.0)
            ratio = _size(hit) / others if others else float("inf")
            seen.setdefault(place, []).append(_Asked(hit, world, mixed, 0.0 if np.isnan(ratio) else ratio))
    for place, rows_asked in seen.items():
        _judge(tally, place, rows_asked)


class _Asked(NamedTuple):
    """A row that moved with its own cells: whether only with clocks in another order, and how many times further than with others'."""

    hit: Hit
    world: World
    mixed: bool
    ratio: float


def _judge(tally: Tally, place: Place, asked: list[_Asked]) -> None:
    asked = sorted(asked, key=lambda one: (one.mixed, -one.ratio))
    plain = [one for one in asked if not one.mixed]
    listed = plain or asked
    if len(listed) >= _ENOUGH:
        sure = sum([one.ratio > _TIMES for one in listed]) >= _MOST * len(listed)
    else:
        sure = bool(plain) and all(one.ratio > _MANY_TIMES for one in listed)
    tally.note(place[0], asked[0].hit, asked[0].world, proof=sure)


def _noise(bench: Bench, tally: Tally, family: list[SourceFacts], row: int, draw: Any) -> dict[Place, float]:
    """How far, at most, the cells of rows that have little in common with this one move it."""
    found: dict[Place, float] = {}
    mine = np.zeros(family[0].rows, bool)
    mine[row] = True
    for other in _unlike(family, row, draw):
        rows = np.zeros(mine.size, bool)
        rows[other] = True
        world = _world(bench, family, rows, 1, "another row", mixed=True)
        for step, hit in tally.watch(world, _rows_of(bench, mine)):
            place = (step, hit.artifact, hit.column)
            found[place] = max(found.get(place, 0.0), _size(hit))
    return found


def _unlike(family: list[SourceFacts], row: int, draw: Any) -> list[int]:
    """Rows of the same label (of its kind, where there are few), with other categories and far away in time."""
    size = family[0].rows
    near = np.zeros(size)
    for source in family:
        late = _columns(source)
        for name in source.records.columns:
            coded = codes(source.records.column(name))
            if name in source.contract.label:
                near += np.where(coded == coded[row], 0.0, 2.0 * (np.unique(coded).size < size // 4))
            elif name not in late and np.unique(coded).size < size // 2:
                near += coded == coded[row]
    near[row] = np.inf
    if family[0].times is not None:
        gap = np.abs(family[0].times - family[0].times[row])
        near += 1.0 * (gap < np.nanquantile(gap, 0.5))
    order = draw.permutation(size)
    best = order[np.argsort(near[order], kind="stable")]
    return [int(one) for one in best[: min(_OTHERS, size - 1)]]


def _size(hit: Hit) -> float:
    numbers = isinstance(hit.before, int | float) and isinstance(hit.after, int | float)
    return abs(float(hit.after) - float(hit.before)) if numbers else float("inf")


def _candidates(bench: Bench, found: set[int], hit: Hit, draw: Any) -> None:
    identity = bench.identity(hit.artifact)
    if identity is None:
        return
    rows = np.unique(identity.at[hit.rows])
    found.update(draw.choice(rows, min(_SINGLE, rows.size), replace=False).tolist())
