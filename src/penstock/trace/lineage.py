"""A run as its rows see it: artifacts with the rows that they hold, who made them of what, and where rows have their names."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np

from penstock.errors import NotFound, PenstockError, did_you_mean
from penstock.model.artifact import Stored
from penstock.model.contract import contract_of_record
from penstock.model.run import Execution, Run
from penstock.rows.evidence import agreeing, contradicting
from penstock.rows.relation import Key, Relation, bears, relate, renamed, unknown
from penstock.values.records import Records

__all__ = ["Ask", "Lineage", "Load", "Node", "Pact"]

Load = Callable[[Stored], Records | None]
"""The rows of a stored value; None where it has none."""
Ask = Callable[[str, str, str, tuple[str, ...]], bool | None]
"""Whether a step (by name) keeps the order of an input (argument) in an output, or, of columns that are a key, whether they
come out with the rows that had them; None where that was not probed."""


class Pact(NamedTuple):
    """What a source's contract declares of its rows, as the run recorded it."""

    source: str
    key: tuple[str, ...] = ()
    time: str = ""
    known_at: Mapping[str, str | timedelta] = {}
    label: tuple[str, ...] = ()
    group: tuple[str, ...] = ()

    def clock(self, column: str) -> str | timedelta | None:
        """When a column becomes known: a clock column, a delay after `time`, or None (from the start)."""
        if column in self.known_at:
            return self.known_at[column]
        return None if column in self.key else self.known_at.get("*")


class Node(NamedTuple):
    """A step of the run: its inputs (argument → artifact) and outputs (artifact → role)."""

    name: str
    kind: str
    where: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    status: str
    execution: Execution | None


