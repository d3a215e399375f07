"""test-label: the labels of the test choose nothing: no model, no setting, no feature.

The world: the labels of rows that go to the test are others'. What must hold: rows that go to training, whatever is fitted, and what
training has made. Scores may move; what is chosen by them may not.
"""

from typing import Any

import numpy as np

from penstock.checks.bench import Bench
from penstock.checks.tally import Tally
from penstock.checks.worlds import World, donors, flip
from penstock.model.verdict import CheckResult, Finding

__all__ = ["NAME", "probe"]

NAME = "test-label"
_HINT = "Choose models, settings, features and when to stop by a validation side, or by folds of the training side."
_UNSPLIT = "say which rows go to the test: test=mask, or a split step"
_FLIPS, _ALWAYS, _TURNS = 2, 3, 9
_UNDECLARED = 'declare label="…", what is to be predicted'


def probe(bench: Bench) -> tuple[list[Finding], list[CheckResult]]:
    """Give the rows of the test other labels."""
    tally = Tally(bench, NAME)
    main = bench.main
    if main is None or bench.sides is None:
        return [], tally.results("", [], _UNSPLIT)
    test = bench.sides == "test"
    family = [one for one in bench.sources.values() if one.leader == main.name and one.contract.label]
    if not family:
        return [], tally.results("", [], _UNDECLARED)
    if not test.any():
        return [], tally.results("", [], "no row goes to the test")

    def hold(artifact: str) -> Any:
        identity = bench.identity(artifact)
        if identity is None or identity.source != main.name:
            return None
        return (identity.at >= 0) & (bench.sides[identity.at] == "train")

    pool, tried = np.flatnonzero(test), 0
    for turn in range(_TURNS if bench.depth == "full" else 1):
        if (turn and bench.late) or (
            turn >= _ALWAYS and tally.seen
        ):  # a choice among few may come out the same with other labels, by chance
            break
        altered = {}
        for one in family:
            masks = {name: test & ~one.never(name) for name in one.contract.label}
            value = bench.circuit.values[one.name]
            made = (
                donors(one, value, masks, pool=pool, seed=turn)
                if turn >= _FLIPS
                else flip(one, value, masks, turn=turn)
            )
            altered[one.name] = made
        tried = turn + 1
        tally.add(
            World("the test rows hold " + ("each other's labels" if turn >= _FLIPS else "other labels"), altered),
            hold,
            state=True,
        )
    findings = tally.findings(_HINT)
    return findings, tally.results(f"labels of {int(test.sum())} test rows altered in {tried} ways", findings)
