"""rerun: the same inputs and the same seeds give the same outputs, whatever the process, its hash seed and its clock; other seeds of global
generators change nothing either.

It goes first: of a step that is not the same twice, nothing else can be said.
"""

import time
from typing import Any

from msgspec import structs

from penstock.checks.bench import Bench
from penstock.checks.circuit import Failed
from penstock.checks.elsewhere import CLOCK, Errand, Return, same_carried, words_of
from penstock.checks.flow import Flow
from penstock.checks.judge import SHUFFLED, Hit, moved_value
from penstock.checks.nodes import Node
from penstock.checks.tally import UNTRAINED, Tally
from penstock.checks.worlds import World
from penstock.model.verdict import CheckResult, Finding

__all__ = ["NAME", "probe", "wavered"]

NAME = "rerun"
_HINT = "Take what the step depends on as an input or parameter: seeds (ps.Seed, random_state=…), the date, files, an order of sets."
_TIMED = "Take the instant as an input or parameter, or a column of the data: it is another one in every run."
_ORDERED = (
    "Sort what comes out of a set, and use hashlib in place of hash(): both differ from process to process, as do process numbers, and the time at which "
    "a module is imported."
)
_UNSORTED = (
    "The rows come in another order each time: sort them, or ask for their order to be kept (maintain_order=True). What is the first of them, is drawn "
    "or is trained on them may differ."
)
_SEEDED = "Give the generator a seed of its own: seed: ps.Seed as a parameter, np.random.default_rng(seed), random_state=seed."


_SHORT, _LONG = 10.0, 120.0  # seconds that must be left for a new process, and that it may take


def probe(bench: Bench) -> tuple[list[Finding], list[CheckResult]]:
    """Do everything again, with other global seeds, and in a new process."""
    tally = Tally(bench, NAME)
    again, other = World("the same inputs and seeds, once more", {}), World("other seeds of the global generators", {})
    unsteady = _walk(bench, tally, bench.null, again, set())
    _walk(bench, tally, bench.flow(other, seed=bench.seed + 1), other, unsteady)
    tried = "done again, then with other global seeds"
    if bench.elsewhere is not None:
        tried += _elsewhere(bench, tally, {step for step, _, _ in tally.seen})
    hints = {other.words: _SEEDED, CLOCK: _TIMED, words_of("still"): _ORDERED}
    findings = [_hinted(one, hints) for one in tally.findings(_HINT)]
    _keep(bench, findings, tally, {again.words: "again", other.words: "seeds"})
    return findings, tally.results(tried, findings)


def _hinted(finding: Finding, hints: dict[str, str]) -> Finding:
    if finding.after == SHUFFLED:
        return structs.replace(finding, hint=_UNSORTED, world=f"the order of rows: {finding.world}")
    return structs.replace(finding, hint=hints.get(finding.world, finding.hint))


def wavered(bench: Bench, step: str, hit: Hit) -> Finding:
    """What is said of a step that was the same the first time that it was done again, and not each time."""
    tally = Tally(bench, NAME)
    tally.note(step, hit, World("the same inputs and seeds, several times more", {}), proof=True)
    return tally.findings(_HINT)[0]


def _elsewhere(bench: Bench, tally: Tally, known: set[str]) -> str:
    """Each step on the inputs of the base world, in one new process. Returns what was tried, in words."""
    left = bench.deadline - time.monotonic()
    assert bench.elsewhere is not None
    if left < _SHORT:
        return ", in the same process: there was no time for a new one"
    errands = [_errand(bench, node) for node in bench.steps if node.name not in known and _asked(bench, node)]
    found = bench.elsewhere(errands, min(left / 2, _LONG)) if errands else {}
    for errand in errands:
        told = found.get(errand.step)
        if told is not None:
            _compare(bench, tally, errand, told)
    if len(found) < len(errands):
        lacking = [one.step for one in errands if one.step not in found]
        return f", in a new process with another hash seed and a later clock (but not {', '.join(lacking)})"
    return ", in a new process with another hash seed and a later clock"


