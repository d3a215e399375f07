"""Command steps: a callable that performs one, for `perform` to call like any function."""

import fnmatch
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penstock.errors import ParameterError, StepFailed
from penstock.model.code import Code
from penstock.model.command import Action, Command, FileRef, Files, Link
from penstock.work.conditions import holds
from penstock.work.context import Changed, Skip, current, hold, note
from penstock.work.process import Enough, run_script, script_of
from penstock.work.remote import fetch
from penstock.work.room import SIDECAR, Room, identifier, is_sidecar

__all__ = [
    "INPUT",
    "VARIABLE",
    "Execution",
    "Gate",
    "chosen",
    "command_lines",
    "matches",
    "parameter_values",
    "started",
]

INPUT, VARIABLE = "input.", "environment-variable."


def parameter_values(command: Command, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a command's parameters: its settings, and what edges bring in their place.

    Raises `ParameterError` for an edge whose source printed no such metadata.
    """
    found = {one["name"]: arguments[one["name"]] for one in command.parameters if one["name"] in arguments}
    for link in command.links:
        if link.target == "parameter":
            found[link.name] = _brought(link, arguments[link.argument], found.get(link.name))
    multiple = {one["name"] for one in command.parameters if one.get("multiple", "none") != "none"}
    for name in multiple:
        if name in found and found[name] is not None and not isinstance(found[name], list | tuple):
            found[name] = [found[name]]
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

    def __init__(self, command: Command, code: Code, room: Room, downloads: Path) -> None:
        self.command = command
        self.code = code
        self.room = room
        self._downloads = downloads
        self.failed = ""

    def __call__(self, **arguments: Any) -> dict[str, Any]:
        """Do it."""
        command, room = self.command, self.room
        context = current()
        task = context.task.id if context is not None else command.name
        values = parameter_values(command, arguments)
        started(command, values)
        variables = {name: arguments.get(f"{VARIABLE}{name}") for name in command.variables}
        for link in command.links:
            if link.target == "environment-variable":
                variables[link.name] = _brought(link, arguments[link.argument], variables.get(link.name))
        told = self._inputs(arguments, values)
        room.configure(told, {name: one for name, one in values.items() if one is not None}, self._about(task))
        lines = [room.moved(one) for one in command_lines(command, values)]
        given = {name: room.moved(str(value)) for name, value in variables.items() if value is not None}
        environment = room.environment(task, command.pipeline, command.name, given)
        metadata: dict[str, Any] = {}
        reader = _Metadata(metadata, command.stop, values)
        before = room.mounting() if command.mounted else ()
        code, last = run_script(
            script_of(lines), room.root / "command", room.repository, environment, reader, before=before
        )
        if code:
            self.failed = _ended(code)
            if not command.lenient:
                raise StepFailed(
                    f"the command {self.failed}", where=command.where, hint="Its output is in the log.", traceback=last
                )
            note(f"The command {self.failed}; what follows goes on all the same, as its node says.")
            if context is not None:
                context.cached = False
        settings = {"parameters": values, "environment-variables": {**variables}}
        made = {"outputs": room.outputs, "metadata": metadata, "settings": settings}
        if context is not None and "inputs" in context.task.outputs:
            made["inputs"] = room.inputs
        return made

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

    def _inputs(self, arguments: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
        told = {}
        for one in self.command.inputs:
            links = [link for link in self.command.links if link.target == "input" and link.name == one.name]
            files: list[tuple[FileRef, Path, list[Any]]] = []
            own = arguments.get(f"{INPUT}{one.name}")
            if isinstance(own, Files) and (not links or self.command.append):
                files += [each for ref in own.files for each in self._found(ref, values)]
            for link in links:
                if link.kind in {"metadata", "parameter"}:
                    files += self._addressed(_brought(link, arguments[link.argument], None), values)
                elif link.kind != "dependency":
                    files += chosen(arguments[link.argument], link)
            if not files and not one.optional:
                _say(f"input `{one.name}` has no files")
            try:
                told[one.name] = self.room.place(one, files)
            except ValueError as error:
                raise Changed(f"{error} was edited") from None
        return told

    def _addressed(self, value: Any, values: Mapping[str, Any]) -> list[tuple[FileRef, Path, list[Any]]]:
        """The files whose addresses an edge brings."""
        found = []
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and "://" in one:
                name = one.partition("?")[0].rstrip("/").rpartition("/")[2] or "index"
                found += self._found(FileRef(one, name, name, name), values)
            elif one is not None:
                _say(f"{one!r} is no address of a file")
        return found

    def _found(self, ref: FileRef, values: Mapping[str, Any]) -> list[tuple[FileRef, Path, list[Any]]]:
        if ref.path:
            return [(ref, Path(ref.path), [])]
        uri = re.sub(
            r"\{parameter(?:-value)?:([^}]+)\}",
            lambda match: match[0] if values.get(match[1]) is None else str(values[match[1]]),
            ref.uri,
        )
        found = fetch(uri, self._downloads)
        base = re.split(r"[*?]", ref.full, maxsplit=1)[0].rpartition("/")[0]
        return [
            (
                FileRef(uri, name.rpartition("/")[2], f"{base}/{name}".lstrip("/"), name),
                path,
                [],
            )
            for name, path in found
        ]


def started(command: Command, values: Mapping[str, Any]) -> None:
    """What is to be done as a node starts: go on, wait for people's word, or let it be."""
    for action in command.actions:
        if action.when == "node-starting":
            _do_action(action, command, {}, values)


def _do_action(action: Action, command: Command, metadata: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Judge an action's conditions, and do what it says if all hold."""
    for one in action.conditions:
        good, why = holds(one, metadata, values)
        if why:
            _say(f"condition `{one}` can't be judged: {why}; it does not hold")
        if not good:
            return
    because = f" ({' and '.join(action.conditions)})" if action.conditions else ""
    for then in action.then:
        if then == "require-approval":
            hold(f"{action.when.replace('-', ' ')} of `{command.name}`{because}: go on?")
        elif then == "stop-pipeline":
            raise Skip(f"the pipeline stops here{because}", everything=True)
        elif then == "error-pipeline":
            raise StepFailed(f"an action ends the pipeline in error{because}", where=action.where)


class Gate:
    """What a node does when it is complete: the step between it and what comes after."""

    def __init__(self, command: Command, code: Code) -> None:
        self.command, self.code = command, code
        self.failed = ""

    def __call__(self, **arguments: Any) -> bool:
        """True, if all may go on."""
        settings = arguments.get("settings") or {}
        for action in self.command.actions:
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
            _say(f"stop condition `{self._stop}` holds: the command may end")
            raise Enough


def chosen(value: Any, link: Link) -> list[tuple[FileRef, Path, list[Any]]]:
    """The files of a folder that an edge names, each with what its sidecar says; none, said aloud, where none match.

    A pattern stands for the path below the folder, and a plain name for a folder as well; from a task, below each of its
    executions' folders.
    """
    folder = Path(value)
    inner = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    pattern = link.key
    if link.kind == "input":  # inputs by name or pattern, then files in them
        first, _, rest = link.key.partition("/")
        pattern = rest or "*"
        inner = {
            name.partition("/")[2]: path
            for name, path in inner.items()
            if fnmatch.fnmatchcase(name.partition("/")[0], first) and "/" in name
        }
    names = {name: (name.partition("/")[2] or name) if link.task else name for name in inner}
    plain = {name for name in inner if not is_sidecar(name, set(inner))}
    found = [name for name in plain if matches(names[name], pattern)]
    if not found:
        _say(f"no {link.kind} of `{link.source}` matches `{link.key}`")
    fixed = pattern[: min([pattern.index(mark) for mark in "*?[" if mark in pattern], default=len(pattern))]
    base = fixed.rpartition("/")[0]
    listed = []
    for name in sorted(found):
        short = names[name]
        suffix = short[len(base) + 1 :] if base and short.startswith(f"{base}/") else short
        ref = FileRef(f"penstock://{link.source}/{short}", short.rpartition("/")[2], short, suffix)
        listed.append((ref, inner[name], _notes(folder, name)))
    return listed


def matches(name: str, pattern: str) -> bool:
    """Whether a file is named by a pattern: the whole path, or the folder that it lies in.

    >>> matches("results/a.pkl", "*.pkl"), matches("results/a.pkl", "results"), matches("a.pkl", "b*")
    (True, True, False)
    """
    pattern = pattern.lstrip("/").rstrip("/")
    return name == pattern or fnmatch.fnmatchcase(name, pattern) or name.startswith(f"{pattern}/")


def _notes(folder: Path, name: str) -> list[Any]:
    notes = []
    beside = folder / f"{name}{SIDECAR}"
    try:
        notes.append(json.loads(beside.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        pass
    try:
        for line in (folder / "valohai.metadata.jsonl").read_text(encoding="utf-8").splitlines():
            told = json.loads(line)
            if isinstance(told, dict) and told.get("file") == name:
                notes.append(told.get("metadata"))
    except (OSError, ValueError):
        pass
    return notes


def _brought(link: Link, value: Any, own: Any) -> Any:
    """What an edge brings from the artifact that it begins at; `own` where that printed nothing at all."""
    table: Any = value
    if link.kind in {"parameter", "environment-variable"}:
        table = value.get("parameters" if link.kind == "parameter" else "environment-variables", {})
    if isinstance(table, Mapping) and link.key in table:
        return table[link.key]
    if link.kind == "metadata" and not table:
        _say(f"`{link.source}` printed no metadata; `{link.name}` keeps its own value")
        return own
    words = {"metadata": "printed no metadata", "parameter": "has no parameter"}.get(link.kind, f"gives no {link.kind}")
    known = ", ".join(f"`{one}`" for one in table) if isinstance(table, Mapping) and table else "none"
    raise ParameterError(
        f"`{link.source}` {words} `{link.key}`, which `{link.name}` is to come from",
        hint=f"It has: {known}. Metadata is a line of its own: print(json.dumps({{{link.key!r}: value}})).",
    )


def _ended(code: int) -> str:
    if code > 0:
        signal_ = f" (signal {code - 128})" if code > 128 else " (no such command)" if code == 127 else ""
        return f"ended with exit code {code}{signal_}"
    return f"was ended by signal {-code}"


def _say(text: str) -> None:
    print(f"penstock: {text}", flush=True)  # noqa: T201 - into the step's log
