"""Decorators: ordinary functions become steps, and stay functions."""

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from types import CodeType, FunctionType
from typing import Any, Final, TypeVar, Unpack, overload

from msgspec import Struct

from penstock.declare.options import SourceOptions, StepOptions, contract_of, options_of, outputs_of, schema_of
from penstock.declare.values_of import attribute_of
from penstock.errors import SignatureError, did_you_mean
from penstock.model.contract import Contract
from penstock.model.step import Kind, Options, Output, Parameter, ParameterKind

__all__ = [
    "Declaration",
    "Required",
    "Seed",
    "declaration_of",
    "declared_in",
    "deploy",
    "evaluate",
    "predict",
    "required",
    "source",
    "split",
    "step",
    "train",
]

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__penstock__"  # on a function: its declaration
_LIST = "__penstock_declared__"  # in a namespace: what was declared while it was filled
_VARARGS, _VARKEYWORDS = 0x04, 0x08
_GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x20, 0x80, 0x200  # as `inspect` names them


class Seed(int):
    """The annotation of a parameter that gets the run's seed for this step, drawn from the run's seed and the step's name.

    >>> def model(train, seed: Seed): ...
    """


class Required:
    """The type of `ps.required`."""

    def __repr__(self) -> str:
        return "ps.required"


required: Final[Any] = Required()
"""The default of a parameter that must be given: `lr: float = ps.required`."""


class Declaration(Struct, frozen=True):
    """What a decorator said of a function, and what its signature says."""

    name: str
    kind: Kind
    function: Callable[..., Any]
    inputs: dict[str, str]
    parameters: tuple[Parameter, ...]
    outputs: tuple[Output, ...]
    contract: Contract | None
    options: Options
    file: str
    line: int
    each: bool = False
    schema: Any = None

    @property
    def where(self) -> str:
        """`file:line` of the function."""
        return f"{self.file}:{self.line}" if self.file else ""


@overload
def step(function: F, /) -> F: ...
@overload
def step(function: None = None, /, **options: Unpack[StepOptions]) -> Callable[[F], F]: ...
def step(function: Any = None, /, **options: Any) -> Any:
    """Declare a unit of work. Its arguments without a default are inputs, bound by name; those with one are parameters.

    Options: see `StepOptions`. Returns the function itself (a copy, if it is declared already), still callable.
    Raises `SignatureError` or `DeclarationError` with the file and line of the function.

    >>> @step
    ... def clean(flights): return flights
    >>> clean([1])
    [1]
    """
    return _decorate("step", function, options)


@overload
def source(function: F, /) -> F: ...
@overload
def source(function: None = None, /, **options: Unpack[SourceOptions]) -> Callable[[F], F]: ...
def source(function: Any = None, /, **options: Any) -> Any:
    """Declare a source of rows, with the contract of its rows: key, time, known_at, label, group.

    Options: see `SourceOptions`. Parameters annotated `Path` are inputs whose content is hashed.

    >>> @source(key="id", time="at", label="y")
    ... def rows(path=None): return []
    """
    return _decorate("source", function, options)


@overload
def split(function: F, /) -> F: ...
@overload
def split(function: None = None, /, **options: Unpack[StepOptions]) -> Callable[[F], F]: ...
def split(function: Any = None, /, **options: Any) -> Any:
    """Declare a split into sides. It returns a dict with one table for each output.

    `outputs` maps an output to its role (`train`, `valid`, `test`, `unused`); by default `train` and `test`.

    >>> @split(outputs={"training_data": "train", "holdout": "test"})
    ... def sides(rows): return {"training_data": rows[:8], "holdout": rows[8:]}
    """
    return _decorate("split", function, options)


@overload
def train(function: F, /) -> F: ...
@overload
def train(function: None = None, /, **options: Unpack[StepOptions]) -> Callable[[F], F]: ...
def train(function: Any = None, /, **options: Any) -> Any:
    """Declare a step that fits a model. Options: see `StepOptions`.

    >>> @train
    ... def model(rows, seed: Seed, learning_rate: float = 0.1): return sum(rows)
    """
    return _decorate("train", function, options)


@overload
def predict(function: F, /) -> F: ...
@overload
def predict(function: None = None, /, **options: Unpack[StepOptions]) -> Callable[[F], F]: ...
def predict(function: Any = None, /, **options: Any) -> Any:
    """Declare a step that makes one prediction per row of its table input, aligned with it. Options: see `StepOptions`.

    >>> @predict
    ... def predictions(model, test): return [model for row in test]
    """
    return _decorate("predict", function, options)


@overload
def evaluate(function: F, /) -> F: ...
@overload
def evaluate(function: None = None, /, **options: Unpack[StepOptions]) -> Callable[[F], F]: ...
def evaluate(function: Any = None, /, **options: Any) -> Any:
    """Declare a step that judges predictions. Numbers in the dict that it returns become metrics. Options: see `StepOptions`.

    >>> @evaluate
    ... def scores(predictions, test): return {"n": len(predictions)}
    """
    return _decorate("evaluate", function, options)


