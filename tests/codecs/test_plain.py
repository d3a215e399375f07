"""Plain values come back as they were, type for type, and no two share their bytes."""

import datetime as dt
import enum
import math
import pathlib
import uuid
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from penstock.codecs import plain
from penstock.codecs.registry import PlainCodec
from penstock.errors import CodecError, Corrupt
from penstock.testing.codecs import CodecContract


class Colour(enum.Enum):
    RED = 1
    BLUE = "blue"


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class Point(NamedTuple):
    x: int
    y: Any = None


Old = namedtuple("Old", "a b")


@dataclass
class Config:
    rate: float
    names: list[str] = field(default_factory=list)
    made: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.made = True


@dataclass(frozen=True, slots=True)
class Frozen:
    key: str
    inner: Any = None


class Struct(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    value: Any = None


numbers = st.integers() | st.floats() | st.booleans() | st.complex_numbers(allow_nan=False)
zones = st.none() | st.just(dt.UTC) | st.sampled_from([ZoneInfo("Europe/Berlin"), ZoneInfo("America/Lima")])
zones |= st.timedeltas(dt.timedelta(hours=-20), dt.timedelta(hours=20)).map(dt.timezone)
texts = st.text(st.characters(exclude_categories=()), max_size=8)
atoms = (
    st.none()
    | numbers
    | texts
    | st.binary(max_size=8)
    | st.datetimes(timezones=zones)
    | st.dates()
    | st.times(timezones=zones)
    | st.timedeltas()
    | st.decimals()
    | st.fractions()
    | st.uuids()
    | st.sampled_from([Colour.RED, Colour.BLUE, Access.READ | Access.WRITE, Access(0)])
    | texts.filter(lambda text: "\0" not in text).map(pathlib.PurePosixPath)
)
hashables = st.recursive(
    atoms.filter(
        lambda one: not (one.is_nan() if isinstance(one, Decimal) else one != one)
    ),  # NaN has no place in a set
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3) | st.builds(Point, st.integers(), inner),
    max_leaves=4,
)
values = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(hashables, inner, max_size=4)
        | st.dictionaries(texts, inner, max_size=4)
        | st.sets(hashables, max_size=4)
        | st.frozensets(hashables, max_size=4)
        | st.builds(Config, st.floats(allow_nan=False), st.lists(texts, max_size=2))
        | st.builds(Frozen, texts, inner)
        | st.builds(lambda name, value: Struct(name=name, value=value), texts, inner)
        | st.builds(Point, st.integers(), inner)
        | st.dictionaries(texts, inner, max_size=3).map(OrderedDict)
        | st.lists(inner, max_size=3).map(deque)
    ),
    max_leaves=12,
)


def form(value: Any) -> Any:
    """A value as something that `==` compares exactly: with its types, NaN equal to itself, order where there is one."""
    kind = type(value)
    if kind is float:
        return kind, value.hex() if not math.isnan(value) else "nan"
    if kind is complex:
        return kind, form(value.real), form(value.imag)
    if kind is Decimal:
        return kind, str(value)
    if kind in (dt.datetime, dt.time):
        return kind, value.replace(tzinfo=None), value.fold, type(value.tzinfo), str(value.tzinfo)
    if kind in (list, tuple, deque, Point):
        return kind, [form(one) for one in value]
    if kind in (dict, OrderedDict):
        return kind, [(form(key), form(one)) for key, one in value.items()]
    if kind in (set, frozenset):
        return kind, sorted([repr(form(one)) for one in value])
    if kind in (Config, Frozen, Struct):
        names = [name for name in ("rate", "names", "made", "key", "inner", "name", "value") if hasattr(value, name)]
        return kind, [(name, form(getattr(value, name))) for name in names]
    return kind, value


@given(values)
def test_every_value_comes_back_as_it_was(value: Any) -> None:
    assert form(plain.decode(plain.encode(value))) == form(value)


@given(values, values)
def test_different_values_have_different_bytes(one: Any, other: Any) -> None:
    assume(form(one) != form(other))
    assert plain.encode(one) != plain.encode(other)


