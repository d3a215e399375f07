"""A bench over the steps of a run: its sources, sampled, and all that is made of them.

The sample holds the rows around the border of the split (or whole groups, or rows drawn at random, where there is no clock), and
lookup sources whole, so that windows and joins find what they need. Sides of a split hold the rows that they held in the run.
Models are trained on what the sample leaves of the training side, and only where what they take has moved.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace

from penstock.checks.asking import ask
from penstock.checks.bench import Bench
from penstock.checks.circuit import Call as CircuitCall
from penstock.checks.circuit import Circuit
from penstock.checks.elsewhere import Elsewhere
from penstock.checks.facts import SourceFacts
from penstock.checks.nodes import Node
from penstock.checks.pinning import recorded_rows, roles
from penstock.model.bench import BenchAnswer, BenchRequest, BenchStep, Depth
from penstock.model.verdict import CheckResult, Finding, finding_id
from penstock.values.alter import take
from penstock.values.records import Records, records

__all__ = ["Call", "Sampled", "chosen", "probed", "sampled"]

Call = Callable[[BenchStep, Mapping[str, Any]], dict[str, Any]]
"""Call a step with inputs by argument: its outputs by artifact."""

_MOST: dict[Depth, tuple[int, int]] = {"quick": (1_200, 800), "full": (5_000, 2_000)}
"""Up to how many rows all are taken, and how many are taken of more."""

_LOOKUP = 50_000  # rows of a source whose rows are not those that are predicted


class Sampled(NamedTuple):
    """Sources as they are taken to the bench: values by artifact, the rows of the main one that each recorded side of a split
    holds (as far as they can be told), the side of each of these rows (None where nothing tells), and in words what was taken."""

    values: dict[str, Any]
    recorded: dict[str, Any]
    sides: Any
    words: str


_BY_SIDES = ("test-blind", "test-label", "as-of", "alone")
"""Checks that ask which side a row is on."""


def probed(
    steps: Sequence[BenchStep],
    nodes: Mapping[str, Node],
    call: Call,
    load: Callable[[str], Any],
    request: BenchRequest,
    elsewhere: Elsewhere | None = None,
) -> BenchAnswer:
    """Ask these pairs of a check and a step. `elsewhere` does steps in another process. Where several splits divide the same rows, it is asked
    with the sides of each."""
    begun = time.monotonic()
    told: BenchAnswer | None = None
    splits = _independent(nodes)
    below = {split: _below(nodes, split) for split in splits}
    for split in splits or [""]:
        others = {step for other in splits if other != split for step in below[other]} - below.get(split, set())
        pairs = tuple(
            [
                one
                for one in request.pairs
                if (one.step not in others if one.check in _BY_SIDES else split in splits[:1])
            ]
            if len(splits) > 1
            else request.pairs
        )
        if not pairs:
            continue
        left = (
            request.seconds
        )  # a bench that is not done by then is stopped, with all that it found: the sample counts as well
        if left:
            left = max(left - (time.monotonic() - begun), 0.001)
        asked = _probed(steps, nodes, call, load, replace(request, pairs=pairs, seconds=left), elsewhere, split)
        told = asked if told is None else _both(told, asked)
    return told or BenchAnswer()


def _independent(nodes: Mapping[str, Node]) -> list[str]:
    """Splits into training and test that do not divide what another one made."""
    found: list[str] = []
    taken: set[str] = set()
    for name, node in nodes.items():
        if node.kind == "split" and name not in taken and {"train", "test"} <= set(node.outputs.values()):
            found.append(name)
            taken |= _below(nodes, name)
    return found


def _below(nodes: Mapping[str, Node], step: str) -> set[str]:
    """A step, and all that needs it."""
    found, made = {step}, set(nodes[step].outputs)
    for name, node in nodes.items():
        if made & set(node.inputs.values()):
            found.add(name)
            made.update(node.outputs)
    return found


def _both(one: BenchAnswer, other: BenchAnswer) -> BenchAnswer:
    """What was said with the sides of two splits: of a pair the graver of both; what one could not tell, the other does."""
    rank = {"PROVEN": 0, "SUSPECT": 1, "CLEAN": 2, "UNKNOWN": 3}
    said = {(each.check, each.step): each for each in one.results}
    for each in other.results:
        known = said.get((each.check, each.step))
        if known is None or rank[each.verdict] < rank[known.verdict]:
            said[each.check, each.step] = each
    known_ids = {each.id for each in one.findings}
    findings = (*one.findings, *[each for each in other.findings if each.id not in known_ids])
    return BenchAnswer(tuple(said.values()), findings, {**other.evidence, **one.evidence})


def _probed(
    steps: Sequence[BenchStep],
    nodes: Mapping[str, Node],
    call: Call,
    load: Callable[[str], Any],
    request: BenchRequest,
    elsewhere: Elsewhere | None,
    split: str,
) -> BenchAnswer:
    begun = time.monotonic()
    named = {one.name: one for one in steps}
    kept = _doable(nodes)
    taken = sampled(nodes, load, request.depth, split)
    if taken is None:
        why = "no source has rows that could be altered"
        return BenchAnswer(tuple([CheckResult(*pair, "UNKNOWN", why) for pair in request.pairs]))
    calls: dict[str, CircuitCall] = {name: _call(call, named[name]) for name, node in kept.items() if node.inputs}
    values = dict(taken.values)
    for name, node in kept.items():
        if name not in calls and node.kind != "source":
            values.update({one: load(one) for one in node.outputs})  # made of nothing: as it was
    kept = {name: node for name, node in kept.items() if name in calls or all(one in values for one in node.outputs)}
    bench = Bench(Circuit(kept, calls, values), sides=taken.sides, recorded=taken.recorded, learns=False)
    bench.elsewhere = elsewhere
    if bench.scope.split:
        bench.sides, bench.scope.foul = bench.identities.sides(split)
    if request.seconds:
        request = replace(request, seconds=max(request.seconds - (time.monotonic() - begun), 0.001))
    told = ask(bench, request, evidence=True)
    return BenchAnswer(
        tuple(
            [
                replace(one, reason=f"{one.reason}; {taken.words}") if one.verdict != "UNKNOWN" else one
                for one in told.results
            ]
        ),
        tuple([_named(one, told.evidence) for one in told.findings]),
        told.evidence,
    )


def _named(one: Finding, evidence: Mapping[str, Any]) -> Finding:
    """A finding with its name, and with the command that does its counter-example again."""
    name = one.id or finding_id(one)
    return replace(one, id=name, replay=f"penstock replay {name}" if name in evidence else one.replay)


def _call(call: Call, step: BenchStep) -> CircuitCall:
    return partial(call, step)


def _doable(nodes: Mapping[str, Node]) -> dict[str, Node]:
    """Sources, and the steps all of whose inputs are made by these; but what hands something to the outside is never done again."""
    made: set[str] = set()
    found: dict[str, Node] = {}
    for name, node in nodes.items():
        if node.kind == "source" or (node.kind != "deploy" and made.issuperset(node.inputs.values())):
            found[name] = node
            made.update(node.outputs)
    return found


def sampled(nodes: Mapping[str, Node], load: Callable[[str], Any], depth: Depth, split: str = "") -> Sampled | None:
    """The sources of a run, as many rows of them as a world may take, with the sides of a split. None where none has rows."""
    values: dict[str, Any] = {}
    facts: dict[str, SourceFacts] = {}
    for node in nodes.values():
        for artifact in node.outputs if node.kind == "source" else ():
            values[artifact] = load(artifact)
            held = _rows(values[artifact])
            if held is not None and held.rows:
                facts[artifact] = SourceFacts(artifact, held, node.contract)
    if not facts:
        return None
    listed = list(facts.values())
    main = next((one for one in listed if one.contract.label), None)
    main = main or next((one for one in listed if one.times is not None), listed[0])
    recorded = recorded_rows(nodes, load, main)
    sides, _ = roles(nodes, recorded, main.rows, split)
    rows = chosen(main, sides, *_MOST[depth])
    words = (
        f"all {main.rows} rows of {main.name}" if rows is None else f"{rows.size} of {main.rows} rows of {main.name}"
    )
    if rows is not None:
        values[main.name] = take(values[main.name], rows)
        sides = sides[rows] if sides is not None else None
        place = np.full(main.rows, -1, np.int64)
        place[rows] = np.arange(rows.size)
        recorded = {one: (there := place[at])[there >= 0] for one, at in recorded.items()}
    for name, one in facts.items():
        near = _near(one, main, rows, depth) if name != main.name else None
        if near is not None:
            values[name] = take(values[name], near)
    return Sampled(values, recorded, sides, words)


def chosen(main: SourceFacts, sides: Any, most: int, count: int) -> Any:
    """The rows of the main source that are taken, in their order; None for all of them."""
    if main.rows <= most:
        return None
    if main.times is not None and np.isfinite(main.times).any():
        order = np.argsort(main.times, kind="stable")
        told = sides[order] if sides is not None else np.full(main.rows, "")
        test, train = np.flatnonzero(told == "test"), np.flatnonzero(told == "train")
        if test.size and train.size and train[-1] < test[0]:  # what lies between them goes to neither, or to validation
            valid = np.flatnonzero(told == "valid")[-count // 5 :]
            part = (count - valid.size) // 2
            return np.sort(order[np.concatenate([train[-part:], valid, test[:part]])])
        start = min(max(int(test[0]) if test.size else main.rows // 2, count // 2) - count // 2, main.rows - count)
        return np.sort(order[start : start + count])
    if main.contract.group:
        return _groups(main, count)
    return np.sort(np.random.default_rng(0).choice(main.rows, count, replace=False))


def _groups(main: SourceFacts, count: int) -> Any:
    """Whole groups, until there are rows enough."""
    labels = np.asarray(main.records.column(main.contract.group[0]).cast("string").to_pylist(), dtype=object)
    _, codes = np.unique(np.array([str(one) for one in labels]), return_inverse=True)
    order = np.random.default_rng(0).permutation(int(codes.max()) + 1)
    sizes = np.cumsum(np.bincount(codes)[order])
    wanted = order[: int(np.searchsorted(sizes, count)) + 1]
    return np.flatnonzero(np.isin(codes, wanted))


def _near(one: SourceFacts, main: SourceFacts, rows: Any, depth: Depth) -> Any:
    """The rows of a lookup source that lie before and among those that were taken of the main one; None for all of them."""
    most = _LOOKUP if one.times is None else _MOST[depth][1]
    if one.rows <= most:
        return None
    if one.times is None or main.times is None:
        return np.arange(most)
    times = np.sort(main.times if rows is None else main.times[rows])
    times = times[np.isfinite(times)]
    gap = int(np.argmax(np.diff(times))) if times.size > 1 else 0
    order = np.argsort(one.times, kind="stable")
    found = []
    for last in (times[gap], times[-1]):  # the sample may be of two parts, with the largest gap between them
        end = min(int(np.searchsorted(one.times[order], last, "right")) + most // 20, one.rows)
        found.append(order[max(end - most // 2, 0) : end])
    return np.unique(np.concatenate(found))


def _rows(value: Any) -> Records | None:
    try:
        return records(value)
    except Exception:  # a value of the user's own that looks like a table and is none
        return None