@overload
def deploy(function: F, /) -> F: ...
@overload
def deploy(function: None = None, /, **options: Unpack[StepOptions]) -> Callable[[F], F]: ...
def deploy(function: Any = None, /, **options: Any) -> Any:
    """Declare a step that hands a result to the outside. Options: see `StepOptions`.

    >>> @deploy
    ... def publish(model): return "done"
    """
    return _decorate("deploy", function, options)


def declaration_of(function: Any) -> Declaration | None:
    """The declaration that a function carries, or None.

    >>> declaration_of(len) is None
    True
    """
    found = getattr(function, _MARK, None)
    return found if isinstance(found, Declaration) else None


def declared_in(namespace: Mapping[str, Any]) -> list[Declaration]:
    """What a namespace declares: by its own code, in order, and then what it imported. Each declaration once."""
    listed: dict[int, Declaration] = {id(one): one for one in namespace.get(_LIST, ())}
    for value in list(namespace.values()):
        found = attribute_of(value, _MARK) if callable(value) else None
        if isinstance(found, Declaration):
            listed.setdefault(id(found), found)
    return list(listed.values())


def _decorate(kind: Kind, function: Any, options: dict[str, Any]) -> Any:
    namespace = sys._getframe(2).f_globals
    if function is None:
        return lambda given: _declare(kind, given, options, namespace)
    return _declare(kind, function, options, namespace)


def _declare(kind: Kind, function: Any, options: dict[str, Any], namespace: dict[str, Any]) -> Any:
    if not callable(function):
        caller = sys._getframe(2)
        raise SignatureError(
            f"`{kind}` decorates a function, this is {function!r}",
            where=f"{caller.f_code.co_filename}:{caller.f_lineno}",
            hint="Write options with their names: @ps.step(name=…).",
        )
    file, line = _place(function)
    where = f"{file}:{line}" if file else ""
    if not isinstance(options.get("name", ""), str):
        raise SignatureError(f"name={options['name']!r} is not text", where=where, hint='Write name="…".')
    name = options.get("name") or getattr(function, "__name__", "") or type(function).__name__
    if not name.replace("-", "_").replace(".", "_").isidentifier() or "." in name:
        hint = "Give it a name of letters, digits, _ and -: name=…"
        raise SignatureError(f"a step can't be named {name!r}", where=where, hint=hint)
    _refuse_unfinished(function, name, where)
    inputs, parameters = _signature(function, name, where)
    bound = options.get("inputs")
    if bound:
        inputs = _bind(inputs, bound, name, where)
    outputs = outputs_of(kind, options.get("outputs"), where)
    declaration = Declaration(
        name=name,
        kind=kind,
        function=function,
        inputs=inputs,
        parameters=parameters,
        outputs=outputs,
        contract=contract_of(options, where) if kind == "source" else None,
        options=options_of(kind, options, where),
        file=file,
        line=line,
        each=bool(options.get("each", False)),
        schema=schema_of(options, outputs, where),
    )
    namespace.setdefault(_LIST, []).append(declaration)
    return _marked(function, declaration)


def _marked(function: Any, declaration: Declaration) -> Any:
    # One function may be declared many times (in a loop): each declaration then gets a function object of its own.
    if not isinstance(function, FunctionType):
        inner = function

        def call(*args: Any, **kwargs: Any) -> Any:
            return inner(*args, **kwargs)

        call.__name__ = call.__qualname__ = declaration.name
        call.__doc__ = getattr(inner, "__doc__", None)
        call.__dict__["__wrapped__"] = inner
        marked = call
    elif _MARK in function.__dict__:
        marked = FunctionType(
            function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
        )
        marked.__kwdefaults__ = function.__kwdefaults__
        marked.__annotations__ = function.__annotations__
        marked.__qualname__ = function.__qualname__
        marked.__doc__ = function.__doc__
        marked.__dict__.update(function.__dict__)
    else:
        marked = function
    marked.__dict__[_MARK] = declaration
    return marked


def _code(function: Any) -> CodeType | None:
    seen = 0
    while function is not None and seen < 100:
        if isinstance(function, FunctionType) and not hasattr(function, "__wrapped__"):
            return function.__code__
        function = (
            getattr(function, "__wrapped__", None)
            or getattr(function, "func", None)
            or getattr(function, "__func__", None)
        )
        seen += 1
    return None


def _place(function: Any) -> tuple[str, int]:
    code = _code(function) or _code(type(function).__call__)
    return (code.co_filename, code.co_firstlineno) if code is not None else ("", 0)


