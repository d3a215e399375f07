"""Counter-examples: the guilty step, its inputs in both worlds, and the cell that moved; made as small as a few questions allow.

What is altered is halved as long as one half alone still moves the cell: first rows, then columns. Where a single cell of a source is left,
it is named. A counter-example is plain values, and done again by two calls of one step.
"""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from penstock.checks.bench import Bench
from penstock.checks.circuit import Call, Failed, called
from penstock.checks.elsewhere import Elsewhere, Errand
from penstock.checks.judge import Hit, moved_state, moved_value
from penstock.checks.worlds import World
from penstock.model.bench import Replayed
from penstock.model.verdict import Altered
from penstock.values.assign import assign
from penstock.values.compare import different, differing
from penstock.values.records import Records, records, value_at

__all__ = ["Cell", "Proof", "counter_example", "replay", "smaller"]

_QUESTIONS = 40
_PATIENCE = 300.0  # seconds that a new process may take for one step


class Proof(NamedTuple):
    """What proves a finding: the guilty step, what moved, and the world in which it did."""

    step: str
    hit: Hit
    world: World


def _hold(bench: Bench, hit: Hit) -> Any:
    held = bench.records(hit.artifact)
    rows = np.zeros(held.rows if held is not None else 0, bool)
    if hit.row >= 0:
        rows[hit.row] = True
    return rows


def _moved(bench: Bench, proof: Proof, world: World) -> Hit | None:
    """The same column of the same row in another world, if it moved there."""
    flow = bench.flow(world)
    hit = proof.hit
    moved = (
        bench.judge(flow, world, hit.artifact, _hold(bench, hit))
        if hit.row >= 0
        else bench.judge_state(flow, hit.artifact)
    )
    return next((one for one in moved.hits if one.column == hit.column), None) if moved is not None else None


def smaller(bench: Bench, proof: Proof, seconds: float = 1.0) -> tuple[Proof, Altered | None]:
    """The proof with fewer cells altered, and the one cell that is left, if it is one."""
    world = proof.world
    if world.kept:
        return proof, None
    search = _Search(bench, proof, time.monotonic() + seconds)
    cells = search.halve(search.rows())
    if len({(source, row) for source, row, _ in cells}) == 1:
        cells = search.halve(cells)
        cells = next(([one] for one in cells if len(cells) > 1 and search.moves([one])), cells)
    if search.best is None:
        return proof, search.told(cells[0]) if len(cells) == 1 else None
    hit, found = search.best
    left = proof._replace(hit=hit, world=found)
    return left, search.told(cells[0]) if len(cells) == 1 else None


Cell = tuple[str, int, str]
"""Source, row, column."""


