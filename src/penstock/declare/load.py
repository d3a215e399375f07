"""From a pipeline file, a namespace, a list or a dictionary to Steps."""

import contextlib
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from msgspec import structs

from penstock.declare.closure import Closures
from penstock.declare.held import held_to
from penstock.declare.project import Project
from penstock.declare.python import Declaration, declaration_of, declared_in, step
from penstock.declare.values_of import attribute_of
from penstock.errors import (
    DeclarationError,
    DuplicateName,
    PenstockError,
    PipelineNotFound,
    UnknownName,
    did_you_mean,
    distribution,
)
from penstock.model.code import Code, Piece
from penstock.model.digest import combine
from penstock.model.step import Entry, Step
from penstock.values.functions import dumps
from penstock.work.holding import held

__all__ = ["Declared", "Sourced", "from_dict", "load", "namespace_steps", "steps_of"]


class Sourced(Protocol):
    """What a pipeline was loaded from; `part` says which kind of part of a file that holds several, "" for all of it."""

    part: str

    def sources(self) -> dict[Path, bytes]:
        """The source files that a run's snapshot holds."""


_FORM = 'The dictionary form is {"train": ["features"], …}, steps={"train": a_function, …}.'


class Declared:
    """A loaded pipeline file: its steps, the project whose code they are, and the names that it defines."""

    part = ""

    def __init__(
        self,
        project: Project,
        file: Path,
        steps: tuple[Step, ...],
        closures: Closures,
        namespace: Mapping[str, Any] | None = None,
    ) -> None:
        self.project = project
        self.namespace = namespace or {}
        self.file = file
        self.steps = steps
        self.closures = closures
        self._named = {one.name: one for one in steps}

    def step(self, name: str) -> Step:
        """A step by name. Raises `UnknownName` with close matches."""
        found = self._named.get(name)
        if found is None:
            raise UnknownName(f"{self.file.name} declares no step `{name}`", hint=did_you_mean(name, self._named))
        return found

    def code(self, name: str) -> Code:
        """The closure of a step."""
        return self.step(name).code

    def sources(self) -> dict[Path, bytes]:
        """The project's own source files."""
        return self.project.sources()

    def changed(self) -> list[Path]:
        """The project's source files that were edited since they were loaded."""
        return self.project.changed()


def load(path: str | Path, root: str | Path | None = None, cache: Path | None = None) -> Declared:
    """Load a pipeline file and take its steps.

    `root` is the project's folder (the file's own, if not given); `cache` keeps bytecode and facts between processes.
    Raises `PipelineNotFound` where there is no such file, `DeclarationError` where loading it raises, with the user's line.
    """
    file = Path(path).absolute()
    if not file.is_file():
        raise PipelineNotFound(f"there is no pipeline file {path}")
    project = Project(Path(root).absolute() if root else file.parent, cache)
    try:
        module = project.load(file)
    except PenstockError as error:
        error.where = _relative(error.where, project.root)
        raise
    except (Exception, SystemExit) as error:
        raise _broken(error, file, project.root) from error
    closures = Closures(project)
    steps = namespace_steps(vars(module), closures, project.root, file)
    if not steps:
        hint = "Decorate its functions: `@ps.source`, `@ps.step`, …; `penstock init` writes an example."
        raise DeclarationError(f"{file.name} declares no steps", hint=hint)
    return Declared(project, file, steps, closures, vars(module))


def namespace_steps(
    namespace: Mapping[str, Any], closures: Closures, root: Path | None = None, file: Path | None = None
) -> tuple[Step, ...]:
    """The steps of a namespace: those of its one composed pipeline, if it holds one, else all that it declares."""
    composed = [value for value in namespace.values() if isinstance(attribute_of(value, "__penstock_steps__"), tuple)]
    if len({id(one) for one in composed}) == 1:
        return steps_of(composed[0].__penstock_steps__, closures, root, file)
    # A cell of a notebook that runs again replaces its steps; in a file, two steps of one name are an error.
    return steps_of(declared_in(namespace), closures, root, file, replace="__file__" not in namespace)


def steps_of(
    declarations: Iterable[Declaration],
    closures: Closures,
    root: Path | None = None,
    file: Path | None = None,
    *,
    replace: bool = False,
) -> tuple[Step, ...]:
    """Declarations as Steps, with their closures. `file` is where a worker finds them again (None: they are pickled)."""
    named: dict[str, Declaration] = {}
    for one in declarations:
        if one.each:
            continue
        other = named.get(one.name)
        if other is not None and other is not one and not replace:
            where, there = [f"{_relative(each.file, root)}:{each.line}" for each in (one, other)]
            hint = 'One function was declared twice: in a loop, name each, as in `@ps.step(name=f"model_{i}")`.'
            raise DuplicateName(
                f"two steps are named `{one.name}`: here and at {there}"
                if there != where
                else f"two steps are named `{one.name}`, and both are this function",
                where=where,
                hint="" if there != where else hint,
            )
        named[one.name] = one
    path = str(file) if file else ""
    keys = tuple([one.contract.key for one in named.values() if one.contract is not None and one.contract.key])
    return tuple([_step(one, closures, root, path, keys) for one in named.values()])


