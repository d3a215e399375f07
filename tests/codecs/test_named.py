"""Classes that are found by their import name, and those that are not."""

import enum
import threading
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec
import pytest

from penstock.codecs.named import lower, rise
from penstock.errors import CodecError


class Level(enum.IntEnum):
    LOW = 1


@dataclass
class Data:
    a: int


@dataclass
class OwnState:
    a: int

    def __getstate__(self) -> Any:
        return {"a": self.a, "lock": None}


@dataclass
class OwnReduce:
    a: int

    def __reduce__(self) -> Any:
        return OwnReduce, (self.a,)


@dataclass
class Listed(list):  # type: ignore[type-arg]
    a: int = 1


@dataclass(frozen=True, slots=True)
class Slotted:
    a: int
    b: Any = None


class Pair(NamedTuple):
    a: int
    b: int = 0


class Kept(msgspec.Struct):
    a: int


@pytest.mark.parametrize(
    "value", [Level.LOW, Data(1), Slotted(1, [2]), Pair(1), Kept(1), threading.ThreadError and Pair(2)]
)
def test_instances_come_back(value: Any) -> None:
    parts = lower(value)
    assert parts is not None
    again = rise(list(parts))
    assert type(again) is type(value)
    assert again == value


@pytest.mark.parametrize("value", [OwnState(1), OwnReduce(1), Listed(), 1, "x", object(), [1]])
def test_what_brings_its_own_state_is_left_to_others(value: Any) -> None:
    assert lower(value) is None


def test_a_local_class_is_left_to_others() -> None:
    @dataclass
    class Local:
        a: int

    assert lower(Local(1)) is None


def test_a_field_that_was_never_set_stays_unset() -> None:
    made: Slotted = object.__new__(Slotted)
    object.__setattr__(made, "a", 1)
    parts = lower(made)
    assert parts is not None
    assert not hasattr(rise(list(parts)), "b")


def test_edited_classes_make_other_values() -> None:
    sources = ["return self.a", "return self.a + 1"]
    codes = []
    for source in sources:
        import sys
        import types

        module = types.ModuleType("edited_here")
        sys.modules["edited_here"] = module
        text = f"from dataclasses import dataclass\n@dataclass\nclass C:\n    a: int\n    def run(self):\n        {source}\n"
        exec(compile(text, "/elsewhere/edited_here.py", "exec"), module.__dict__)
        parts = lower(module.C(1))
        assert parts is not None
        codes.append(parts[3])
    assert codes[0] != codes[1]


@pytest.mark.parametrize(
    "name", [("subprocess", "Popen"), ("os", "system"), ("no_such_module_here", "X"), (__name__, "Gone")]
)
def test_nothing_else_is_made_by_name(name: tuple[str, str]) -> None:
    with pytest.raises(CodecError):
        rise(["dataclass", *name, b"", {"a": 1}])
