"""What only pickle can hold: marked, mapped, and its failures told with type and place."""

import io
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penstock.codecs.pickled import PickleCodec, why_not
from penstock.codecs.registry import Codecs
from penstock.errors import CodecError
from penstock.testing.codecs import CodecContract, MemorySink
from penstock.values.state import state

CODECS = Codecs()


class Thing:
    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


class TestPickleCodec(CodecContract):
    codec = PickleCodec()

    def examples(self) -> list[Any]:
        return [
            Thing(a=1),
            Thing(a=1.0),
            Thing(text="x" * 10_000),
            Thing(rows=np.arange(50_000)),
            Thing(s={"b", "a", "c"}),
        ]

    def same(self, left: Any, right: Any) -> None:
        assert type(left) is type(right)
        assert state(left) == state(right)


class TestFunctions(CodecContract):
    codec = PickleCodec()

    def examples(self) -> list[Any]:
        def make(number: int) -> Any:
            return lambda value: value + number

        return [make(1), make(2), lambda value: value * 2, max, Thing]

    def same(self, left: Any, right: Any) -> None:
        assert type(left) is type(right)
        if left is not Thing:
            assert left(3, 0) == right(3, 0) if left is max else left(3) == right(3)


def test_it_is_marked() -> None:
    assert CODECS.encode(Thing(), MemorySink()).about.pickled
    assert CODECS.encode({"deep": [Thing()]}, MemorySink()).about.pickled
    assert not CODECS.encode({"deep": [1]}, MemorySink()).about.pickled


def test_large_arrays_are_parts_and_may_be_written_to() -> None:
    value = Thing(rows=np.zeros(300_000), few=np.zeros(3))
    sink = MemorySink()
    stored = CODECS.encode(value, sink)
    assert len(stored.parts) == 1
    reader = sink.reader()
    loaded = CODECS.decode(stored, reader)
    loaded.rows[:] = 1
    loaded.few[:] = 1
    assert CODECS.decode(stored, reader).rows.sum() == 0


class Broken:
    def __reduce__(self) -> Any:
        raise RuntimeError("no,\nnever")


class Worse:
    def __reduce__(self) -> Any:
        raise Exploding

    def __repr__(self) -> str:
        raise RuntimeError("nor this")


class Exploding(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even this")


@dataclass
class Holder:
    name: str
    inner: Any


def generator() -> Any:
    yield 1


OPEN = Path(__file__).open()  # noqa: SIM115 - it must be open to be refused
CASES: dict[str, tuple[Any, str, str]] = {
    "lock": ({"lock": [1, 2, threading.Lock()]}, "result['lock'][2]", "_thread.lock"),
    "generator": ([generator()], "result[0]", "generator"),
    "file": ({"a": ({"f": OPEN},)}, "result['a'][0]['f']", "TextIOWrapper"),
    "reducer": ([[Broken()]], "result[0][0]", "Broken"),
    "worse": ({"w": Worse()}, "result['w']", "Worse"),
    "dataclass": (Holder("h", [threading.Lock()]), "result.inner[0]", "_thread.lock"),
    "attribute": ([Thing(inner=Thing(lock=threading.Lock()))], "result[0].inner.lock", "_thread.lock"),
    "thread": ({"t": threading.Thread()}, "result['t']", "lock"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_can_not_be_stored_is_named_with_its_place(name: str) -> None:
    value, path, kind = CASES[name]
    with pytest.raises(CodecError) as caught:
        CODECS.encode(value, MemorySink())
    assert path in caught.value.what
    assert kind in caught.value.what
    assert caught.value.hint
    assert "Traceback" not in str(caught.value)
    assert "\n" not in caught.value.what


def test_a_lone_value_is_named_too() -> None:
    with pytest.raises(CodecError, match="generator"):
        CODECS.encode(generator(), MemorySink())
    assert why_not([1, 2]) == ("result", "list")


def test_a_lambda_and_a_local_class_come_back() -> None:
    class Local:
        value = 3

    sink = MemorySink()
    made = CODECS.decode(CODECS.encode([Local(), lambda x: x + 1], sink), sink.reader())
    assert made[0].value == 3
    assert made[1](1) == 2


def test_a_circle_is_stored() -> None:
    ring: list[Any] = [1]
    ring.append(ring)
    sink = MemorySink()
    again = CODECS.decode(CODECS.encode(ring, sink), sink.reader())
    assert again[1] is again


def test_too_deep_is_said() -> None:
    deep: list[Any] = []
    for _ in range(50_000):
        deep = [deep]
    with pytest.raises(CodecError, match="deep"):
        CODECS.encode(deep, MemorySink())


def test_a_class_that_is_gone_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    sink = MemorySink()
    stored = CODECS.encode(Thing(a=1), sink)
    monkeypatch.delattr(sys.modules[__name__], "Thing")
    with pytest.raises(CodecError, match="Thing"):
        CODECS.decode(stored, sink.reader())


def test_a_long_pickle_goes_by_way_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    value = Thing(text="x" * 50_000)
    digest = CODECS.encode(value, MemorySink()).digest
    monkeypatch.setattr("penstock.codecs.pickled._IN_MEMORY", 1000)
    sink = MemorySink()
    stored = CODECS.encode(value, sink)
    assert stored.digest == digest
    assert CODECS.decode(stored, sink.reader()).text == value.text


def test_a_large_value_in_memory_is_written_from_where_it_lies() -> None:
    held = io.BytesIO(b"x" * 100_000)
    sink = MemorySink()
    assert CODECS.decode(CODECS.encode(held, sink), sink.reader()).getvalue() == held.getvalue()