def from_dict(graph: Mapping[str, Sequence[str]], steps: Mapping[str, Callable[..., Any]]) -> list[Declaration]:
    """The dictionary form of a graph: each step's name with the names of what it needs, and each step's function.

    The needs are bound to the function's inputs by name where names agree, else in order.
    Raises `UnknownName` for a step without a function, `DeclarationError` where needs and inputs do not match.
    """
    for what, given in (("the graph is", graph), ("steps are", steps)):
        if not isinstance(given, Mapping):
            raise DeclarationError(f"{what} no mapping but of type {type(given).__name__}", hint=_FORM)
    made = []
    for name, needs in graph.items():
        if name not in steps:
            raise UnknownName(f"the graph names a step `{name}` that has no function", hint=did_you_mean(name, steps))
        if isinstance(needs, str) or not isinstance(needs, Iterable):
            raise DeclarationError(f"what `{name}` needs is no list: {needs!r}", hint=_FORM)
        if not callable(steps[name]):
            raise DeclarationError(f"step `{name}` is no function: {steps[name]!r}", hint=_FORM)
        made.append(_from_entry(name, list(needs), steps[name]))
    for name in steps:
        if name not in graph:
            declared = declaration_of(steps[name])
            known = any(name in needs for needs in graph.values())
            if not known:
                raise UnknownName(f"`{name}` has a function but no place in the graph", hint=did_you_mean(name, graph))
            made.append(declared or _from_entry(name, [], steps[name]))
    return made


def _from_entry(name: str, needs: list[str], function: Callable[..., Any]) -> Declaration:
    declared = declaration_of(function) or declaration_of(step(name=name)(function))
    assert declared is not None
    arguments = list(declared.inputs)
    if len(arguments) != len(needs):
        raise DeclarationError(
            f"step `{name}` takes {len(arguments)} inputs ({', '.join(arguments) or 'none'}), "
            f"the graph gives it {len(needs)} ({', '.join(needs) or 'none'})",
            where=declared.where,
            hint="Each argument without a default is an input, and needs one name.",
        )
    same = set(arguments) == {need.rpartition(".")[2] for need in needs}
    bound = {need.rpartition(".")[2]: need for need in needs} if same else dict(zip(arguments, needs, strict=True))
    return Declaration(
        **{
            field: getattr(declared, field)
            for field in Declaration.__struct_fields__
            if field not in {"name", "inputs"}
        },
        name=name,
        inputs=bound,
    )


def _step(
    one: Declaration, closures: Closures, root: Path | None, path: str, keys: Sequence[tuple[str, ...]] = ()
) -> Step:
    made = Step(
        name=one.name,
        kind=one.kind,
        function=one.function,
        inputs=one.inputs,
        parameters=one.parameters,
        outputs=one.outputs,
        contract=one.contract,
        options=one.options,
        where=f"{_relative(one.file, root)}:{one.line}" if one.file else "",
        code=closures.code_of(one.function, declared=(_declared(one), *held_to(one, root or Path.cwd()))),
        entry=Entry("file", path, one.name),
        schema=one.schema,
    )
    if path:
        return made
    data = dumps(held(made, keys, str(root or Path.cwd())))
    return structs.replace(made, entry=Entry("pickle", name=one.name, data=data))


def _declared(one: Declaration) -> Piece:
    # Only what changes the work counts: not retries, tags, or a contract (which says what rows are, not how they are made).
    options = one.options
    parts = [f"kind: {one.kind}"]
    if options.version or options.image:
        parts += [f"version: {options.version}", f"image: {options.image}"]
    parts += [f"target: {name}" for name in options.target]
    parts += [f"env: {name}" for name in options.env]
    parts += [f"output: {output.name} {output.role or ''}" for output in one.outputs]
    parts += [f"parameter: {each.name} {each.kind} {each.annotation!r}" for each in one.parameters]
    key = tuple(parts)
    found = _PIECES.get(key)
    if found is None:
        found = Piece("declaration", "declaration", combine("declaration", parts), text="\n".join(parts))
        _PIECES[key] = found
    return found


_PIECES: dict[tuple[str, ...], Piece] = {}  # most steps of a large pipeline are declared alike


def _relative(file: str, root: Path | None) -> str:
    base = f"{root or Path.cwd()}/"
    return file.removeprefix(base)


def _broken(error: BaseException, file: Path, root: Path) -> PenstockError:
    """What loading the file raised, with the user's own last line."""
    line, place = 0, str(file)
    if isinstance(error, SyntaxError):
        line, place = error.lineno or 0, error.filename or place
    else:
        trace = error.__traceback__
        while trace is not None:
            name = trace.tb_frame.f_code.co_filename
            if name.startswith(f"{root}/") and "site-packages" not in name:
                line, place = trace.tb_lineno, name
            trace = trace.tb_next
    where = f"{_relative(place, root)}:{line}" if line else _relative(place, root)
    said = f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}"
    hint = "Loading the pipeline must succeed before it can be planned."
    if isinstance(error, SystemExit):
        said = f"loading it called sys.exit({'' if error.code is None else repr(error.code)})"
        hint = 'Put what a script does under `if __name__ == "__main__":`.'
    hint = _misspelt(error) or hint
    if isinstance(error, ModuleNotFoundError):
        hint = f"Install `{distribution(error.name or '')}`, or put it beside the pipeline."
    return DeclarationError(said, where=where, hint=hint)


def _misspelt(error: BaseException) -> str:
    """The names that are near to one that is not there."""
    known: list[str] = []
    name = getattr(error, "name", "") or ""
    if isinstance(error, AttributeError) and error.obj is not None:
        with contextlib.suppress(Exception):  # an object of the user's may answer anything
            known = dir(error.obj)
    elif isinstance(error, ImportError):
        asked = re.match(r"cannot import name '([^']+)'", str(error))
        name, known = (asked[1], dir(sys.modules.get(name))) if asked else ("", [])
    elif isinstance(error, NameError):
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        known = [*trace.tb_frame.f_globals, *trace.tb_frame.f_locals] if trace is not None else []
    near = did_you_mean(name, [one for one in known if not one.startswith("_")]) if name else ""
    return near if near.startswith("Did") else ""
