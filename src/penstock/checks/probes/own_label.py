"""own-label: a row's features can't stand on its own label, nor on its own cells that become known after it is asked for.

The world: label and late cells of row i hold another value. What must hold: the features of row i. Others' rows may move: their labels
were known. So many rows are asked at once, then each that moved alone; only a row altered alone proves anything.
"""

from typing import Any

import numpy as np

from penstock.checks.bench import Bench
from penstock.checks.facts import SourceFacts
from penstock.checks.judge import Hit
from penstock.checks.tally import Tally
from penstock.checks.targets import is_target
from penstock.checks.worlds import Masks, World, flip
from penstock.model.verdict import CheckResult, Finding

__all__ = ["NAME", "probe"]

NAME = "own-label"
_HINT = "Leave the row's own label, and what is known only after it, out of its features."
_TARGET = "It follows from the label alone: declare it with target= if it is what is predicted, and leave it out of the features if not."
_UNDECLARED = 'declare label="…" or known_at={…}, the columns that are not known when the prediction is asked for'
_SINGLE = 4  # rows asked alone for each column that moved


def probe(bench: Bench) -> tuple[list[Finding], list[CheckResult]]:
    """Alter labels and late cells of all rows, of some, and of single ones."""
    tally = Tally(bench, NAME)
    main = bench.main
    family = [one for one in bench.sources.values() if main is not None and one.leader == main.name]
    late = sorted({name for one in family for name in _columns(one)})
    if main is None or not late:
        return [], tally.results("", [], _UNDECLARED)
    every = np.ones(main.rows, bool)
    moved: dict[tuple[str, str, str], set[int]] = {}
    for turn in (0, 1):
        for step, hit in tally.watch(_world(bench, family, every, turn, "all rows"), _all(bench)):
            moved.setdefault((step, hit.artifact, hit.column), set())
    if moved:
        _alone(bench, tally, family, moved)
    for step, artifact, column in tally.seen:
        target = is_target(bench, artifact, column)
        if target or target is None:
            tally.suspect(step, artifact, column, _TARGET)
    findings = tally.findings(_HINT)
    few = ", ".join([f"`{one}`" for one in late[:4]]) + (" …" if len(late) > 4 else "")
    return findings, tally.results(f"own cells of {few} altered in all rows, then alone", findings)


def _columns(source: SourceFacts) -> list[str]:
    free = [name for name in source.records.columns if name not in source.fixed]
    return [name for name in free if name in source.contract.label or source.late(name).any()]


def _masks(source: SourceFacts, rows: Any) -> Masks:
    found = {}
    for name in _columns(source):
        mask = rows if name in source.contract.label else rows & source.late(name)
        if mask.any():
            found[name] = mask
    return found


def _world(bench: Bench, family: list[SourceFacts], rows: Any, turn: int, whose: str) -> World:
    altered = {}
    names: list[str] = []
    for source in family:
        masks = _masks(source, rows)
        if masks:
            altered[source.name] = flip(source, bench.circuit.values[source.name], masks, turn=turn)
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


def _alone(bench: Bench, tally: Tally, family: list[SourceFacts], moved: dict[tuple[str, str, str], set[int]]) -> None:
    """Find rows whose own cells may have moved them, by altering few rows at a time; then ask them alone."""
    size = family[0].rows
    draw = np.random.default_rng(1)
    for share in (0.03, 0.1, 0.3):
        rows = np.zeros(size, bool)
        rows[draw.choice(size, max(int(size * share), 1), replace=False)] = True
        for step, hit in tally.watch(_world(bench, family, rows, 0, "some rows"), _rows_of(bench, rows)):
            _candidates(bench, moved.setdefault((step, hit.artifact, hit.column), set()), hit, draw)
    asked: dict[int, set[tuple[str, str, str]]] = {}
    for which, rows_of_it in moved.items():
        for row in sorted(rows_of_it)[: 2 * _SINGLE]:
            asked.setdefault(row, set()).add(which)
    proven: set[tuple[str, str, str]] = set()
    for row, wanted in sorted(asked.items(), key=lambda one: -len(one[1])):
        if wanted <= proven:
            continue
        rows = np.zeros(size, bool)
        rows[row] = True
        for turn in (0, 1):
            world = _world(bench, family, rows, turn, f"row {family[0].key_of(row)}")
            for step, hit in tally.watch(world, _rows_of(bench, rows)):
                proven.add((step, hit.artifact, hit.column))
                tally.note(step, hit, world)


def _candidates(bench: Bench, found: set[int], hit: Hit, draw: Any) -> None:
    identity = bench.identity(hit.artifact)
    if identity is None:
        return
    rows = np.unique(identity.at[hit.rows])
    found.update(draw.choice(rows, min(_SINGLE, rows.size), replace=False).tolist())
