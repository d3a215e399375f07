"""The identity of a runtime value: a digest of plain data, with the functions and classes inside it set aside.

Equal data gives an equal digest in every process: sets are sorted, paths below the project's root are made relative, and
nothing depends on addresses, hashes of strings or the order of creation. What can't be told is *opaque*: the caller
then falls back to the statements that made it.
"""

import marshal
import os
import sys
from collections.abc import Callable
from types import FunctionType, MethodType, ModuleType
from typing import Any

from blake3 import blake3
from msgspec import Struct

__all__ = ["Snapshot", "attribute_of", "is_scalar", "pickled_token", "snapshot"]

_SCALARS = frozenset([int, float, bool, str, bytes, complex, type(None)])
_FLAT = frozenset([list, tuple, set, frozenset])
_LIMIT = 200_000  # parts of a value
_BYTES = 64_000_000  # bytes of an array
_DEPTH = 100


class Snapshot(Struct, frozen=True, gc=False):
    """What a value was when it was looked at.

    `token` is the digest of what could be told; `refs` are the functions, classes, modules and other code inside, in
    order; `opaque` says that something in it could not be told; `plain` that it is data alone.
    """

    token: str
    refs: tuple[Any, ...] = ()
    opaque: bool = False

    @property
    def plain(self) -> bool:
        """Data alone, wholly told."""
        return not self.refs and not self.opaque


def attribute_of(value: Any, name: str) -> Any:
    """An attribute of an object of the user's, None without it: its own `__getattr__` may raise anything, or import."""
    try:
        return getattr(value, name, None) if not isinstance(value, ModuleType) else vars(value).get(name)
    except Exception:
        return None


def is_scalar(value: Any) -> bool:
    """Whether a value is immutable and of a built-in type."""
    return type(value) in _SCALARS


def snapshot(value: Any, root: str = "", owned: Callable[[type], bool] | None = None) -> Snapshot:
    """The identity of a value. `root` is the project's folder; `owned` tells classes of the project.

    >>> snapshot({"a": {1, 2}}) == snapshot({"a": {2, 1}}), snapshot([1]) == snapshot([True])
    (True, False)
    """
    if type(value) in _SCALARS and not (root and isinstance(value, str) and root in value):
        return Snapshot(blake3(marshal.dumps(value, 2)).hexdigest())
    walk = _Walk(root, owned or _nobody)
    walk.add(value, 0)
    return Snapshot(
        blake3("\x00".join(walk.parts).encode("utf-8", "surrogatepass")).hexdigest(), tuple(walk.refs), walk.opaque
    )


def _nobody(_cls: type) -> bool:
    return False


