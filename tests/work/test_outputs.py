"""What a step returned, as its named outputs."""

from collections import namedtuple
from typing import Any

import pytest

from penstock.codecs.registry import Codecs
from penstock.errors import CodecError, DeclarationError
from penstock.model.code import Code
from penstock.model.step import Entry
from penstock.model.task import Task
from penstock.testing.codecs import MemorySink
from penstock.work.context import Each
from penstock.work.outputs import Target, encode_all, fan_out, named, numbers


def task(*outputs: str, kind: Any = "step") -> Task:
    return Task("r/sides/1", "r", "sides", 1, "k", "", Entry("pickle"), outputs=outputs or ("",), kind=kind)


def test_one_output_is_whatever_is_returned() -> None:
    for value in (None, (1, 2), {"a": 1}, []):
        assert named(task(), value) == (value,)


@pytest.mark.parametrize(
    "returned",
    [
        {"train": 1, "test": 2},
        {"test": 2, "train": 1},
        (1, 2),
        [1, 2],
        namedtuple("Sides", "train test")(1, 2),
    ],
)
def test_several_outputs(returned: Any) -> None:
    assert named(task("train", "test"), returned) == (1, 2)


@pytest.mark.parametrize(
    ("returned", "got"),
    [
        ({"train": 1, "tset": 2}, "a dict with train, tset"),
        ({"train": 1, "test": 2, "more": 3}, "a dict with train, test, more"),
        ({}, "a dict with nothing"),
        ((1, 2, 3), "a tuple of 3"),
        ([1], "a list of 1"),
        (None, "a NoneType"),
        ("ab", "a str"),
    ],
)
def test_other_names_or_numbers_are_told(returned: Any, got: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        named(task("train", "test"), returned)
    assert "`sides`" in caught.value.what
    assert "train, test (2)" in caught.value.what
    assert caught.value.what.endswith(got)
    assert '{"train": …, "test": …}' in caught.value.hint


def test_one_named_output_needs_its_name() -> None:
    assert named(task("only"), {"only": 5}) == (5,)
    assert named(task("only"), (5,)) == (5,)
    with pytest.raises(DeclarationError):
        named(task("only"), 5)


def test_an_output_that_can_not_be_stored_is_named() -> None:
    import threading

    with pytest.raises(CodecError) as caught:
        encode_all(task("train", "test"), (1, threading.Lock()), Codecs(), MemorySink())
    assert caught.value.what.startswith("output `sides.test`: ")
    assert caught.value.__suppress_context__, "it says all that the codec said: once is enough"


def test_numbers_of_an_evaluation() -> None:
    import numpy as np

    found = numbers(
        task(), ({"rmse": np.float64(0.5), "n": 3, "name": "x", "good": True, "many": np.arange(2), 4: 1.0},)
    )
    assert found == {"rmse": 0.5, "n": 3.0}
    assert numbers(task("a", "b"), (1, {"c": 2})) == {"a": 1.0, "c": 2.0}
    assert numbers(task(), (np.int64(4),)) == {"sides": 4.0}
    assert numbers(task(), ({"huge": 10**400},)) == {}


def target(*arguments: str) -> Any:
    return lambda function: Target(Entry("pickle", name="f"), Code("c"), arguments, "f")


def test_items_are_stored_one_by_one_and_shared_values_once() -> None:
    sink = MemorySink()
    codecs = Codecs()
    fanout = fan_out(task(), Each((n for n in range(3)), len, {"model": "m"}), target("item", "model"), codecs, sink)
    assert fanout.argument == "item"
    assert [codecs.decode(one, sink.reader()) for one in fanout.items] == [0, 1, 2]
    assert [(one.argument, one.artifact) for one in fanout.shared] == [("model", "sides.model")]


@pytest.mark.parametrize("arguments", [(), ("a", "b"), ("model",)])
def test_exactly_one_argument_must_be_left_for_the_item(arguments: tuple[str, ...]) -> None:
    with pytest.raises(DeclarationError, match=r"exactly one argument"):
        fan_out(task(), Each([1], len, {"model": 1}), target(*arguments), Codecs(), MemorySink())


def test_a_path_must_be_there(tmp_path) -> None:
    file = tmp_path / "made.txt"
    for place in (file, tmp_path / ("x" * 5000)):
        with pytest.raises(CodecError, match=r"output `sides`: the returned path .* does not exist") as caught:
            encode_all(task(), (place,), Codecs(), MemorySink())
        assert "Write the file" in caught.value.hint
    encode_all(task(), ([file],), Codecs(), MemorySink())  # a list of names
    file.write_text("x")
    assert len(encode_all(task(), (file,), Codecs(), MemorySink())) == 1
