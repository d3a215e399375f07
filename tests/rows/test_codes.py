import math

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.rows.codes import NOTHING, aligned, comparable, different, distinct, encode, encode_columns, same_kind
from penstock.values.records import records

cell = st.one_of(st.none(), st.sampled_from(["a", "b", "", "ä", "a/b"]))
number = st.one_of(st.none(), st.integers(-3, 3))


@given(st.lists(st.tuples(cell, number), max_size=40), st.booleans())
def test_equal_numbers_are_equal_rows(rows: list[tuple[str | None, int | None]], nulls: bool) -> None:
    columns = [
        pa.chunked_array([pa.array([row[n] for row in rows], kind)]) for n, kind in enumerate((pa.string(), pa.int64()))
    ]
    numbers = encode(columns, nulls=nulls).tolist()
    for one, a in zip(rows, numbers, strict=True):
        if not nulls and None in one:
            assert a == NOTHING
            continue
        for other, b in zip(rows, numbers, strict=True):
            assert (a == b) == (one == other)
    assert distinct(np.array(numbers, np.int64)) == len({one for one in numbers if one >= 0})


def test_many_wide_columns_do_not_run_over() -> None:
    wide = [pa.chunked_array([pa.array(range(5000))]) for _ in range(8)]
    assert encode(wide, nulls=True).tolist() == list(range(5000))


def test_nan_is_missing() -> None:
    numbers = encode([pa.chunked_array([pa.array([1.0, math.nan, None, 1.0])])], nulls=False)
    assert numbers.tolist() == [0, NOTHING, NOTHING, 0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (pa.string(), pa.large_string(), True),
        (pa.int8(), pa.int64(), True),
        (pa.int64(), pa.float64(), True),  # pandas makes floats of whole numbers with a missing one
        (pa.timestamp("ns", "UTC"), pa.timestamp("us", "America/New_York"), True),
        (pa.timestamp("us"), pa.timestamp("us", "UTC"), False),
        (pa.int8(), pa.timestamp("us", "UTC"), False),
        (pa.string(), pa.int64(), False),
        (pa.list_(pa.int64()), pa.list_(pa.int64()), False),
    ],
)
def test_which_types_can_hold_the_same(one: pa.DataType, other: pa.DataType, same: bool) -> None:
    assert (same_kind(one, other) is not None) is same
    assert (same_kind(other, one) is not None) is same


def test_two_tables_share_their_numbers() -> None:
    above = records(pl.DataFrame({"id": ["a", "b", "c"], "n": [1, 2, 3]}))
    below = records(pl.DataFrame({"id": ["c", "x", "a"], "n": [3.0, 1.0, 1.0]}))
    assert above is not None and below is not None
    pair = encode_columns(above, below, [("id", "id"), ("n", "n")])
    assert pair is not None
    up, down = (one.tolist() for one in pair)
    assert down[0] == up[2] and down[2] == up[0] and down[1] not in up
    assert comparable(above, below, "n") and not comparable(above, below, "id", "n")
    assert encode_columns(above, below, [("id", "n")]) is None
    assert aligned(above.column("id"), below.column("n")) is None


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-50, 50), min_size=1, max_size=30))
def test_whole_numbers_near_and_far(values: list[int]) -> None:
    numbers = encode([pa.chunked_array([pa.array(values, pa.int64())])], nulls=False)
    for one, a in zip(values, numbers.tolist(), strict=True):
        assert 0 <= a < 4 * len(values) + 1024
        for other, b in zip(values, numbers.tolist(), strict=True):
            assert (a == b) == (one == other)


@pytest.mark.parametrize(
    ("values", "count"),
    [
        (pa.nulls(4), 1),
        (pa.nulls(0), 0),
        (pa.array(["a", "b", None, "a"]), 3),
        (pa.array(["a", "b", "a"]).dictionary_encode(), 2),
        (pa.array([1.5, 1.5]), 1),
    ],
)
def test_different_values_of_columns_of_any_kind(values: pa.Array, count: int) -> None:
    assert different(pa.chunked_array([values])) == count
