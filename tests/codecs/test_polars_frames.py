"""polars frames of every type come back equal, whatever their chunks and slices were."""

import datetime as dt
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal, assert_series_equal
from polars.testing.parametric import dataframes

from penstock.codecs.registry import Codecs
from penstock.testing.codecs import CodecContract, MemorySink

CODECS = Codecs()


def store(value: Any) -> Any:
    sink = MemorySink()
    stored = CODECS.encode(value, sink)
    return stored, CODECS.decode(stored, sink.reader())


def frame(**other: Any) -> pl.DataFrame:
    day = dt.datetime(2024, 3, 31, 1, 30)
    columns = {
        "i8": pl.Series([1, None, 3], dtype=pl.Int8),
        "i128": pl.Series([2**100, None, -1], dtype=pl.Int128),
        "u64": pl.Series([2**64 - 1, 0, None], dtype=pl.UInt64),
        "f32": pl.Series([1.5, float("nan"), None], dtype=pl.Float32),
        "f64": pl.Series([-0.0, float("inf"), None]),
        "bool": pl.Series([True, None, False]),
        "text": pl.Series(["a", None, "ü" * 40]),
        "binary": pl.Series([b"\xff", None, b""]),
        "category": pl.Series(["b", "a", None], dtype=pl.Categorical),
        "enum": pl.Series(["x", None, "z"], dtype=pl.Enum(["z", "y", "x"])),
        "decimal": pl.Series([Decimal("1.20"), None, Decimal("-3.00")], dtype=pl.Decimal(20, 2)),
        "date": pl.Series([day.date(), None, day.date()]),
        "ms": pl.Series([day, None, day], dtype=pl.Datetime("ms")),
        "zoned": pl.Series([day, None, day], dtype=pl.Datetime("us")).dt.replace_time_zone("UTC"),
        "duration": pl.Series([dt.timedelta(1), None, dt.timedelta(0)], dtype=pl.Duration("ns")),
        "time": pl.Series([dt.time(1), None, dt.time(23)]),
        "list": pl.Series([[1, None], None, []], dtype=pl.List(pl.Int16)),
        "array": pl.Series([[1, 2], None, [None, 3]], dtype=pl.Array(pl.Int8, 2)),
        "struct": pl.Series([{"a": 1, "b": "x"}, None, {"a": None, "b": "y"}]),
        "deep": pl.Series([[{"k": ["p", None]}], None, []], dtype=pl.List(pl.Struct({"k": pl.List(pl.Categorical)}))),
        "null": pl.Series([None, None, None]),
        "object": pl.Series([{1, 2}, "x", None], dtype=pl.Object),
    }
    return pl.DataFrame({**columns, **other})


class TestPolarsCodec(CodecContract):
    codec = CODECS.named("polars")

    def examples(self) -> list[Any]:
        small = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
        return [
            frame(),
            small,
            small.lazy(),
            small["a"],
            small["a"].rename("other"),
            small.select("b", "a"),
            small.head(0),
            small.cast({"a": pl.Int32}),
            pl.DataFrame(),
            pl.DataFrame(height=3),
            pl.DataFrame({"a": [1, 2], "b": ["x", ""]}),
            pl.DataFrame({"n": pl.Series(range(100_000))}),
        ]

    def same(self, left: Any, right: Any) -> None:
        assert type(left) is type(right)
        if isinstance(left, pl.Series):
            assert_series_equal(left, right)
            return
        if isinstance(left, pl.LazyFrame):
            left, right = left.collect(), right.collect()
        assert left.schema == right.schema
        assert left.shape == right.shape
        known = [name for name, kind in left.schema.items() if kind != pl.Object]
        assert_frame_equal(left.select(known), right.select(known), categorical_as_str=True)
        for name in set(left.columns) - set(known):
            assert left[name].to_list() == right[name].to_list()


