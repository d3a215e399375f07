"""A pipeline of a `valohai.yaml`: its nodes and edges as Steps."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from penstock.declare.valohai_edges import Edge, check_ends, edges_of
from penstock.declare.valohai_steps import (
    Blueprint,
    Surroundings,
    as_list,
    blueprint,
    portable,
    safe_name,
    step_of,
    varied,
)
from penstock.declare.valohai_values import given_by_pipeline, misfits_of_override, misfits_of_task
from penstock.errors import DeclarationError, ParameterError, UnknownName, did_you_mean
from penstock.model.command import Action, Command, Link, Sweep
from penstock.model.step import Options, Output, Step
from penstock.work.jobs import code_of, entry_of

__all__ = ["Nodes", "check_varied", "options_of", "pipeline_steps", "sweep_of"]

_ARTIFACTS = {
    "output": "outputs",
    "metadata": "metadata",
    "parameter": "settings",
    "environment-variable": "settings",
    "input": "inputs",
    "deployment": "deployment",
    "dependency": "outputs",
}
_RETRIES = 2
_THENS = frozenset({"stop-pipeline", "error-pipeline", "require-approval", "noop"})
_SWEEPS = {"grid-search": "grid", "random-search": "random", "manual-search": "manual", "bayesian-tpe": "bayesian"}


class Nodes:
    """What a pipeline made: its steps, the step's name for each node, and where a pipeline's parameters go; what is doubtful
    about it, and which values its parameters do not allow (`misfits`), so that it can't run."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.names: dict[str, str] = {}
        self.targets: dict[str, list[str]] = {}
        self.doubts: list[DeclarationError] = []
        self.misfits: list[ParameterError] = []


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
    edges = list(edges_of(around, raw, path, nodes))
    builder = _Builder(around, made, found, raw, edges)
    for name, (index, node) in nodes.items():
        builder.meet(name, node, (*path, "nodes", index))
    made.doubts += check_ends(edges, builder.blues, builder.tasks)
    gates: dict[str, Step] = {}
    values, aims = given_by_pipeline(around, raw, path, nodes, builder.blues, builder.tasks)
    made.targets = {key: [f"{made.names[node]}.{name}" for node, name in each] for key, each in aims.items()}
    for name, (index, node) in nodes.items():
        place = (*path, "nodes", index)
        actions = _actions(around, node, place)
        gate = _gate(made.names, name, actions, raw["name"])
        builder.hold(name, node, place, values.get(name, {}))
        builder.add(name, node, place, actions, values.get(name, {}))
        if gate is not None:
            gates[name] = gate
            made.steps.append(gate)
    if gates:
        made.steps = [_behind(one, edges, made.names, gates, nodes) for one in made.steps]
    return made


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
    """The step that judges what a node does when it is complete, or asks whether to go on after a failure; None if it does
    neither."""
    done = [one for one in actions if one.when == "node-complete" and set(one.then) != {"noop"}]
    asks = [one for one in actions if one.when == "node-error" and "require-approval" in one.then]
    kept = (*done, *[replace(one, then=("require-approval",)) for one in asks])
    if not kept:
        return None
    own = f"{names[name]}:{'complete' if done else 'error'}"
    command = Command(own, "gate", name, actions=kept, pipeline=pipeline, where=kept[0].where)
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
    edges: list[Edge],
    names: Mapping[str, str],
    gates: Mapping[str, Step],
    nodes: Mapping[str, Any],
) -> Step:
    """A step that waits for the gates of the nodes that its edges come from."""
    node = next((one for one in nodes if names[one] == step.name), None)
    before = dict.fromkeys([edge.source for edge in edges if edge.other == node and edge.source in gates])
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
        parameters=tuple([portable(dict(one), str) for one in raw.get("parameters") or ()]),
        sets=tuple([portable(dict(one), str) for one in raw.get("parameter-sets") or () if one]),
        count=int(raw.get("execution-count") or 0),
        batch=int(raw.get("execution-batch-size") or 0),
        metric=str(raw.get("optimization-target-metric") or ""),
        target=float(target) if target is not None else None,
        stop=str(raw.get("stop-condition") or ""),
        lenient=on_error == "continue-and-complete",
        strict=on_error == "stop-all-and-error",
        most=max(0, int(raw.get("maximum-queued-executions") or 0)),
    )


