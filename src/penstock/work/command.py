"""Command steps: a callable that performs one, for `perform` to call like any function."""

import json
from collections.abc import Mapping
from typing import Any

from penstock.errors import ParameterError, StepFailed
from penstock.model.code import Code
from penstock.model.command import Action, Command, Link
from penstock.work.allowed import allowed
from penstock.work.conditions import holds
from penstock.work.context import Skip, current, hold
from penstock.work.inputs import brought, place_inputs, say
from penstock.work.outcomes import Outcome, hold_all
from penstock.work.process import Enough, ended, run_script, script_of
from penstock.work.remote import Downloads
from penstock.work.room import Room, identifier

__all__ = [
    "VARIABLE",
    "Execution",
    "Gate",
    "command_lines",
    "needed",
    "parameter_values",
    "started",
    "variable_values",
]

VARIABLE = "environment-variable."
"""What the argument of an environment variable begins with."""


def parameter_values(command: Command, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a command's parameters: its settings, and what edges bring in their place.

    What edges bring must fit the parameter as what is given by hand must. With several edges to one parameter, or where a
    node appends, all their values count. Raises `ParameterError` for an edge whose source printed no such metadata, for
    a value that does not fit, and for a parameter that must have a value and has none.
    """
    found = {one["name"]: arguments[one["name"]] for one in command.parameters if one["name"] in arguments}
    known = {one["name"]: one for one in command.parameters}
    several = {name for name, one in known.items() if one.get("multiple", "none") != "none"}
    edges: dict[str, list[Link]] = {}
    for link in command.links:
        if link.target == "parameter":
            edges.setdefault(link.name, []).append(link)
    for name, links in edges.items():
        own = found.get(name)
        values = [
            _fitting(command, one, brought(one, arguments[one.argument], own), own, known.get(name, {}))
            for one in links
        ]
        many = command.role == "task" or name in several
        if many and (len(values) > 1 or command.append):
            kept = [own] if command.append and own not in (None, *values) else []
            found[name] = [each for one in (*kept, *values) if one is not None for each in _items(one)]
        else:
            found[name] = values[-1]
    for name in several & found.keys():
        if found[name] is not None:
            found[name] = _items(found[name])
    for name, one in known.items():
        if found.get(name) is None and needed(one) and name in edges and not command.bare:
            raise ParameterError(
                f"parameter `{name}` of `{command.step}` must have a value, and the edge to it brings none",
                where=edges[name][-1].where,
                hint=f"Print one in `{edges[name][-1].source}`, or say `optional: true`.",
            )
    return found


def needed(definition: Mapping[str, Any]) -> bool:
    """Whether a parameter must have a value. One that takes several may have none of them."""
    several = str(definition.get("multiple") or "none") != "none"
    return not definition.get("optional") and definition.get("type") != "flag" and not several


def _items(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _fitting(command: Command, link: Link, value: Any, own: Any, definition: Mapping[str, Any]) -> Any:
    """What an edge brings, as its parameter takes it; its own value (`own`) is what it was."""
    if not definition or value is own:
        return value
    try:
        return allowed(definition, value)
    except ValueError as error:
        shown = repr(value)
        raise ParameterError(
            f"`{command.step}` can't take {shown if len(shown) < 80 else shown[:76] + ' …'} as `{link.name}`, which the "
            f"edge from `{link.source}.{link.kind}.{link.key}` brings: {error}",
            where=link.where,
            hint=f"Let `{link.source}` give another value, or widen the parameter.",
        ) from None


def variable_values(command: Command, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a command's environment variables, None for those that have none. Raises as `parameter_values` does."""
    found = {name: arguments.get(f"{VARIABLE}{name}") for name in command.variables}
    for link in command.links:
        if link.target == "environment-variable":
            found[link.name] = brought(link, arguments[link.argument], found.get(link.name))
    return found


def command_lines(command: Command, values: Mapping[str, Any]) -> list[str]:
    """The shell commands with the parameters in their places, quoted. Raises `ParameterError` for values that don't fit."""
    from valohai_yaml.commands import build_command
    from valohai_yaml.objs.parameter import Parameter
    from valohai_yaml.objs.parameter_map import ParameterMap

    known = {one["name"]: Parameter.parse(one) for one in command.parameters}
    for name, value in values.items():
        if isinstance(value, list | tuple) and name in known and not known[name].multiple:
            raise ParameterError(
                f"parameter `{name}` takes one value and got {len(value)}",
                where=command.where,
                hint="Make the node a task, to run once for each; or let the parameter take several: `multiple: separate`.",
            )
    given = {name: list(one) if isinstance(one, tuple) else one for name, one in values.items()}
    try:
        made: list[str] = build_command(
            list(command.lines), ParameterMap(parameters=known, values=given), command.special
        )
        return made
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise ParameterError(f"the parameters can't be put into the command: {error}", where=command.where) from None


class Execution:
    """A command that runs once: in a room of its own, as a group of processes.

    Called with its settings and inputs by name; returns `outputs` (a folder), `metadata` (the latest value of each name)
    and `settings` (the parameters and variables that it ran with).
    """

    arguments: tuple[str, ...] = ()

    def __init__(self, command: Command, code: Code, room: Room, downloads: Downloads) -> None:
        self.command = command
        self.code = code
        self.room = room
        self._downloads = downloads

    def __call__(self, **arguments: Any) -> dict[str, Any]:
        """Do it."""
        command, room = self.command, self.room
        context = current()
        outcome = Outcome(command)
        variables: dict[str, Any] = {}
        with outcome:
            outcome.values = parameter_values(command, arguments)
            variables = variable_values(command, arguments)
            started(command, outcome.values)
            self._run(outcome, variables, arguments)
        settings = {"parameters": dict(outcome.values), "environment-variables": variables, **outcome.told}
        made = {"outputs": room.outputs, "metadata": outcome.metadata, "settings": settings}
        if context is not None and "inputs" in context.task.outputs:
            made["inputs"] = room.inputs
        return made

    def _run(self, outcome: Outcome, variables: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
        """Raises `StepFailed` for a command that does."""
        command, room, values = self.command, self.room, outcome.values
        context = current()
        task = context.task.id if context is not None else command.name
        told = place_inputs(command, room, self._downloads, arguments, [values])
        room.configure(
            told, {name: _moved(room, one) for name, one in values.items() if one is not None}, self._about(task)
        )
        lines = [room.moved(one) for one in command_lines(command, values)]
        given = {name: room.moved(str(value)) for name, value in variables.items() if value is not None}
        environment = room.environment(task, command.pipeline, command.name, given)
        reader = _Metadata(outcome.metadata, command.stop, values)
        before = room.mounting() if command.mounted else ()
        code, last = run_script(
            script_of(lines),
            room.root / "command",
            room.repository,
            environment,
            reader,
            before=before,
            limit=command.limit,
            silence=command.silence,
        )
        for name in room.tidied():
            say(f"output `{name}` is no file that can be kept (a link to nothing, a socket, a pipe): it is left out")
        if code:
            raise StepFailed(
                f"the command {ended(code)}", where=command.where, hint="Its output is in the log.", traceback=last
            )

    def _about(self, task: str) -> dict[str, Any]:
        command = self.command
        return {
            "valohai.execution-id": identifier(task),
            "valohai.execution-step": command.step,
            "valohai.execution-image": command.image,
            "valohai.execution-title": command.name,
            "valohai.execution-counter": 1,
            "valohai.execution-status": "started",
            "valohai.execution-tags": [],
            "valohai.project-id": identifier("project"),
            "valohai.pipeline-title": command.pipeline,
        }


def _moved(room: Room, value: Any) -> Any:
    """A parameter's value with the room's folders in place of `/valohai/outputs` and its like."""
    if isinstance(value, list | tuple):
        return [_moved(room, one) for one in value]
    return room.moved(value) if isinstance(value, str) else value


def started(command: Command, values: Mapping[str, Any]) -> None:
    """What is to be done as a node starts: go on, wait for people's word, or let it be."""
    for action in command.actions:
        if action.when == "node-starting":
            _do_action(action, command, {}, values)


def _do_action(action: Action, command: Command, metadata: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Judge an action's conditions, and do what it says if all hold."""
    if not hold_all(action.conditions, metadata, values):
        return
    node = command.step if command.role == "gate" else command.name
    because = f" ({' and '.join(action.conditions)})" if action.conditions else ""
    for then in action.then:
        if then == "require-approval":
            hold(f"`{node}` {_EVENTS[action.when]}{because}: go on?")
        elif then == "stop-pipeline":
            raise Skip(f"the pipeline stops here{because}", everything=True)
        elif then == "error-pipeline":
            raise StepFailed(f"an action ends the pipeline in error{because}", where=action.where)


_EVENTS = {"node-starting": "is about to start", "node-complete": "is complete", "node-error": "failed"}


class Gate:
    """What a node does when it is complete, or has failed and that is tolerated: the step between it and what comes after."""

    def __init__(self, command: Command, code: Code) -> None:
        self.command, self.code = command, code

    def __call__(self, **arguments: Any) -> bool:
        """True, if all may go on."""
        settings = arguments.get("settings") or {}
        when = "node-error" if settings.get("failed") else "node-complete"
        for action in self.command.actions:
            if action.when == when:
                _do_action(action, self.command, arguments.get("metadata") or {}, settings.get("parameters") or {})
        return True


class _Metadata:
    """Reads what a command prints: a line that is a JSON object gives metadata."""

    def __init__(self, latest: dict[str, Any], stop: str, parameters: Mapping[str, Any]) -> None:
        self._latest, self._stop, self._parameters = latest, stop, parameters

    def __call__(self, line: str) -> None:
        text = line.strip()
        if not (text.startswith("{") and text.endswith("}")):
            return
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return
        if not isinstance(found, dict) or not found:
            return
        context = current()
        for name, value in found.items():
            self._latest[str(name)] = value
            if context is not None and isinstance(value, int | float) and not isinstance(value, bool):
                try:
                    context.metric(str(name), float(value), None)
                except OverflowError:  # a whole number beyond what series hold stays metadata
                    continue
        if self._stop and holds(self._stop, self._latest, self._parameters)[0]:
            say(f"stop condition `{self._stop}` holds: the command may end")
            raise Enough
