"""test-blind: what goes to training can't have seen the rows of the test.

The world: rows that go to the test hold other values: permuted among themselves, all those of one, beyond what is usual, extreme. What
must hold: rows that go to training, and whatever is fitted.
"""

from typing import Any

import numpy as np

from penstock.checks.bench import Bench
from penstock.checks.cuts import places, told
from penstock.checks.facts import SourceFacts
from penstock.checks.tally import Tally
from penstock.checks.worlds import Masks, World, collapse, donors, extreme, flip, stretch
from penstock.model.verdict import CheckResult, Finding

__all__ = ["NAME", "probe"]

NAME = "test-blind"
_HINT = "Fit on the training rows alone: split first, then compute means, scales, categories and selections from the training side."
_UNDECLARED = "say which rows go to the test: test=mask, or a split step"


def probe(bench: Bench) -> tuple[list[Finding], list[CheckResult]]:
    """Alter the rows of the test in several ways."""
    tally = Tally(bench, NAME)
    main = bench.main
    if main is None or bench.sides is None:
        return [], tally.results("", [], _UNDECLARED)
    test, train = bench.sides == "test", bench.sides == "train"
    if test.sum() < 2 or not train.any():
        return [], tally.results("", [], "there are no rows on both sides, two at least in the test")
    cuts = _cuts(main, train, test, many=bench.depth == "full")
    for cut in cuts:
        rows, seen = test, train
        if cut is not None:
            assert main.times is not None
            rows, seen = test & (main.times > cut), train & (main.times <= cut)
        if rows.sum() < 2 or not seen.any():
            continue

        hold, wider = _rows(bench, main, seen), _rows(bench, main, train) if cut is not None else None
        when = f" after {told(cut, main)}" if cut is not None else ""
        for world in _worlds(bench, main, rows, when):
            if bench.late and tally.worlds:
                break
            tally.add(world, hold, state=True, wider=wider)
    findings = tally.findings(_HINT)
    tried = f"{int(test.sum())} test rows permuted, collapsed, stretched, extreme"
    if cuts != [None]:
        tried += f", those after each of {len(cuts)} instants (the sides overlap in time)"
    return findings, tally.results(tried, findings)


def _rows(bench: Bench, main: SourceFacts, rows: Any) -> Any:
    def hold(artifact: str) -> Any:
        identity = bench.identity(artifact)
        if identity is None or identity.source != main.name:
            return None
        return (identity.at >= 0) & rows[identity.at]

    return hold


def _cuts(main: SourceFacts, train: Any, test: Any, *, many: bool) -> list[float | None]:
    """Where sides overlap in time, a training row may have seen test rows that were before it: rows after an instant are altered,
    and those before it must hold."""
    if main.times is None:
        return [None]
    ends, begins = main.times[train], main.times[test]
    if not (np.isfinite(ends).any() and np.isfinite(begins).any()) or np.nanmax(ends) <= np.nanmin(begins):
        return [None]
    return [*places(main.times, many=many)]


def _worlds(bench: Bench, main: SourceFacts, rows: Any, when: str) -> list[World]:
    family = [one for one in bench.sources.values() if one.leader == main.name]
    masks = {one.name: _masks(one, rows) for one in family}
    where = np.flatnonzero(rows)

    def made(words: str, how: Any, *, proof: bool = True) -> World:
        altered = {one.name: how(one, bench.circuit.values[one.name], masks[one.name]) for one in family}
        return World(f"the test rows{when} {words}", altered, proof=proof)

    found = [
        made(
            "all hold one row's values",
            lambda one, value, masks: collapse(one, value, masks, int(where[where.size // 2])),
        ),
        made("hold extreme values, new categories and other labels", extreme, proof=False),
    ]
    if bench.depth == "full":
        found += [
            made("hold each other's values", lambda one, value, masks: donors(one, value, masks, pool=where)),
            made("lie a little beyond what was seen", stretch),
        ]
        labels = {one.name: dict.fromkeys(one.contract.label, rows) for one in family if one.contract.label}
        if labels:
            altered = {
                name: flip(bench.sources[name], bench.circuit.values[name], mask) for name, mask in labels.items()
            }
            found.append(World(f"the test rows{when} hold other labels", altered))
    return found


def _masks(source: SourceFacts, rows: Any) -> Masks:
    return {name: rows for name in source.records.columns if name not in source.fixed}
