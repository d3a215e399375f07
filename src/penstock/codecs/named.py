"""Instances of classes that are found again by their import name: dataclasses, enums, named tuples, msgspec structs.

Only classes whose state is their fields are taken. One that brings its own reducer, lives in `__main__` or inside a
function, or builds on a container, is left to pickle.
"""

import enum
import importlib
import sys
from dataclasses import fields, is_dataclass
from typing import Any
from weakref import WeakKeyDictionary

import msgspec

from penstock.errors import CodecError
from penstock.values.definitions import resolve
from penstock.values.state import StateError, definition_digest

__all__ = ["lower", "rise"]

_KINDS: "WeakKeyDictionary[type, tuple[str, bytes]]" = WeakKeyDictionary()


def lower(value: Any) -> tuple[str, str, str, bytes, Any] | None:
    """(kind, module, qualified name, digest of the class's code, what the instance holds), or None.

    The code's digest makes instances of an edited class other values: their methods may behave differently.
    """
    cls = type(value)
    known = _KINDS.get(cls)
    if known is None:
        known = _KINDS[cls] = _classify(cls)
    kind, code = known
    if not kind:
        return None
    held: Any
    if kind == "enum":
        named = getattr(value, "_name_", None)
        held = ["name", named] if named in cls.__members__ else ["value", value.value]
    elif kind == "tuple":
        held = list(value)
    elif kind == "struct":
        held = {name: getattr(value, name) for name in cls.__struct_fields__}
    else:
        held = {one.name: getattr(value, one.name) for one in fields(value) if hasattr(value, one.name)}
        held.update(getattr(value, "__dict__", {}))
    return kind, cls.__module__, cls.__qualname__, code, held


def _classify(cls: type) -> tuple[str, bytes]:
    if cls.__module__ == "__main__" or resolve(cls.__module__, cls.__qualname__) is not cls:
        return "", b""
    kind = _kind(cls)
    try:
        return kind, definition_digest(cls)[:16] if kind else b""
    except (StateError, RecursionError):
        return "", b""


def _kind(cls: type) -> str:
    if issubclass(cls, enum.Enum):
        return "enum"
    if issubclass(cls, tuple) and hasattr(cls, "_fields") and cls.__reduce_ex__ is object.__reduce_ex__:
        return "tuple" if tuple in cls.__bases__ or cls.__bases__[0].__bases__ == (tuple,) else ""
    if issubclass(cls, msgspec.Struct):
        return "struct" if cls.__reduce__ is msgspec.Struct.__reduce__ else ""
    if is_dataclass(cls) and cls.__new__ is object.__new__ and cls.__reduce_ex__ is object.__reduce_ex__:
        plain_state = "__getstate__" not in dir(object) or _inherits_state(cls)
        if plain_state and cls.__reduce__ is object.__reduce__:
            return "dataclass"
    return ""


def _inherits_state(cls: type) -> bool:
    """Whether the class has no pickling of its own, besides what `dataclass(frozen=True, slots=True)` writes."""
    for one in cls.__mro__:
        for name in ("__getstate__", "__setstate__"):
            member = vars(one).get(name)
            if one is object or member is None:
                continue
            if getattr(member, "__module__", "") != "dataclasses":
                return False
    return True


def _find(module: str, name: str) -> Any:
    found = resolve(module, name)
    if found is None and module not in sys.modules:
        try:
            importlib.import_module(module)
        except Exception as error:
            raise CodecError(
                f"a stored value is a `{module}.{name}`, and that module can't be imported: {error}",
                hint="Read it from where the pipeline's own modules can be imported.",
            ) from None
        found = resolve(module, name)
    return found


def rise(parts: list[Any]) -> Any:
    """The instance again."""
    kind, module, name, _, held = parts
    cls = _find(module, name)
    if not isinstance(cls, type) or _kind(cls) != kind:
        raise CodecError(
            f"a stored value is a `{module}.{name}` ({kind}), which is no longer there",
            hint="The class was renamed, moved or changed; run again to store the value anew.",
        )
    if kind == "enum":
        how, what = held
        return cls.__members__[what] if how == "name" else cls(what)  # type: ignore[attr-defined]
    if kind == "tuple":
        return tuple.__new__(cls, held)
    if kind == "struct":
        return cls(**held)
    made: Any = object.__new__(cls)
    for attribute, one in held.items():
        object.__setattr__(made, attribute, one)
    return made
