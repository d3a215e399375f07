"""From a task whose entry is a command to the callable that does it, and the identity of a command."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from penstock.model.code import Code, Piece
from penstock.model.command import Command, Files, Sweep
from penstock.model.digest import combine
from penstock.model.step import Entry
from penstock.model.task import Task
from penstock.work.allowed import typed
from penstock.work.command import Execution, Gate, parameter_values, started, variable_values
from penstock.work.conditions import holds
from penstock.work.context import Each, current, figure, note
from penstock.work.deployment import Deployment
from penstock.work.inputs import INPUT, place_inputs
from penstock.work.outcomes import Outcome
from penstock.work.outputs import Target
from penstock.work.pictures import results_picture
from penstock.work.remote import Bucket, Downloads
from penstock.work.repository import listing, pieces_of, with_files
from penstock.work.room import Room
from penstock.work.sweep import next_items

__all__ = [
    "Child",
    "Collected",
    "Sweeping",
    "code_of",
    "command_of",
    "entry_of",
    "files_of",
    "job_of",
    "target_of",
]

_READS = frozenset({"execution", "task", "child"})  # roles that run in the repository


def entry_of(command: Command) -> Entry:
    """How a worker finds a command: all of it travels with the task."""
    return Entry("command", name=command.name, data=msgspec.msgpack.encode(command))


def command_of(entry: Entry) -> Command:
    """The command of an entry."""
    return msgspec.msgpack.decode(entry.data, type=Command)


def code_of(command: Command, files: tuple[Piece, ...]) -> Code:
    """The identity of a command: what it declares, and the repository's files that it can read."""
    return with_files(_declared(command), files if command.role in _READS else ())


def files_of(command: Command, root: Path, ignored: Sequence[str], target: Path | None = None) -> tuple[Piece, ...]:
    """The repository's files that a command can read, hashed, while they are copied to `target`."""
    if command.role not in _READS:
        return ()
    return pieces_of(root, listing(root, command.files, ignored), target, command.source)


def _declared(command: Command) -> Piece:
    """What of a declaration changes the work: not its place, its names in other nodes' mouths, or what failures lead to."""
    role = "execution" if command.role in {"task", "child"} else command.role
    lines = [f"kind: {role}", f"image: {command.image}" if command.image else ""]
    lines += [f"command: {one}" for one in command.lines]
    for one in command.parameters:
        shown = {key: value for key, value in one.items() if key not in _FREE}
        lines.append(f"parameter: {shown}")
    lines += [f"input: {one.name} {one.filename} {one.keep}" for one in command.inputs]
    lines += [f"environment variable: {one}" for one in command.variables]
    for link in command.links:
        lines.append(f"edge: {link.kind} {link.key} → {link.target} {link.name}{' of a task' if link.task else ''}")
    lines += ["edges are added to defaults"] if command.append and command.links else []
    lines += [f"files: {one}" for one in command.files]
    lines += [f"stop condition: {command.stop}"] if command.stop else []
    lines += [f"{key}: {value}" for key, value in command.special.items()]
    for action in command.actions:
        lines.append(
            f"action: {action.when} if {' and '.join(action.conditions) or 'always'}: {', '.join(action.then)}"
        )
    if command.role == "task" and command.sweep is not None:
        lines.append(f"task: {msgspec.to_builtins(replace(command.sweep, strict=False, most=0))}")
    for endpoint, files in command.endpoints.items():
        lines.append(f"endpoint: {endpoint} {files}")
    text = "\n".join([one for one in lines if one])
    file, _, place = command.where.partition(":")
    line = int(place.partition(":")[0] or 0) if place.partition(":")[0].isdigit() else 0
    return Piece("declaration", "declaration", combine("command", text.splitlines()), file, line, text)


_FREE = frozenset({"description", "category", "widget", "default", "optional", "min", "max", "choices"})


def job_of(task: Task, state: Path, bucket: Callable[[str], Bucket] | None = None) -> tuple[Any, Code | None]:
    """The callable that does a task, and the command's identity as this process found it while it copied the files.

    `bucket` opens the object store at an address.
    """
    downloads = Downloads(state / "downloads", bucket)
    command = command_of(task.entry)
    root, ignored = Path(task.root), (str(state),)
    if task.entry.kind == "gather":
        return Collected(command, state, downloads), None
    if command.role in {"gate", "deployment"}:
        code = code_of(command, ())
        return Gate(command, code) if command.role == "gate" else Deployment(command, code, Room(state / "jobs")), code
    if command.role == "task":
        code = code_of(command, files_of(command, root, ignored))
        return Sweeping(command, code, state), code
    room = Room(state / "jobs")
    code = code_of(command, files_of(command, root, ignored, room.repository))
    kind = Child if command.role == "child" else Execution
    return kind(command, code, room, downloads), code


def target_of(child: Any) -> Target:
    """How a worker finds the command that a task's items are handed to."""
    assert isinstance(child, Child)
    return Target(entry_of(child.command), child.code, child.arguments, child.command.step)


class Child(Execution):
    """One execution of a task: an item gives some of its parameters."""

    def __call__(self, **arguments: Any) -> dict[str, Any]:
        """Do it; parameters, metadata and outputs as one value."""
        item = arguments.pop("item")
        filled = {name: _files(one) if name.startswith(INPUT) else one for name, one in arguments.items()}
        links = [
            one for one in self.command.links if not (one.target == "parameter" and one.name in item["parameters"])
        ]
        self.command = replace(self.command, links=tuple(links))
        made = super().__call__(**{**filled, **item["parameters"]})
        return {
            "index": item["index"],
            "parameters": item["parameters"],
            "metadata": made["metadata"],
            "outputs": made["outputs"],
            "failed": made["settings"].get("failed", ""),
        }


