"""What live functions and classes carry besides their text: cells, defaults and attributes."""

import marshal
from collections.abc import Callable, Sequence
from types import CodeType, FunctionType, ModuleType
from typing import Any

from blake3 import blake3
from msgspec import Struct

from penstock.declare.values_of import Snapshot, is_scalar

__all__ = ["State", "bytecode_token", "names_of", "rebound_in", "state_of_class", "state_of_function"]

_Look = Callable[[Any], Snapshot]
_WRAPS = (property, staticmethod, classmethod)


class State(Struct, frozen=True):
    """What a function or class held when it was looked at.

    `token` tells plain data; `root_token` the same without defaults, which are parameters of a step. `refs` are functions, classes and
    the like inside, by label; `modules` those that cells hold, by name; `attributed` says that somebody set attributes on a
    function; `changing` that it rebinds what its cells hold, which then does not count; `shown` are small values for people.
    """

    token: str = ""
    root_token: str = ""
    refs: dict[str, Any] = {}
    modules: dict[str, ModuleType] = {}
    opaque: bool = False
    attributed: bool = False
    changing: bool = False
    shown: tuple[str, ...] = ()


_EMPTY = State()


class _Gathered:
    def __init__(self, look: _Look) -> None:
        self.look = look
        self.parts: list[str] = []
        self.refs: dict[str, Any] = {}
        self.modules: dict[str, ModuleType] = {}
        self.opaque = False
        self.shown: list[str] = []

    def take(self, label: str, value: Any, *, tells: bool = True) -> None:
        """Note a value. Without `tells`, it does not matter if it can't be told."""
        if is_scalar(value) and len(self.shown) < 20 and len(repr(value)) < 80:
            self.shown.append(f"{label} = {value!r}")
        if is_scalar(value) and not isinstance(value, str):
            self.parts.append(f"{label}={value!r}")
        elif isinstance(value, FunctionType | type):
            self.refs[label] = value
        elif isinstance(value, ModuleType):
            self.modules[label] = value
        else:
            snap = self.look(value)
            if tells or not snap.opaque:
                self.parts.append(f"{label}={snap.token}")
            self.opaque = self.opaque or (tells and snap.opaque)
            for place, ref in enumerate(snap.refs):
                self.refs[f"{label}.{place}"] = ref

    def token(self) -> str:
        return "|" + "\x00".join(self.parts) if self.parts else ""


def state_of_function(function: FunctionType, look: _Look, rebound: Sequence[str] = ()) -> State:
    """Cells, defaults and attributes of a function. Cells named in `rebound` are state that changes as it runs: left out."""
    code = function.__code__
    closure, attributes = function.__closure__, function.__dict__
    if not closure and not function.__defaults__ and not function.__kwdefaults__ and not attributes:
        return _EMPTY
    found = _Gathered(look)
    for name, cell in zip(code.co_freevars, closure or (), strict=True):
        if name == "__class__" or name in rebound:
            continue
        try:
            content = cell.cell_contents
        except ValueError:
            continue
        if content is not function:
            found.take(name, content)
    for name in sorted(attributes):
        if not name.startswith("__penstock"):
            # Of attributes that can't be told, the statements that set them count.
            found.take(f".{name}", attributes[name], tells=False)
    root = found.token()
    defaults = _Gathered(look)
    for place, value in enumerate(function.__defaults__ or ()):
        defaults.take(f"default{place}", value)
    for name, value in (function.__kwdefaults__ or {}).items():
        defaults.take(f"default:{name}", value)
    refs = {**found.refs, **defaults.refs}
    return State(
        token=root + defaults.token(),
        root_token=root,
        refs=refs,
        modules=found.modules,
        opaque=found.opaque or defaults.opaque,
        attributed=bool(set(attributes) - {"__wrapped__", "__penstock__"}),
        changing=any(name in rebound for name in code.co_freevars),
        shown=tuple(found.shown),
    )


def rebound_in(code: CodeType) -> tuple[str, ...]:
    """Free variables that a function without source stores to."""
    import dis

    free = set(code.co_freevars)
    wanted = ("STORE_DEREF", "DELETE_DEREF")
    return tuple([str(one.argval) for one in dis.get_instructions(code) if one.opname in wanted and one.argval in free])


def state_of_class(cls: type, look: _Look, *, bodied: bool = True) -> State:
    """Attributes of a class: data as it was, and functions that its own text does not hold (all, if it has no text)."""
    found = _Gathered(look)
    members = getattr(cls, "_member_map_", None)
    if isinstance(members, dict):
        for name, member in members.items():
            found.take(name, getattr(member, "_value_", None))
        return State(found.token(), found.token(), found.refs)
    for name, value in list(vars(cls).items()):
        hidden = (name[:2] == "__" and name[-2:] == "__") or name.startswith("_abc_")
        inner = value
        if isinstance(inner, _WRAPS):
            inner = getattr(inner, "fget", None) or getattr(inner, "__func__", None)
        if isinstance(inner, FunctionType):
            generated = hidden and inner.__code__.co_filename == "<string>"  # by `dataclass`, from what the body says
            told = bodied and _is_own(inner, cls) and not inner.__closure__
            if not generated and not told:
                found.refs[name] = inner
        elif not hidden:
            _attribute(found, cls, name, inner)
    return State(found.token(), found.token(), found.refs, found.modules)


def _attribute(found: _Gathered, cls: type, name: str, value: Any) -> None:
    if isinstance(value, type) or hasattr(value, "__wrapped__"):
        if not (isinstance(value, type) and value.__qualname__.startswith(f"{cls.__qualname__}.")):
            found.refs[name] = value
    elif type(value).__name__ not in ("member_descriptor", "getset_descriptor"):
        snap = found.look(value)
        if not snap.opaque:
            found.parts.append(f"{name}={snap.token}")
        for place, ref in enumerate(snap.refs):
            if ref is not cls:
                found.refs[f"{name}.{place}"] = ref


def _is_own(function: FunctionType, cls: type) -> bool:
    return function.__module__ == cls.__module__ and function.__qualname__.startswith(f"{cls.__qualname__}.")


def bytecode_token(code: CodeType) -> str:
    """The identity of a code object without source: instructions, constants and names, without positions."""
    parts: list[str] = []
    waiting = [code]
    while waiting:
        one = waiting.pop()
        constants: list[str] = []
        for const in one.co_consts:
            if isinstance(const, CodeType):
                waiting.append(const)
                constants.append(f"code:{const.co_name}")
            else:
                constants.append(blake3(marshal.dumps(const, 2)).hexdigest())
        parts += [
            one.co_name,
            blake3(one.co_code).hexdigest(),
            str(one.co_argcount),
            str(one.co_kwonlyargcount),
            str(one.co_flags),
        ]
        parts += [*constants, *one.co_names, *one.co_varnames, *one.co_freevars, *one.co_cellvars]
    return blake3("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def names_of(code: CodeType) -> list[str]:
    """All names that a code object and those inside it could read, sorted."""
    found: set[str] = set()
    waiting = [code]
    while waiting:
        one = waiting.pop()
        found.update(one.co_names)
        waiting.extend([const for const in one.co_consts if isinstance(const, CodeType)])
    return sorted(found)
