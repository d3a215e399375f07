"""A `valohai.yaml` as it is: one of its pipelines, steps or tasks as Steps."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from penstock.declare.valohai_checks import Verdicts, verdicts
from penstock.declare.valohai_pipelines import Nodes, check_varied, options_of, pipeline_steps, sweep_of
from penstock.declare.valohai_steps import Surroundings, blueprint, safe_name, step_of, varied
from penstock.declare.valohai_tree import Tree, need_valohai
from penstock.declare.valohai_values import misfits_of_task
from penstock.errors import DeclarationError, ParameterError, PenstockError, PipelineNotFound, UnknownName, did_you_mean
from penstock.graph.graph import build
from penstock.model.code import Piece
from penstock.model.step import Step
from penstock.work.allowed import allowed
from penstock.work.command import needed
from penstock.work.jobs import command_of
from penstock.work.repository import listing

__all__ = ["Parts", "ValohaiFile", "is_valohai", "lint_valohai", "load_valohai", "open_valohai"]

_KINDS = ("step", "task", "pipeline", "endpoint", "deployment")
_KEPT = 1 << 20  # bytes: a source file up to which a snapshot holds it


def is_valohai(path: str | Path) -> bool:
    """Whether a pipeline file is one of these, by its name.

    >>> is_valohai("valohai.yaml"), is_valohai("flights.py")
    (True, False)
    """
    return Path(path).suffix.lower() in {".yaml", ".yml"}


class Parts:
    """What a file declares, and where: for each kind, names with (index in the file, content)."""

    def __init__(self, path: Path, root: Path) -> None:
        need_valohai()
        self.file = path
        self.tree = Tree(path, str(path.relative_to(root)) if path.is_relative_to(root) else path.name)
        self.verdicts: Verdicts
        self.config: Any
        self.verdicts, self.config = (
            verdicts(self.tree) if self.tree.data is not None else (Verdicts([], {}, [], [], []), None)
        )
        self.named: dict[str, dict[str, tuple[int, dict[str, Any]]]] = {kind: {} for kind in _KINDS}
        self.broken: dict[tuple[str, str], int] = {}  # items whose own form is wrong: their index
        for index, item in enumerate(self.tree.data or () if not self.verdicts.broken else ()):
            for kind in _KINDS:
                part = item.get(kind) if isinstance(item, dict) else None
                if index in self.verdicts.items and isinstance(part, dict):
                    self.broken[kind, str(part.get("name", ""))] = index
                elif isinstance(part, dict):
                    self.named[kind][str(part["name"])] = (index, _plain(part))

    def require(self, kind: str = "", name: str = "") -> None:
        """Raises the first error that the `valohai-yaml` package finds in the file's form or in what is chosen, and says how
        many more there are."""
        told = self.verdicts
        errors = told.broken or (self.errors_in(kind, name) if kind else [])
        nothing = not any(self.named[one] for one in ("step", "pipeline"))
        if not errors and nothing:
            errors = [one for each in told.items.values() for one in each]
        if errors:
            more = f" There {'is' if len(errors) == 2 else 'are'} {len(errors) - 1} more: see `penstock lint`."
            first = errors[0]
            raise DeclarationError(first.what, where=first.where, hint=first.hint + (more if len(errors) > 1 else ""))
        if nothing:
            raise DeclarationError(
                f"{self.file.name} declares no steps",
                where=self.tree.name,
                hint="Each item of its list is `- step:`, `- pipeline:` …",
            )

    def errors_in(self, kind: str, name: str) -> list[DeclarationError]:
        """The package's errors about one item of the file, and about the form of the steps and tasks that it runs."""
        if (kind, name) in self.broken:
            return self.verdicts.items[self.broken[kind, name]]
        index, raw = self.named[kind][name]
        first, last = self.tree.lines(index)
        found = [one for one in self.verdicts.errors if first <= int(one.where.split(":")[-2]) <= last]
        for node in raw.get("nodes") or [raw]:
            for part in ("step", "task"):
                inner = (part, str(node.get(part)))
                if inner in self.broken:
                    found += self.verdicts.items[self.broken[inner]]
                elif part == "task" and kind == "pipeline" and inner[1] in self.named["task"]:
                    found += [one for one in self.errors_in(*inner) if one not in found]
            for endpoint in node.get("endpoints") or ():
                if ("endpoint", str(endpoint)) in self.broken:
                    found += self.verdicts.items[self.broken["endpoint", str(endpoint)]]
        return found

    def _all(self, kind: str) -> list[str]:
        """The names of a kind, in the file's order: of items whose form is wrong, too."""
        listed = {name: index for name, (index, _) in self.named[kind].items()}
        listed |= {name: index for (one, name), index in self.broken.items() if one == kind and name}
        return sorted(listed, key=lambda name: listed[name])

    def choose(self, pipeline: str, step: str) -> tuple[str, str]:
        """What is meant: (kind, name) of what was asked for, or of the only one. Raises `UnknownName` or `PipelineNotFound`."""
        pipelines, steps, tasks = (self._all(kind) for kind in ("pipeline", "step", "task"))
        if pipeline and step:
            raise PipelineNotFound("--pipeline and --step can't both be said", hint="Name one of the two.")
        if pipeline:
            if pipeline not in pipelines:
                hint = did_you_mean(pipeline, pipelines) or _listed("Its pipelines", pipelines)
                raise UnknownName(f"{self.file.name} has no pipeline `{pipeline}`", where=self.tree.name, hint=hint)
            return "pipeline", pipeline
        if step:
            if step in steps or step in tasks:
                return ("step" if step in steps else "task"), step
            hint = did_you_mean(step, [*steps, *tasks]) or _listed("Its steps", [*steps, *tasks])
            raise UnknownName(f"{self.file.name} has no step `{step}`", where=self.tree.name, hint=hint)
        if len(pipelines) == 1:
            return "pipeline", next(iter(pipelines))
        if not pipelines and len(steps) == 1:
            return "step", next(iter(steps))
        what = "pipelines" if pipelines else "steps"
        known = pipelines or steps
        raise PipelineNotFound(
            f"{self.file.name} has {len(known)} {what}, and which is meant was not said",
            where=self.tree.name,
            hint=f"Say `--{what[:-1]} NAME`. {_listed('Names', known)}"
            + (f" Or a single step: --step {_quoted(next(iter(steps)))}." if pipelines and steps else ""),
        )


