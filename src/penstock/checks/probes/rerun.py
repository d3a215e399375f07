"""rerun: the same inputs and the same seeds give the same outputs; other seeds of global generators change nothing either.

It goes first: of a step that is not the same twice, nothing else can be said.
"""

from collections.abc import Mapping

from msgspec import structs

from penstock.checks.bench import Bench
from penstock.checks.circuit import Failed, is_fitted
from penstock.checks.flow import Flow
from penstock.checks.judge import HAIR, Hit, Moved, moved_state
from penstock.checks.tally import UNTRAINED, Tally
from penstock.checks.worlds import World
from penstock.model.verdict import CheckResult, Finding
from penstock.values.compare import compare
from penstock.values.records import records

__all__ = ["NAME", "probe"]

NAME = "rerun"
_HINT = "Take what the step depends on as an input or parameter: seeds (ps.Seed, random_state=…), the date, files, an order of sets."
_SEEDED = "Give the generator a seed of its own: seed: ps.Seed as a parameter, np.random.default_rng(seed), random_state=seed."


def probe(bench: Bench) -> tuple[list[Finding], list[CheckResult]]:
    """Do everything again, then with other global seeds."""
    tally = Tally(bench, NAME)
    again, other = World("the same inputs and seeds, once more", {}), World("other seeds of the global generators", {})
    unsteady = _walk(bench, tally, bench.null, again, set())
    _walk(bench, tally, bench.flow(other, seed=bench.seed + 1), other, unsteady)
    findings = [one if one.world != other.words else _seeded(one) for one in tally.findings(_HINT)]
    return findings, tally.results("done again, then with other global seeds", findings)


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
            for hit in _moved(artifact, before, after, bench.floors(artifact) if flow is not bench.null else {}).hits:
                if artifact not in tainted and not follows:
                    tally.note(node.name, hit, world)
                tainted.add(artifact)
        if follows:
            tainted.update(node.outputs)
    return tainted


def _seeded(finding: Finding) -> Finding:
    return structs.replace(finding, hint=_SEEDED)


def _moved(artifact: str, before: object, after: object, floors: Mapping[str, float]) -> Moved:
    one, two = records(before), records(after)
    if one is None or two is None or is_fitted(before):
        return moved_state(artifact, before, after)
    found = compare(before, after)
    if found.shape:
        return Moved((Hit(artifact, "", -1, f"{one.rows} rows", found.shape, 1, float("inf")),), one.rows)
    inf = float("inf")
    hits = [
        Hit(
            artifact,
            moved.column,
            moved.rows[0] if moved.rows else -1,
            moved.before[0],
            moved.after[0],
            moved.count,
            inf,
        )
        for moved in found.moved
        if moved.largest >= HAIR and floors.get(moved.column, 0.0) != inf
    ]
    return Moved(tuple(hits), one.rows)