class Lineage:
    """The artifacts of one run and the relations between them, loaded and found out when they are asked for."""

    def __init__(self, run: Run, rows: Sequence[Mapping[str, Any]], load: Load, ask: Ask = lambda *_: None) -> None:
        self.run = run
        self._load, self._ask = load, ask
        self._held: dict[str, Records | None] = {}
        self._relations: dict[tuple[str, str], Relation] = {}
        self._bearing: dict[str, dict[str, tuple[str, ...]]] = {}
        self.missing: dict[str, str] = {}
        found = {row["step"]: row for row in rows}
        self.nodes = {name: _node(name, said, found.get(name)) for name, said in run.graph.items()}
        self.maker = {artifact: node.name for node in self.nodes.values() for artifact in node.outputs}
        self.stored: dict[str, Stored] = {
            made.artifact: made.stored
            for node in self.nodes.values()
            if node.execution is not None
            for made in node.execution.outputs
        }

    # the graph

    @cached_property
    def order(self) -> list[Node]:
        """The steps, each after those that it needs."""
        done: dict[str, Node] = {}

        def visit(name: str) -> None:
            if name in done or name not in self.nodes:
                return
            for artifact in self.nodes[name].inputs.values():
                visit(self.maker.get(artifact, ""))
            done[name] = self.nodes[name]

        for name in self.nodes:
            visit(name)
        return list(done.values())

    @cached_property
    def _above(self) -> dict[str, frozenset[str]]:
        """For each artifact, the source steps that it descends from."""
        found: dict[str, frozenset[str]] = {}
        for node in self.order:
            own = frozenset([node.name]) if node.kind == "source" else frozenset()
            whole = own.union(*[found.get(artifact, frozenset()) for artifact in node.inputs.values()])
            found.update(dict.fromkeys(node.outputs, whole))
        return found

    def sources_of(self, artifact: str) -> frozenset[str]:
        """The sources that an artifact descends from."""
        return self._above.get(artifact, frozenset())

    def role(self, artifact: str) -> str:
        """The side whose rows an artifact holds, by the split that made it or the one side that all tables it was made of
        are of; "" for none or several."""
        node = self.nodes.get(self.maker.get(artifact, ""))
        if node is None:
            return ""
        if node.outputs[artifact] or node.kind != "step":
            return node.outputs[artifact]
        above = {role for one in self.tables(node).values() if (role := self.role(one))}
        return above.pop() if len(above) == 1 else ""

    def around(self, node: Node, other: Node) -> frozenset[str]:
        """The sources whose rows come to another step by a way that does not lead through this one."""
        found: set[str] = set()
        seen = {node.name}
        todo = [other.name]
        while todo:
            name = todo.pop()
            if name in seen or name not in self.nodes:
                continue
            seen.add(name)
            if self.nodes[name].kind == "source":
                found.add(name)
            todo += [self.maker.get(one, "") for one in self.nodes[name].inputs.values()]
        return frozenset(found)

    def artifact(self, name: str) -> str:
        """The full name of an artifact, from it or its unique short name. Raises `NotFound` with close matches."""
        if name in self.maker:
            return name
        short = [one for one in self.maker if one.rpartition(".")[2] == name]
        if len(short) == 1:
            return short[0]
        known = [*self.maker, *[one.rpartition(".")[2] for one in self.maker]]
        raise NotFound(f"run {self.run.id} has no artifact `{name}`", hint=did_you_mean(name, known) or "")

    # contracts

    @cached_property
    def pacts(self) -> dict[str, Pact]:
        """The contract of each source; an empty one where none was declared."""
        return {
            node.name: _pact(node.name, self.run.graph[node.name].get("contract") or {})
            for node in self.order
            if node.kind == "source"
        }

    def keys(self, artifact: str) -> tuple[Key, ...]:
        """The keys that rows of an artifact bear, by the columns that hold them there."""
        return tuple([Key(name, columns, partial(self._root, name)) for name, columns in self._borne(artifact).items()])

    def _borne(self, artifact: str) -> dict[str, tuple[str, ...]]:
        """The sources whose key rows of an artifact bear, as they came down to it step by step, and the columns."""
        known = self._bearing.get(artifact)
        if known is not None:
            return known
        found: dict[str, tuple[str, ...]] = {}
        self._bearing[artifact] = found
        node = self.nodes.get(self.maker.get(artifact, ""))
        held = self.records(artifact)
        if node is None or held is None:
            return found
        if node.kind == "source":
            declared = self.pacts[node.name].key
            if declared and all(name in held for name in declared):
                found[node.name] = declared
            return found
        for argument, one in self.tables(node).items():
            rivals = self._rivals(node, argument)
            for key in self.keys(one):
                columns = self._down(node, argument, artifact, key, rivals) if key.source not in found else None
                if columns is not None:
                    found[key.source] = columns
        return found

    def _down(self, node: Node, argument: str, output: str, key: Key, rivals: frozenset[str]) -> tuple[str, ...] | None:
        """The columns of an output that hold a key which an input bears."""
        above, below = self.records(node.inputs[argument]), self.records(output)
        assert above is not None
        assert below is not None
        probe = partial(self._carries, node, argument, output)
        if bears(above, below, key, rival=key.source in rivals, equivariant=probe):
            return key.columns
        if all(name in below for name in key.columns) and key.source not in rivals:
            return None
        return renamed(above, below, key.columns, self.relation(node, argument, output))

    def _carries(self, node: Node, argument: str, output: str, key: Key) -> bool | None:
        return self._ask(node.name, argument, output, key.columns)

    def _rivals(self, node: Node, argument: str) -> frozenset[str]:
        """The sources whose key an input bears by columns that bear the key of another source in another input."""
        mine = self._borne(node.inputs[argument])
        found = set()
        for other in self.tables(node).values():
            theirs = self._borne(other) if other != node.inputs[argument] else {}
            for source, columns in mine.items():
                if source not in theirs and columns in theirs.values():
                    found.add(source)
        return frozenset(found)

    def _root(self, source: str) -> Records | None:
        """The rows of a source itself."""
        return self.records(next(iter(self.nodes[source].outputs), source))

    # rows

    def records(self, artifact: str) -> Records | None:
        """The rows of an artifact; None where it has none, or they can't be had (`missing` says why)."""
        if artifact not in self._held:
            stored = self.stored.get(artifact)
            found = None
            if stored is not None:
                try:
                    found = self._load(stored)
                except PenstockError as error:
                    self.missing[artifact] = error.what
            self._held[artifact] = found
        return self._held[artifact]

    def column_of(self, artifact: str, source: str) -> tuple[str, ...] | None:
        """The columns in which rows of an artifact bear the key of a source; None where they do not."""
        return self._borne(artifact).get(source)

    def tables(self, node: Node) -> dict[str, str]:
        """The inputs of a step that have rows: argument → artifact."""
        return {argument: one for argument, one in node.inputs.items() if self.records(one) is not None}

    def relation(self, node: Node, argument: str, output: str) -> Relation:
        """How the rows of an output relate to those of an input of its step."""
        known = self._relations.get((f"{node.name}:{argument}", output))
        if known is None:
            known = self._relate(node, argument, output)
            self._relations[f"{node.name}:{argument}", output] = known
        return known

    def _relate(self, node: Node, argument: str, output: str) -> Relation:
        above, below = self.records(node.inputs[argument]), self.records(output)
        if above is None or below is None:
            return unknown(f"`{output if below is None else node.inputs[argument]}` has no rows")
        how: dict[str, Any] = {
            "declared": node.kind == "predict" and above.rows == below.rows,
            "cut": node.kind == "split",
            "rivals": self._rivals(node, argument),
            "equivariant": partial(self._carries, node, argument, output),
            "keyed": any(self.pacts[name].key for name in self.sources_of(node.inputs[argument])),
        }
        keys = self.keys(node.inputs[argument])
        found = relate(above, below, keys, **how)
        if found.method == "unknown":
            found = self._beside(node, above, output, below) or found
        if found.method == "unknown" and above.rows == below.rows and above.rows > 0:
            answer = self._ask(node.name, argument, output, ())
            if answer is not None:
                return relate(above, below, keys, row_aligned=answer, **how)
        return found

    def _beside(self, node: Node, above: Records, output: str, below: Records) -> Relation | None:
        """By an output of the same step with as many rows, where values agree row by row when both are in one order."""
        for other in node.outputs:
            held = self.records(other) if other != output else None
            if held is None or held.rows != below.rows:
                continue
            for artifact in self.tables(node).values():
                source = self.records(artifact)
                if source is None or source.rows != above.rows:
                    continue
                at = relate(source, held, self.keys(artifact), cut=node.kind == "split").places()
                same = agreeing(above, below, at) if at is not None else ()
                if same and not contradicting(above, below, at, same):
                    names = ", ".join([f"`{one}`" for one in same[:3]])
                    why = f"position: in the order of `{other}`, where {names} agree row by row"
                    return Relation("position", same, why, np.arange(above.rows), at)
        return None


def _node(name: str, said: Mapping[str, Any], row: Mapping[str, Any] | None) -> Node:
    outputs = said.get("outputs") or {name: None}
    return Node(
        name,
        said["kind"],
        said.get("where", ""),
        dict(said.get("inputs") or {}),
        {artifact: role or "" for artifact, role in outputs.items()},
        row["status"] if row is not None else "",
        row["execution"] if row is not None else None,
    )


def _pact(source: str, said: Mapping[str, Any]) -> Pact:
    one = contract_of_record(said)
    return Pact(source, one.key, one.time, one.known_at, one.label, one.group)
