"""What one check saw in its worlds, step by step, and the verdicts that follow from it.

In a world, the guilty step is the first, in the order of the graph, of which a judged output moved while no judged input did. What
follows from it is not counted again.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec.structs import replace

from penstock.checks.bench import Bench
from penstock.checks.circuit import Failed
from penstock.checks.hints import hint as advice
from penstock.checks.judge import HAIR, Hit
from penstock.checks.view import Node
from penstock.checks.worlds import World
from penstock.model.verdict import CheckResult, Finding, Verdict, finding_id, worst

__all__ = ["Hold", "Seen", "Tally"]

Hold = Callable[[str], Any]
"""The rows of an artifact that must hold in a world (one boolean a row), or None where it is not judged."""


class Seen(NamedTuple):
    """A hit, the world that showed it, and whether it proves something."""

    hit: Hit
    world: World
    proof: bool


class Tally:
    """The books of one check over one bench."""

    def __init__(self, bench: Bench, check: str) -> None:
        self.bench, self.check = bench, check
        self.seen: dict[tuple[str, str, str], list[Seen]] = {}
        self.rows: dict[str, int] = {}
        self.worlds: dict[str, int] = {}
        self.blind: dict[str, str] = {}
        self.columns: dict[tuple[str, str], World] = {}
        self.proofs: list[tuple[int, str, Hit, World]] = []
        self.suspected: dict[tuple[str, str, str], str] = {}
        self._began = time.monotonic()
        bench.spent()

    def watch(self, world: World, hold: Hold, *, state: bool = False) -> list[tuple[str, Hit]]:
        """Do a world and note what moved: (guilty step, hit) for each. `state`: fitted objects must hold as well."""
        flow = self.bench.flow(world)
        tainted: set[str] = set()
        found: list[tuple[str, Hit]] = []
        for node in self.bench.steps:
            follows = bool(tainted & set(node.inputs.values()))
            for artifact in node.outputs:
                moved = None
                rows = hold(artifact)
                if rows is not None and rows.any():
                    moved = self.bench.judge(flow, world, artifact, rows, self._skipped(node, artifact))
                elif state and self.bench.fitted(artifact):
                    moved = self.bench.judge_state(flow, artifact)
                else:
                    continue
                if moved is None:
                    value = flow.value(artifact)
                    why = (
                        f"the step failed ({value.error})"
                        if isinstance(value, Failed)
                        else "its rows can't be told apart"
                    )
                    self.blind.setdefault(node.name, why)
                    continue
                self.worlds[node.name] = self.worlds.get(node.name, 0) + 1
                self.rows[node.name] = max(self.rows.get(node.name, 0), moved.rows)
                for column in moved.columns:
                    self.columns.setdefault((artifact, column), world)
                if moved.hits:
                    tainted.add(artifact)
                    if not follows:
                        found.extend([(node.name, hit) for hit in moved.hits])
            if follows:
                tainted.update(node.outputs)
        return found

    def _skipped(self, node: Node, artifact: str) -> tuple[str, ...]:
        if artifact in node.target or artifact.removeprefix(f"{node.name}.") in node.target:
            held = self.bench.records(artifact)
            return held.columns if held is not None else ()
        return self.bench.targets

    def note(self, step: str, hit: Hit, world: World, *, proof: bool | None = None) -> None:
        """Write down a hit."""
        proves = (world.proof if proof is None else proof) and hit.largest >= HAIR
        self.seen.setdefault((step, hit.artifact, hit.column), []).append(Seen(hit, world, proves))

    def add(self, world: World, hold: Hold, *, state: bool = False) -> None:
        """Do a world, and write down all that moved."""
        for step, hit in self.watch(world, hold, state=state):
            self.note(step, hit, world)

    def suspect(self, step: str, artifact: str, column: str, hint: str) -> None:
        """Of this column nothing is proven, whatever the worlds showed."""
        self.suspected[step, artifact, column] = hint

    # what follows

    def findings(self, sentence: str = "") -> list[Finding]:
        """One finding for each column that moved, with the first of the proofs."""
        found: list[Finding] = []
        for (step, artifact, column), seen in self.seen.items():
            proofs = [one for one in seen if one.proof]
            hint = self.suspected.get((step, artifact, column), "")
            verdict: Verdict = "PROVEN" if proofs and not hint else "SUSPECT"
            hit, world, _ = (proofs or seen)[0]
            if verdict == "PROVEN":
                self.proofs.append((len(found), step, hit, world))
            found.append(
                Finding(
                    self.check,
                    verdict,
                    step,
                    artifact,
                    column,
                    self.bench.key(artifact, hit.row),
                    _shown(hit.before),
                    _shown(hit.after),
                    world.words,
                    self.bench.circuit.nodes[step].where,
                    hint or advice(self.bench.circuit.nodes[step].where, self.check, column) or sentence,
                )
            )
        for number, step, hit, world in self.proofs:
            told = found[number] = replace(found[number], id=finding_id(found[number]))
            self.bench.proofs[told.id] = (step, hit, world)
        said = {(one.artifact, one.column) for one in found}
        for (artifact, column), world in self.columns.items():
            step = self.bench.circuit.makers[artifact].name
            if (artifact, column) not in said and not any(one.artifact == artifact for one in found):
                held = self.bench.records(artifact)
                there = held is not None and column in held
                hint = "The columns of the table depend on values that this check altered; name them beforehand."
                before, after = ("there", "gone") if there else ("not there", "there")
                where = self.bench.circuit.nodes[step].where
                found.append(
                    Finding(self.check, "SUSPECT", step, artifact, column, "", before, after, world.words, where, hint)
                )
        return found

    def results(self, tried: str, findings: list[Finding], unknown: str = "") -> list[CheckResult]:
        """One result for each step that was or should have been judged."""
        reruns = self.bench.spent()
        seconds = round(time.monotonic() - self._began, 3)
        listed = []
        for node in self.bench.steps:
            mine: list[Verdict] = [one.verdict for one in findings if one.step == node.name]
            if mine:
                verdict, why = worst(mine), tried
            elif self.worlds.get(node.name):
                verdict, why = "CLEAN", tried
                if node.name in self.blind:
                    why = f"{tried}; in some worlds {self.blind[node.name]}"
            else:
                verdict, why = "UNKNOWN", self.blind.get(node.name) or unknown or "nothing of it could be judged"
            listed.append(
                CheckResult(self.check, node.name, verdict, why, reruns, self.rows.get(node.name, 0), seconds)
            )
        return listed


def _shown(value: Any) -> Any:
    if isinstance(value, bool | int | float | str | type(None)) or hasattr(value, "isoformat"):
        return value
    return str(value)[:200]
