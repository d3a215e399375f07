"""A pipeline of a `valohai.yaml`: its nodes and edges as Steps."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from penstock.declare.valohai_steps import Blueprint, Surroundings, as_list, blueprint, safe_name, step_of
from penstock.errors import DeclarationError, UnknownName, did_you_mean
from penstock.model.command import Action, Command, Link, Sweep
from penstock.model.step import Options, Output, Step
from penstock.work.jobs import code_of, entry_of

__all__ = ["Nodes", "options_of", "pipeline_steps", "sweep_of"]

_ARTIFACTS = {
    "output": "outputs",
    "metadata": "metadata",
    "parameter": "settings",
    "environment-variable": "settings",
    "input": "inputs",
    "deployment": "deployment",
    "dependency": "outputs",
}
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
_RETRIES = 2
_THENS = frozenset({"stop-pipeline", "error-pipeline", "require-approval", "noop"})
_SWEEPS = {"grid-search": "grid", "random-search": "random", "manual-search": "manual", "bayesian-tpe": "bayesian"}


class Nodes:
    """What a pipeline made: its steps, the step's name for each node, and where a pipeline's parameters go."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.names: dict[str, str] = {}
        self.targets: dict[str, list[str]] = {}


def pipeline_steps(
    around: Surroundings, raw: Mapping[str, Any], path: tuple[Any, ...], found: Mapping[str, Any]
) -> Nodes:
    """The steps of a pipeline. `found` maps `step`, `task` and `endpoint` each to names with (index in the file, content).

    Raises `DeclarationError` or `UnknownName` with file, line and column.
    """
    made = Nodes()
    nodes = {one["name"]: (index, one) for index, one in enumerate(raw.get("nodes") or ())}
    for name in nodes:
        made.names[name] = safe_name(name, set(made.names.values()))
    edges = list(_edges(around, raw, path, nodes))
    gates: dict[str, Step] = {}
    values = _values(around, raw, path, nodes, made)
    for name, (index, node) in nodes.items():
        place = (*path, "nodes", index)
        actions = _actions(around, node, place)
        gate = _gate(made.names, name, actions, raw["name"])
        if gate is not None:
            gates[name] = gate
        _Builder(around, made, found, raw, nodes, edges, values).add(name, node, place, actions)
        if gate is not None:
            made.steps.append(gate)
    if gates:
        made.steps = [_behind(one, edges, made.names, gates, nodes) for one in made.steps]
    return made