class _Search:
    def __init__(self, bench: Bench, proof: Proof, end: float) -> None:
        self.bench, self.proof, self.end = bench, proof, end
        self.left = _QUESTIONS
        self.best: tuple[Hit, World] | None = None
        self.held = {name: one for name, value in proof.world.altered.items() if (one := records(value)) is not None}

    def rows(self) -> list[Cell]:
        """All cells that are altered, those of a row together."""
        found: list[Cell] = []
        for name, held in self.held.items():
            source = self.bench.sources[name]
            for column in source.records.columns:
                if column in source.fixed or column not in held:
                    continue
                unequal = differing(source.records.column(column), held.column(column))
                found += [(name, int(row), column) for row in np.flatnonzero(unequal)]
        return sorted(found)

    def moves(self, cells: list[Cell]) -> bool:
        """Whether these cells alone still move it."""
        if self.left <= 0 or time.monotonic() > self.end:
            return False
        self.left -= 1
        try:
            world = World(self.proof.world.words, self.partly(cells))
            hit = _moved(self.bench, self.proof, world)
        except (TypeError, ValueError, KeyError):
            return False
        if hit is not None:
            self.best = hit, world
        return hit is not None

    def partly(self, cells: list[Cell]) -> dict[str, Any]:
        by_column: dict[tuple[str, str], list[int]] = {}
        for name, row, column in cells:
            by_column.setdefault((name, column), []).append(row)
        found: dict[str, Any] = {}
        for (name, column), rows in by_column.items():
            new = self.held[name].column(column).take(np.array(rows)).to_pylist()
            value = found.get(name, self.bench.circuit.values[name])
            found[name] = assign(value, column, np.array(rows), new)
        return found

    def halve(self, cells: list[Cell]) -> list[Cell]:
        """Fewer cells, as long as a half of them moves it; while there are several rows, rows stay whole."""
        while len(cells) > 1:
            rows = sorted({(source, row) for source, row, _ in cells})
            if len(rows) > 1:
                first = set(rows[: len(rows) // 2])
                halves = [[one for one in cells if (one[:2] in first) is inside] for inside in (True, False)]
            else:
                halves = [cells[: len(cells) // 2], cells[len(cells) // 2 :]]
            half = next((one for one in halves if self.moves(one)), None)
            if half is None:
                return cells
            cells = half
        return cells

    def told(self, cell: Cell) -> Altered:
        """A cell, before and after."""
        name, row, column = cell
        source = self.bench.sources[name]
        before, after = (value_at(one.column(column), row) for one in (source.records, self.held[name]))
        return Altered(name, column, self.bench.leader(name).key_of(row), _plain(before), _plain(after))


def _plain(value: Any) -> Any:
    return (
        value if isinstance(value, bool | int | float | str | type(None)) or hasattr(value, "isoformat") else str(value)
    )


def counter_example(bench: Bench, proof: Proof) -> dict[str, Any]:
    """A proof as plain values: what `replay` takes."""
    flow = bench.flow(proof.world)
    node, hit = bench.circuit.nodes[proof.step], proof.hit
    value = flow.value(hit.artifact)
    return {
        "step": proof.step,
        "artifact": hit.artifact,
        "column": hit.column,
        "row": hit.row,
        "row_after": int(hit.rows_after[-1]) if hit.rows_after is not None else hit.row,
        "seed": bench.seed,
        "inputs": {argument: bench.base.value(one) for argument, one in node.inputs.items()},
        "altered": {argument: flow.value(one) for argument, one in node.inputs.items() if not flow.same(one)},
        "moved": not isinstance(value, Failed),
    }


def replay(call: Call, evidence: Mapping[str, Any], elsewhere: Elsewhere | None = None) -> Replayed:
    """Call the guilty step on both inputs, and look at the cell. Where nothing is altered, it is called `again`: in the same way, with other global
    seeds, or `elsewhere`, in a new process."""
    step, seed, again = evidence["step"], evidence["seed"], evidence.get("again", "")
    made: list[Mapping[str, Any] | Failed] = [called(step, call, evidence["inputs"], seed)]
    if again in ("moved", "still"):
        if elsewhere is None:
            return Replayed(False, reason="no new process can be begun here")
        told = elsewhere([Errand(step, evidence["inputs"], seed, (again,))], _PATIENCE).get(step)
        made.append(told.made[again] if told is not None else Failed(step, "it could not be done in a new process"))
    else:
        other = seed + 1 if again == "seeds" else seed
        made.append(called(step, call, {**evidence["inputs"], **evidence["altered"]}, other))
    for one in made:
        if isinstance(one, Failed):
            return Replayed(False, reason=f"the step fails now: {one.error}")
    values = [one[evidence["artifact"]] for one in made if not isinstance(one, Failed)]
    if evidence["row"] < 0:
        hits = (moved_value if again else moved_state)("", *values).hits
        hits = tuple([one for one in hits if one.column == evidence["column"]])
        return Replayed(True, hits[0].before, hits[0].after) if hits else Replayed(False, reason="nothing moves now")
    return _cell(evidence, *[records(one) for one in values])


def _cell(evidence: Mapping[str, Any], before: Records | None, after: Records | None) -> Replayed:
    name = evidence["column"]
    if before is None or after is None or name not in before or name not in after:
        return Replayed(False, reason=f"there is no column `{name}` now")
    if evidence["row"] >= before.rows or evidence["row_after"] >= after.rows:
        return Replayed(False, reason="the row is not there now")
    one, two = (
        held.column(name).slice(row, 1) for held, row in ((before, evidence["row"]), (after, evidence["row_after"]))
    )
    unequal, _ = different(one, two, whole=before.column(name))
    told = [_plain(value_at(cell, 0)) for cell in (one, two)]
    return Replayed(bool(unequal[0]), told[0], told[1], "" if unequal[0] else "it does not move now")
