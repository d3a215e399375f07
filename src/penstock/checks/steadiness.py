"""Whether a proof stands: its two worlds, done several times more, come out the same each time.

A step that is not the same only now and then (an order of groups that is drawn, a race of threads, a clock) may well pass `rerun`, and then
move in a world as if what was altered had moved it. So nothing is taken for proven before both sides of the proof were seen to stay.
"""

import time
from collections.abc import Sequence

from penstock.checks.bench import Bench
from penstock.checks.circuit import Failed
from penstock.checks.evidence import Proof
from penstock.checks.flow import Flow
from penstock.checks.identities import rows_of
from penstock.checks.judge import HAIR, Hit, moved_state, moved_value
from penstock.model.verdict import Finding
from penstock.values.compare import different

__all__ = ["TIMES", "wavering"]

TIMES = 3
"""How often each world of a proof is done again."""

_PATIENCE = 3.0  # seconds after which once more for each of the two has to do


def wavering(bench: Bench, findings: Sequence[Finding]) -> dict[str, Hit]:
    """The steps of which something is proven, and which come out another way when that is done again: with what moved then.

    The first proof of each check for a step is done again.
    """
    found: dict[str, Hit] = {}
    asked: set[tuple[str, str]] = set()
    for one in findings:
        known = bench.proofs.get(one.id)
        if known is None or one.step in found or (one.check, one.step) in asked:
            continue
        asked.add((one.check, one.step))
        hit = _wavers(
            bench, Proof(*known), base=not any(step == one.step for _, step in asked - {(one.check, one.step)})
        )
        if hit is not None:
            found[one.step] = hit
    return found


def _wavers(bench: Bench, proof: Proof, *, base: bool) -> Hit | None:
    begun = time.monotonic()
    outputs = bench.circuit.nodes[proof.step].outputs
    for number in range(TIMES):
        if base:
            again = Flow(bench.circuit, pin=bench.identities.pin, seed=bench.seed)
            found = next((hit for one in outputs if (hit := _moved(bench, one, again)) is not None), None)
            if found is not None:
                return found
        if not _shows(bench, proof):
            return proof.hit
        if number == 0 and time.monotonic() - begun > _PATIENCE:
            break
    return None


def _moved(bench: Bench, artifact: str, again: Flow) -> Hit | None:
    one, two = bench.base.returned(artifact), again.returned(artifact)
    if isinstance(one, Failed) or isinstance(two, Failed):
        return None
    hits = moved_value(artifact, one, two, bench.floors(artifact)).hits
    return next((hit for hit in hits if hit.largest >= HAIR), None)


def _shows(bench: Bench, proof: Proof) -> bool:
    """Whether the cell (or the member of what was fitted) is another one in the world of the proof, done again."""
    hit = proof.hit
    before, after = bench.base.value(hit.artifact), bench.flow(proof.world).value(hit.artifact)
    if isinstance(before, Failed) or isinstance(after, Failed):
        return not isinstance(after, Failed)
    if hit.row < 0:
        return any(one.column == hit.column for one in moved_state(hit.artifact, before, after).hits)
    one, two = rows_of(before), rows_of(after)
    row = int(hit.rows_after[-1]) if hit.rows_after is not None else hit.row
    if one is None or two is None or hit.column not in one or hit.column not in two or row >= two.rows:
        return False
    column = one.column(hit.column)
    unequal, _ = different(column.slice(hit.row, 1), two.column(hit.column).slice(row, 1), whole=column)
    return bool(unequal[0])