class _Walk:
    def __init__(self, root: str, owned: Callable[[type], bool]) -> None:
        self.root = root
        self.owned = owned
        self.parts: list[str] = []
        self.refs: list[Any] = []
        self.opaque = False
        self.count = 0
        self.open: dict[int, int] = {}

    def add(self, value: Any, depth: int) -> None:
        kind = type(value)
        if kind in _SCALARS:
            self.scalar(value, kind)
            return
        self.count += 1
        if self.count > _LIMIT or depth > _DEPTH:
            self.unknown(value)
            return
        mark = id(value)
        if mark in self.open:
            self.parts.append(f"again:{self.open[mark]}")
            return
        self.open[mark] = len(self.open)
        try:
            handler = _HANDLERS.get(kind)
            if handler is not None:
                handler(self, value, depth + 1)
            else:
                self.other(value, kind, depth + 1)
        except Exception:
            # The user's own properties and iterators may raise; then nothing is known.
            self.unknown(value)
        finally:
            del self.open[mark]

    def scalar(self, value: Any, kind: type) -> None:
        if kind is str:
            text = value.replace(self.root, "<root>") if self.root and self.root in value else value
            self.parts.append(f"s{len(text)}:{text}")
        else:
            self.parts.append(f"{kind.__name__}:{value!r}")

    def unknown(self, value: Any) -> None:
        self.opaque = True
        self.parts.append(f"?{type(value).__module__}.{type(value).__qualname__}")

    def ref(self, value: Any) -> None:
        module = "" if isinstance(value, type) and self.owned(value) else getattr(value, "__module__", "") or ""
        if isinstance(value, FunctionType) and value.__code__.co_filename.startswith(self.root or "\0"):
            module = ""  # where code of the project lies does not count
        name = getattr(value, "__qualname__", "") or getattr(value, "__name__", "")
        self.parts.append(f"ref:{len(self.refs)}:{module}.{name}")
        self.refs.append(value)

    def sequence(self, value: Any, depth: int) -> None:
        kinds = set(map(type, value)) if len(value) > 50 else set()
        if kinds and kinds <= _SCALARS and str not in kinds:
            self.parts.append(f"{type(value).__name__}!{blake3(marshal.dumps(value, 2)).hexdigest()}")
            return
        self.parts.append(f"{type(value).__name__}{len(value)}[")
        for one in value:
            self.add(one, depth)
        self.parts.append("]")

    def unordered(self, value: Any, depth: int) -> None:
        self.parts.append(f"{type(value).__name__}{len(value)}{{")
        found = []
        for one in value:
            inner = _Walk(self.root, self.owned)
            inner.add(one, depth)
            if inner.refs or inner.opaque:
                self.opaque = True
                self.refs.extend(inner.refs)
            found.append("\x01".join(inner.parts))
        self.parts.extend(sorted(found))
        self.parts.append("}")

    def mapping(self, value: Any, depth: int) -> None:
        self.parts.append(f"{type(value).__name__}{len(value)}{{")
        for key, one in value.items():
            self.add(key, depth)
            self.add(one, depth)
        self.parts.append("}")

    def other(self, value: Any, kind: type, depth: int) -> None:
        module, name = kind.__module__, kind.__qualname__
        label = f"{module}.{name}"
        if isinstance(value, type | FunctionType | ModuleType):
            self.ref(value)
        elif isinstance(value, MethodType):
            self.parts.append(f"method:{value.__name__}")
            self.ref(value.__func__)
            self.add(value.__self__, depth)
        elif label in _KNOWN:
            _KNOWN[label](self, value, depth)
        elif module.startswith("penstock."):
            self.parts.append("penstock")
        elif (fields := _fields_of(value, kind)) is not None:
            self.parts.append(f"{name}(")
            self.ref(kind)
            for field, one in fields:
                self.parts.append(field)
                self.add(one, depth)
            self.parts.append(")")
        elif isinstance(value, tuple | list | dict | set | frozenset | str | bytes | int | float):
            self.subclass(value, kind, depth)
        elif self.owned(kind):
            self.instance(value, kind, depth)
        elif not self.library(value, module, name, depth):
            self.unknown(value)

    def subclass(self, value: Any, kind: type, depth: int) -> None:
        base = next(
            one for one in (tuple, list, dict, set, frozenset, str, bytes, int, float) if isinstance(value, one)
        )
        self.parts.append(f"{kind.__qualname__}<")
        self.ref(kind)
        if kind.__module__ == "collections" and kind.__name__ == "defaultdict":
            self.add(value.default_factory, depth)
        if base is dict:
            self.mapping(dict(value.items()), depth)
        else:
            self.add(base(value), depth)
        if self.owned(kind) and getattr(value, "__dict__", None):
            self.mapping(value.__dict__, depth)
        self.parts.append(">")

    def instance(self, value: Any, kind: type, depth: int) -> None:
        """An object of a class of the project: its class and its attributes."""
        self.parts.append(f"{kind.__qualname__}(")
        self.ref(kind)
        state = dict(getattr(value, "__dict__", {}))
        for cls in kind.__mro__:
            slots = cls.__dict__.get("__slots__", ())
            for slot in (slots,) if isinstance(slots, str) else slots:
                if slot not in ("__dict__", "__weakref__") and hasattr(value, slot):
                    state[slot] = getattr(value, slot)
        for field in sorted(state):
            self.parts.append(field)
            self.add(state[field], depth)
        self.parts.append(")")

    def library(self, value: Any, module: str, name: str, depth: int) -> bool:
        """Plain values of libraries, told without importing them."""
        top = module.partition(".")[0]
        if top == "numpy":
            return self.numpy(value, name, depth)
        if name in (
            "builtin_function_or_method",
            "method-wrapper",
            "wrapper_descriptor",
            "_lru_cache_wrapper",
        ):
            self.ref(value)
            return True
        if top == "pandas" and name in ("Timestamp", "Timedelta"):
            self.parts.append(f"{name}:{value.isoformat()}:{getattr(value, 'tz', None)}")
            return True
        if attribute_of(value, "__wrapped__") is not None:
            self.parts.append(f"wrapped:{name}")
            self.ref(value)
            return True
        return False

    def numpy(self, value: Any, name: str, depth: int) -> bool:
        if name == "ufunc":
            # Those of libraries have a name to find them by; `frompyfunc` makes others of functions that can't be told.
            homes = [sys.modules[one] for one in ("numpy", "scipy.special") if one in sys.modules]
            if any(getattr(home, value.__name__, None) is value for home in homes):
                self.ref(value)
                return True
            return False
        if hasattr(value, "tobytes") and hasattr(value, "dtype"):
            if value.dtype.hasobject:
                self.parts.append(f"array:{value.shape}")
                self.add(value.tolist(), depth)
                return True
            if value.nbytes > _BYTES:
                return False
            self.parts.append(
                f"array:{name}:{value.dtype.str}:{value.dtype.descr}:{value.shape}:{blake3(value.tobytes()).hexdigest()}"
            )
            return True
        if name.endswith("DType") or name == "dtype":
            self.parts.append(f"dtype:{value!r}")
            return True
        return False