class Sweeping:
    """A task: it becomes one execution for each set of parameter values."""

    def __init__(self, command: Command, code: Code, state: Path) -> None:
        self.command, self.code, self._state = command, code, state

    def __call__(self, **arguments: Any) -> Each:
        """The first executions; all of them, unless later ones depend on what comes of them."""
        outcome, grown = Outcome(self.command), None
        with outcome:
            started(self.command, parameter_values(self.command, arguments))
            grown = _more(self.command, self.code, arguments, ())
        return grown if grown is not None else Each([], _child(self.command, self.code, arguments), _shared(arguments))


class Collected:
    """What came of a task's executions: their outputs side by side, their metadata as lists, and a table."""

    def __init__(self, command: Command, state: Path, downloads: Downloads) -> None:
        self.command, self._state, self._downloads = command, state, downloads

    def __call__(self, values: list[dict[str, Any]], **arguments: Any) -> Any:
        """More executions, or the whole."""
        command = self.command
        assert command.sweep is not None
        outcome = Outcome(command, [one for one in values if not one["failed"]])
        base: dict[str, Any] = {}
        variables: dict[str, Any] = {}
        with outcome:
            base, variables = parameter_values(command, arguments), variable_values(command, arguments)
            if command.sweep.kind == "bayesian" or command.sweep.stop:
                code = code_of(command, files_of(command, Path(_root()), (str(self._state),)))
                grown = _more(command, code, arguments, values)
                if grown is not None:
                    return grown
            outcome.judge(values, base)
        self.room = Room(self._state / "jobs")
        table = self._table(values)
        picture = results_picture(table, command.sweep.metric)
        if picture:
            figure(picture, "results")
        settings = {"parameters": base, "environment-variables": variables, **outcome.told}
        metadata = outcome.metadata
        made = {"outputs": self.room.outputs, "metadata": metadata, "settings": settings, "table": table}
        context = current()
        if context is not None and "inputs" in context.task.outputs:
            # The same for all executions, but where a parameter in an address is what the task varies.
            varied = [{**base, **one["parameters"]} for one in values] or [base]
            place_inputs(command, self.room, self._downloads, arguments, varied)
            made["inputs"] = self.room.inputs
        return made

    def _table(self, values: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """A row for each execution; the outputs of those that did not fail are laid side by side."""
        for one in values:
            if one["failed"]:
                continue
            folder = self.room.outputs / str(one["index"])
            shutil.copytree(Path(one["outputs"]), folder, copy_function=shutil.copyfile)
            for path in folder.rglob("*"):
                path.chmod(path.stat().st_mode | 0o200)
            folder.chmod(0o755)
        return [
            {"execution": one["index"], **one["parameters"], **one["metadata"]}
            | ({"failed": one["failed"]} if one["failed"] else {})
            for one in values
        ]


def _root() -> str:
    context = current()
    return context.task.root if context is not None else "."


def _child(command: Command, code: Code, arguments: Mapping[str, Any]) -> Child:
    lenient = command.lenient or bool(command.errors) or (command.sweep is not None and command.sweep.lenient)
    child = object.__new__(Child)  # only described, never called here: another process makes its own
    child.command = replace(command, role="child", sweep=None, lenient=lenient, actions=(), errors=())
    # The same pieces but the task's own: how the values were found does not change what one execution does.
    child.code = code_of(child.command, code.pieces[1:])
    child.arguments = ("item", *_shared(arguments))
    return child


def _shared(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: msgspec.to_builtins(one) if isinstance(one, Files) else one for name, one in arguments.items()}


def _files(value: Any) -> Any:
    return msgspec.convert(value, Files) if isinstance(value, dict) else value


def _more(command: Command, code: Code, arguments: Mapping[str, Any], done: Sequence[dict[str, Any]]) -> Each | None:
    """The executions so far and the next ones; None if it is enough."""
    sweep = command.sweep or Sweep()
    good = [one for one in done if not one["failed"]]
    if sweep.stop and any(holds(sweep.stop, one["metadata"], one["parameters"])[0] for one in good):
        return None
    base = parameter_values(command, arguments)
    empty = [one for one in command.links if one.target == "parameter" and base.get(one.name) == []]
    if empty:
        note(f"`{empty[0].source}` gives no value for `{empty[0].name}`: there are no executions.")
        return None
    context = current()
    results = [(one["parameters"], None if one["failed"] else _metric(one["metadata"], sweep.metric)) for one in done]
    items = next_items(sweep, base, _varied(command, base), results, context.task.seed if context is not None else 0)
    if not items:
        return None
    kinds = {one["name"]: one.get("type", "string") for one in command.parameters}
    known = [one["parameters"] for one in done]
    every = [*known, *[{name: typed(str(kinds.get(name)), one) for name, one in each.items()} for each in items]]
    listed = [{"index": index, "parameters": one} for index, one in enumerate(every)]
    return Each(listed, _child(command, code, arguments), _shared(arguments), most=sweep.most, strict=sweep.strict)


def _varied(command: Command, base: Mapping[str, Any]) -> list[str]:
    """The parameters that a task varies because their value is a list: what edges bring, and what takes single values."""
    sweep = command.sweep or Sweep()
    named = {one["name"] for one in sweep.parameters} | {name for one in sweep.sets for name in one}
    brought = {one.name for one in command.links if one.target == "parameter"}
    single = {one["name"] for one in command.parameters if one.get("multiple", "none") == "none"}
    return [
        name for name, one in base.items() if isinstance(one, list) and name not in named and name in brought | single
    ]


def _metric(metadata: Mapping[str, Any], name: str) -> float | None:
    value = metadata.get(name)
    return float(value) if isinstance(value, int | float) else None
