"""Plain values as canonical bytes, exact in type: MessagePack where it is exact, tagged extensions for the rest.

MessagePack keeps None, bool, 64-bit int, float, str, bytes, list and dict with text keys apart; everything else is an
extension with a number of its own (see `_Tag`), its payload MessagePack again. Sets are ordered by their items' bytes,
mappings keep their order. Equal values of equal types have equal bytes, different ones different bytes.

Reading runs no code that the bytes carry: there is none. Dataclasses, enums, named tuples and msgspec structs are found
by their import name, must be of that very kind, and are filled without calling `__init__` (structs by their own
constructor, which may call the class's `__post_init__`).
"""

import datetime as dt
import fractions
import pathlib
import uuid
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Raw, msgpack

from penstock.codecs import named, scalars
from penstock.errors import CodecError, Corrupt, PenstockError

__all__ = ["LARGE_BYTES", "Leaf", "NotPlain", "decode", "encode", "is_plain"]

Leaf = Callable[[Any], bytes]
"""Takes a value that is not plain, gives the name under which it is stored elsewhere."""

LARGE_BYTES = 1 << 16
"""Byte strings of this many bytes or more are leaves, where leaves are taken."""


class NotPlain(TypeError):
    """A value that plain bytes can't hold; `value` is the one inside."""

    def __init__(self, value: Any) -> None:
        super().__init__(f"{type(value).__module__}.{type(value).__qualname__}")
        self.value = value


class _Tag:
    """Numbers of the extensions. They are on disk: never renumber, only add."""

    LEAF = 0
    TUPLE = 1
    INTEGER = 2
    TEXT = 3
    COMPLEX = 4
    PAIRS = 5
    SET = 6
    FROZENSET = 7
    BYTEARRAY = 8
    DATETIME = 9
    DATE = 10
    TIME = 11
    TIMEDELTA = 12
    DECIMAL = 13
    UUID = 14
    FRACTION = 15
    PATH = 16
    OBJECT = 17
    ORDERED = 18
    COUNTER = 19
    DEQUE = 20
    RANGE = 21
    SLICE = 22
    ELLIPSIS = 23
    SCALAR = 24
    DEFAULTS = 25


_pack = msgpack.Encoder().encode
_SCALARS = frozenset({type(None), bool, int, float, str})


