"""Values of parameters as their annotations say: from text as the command line gives it, or from Python."""

import os
import re
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from penstock.errors import did_you_mean

__all__ = ["convert", "guess"]

T = TypeVar("T")

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_NONE = frozenset({"none", "null", ""})
_LITERALS: dict[str, Any] = {"None": None, "True": True, "False": False}
_UNITS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "day": 86_400, "days": 86_400, "w": 604_800}
_LENGTH = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)")
_NUMBERS: dict[type, str] = {int: "a whole number", float: "a number", complex: "a complex number, as in 1+2j,"}
_MOMENTS: dict[type, str] = {
    date: "a date is wanted, as in 2024-02-03",
    datetime: "a date and time is wanted, as in 2024-02-03T12:30",
    time: "a time is wanted, as in 12:30",
}


def convert(value: Any, annotation: Any) -> Any:
    """A parameter's value as its annotation says; text is read as the command line gives it.

    Raises `ValueError` with what was wanted.

    >>> convert("0.5", float), convert("yes", bool), convert("1,2", list[int])
    (0.5, True, [1, 2])
    """
    if annotation is Any or annotation is None:
        return value
    if isinstance(annotation, type) and not isinstance(value, str) and isinstance(value, annotation):
        return value if get_origin(annotation) is None else _inside(value, annotation)
    if isinstance(annotation, NewType):
        return convert(value, annotation.__supertype__)
    origin, options = get_origin(annotation), get_args(annotation)
    if origin is Annotated and not any(isinstance(one, msgspec.Meta) for one in options[1:]):
        return convert(value, options[0])
    if origin in {Union, types.UnionType}:
        return _one_of(value, options)
    if origin is Literal:
        return _listed(value, {str(one): one for one in options}, options)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _member(value, annotation)
    if isinstance(annotation, type) and issubclass(annotation, os.PathLike):
        return _path(value)
    if isinstance(value, str):
        return _from_text(value, annotation)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _inside(value, annotation)
    return _plain(value, annotation, strict=True)


def guess(text: str) -> Any:
    """What text means where no annotation says it: JSON or Python's None, True and False; else the text itself.

    >>> guess("0.5"), guess("None"), guess("word")
    (0.5, None, 'word')
    """
    if text in _LITERALS:
        return _LITERALS[text]
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _from_text(text: str, annotation: Any) -> Any:
    if annotation is str:
        return str(text)
    if annotation is bool:
        lowered = text.strip().lower()
        if lowered in _TRUE | _FALSE:
            return lowered in _TRUE
        raise ValueError("a truth value is wanted: true or false")
    if annotation in _NUMBERS:
        return _number(text, annotation)
    if annotation in _MOMENTS:
        return _read(annotation.fromisoformat, text.strip(), _MOMENTS[annotation])
    if annotation is timedelta:
        return _length(text)
    if _container(annotation):
        stripped = text.strip()
        if stripped.startswith(("[", "{")):
            try:
                return _inside(msgspec.json.decode(stripped), annotation)
            except msgspec.DecodeError as error:
                raise ValueError(f"JSON is wanted: {error}") from None
        if not _of_items(annotation):
            raise ValueError(f"`{_name(annotation)}` is wanted as JSON, as in {_example(annotation)}")
        parts = [part.strip() for part in stripped.split(",")] if stripped else []
        return _inside([guess(one) for one in parts] if not get_args(annotation) else parts, annotation)
    return _plain(text, annotation, strict=False)


def _number(text: str, kind: Any) -> Any:
    try:
        return kind(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        number = 0.5
    if kind is int and number.is_integer():  # 1e3
        return int(number)
    raise ValueError(f"{_NUMBERS[kind]} is wanted")


def _length(text: str) -> timedelta:
    stripped = text.strip().lower()
    parts = _LENGTH.findall(stripped)
    if parts and not _LENGTH.sub("", stripped).strip() and all(unit in _UNITS for _, unit in parts):
        return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in parts))
    wanted = "a length of time is wanted, as in 90s, 2h30m, 7d or PT2H30M"
    return _read(lambda one: msgspec.convert(one, timedelta, strict=False), text.strip(), wanted)


def _read(reader: Callable[[str], T], text: str, wanted: str) -> T:
    try:
        return reader(text)
    except (ValueError, OverflowError):
        raise ValueError(wanted) from None


def _path(value: Any) -> Any:
    if isinstance(value, str):
        if not value.strip():
            raise ValueError("a file or folder is wanted")
        return Path(os.path.expanduser(value))  # noqa: PTH111 - a `~` of no known user stays as it is
    if isinstance(value, os.PathLike):
        return Path(value)
    raise ValueError("`Path` is wanted")