def _fields_of(value: Any, kind: type) -> list[tuple[str, Any]] | None:
    """The declared fields of an enumeration member, data class, attrs, msgspec or pydantic object, or named tuple."""
    namespace: Any = None
    for name in ("__dataclass_fields__", "__struct_fields__", "__attrs_attrs__", "model_fields", "_fields"):
        namespace = getattr(kind, name, None)
        if namespace is not None:
            break
    if namespace is None:
        enum = sys.modules.get("enum")
        if enum is not None and isinstance(value, enum.Enum):
            return [("name", value._name_), ("value", value._value_)]
        return None
    if name == "__attrs_attrs__":
        names = [one.name for one in namespace]
    elif name == "_fields" and not isinstance(value, tuple):
        return None
    else:
        names = list(namespace)
    # Other attributes may have been set on the object; those count too.
    names += [one for one in sorted(getattr(value, "__dict__", {})) if one not in set(names)]
    return [(one, getattr(value, one)) for one in names if hasattr(value, one)]


def _text(walk: _Walk, value: Any, _depth: int) -> None:
    walk.parts.append(f"{type(value).__name__}:{value!r}")


def _path(walk: _Walk, value: Any, depth: int) -> None:
    walk.parts.append("path")
    walk.add(str(value), depth)


def _partial(walk: _Walk, value: Any, depth: int) -> None:
    walk.parts.append("partial")
    for one in (value.func, value.args, value.keywords):
        walk.add(one, depth)


def _pattern(walk: _Walk, value: Any, depth: int) -> None:
    walk.parts.append(f"re:{value.flags}")
    walk.add(value.pattern, depth)


def _items(walk: _Walk, value: Any, depth: int) -> None:
    walk.parts.append(type(value).__qualname__)
    if hasattr(value, "default_factory"):
        walk.add(value.default_factory, depth)
    walk.mapping(dict(value), depth)