def _edges(
    around: Surroundings, raw: Mapping[str, Any], path: tuple[Any, ...], nodes: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    for index, edge in enumerate(raw.get("edges") or ()):
        source, target = (edge["source"], edge["target"]) if isinstance(edge, Mapping) else edge
        where = around.tree.place(*path, "edges", index)
        ends = []
        for text in (source, target):
            node, _, rest = _node_of(text, nodes)
            kind, _, key = rest.partition(".")
            ends.append((node, kind, key))
        (node, kind, key), (other, aim, name) = ends
        for one in (node, other):
            if one not in nodes:
                raise UnknownName(f"there is no node `{one}`", where=where, hint=did_you_mean(one, nodes))
        if aim not in _TARGETS.get(kind, frozenset()):
            fits = sorted(_TARGETS.get(kind, ()))
            hint = (
                f"From `{kind}` it may lead to: {', '.join(fits)}." if fits else f"From: {', '.join(sorted(_TARGETS))}."
            )
            raise DeclarationError(f"an edge from `{kind}` to `{aim}` means nothing here", where=where, hint=hint)
        deployment = nodes[node][1].get("type") == "deployment"
        if kind == "deployment" and not deployment:
            raise DeclarationError(f"`{node}` is no deployment node", where=where)
        if deployment and kind not in {"deployment", "dependency"}:
            raise DeclarationError(
                f"a deployment node gives no {kind}",
                where=where,
                hint="It has `deployment.id` and `deployment.version_id`.",
            )
        yield {"source": node, "kind": kind, "key": key, "other": other, "aim": aim, "name": name, "where": where}


def _node_of(text: str, nodes: Mapping[str, Any]) -> tuple[str, str, str]:
    """The node that a socket begins with; node names may hold dots."""
    fits = [one for one in nodes if text.startswith(f"{one}.")]
    if not fits:
        return text.partition(".")
    node = max(fits, key=len)
    return node, ".", text[len(node) + 1 :]


def _values(
    around: Surroundings, raw: Mapping[str, Any], path: tuple[Any, ...], nodes: Mapping[str, Any], made: Nodes
) -> dict[str, dict[str, Any]]:
    """What a pipeline's parameters give to its nodes, by node; where each goes is noted in `made`."""
    values: dict[str, dict[str, Any]] = {}
    for index, one in enumerate(raw.get("parameters") or ()):
        where = around.tree.place(*path, "parameters", index)
        for target in [*as_list(one.get("targets")), *as_list(one.get("target"))]:
            node, _, rest = _node_of(str(target), nodes)
            name = rest.partition(".")[2]
            if node not in nodes:
                raise UnknownName(f"there is no node `{node}`", where=where, hint=did_you_mean(node, nodes))
            made.targets.setdefault(str(one.get("name")), []).append(f"{made.names[node]}.{name}")
            if one.get("default") is not None:
                values.setdefault(node, {})[name] = one["default"]
    return values


def _actions(around: Surroundings, node: Mapping[str, Any], place: tuple[Any, ...]) -> list[Action]:
    found = []
    for index, one in enumerate(node.get("actions") or ()):
        where = around.tree.place(*place, "actions", index)
        then = tuple([str(each) for each in as_list(one.get("then"))])
        for each in then:
            if each not in _THENS:
                raise DeclarationError(
                    f"an action can't `{each}`",
                    where=where,
                    hint=did_you_mean(each, _THENS) or f"Known: {', '.join(sorted(_THENS))}.",
                )
        conditions = tuple([str(each) for each in as_list(one.get("if"))])
        found += [Action(str(when).lower(), then, conditions, where) for when in as_list(one.get("when"))]
    return found


def _gate(names: Mapping[str, str], name: str, actions: list[Action], pipeline: str) -> Step | None:
    """The step that judges what a node does when it is complete; None if it does nothing then."""
    kept = tuple([one for one in actions if one.when == "node-complete" and set(one.then) != {"noop"}])
    if not kept:
        return None
    command = Command(f"{names[name]}:complete", "gate", name, actions=kept, pipeline=pipeline, where=kept[0].where)
    return Step(
        name=command.name,
        kind="step",
        function=_gate_function,
        inputs={"metadata": f"{names[name]}.metadata", "settings": f"{names[name]}.settings"},
        outputs=(Output(),),
        options=Options(stops=True),
        where=kept[0].where,
        code=code_of(command, ()),
        entry=entry_of(command),
    )


def _gate_function(metadata: Any, settings: Any) -> Any:
    raise TypeError(f"a gate can't be called in this process ({metadata!r}, {settings!r})")


def _behind(
    step: Step,
    edges: list[dict[str, Any]],
    names: Mapping[str, str],
    gates: Mapping[str, Step],
    nodes: Mapping[str, Any],
) -> Step:
    """A step that waits for the gates of the nodes that its edges come from."""
    node = next((one for one in nodes if names[one] == step.name), None)
    before = dict.fromkeys([edge["source"] for edge in edges if edge["other"] == node and edge["source"] in gates])
    if not before:
        return step
    return replace(step, inputs={**step.inputs, **{gates[one].name: gates[one].name for one in before}})


def options_of(raw: Mapping[str, Any], node: Mapping[str, Any], *, stops: bool) -> Options:
    """Time limits of a step, and what its failure leads to."""
    from valohai_yaml.utils.duration import parse_duration

    limit, silence = (parse_duration(raw.get(key)) for key in ("time-limit", "no-output-timeout"))
    on_error = str(node.get("on-error") or "stop-all").lower()
    return Options(
        retries=_RETRIES if on_error == "retry" else 0,
        timeout=limit.total_seconds() if limit else 0.0,
        no_output_timeout=silence.total_seconds() if silence else 0.0,
        stops=stops and on_error in {"stop-all", "none", "retry"},
    )


def sweep_of(raw: Mapping[str, Any] | None, where: str = "") -> Sweep:
    """How a task varies its step's parameters; a grid of whatever is a list, where no blueprint says more."""
    if raw is None:
        return Sweep()
    kind = str(raw.get("type") or "grid-search").lower().replace("_", "-")
    if kind == "distributed":
        raise DeclarationError(
            "a distributed task runs on several machines that talk to each other, and this is one",
            where=where,
            hint="Run it on the vendor's cloud, or run its step alone: `--step`.",
        )
    if kind not in _SWEEPS:
        raise DeclarationError(
            f"there is no type of task `{kind}`", where=where, hint=did_you_mean(kind, [*_SWEEPS, "distributed"])
        )
    target = raw.get("optimization-target-value")
    on_error = str(raw.get("on-child-error") or "").lower().replace("_", "-")
    return Sweep(
        kind=_SWEEPS[kind],  # type: ignore[arg-type]
        parameters=tuple([dict(one) for one in raw.get("parameters") or ()]),
        sets=tuple([dict(one) for one in raw.get("parameter-sets") or () if one]),
        count=int(raw.get("execution-count") or 0),
        batch=int(raw.get("execution-batch-size") or 0),
        metric=str(raw.get("optimization-target-metric") or ""),
        target=float(target) if target is not None else None,
        stop=str(raw.get("stop-condition") or ""),
        lenient=on_error == "continue-and-complete",
        strict=on_error == "stop-all-and-error",
        most=max(0, int(raw.get("maximum-queued-executions") or 0)),
    )


class _Builder:
    def __init__(
        self,
        around: Surroundings,
        made: Nodes,
        found: Mapping[str, Any],
        raw: Mapping[str, Any],
        nodes: Mapping[str, Any],
        edges: list[dict[str, Any]],
        values: Mapping[str, dict[str, Any]],
    ) -> None:
        self._around, self._made, self._found, self._raw = around, made, found, raw
        self._nodes, self._edges, self._values = nodes, edges, values

    def add(self, name: str, node: Mapping[str, Any], place: tuple[Any, ...], actions: list[Action]) -> None:
        """Make the step of a node."""
        around, where = self._around, self._around.tree.place(*place)
        links, inputs = self._links(name)
        if node.get("type") == "deployment":
            self._made.steps.append(self._deployment(name, node, where, links, inputs, actions))
            return
        task = self._named("task", str(node["task"]), where) if node.get("task") else None
        step_name = str(task[1]["step"] if task else node["step"])
        if node.get("commit"):
            raise DeclarationError(
                f"node `{name}` takes its step from commit {node['commit']}, and only the working copy is here",
                where=around.tree.place(*place, "commit"),
                hint="Check that commit out beside this one, or drop `commit:`.",
            )
        index, raw = self._named("step", step_name, where)
        blue: Blueprint = blueprint(raw, (index, "step"), node.get("override"))
        sweep = None
        if node.get("type") == "task":
            sweep = sweep_of(task[1] if task else None, around.tree.place(task[0], "task") if task else where)
        on_error = str(node.get("on-error") or "stop-all").lower()
        errors = [one for one in actions if one.when == "node-error"]
        ends = any({"stop-pipeline", "error-pipeline"} & set(one.then) for one in errors)
        options = options_of(raw, node, stops=True)
        self._made.steps.append(
            step_of(
                around,
                self._made.names[name],
                blue,
                links=links,
                inputs=inputs,
                values=self._values.get(name, {}),
                sweep=sweep,
                actions=actions,
                options=replace(options, stops=options.stops or ends),
                append=str(node.get("edge-merge-mode") or "replace").lower() == "append",
                lenient=on_error == "continue" and not ends,
                give_inputs=any(one["source"] == name and one["kind"] == "input" for one in self._edges),
                pipeline=str(self._raw["name"]),
                where=where,
            )
        )

    def _named(self, kind: str, name: str, where: str) -> tuple[int, dict[str, Any]]:
        known = self._found[kind]
        if name not in known:
            raise UnknownName(f"there is no {kind} `{name}`", where=where, hint=did_you_mean(name, known))
        return known[name]  # type: ignore[no-any-return]

    def _links(self, name: str) -> tuple[list[Link], dict[str, str]]:
        links, inputs = [], {}
        for edge in self._edges:
            if edge["other"] != name:
                continue
            source = self._made.names[edge["source"]]
            kind = "deployment" if self._nodes[edge["source"]][1].get("type") == "deployment" else edge["kind"]
            artifact = f"{source}.{_ARTIFACTS[kind]}"
            inputs[artifact] = artifact
            task = self._nodes[edge["source"]][1].get("type") == "task"
            links.append(
                Link(
                    artifact, edge["source"], edge["kind"], edge["key"], edge["aim"], edge["name"], task, edge["where"]
                )
            )
        return links, inputs

    def _deployment(
        self,
        name: str,
        node: Mapping[str, Any],
        where: str,
        links: list[Link],
        inputs: dict[str, str],
        actions: list[Action],
    ) -> Step:
        endpoints = {}
        for endpoint in node.get("endpoints") or ():
            _, raw = self._named("endpoint", str(endpoint), where)
            endpoints[str(endpoint)] = {one["name"]: one["path"] for one in raw.get("files") or ()}
        for link in links:
            endpoint = link.name.partition(".")[0]
            if link.target == "file" and endpoint not in endpoints:
                raise UnknownName(
                    f"deployment node `{name}` has no endpoint `{endpoint}`",
                    where=where,
                    hint=did_you_mean(endpoint, endpoints),
                )
        starting = tuple([one for one in actions if one.when == "node-starting"])
        command = Command(
            self._made.names[name],
            "deployment",
            str(node["deployment"]),
            links=tuple(links),
            actions=starting,
            endpoints=endpoints,
            pipeline=str(self._raw["name"]),
            where=where,
        )
        return Step(
            name=command.name,
            kind="deploy",
            function=_gate_function,
            inputs=inputs,
            outputs=(Output("outputs"), Output("deployment")),
            options=options_of({}, node, stops=True),
            where=where,
            code=code_of(command, ()),
            entry=entry_of(command),
        )
