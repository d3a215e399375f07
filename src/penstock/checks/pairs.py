"""Which check asks which step: from the graph and its contracts alone, before anything runs and without importing more."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from penstock.graph.graph import Graph
from penstock.model.bench import Pair
from penstock.model.step import Kind, Step

__all__ = ["CHECKS", "GROUP", "PROBED", "UNSTEADY", "Sort", "judgeable", "offered", "pairs"]

GROUP = "penstock.checks"
"""The entry points under which other packages offer checks."""

UNSTEADY = "the same inputs"
"""How the world of a finding of `rerun` begins whose step is not the same twice: what depends on it can't be judged."""


class Sort(NamedTuple):
    """What a check asks about: steps of these `kinds` below a source that declares one of `needs` (key, time, label),
    with a `split` in the graph where it needs one; not below a trained model unless `beyond` is said, or `stacked` and another
    training stands on it; steps that predict always are, where they are named. `either`: a split in the graph will do in place of what it needs.

    `again`: steps are done again on altered worlds, so that what is not steady must be known before. `does` says in a few words what it does; of another
    package's, `version` is that package's.
    """

    kinds: tuple[Kind, ...]
    needs: tuple[str, ...] = ()
    split: bool = False
    beyond: bool = False
    stacked: bool = False
    either: bool = False
    again: bool = False
    does: str = ""
    version: str = ""


CHECKS: dict[str, Sort] = {
    "wiring": Sort((), does="looks at what the graph leads where"),
    "rerun": Sort(
        ("step", "split", "train", "predict"),
        beyond=True,
        again=True,
        does="does steps again, and with other global seeds",
    ),
    "own-label": Sort(
        ("step", "split", "train"),
        ("label", "known_at"),
        stacked=True,
        again=True,
        does="alters a row's own label and late cells",
    ),
    "as-of": Sort(("step", "split"), ("time",), again=True, does="alters what was not known yet"),
    "test-blind": Sort(("step", "split", "train"), split=True, again=True, does="alters the rows that go to test"),
    "test-label": Sort(
        ("step", "split", "train"),
        ("label",),
        split=True,
        beyond=True,
        again=True,
        does="alters the labels of the test",
    ),
    "alone": Sort(
        ("step", "split", "predict"), ("time",), either=True, again=True, does="alters all that a row may not see"
    ),
    "overlap": Sort(("split",), split=True, does="looks for rows, groups and copies on both sides of a split"),
    "order": Sort(("split",), ("time",), split=True, does="looks for labels not known when the test side begins"),
    "schema": Sort(("source",), ("freeze",), does="holds rows to their frozen contract"),
    "rows": Sort((), does="counts what became of every row"),
    "power": Sort(("train",), ("label",), does="asks each column how much of the label it explains alone"),
}
"""The checks that come with Penstock, in the order in which they are asked."""

PROBED = frozenset([name for name, sort in CHECKS.items() if sort.again])
"""Those that do steps again."""


def offered() -> dict[str, Sort]:
    """The checks that other packages offer, by the names of their entry points: their modules are loaded."""
    from importlib.metadata import entry_points

    found = {}
    for one in entry_points(group=GROUP):
        if one.name not in CHECKS:
            kinds: tuple[Kind, ...] = getattr(one.load(), "kinds", ("step", "split", "train"))
            about = f"{one.dist.name} {one.dist.version}" if one.dist else ""
            found[one.name] = Sort(kinds, does=f"comes with {about}", version=about)
    return found


def judgeable(steps: Iterable[Step]) -> bool:
    """Whether anything can be judged: a source declares what its rows are."""
    return any(one.contract is not None and _declares(one) for one in steps)


def _declares(step: Step) -> bool:
    contract = step.contract
    return contract is not None and bool(contract.key or contract.time or contract.label or contract.freeze)


def pairs(graph: Graph, sorts: Mapping[str, Sort] = CHECKS, only: Collection[str] = ()) -> list[Pair]:
    """What there is to ask, check by check, each step after those that it needs; `only` these checks, if any are named."""
    steps = graph.steps
    if not judgeable(steps.values()):
        return []
    models = graph.below([name for name, step in steps.items() if step.kind == "train"])
    trained = {name for name in models if steps[name].kind != "train"}
    splits = [name for name, step in steps.items() if step.kind == "split"]
    teaching = graph.above([name for name, step in steps.items() if step.kind == "train"])
    found = []
    for name, sort in sorts.items():
        if (only and name not in only) or (sort.split and not splits):
            continue
        free = sort.either and bool(splits)
        needed = [one for one, step in steps.items() if step.contract is not None and _fits(step, sort, free=free)]
        below = graph.below(needed)
        for one, step in steps.items():
            fits = step.kind in sort.kinds and one in below and step.entry.kind != "command"
            asked = sort.beyond or one not in trained or (sort.stacked and one in teaching)
            if fits and (asked or step.kind == "predict"):
                found.append(Pair(name, one))
    return found


def _fits(step: Step, sort: Sort, *, free: bool) -> bool:
    return _declares(step) and (free or not sort.needs or any(getattr(step.contract, need) for need in sort.needs))