def _attributes(walk: _Walk, value: Any, depth: int) -> None:
    walk.parts.append("namespace")
    walk.mapping(dict(vars(value)), depth)


def _array(walk: _Walk, value: Any, depth: int) -> None:
    walk.parts.append(f"array:{value.typecode}")
    walk.add(value.tobytes(), depth)


def _deque(walk: _Walk, value: Any, depth: int) -> None:
    walk.parts.append(f"deque:{value.maxlen}")
    walk.add(list(value), depth)


def _code_of(walk: _Walk, value: Any, _depth: int) -> None:
    walk.ref(value)


def _property(walk: _Walk, value: Any, depth: int) -> None:
    walk.parts.append(type(value).__qualname__)
    for one in (getattr(value, "fget", None), getattr(value, "fset", None), getattr(value, "__func__", None)):
        walk.add(one, depth)


def _logger(walk: _Walk, _value: Any, _depth: int) -> None:
    walk.parts.append("logger")  # what is logged is not what is computed


def _getter(walk: _Walk, value: Any, _depth: int) -> None:
    walk.parts.append(repr(value.__reduce__()[1]))


_HANDLERS: dict[type, Callable[[_Walk, Any, int], None]] = {
    list: _Walk.sequence,
    tuple: _Walk.sequence,
    dict: _Walk.mapping,
    set: _Walk.unordered,
    frozenset: _Walk.unordered,
    bytearray: _text,
    range: _text,
    slice: _text,
    type(...): _text,
    type(NotImplemented): _text,
    property: _property,
    staticmethod: _property,
    classmethod: _property,
    type(len): _code_of,
    type(str.join): _code_of,
}

# By name: that a value is of such a type must not make us import its module.
_KNOWN: dict[str, Callable[[_Walk, Any, int], None]] = {
    **dict.fromkeys(
        [
            *("datetime.datetime", "datetime.date", "datetime.time", "datetime.timedelta", "datetime.timezone"),
            *("decimal.Decimal", "fractions.Fraction", "uuid.UUID", "zoneinfo.ZoneInfo", "ipaddress.IPv4Address"),
        ],
        _text,
    ),
    **dict.fromkeys(
        ["pathlib.PosixPath", "pathlib.WindowsPath", "pathlib.PurePosixPath", "pathlib._local.PosixPath"], _path
    ),
    "functools.partial": _partial,
    "re.Pattern": _pattern,
    "collections.OrderedDict": _items,
    "collections.defaultdict": _items,
    "collections.Counter": _items,
    "collections.ChainMap": _items,
    "builtins.mappingproxy": _items,
    "types.SimpleNamespace": _attributes,
    "argparse.Namespace": _attributes,
    "array.array": _array,
    "collections.deque": _deque,
    "logging.Logger": _logger,
    "logging.RootLogger": _logger,
    "operator.itemgetter": _getter,
    "operator.attrgetter": _getter,
    "operator.methodcaller": _getter,
    "functools._lru_cache_wrapper": _code_of,
}


class _Hashed:
    """A file that only hashes what is written to it."""

    def __init__(self) -> None:
        self.hash = blake3()

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self.hash.update(view)
        return len(view)


def pickled_token(value: Any) -> str:
    """The digest of a value's pickle, and where there is none a token that no other process has.

    For values of notebooks that nothing else tells: work is then done again rather than taken for the same.
    """
    import cloudpickle

    hashed = _Hashed()
    try:
        cloudpickle.Pickler(hashed, protocol=5).dump(value)
    except Exception:
        known = _nonces.get(id(value))
        if known is None:
            known = _nonces[id(value)] = (value, blake3(os.urandom(32)).hexdigest())
        return known[1]
    return hashed.hash.hexdigest()


_nonces: dict[int, tuple[Any, str]] = {}  # holds the values, so that their addresses stay theirs
