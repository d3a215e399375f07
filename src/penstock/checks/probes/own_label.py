"""own-label: a row's features can't stand on its own label, nor on its own cells that become known after it is asked for.

The world: label and late cells of row i hold another value. What must hold: the features of row i. Others' rows may move: their labels
were known. So many rows are asked at once, then each that moved alone; only a row altered alone proves anything.
"""

from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace

from penstock.checks.bench import Bench
from penstock.checks.facts import SourceFacts
from penstock.checks.influence import Place, directed
from penstock.checks.judge import Hit
from penstock.checks.reading import readings
from penstock.checks.tally import Tally
from penstock.checks.targets import is_target
from penstock.checks.worlds import Masks, World, another_clock, collapse, flip
from penstock.model.verdict import CheckResult, Finding
from penstock.values.donors import codes

__all__ = ["NAME", "probe"]

NAME = "own-label"
_HINT = "Leave the row's own label, and what is known only after it, out of its features."
_TARGET = "It follows from the label alone: declare it with target= if it is what is predicted, and leave it out of the features if not."
_UNDECLARED = 'declare label="…" or known_at={…}, the columns that are not known when the prediction is asked for'
_FEW, _CANDIDATES = 60, 12
_SINGLE = 4  # rows asked alone for each column that moved
_ENOUGH = 3  # rows that are asked, where so many move
_MOST = 0.75  # the share of them that must show it
_TIMES = 3.0  # so many times further by their own cells than by others'
_OTHERS = 3  # other rows, each altered alone, for what is noise
_BESIDE = 30  # rows that are left as they are while all others are altered


def probe(bench: Bench) -> tuple[list[Finding], list[CheckResult]]:
    """Alter labels and late cells of all rows, of some, and of single ones."""
    tally = Tally(bench, NAME)
    main = bench.main
    family = [one for one in bench.sources.values() if main is not None and one.leader == main.name]
    late = sorted({name for one in family for name in _columns(one)})
    if main is None or not late:
        return [], tally.results("", [], _UNDECLARED)
    every = np.ones(main.rows, bool)
    any_of: dict[Place, list[int]] = {}
    for turn in (0, 1):
        for step, hit in tally.watch(_world(bench, family, every, turn, "all rows", mixed=turn == 1), _all(bench)):
            any_of.setdefault((step, hit.artifact, hit.column), _some(bench, hit))
    cut = _alone(bench, tally, family, any_of) if any_of else set[str]()
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
    results = [_left(one) if one.step in cut and one.verdict == "CLEAN" else one for one in results]
    read, told = readings(bench, targets)
    trained = {one.step for one in told}
    return [*findings, *read], [*[one for one in results if one.step not in trained], *told]


def _left(result: CheckResult) -> CheckResult:
    return replace(
        result, verdict="UNKNOWN", reason="not reached: the time was spent before all rows that moved were asked alone"
    )


def _columns(source: SourceFacts) -> list[str]:
    free = [name for name in source.records.columns if name not in source.fixed]
    return [name for name in free if name in source.contract.label or source.late(name).any()]


def _masks(source: SourceFacts, rows: Any, *, labels: bool = True) -> Masks:
    found = {}
    for name in _columns(source):
        if not labels and name in source.contract.label:
            continue
        mask = (rows if name in source.contract.label else rows & source.late(name)) & ~source.never(name)
        if mask.any():
            found[name] = mask
    return found


def _world(
    bench: Bench,
    family: list[SourceFacts],
    rows: Any,
    turn: int,
    whose: str,
    *,
    mixed: bool = False,
    labels: bool = True,
) -> World:
    """Other values (with `labels`, of these as well); with `mixed`, clocks in another order."""
    altered = {}
    names: list[str] = []
    for source in family:
        masks = _masks(source, rows, labels=labels)
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


def _alone(bench: Bench, tally: Tally, family: list[SourceFacts], any_of: dict[Place, list[int]]) -> set[str]:
    """Find rows whose own cells may have moved them, by altering few rows at a time; then ask them alone, and prove by one of three
    means that it is their own cells that moved them (see `influence`). Gives the steps for which quick checks had no time."""
    size = family[0].rows
    draw = np.random.default_rng(1)
    moved: dict[Place, list[int]] = {place: [] for place in any_of}
    for share in (0.03, 0.1, 0.3):
        rows = np.zeros(size, bool)
        rows[draw.choice(size, max(int(size * share), 1), replace=False)] = True
        for step, hit in tally.watch(_world(bench, family, rows, 0, "some rows", mixed=True), _rows_of(bench, rows)):
            _candidates(bench, moved.setdefault((step, hit.artifact, hit.column), []), hit, draw)
    seen: dict[Place, list[_Asked]] = {}
    cut = set[str]()
    for row in _turns(moved):
        if bench.late and bench.depth == "quick":
            cut = {step for step, _, _ in moved}
            break
        if all(len(seen.get(place, ())) >= _ENOUGH for place, rows in moved.items() if row in rows):
            continue
        rows = np.zeros(size, bool)
        rows[row] = True
        told = f"row {family[0].key_of(row)}"
        hits: dict[Place, tuple[Hit, World]] = {}
        for turn, mixed in ((1, False), (3, False), (0, False), (0, True)):
            world = _world(bench, family, rows, turn, told, mixed=mixed)
            for step, hit in tally.watch(world, _rows_of(bench, rows)):
                hits.setdefault((step, hit.artifact, hit.column), (hit, world))
        for place, (hit, world) in hits.items():
            seen.setdefault(place, []).append(_Asked(row, hit, world))
    proven = _exact(bench, tally, family, seen, draw)
    if len(proven) < len(seen):
        proven |= _further(bench, tally, family, {one: asked for one, asked in seen.items() if one not in proven}, draw)
    left = {}
    for place, asked in seen.items():
        first = [*[one.row for one in asked], *moved.get(place, ())]
        left[place] = list(dict.fromkeys([*first, *any_of.get(place, ())]))
    proven |= directed(bench, tally, _columns_of(family), {one: left[one] for one in left if one not in proven})
    for place, asked in seen.items():
        tally.note(place[0], asked[0].hit, asked[0].world, proof=place in proven)
    return cut