def _plain(value: Any) -> Any:
    """What YAML says as what JSON can say: a date without quotes, or whatever else YAML has types for, is its text."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _listed(what: str, names: Sequence[str] | Mapping[str, Any]) -> str:
    return f"{what}: {', '.join(f'`{one}`' for one in names)}." if names else f"{what}: none."


def _quoted(name: str) -> str:
    return f"'{name}'" if " " in name else name


class ValohaiFile:
    """A loaded `valohai.yaml`: the steps of what was chosen, and what they are made of."""

    def __init__(self, parts: Parts, chosen: tuple[str, str], nodes: Nodes, around: Surroundings) -> None:
        self.file, self.parts, self.chosen = parts.file, parts, chosen
        self.steps: tuple[Step, ...] = tuple(nodes.steps)
        ways = (["stub-inputs"] if around.stubs else []) + (["mount"] if around.mounted else [])
        self.part = " ".join([chosen[0], *ways])
        self._nodes, self._around = nodes, around

    @property
    def name(self) -> str:
        """The name of what was chosen, by which its runs are known."""
        return self.chosen[1]

    def sources(self) -> dict[Path, bytes]:
        """The repository's files for a run's snapshot; large ones are left to git."""
        root, found = self._around.root, {}
        for name in listing(root, (), self._around.ignored):
            path = root / name
            try:
                if path.is_file() and path.stat().st_size <= _KEPT:
                    found[Path(name)] = path.read_bytes()
            except OSError:
                continue
        return found

    def given(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters as people write them, with the step that each belongs to.

        `NAME` is a pipeline's parameter, or one of the only step; `NODE.parameter.NAME` is `NODE.NAME`. Raises `UnknownName`
        with close matches, and `ParameterError` for what is no such value, or out of the declared range or choices.
        """
        found: dict[str, Any] = {}
        steps = {one.name: one for one in self.steps}
        for key, value in parameters.items():
            for full in self._full(key, steps):
                step, _, name = full.partition(".")
                name = name.removeprefix("parameter.").removeprefix("parameters.")
                own = f"{step}.{name}"
                try:
                    found[own] = _held(steps[step], name, value) if step in steps else value
                except ValueError as error:
                    aim = key in self._nodes.targets
                    option = f"{key if aim else own}=VALUE"
                    option = option if re.fullmatch(r"[\w.=-]+", option) else f"'{option}'"
                    raise ParameterError(
                        f"{key if aim else own}={value!r}{f' (for {own})' if aim else ''}: {error}",
                        where=steps[step].where,
                        hint=f"Give it as `--set {option}`.",
                    ) from None
        return found

    def _full(self, key: str, steps: Mapping[str, Step]) -> list[str]:
        if key in self._nodes.targets:
            return self._nodes.targets[key]
        node = max([one for one in self._nodes.names if key.startswith(f"{one}.")], key=len, default="")
        if node:
            return [f"{self._nodes.names[node]}.{key[len(node) + 1 :]}"]
        if len(steps) == 1 and key.partition(".")[0] not in steps:
            return [f"{next(iter(steps))}.{key}"]
        if "." not in key:
            where = [f"{one.name}.{key}" for one in steps.values() if any(each.name == key for each in one.parameters)]
            hint = did_you_mean(key, self._nodes.targets) or (f"Write {' or '.join(where)}." if where else "")
            raise UnknownName(
                f"`{key}` is no parameter of pipeline `{self.name}`",
                hint=hint or _listed("It has", list(self._nodes.targets)),
            )
        return [key]


