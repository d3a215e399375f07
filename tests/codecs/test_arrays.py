"""numpy arrays and generators come back as they were, in private memory."""

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from penstock.codecs.registry import Codecs
from penstock.testing.codecs import CodecContract, MemorySink

CODECS = Codecs()
PADDED = np.dtype({"names": ["a", "b"], "formats": ["i1", "f8"], "offsets": [0, 8], "itemsize": 16})


def round_trip(value: Any) -> tuple[Any, Any]:
    sink = MemorySink()
    stored = CODECS.encode(value, sink)
    return stored, CODECS.decode(stored, sink.reader())


def same(left: Any, right: Any) -> None:
    assert type(left) is type(right)
    assert (left.dtype, left.shape) == (right.dtype, right.shape)
    assert left.flags.f_contiguous == right.flags.f_contiguous
    if left.dtype.hasobject:
        assert list(map(type, left.ravel())) == list(map(type, right.ravel()))
        assert left.ravel().tolist() == right.ravel().tolist()
    elif left.dtype.names:
        assert all(left[name].tolist() == right[name].tolist() for name in left.dtype.names)
    else:
        assert left.tobytes() == right.tobytes()


class TestArrayCodec(CodecContract):
    codec = CODECS.named("numpy")

    def examples(self) -> list[Any]:
        square = np.arange(6.0).reshape(2, 3)
        return [
            square,
            np.asfortranarray(square),
            square.ravel(),
            square.astype("f4"),
            square.astype(">f8"),
            np.array(1.5),
            np.array([]),
            np.empty((0, 3)),
            np.empty((3, 0), dtype="U0"),
            np.array([True, False]),
            np.array(["a", "ü"]),
            np.array([b"a", b""]),
            np.array(["2024-01-01", "NaT"], dtype="M8[D]"),
            np.array([1, 2], dtype="m8[ms]"),
            np.array([(1, 2.0)], dtype=PADDED),
            np.array([(1, [1, 2])], dtype=[("x", "i4"), ("y", "i2", 2)]),
            np.array([1j]),
            np.array([1, "a", None, (1, 2)], dtype=object),
            np.array([[1, [2]], [{3}, 4]], dtype=object),
            np.array([1, "a"], dtype=object).reshape(2, 1),
            np.arange(100_000),
        ]

    def same(self, left: Any, right: Any) -> None:
        same(left, right)


@settings(max_examples=80)
@given(
    hnp.arrays(
        hnp.scalar_dtypes() | hnp.nested_dtypes(max_itemsize=64), hnp.array_shapes(min_dims=0, min_side=0, max_dims=3)
    )
)
def test_generated_arrays_come_back(value: Any) -> None:
    if value.dtype.subdtype is not None or CODECS.named("numpy").accepts(value):
        stored, again = round_trip(value)
        same(value, again) if value.dtype.names is None else None
        assert round_trip(again)[0].digest == stored.digest


@given(st.integers(1, 3), st.booleans())
def test_slices_and_strides_do_not_count(step: int, backwards: bool) -> None:
    whole = np.arange(60).reshape(6, 10)
    cut = whole[:: -step if backwards else step, ::step]
    assert round_trip(cut)[0].digest == round_trip(cut.copy())[0].digest


def test_padding_of_records_does_not_count() -> None:
    clean, memory = np.zeros(3, PADDED), bytearray(b"\x01" * 48)
    dirty = np.frombuffer(memory, PADDED)
    dirty["a"], dirty["b"] = 0, 0
    assert round_trip(dirty)[0].digest == round_trip(clean)[0].digest


def test_what_is_read_may_be_written_to() -> None:
    value = np.arange(300_000.0)
    sink = MemorySink()
    stored = CODECS.encode(value, sink)
    reader = sink.reader()
    loaded = CODECS.decode(stored, reader)
    loaded[:] = 0
    assert np.array_equal(CODECS.decode(stored, reader), value)


def test_the_blob_is_an_npy_file() -> None:
    sink = MemorySink()
    value = np.arange(10_000.0).reshape(100, 100)
    stored = CODECS.encode(value, sink)
    assert np.array_equal(np.load(io.BytesIO(sink.blobs[stored.blob])), value)


def test_a_memory_map_is_an_array(tmp_path: Any) -> None:
    np.save(tmp_path / "a.npy", np.arange(5))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    assert round_trip(mapped)[0].digest == round_trip(np.arange(5))[0].digest


@pytest.mark.parametrize(
    "value", [np.ma.array([1, 2], mask=[0, 1]), np.array([1.5], dtype="longdouble"), np.array(["a"], dtype="T")]
)
def test_other_arrays_are_pickled(value: Any) -> None:
    stored, again = round_trip(value)
    assert stored.codec == "pickle"
    assert type(again) is type(value)
    assert again.dtype == value.dtype
    assert again.tolist() == value.tolist()


class TestGeneratorCodec(CodecContract):
    codec = CODECS.named("numpy-random")

    def examples(self) -> list[Any]:
        used = np.random.default_rng(3)
        used.integers(9)
        old = np.random.RandomState(3)
        old.normal()
        kinds = [np.random.MT19937, np.random.SFC64, np.random.Philox, np.random.PCG64DXSM]
        return [np.random.default_rng(3), np.random.default_rng(4), used, np.random.RandomState(3), old, *[
            np.random.Generator(kind(3)) for kind in kinds]]  # fmt: skip

    def same(self, left: Any, right: Any) -> None:
        """Draws from copies, so that the examples stay as they are."""
        import copy

        assert type(left) is type(right)
        one, other = copy.deepcopy(left), copy.deepcopy(right)
        assert np.array_equal(one.normal(size=700), other.normal(size=700))
        if isinstance(one, np.random.Generator):
            assert np.array_equal(one.spawn(1)[0].normal(size=3), other.spawn(1)[0].normal(size=3))

    def spoil(self, value: Any) -> None:
        value.normal(size=10)


def test_objects_in_an_array_may_be_anything() -> None:
    value = np.array([np.arange(3), {"k": np.ones(2)}], dtype=object)
    _, again = round_trip(value)
    assert np.array_equal(again[0], np.arange(3))
    assert np.array_equal(again[1]["k"], np.ones(2))
