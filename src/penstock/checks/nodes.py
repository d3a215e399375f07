"""The graph of a run as data: who takes what, and makes what. Light, so that it can be looked at before anything is loaded."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from penstock.model.contract import Contract, contract_of_record
from penstock.model.step import Kind

__all__ = ["Node", "nodes_of", "sources_above"]


class Node(NamedTuple):
    """A step of the graph: its inputs (argument → artifact) and outputs (artifact → role, "" for none).

    `contract` is a source's; `target` are the columns and outputs that the step declares as the label's descendants.
    """

    name: str
    kind: Kind
    where: str = ""
    inputs: Mapping[str, str] = {}
    outputs: Mapping[str, str] = {}
    contract: Contract = Contract()
    target: tuple[str, ...] = ()


def nodes_of(graph: Mapping[str, Mapping[str, Any]]) -> dict[str, Node]:
    """The steps of a graph as a run records it (`Run.graph`), in its order."""
    return {
        name: Node(
            name,
            said["kind"],
            said.get("where", ""),
            dict(said.get("inputs") or {}),
            {artifact: role or "" for artifact, role in (said.get("outputs") or {name: ""}).items()},
            contract_of_record(said.get("contract") or {}),
            tuple(said.get("target") or ()),
        )
        for name, said in graph.items()
    }


def sources_above(nodes: Mapping[str, Node], artifact: str) -> list[Node]:
    """The sources that an artifact descends from, in the order of the graph."""
    maker = {one: node for node in nodes.values() for one in node.outputs}
    todo, seen = [artifact], set()
    while todo:
        node = maker.get(todo.pop())
        if node is not None and node.name not in seen:
            seen.add(node.name)
            todo.extend(node.inputs.values())
    return [node for name, node in nodes.items() if name in seen and node.kind == "source"]