class _Lower:
    """One way down a value: into what MessagePack can write. `careful` looks at every text and number, which is only
    needed where MessagePack has refused one (lone surrogates, integers beyond 64 bits)."""

    __slots__ = ("careful", "leaf")

    def __init__(self, leaf: Leaf | None, careful: bool) -> None:
        self.leaf = leaf
        self.careful = careful

    def any(self, value: Any) -> Any:
        kind = type(value)
        if kind in _SCALARS:
            return value if not self.careful else _careful(value, kind)
        handler = _LOWER.get(kind)
        if handler is not None:
            return handler(self, value)
        return self.other(value)

    def all(self, values: Iterable[Any]) -> list[Any]:
        return [self.any(one) for one in values]

    def of_list(self, value: list[Any]) -> list[Any]:
        if not self.careful and _SCALARS.issuperset(map(type, value)):
            return value
        return self.all(value)

    def of_dict(self, value: dict[Any, Any]) -> Any:
        if not self.careful and all(type(key) is str for key in value):
            if _SCALARS.issuperset(map(type, value.values())):
                return value
            return {key: self.any(one) for key, one in value.items()}
        if all(type(key) is str and _is_utf8(key) for key in value):
            return {key: self.any(one) for key, one in value.items()}
        return self.pairs(_Tag.PAIRS, value)

    def pairs(self, tag: int, value: dict[Any, Any]) -> msgpack.Ext:
        return msgpack.Ext(tag, _pack([self.any(one) for pair in value.items() for one in pair]))

    def of_tuple(self, value: tuple[Any, ...]) -> msgpack.Ext:
        return msgpack.Ext(_Tag.TUPLE, _pack(self.all(value)))

    def of_set(self, tag: int, value: Iterable[Any]) -> msgpack.Ext:
        return msgpack.Ext(tag, _pack([Raw(one) for one in sorted([_pack(self.any(item)) for item in value])]))

    def of_bytes(self, value: bytes) -> Any:
        return value if len(value) < LARGE_BYTES or self.leaf is None else self.elsewhere(value)

    def of_bytearray(self, value: bytearray) -> Any:
        if len(value) < LARGE_BYTES or self.leaf is None:
            return msgpack.Ext(_Tag.BYTEARRAY, bytes(value))
        return self.elsewhere(value)

    def of_deque(self, value: deque[Any]) -> msgpack.Ext:
        return msgpack.Ext(_Tag.DEQUE, _pack([value.maxlen, self.all(value)]))

    def of_defaultdict(self, value: defaultdict[Any, Any]) -> msgpack.Ext:
        name = _FACTORY_NAMES.get(value.default_factory) if _hashable(value.default_factory) else None
        if name is None:
            return self.elsewhere(value)
        return msgpack.Ext(_Tag.DEFAULTS, _pack([name, self.any(dict(value))]))

    def instant(self, value: dt.datetime) -> Any:
        zone = _zone(value.tzinfo)
        if zone is _NO_ZONE:
            return self.elsewhere(value)
        fields = [value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond]
        return msgpack.Ext(_Tag.DATETIME, _pack([*fields, value.fold, zone]))

    def time(self, value: dt.time) -> Any:
        zone = _zone(value.tzinfo)
        if zone is _NO_ZONE:
            return self.elsewhere(value)
        return msgpack.Ext(
            _Tag.TIME, _pack([value.hour, value.minute, value.second, value.microsecond, value.fold, zone])
        )

    def path(self, value: pathlib.PurePath) -> Any:
        if self.leaf is not None and isinstance(value, pathlib.Path) and _exists(value):
            return self.elsewhere(value)
        return msgpack.Ext(_Tag.PATH, _pack([type(value).__name__, self.any(str(value))]))

    def elsewhere(self, value: Any) -> msgpack.Ext:
        """A value that is not plain: its name, if leaves are taken here."""
        if self.leaf is None:
            raise NotPlain(value)
        return msgpack.Ext(_Tag.LEAF, self.leaf(value))

    def other(self, value: Any) -> Any:
        """A type that is not in the table: numpy and pandas scalars, the user's own classes, or a leaf."""
        scalar = scalars.lower(value)
        if scalar is not None:
            return msgpack.Ext(_Tag.SCALAR, _pack(self.any(scalar)))
        parts = named.lower(value)
        if parts is None:
            return self.elsewhere(value)
        kind, module, name, code, held = parts
        return msgpack.Ext(_Tag.OBJECT, _pack([kind, module, name, code, self.any(held)]))


_FACTORIES: dict[str, Any] = {
    one.__name__: one for one in (bool, bytes, dict, float, frozenset, int, list, set, str, tuple, Counter, OrderedDict)
}
_FACTORIES["None"] = None
_FACTORY_NAMES: dict[Any, str] = {one: name for name, one in _FACTORIES.items()}


def _hashable(value: Any) -> bool:
    return value is None or isinstance(value, type)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _careful(value: Any, kind: type) -> Any:
    if kind is int and not -(1 << 63) <= value < 1 << 64:
        return msgpack.Ext(_Tag.INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))
    if kind is str and not _is_utf8(value):
        return msgpack.Ext(_Tag.TEXT, value.encode("utf-8", "surrogatepass"))
    return value


