"""What a bench is asked, answered: each pair by the scan or the probe of its name, one after the other."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from penstock.checks.elsewhere import Elsewhere
from penstock.checks.graphs import probed
from penstock.checks.nodes import Node
from penstock.checks.pairs import PROBED
from penstock.checks.scans.registry import scan_named
from penstock.checks.severity import weighed
from penstock.checks.view import View
from penstock.model.bench import BenchAnswer, BenchRequest, BenchStep, Pair
from penstock.model.verdict import CheckResult, Finding

__all__ = ["NOT_REACHED", "Call", "answer", "nodes_of_steps"]

NOT_REACHED = "not reached"
"""How the reason of a pair begins that time did not allow."""

Call = Callable[[BenchStep, Mapping[str, Any]], dict[str, Any]]
"""Call a step with inputs by argument: its outputs by artifact."""


def answer(
    steps: Sequence[BenchStep],
    call: Call,
    load: Callable[[str], Any],
    request: BenchRequest,
    frozen: Callable[[str], bytes | None] = lambda _: None,
    elsewhere: Elsewhere | None = None,
) -> BenchAnswer:
    """Ask the pairs, in order, until the time is spent; or weigh findings. `load` gives an artifact as the run stored it, `frozen` a contract's
    file; `elsewhere` does steps in another process."""
    end = time.monotonic() + request.seconds if request.seconds else float("inf")
    results: list[CheckResult] = []
    findings: list[Finding] = []
    evidence: dict[str, Any] = {}
    nodes = nodes_of_steps(steps)
    if request.weigh:
        return BenchAnswer((), tuple(weighed(steps, nodes, call, load, request.weigh, request.seconds)))
    probes = tuple([pair for pair in request.pairs if pair.check in PROBED])
    if probes:
        told = probed(steps, nodes, call, load, replace(request, pairs=probes), elsewhere)
        results += told.results
        findings += told.findings
        evidence.update(told.evidence)
    for pair in request.pairs:
        if pair in probes:
            continue
        if time.monotonic() > end:
            results.append(CheckResult(*pair, "UNKNOWN", f"{NOT_REACHED}: the time for checks was spent"))
            continue
        begun = time.monotonic()
        found, result = _scanned(nodes, load, pair, frozen)
        findings += found
        results.append(replace(result, seconds=round(time.monotonic() - begun, 3)))
    return BenchAnswer(tuple(results), tuple(findings), evidence)


def _scanned(
    nodes: Mapping[str, Node], load: Callable[[str], Any], pair: Pair, frozen: Callable[[str], bytes | None]
) -> tuple[list[Finding], CheckResult]:
    scan = scan_named(pair.check)
    if scan is None:
        return [], CheckResult(*pair, "UNKNOWN", f"no package offers the check `{pair.check}` here")
    return scan.scan(View(nodes, pair.step, load, frozen=frozen))


def nodes_of_steps(steps: Sequence[BenchStep]) -> dict[str, Node]:
    """The graph of these steps, as checks look at it."""
    return {
        one.name: Node(
            one.name,
            one.kind,
            one.where,
            one.inputs,
            {artifact: output.role or "" for artifact, output in zip(one.artifacts, one.outputs, strict=True)},
            one.declared,
            one.target,
        )
        for one in steps
    }