ANY = dataframes(
    max_cols=4, max_size=12, allow_null=True, excluded_dtypes=[pl.Object, pl.Unknown, pl.Categorical, pl.Extension]
)


@settings(max_examples=60)
@given(ANY)
def test_generated_frames_come_back_equal(value: pl.DataFrame) -> None:
    stored, again = store(value)
    assert again.schema == value.schema
    assert_frame_equal(again, value)
    assert store(again)[0].digest == stored.digest


@settings(max_examples=60)
@given(ANY, st.data())
def test_neither_chunks_nor_slices_nor_what_lies_under_nulls_count(value: pl.DataFrame, data: st.DataObject) -> None:
    """The same rows, cut out of a larger frame, in pieces, with other values under the nulls."""
    rows = value.height
    start = data.draw(st.integers(0, rows))
    stop = data.draw(st.integers(start, rows))
    cut = value.slice(start, stop - start)
    whole, _ = store(cut.clone() if stop == start else pl.DataFrame(cut.to_dict(as_series=False), schema=cut.schema))
    pieces = [cut.slice(at, 2) for at in range(0, cut.height, 2)]
    chunked = pl.concat(pieces, rechunk=False) if pieces else cut
    assert store(cut)[0].digest == whole.digest
    assert store(chunked)[0].digest == whole.digest


@pytest.mark.parametrize("dtype", [pl.Int64, pl.Float32, pl.String, pl.Boolean, pl.Datetime("us"), pl.List(pl.Int8)])
def test_masked_values_do_not_shine_through(dtype: Any) -> None:
    base = pl.Series("v", [1, 0, 1, 0, 1, 1, 1])
    base = pl.Series("v", [[one] for one in base], dtype=dtype) if dtype == pl.List(pl.Int8) else base.cast(dtype)
    other = base.to_frame().select(pl.when(pl.Series([True, True, False, True, False, True, True])).then("v"))["v"]
    clean = pl.Series(
        "v", [one if keep else None for one, keep in zip(base, other.is_not_null(), strict=True)], dtype=dtype
    )
    assert_series_equal(other, clean)
    assert store(other)[0].digest == store(clean)[0].digest


def test_categories_have_no_order_of_their_own() -> None:
    pl.Series(["other", "words", "first"], dtype=pl.Categorical)  # categories share a table in the process
    one = pl.Series("c", ["a", "b", "a"], dtype=pl.Categorical)
    digest = store(one)[0].digest
    assert store(pl.concat([pl.Series("c", ["z"], dtype=pl.Categorical), one])[1:])[0].digest == digest


def test_a_large_frame_is_mapped_and_not_copied(tmp_path: Any) -> None:
    value = pl.DataFrame({"x": pl.Series(range(200_000)), "y": 1.5})
    stored, again = store(value)
    assert stored.data is None
    assert stored.blob == stored.digest
    assert_frame_equal(again, value)
    assert pl.read_ipc(_file(value, tmp_path)).equals(value)  # any Arrow reader can open the blob


def _file(value: pl.DataFrame, folder: Any) -> Any:
    sink = MemorySink()
    stored = CODECS.encode(value, sink)
    path = folder / "frame.arrow"
    path.write_bytes(sink.blobs[stored.blob])
    return path


def test_the_description_tells_schema_nulls_and_first_rows() -> None:
    about = store(pl.DataFrame({"a": [1, None, 3], "t": [dt.date(2024, 1, 1)] * 3}))[0].about
    assert about.rows == 3
    assert [(one.name, one.dtype, one.nulls) for one in about.columns] == [("a", "Int64", 1), ("t", "Date", 0)]
    assert about.head[:2] == ((1, "2024-01-01"), (None, "2024-01-01"))
    assert not about.pickled


def test_equal_names_are_no_trouble_for_equal_content() -> None:
    one, other = pl.DataFrame({"a": [1], "b": [2]}), pl.DataFrame({"b": [1], "a": [2]})
    assert store(one)[0].digest != store(other)[0].digest
