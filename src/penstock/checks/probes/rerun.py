"""rerun: the same inputs and the same seeds give the same outputs; other seeds of global generators change nothing either.

It goes first: of a step that is not the same twice, nothing else can be said.
"""

from msgspec import structs

from penstock.checks.bench import Bench
from penstock.checks.circuit import Failed
from penstock.checks.judge import Hit, Moved, moved_state
from penstock.checks.tally import Tally
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
    for node in bench.steps:
        for artifact in node.outputs:
            if isinstance(failed := bench.base.value(artifact), Failed):
                tally.blind[node.name] = f"the step failed ({failed.error})"
                continue
            unsteady = [column for column, floor in bench.floors(artifact).items() if floor == float("inf")]
            tally.worlds[node.name] = 1
            held = bench.records(artifact)
            tally.rows[node.name] = held.rows if held is not None else 1
            for hit in _moved(bench, artifact, bench.null.value(artifact)).hits if unsteady else ():
                tally.note(node.name, hit, again)
    unseeded = bench.flow(other, seed=bench.seed + 1)
    above = {node.name for node in bench.steps if any(step == node.name for step, _, _ in tally.seen)}
    tainted: set[str] = set()
    for node in bench.steps:
        if node.name in above:
            tainted.update(node.outputs)
            continue
        follows = bool(tainted & set(node.inputs.values()))
        for artifact in node.outputs:
            for hit in _moved(bench, artifact, unseeded.value(artifact)).hits:
                tainted.add(artifact)
                if not follows:
                    tally.note(node.name, hit, other)
    findings = [one if one.world != other.words else _seeded(one) for one in tally.findings(_HINT)]
    return findings, tally.results("done again, then with other global seeds", findings)


def _seeded(finding: Finding) -> Finding:
    return structs.replace(finding, hint=_SEEDED)


def _moved(bench: Bench, artifact: str, after: object) -> Moved:
    before = bench.base.value(artifact)
    one, two = bench.records(artifact), records(after)
    if one is None or two is None:
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
    ]
    return Moved(tuple(hits), one.rows)
