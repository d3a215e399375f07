"""The bench: a pipeline in memory with a sample of its sources, where checks compute worlds and judge what moved in them.

A world takes some milliseconds on a sample; storing and dispatching it as tasks would cost more than doing it. What leaves the bench
are results, findings, and the counter-example of each that is proven.
"""

import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from penstock.checks.circuit import Circuit, Failed, is_fitted
from penstock.checks.elsewhere import Elsewhere
from penstock.checks.facts import Identity, SourceFacts, known_by, passed_through
from penstock.checks.flow import Flow
from penstock.checks.identities import Identities, rows_of
from penstock.checks.judge import Hit, Moved, moved_rows, moved_state, shuffled
from penstock.checks.scope import Scope
from penstock.checks.view import Node
from penstock.checks.worlds import World
from penstock.model.bench import Depth
from penstock.rows.codes import aligned
from penstock.values.compare import compare, differing
from penstock.values.records import Records, records

__all__ = ["Bench"]


class Bench:
    """A circuit, its base world, and what is known of its rows.

    `sides` gives for each row of the main source the role of the side that it goes to ("" for none); None where nothing is
    split. `recorded` gives for sides of a split the rows of the main source that they held in the run. `learns`: what is probed may know the sides, and learn from training rows by right (a function that splits inside of it; not
    the steps of a pipeline before its split). `in_order`: tables of as many rows as a source are known to be in its order. `made` are outputs of the base world that are known already. `deadline` is an instant of `time.monotonic`.
    """

    def __init__(
        self,
        circuit: Circuit,
        *,
        sides: Any = None,
        made: Mapping[str, Any] | None = None,
        depth: Depth = "full",
        seed: int = 0,
        learns: bool = True,
        in_order: bool = False,
        recorded: Mapping[str, Any] | None = None,
    ) -> None:
        self.circuit, self.depth, self.seed, self.learns = circuit, depth, seed, learns
        self.in_order = in_order
        self.identities = Identities(self, recorded)
        self.base = Flow(circuit, made=made, pin=self.identities.pin, seed=seed)
        self.sides = sides
        self.scope = Scope(circuit)
        self.reruns = 0
        self.failures: list[Failed] = []
        self.deadline = float("inf")
        self._records: dict[str, Records | None] = {}
        self._passed: dict[str, dict[str, str]] = {}
        self._floors: dict[str, dict[str, float]] = {}
        self.kept: dict[Any, Any] = {}
        self.proofs: dict[str, tuple[str, Hit, World]] = {}
        self.shown: dict[str, dict[str, Any]] = {}
        self.targets: tuple[str, ...] = ()
        self.elsewhere: Elsewhere | None = None  # how steps are done in another process, where they can be

    # the base world

    @cached_property
    def sources(self) -> dict[str, SourceFacts]:
        """The sources that have rows, by artifact."""
        found = {}
        for name, node in self.circuit.nodes.items():
            for artifact in node.outputs if node.kind == "source" else ():
                held = self.records(artifact)
                if held is not None:
                    leader = self.circuit.leaders.get(name, "")
                    found[artifact] = SourceFacts(artifact, held, node.contract, leader)
        return found

    @cached_property
    def main(self) -> SourceFacts | None:
        """The source whose rows predictions are asked for: the one with a label, else the first with a time, else the first."""
        listed = list(self.sources.values())
        for one in listed:
            if one.contract.label:
                return self.sources[one.leader]
        return next((one for one in listed if one.times is not None), listed[0] if listed else None)

    def leader(self, source: str) -> SourceFacts:
        """The source whose rows the rows of this one are."""
        return self.sources[self.sources[source].leader]

    @cached_property
    def steps(self) -> list[Node]:
        """The steps that can be done again."""
        return [node for name, node in self.circuit.nodes.items() if name in self.circuit.calls]

    def records(self, artifact: str) -> Records | None:
        """The rows of an artifact in the base world."""
        if artifact not in self._records:
            value = self.base.value(artifact)
            self._records[artifact] = None if isinstance(value, Failed) or is_fitted(value) else rows_of(value)
        return self._records[artifact]

    def identity(self, artifact: str) -> Identity | None:
        """Which rows of which source an artifact's rows are; None where nothing tells."""
        return self.identities.of(artifact)

    def times(self, artifact: str) -> Any:
        """For each row the instant from which on it must hold: when it is asked for; for rows of other sources than the main
        one, when all of its cells are known. None without a clock."""
        identity = self.identity(artifact)
        if identity is None:
            return None
        source = self.leader(identity.source)
        at = source.times if source is self.main else known_by(source)
        return None if at is None else np.where(identity.at >= 0, at[identity.at], np.nan)

    def passed(self, artifact: str) -> dict[str, str]:
        """The columns that hold cells of the row's own source, unchanged."""
        if artifact not in self._passed:
            held, identity = self.records(artifact), self.identity(artifact)
            found: dict[str, str] = {}
            if held is not None and identity is not None:
                for source in self.sources.values():
                    if source.leader == identity.source:
                        extra = [*source.contract.label, *source.known]
                        extra += list(source.records.columns) if source.name != source.leader else []
                        for name, other in passed_through(held, identity, source, extra).items():
                            found.setdefault(name, f"{source.name}\x00{other}")
            self._passed[artifact] = found
        return self._passed[artifact]

    def label_columns(self) -> dict[str, tuple[str, ...]]:
        """The label columns of each source."""
        return {name: one.contract.label for name, one in self.sources.items() if one.contract.label}

    def fitted(self, artifact: str) -> bool:
        """Whether an artifact is something that was fitted: an object that predicts or transforms, or what a training made."""
        if self.circuit.makers[artifact].kind == "train":
            return True
        value = self.base.value(artifact)
        return not isinstance(value, Failed) and is_fitted(value)

    # noise

    def floors(self, artifact: str) -> dict[str, float]:
        """How far each column of an artifact moves when nothing is altered; infinite where it is not the same twice."""
        if artifact not in self._floors:
            self._floors[artifact] = self._floor(artifact)
        return self._floors[artifact]

    @cached_property
    def null(self) -> Flow:
        """The base world done again from the sources on."""
        return Flow(self.circuit, pin=self.identities.pin, seed=self.seed)

    def _floor(self, artifact: str) -> dict[str, float]:
        before, after = self.base.value(artifact), self.null.value(artifact)
        if isinstance(before, Failed) or isinstance(after, Failed):
            return {}
        one, two = self.records(artifact), rows_of(after) if not is_fitted(after) else None
        if one is None or two is None:
            hits = moved_state(artifact, before, after).hits
            return {hit.column: float("inf") for hit in hits}
        found: dict[str, float] = {}
        if one.rows != two.rows or one.columns != two.columns:
            return dict.fromkeys(one.columns, float("inf"))
        if shuffled(one, two):
            return {}
        for moved in compare(before, after, tolerance=0.0).moved:
            numbers = [b for b in (*moved.before, *moved.after) if isinstance(b, float)]
            small = numbers and moved.largest < 1e-6
            gaps = [abs(a - b) for a, b in zip(moved.before, moved.after, strict=True)] if small else []
            found[moved.column] = 10 * max(gaps, default=0.0) if small else float("inf")
        return found

    # other worlds

    def flow(self, world: World, *, seed: int | None = None) -> Flow:
        """Begin a world. What was done again in it is counted when it is judged."""
        seeded = self.seed if seed is None else seed
        made = Flow(self.circuit, world.altered, self.base, pin=self.identities.pin, seed=seeded, kept=world.kept)
        self._flows.append(made)
        return made

    @cached_property
    def _flows(self) -> list[Flow]:
        return []

    def spent(self) -> int:
        """How many calls of steps there were since this was asked last."""
        count = sum([one.reruns for one in self._flows])
        self.failures = [bad for one in self._flows for bad in one.failed]
        self._flows.clear()
        return count

    @property
    def late(self) -> bool:
        """Whether the time that was given is over."""
        return time.monotonic() > self.deadline

    def judge(self, flow: Flow, world: World, artifact: str, hold: Any, skip: tuple[str, ...] = ()) -> Moved | None:
        """What moved of an artifact in the rows that must hold. None where it can't be compared."""
        value = flow.value(artifact)
        if isinstance(value, Failed):
            return None
        if flow.same(artifact):
            return Moved((), int(hold.sum()))
        base, identity = self.records(artifact), self.identity(artifact)
        other = rows_of(value)
        if base is None or identity is None or other is None:
            return None
        again = self.identities.again(flow, artifact, other)
        if again is None:
            return None
        floors = self.floors(artifact)
        unsteady = [name for name, floor in floors.items() if floor == float("inf")]
        found = moved_rows(artifact, base, other, (identity, again), hold, skip=(*skip, *unsteady), floors=floors)
        return found._replace(hits=tuple([hit for hit in found.hits if not self._follows(hit, world, other, identity)]))

    def _follows(self, hit: Hit, world: World, other: Records, identity: Identity) -> bool:
        """Whether a column just holds the cells of its own source: it moves as they do, and no step has looked at them."""
        passed = self.passed(hit.artifact).get(hit.column)
        if passed is None:
            return False
        name, column = passed.split("\x00")
        value = world.altered.get(name)
        if value is None:
            return False
        held = records(value)
        if held is None or held.rows != self.sources[name].rows:
            return True  # rows are gone: their cells were not looked at
        pair = aligned(other.column(hit.column).take(hit.rows_after), held.column(column).take(identity.at[hit.rows]))
        return pair is not None and not differing(*pair).any()

    def judge_state(self, flow: Flow, artifact: str) -> Moved | None:
        """What moved of a fitted object. None where it can't be compared."""
        value = flow.value(artifact)
        if isinstance(value, Failed):
            return None
        if flow.same(artifact):
            return Moved((), 1)
        floors = self.floors(artifact)
        if floors:
            return None
        try:
            return moved_state(artifact, self.base.value(artifact), value)
        except Exception:  # members of the user's own classes may not bear being compared
            return None

    def key(self, artifact: str, row: int) -> str:
        """The key of a row of an artifact."""
        identity = self.identity(artifact)
        if identity is None or row < 0 or identity.at[row] < 0:
            return ""
        return self.leader(identity.source).key_of(int(identity.at[row]))