def _asked(bench: Bench, node: Node) -> bool:
    if bench.depth == "quick" and all(map(bench.scope.taught, node.outputs)):
        return False
    values = [bench.base.value(one) for one in (*node.inputs.values(), *node.outputs)]
    return not any(isinstance(one, Failed) for one in values)


def _errand(bench: Bench, node: Node) -> Errand:
    inputs = {argument: bench.base.value(one) for argument, one in node.inputs.items()}
    return Errand(node.name, inputs, bench.seed, ("moved",) if node.kind == "train" else ("moved", "still"))


def _compare(bench: Bench, tally: Tally, errand: Errand, told: Return) -> None:
    """Note what came out another way. That it does so of inputs which were merely carried is no finding."""
    node = bench.circuit.nodes[errand.step]
    base = {one: bench.base.returned(one) for one in node.outputs}
    found: dict[tuple[str, str], tuple[Hit, World]] = {}
    for kind in ("still", "moved"):  # what the process alone moves is not the clock's doing
        for hit in _hits(bench, base, told.made.get(kind)):
            found.setdefault((hit.artifact, hit.column), (hit, World(words_of(kind), {})))
    if found and same_carried(bench.circuit.calls[errand.step], errand, base):
        for hit, world in found.values():
            tally.note(node.name, hit, world)


def _hits(bench: Bench, base: dict[str, Any], made: Any) -> list[Hit]:
    if made is None or isinstance(made, Failed):
        return []
    return [
        hit
        for one, value in base.items()
        if one in made
        for hit in moved_value(one, value, made[one], bench.floors(one)).hits
    ]


def _keep(bench: Bench, findings: list[Finding], tally: Tally, kinds: dict[str, str]) -> None:
    """The counter-examples: a step on its inputs as they are, and done once more in the way that moved it."""
    kinds = {**kinds, words_of("moved"): "moved", words_of("still"): "still"}
    for one in findings:
        seen = tally.seen.get((one.step, one.artifact, one.column))
        if one.verdict != "PROVEN" or not one.id or not seen:
            continue
        node, hit = bench.circuit.nodes[one.step], seen[0].hit
        bench.shown[one.id] = {
            "step": one.step,
            "artifact": one.artifact,
            "column": one.column,
            "row": hit.row,
            "row_after": hit.row,
            "seed": bench.seed,
            "inputs": {argument: bench.base.value(name) for argument, name in node.inputs.items()},
            "altered": {},
            "again": kinds.get(one.world, "again"),
            "moved": True,
        }


def _walk(bench: Bench, tally: Tally, flow: Flow, world: World, tainted: set[str]) -> set[str]:
    """Note what is not what it was, and where that began. Returns all that follows from it."""
    tainted = set(tainted)
    for node in bench.steps:
        follows = bool(tainted & set(node.inputs.values()))
        for artifact in node.outputs:
            if bench.depth == "quick" and bench.scope.taught(artifact):
                tally.blind[node.name] = UNTRAINED
                continue
            before, after = bench.base.returned(artifact), flow.returned(artifact)
            failed = next((one for one in (before, after) if isinstance(one, Failed)), None)
            if failed is not None:
                tally.blind.setdefault(node.name, f"the step failed ({failed.error})")
                tainted.update(node.outputs)
                continue
            tally.worlds[node.name] = tally.worlds.get(node.name, 0) + 1
            held = bench.records(artifact)
            tally.rows[node.name] = held.rows if held is not None else 1
            for hit in moved_value(
                artifact, before, after, bench.floors(artifact) if flow is not bench.null else {}
            ).hits:
                if artifact not in tainted and not follows:
                    tally.note(node.name, hit, world)
                tainted.add(artifact)
        if follows:
            tainted.update(node.outputs)
    return tainted
