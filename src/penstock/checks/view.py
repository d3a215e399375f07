"""What a scan is given: one step of a recorded run, with the values that the run stored, read when they are asked for.

A view is made of plain data (the graph as a run records it) and one function that loads an artifact, so that it can be
put together wherever scans run: in a worker's task, in the process that asks, or over values that nobody stored.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from penstock.checks.nodes import Node, nodes_of, sources_above
from penstock.model.step import Kind
from penstock.model.verdict import CheckResult, Finding
from penstock.rows.relation import Key
from penstock.values.records import Records, records

__all__ = ["Node", "Outcome", "Scan", "View", "nodes_of", "sources_above"]

Outcome = tuple[list[Finding], CheckResult]


class Scan(NamedTuple):
    """A check that only looks at recorded values. It judges the steps of some `kinds`, one at a time.

    `scan` raises nothing for what a value may hold: what can't be judged is UNKNOWN, with the reason. `needs` names the
    artifacts that it may ask the view for, so that whoever runs it can have them at hand.
    """

    name: str
    kinds: tuple[Kind, ...]
    scan: "Callable[[View], Outcome]"
    needs: Callable[[Mapping[str, Node], str], list[str]]


class View:
    """One step (`step`) of a run, and all others (`nodes`).

    `load` gives an artifact's value (or its `Records`), or None where it is not there. `frozen` gives the content of a contract
    file by the name that a source declares. `memo` is for what a scan finds out and asks again.
    """

    def __init__(
        self,
        nodes: Mapping[str, Node],
        step: str,
        load: Callable[[str], Any],
        *,
        frozen: Callable[[str], bytes | None] = lambda _: None,
    ) -> None:
        self.nodes = nodes
        self.step = nodes[step]
        self.frozen = frozen
        self.memo: dict[Any, Any] = {}
        self._load = load
        self._values: dict[str, Any] = {}
        self._records: dict[str, Records | None] = {}

    def value(self, artifact: str) -> Any:
        """An artifact's value as it was stored, or its rows where only those were loaded; None where it is not there."""
        if artifact not in self._values:
            self._values[artifact] = self._load(artifact)
        return self._values[artifact]

    def records(self, artifact: str) -> Records | None:
        """The rows of an artifact; None where it has none."""
        if artifact not in self._records:
            held = self.value(artifact)
            self._records[artifact] = held if isinstance(held, Records) else records(held)
        return self._records[artifact]

    @cached_property
    def makers(self) -> dict[str, Node]:
        """The step that makes each artifact."""
        return {artifact: node for node in self.nodes.values() for artifact in node.outputs}

    def sources(self, artifact: str) -> list[Node]:
        """The sources that an artifact descends from, in the order of the graph."""
        return sources_above(self.nodes, artifact)

    def keys(self, artifact: str) -> tuple[Key, ...]:
        """The keys that rows of an artifact may bear."""
        return tuple([Key(one.name, one.contract.key) for one in self.sources(artifact) if one.contract.key])
