"""Which check asks which step: from the graph and its contracts alone, before anything runs and without importing more."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from penstock.graph.graph import Graph
from penstock.model.bench import Pair
from penstock.model.step import Kind, Step

__all__ = ["CHECKS", "Sort", "judgeable", "pairs"]


class Sort(NamedTuple):
    """What a check asks about: steps of these `kinds` below a source that declares one of `needs` (key, time, label),
    with a `split` in the graph where it needs one; not below a trained model unless `beyond` is said.

    `again`: steps are done again on altered worlds, so that what is not steady must be known before.
    """

    kinds: tuple[Kind, ...]
    needs: tuple[str, ...] = ()
    split: bool = False
    beyond: bool = False
    again: bool = True
    does: str = ""


_MAKES: tuple[Kind, ...] = ("step", "split", "train")

CHECKS: dict[str, Sort] = {
    "rerun": Sort(("step", "split", "train", "predict", "evaluate"), beyond=True, again=False, does="does steps again with other hash seeds, clocks and global seeds"),
    "test-blind": Sort(_MAKES, split=True, does="alters the rows that go to test"),
    "as-of": Sort(_MAKES, ("time",), does="takes away what was not known yet"),
    "own-label": Sort(_MAKES, ("label",), does="alters a row's own label"),
    "test-label": Sort((*_MAKES, "predict", "deploy"), ("label",), split=True, beyond=True, does="alters the labels of test rows"),
    "alone": Sort(("step",), ("time", "key"), does="computes a row alone"),
}  # fmt: skip
"""The checks that do steps again, in the order in which they are asked."""


def judgeable(steps: Iterable[Step]) -> bool:
    """Whether anything can be judged: a source declares what its rows are, or there is a split of one that does."""
    return any(one.contract is not None and _declares(one) for one in steps)


def _declares(step: Step) -> bool:
    contract = step.contract
    return contract is not None and bool(contract.key or contract.time or contract.label)


def pairs(graph: Graph, sorts: Mapping[str, Sort] = CHECKS, only: Collection[str] = ()) -> list[Pair]:
    """What there is to ask, check by check, each step after those that it needs; `only` these checks, if any are named."""
    steps = graph.steps
    if not judgeable(steps.values()):
        return []
    models = graph.below([name for name, step in steps.items() if step.kind == "train"])
    trained = {name for name in models if steps[name].kind != "train"}
    split = any(step.kind == "split" for step in steps.values())
    found = []
    for name, sort in sorts.items():
        if (only and name not in only) or (sort.split and not split):
            continue
        needed = [one for one, step in steps.items() if step.contract is not None and _fits(step, sort)]
        below = graph.below(needed)
        for one, step in steps.items():
            fits = step.kind in sort.kinds and one in below and step.entry.kind != "command"
            if fits and (sort.beyond or one not in trained):
                found.append(Pair(name, one))
    return found


def _fits(step: Step, sort: Sort) -> bool:
    contract = step.contract
    if contract is None or not _declares(step):
        return False
    return not sort.needs or any(getattr(contract, need) for need in sort.needs)
