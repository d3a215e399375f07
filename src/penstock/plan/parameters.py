"""Parameters: what was given or else the default, converted to what the annotation says, and hashed."""

import contextlib
import os
import pickle
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from types import FunctionType
from typing import Any

from penstock.errors import ParameterError, UnknownName, did_you_mean
from penstock.graph.graph import Graph
from penstock.model.digest import combine, digest_bytes
from penstock.model.step import Parameter, Step
from penstock.model.task import Setting
from penstock.plan.conversion import convert, guess
from penstock.plan.files import Stats, digest_path, settled
from penstock.plan.filesets import addresses, digest_of, find_files
from penstock.plan.within import paths_in, with_paths

__all__ = ["repr_of", "seed_of", "settings_of", "split_overrides"]

_PLAIN = frozenset({int, float, str, bool, type(None)})


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
            raise UnknownName(
                f"step `{step}` has no parameter `{parameter}`",
                where=graph.steps[step].where,
                hint=_instead(graph.steps[step], parameter, known),
            )
        found.setdefault(step, {})[parameter] = value
    return found


def _instead(step: Step, name: str, known: list[str]) -> str:
    whole, dot, _ = name.partition(".")
    if dot and whole in known:
        return f"Give `{step.name}.{whole}` as a whole, as JSON."
    if name in step.inputs:
        return f"`{name}` is an input, which another step makes: an argument without a default."
    return did_you_mean(name, known) or ("It has " + ", ".join(f"`{one}`" for one in known) if known else "It has none")


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


def _converted(value: Any, one: Parameter) -> Any:
    if one.annotation is not Any or type(value) is not str:
        return convert(value, one.annotation)
    # The default says what is meant by text: "False" must not count as true, nor a name of digits become a number.
    return convert(value, type(one.default)) if isinstance(one.default, str | bool) else guess(value)


def _setting(
    step: Step, one: Parameter, given: Mapping[str, Any], run_seed: int, root: Path, stats: Stats | None
) -> Setting:
    if one.kind == "files":
        return _files(step, one, given.get(one.name, one.default), given, root, stats)
    if one.name in given:
        value: Any = given[one.name]
        if one.kind == "seed":
            return _seed(one, value, step)
        try:
            value = _converted(value, one)
        except ValueError as error:
            raise ParameterError(
                f"{step.name}.{one.name}={given[one.name]!r}: {error}",
                where=step.where,
                hint=f"Give it as `{_option(step, one, 'VALUE')}`.",
            ) from None
    elif one.required:
        raise ParameterError(
            f"step `{step.name}` needs a value for `{one.name}`",
            where=step.where,
            hint=f"Give it with `{_option(step, one, 'VALUE')}`.",
        )
    elif one.kind == "seed":
        return _seed(one, one.default if one.default is not None else seed_of(run_seed, step.name), step)
    else:
        value = one.default
    if one.kind == "path" and isinstance(value, os.PathLike):
        return _path(step, one, Path(value), root, stats)
    if type(value) not in _PLAIN and (within := paths_in(value)):
        return _paths(step, one, value, within, root, stats)
    return _plain(step, one.name, value, given=one.name in given)


def _option(step: Step, one: Parameter, value: str) -> str:
    """How a parameter is set on the command line, quoted where a shell would take it apart."""
    text = f"{step.name}.{one.name}={value}"
    return f"--set {text}" if re.fullmatch(r"[\w.=-]+", text) else f"--set '{text}'"


def _seed(one: Parameter, value: Any, step: Step) -> Setting:
    try:
        seed = int(value)
    except (TypeError, ValueError):
        raise ParameterError(
            f"{step.name}.{one.name}={value!r}: a whole number is wanted",
            where=step.where,
            hint=f"Give it as `{_option(step, one, 'NUMBER')}`, or leave it to the run's seed.",
        ) from None
    return Setting(one.name, "seed", str(seed), str(seed), pickle.dumps(seed, 5))


def _path(step: Step, one: Parameter, path: Path, root: Path, stats: Stats | None) -> Setting:
    full, digest, stat = _content(step, one, path, root, stats)
    return Setting(one.name, "path", str(path), digest, pickle.dumps(full, 5), stat)


def _paths(step: Step, one: Parameter, value: Any, within: list[Path], root: Path, stats: Stats | None) -> Setting:
    """The setting of a value that holds paths: their contents count, and relative ones start at `root`, as of a path alone."""
    found = {path: _content(step, one, path, root, stats) for path in within}
    digests = [digest for _, digest, _ in found.values()]
    plain = _plain(step, one.name, with_paths(value, lambda path: found[path][0]), given=False)
    nameless = _plain(step, one.name, with_paths(value, lambda path: PurePath(found[path][1])), given=False)
    named = tuple(zip(map(str, within), digests, strict=True))
    # In a set, files of equal content would count as one: hence the list of digests beside.
    digest = combine("paths", [nameless.digest, *digests])
    return Setting(one.name, "value", str(value)[:200], digest, plain.data, within=named)


def _content(
    step: Step, one: Parameter, path: Path, root: Path, stats: Stats | None
) -> tuple[Path, str, tuple[int, ...]]:
    full = path if path.is_absolute() else root / path
    stat = settled(full)  # before the content is read: what is altered meanwhile is looked at again
    try:
        return full, digest_path(full, stats), stat
    except ParameterError as error:
        hint = f"Put it there, or name another with `{_option(step, one, 'PATH')}`."
        if not path.is_absolute() and path.exists():
            hint = f"Relative paths start at the pipeline's folder. Here it would be `{path.absolute()}`."
        raise ParameterError(f"{step.name}.{one.name}: {error.what}", where=step.where, hint=hint) from None


def _files(
    step: Step, one: Parameter, value: Any, given: Mapping[str, Any], root: Path, stats: Stats | None
) -> Setting:
    values = {each.name: given.get(each.name, each.default) for each in step.parameters if each.kind == "value"}
    try:
        found = find_files(
            addresses(value), root, stats, values=values, stand_in="" if one.name in given else one.stand_in
        )
    except ParameterError as error:
        raise ParameterError(
            f"{step.name}.{one.name}: {error.what}",
            where=step.where,
            hint=f"Put it there, or name another with `{_option(step, one, 'PATH')}`.",
        ) from None
    shown = ", ".join(found.uris)
    return Setting(one.name, "files", shown[:200], digest_of(found), pickle.dumps(found, 5))


def _plain(step: Step, name: str, value: Any, *, given: bool) -> Setting:
    kind = type(value)
    if kind in _PLAIN:
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
