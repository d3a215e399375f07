"""Paths inside of other values: in lists, tuples, sets, dicts and data classes."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path, PurePath
from typing import Any

from msgspec import Struct, structs

__all__ = ["paths_in", "with_paths"]


def paths_in(value: Any) -> list[Path]:
    """The paths that a value holds, each once, in an order that is the same in every process.

    >>> paths_in({"a": [Path("x")], "b": (1, Path("y"))}) == [Path("x"), Path("y")]
    True
    """
    return list(dict.fromkeys(_paths(value)))


def with_paths(value: Any, replace: Callable[[Path], Any]) -> Any:
    """The value with each path in it replaced.

    >>> with_paths({"a": [Path("x"), 1]}, str)
    {'a': ['x', 1]}
    """
    if isinstance(value, PurePath):
        return replace(Path(value))
    if isinstance(value, list | tuple | set | frozenset):
        inner = [with_paths(one, replace) for one in value]
        return type(value)(*inner) if hasattr(value, "_fields") else type(value)(inner)
    if isinstance(value, dict):
        return {with_paths(key, replace): with_paths(one, replace) for key, one in value.items()}
    if _holds_fields(value):
        made = copy.copy(value)
        for name, one in _fields(value):
            if (other := with_paths(one, replace)) is not one:
                structs.force_setattr(made, name, other) if isinstance(made, Struct) else object.__setattr__(
                    made, name, other
                )
        return made
    return value


def _paths(value: Any) -> Iterator[Path]:
    if isinstance(value, PurePath):
        yield Path(value)
    elif isinstance(value, set | frozenset):
        yield from sorted([path for one in value for path in _paths(one)])
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _paths(one)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _paths(key)
            yield from _paths(one)
    elif _holds_fields(value):
        for _, one in _fields(value):
            yield from _paths(one)


def _holds_fields(value: Any) -> bool:
    return not isinstance(value, type) and (is_dataclass(value) or isinstance(value, Struct))


def _fields(value: Any) -> list[tuple[str, Any]]:
    names = value.__struct_fields__ if isinstance(value, Struct) else [one.name for one in fields(value)]
    return [(name, getattr(value, name)) for name in names if hasattr(value, name)]