def _held(step: Step, name: str, value: Any) -> Any:
    """A value that is given by hand, held to what its parameter's declaration says of type, range and choices.

    A number stays as it is written, and one that equals the default is the default: `2` and `2.0` are one value of a float.
    Raises `ValueError` that says what is wanted.
    """
    from penstock.plan.conversion import convert, guess

    command = command_of(step.entry)
    raw = next((one for one in command.parameters if one["name"] == name), None)
    known = next((one for one in step.parameters if one.name == name), None)
    if raw is None or known is None:
        return value
    kind = str(raw.get("type") or "string")
    if command.role == "task":  # one value, or a list to go through
        converted = guess(value) if isinstance(value, str) else value
        converted = value if kind == "string" and not isinstance(converted, list) else converted
    else:
        converted = convert(value, float if known.annotation == int | float else known.annotation)
    allowed(raw, converted)
    if kind != "float":
        return value
    if converted == known.default:
        return known.default
    if command.role == "task" or not isinstance(converted, float) or not isinstance(value, str):
        return value
    if re.fullmatch(r"\s*[+-]?\d+\s*", value) is None:
        return value
    return int(value) if abs(converted) < 1e18 else converted  # larger ones do not travel as whole numbers


def open_valohai(path: Path, root: Path) -> Parts:
    """What a file declares, its verdicts included."""
    return Parts(path, root)


def load_valohai(
    path: Path,
    root: Path,
    state: Path,
    *,
    pipeline: str = "",
    step: str = "",
    stub_inputs: bool = False,
    mount: bool = False,
) -> ValohaiFile:
    """Load one pipeline, step or task of a file. With `stub_inputs`, remote inputs are empty files of their names; with
    `mount`, commands find their folders under /valohai.

    Raises `DeclarationError`, `UnknownName` or `PipelineNotFound`, with file, line and column; `ParameterError` for a value
    that the file gives to a parameter that does not allow it.
    """
    parts = Parts(path, root)
    parts.require()
    kind, name = parts.choose(pipeline, step)
    parts.require(kind, name)
    around = Surroundings(
        parts.tree, root, str(path.relative_to(root)), (str(state),), stubs=stub_inputs, mounted=mount
    )
    nodes = _nodes(parts, around, kind, name)
    if nodes.misfits:
        first, more = nodes.misfits[0], len(nodes.misfits) - 1
        others = f" There {'is' if more == 1 else 'are'} {more} more: see `penstock lint`." if more else ""
        raise ParameterError(first.what, where=first.where, hint=first.hint + others)
    return ValohaiFile(parts, (kind, name), nodes, around)


