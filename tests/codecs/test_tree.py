"""Nested values: leaves by their own codecs, equal ones once, large ones apart."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from penstock.codecs.registry import Codecs
from penstock.codecs.tree import Part, TreeCodec, is_container, pack, unpack
from penstock.errors import Corrupt
from penstock.testing.codecs import CodecContract, MemorySink

CODECS = Codecs()


@dataclass
class Result:
    frame: Any
    score: float = 0.5


class TestTreeCodec(CodecContract):
    codec = CODECS.named("tree")

    def examples(self) -> list[Any]:
        small, large = np.arange(3), np.arange(100_000)
        return [
            [small], (small,), {"a": small}, {"b": small}, {1: small}, {("k", 1): [small, (large, {"deep": small})]},
            [small, 1], [1, small], [small.astype("f8")], [b"x" * 100_000], Result(small), Result(small, 0.25),
            [None, object], {"a": small, "b": large},
        ]  # fmt: skip

    def same(self, left: Any, right: Any) -> None:
        assert type(left) is type(right)
        if isinstance(left, list | tuple):
            assert len(left) == len(right)
            for one, other in zip(left, right, strict=True):
                self.same(one, other)
        elif isinstance(left, dict):
            assert list(left) == list(right)
            self.same(list(left.values()), list(right.values()))
        elif isinstance(left, Result):
            self.same([left.frame, left.score], [right.frame, right.score])
        elif isinstance(left, np.ndarray):
            assert left.dtype == right.dtype
            assert np.array_equal(left, right)
        else:
            assert left == right


def round_trip(value: Any) -> tuple[Any, Any, MemorySink]:
    sink = MemorySink()
    stored = CODECS.encode(value, sink)
    return stored, CODECS.decode(stored, sink.reader()), sink


def test_all_kinds_together() -> None:
    frame = pl.DataFrame({"a": range(50_000)})
    value = {"frame": frame, "model": LogisticRegression().fit([[0], [1]], [0, 1]), "score": 0.5, "n": np.float32(2)}
    stored, again, sink = round_trip(value)
    assert again["frame"].equals(frame)
    assert again["model"].predict([[1]]) == [1]
    assert type(again["n"]) is np.float32
    assert stored.about.pickled
    assert stored.about.details["part_count"] == 2
    assert {one["type"] for one in stored.about.details["parts"]} >= {"polars.DataFrame"}
    assert set(stored.parts) == set(sink.blobs)


def test_equal_leaves_are_stored_once_and_read_apart() -> None:
    large = np.arange(100_000)
    stored, again, sink = round_trip([large, large.copy(), large])
    assert len(stored.parts) == len(sink.blobs) == 1
    again[0][0] = 7
    assert again[1][0] == 0


def test_the_digest_is_of_the_content_and_not_of_where_bytes_lie() -> None:
    value = {"a": np.arange(2000), "b": LogisticRegression()}
    assert CODECS.encode(value, MemorySink(small=0)).digest == CODECS.encode(value, MemorySink(small=1 << 20)).digest


def test_without_leaves_it_is_a_plain_value() -> None:
    assert CODECS.encode([1, {"a": (2,)}], MemorySink()).codec == "plain"


def test_what_is_a_container() -> None:
    assert all(map(is_container, ([], (), {}, Result(1), [object()])))
    assert not any(map(is_container, (object(), lambda: 0, np.arange(3))))


def test_a_leaf_that_its_owner_keeps_is_handed_back() -> None:
    sink = MemorySink()
    kept = CODECS.encode(b"x" * 70_000, sink)
    packed = pack([Part(kept), 1], sink, CODECS.encode)
    assert packed.parts == (kept.blob,)
    assert packed.outside == 70_000
    part, one = unpack(packed.root, sink.reader(), CODECS.decode)
    assert (part.stored.blob, one) == (kept.blob, 1)


def test_a_table_that_can_not_be_read_is_corrupt() -> None:
    for data in (b"", b"\x92", b"\xc0", b"\x92\xc4\x00\x90"):
        with pytest.raises(Corrupt):
            unpack(data, MemorySink().reader(), CODECS.decode)


def test_it_can_be_made_alone() -> None:
    codec = TreeCodec(CODECS.encode, CODECS.decode)
    assert codec.encode([1], MemorySink()).codec == "plain"