def _listed(value: Any, known: Mapping[str, Any], options: Iterable[Any]) -> Any:
    if isinstance(value, str) and value in known:
        return known[value]
    for one in options:
        if type(one) is type(value) and one == value:
            return one
    near = did_you_mean(str(value), known) if len(known) > 5 else ""
    raise ValueError(f"one of {', '.join(map(repr, options))} is wanted{f'. {near}' if near else ''}")


def _member(value: Any, kind: type[Enum]) -> Any:
    for one in kind:
        if value == one.value or (isinstance(value, str) and value == str(one.value)):
            return one
    if isinstance(value, str) and value in kind.__members__:
        return kind.__members__[value]
    raise ValueError(f"`{kind.__name__}` is wanted: {' or '.join(str(one.value) for one in kind)}")


def _one_of(value: Any, options: tuple[Any, ...]) -> Any:
    if type(None) in options and (value is None or (isinstance(value, str) and value.strip().lower() in _NONE)):
        return None
    said = []
    for one in sorted(options, key=lambda option: option is str):  # all that is read from text is text as well
        if one is type(None):
            continue
        try:
            return convert(value, one)
        except ValueError as error:
            said.append(str(error))
    raise ValueError(", or ".join(dict.fromkeys(said)))


def _inside(value: Any, annotation: Any) -> Any:
    """What holds other values, each as the annotation says of it; else what msgspec makes of it."""
    kind, options = get_origin(annotation) or annotation, get_args(annotation)
    if isinstance(kind, type) and is_dataclass(kind) and isinstance(value, Mapping):
        return _data_class(value, kind)
    if hasattr(kind, "model_validate") and isinstance(value, Mapping):  # pydantic, which the project may have
        return kind.model_validate(value)
    try:
        if kind in {list, set, frozenset} and isinstance(value, list | tuple | set | frozenset):
            return kind(convert(one, options[0] if options else Any) for one in value)
        if kind is tuple and isinstance(value, list | tuple):
            wanted = options[:1] * len(value) if options[1:] == (...,) else options or (Any,) * len(value)
            if len(wanted) != len(value):
                raise ValueError(f"`{_name(annotation)}` is wanted, of {len(wanted)} values")
            return tuple([convert(one, each) for one, each in zip(value, wanted, strict=True)])
        if kind is dict and isinstance(value, Mapping):
            key, item = options or (Any, Any)
            return {convert(one, key): convert(each, item) for one, each in value.items()}
    except ValueError as error:
        said = str(error)
        raise ValueError(said if said.startswith("`") else f"`{_name(annotation)}` is wanted: {said}") from None
    return _plain(value, annotation, strict=not isinstance(value, str))


def _data_class(value: Mapping[str, Any], kind: Any) -> Any:
    known = [one.name for one in fields(kind) if one.init]
    for name in value:
        if name not in known:
            raise ValueError(f"`{kind.__name__}` has no field `{name}`. {did_you_mean(str(name), known)}".rstrip())
    hints = get_type_hints(kind, include_extras=True)
    made = {}
    for name, one in value.items():
        try:
            made[name] = convert(one, hints.get(name, Any))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    try:
        return kind(**made)
    except TypeError as error:  # a field that must be given
        raise ValueError(f"`{kind.__name__}` is wanted: {error}") from None


def _plain(value: Any, annotation: Any, *, strict: bool) -> Any:
    try:
        return msgspec.convert(value, annotation, strict=strict, builtin_types=(), dec_hook=_made)
    except msgspec.ValidationError as error:
        raise ValueError(f"`{_name(annotation)}` is wanted ({_lowered(error)})") from None
    except TypeError:  # an annotation that only the user's own code understands
        return guess(value) if isinstance(value, str) else value


def _made(wanted: type, value: Any) -> Any:
    return value if isinstance(value, wanted) else wanted(value)


def _container(annotation: Any) -> bool:
    kind = get_origin(annotation) or annotation
    return kind in {list, tuple, set, frozenset, dict} or (
        isinstance(kind, type)
        and (issubclass(kind, msgspec.Struct) or is_dataclass(kind) or hasattr(kind, "model_validate"))
    )


def _of_items(annotation: Any) -> bool:
    return (get_origin(annotation) or annotation) in {list, tuple, set, frozenset}


def _example(annotation: Any) -> str:
    kind = get_origin(annotation) or annotation
    names = [one.name for one in fields(kind)] if is_dataclass(kind) else list(getattr(kind, "__struct_fields__", ()))
    return f"'{{\"{names[0] if names else 'name'}\": …}}'"


def _name(annotation: Any) -> str:
    name = getattr(annotation, "__name__", str(annotation)) if not get_args(annotation) else str(annotation)
    return name.replace("typing.", "")


def _lowered(error: Exception) -> str:
    said = str(error)
    return said[:1].lower() + said[1:]