def _nodes(parts: Parts, around: Surroundings, kind: str, name: str) -> Nodes:
    index, raw = parts.named[kind][name]
    if kind == "pipeline":
        return pipeline_steps(around, raw, (index, "pipeline"), parts.named)
    nodes = Nodes()
    sweep = None
    where = parts.tree.place(index, kind, "name")
    nodes.names[name] = safe_name(name)
    if kind == "task":
        sweep = sweep_of(raw, parts.tree.place(index, "task", "type"))
        if raw["step"] not in parts.named["step"]:
            hint = did_you_mean(raw["step"], parts.named["step"])
            raise UnknownName(
                f"there is no step `{raw['step']}`", where=parts.tree.place(index, "task", "step"), hint=hint
            )
        task, (index, raw) = (index, raw), parts.named["step"][raw["step"]]
        check_varied(around, (task[0], "task"), task[1], blueprint(raw, (index, "step")))
        nodes.misfits += misfits_of_task(around, task[1], (task[0], "task"), blueprint(raw, (index, "step")))
    blue = blueprint(raw, (index, "step"))
    options = options_of(raw, {}, stops=False)
    nodes.steps.append(step_of(around, nodes.names[name], blue, sweep=sweep, options=options, where=where))
    return nodes


def lint_valohai(
    path: Path, root: Path, state: Path
) -> tuple[tuple[Step, ...], list[PenstockError], list[PenstockError], list[PenstockError]]:
    """All steps of a file, and its errors, warnings and notes: those of the `valohai-yaml` package and what can't run here."""
    try:
        parts = Parts(path, root)
    except DeclarationError as error:
        return (), [error], [], []
    told = parts.verdicts
    if told.broken or not any([*parts.named.values(), told.items]):
        try:
            parts.require()
        except DeclarationError as error:
            return (), list(told.broken) or [error], [], []
    around = _Unread(parts.tree, root, str(path.relative_to(root)), (str(state),))
    steps: list[Step] = []
    misfits: dict[tuple[str, str], ParameterError] = {}  # a task's are those of the nodes that run it, too
    errors: list[PenstockError] = [*dict.fromkeys([one for each in told.items.values() for one in each]), *told.errors]
    for kind in ("step", "task", "pipeline"):
        for name in parts.named[kind]:
            if parts.errors_in(kind, name):
                continue
            try:
                made = _nodes(parts, around, kind, name)
                build(made.steps)
            except PenstockError as error:
                errors.append(error)
            else:
                told.warnings.extend(made.doubts)
                misfits |= {(one.what, one.where): one for one in made.misfits}
                told.notes.extend(_to_give(made.steps) if kind == "pipeline" else ())
                steps += [replace(one, name=name if kind == "step" else f"{name}: {one.name}") for one in made.steps]
    return tuple(steps), [*errors, *misfits.values()], list(told.warnings), list(told.notes)


def _to_give(steps: Sequence[Step]) -> Iterator[DeclarationError]:
    """What must be given by hand when a pipeline is run, and what its commands go without if it is not."""
    for step in steps:
        command = command_of(step.entry)
        given = {one.name for one in command.links if one.target == "parameter"} | set(varied(command.sweep))
        wanting = {one["name"] for one in command.parameters if needed(one)} - given
        for one in step.parameters:
            if one.name in wanting and one.default is None and not one.required:
                yield DeclarationError(
                    f"`{one.name}` of node `{step.name}` has no value: the command goes without it",
                    where=step.where,
                    hint=f"Give it with `--set {_quoted(f'{step.name}.{one.name}')}=VALUE`, or a default; `optional: false` "
                    "asks for one.",
                )
            if one.required:
                yield DeclarationError(
                    f"`{one.name}` of node `{step.name}` must have a value and has none",
                    where=step.where,
                    hint=f"Give it with `--set {_quoted(f'{step.name}.{one.name}')}=VALUE`, or a default.",
                )


class _Unread(Surroundings):
    """The surroundings of steps that will not run: nothing is read."""

    def files(self, command: Any) -> tuple[Piece, ...]:  # noqa: ARG002
        """None."""
        return ()