def _signature(function: Any, name: str, where: str) -> tuple[dict[str, str], tuple[Parameter, ...]]:
    inputs: dict[str, str] = {}
    parameters: list[Parameter] = []
    for argument, annotation, default, has_default in _arguments(function, name, where):
        if annotation is Seed:
            given = has_default and not isinstance(default, Required)
            wanted = has_default and not given
            parameters.append(Parameter(argument, "seed", annotation, default if given else None, required=wanted))
        elif not has_default:
            inputs[argument] = argument
        else:
            wanted = isinstance(default, Required)
            kind: ParameterKind = "path" if _is_path(annotation, default) else "value"
            parameters.append(Parameter(argument, kind, annotation, None if wanted else default, required=wanted))
    return inputs, tuple(parameters)


def _arguments(function: Any, name: str, where: str) -> Iterator[tuple[str, Any, Any, bool]]:
    if isinstance(function, FunctionType) and not hasattr(function, "__wrapped__"):
        # Reading the code object is ten times faster than `inspect.signature`, and pipelines may have 10,000 steps.
        code = function.__code__
        if code.co_flags & (_VARARGS | _VARKEYWORDS):
            _refuse_variadic(name, where)
        if code.co_posonlyargcount:
            raise SignatureError(f"step `{name}` has positional-only arguments", where=where, hint="Drop the `/`.")
        total = code.co_argcount + code.co_kwonlyargcount
        if not total:
            return
        positional, defaults = code.co_argcount, function.__defaults__ or ()
        keyword = function.__kwdefaults__ or {}
        annotations = function.__annotations__
        for place, argument in enumerate(code.co_varnames[:total]):
            annotation = annotations.get(argument, Any)
            if isinstance(annotation, str):
                annotation = _evaluate(annotation, function)
            index = place - positional + len(defaults)
            if place < positional:
                yield argument, annotation, defaults[index] if index >= 0 else None, index >= 0
            else:
                yield argument, annotation, keyword.get(argument), argument in keyword
        return
    import inspect

    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        raise SignatureError(f"the arguments of step `{name}` can't be read", where=where) from None
    for one in signature.parameters.values():
        if one.kind in {one.VAR_POSITIONAL, one.VAR_KEYWORD, one.POSITIONAL_ONLY}:
            _refuse_variadic(name, where)
        annotation = Any if one.annotation is one.empty else one.annotation
        if isinstance(annotation, str):
            annotation = _evaluate(annotation, inspect.unwrap(function))
        yield one.name, annotation, None if one.default is one.empty else one.default, one.default is not one.empty


def _refuse_unfinished(function: Any, name: str, where: str) -> None:
    """What a call of these returns is no value yet, and can't be stored."""
    flags = function.__code__.co_flags if isinstance(function, FunctionType) else 0
    if flags & (_COROUTINE | _ASYNC_GENERATOR):
        hint = "Make it a plain function, and call `asyncio.run(…)` in it."
        raise SignatureError(f"step `{name}` is an async function", where=where, hint=hint)
    if flags & _GENERATOR:
        hint = "Return a list, or yield from a function that the step calls."
        raise SignatureError(f"step `{name}` is a generator (it uses `yield`)", where=where, hint=hint)


def _refuse_variadic(name: str, where: str) -> None:
    raise SignatureError(f"step `{name}` takes *args or **kwargs, so its inputs can't be known", where=where)


def _evaluate(annotation: str, function: Any) -> Any:
    """An annotation kept as text (`from __future__ import annotations`), if its names can be found; else `Any`."""
    try:
        return eval(annotation, getattr(function, "__globals__", {}))  # noqa: S307 - the user's own annotation
    except Exception:
        return Any


def _is_path(annotation: Any, default: Any) -> bool:
    if annotation is Any:  # which is a type, from Python 3.11
        return isinstance(default, PurePath)
    options = getattr(annotation, "__args__", ()) or (annotation,)
    return any(isinstance(one, type) and issubclass(one, PurePath) for one in options)


def _bind(inputs: dict[str, str], bound: Any, name: str, where: str) -> dict[str, str]:
    if not isinstance(bound, Mapping):
        hint = 'Write inputs={"argument": "artifact"}.'
        raise SignatureError(f"inputs={bound!r} of step `{name}` is no mapping", where=where, hint=hint)
    for argument, artifact in bound.items():
        if argument not in inputs:
            raise SignatureError(
                f"step `{name}` has no input `{argument}` to bind",
                where=where,
                hint=did_you_mean(argument, inputs) or "Inputs are the arguments without a default.",
            )
        if not isinstance(artifact, str):
            raise SignatureError(
                f"inputs[{argument!r}] of step `{name}` is not the name of an artifact",
                where=where,
                hint="Write the artifact's name as text.",
            )
    return {argument: bound.get(argument, artifact) for argument, artifact in inputs.items()}
