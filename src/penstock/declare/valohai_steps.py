"""One step of a `valohai.yaml`, as a node runs it, as a Step."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from penstock.declare.valohai_tree import Tree
from penstock.model.code import Piece
from penstock.model.command import Action, Command, CommandInput, Link, Sweep
from penstock.model.step import Options, Output, Parameter, Step
from penstock.plan.filesets import STAND_INS, is_elsewhere
from penstock.work.allowed import typed
from penstock.work.command import VARIABLE, needed
from penstock.work.inputs import INPUT
from penstock.work.jobs import code_of, entry_of, files_of
from penstock.work.remote import stub_of

__all__ = ["Blueprint", "Surroundings", "as_list", "blueprint", "portable", "safe_name", "step_of", "varied"]

_TYPES = {"string": str, "integer": int, "float": float, "flag": bool}
_KEEP = {True: "full", False: "none", None: "none"}


class Blueprint(Struct, frozen=True):
    """A step as a node has it: the file's own words, with what the node puts in their place."""

    raw: dict[str, Any]
    path: tuple[Any, ...]
    image: str
    lines: tuple[str, ...]
    parameters: dict[str, dict[str, Any]]
    inputs: dict[str, dict[str, Any]]
    variables: dict[str, dict[str, Any]]


class Surroundings:
    """The file and the repository around steps; the repository's files are read once for each set of patterns. With
    `stubs`, inputs that are not here are empty files of their names; with `mounted`, commands find their folders under /valohai."""

    def __init__(
        self,
        tree: Tree,
        root: Path,
        source: str,
        ignored: Sequence[str],
        *,
        stubs: bool = False,
        mounted: bool = False,
    ) -> None:
        self.tree, self.root, self.source, self.ignored = tree, root, source, tuple(ignored)
        self.stubs, self.mounted = stubs, mounted
        self._files: dict[tuple[str, ...], tuple[Piece, ...]] = {}

    def files(self, command: Command) -> tuple[Piece, ...]:
        """The repository's files that a command can read."""
        if command.files not in self._files:
            self._files[command.files] = files_of(replace(command, role="execution"), self.root, self.ignored)
        return self._files[command.files]


def as_list(value: Any) -> list[Any]:
    """A value as a list: itself, if it is one; nothing for None."""
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]


def safe_name(name: str, taken: Mapping[str, Any] | set[str] = frozenset()) -> str:  # type: ignore[assignment]
    """A name that steps, tasks and files can bear, and nothing in `taken` does.

    >>> safe_name("Train v1.2 (CPU/GPU)")
    'Train v1-2 (CPU-GPU)'
    """
    text = re.sub(r"[/.\[\]\\\x00-\x1f=]+", "-", name).strip() or "step"
    found, count = text, 1
    while found in taken:
        count += 1
        found = f"{text}-{count}"
    return found


def blueprint(raw: Mapping[str, Any], path: tuple[Any, ...], override: Mapping[str, Any] | None = None) -> Blueprint:
    """A step with a node's overrides: what is said of a parameter or input replaces what its step says; an input without a
    default has none, and so has a variable."""
    over = dict(override or {})
    parameters = {one["name"]: dict(one) for one in raw.get("parameters") or ()}
    for one in over.get("parameters") or ():
        parameters[one["name"]] = {**parameters.get(one["name"], {"type": "string"}), **one}
    inputs = {one["name"]: dict(one) for one in raw.get("inputs") or ()}
    for one in over.get("inputs") or ():
        inputs[one["name"]] = {**inputs.get(one["name"], {}), "default": None, **one}
    variables = {one["name"]: dict(one) for one in raw.get("environment-variables") or ()}
    for one in over.get("environment-variables") or ():
        variables[one["name"]] = {**variables.get(one["name"], {}), "default": None, **one}
    return Blueprint(
        raw=dict(raw),
        path=path,
        image=str(over.get("image") or raw.get("image") or ""),
        lines=tuple([str(one) for one in as_list(over.get("command") or raw.get("command"))]),
        parameters=parameters,
        inputs=inputs,
        variables=variables,
    )


