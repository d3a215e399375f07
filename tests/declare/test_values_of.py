"""Values: equal data gives equal tokens in every process, other data gives others, and the rest is said to be opaque."""

import copy
import datetime as dt
import re
import subprocess
import sys
import threading
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from functools import partial
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.declare.values_of import is_scalar, pickled_token, snapshot

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.binary(max_size=5)
)
plain = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


def exactly(value):
    """A value with its types, so that 1, 1.0 and True differ, and the order of keys counts."""
    if isinstance(value, dict):
        return ("dict", [(exactly(key), exactly(one)) for key, one in value.items()])
    if isinstance(value, list | tuple):
        return (type(value).__name__, [exactly(one) for one in value])
    return (type(value).__name__, repr(value))


@given(plain, plain)
def test_tokens_are_equal_exactly_for_equal_data(one, two):
    assert (snapshot(one) == snapshot(two)) == (exactly(one) == exactly(two))
    assert snapshot(one) == snapshot(copy.deepcopy(one))
    assert snapshot(one).plain


@given(st.sets(st.text(max_size=4) | st.integers(), max_size=6))
def test_sets_have_no_order(value):
    other: set = set()
    for one in sorted(value, key=repr, reverse=True):
        other.add(one)
    assert snapshot(value) == snapshot(other)
    assert snapshot({"k": value}) == snapshot({"k": other})


class Colour(Enum):
    RED = 1
    BLUE = 2


@dataclass
class Options:
    rate: float = 0.1
    names: tuple = ("a",)


class Fields(msgspec.Struct):
    rate: float = 0.1


Pair = namedtuple("Pair", "a b")

DIFFERENT = [
    (1, True),
    (1, 1.0),
    (0.0, -0.0),
    ((1,), [1]),
    ("1", b"1"),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    (["ab", "c"], ["a", "bc"]),
    ([[1], 2], [1, [2]]),
    (dt.date(2020, 1, 1), dt.date(2020, 1, 2)),
    (dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, tzinfo=dt.UTC)),
    (Decimal("1.0"), Decimal("1.00")),
    (Path("a"), "a"),
    (re.compile("a"), re.compile("a", re.I)),
    (np.zeros(2), np.zeros(2, dtype="f4")),
    (np.zeros((2, 1)), np.zeros((1, 2))),
    (np.array(["a", None], dtype=object), np.array(["b", None], dtype=object)),
    (np.float64(1), 1.0),
    (Colour.RED, Colour.BLUE),
    (Options(), Options(rate=0.2)),
    (Fields(), Fields(rate=0.2)),
    (Pair(1, 2), Pair(2, 1)),
    (Counter("aab"), Counter("ab")),
    (OrderedDict(a=1, b=2), OrderedDict(b=2, a=1)),
    (defaultdict(int, a=1), defaultdict(float, a=1)),
    (deque([1], maxlen=2), deque([1], maxlen=3)),
    (SimpleNamespace(a=1), SimpleNamespace(a=2)),
    (MappingProxyType({"a": 1}), MappingProxyType({"a": 2})),
    (range(3), range(4)),
    (partial(int, base=2), partial(int, base=3)),
    (np.add, np.multiply),
    (int, float),
    (len, sum),
    ([np.float32], [np.float64]),
    (frozenset({1}), {1}),
]


@pytest.mark.parametrize(("one", "two"), DIFFERENT, ids=range(len(DIFFERENT)))
def test_values_that_differ(one, two):
    first, second = snapshot(one), snapshot(two)
    assert not first.opaque and not second.opaque
    assert first.token != second.token
    assert snapshot({"k": [one]}).token != snapshot({"k": [two]}).token
    assert first == snapshot(one)
    if not isinstance(one, MappingProxyType):
        assert first == snapshot(copy.deepcopy(one))


@pytest.mark.parametrize(
    "make",
    [
        threading.Lock,
        object,
        lambda: iter([1]),
        lambda: (one for one in "a"),
        lambda: np.random.default_rng(0),
        lambda: {"a": object()},
    ],
)
def test_what_cannot_be_told_is_opaque(make):
    assert snapshot(make()).opaque


def test_code_inside_is_set_aside_in_order():
    def one(): ...

    def two(): ...

    found = snapshot({"a": one, "b": [two, len]})
    assert found.refs == (one, two, len)
    assert not found.opaque
    assert not found.plain


def test_objects_of_the_project_are_told_by_their_attributes():
    class Thing:
        __slots__ = ("__dict__", "a")

        def __init__(self, a, b):
            self.a, self.b = a, b

    def look(value):
        return snapshot(value, "", lambda cls: cls is Thing)

    assert look(Thing(1, 2)) == look(Thing(1, 2))
    assert look(Thing(1, 2)).token != look(Thing(1, 3)).token
    assert look(Thing(1, 2)).token != look(Thing(2, 2)).token
    assert look(Thing(1, threading.Lock())).opaque
    assert snapshot(Thing(1, 2)).opaque


def test_values_that_contain_themselves():
    loop: list = [1]
    loop.append(loop)
    other: list = [1]
    other.append(other)
    assert snapshot(loop) == snapshot(other)
    deep: list = []
    for _ in range(5000):
        deep = [deep]
    assert snapshot(deep).opaque


def test_where_the_project_lies_does_not_count():
    assert snapshot(Path("/a/x/data"), "/a/x") == snapshot(Path("/b/data"), "/b")
    assert snapshot({"p": "/a/x/data"}, "/a/x") == snapshot({"p": "/b/data"}, "/b")
    assert snapshot("/a/x", "/a/x") == snapshot("/b", "/b")


def test_an_attribute_that_raises_makes_a_value_opaque():
    class Odd(dict):
        def items(self):
            raise RuntimeError

    assert snapshot(Odd(a=1)).opaque


def test_tokens_do_not_depend_on_the_process():
    script = "from penstock.declare.values_of import snapshot\nprint(snapshot([{'x', 'y', 'z'}, frozenset('abc'), {'k': (1, 2.5)}]).token)"
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in (1, 2, 3)
    }
    assert len(found) == 1


def test_scalars():
    assert is_scalar(1) and is_scalar("a") and not is_scalar([]) and not is_scalar(np.float64(1))


def test_pickled_tokens_tell_values_apart_and_never_take_locks_for_equal():
    one, two = threading.Lock(), threading.Lock()
    assert pickled_token([1]) == pickled_token([1]) != pickled_token([2])
    assert pickled_token(one) == pickled_token(one) != pickled_token(two)
