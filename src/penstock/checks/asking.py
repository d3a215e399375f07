"""Which checks there are, and asking them of a bench: pairs of a check and a step, one check after another."""

import time
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import Any

from msgspec.structs import replace

from penstock.checks.bench import Bench
from penstock.checks.evidence import Proof, counter_example, smaller
from penstock.checks.probes import alone, as_of, own_label, rerun, test_blind, test_label
from penstock.checks.steadiness import wavering
from penstock.errors import UnknownName, did_you_mean
from penstock.model.bench import BenchAnswer, BenchRequest, Depth
from penstock.model.verdict import Altered, CheckResult, Finding

__all__ = ["GROUP", "PROBES", "Probe", "ask", "probe_named"]

GROUP = "penstock.checks"
"""The entry points under which other packages offer probes."""

_PATIENCE: dict[Depth, float] = {"quick": 0.5, "full": 2.0}  # seconds for making a proof smaller
_SMALLER = 6  # and how many are

# The order in haste: what takes least is asked first, what asks row by row last.
_HASTE = (rerun.NAME, test_blind.NAME, test_label.NAME, as_of.NAME, alone.NAME, own_label.NAME)

Probe = Callable[[Bench], tuple[list[Finding], list[CheckResult]]]
"""Judge all steps of a bench: findings, and one result for each step."""

PROBES: dict[str, Probe] = {
    rerun.NAME: rerun.probe,
    test_blind.NAME: test_blind.probe,
    as_of.NAME: as_of.probe,
    own_label.NAME: own_label.probe,
    test_label.NAME: test_label.probe,
    alone.NAME: alone.probe,
}


def probe_named(name: str) -> Probe:
    """A probe of ours or of another package. Raises `UnknownName` with close matches."""
    if name in PROBES:
        return PROBES[name]
    others = metadata.entry_points(group=GROUP)
    if name in others.names:
        loaded: Probe = others[name].load()
        return loaded
    raise UnknownName(f"there is no check `{name}`", hint=did_you_mean(name, [*PROBES, *others.names]))


def ask(bench: Bench, request: BenchRequest, *, evidence: bool = True, patience: float | None = None) -> BenchAnswer:
    """Answer these pairs. A check whose turn came after the time was spent is UNKNOWN for its steps, `not reached`. With
    `evidence`, the counter-examples of what is proven come with the answer, as small as a second for each allows."""
    bench.depth = request.depth
    bench.deadline = time.monotonic() + request.seconds if request.seconds else float("inf")
    wait = _PATIENCE[request.depth] if patience is None else patience
    findings: list[Finding] = []
    results: list[CheckResult] = []
    shown: dict[str, Any] = {}
    unsteady = set(request.unsteady)
    checks = list(dict.fromkeys([one.check for one in request.pairs]))
    if request.depth == "quick":
        checks.sort(key=lambda one: _HASTE.index(one) if one in _HASTE else 0)
    for check in checks:
        steps = [one.step for one in request.pairs if one.check == check]
        if bench.late:
            results += [
                CheckResult(check, one, "UNKNOWN", "not reached: the time was spent on other checks") for one in steps
            ]
            continue
        found, said = probe_named(check)(bench)
        blocked = _below(bench, unsteady) if check != "rerun" else set()
        findings += [one for one in found if one.step in steps and one.step not in blocked]
        for one in said:
            if one.step not in steps:
                continue
            if one.step in blocked:
                one = CheckResult(check, one.step, "UNKNOWN", "it, or a step above it, is not the same twice")  # noqa: PLW2901
            results.append(one)
        listed = {one.step for one in results if one.check == check}
        results += [
            CheckResult(check, one, "UNKNOWN", "it can't be done again here") for one in steps if one not in listed
        ]
        if check == "rerun":
            unsteady |= {one.step for one in found if one.world.startswith("the same inputs")}
    findings, results = _standing(bench, findings, results)
    for number, finding in enumerate(findings if evidence else ()):
        if finding.id in bench.shown:
            shown[finding.id] = bench.shown[finding.id]
        known = bench.proofs.get(finding.id)
        if known is None or finding.check == rerun.NAME:
            continue
        proof, cause = smaller(bench, Proof(*known), wait if number < _SMALLER else 0.0)
        findings[number] = _of(bench, finding, proof, cause)
        shown[finding.id] = counter_example(bench, proof)
    return BenchAnswer(tuple(results), tuple(findings), shown)


def _standing(
    bench: Bench, findings: list[Finding], results: list[CheckResult]
) -> tuple[list[Finding], list[CheckResult]]:
    """Without what was proven of steps that are not the same each time, which one more `rerun` would have shown."""
    moved = wavering(bench, [one for one in findings if one.check != rerun.NAME])
    if not moved:
        return findings, results
    below = _below(bench, set(moved))
    findings = [one for one in findings if one.check == rerun.NAME or one.step not in below]
    told = []
    for one in results:
        if one.check == rerun.NAME and one.step in moved:
            findings.append(rerun.wavered(bench, one.step, moved[one.step]))
            told.append(replace(one, verdict="PROVEN"))
        elif one.check != rerun.NAME and one.step in below and one.verdict != "UNKNOWN":
            why = "it, or a step above it, is not the same each time (it was the first time that it was done again)"
            told.append(replace(one, verdict="UNKNOWN", reason=why))
        else:
            told.append(one)
    return findings, told


def _of(bench: Bench, finding: Finding, proof: Proof, cause: Altered | None) -> Finding:
    """A finding as the smaller proof shows it."""
    hit = proof.hit
    told = [
        one if isinstance(one, bool | int | float | str | type(None)) or hasattr(one, "isoformat") else str(one)
        for one in (hit.before, hit.after)
    ]
    key = bench.key(hit.artifact, hit.row)
    return replace(finding, row=key, before=told[0], after=told[1], cause=cause)


def _below(bench: Bench, steps: Sequence[str] | set[str]) -> set[str]:
    found = set(steps)
    for node in bench.circuit.nodes.values():
        makers = bench.circuit.makers
        if any(makers[one].name in found for one in node.inputs.values() if one in makers):
            found.add(node.name)
    return found