def step_of(
    around: Surroundings,
    name: str,
    made: Blueprint,
    *,
    links: Sequence[Link] = (),
    inputs: Mapping[str, str] | None = None,
    values: Mapping[str, Any] | None = None,
    sweep: Sweep | None = None,
    actions: Sequence[Action] = (),
    options: Options | None = None,
    append: bool = False,
    lenient: bool = False,
    tries: int = 1,
    give_inputs: bool = False,
    pipeline: str = "",
    where: str = "",
) -> Step:
    """A Step that runs a blueprint's command. `inputs` binds arguments to artifacts, `links` say what edges bring by them;
    `values` are a pipeline's own for some parameters."""
    raw, tree, options = made.raw, around.tree, options or Options()
    errors = tuple([one for one in actions if one.when == "node-error" and set(one.then) != {"noop"}])
    bears = lenient or bool(errors) or (sweep is not None and sweep.lenient)
    where = where or tree.place(*made.path, "name")
    fed = {one.name for one in links if one.target == "input"}
    command = Command(
        name=name,
        role="task" if sweep is not None else "execution",
        step=raw["name"],
        image=made.image,
        lines=made.lines,
        parameters=tuple([_plain_definition(one) for one in made.parameters.values()]),
        inputs=(
            *[_input(one) for one in made.inputs.values()],
            *[CommandInput(one, optional=True) for one in sorted(fed) if one not in made.inputs],
        ),
        variables=tuple(
            dict.fromkeys([*made.variables, *[x.name for x in links if x.target == "environment-variable"]])
        ),
        links=tuple(links),
        append=append,
        files=tree.files(*made.path),
        stop=str(raw.get("stop-condition") or ""),
        special={"source-path": str(raw["source-path"])} if raw.get("source-path") else {},
        lenient=lenient,
        actions=tuple([one for one in actions if one.when == "node-starting"]),
        errors=errors,
        tries=tries,
        limit=options.timeout if bears else 0.0,
        silence=options.no_output_timeout if bears else 0.0,
        bare=around.stubs,
        sweep=sweep,
        pipeline=pipeline,
        source=around.source,
        mounted=around.mounted,
        where=where,
    )
    if bears:  # what ends at its limit must end as a command, whose failure can be borne
        options = replace(options, timeout=0.0, no_output_timeout=0.0)
    given = {one.name for one in links if one.target == "parameter"} | set(varied(sweep))
    settings = [
        _parameter(
            one,
            (values or {}).get(one["name"], _MISSING),
            task=sweep is not None,
            required=one.get("optional") is False and needed(one) and one["name"] not in given and not around.stubs,
        )
        for one in made.parameters.values()
    ]
    for one in made.inputs.values():
        kept = [] if one["name"] in fed and not append else [str(uri) for uri in as_list(one.get("default"))]
        if around.stubs:
            kept = [stub_of(uri) if is_elsewhere(uri, around.root) else uri for uri in kept]
        stand_in = f"{STAND_INS}/{raw['name']}/{one['name']}" if kept and "/" not in raw["name"] else ""
        settings.append(Parameter(f"{INPUT}{one['name']}", "files", default=kept, stand_in=stand_in))
    brought = {one.name for one in links if one.target == "environment-variable"}
    for name_, one in made.variables.items():
        default = one.get("default")
        wanted = one.get("optional") is False and default is None and name_ not in brought and not around.stubs
        default = None if default is None else str(default)
        settings.append(Parameter(f"{VARIABLE}{name_}", annotation=str, default=default, required=wanted))
    outputs = [
        "outputs",
        "metadata",
        "settings",
        *(["table"] if sweep is not None else []),
        *(["inputs"] if give_inputs else []),
    ]
    return Step(
        name=name,
        kind="step",
        function=_command_function,
        inputs=dict(inputs or {}),
        parameters=tuple(settings),
        outputs=tuple([Output(one) for one in outputs]),
        options=replace(options, description=str(raw.get("description") or ""), image=made.image),
        where=where,
        code=code_of(command, around.files(command)),
        entry=entry_of(command),
    )


def _command_function(**arguments: Any) -> Any:
    """What stands for the function of a step that is a command: a worker makes its own from the step's entry."""
    raise TypeError(f"a command can't be called in this process (with {', '.join(arguments) or 'nothing'})")


_MISSING: Any = object()


def varied(sweep: Sweep | None) -> list[str]:
    """The parameters that a task gives values to."""
    if sweep is None:
        return []
    return [*[str(one["name"]) for one in sweep.parameters], *[name for one in sweep.sets for name in one]]


def _parameter(one: Mapping[str, Any], given: Any, *, task: bool, required: bool) -> Parameter:
    multiple = str(one.get("multiple") or "none") != "none"
    default = one.get("default") if given is _MISSING else given
    if multiple and default is not None:
        default = as_list(default)
    name = str(one.get("type") or "string")
    default = [typed(name, each) for each in default] if isinstance(default, list) else typed(name, default)
    kind = _TYPES.get(name, str)
    number: Any = int | float if kind is float else kind  # a whole number stays as it is written: `2` is no `2.0`
    annotation: Any = list[number] if multiple else number
    fits = default is None or (
        all(_fits(each, kind) for each in default)
        if multiple
        else not isinstance(default, list) and _fits(default, kind)
    )
    return Parameter(
        str(one["name"]),
        annotation=Any if task or not fits else annotation,
        default=default,
        required=required and default is None,
    )


def _fits(value: Any, kind: type) -> bool:
    return type(value) is kind or (kind is float and type(value) is int)


def _plain_definition(one: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter's definition without what does not travel (a widget) or is told elsewhere (its default)."""
    left = {"widget", "default", "description", "category"}
    return {key: portable(value, float) for key, value in one.items() if key not in left}


def portable(value: Any, other: Callable[[int], Any]) -> Any:
    """A value with `other` in place of whole numbers that are too large to travel with a task.

    >>> portable([1, 2**70], str)
    [1, '1180591620717411303424']
    """
    if isinstance(value, dict):
        return {key: portable(one, other) for key, one in value.items()}
    if isinstance(value, list):
        return [portable(one, other) for one in value]
    return other(value) if isinstance(value, int) and abs(value) >= 2**63 else value


def _input(one: Mapping[str, Any]) -> CommandInput:
    keep = one.get("keep-directories")
    return CommandInput(
        name=str(one["name"]),
        filename=str(one.get("filename") or ""),
        keep=_KEEP[keep] if isinstance(keep, bool) or keep is None else str(keep).lower(),  # type: ignore[arg-type]
        optional=bool(one.get("optional")),
    )