def _exists(path: pathlib.Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


_NO_ZONE = object()


def _zone(zone: dt.tzinfo | None) -> Any:
    """None, [seconds, microseconds, name or None] for a fixed offset, or a key of the zone database."""
    if zone is None:
        return None
    if type(zone) is dt.timezone:
        arguments = zone.__getinitargs__()  # type: ignore[attr-defined]
        offset = arguments[0]
        name = arguments[1] if len(arguments) > 1 else None
        if name is None or _is_utf8(name):
            return [offset.days * 86400 + offset.seconds, offset.microseconds, name]
    if type(zone) is ZoneInfo and zone.key:
        return zone.key
    return _NO_ZONE


def _from_zone(zone: Any) -> dt.tzinfo | None:
    if zone is None:
        return None
    if isinstance(zone, str):
        return ZoneInfo(zone)
    seconds, microseconds, name = zone
    offset = dt.timedelta(seconds=seconds, microseconds=microseconds)
    if name is None:
        return dt.timezone(offset) if offset else dt.timezone.utc  # noqa: UP017 - UTC is this very object
    return dt.timezone(offset, name)


_LOWER: dict[type, Callable[[_Lower, Any], Any]] = {
    list: _Lower.of_list,
    dict: _Lower.of_dict,
    tuple: _Lower.of_tuple,
    bytes: _Lower.of_bytes,
    bytearray: _Lower.of_bytearray,
    set: lambda lower, value: lower.of_set(_Tag.SET, value),
    frozenset: lambda lower, value: lower.of_set(_Tag.FROZENSET, value),
    OrderedDict: lambda lower, value: lower.pairs(_Tag.ORDERED, value),
    Counter: lambda lower, value: lower.pairs(_Tag.COUNTER, value),
    deque: _Lower.of_deque,
    defaultdict: _Lower.of_defaultdict,
    complex: lambda _, value: msgpack.Ext(_Tag.COMPLEX, _pack([value.real, value.imag])),
    dt.datetime: _Lower.instant,
    dt.date: lambda _, value: msgpack.Ext(_Tag.DATE, _pack([value.year, value.month, value.day])),
    dt.time: _Lower.time,
    dt.timedelta: lambda _, value: msgpack.Ext(_Tag.TIMEDELTA, _pack([value.days, value.seconds, value.microseconds])),
    Decimal: lambda _, value: msgpack.Ext(_Tag.DECIMAL, str(value).encode()),
    uuid.UUID: lambda _, value: msgpack.Ext(_Tag.UUID, value.bytes),
    fractions.Fraction: lambda _, value: msgpack.Ext(
        _Tag.FRACTION, _pack([_careful(value.numerator, int), _careful(value.denominator, int)])
    ),
    range: lambda _, value: msgpack.Ext(
        _Tag.RANGE, _pack([_careful(one, int) for one in (value.start, value.stop, value.step)])
    ),
    slice: lambda lower, value: msgpack.Ext(_Tag.SLICE, _pack(lower.all([value.start, value.stop, value.step]))),
    type(Ellipsis): lambda _, __: msgpack.Ext(_Tag.ELLIPSIS, b""),
    pathlib.PosixPath: _Lower.path,
    pathlib.WindowsPath: _Lower.path,
    pathlib.PurePosixPath: _Lower.path,
    pathlib.PureWindowsPath: _Lower.path,
}


def encode(value: Any, leaf: Leaf | None = None) -> bytes:
    """The canonical bytes of a plain value.

    A part that is not plain is handed to `leaf`, which returns a name for it; without `leaf` it raises `NotPlain`.
    Raises `RecursionError` for a value that is nested too deeply or contains itself.
    """
    try:
        return _pack(_Lower(leaf, False).any(value))
    except (OverflowError, UnicodeEncodeError):
        return _pack(_Lower(leaf, True).any(value))


def is_plain(value: Any) -> bool:
    """Whether a value and all within it is plain."""
    try:
        encode(value)
    except (NotPlain, RecursionError):
        return False
    return True


def _pairs(items: list[Any]) -> Iterable[tuple[Any, Any]]:
    return zip(items[::2], items[1::2], strict=True)


def _instant(fields: list[Any]) -> dt.datetime:
    year, month, day, hour, minute, second, microsecond, fold, zone = fields
    return dt.datetime(year, month, day, hour, minute, second, microsecond, _from_zone(zone), fold=fold)


def _time(fields: list[Any]) -> dt.time:
    hour, minute, second, microsecond, fold, zone = fields
    return dt.time(hour, minute, second, microsecond, _from_zone(zone), fold=fold)


_PATHS: dict[str, type[pathlib.PurePath]] = {
    "PosixPath": pathlib.Path,
    "WindowsPath": pathlib.Path,
    "PurePosixPath": pathlib.PurePosixPath,
    "PureWindowsPath": pathlib.PureWindowsPath,
}

# Extensions whose payload is MessagePack, and those whose payload is bytes of another form.
_FROM_PACKED: dict[int, Callable[[Any], Any]] = {
    _Tag.TUPLE: tuple,
    _Tag.COMPLEX: lambda held: complex(*held),
    _Tag.PAIRS: lambda held: dict(_pairs(held)),
    _Tag.SET: set,
    _Tag.FROZENSET: frozenset,
    _Tag.DATETIME: _instant,
    _Tag.DATE: lambda held: dt.date(*held),
    _Tag.TIME: _time,
    _Tag.TIMEDELTA: lambda held: dt.timedelta(*held),
    _Tag.FRACTION: lambda held: fractions.Fraction(*held),
    _Tag.PATH: lambda held: _PATHS[held[0]](held[1]),
    _Tag.OBJECT: named.rise,
    _Tag.ORDERED: lambda held: OrderedDict(_pairs(held)),
    _Tag.COUNTER: lambda held: Counter(dict(_pairs(held))),
    _Tag.DEQUE: lambda held: deque(held[1], held[0]),
    _Tag.RANGE: lambda held: range(*held),
    _Tag.SLICE: lambda held: slice(*held),
    _Tag.SCALAR: scalars.rise,
    _Tag.DEFAULTS: lambda held: defaultdict(_FACTORIES[held[0]], held[1]),
}
_FROM_BYTES: dict[int, Callable[[bytes], Any]] = {
    _Tag.INTEGER: lambda data: int.from_bytes(data, "big", signed=True),
    _Tag.TEXT: lambda data: data.decode("utf-8", "surrogatepass"),
    _Tag.BYTEARRAY: bytearray,
    _Tag.DECIMAL: lambda data: Decimal(data.decode()),
    _Tag.UUID: lambda data: uuid.UUID(bytes=data),
    _Tag.ELLIPSIS: lambda _: ...,
}


def _decoder(leaf: Callable[[bytes], Any] | None) -> msgpack.Decoder[Any]:
    def hook(code: int, data: memoryview) -> Any:
        packed = _FROM_PACKED.get(code)
        if packed is not None:
            return packed(decoder.decode(data))
        other = _FROM_BYTES.get(code)
        if other is not None:
            return other(bytes(data))
        if code == _Tag.LEAF and leaf is not None:
            return leaf(bytes(data))
        raise Corrupt(f"a stored value holds an unknown part (number {code})")

    decoder: msgpack.Decoder[Any] = msgpack.Decoder(ext_hook=hook)
    return decoder


_PLAIN = _decoder(None)


def decode(data: bytes | memoryview, leaf: Callable[[bytes], Any] | None = None) -> Any:
    """The value of these bytes; `leaf` gives the value of a name. Raises `Corrupt` or `CodecError`."""
    try:
        return (_PLAIN if leaf is None else _decoder(leaf)).decode(data)
    except (PenstockError, ImportError, MemoryError):  # a library that is not here damages nothing
        raise
    except RecursionError:
        raise CodecError("a stored value is nested too deeply to be read") from None
    except Exception as error:  # constructors of every kind refuse what can't be theirs
        raise Corrupt(f"the bytes of a stored value can't be read: {error}") from error
