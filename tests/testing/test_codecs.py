"""The codec suite itself: a codec with a planted fault fails it."""

import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from msgspec.structs import replace

from penstock.codecs.registry import Codecs
from penstock.errors import Corrupt
from penstock.model.artifact import Stored
from penstock.testing.codecs import CodecContract, MemorySink, assert_same

NUMPY = Codecs().named("numpy")


class _Faulty:
    """The codec of numpy arrays, with something wrong."""

    name = "numpy"

    def __init__(self, **faults: Callable[..., Any]) -> None:
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        return self.__dict__["_faults"].get(name, getattr(NUMPY, name))


def _random_digest(value: Any, sink: Any) -> Stored:
    return replace(NUMPY.encode(value, sink), digest=f"blake3:{random.randrange(16**64):064x}")


def _one_digest(value: Any, sink: Any) -> Stored:
    return replace(NUMPY.encode(value, sink), digest="blake3:" + "0" * 64)


def _undescribed(value: Any, sink: Any) -> Stored:
    stored = NUMPY.encode(value, sink)
    return replace(stored, about=replace(stored.about, head=((float("nan"),),)))


def _unverified(stored: Stored, reader: Any) -> Any:
    try:
        return NUMPY.decode(stored, reader)
    except Corrupt:
        return np.zeros(1)


SHARED: dict[str, Any] = {}


def _shared(stored: Stored, reader: Any) -> Any:
    NUMPY.decode(stored, reader)
    return SHARED.setdefault(stored.blob, NUMPY.decode(stored, reader))


FAULTS: dict[str, tuple[Any, str]] = {
    "another type": (
        _Faulty(decode=lambda *both: NUMPY.decode(*both).astype("f4")),
        "test_round_trip_keeps_type_and_content",
    ),
    "a random digest": (_Faulty(encode=_random_digest), "test_equal_content_has_equal_digest"),
    "one digest for all": (_Faulty(encode=_one_digest), "test_other_content_has_another_digest"),
    "a description that JSON can't hold": (_Faulty(encode=_undescribed), "test_description_is_there_and_json_safe"),
    "damage passed over": (_Faulty(decode=_unverified), "test_damaged_bytes_are_found"),
    "memory shared between readers": (_Faulty(decode=_shared), "test_a_value_is_no_way_into_the_store"),
    "its own examples refused": (_Faulty(accepts=lambda _: False), "test_takes_its_examples"),
    "a name that is not found again": (
        _Faulty(encode=lambda *both: replace(NUMPY.encode(*both), codec="other")),
        "test_is_named_and_addressed",
    ),
}


class _Suite(CodecContract):
    faulty: ClassVar[Any] = NUMPY

    @property
    def codec(self) -> Any:  # type: ignore[override]
        return self.faulty

    def examples(self) -> list[Any]:
        return [np.arange(3.0), np.arange(2000.0)]


@pytest.mark.parametrize("fault", FAULTS)
def test_each_planted_fault_is_found(fault: str) -> None:
    codec, check = FAULTS[fault]
    SHARED.clear()
    getattr(_Suite(), check)()  # the sound codec passes
    suite = type("Suite", (_Suite,), {"faulty": codec})()
    with pytest.raises(AssertionError):
        getattr(suite, check)()


def test_the_memory_store_keeps_what_it_is_given(tmp_path: Path) -> None:
    sink = MemorySink(small=10)
    small, large = sink.blob(lambda file: file.write(b"few")), sink.blob(lambda file: file.write(b"many of them"))
    assert (small.data, large.data) == (b"few", None)
    (tmp_path / "f").write_bytes(b"many of them")
    assert sink.file(tmp_path / "f") == large
    reader = sink.reader()
    assert bytes(reader.data(large.digest)) == reader.path(large.digest).read_bytes() == b"many of them"
    assert reader.data(large.digest).readonly
    sink.blobs[large.digest] = b"damaged"
    with pytest.raises(Corrupt):
        reader.data(large.digest)


def test_values_are_compared_with_their_types() -> None:
    assert_same([1, (float("nan"), {"a": np.arange(2)})], [1, (float("nan"), {"a": np.arange(2)})])
    for left, right in (
        (1, 1.0),
        ([1], (1,)),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (np.arange(2), np.arange(2.0)),
        (1, 2),
    ):
        with pytest.raises(AssertionError):
            assert_same(left, right)
    assert pickle.loads(pickle.dumps(MemorySink(small=3))).small == 3