class _Asked(NamedTuple):
    """A row that moved when its own cells were altered alone: what moved, and in which world."""

    row: int
    hit: Hit
    world: World


def _turns(moved: dict[Place, list[int]]) -> list[int]:
    """The rows to ask alone, at most so many for each place, first those that speak of most."""
    asked: dict[int, int] = {}
    for found in moved.values():
        for row in list(dict.fromkeys(found))[: 2 * _SINGLE]:  # first those that moved when few were altered
            asked[row] = asked.get(row, 0) + 1
    return sorted(asked, key=lambda one: (-asked[one], one))


def _columns_of(family: list[SourceFacts]) -> list[tuple[SourceFacts, str]]:
    """What is not known yet, labels first."""
    listed = [(source, name) for source in family for name in _columns(source)]
    return sorted(listed, key=lambda one: one[1] not in one[0].contract.label)


def _exact(
    bench: Bench, tally: Tally, family: list[SourceFacts], seen: dict[Place, list[_Asked]], draw: Any
) -> set[Place]:
    """The places that hold, in rows that moved with their own cells, while those of all other rows are altered in several ways."""
    size = family[0].rows
    mine = np.zeros(size, bool)
    mine[[one.row for asked in seen.values() for one in asked]] = True
    mine[draw.choice(size, min(_BESIDE, size // 10), replace=False)] = True
    unlike = draw.permutation(size)
    worlds = [
        _world(bench, family, ~mine, turn, "others", mixed=mixed) for turn, mixed in ((0, False), (2, True), (5, False))
    ]
    for row in (_extreme(family, unlike, low=True), _extreme(family, unlike, low=False)):
        altered = {one.name: collapse(one, bench.circuit.values[one.name], _masks(one, ~mine), row) for one in family}
        worlds.append(World("", altered))
    moved: dict[Place, set[int]] = {}
    done: dict[str, int] = {}
    hold = _rows_of(bench, mine)
    for world in worlds:
        before = dict(tally.worlds)
        for step, hit in tally.watch(world, hold):
            identity = bench.identity(hit.artifact)
            if identity is not None:
                moved.setdefault((step, hit.artifact, hit.column), set()).update(identity.at[hit.rows].tolist())
        for step, count in tally.worlds.items():
            done[step] = done.get(step, 0) + (count > before.get(step, 0))
    return {
        place
        for place, asked in seen.items()
        if done.get(place[0], 0) >= _ENOUGH
        and sum([one.row not in moved.get(place, ()) for one in asked]) >= _MOST * len(asked)
    }


def _extreme(family: list[SourceFacts], rows: Any, *, low: bool) -> int:
    """A row with the least or the greatest of labels."""
    for source, name in _columns_of(family)[:1]:
        coded = codes(source.records.column(name))[rows]
        return int(rows[np.argmin(coded) if low else np.argmax(coded)])
    return int(rows[0])


def _further(
    bench: Bench, tally: Tally, family: list[SourceFacts], seen: dict[Place, list[_Asked]], draw: Any
) -> set[Place]:
    """The places that late cells of their own row move much further than those of other rows do, though no label was altered."""
    late = [name for source in family for name in _columns(source) if name not in source.contract.label]
    if not late:
        return set()
    ratios: dict[Place, list[float]] = {}
    for row in dict.fromkeys([one.row for asked in seen.values() for one in asked]):
        rows = np.zeros(family[0].rows, bool)
        rows[row] = True
        own = _sizes(bench, tally, family, rows, rows)
        noise: dict[Place, float] = {}
        for other in _unlike(family, row, draw) if own else ():
            others = np.zeros(rows.size, bool)
            others[other] = True
            for place, size in _sizes(bench, tally, family, others, rows).items():
                noise[place] = max(noise.get(place, 0.0), size)
        for place, size in own.items():
            ratios.setdefault(place, []).append(size / noise[place] if noise.get(place) else np.inf)
        if bench.late:
            break
    return {
        place
        for place, asked in seen.items()
        if len(ratios.get(place, ())) >= min(len(asked), _ENOUGH)
        and sum([one > _TIMES for one in ratios[place]]) >= _MOST * len(asked)
    }


def _sizes(bench: Bench, tally: Tally, family: list[SourceFacts], rows: Any, judged: Any) -> dict[Place, float]:
    """How far each place moves in the rows judged when late cells of `rows`, but no label, are altered."""
    found: dict[Place, float] = {}
    for turn in (1, 3):
        world = _world(bench, family, rows, turn, "a row", labels=False)
        for step, hit in tally.watch(world, _rows_of(bench, judged)) if world.altered else ():
            found[step, hit.artifact, hit.column] = max(found.get((step, hit.artifact, hit.column), 0.0), _size(hit))
    return {place: size for place, size in found.items() if not np.isnan(size)}


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


def _some(bench: Bench, hit: Hit) -> list[int]:
    """Some of the rows that moved."""
    identity = bench.identity(hit.artifact)
    rows = np.unique(identity.at[hit.rows]) if identity is not None else np.zeros(0, np.int64)
    picked: list[int] = np.random.default_rng(2).permutation(rows)[:_FEW].tolist()
    return picked


def _candidates(bench: Bench, found: list[int], hit: Hit, draw: Any) -> None:
    found.extend(draw.permutation(_some(bench, hit))[:_CANDIDATES].tolist())
