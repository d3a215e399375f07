"""Parameters: values given as text or as Python values, converted to what the annotation says, and hashed."""

import contextlib
import os
import pickle
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any, get_args, get_origin

import msgspec

from penstock.errors import ParameterError, UnknownName, did_you_mean
from penstock.graph.graph import Graph
from penstock.model.digest import combine, digest_bytes
from penstock.model.step import Parameter, Step
from penstock.model.task import Setting
from penstock.plan.files import Stats, digest_path, settled

__all__ = ["convert", "repr_of", "seed_of", "settings_of", "split_overrides"]

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


def split_overrides(graph: Graph, given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """`{"model.lr": "0.2"}` as `{"model": {"lr": "0.2"}}`. Raises `UnknownName` with close matches, of steps and of parameters."""
    found: dict[str, dict[str, Any]] = {}
    for name, value in given.items():
        step, dot, parameter = name.partition(".")
        if not dot:
            where = [
                f"{one.name}.{name}" for one in graph.steps.values() if any(p.name == name for p in one.parameters)
            ]
            hint = did_you_mean(name, where) if not where else "Write " + " or ".join(f"`{one}`" for one in where) + "."
            raise UnknownName(
                f"`{name}` does not say whose parameter it is", hint=hint or "Write STEP.PARAMETER=VALUE."
            )
        if step not in graph.steps:
            raise UnknownName(
                f"there is no step `{step}` to set `{parameter}` of", hint=did_you_mean(step, graph.steps)
            )
        known = [one.name for one in graph.steps[step].parameters]
        if parameter not in known:
            hint = did_you_mean(parameter, known) or f"Step `{step}` has no parameters."
            raise UnknownName(f"step `{step}` has no parameter `{parameter}`", where=graph.steps[step].where, hint=hint)
        found.setdefault(step, {})[parameter] = value
    return found


def settings_of(
    step: Step, given: Mapping[str, Any], run_seed: int, root: Path, stats: Stats | None = None
) -> tuple[Setting, ...]:
    """The settings of a step: what was given, else the defaults; text is converted, `Path` content hashed.

    A relative `Path` starts at `root`. Raises `ParameterError` with the step's place for what is missing or malformed.
    """
    return tuple([_setting(step, one, given, run_seed, root, stats) for one in step.parameters])


def seed_of(run_seed: int, step: str) -> int:
    """The seed of a step: 32 bits drawn from the run's seed and the step's name, never from content."""
    return int(combine("seed", [str(run_seed), step])[7:15], 16)


def convert(value: Any, annotation: Any) -> Any:
    """A parameter's value as its annotation says; text is read as the command line gives it.

    Raises `ValueError` with what was wanted.

    >>> convert("0.5", float), convert("yes", bool), convert("1,2", list[int])
    (0.5, True, [1, 2])
    """
    if annotation is Any or annotation is None:
        return _guess(value) if isinstance(value, _Text) else value
    if isinstance(annotation, type) and not isinstance(value, str) and isinstance(value, annotation):
        return value
    if _of_path(annotation):
        return Path(value) if isinstance(value, str | os.PathLike) else value
    if isinstance(value, str):
        return _from_text(str(value), annotation)
    try:
        return msgspec.convert(value, annotation, strict=True, builtin_types=_BUILTIN, dec_hook=_hook)
    except msgspec.ValidationError as error:
        raise ValueError(_wanted(annotation, error)) from None
    except TypeError:  # an annotation that only the user's own code understands
        return value


class _Text(str):
    """Text from the command line, where no annotation says what it is."""

    __slots__ = ()


_BUILTIN: tuple[type, ...] = ()


def _from_text(text: str, annotation: Any) -> Any:
    if annotation is str:
        return text
    origin = get_origin(annotation)
    options = get_args(annotation)
    if annotation is bool:
        lowered = text.strip().lower()
        if lowered in _TRUE | _FALSE:
            return lowered in _TRUE
        raise ValueError("a truth value is wanted: true or false")
    if type(None) in options and text.strip().lower() in {"none", "null", ""}:
        return None
    container = origin or annotation
    if container in {list, tuple, set, frozenset, dict} or (
        isinstance(container, type)
        and (issubclass(container, msgspec.Struct) or hasattr(container, "__dataclass_fields__"))
    ):
        stripped = text.strip()
        if stripped[:1] in "[{":
            try:
                value = msgspec.json.decode(stripped)
            except msgspec.DecodeError as error:
                raise ValueError(f"JSON is wanted: {error}") from None
        else:
            value = [part.strip() for part in stripped.split(",")] if stripped else []
    else:
        value = text
    try:
        return msgspec.convert(value, annotation, strict=False, dec_hook=_hook)
    except msgspec.ValidationError as error:
        raise ValueError(_wanted(annotation, error)) from None
    except TypeError:
        return _guess(text)


def _guess(value: Any) -> Any:
    try:
        return msgspec.json.decode(str(value))
    except msgspec.DecodeError:
        return str(value)


def _hook(wanted: type, value: Any) -> Any:
    if issubclass(wanted, os.PathLike):
        return Path(value)
    if isinstance(value, wanted):
        return value
    return wanted(value)  # type: ignore[call-arg]


def _of_path(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, os.PathLike)


def _wanted(annotation: Any, error: Exception) -> str:
    name = getattr(annotation, "__name__", str(annotation)) if not get_args(annotation) else str(annotation)
    return f"`{name.replace('typing.', '')}` is wanted ({error})"


def _setting(
    step: Step, one: Parameter, given: Mapping[str, Any], run_seed: int, root: Path, stats: Stats | None
) -> Setting:
    if one.name in given:
        value: Any = given[one.name]
        if one.kind == "seed":
            return _seed(one, value, step)
        try:
            value = convert(_Text(value) if type(value) is str else value, one.annotation)
        except ValueError as error:
            raise ParameterError(
                f"{step.name}.{one.name}={given[one.name]!r}: {error}",
                where=step.where,
                hint=f"Give it as `--set {step.name}.{one.name}=VALUE`.",
            ) from None
    elif one.kind == "seed":
        return _seed(one, one.default if one.default is not None else seed_of(run_seed, step.name), step)
    elif one.required:
        raise ParameterError(
            f"step `{step.name}` needs a value for `{one.name}`",
            where=step.where,
            hint=f"Give it with `--set {step.name}.{one.name}=VALUE`.",
        )
    else:
        value = one.default
    if one.kind == "path" and isinstance(value, os.PathLike):
        return _path(step, one, Path(value), root, stats)
    return _plain(step, one.name, value, given=one.name in given)


def _seed(one: Parameter, value: Any, step: Step) -> Setting:
    try:
        seed = int(value)
    except (TypeError, ValueError):
        raise ParameterError(f"{step.name}.{one.name}={value!r}: a whole number is wanted", where=step.where) from None
    return Setting(one.name, "seed", str(seed), str(seed), pickle.dumps(seed, 5))


def _path(step: Step, one: Parameter, path: Path, root: Path, stats: Stats | None) -> Setting:
    full = path if path.is_absolute() else root / path
    stat = settled(full)  # before the content is read: what is altered meanwhile is looked at again
    try:
        digest = digest_path(full, stats)
    except ParameterError as error:
        raise ParameterError(
            f"{step.name}.{one.name}: {error.what}",
            where=step.where,
            hint=f"Put it there, or name another with `--set {step.name}.{one.name}=PATH`.",
        ) from None
    return Setting(one.name, "path", str(path), digest, pickle.dumps(full, 5), stat)


def _plain(step: Step, name: str, value: Any, *, given: bool) -> Setting:
    kind = type(value)
    if kind in {int, float, str, bool, type(None)}:
        shown = value if kind is str else repr(value)
        return Setting(name, "value", shown, f"{kind.__name__}:{shown}", pickle.dumps(value, 5))
    canonical = ""
    with contextlib.suppress(Exception):
        canonical = repr_of(value, known=not given)
    try:
        data = pickle.dumps(value, 5)
    except Exception:
        import cloudpickle

        try:
            data = cloudpickle.dumps(value)
        except Exception as error:
            raise ParameterError(
                f"the value of {step.name}.{name} can't be sent to a worker: {error}",
                where=step.where,
                hint="Use plain values as parameters, and make the rest inside the step.",
            ) from None
    shown = str(value)
    return Setting(
        name, "value", shown[:200], combine("parameter", [canonical]) if canonical else digest_bytes(data), data
    )


def repr_of(value: Any, *, known: bool = False) -> str:
    """A text that is equal for equal values, in every process: for hashing. Raises `TypeError` where there is none.

    Functions have one only if they are `known` by a step's closure, as those in defaults are: their names.
    """
    kind = type(value)
    if value is None or kind in {bool, int, float, complex, str, bytes}:
        return f"{kind.__name__}:{value!r}"
    if kind in {list, tuple}:
        return f"{kind.__name__}[{','.join([repr_of(one, known=known) for one in value])}]"
    if kind in {set, frozenset}:
        return f"{kind.__name__}[{','.join(sorted([repr_of(one, known=known) for one in value]))}]"
    if kind is dict:
        shown = [f"{repr_of(key, known=known)}={repr_of(one, known=known)}" for key, one in value.items()]
        return f"dict[{','.join(shown)}]"
    name = f"{kind.__module__}.{kind.__qualname__}"
    if hasattr(value, "isoformat") or isinstance(value, os.PathLike):
        return f"{name}:{value}"
    fields = _fields(value)
    if fields is not None:
        return f"{name}({','.join([f'{key}={repr_of(one, known=known)}' for key, one in fields])})"
    if known and isinstance(value, FunctionType):
        return f"function:{value.__qualname__}"
    if isinstance(value, type) or callable(value):
        raise TypeError(f"{value!r} has no canonical form")
    return f"{name}:{digest_bytes(pickle.dumps(value, 5))}"


def _fields(value: Any) -> Iterable[tuple[str, Any]] | None:
    names = getattr(type(value), "__struct_fields__", None) or getattr(type(value), "__dataclass_fields__", None)
    if names is not None:
        return [(name, getattr(value, name)) for name in names]
    if hasattr(type(value), "__members__"):
        return [("name", value.name)]
    kind = type(value)
    plain = all(getattr(kind, one) is getattr(object, one) for one in ("__reduce_ex__", "__reduce__"))
    if (
        plain
        and hasattr(value, "__dict__")
        and not any(hasattr(one, "__slots__") or "__getstate__" in vars(one) for one in kind.__mro__[:-1])
    ):
        # As pickling would, but whatever the order of sets inside.
        return sorted(vars(value).items()) if not callable(value) else None
    return None
