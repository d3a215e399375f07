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
from penstock.checks.flow import Flow
from penstock.checks.hints import hint as advice
from penstock.checks.identities import UNPINNED
from penstock.checks.judge import HAIR, Hit, Moved
from penstock.checks.view import Node
from penstock.checks.worlds import World
from penstock.model.verdict import CheckResult, Finding, Verdict, finding_id, worst

__all__ = ["NOTHING", "UNTRAINED", "Hold", "Seen", "Tally"]

NOTHING = "nothing of it could be judged"
UNTRAINED = "not reached: quick checks train nothing"

_OF_MAIN = ("own-label", "test-blind", "test-label", "alone")
_SPLIT = ("test-blind", "test-label")

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

    def watch(
        self, world: World, hold: Hold, *, state: bool = False, wider: Hold | None = None
    ) -> list[tuple[str, Hit]]:
        """Do a world and note what moved: (guilty step, hit) for each. `state`: fitted objects must hold as well.

        Of `wider` rows no hit comes, but what takes them is not judged where they moved. Nor is what takes a table of which rows
        that must hold are gone, save by `own-label`, where a row's own cells may well drop it.
        """
        flow, scope = self.bench.flow(world), self.bench.scope
        tainted: set[str] = set()
        found: list[tuple[str, Hit]] = []
        for node in self.bench.steps:
            follows = bool(tainted & set(node.inputs.values()))
            for artifact in node.outputs:
                if not scope.judged(self.check, artifact) or self._untrained(artifact):
                    continue
                if scope.taught(artifact) and flow.same(artifact):
                    self.worlds[node.name] = self.worlds.get(node.name, 0) + 1
                    continue
                rows = hold(artifact) if node.kind != "train" else None
                if rows is not None and rows.any():
                    moved = self.bench.judge(flow, world, artifact, rows, self._skipped(node, artifact))
                    lost = moved is not None and moved.rows < int(rows.sum()) and self.check != "own-label"
                    if lost or self._moved_beyond(flow, world, artifact, wider):
                        tainted.add(artifact)
                elif not (state and self._stands(artifact)):
                    continue
                elif follows:
                    self.blind.setdefault(node.name, "what it takes moved already, in a step above it")
                    continue
                else:
                    moved = self.bench.judge_state(flow, artifact)
                if moved is None:
                    self.blind.setdefault(node.name, _why(flow.value(artifact), fitted=rows is None))
                    continue
                self._count(node.name, artifact, moved, world)
                if moved.hits:
                    tainted.add(artifact)
                    found.extend([(node.name, hit) for hit in moved.hits if not follows])
            if follows:
                tainted.update(node.outputs)
        return found

    def _untrained(self, artifact: str) -> bool:
        """Whether an artifact is a prediction that only a training could tell anything of, and there is no time for one."""
        return self.check == "alone" and self.bench.depth == "quick" and self.bench.scope.taught(artifact)

    def _count(self, step: str, artifact: str, moved: Moved, world: World) -> None:
        self.worlds[step] = self.worlds.get(step, 0) + 1
        self.rows[step] = max(self.rows.get(step, 0), moved.rows)
        for column in moved.columns:
            self.columns.setdefault((artifact, column), world)

    def _stands(self, artifact: str) -> bool:
        """Whether an artifact is fitted state, or a value that training or the outside stands on."""
        bench = self.bench
        if bench.fitted(artifact):
            return True
        return self.check == "test-label" and bench.scope.chosen(artifact) and bench.records(artifact) is None

    def _moved_beyond(self, flow: Flow, world: World, artifact: str, wider: Hold | None) -> bool:
        taken = any(artifact in node.inputs.values() for node in self.bench.steps)
        rows = wider(artifact) if wider is not None and taken else None
        if rows is None or not rows.any():
            return False
        moved = self.bench.judge(flow, world, artifact, rows)
        return moved is None or bool(moved.hits)

    def _skipped(self, node: Node, artifact: str) -> tuple[str, ...]:
        if artifact in node.target or artifact.removeprefix(f"{node.name}.") in node.target:
            held = self.bench.records(artifact)
            return held.columns if held is not None else ()
        return self.bench.targets

    def note(self, step: str, hit: Hit, world: World, *, proof: bool | None = None) -> None:
        """Write down a hit."""
        proves = (world.proof if proof is None else proof) and hit.largest >= HAIR
        self.seen.setdefault((step, hit.artifact, hit.column), []).append(Seen(hit, world, proves))

    def add(self, world: World, hold: Hold, *, state: bool = False, wider: Hold | None = None) -> None:
        """Do a world, and write down all that moved."""
        for step, hit in self.watch(world, hold, state=state, wider=wider):
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

    def _beside(self, node: Node) -> bool:
        """Whether all that this check alters is rows of the main source, and none of them reaches a step."""
        bench = self.bench
        if bench.main is None or self.check not in _OF_MAIN or (self.check in _SPLIT and bench.sides is None):
            return False
        above = {name for one in node.outputs for name in bench.circuit.sources_above(one)}
        return not any(bench.sources[name].leader == bench.main.name for name in above if name in bench.sources)

    def _untried(self, node: Node) -> str:
        """What of a step kept it from being judged, if the graph or its rows tell."""
        scope = self.bench.scope
        why = scope.why_not(self.check, node.name)
        if why:
            return why
        if self.bench.depth == "quick" and all(map(scope.taught, node.outputs)):
            return UNTRAINED
        judged = [one for one in node.outputs if scope.judged(self.check, one) and not scope.taught(one)]
        failed = next((one for name in judged if isinstance(one := self.bench.base.value(name), Failed)), None)
        if failed is not None:
            return f"`{failed.step}` fails on the rows that were taken: {failed.error}"
        tables = [one for one in judged if self.bench.records(one) is not None]
        if not tables or any(self.bench.identity(one) is not None for one in tables):
            return ""
        lacking = [one.name for one in self.bench.sources.values() if not one.contract.key]
        above = [one for one in lacking if any(one in self.bench.circuit.sources_above(name) for name in tables)]
        declare = f"declare `key=` of `{above[0]}`, and keep its columns" if above else "keep the key's columns"
        return f"its rows have no identity: nothing in them names a row of a source ({declare})"

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
            elif self._beside(node):
                assert self.bench.main is not None
                verdict, why = "CLEAN", f"no row of `{self.bench.main.name}` reaches it, and only these are altered"
            else:
                verdict, why = "UNKNOWN", self.blind.get(node.name) or self._untried(node) or unknown or NOTHING
            listed.append(
                CheckResult(self.check, node.name, verdict, why, reruns, self.rows.get(node.name, 0), seconds)
            )
        return listed


def _why(value: Any, *, fitted: bool) -> str:
    """Why something could not be compared."""
    if isinstance(value, Failed):
        return value.error if value.error.startswith(UNPINNED) else f"the step failed ({value.error})"
    return "its state can't be compared" if fitted else "its rows can't be told apart"


def _shown(value: Any) -> Any:
    if isinstance(value, bool | int | float | str | type(None)) or hasattr(value, "isoformat"):
        return value
    return str(value)[:200]