LOOKALIKES = [
    1, 1.0, True, 1 + 0j, Decimal(1), Decimal("1.0"), Fraction(1), "1", b"1", bytearray(b"1"), Colour.RED,
    0, 0.0, -0.0, False, None, "", b"", [], (), {}, set(), frozenset(), OrderedDict(), Counter(), deque(),
    deque(maxlen=3), defaultdict(int), defaultdict(list), [1, 2], (1, 2), Point(1, 2), Old(1, 2), {1, 2}, {1: 2}, {"1": 2},
    range(1, 2), slice(1, 2), ..., math.nan, math.inf, -math.inf, 2**64, -(2**64), 2**63, "\ud800", "\x00",
    dt.date(2020, 1, 1), dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
    dt.datetime(2020, 1, 1, tzinfo=ZoneInfo("UTC")), dt.datetime(2020, 1, 1, fold=1),
    dt.datetime(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(0), "GMT")), dt.time(1), dt.timedelta(1), dt.timedelta(hours=1),
    uuid.UUID(int=1), pathlib.PurePosixPath("a"), pathlib.PureWindowsPath("a"), pathlib.Path("no/such/file"),
    {"a": 1, "b": 2}, {"b": 2, "a": 1}, Config(1.0), Frozen("1"), Struct(name="1"), [[1], 2], [[1, 2]], [(1, 2)], ([1], 2),
]  # fmt: skip


class TestPlainCodec(CodecContract):
    codec = PlainCodec()

    def examples(self) -> list[Any]:
        return LOOKALIKES

    def same(self, left: Any, right: Any) -> None:
        assert form(left) == form(right)


@given(st.permutations(["apple", "pear", "plum", ("a", 1), 7, 2.5, None]))
def test_a_set_has_one_form_whatever_its_order(items: list[Any]) -> None:
    assert plain.encode({*items}) == plain.encode({*items[::-1]})


def test_a_dataclass_is_filled_and_not_constructed() -> None:
    config = Config(0.5, ["a"])
    config.made = False  # what __post_init__ would set again
    config.extra = [1]  # type: ignore[attr-defined]
    again = plain.decode(plain.encode(config))
    assert again.made is False
    assert again.extra == [1]


@given(st.binary(max_size=60))
def test_bytes_from_anywhere_are_read_or_refused(data: bytes) -> None:
    try:
        plain.decode(data)
    except (Corrupt, CodecError):
        pass


@given(values, st.data())
def test_damaged_bytes_are_read_or_refused(value: Any, data: st.DataObject) -> None:
    good = bytearray(plain.encode(value))
    at = data.draw(st.integers(0, len(good) - 1))
    good[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        plain.decode(bytes(good))
    except (Corrupt, CodecError):
        pass


def test_a_class_that_is_gone_is_named() -> None:
    data = plain.encode(Frozen("k")).replace(b"Frozen", b"Frozun")
    with pytest.raises(CodecError, match="Frozun"):
        plain.decode(data)


def test_bytes_can_name_no_class_of_another_kind() -> None:
    """Only dataclasses, enums, named tuples and structs are made, by nothing but their fields."""
    module, name = b"subprocess", b"Popen"
    ours = plain.encode(Frozen("k"))
    held = msgspec.msgpack.decode(bytes(msgspec.msgpack.decode(ours).data))
    forged = msgspec.msgpack.Ext(
        17, msgspec.msgpack.encode(["dataclass", module.decode(), name.decode(), b"", held[4]])
    )
    with pytest.raises(CodecError, match="Popen"):
        plain.decode(msgspec.msgpack.encode(forged))


def test_what_is_not_plain_is_told() -> None:
    with pytest.raises(plain.NotPlain, match="object"):
        plain.encode([1, {"a": object()}])
    assert not plain.is_plain({"a": object()})


class Loud(list[int]):
    """A subclass means more than its base."""


@pytest.mark.parametrize("value", [Loud([1]), defaultdict(lambda: 1), type("Sub", (int,), {})(3)])
def test_subclasses_are_not_taken_for_their_base(value: Any) -> None:
    assert not plain.is_plain(value)


def test_leaves_are_handed_over() -> None:
    met: list[Any] = []

    def leaf(value: Any) -> bytes:
        met.append(value)
        return b"name"

    thing = object()
    data = plain.encode({"a": [thing, 1]}, leaf)
    assert met == [thing]
    assert plain.decode(data, lambda name: name + b"!") == {"a": [b"name!", 1]}
    with pytest.raises(Corrupt):
        plain.decode(data)


def test_a_circle_is_no_plain_value() -> None:
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(RecursionError):
        plain.encode(ring)
