"""Edges between the nodes of a `valohai.yaml`: what each brings where, and whether both its ends are there."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct

from penstock.declare.valohai_steps import Blueprint, Surroundings
from penstock.errors import DeclarationError, UnknownName, did_you_mean

__all__ = ["Edge", "check_ends", "edges_of", "node_of", "unknown_parameter"]

_VALUES = frozenset({"parameter", "environment-variable", "dependency"})
_FILES = frozenset({"input", "file", "dependency"})
_TARGETS = {
    "output": _FILES,
    "input": _FILES,
    "metadata": _VALUES | {"input"},  # addresses of files
    "parameter": _VALUES | {"input"},
    "environment-variable": _VALUES,
    "deployment": _VALUES,
    "dependency": _VALUES | _FILES,
}
_IDS = ("id", "version_id")
_CLOSE = 0.75  # so alike are two names that one is meant for the other


class Edge(Struct, frozen=True):
    """An edge: `kind` and `key` of the node `source`, to `aim` and `name` of the node `other`; `where` it stands, and each
    of its ends (`begins`, `leads`)."""

    source: str
    kind: str
    key: str
    other: str
    aim: str
    name: str
    where: str
    begins: str
    leads: str


def edges_of(
    around: Surroundings, raw: Mapping[str, Any], path: tuple[Any, ...], nodes: Mapping[str, Any]
) -> Iterator[Edge]:
    """The edges of a pipeline. Raises `UnknownName` and `DeclarationError` for those that lead nowhere."""
    for index, edge in enumerate(raw.get("edges") or ()):
        place = (*path, "edges", index)
        mapping = isinstance(edge, Mapping)
        source, target = (edge["source"], edge["target"]) if mapping else edge
        node, _, rest = node_of(source, nodes)
        kind, _, key = rest.partition(".")
        other, _, rest = node_of(target, nodes)
        aim, _, name = rest.partition(".")
        made = Edge(
            *(node, kind, key, other, aim, name),
            around.tree.place(*place),
            around.tree.place(*place, "source" if mapping else 0),
            around.tree.place(*place, "target" if mapping else 1),
        )
        for one, where in ((node, made.begins), (other, made.leads)):
            if one not in nodes:
                raise UnknownName(f"there is no node `{one}`", where=where, hint=did_you_mean(one, nodes))
        _means_something(made, deployment=nodes[node][1].get("type") == "deployment")
        yield made


def _means_something(edge: Edge, *, deployment: bool) -> None:
    kind, aim, where = edge.kind, edge.aim, edge.where
    if aim not in _TARGETS.get(kind, frozenset()):
        fits = sorted(_TARGETS.get(kind, ()))
        hint = f"From `{kind}` it may lead to: {', '.join(fits)}." if fits else f"From: {', '.join(sorted(_TARGETS))}."
        raise DeclarationError(f"an edge from `{kind}` to `{aim}` means nothing here", where=where, hint=hint)
    if kind == "deployment" and not deployment:
        raise DeclarationError(f"`{edge.source}` is no deployment node", where=where)
    if deployment and kind not in {"deployment", "dependency"}:
        raise DeclarationError(
            f"a deployment node gives no {kind}",
            where=where,
            hint="It has `deployment.id` and `deployment.version_id`.",
        )


def node_of(text: str, nodes: Mapping[str, Any]) -> tuple[str, str, str]:
    """The node that a socket begins with; node names may hold dots."""
    fits = [one for one in nodes if text.startswith(f"{one}.")]
    if not fits:
        return text.partition(".")
    node = max(fits, key=len)
    return node, ".", text[len(node) + 1 :]


def check_ends(
    edges: Iterable[Edge], blues: Mapping[str, Blueprint], tasks: Iterable[str]
) -> Iterator[DeclarationError]:
    """What is doubtful about where edges begin and lead: inputs that no step declares, which they make.

    `blues` are the nodes that run a step. Raises `UnknownName` for what can't be, or is misspelt, with close matches.
    """
    edges, taken = list(edges), dict[tuple[str, str], Edge]()
    for edge in edges:
        _begins(edge, edges, blues)
        if edge.other not in blues:
            continue
        blue = blues[edge.other]
        known = {"parameter": blue.parameters, "input": blue.inputs, "environment-variable": blue.variables}
        names = known.get(edge.aim)
        if edge.aim == "parameter":
            if edge.name not in blue.parameters:
                raise unknown_parameter(edge.other, edge.name, blue, edge.leads)
            before = taken.setdefault((edge.other, edge.name), edge)
            several = str(blue.parameters[edge.name].get("multiple") or "none") != "none"
            if before is not edge and not several and edge.other not in tasks:
                raise DeclarationError(
                    f"parameter `{edge.name}` of node `{edge.other}` takes one value, and two edges lead to it",
                    where=edge.leads,
                    hint=f"The other begins at `{before.source}.{before.kind}.{before.key}`. Keep one; or make the node a "
                    "task, which runs once for each value; or let the parameter take several: `multiple: separate`.",
                )
        elif names is not None and edge.name not in names:
            near = get_close_matches(edge.name, names, 1, _CLOSE)
            what = f"node `{edge.other}` (step `{blue.raw['name']}`) has no {edge.aim.replace('-', ' ')} `{edge.name}`"
            if near and not any(
                one.aim == edge.aim and one.other == edge.other and one.name == near[0] for one in edges
            ):
                raise UnknownName(what, where=edge.leads, hint=f"Did you mean `{near[0]}`?")
            if edge.aim == "input":
                hint = f"It gets one of that name. {did_you_mean(edge.name, names)}".strip()
                yield DeclarationError(what, where=edge.leads, hint=hint)


def unknown_parameter(node: str, name: str, blue: Blueprint, where: str) -> UnknownName:
    """What to say of a parameter that a node's step has not."""
    return UnknownName(
        f"node `{node}` (step `{blue.raw['name']}`) has no parameter `{name}`",
        where=where,
        hint=did_you_mean(name, blue.parameters) or "Its step declares none.",
    )


def _begins(edge: Edge, edges: Iterable[Edge], blues: Mapping[str, Blueprint]) -> None:
    """Whether an edge begins at something that its node has: a value or an input that is declared, or that an edge gives."""
    if edge.kind == "deployment":
        if edge.key not in _IDS:
            raise UnknownName(
                f"a deployment node has no `{edge.key}`", where=edge.begins, hint=did_you_mean(edge.key, _IDS)
            )
        return
    if edge.source not in blues:
        return
    blue = blues[edge.source]
    if edge.kind == "parameter" and edge.key not in blue.parameters:
        raise unknown_parameter(edge.source, edge.key, blue, edge.begins)
    if edge.kind not in {"input", "environment-variable"}:
        return
    given = [one.name for one in edges if one.other == edge.source and one.aim == edge.kind]
    known = [*(blue.inputs if edge.kind == "input" else blue.variables), *given]
    key = edge.key.partition("/")[0] if edge.kind == "input" else edge.key
    if not any(one == key or (edge.kind == "input" and fnmatchcase(one, key)) for one in known):
        kind = edge.kind.replace("-", " ")
        raise UnknownName(
            f"node `{edge.source}` (step `{blue.raw['name']}`) has no {kind} `{key}`",
            where=edge.begins,
            hint=did_you_mean(key, known) or "Its step declares none.",
        )