def check_varied(around: Surroundings, path: tuple[Any, ...], raw: Mapping[str, Any], blue: Blueprint) -> None:
    """Whether the parameters that a task varies are its step's. Raises `UnknownName` with close matches."""
    for key in ("parameters", "parameter-sets"):
        for index, one in enumerate(raw.get(key) or ()):
            for name in [one.get("name")] if key == "parameters" else list(one or ()):
                if name not in blue.parameters:
                    raise UnknownName(
                        f"task `{raw['name']}` varies `{name}`, and step `{blue.raw['name']}` has no such parameter",
                        where=around.tree.place(*path, key, index),
                        hint=did_you_mean(str(name), blue.parameters) or "Its step declares none.",
                    )


class _Builder:
    """Makes the steps of a pipeline's nodes, once it has met them all."""

    def __init__(
        self,
        around: Surroundings,
        made: Nodes,
        found: Mapping[str, Any],
        raw: Mapping[str, Any],
        edges: list[Edge],
    ) -> None:
        self.made = made
        self.blues: dict[str, Blueprint] = {}
        self.tasks: dict[str, Sweep] = {}
        self._deployments: set[str] = set()
        self._around, self._found, self._raw, self._edges = around, found, raw, edges

    def meet(self, name: str, node: Mapping[str, Any], place: tuple[Any, ...]) -> None:
        """Look at what a node runs. Raises `UnknownName` or `DeclarationError` for what is not here."""
        around, where = self._around, self._around.tree.place(*place)
        if node.get("type") == "deployment":
            self._deployments.add(name)
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
        self.blues[name] = blueprint(raw, (index, "step"), node.get("override"))
        if node.get("type") == "task":
            at = around.tree.place(task[0], "task") if task else where
            self.tasks[name] = sweep_of(task[1] if task else None, at)
            if task:
                check_varied(around, (task[0], "task"), task[1], self.blues[name])
                self.made.misfits += misfits_of_task(around, task[1], (task[0], "task"), self.blues[name])

    def hold(self, name: str, node: Mapping[str, Any], place: tuple[Any, ...], values: Mapping[str, Any]) -> None:
        """Note which defaults of a node's overrides its parameters do not allow, where nothing else takes their place."""
        if name not in self.blues:
            return
        append = str(node.get("edge-merge-mode") or "replace").lower() == "append"
        edges = [one.name for one in self._edges if one.other == name and one.aim == "parameter" and not append]
        other = {*values, *edges, *varied(self.tasks.get(name))}
        self.made.misfits += misfits_of_override(self._around, node, place, self.blues[name], other)

    def add(
        self,
        name: str,
        node: Mapping[str, Any],
        place: tuple[Any, ...],
        actions: list[Action],
        values: Mapping[str, Any],
    ) -> None:
        """Make the step of a node."""
        around, where = self._around, self._around.tree.place(*place)
        links, inputs = self._links(name)
        if name in self._deployments:
            self.made.steps.append(self._deployment(name, node, where, links, inputs, actions))
            return
        blue = self.blues[name]
        options = options_of(blue.raw, node, stops=True)
        self.made.steps.append(
            step_of(
                around,
                self.made.names[name],
                blue,
                links=links,
                inputs=inputs,
                values=values,
                sweep=self.tasks.get(name),
                actions=actions,
                options=options,
                append=str(node.get("edge-merge-mode") or "replace").lower() == "append",
                lenient=str(node.get("on-error") or "").lower() == "continue",
                tries=1 + options.retries,
                give_inputs=any(one.source == name and one.kind == "input" for one in self._edges),
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
            if edge.other != name:
                continue
            kind = "deployment" if edge.source in self._deployments else edge.kind
            artifact = f"{self.made.names[edge.source]}.{_ARTIFACTS[kind]}"
            inputs[artifact] = artifact
            task = edge.source in self.tasks
            links.append(Link(artifact, edge.source, edge.kind, edge.key, edge.aim, edge.name, task, edge.where))
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
            file = link.name.partition(".")[2]
            if link.target == "file" and endpoints[endpoint] and file not in endpoints[endpoint]:
                raise UnknownName(
                    f"endpoint `{endpoint}` has no file `{file}`",
                    where=link.where,
                    hint=did_you_mean(file, endpoints[endpoint]),
                )
        starting = tuple([one for one in actions if one.when == "node-starting"])
        command = Command(
            self.made.names[name],
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
