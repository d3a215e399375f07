"""Arrow arrays in canonical form: equal in value, and their bytes a function of their values."""

import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.codecs.arrow import batch_rows, canonical, read_table, require_pyarrow, storable, write_table
from penstock.errors import CodecError, Corrupt, MissingExtra
from penstock.testing.codecs import MemorySink


@pytest.mark.parametrize("missing", ["numpy", "pyarrow"])
def test_a_library_that_is_not_there_is_named_with_its_extra(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtra, match=f"storing a polars frame needs {missing}") as error:
        require_pyarrow("polars frame")
    assert "pip install 'penstock[frames]'" in error.value.hint


def written(array: Any) -> bytes:
    sink = MemorySink(small=0)
    return sink.blobs[write_table(pa.table({"v": array}), b"", sink).digest]


LISTS: list[tuple[Any, Any]] = [
    (pa.int8(), st.integers(-128, 127)),
    (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pa.float64(), st.floats(allow_nan=False)),
    (pa.bool_(), st.booleans()),
    (pa.string(), st.text(max_size=5)),
    (pa.large_binary(), st.binary(max_size=5)),
    (pa.binary(3), st.binary(min_size=3, max_size=3)),
    (pa.decimal128(9, 2), st.decimals(-1000, 1000, places=2)),
    (pa.list_(pa.string()), st.lists(st.none() | st.text(max_size=3), max_size=3)),
    (pa.list_(pa.int16(), 2), st.lists(st.none() | st.integers(0, 9), min_size=2, max_size=2)),
    (pa.struct({"a": pa.int8(), "b": pa.string()}), st.fixed_dictionaries({"a": st.integers(0, 9), "b": st.text(max_size=2)})),
    (pa.dictionary(pa.int8(), pa.string()), st.sampled_from(["a", "b", "c"])),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "items"), LISTS, ids=[str(kind) for kind, _ in LISTS])
def test_equal_values_are_equal_bytes(kind: Any, items: Any) -> None:
    @given(st.lists(st.none() | items, max_size=20), st.integers(0, 9), st.integers(0, 9), st.data())
    def check(values: list[Any], before: int, behind: int, data: st.DataObject) -> None:
        filler = [data.draw(items) for _ in range(before + behind)]
        clean = pa.array(values, kind)
        # the same values as a slice, with something else under the nulls: nulls by mask over real values
        full = [*filler[:before], *[data.draw(items) if one is None else one for one in values], *filler[before:]]
        mask = np.array([False] * before + [one is None for one in values] + [False] * behind, dtype=bool)
        if pa.types.is_dictionary(kind) or pa.types.is_nested(kind):
            dirty = pa.array([None if gone else one for one, gone in zip(full, mask, strict=True)], kind)
        else:
            solid = pa.array(full, kind)
            validity = pa.py_buffer(np.packbits(~mask, bitorder="little").tobytes() + b"\xff")
            dirty = pa.Array.from_buffers(kind, len(full), [validity, *solid.buffers()[1:]])
        dirty = dirty.slice(before, len(values))
        assert dirty.to_pylist() == clean.to_pylist()
        found = canonical(dirty)
        found.validate(full=True)
        assert found.to_pylist() == values
        if not pa.types.is_dictionary(kind):
            assert written(dirty) == written(clean)

    check()


def test_nested_values_under_a_null_parent_do_not_count() -> None:
    inner = pa.array([1, 2, 3, 4], pa.int8())
    for other in ([9, 9, 3, 4], [1, 2, 3, 4]):
        child = pa.array(other, pa.int8())
        validity = pa.py_buffer(b"\x02")
        lists = pa.Array.from_buffers(pa.list_(pa.int8(), 2), 2, [validity], children=[child])
        structs = pa.Array.from_buffers(pa.struct({"a": pa.int8()}), 2, [validity], children=[child.slice(1, 2)])
        assert written(lists) == written(pa.array([None, [3, 4]], pa.list_(pa.int8(), 2)))
        assert structs.to_pylist()[0] is None
    variable = pa.Array.from_buffers(
        pa.list_(pa.int8()), 2, [pa.py_buffer(b"\x02"), pa.py_buffer(np.array([0, 2, 4], "i4"))], children=[inner]
    )
    assert written(variable) == written(pa.array([None, [3, 4]], pa.list_(pa.int8())))


def test_views_are_stored_as_offsets_and_data() -> None:
    assert storable(pa.string_view()) == pa.large_string()
    assert storable(pa.list_(pa.binary_view())) == pa.list_(pa.large_binary())
    assert storable(pa.struct({"a": pa.string_view()})) == pa.struct({"a": pa.large_string()})


def test_a_batch_has_room_for_a_large_table_and_an_end() -> None:
    assert batch_rows(pa.schema([("a", pa.float64())] * 20)) >= 5_000_000
    assert batch_rows(pa.schema([(f"c{number}", pa.string()) for number in range(100_000)])) == 1 << 16


def test_more_rows_than_a_batch_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.codecs.arrow.batch_rows", lambda _: 4)
    table = pa.table({"a": pa.chunked_array([[1, None, 3], [4, 5, 6, 7, 8]]), "d": pa.chunked_array(
        [pa.array(["x", "y", "x"]).dictionary_encode(), pa.array(["z", "x", None, "y", "z"]).dictionary_encode()])})  # fmt: skip
    sink = MemorySink(small=0)
    blob = write_table(table, b"spec", sink)
    again, spec = read_table(sink.blobs[blob.digest])
    assert again.to_pylist() == table.to_pylist()
    assert again.column(0).num_chunks == 2
    assert spec == b"spec"
    assert write_table(table.combine_chunks(), b"spec", sink).digest == blob.digest


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(Corrupt):
        read_table(b"ARROW1 and then nothing")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, pa.schema([("a", pa.int8())])) as file:
        file.write_table(pa.table({"a": pa.array([1], pa.int8())}))
    with pytest.raises(CodecError):
        read_table(sink.getvalue())
