"""alone: a row comes out the same, whatever rows are asked about with it.

The world: all rows that one row may not see (others of the test, later ones where a source has a clock) hold other values. What
must hold: that row, its features and its prediction. What is learned from training rows stays: they are as they were.
"""

from typing import Any

import numpy as np

from penstock.checks.bench import Bench
from penstock.checks.facts import SourceFacts
from penstock.checks.judge import Hit
from penstock.checks.tally import Tally
from penstock.checks.targets import is_target
from penstock.checks.worlds import World, collapse, donors
from penstock.model.verdict import CheckResult, Finding

__all__ = ["NAME", "probe"]

NAME = "alone"
_HINT = "Learn what a row is compared with from the training rows, and keep it: a row must come out the same whoever is asked about with it."
_HISTORY = (
    "It moves with rows before it in the table. As history that is well: say so with time=. As a batch it is not."
)
_UNDECLARED = 'declare time="…", or say which rows go to the test: otherwise all rows may be one batch by right'
_ROWS = {"quick": 2, "full": 5}
_SURE = 2  # rows that must show it


def probe(bench: Bench) -> tuple[list[Finding], list[CheckResult]]:
    """Alter everything around single rows."""
    tally = Tally(bench, NAME)
    main = bench.main
    if main is None or main.rows < 2:
        return [], tally.results("", [], "no source has rows")
    test = np.ones(main.rows, bool) if bench.sides is None else bench.sides == "test"
    if test.sum() < 2:
        return [], tally.results("", [], "fewer than two rows go to the test")
    if bench.sides is None and main.times is None:
        return [], tally.results("", [], _UNDECLARED)
    there = np.flatnonzero(test)
    if main.times is not None:
        there = there[np.argsort(main.times[there], kind="stable")]
    picked = there[np.linspace(0, there.size - 1, _ROWS[bench.depth] + 2).astype(int)][1:-1]
    shown: dict[tuple[str, str, str], list[tuple[int, Hit, World]]] = {}
    for row in picked.tolist():
        if bench.late and tally.worlds:
            break
        for world in _worlds(bench, main, row, test):
            for step, hit in tally.watch(world, _only(bench, main, row)):
                shown.setdefault((step, hit.artifact, hit.column), []).append((row, hit, world))
    later: dict[
        int, set[tuple[str, str, str]]
    ] = {}  # what moves with rows after one in the table: asked once for all columns
    for place, seen in shown.items():
        _judge(bench, tally, place, seen, later)
    findings = tally.findings(_HINT)
    return findings, tally.results(f"{len(picked)} rows, with other values in all around them", findings, _UNDECLARED)


def _worlds(bench: Bench, main: SourceFacts, row: int, test: Any, *, after: bool = False) -> list[World]:
    """Other values in the rows that this one may not see; with `after`, only in those that stand after it in the table."""
    rows = test.copy()
    rows[row] = False
    if main.times is not None:
        rows &= main.times > main.times[row]
    if after:
        rows &= np.arange(main.rows) > row
    if not rows.any():
        return []
    family = [one for one in bench.sources.values() if one.leader == main.name]
    masks = {
        one.name: {name: rows & ~one.never(name) for name in one.records.columns if name not in one.fixed}
        for one in family
    }
    told = f"row {main.key_of(row)} among other rows"
    if main.times is not None:
        told = f"row {main.key_of(row)} with other rows after it"
    cut = float(main.times[row]) if main.times is not None else -np.inf
    donor = int(np.flatnonzero(rows)[0])
    return [
        World(
            told,
            {
                one.name: donors(one, bench.circuit.values[one.name], masks[one.name], cut=cut, seed=row)
                for one in family
            },
        ),
        World(
            f"{told}, all alike",
            {
                one.name: collapse(one, bench.circuit.values[one.name], masks[one.name], donor, cut=cut)
                for one in family
            },
        ),
    ]


def _only(bench: Bench, main: SourceFacts, row: int) -> Any:
    def hold(artifact: str) -> Any:
        if bench.sides is None and bench.scope.taught(artifact):
            return None  # all rows may have taught it
        identity = bench.identity(artifact)
        if identity is None or identity.source != main.name:
            return None
        return identity.at == row

    return hold


def _judge(
    bench: Bench,
    tally: Tally,
    place: tuple[str, str, str],
    seen: list[tuple[int, Hit, World]],
    later: dict[int, set[tuple[str, str, str]]],
) -> None:
    """Proven where several rows show it; without a clock, where it moves with rows after it in the table as well (those before it may be
    its history)."""
    main = bench.main
    assert main is not None
    step, artifact, column = place
    if is_target(bench, artifact, column):
        return
    rows = {row for row, _, _ in seen}
    proves = len(rows) >= min(_SURE, _ROWS[bench.depth])
    if proves and main.times is None:
        asked = sorted(rows)[:_SURE]
        for row in asked:
            if row not in later and not bench.late:
                later[row] = _moved_by_later(bench, tally, main, row)
        proves = sum([place in later.get(row, ()) for row in asked]) >= min(_SURE, len(rows))
        if not proves:
            tally.suspect(step, artifact, column, _HISTORY)
    for _, hit, world in seen[:1]:
        tally.note(step, hit, world, proof=proves)


def _moved_by_later(bench: Bench, tally: Tally, main: SourceFacts, row: int) -> set[tuple[str, str, str]]:
    test = np.ones(main.rows, bool) if bench.sides is None else bench.sides == "test"
    listed = [tally.watch(one, _only(bench, main, row)) for one in _worlds(bench, main, row, test, after=True)]
    return {(step, hit.artifact, hit.column) for found in listed for step, hit in found}
