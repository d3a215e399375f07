"""Other values: on each side of wherever a threshold may be, and such as the column can hold."""

from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.values.records import records
from penstock.values.variants import Variant, nudges, variants, vary

COLUMNS: list[list[Any]] = [
    [1, 5, 9],
    [1.5, None, -2.0],
    [True, False, True],
    ["a", "b", None],
    [datetime(2024, 1, day) for day in (1, 2, 9)],
    [date(2024, 1, day) for day in (1, 2, 9)],
    [timedelta(hours=one) for one in (1, 2, 3)],
    [None, None, None],
]


def altered(table: Any, rows: list[int]) -> list[list[Any]]:
    held = records(table)
    assert held is not None
    column = held.column(held.columns[0])
    found = []
    for one in variants(column):
        made = vary(table, held.columns[0], column, np.array(rows), one)
        if made is not None:
            assert type(made) is type(table)
            found.append(records(made).column(held.columns[0]).to_pylist())
    return found


@pytest.mark.parametrize("values", COLUMNS, ids=str)
@pytest.mark.parametrize("make", [lambda v: pl.DataFrame({"x": v}), lambda v: pa.table({"x": v})])
def test_only_the_cells_in_question_are_altered(make: Any, values: list[Any]) -> None:
    for made in altered(make(values), [1]):
        assert made[0] == values[0] and made[2] == values[2]
        assert made[1] != values[1] or values[1] is None


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9), st.floats(-1.9, 1.9))
def test_values_on_both_sides_of_a_threshold(values: list[float], part: float) -> None:
    """Of one between the values, and of one as far beyond them as they are wide."""
    threshold = part * max(map(abs, values))
    made = [one[0] for one in altered(pl.DataFrame({"x": values}), [0])]
    assert any(one is not None and one >= threshold for one in made)
    assert any(one is not None and one <= threshold for one in made)


def test_small_types_hold_what_they_can() -> None:
    made = [one[0] for one in altered(pl.DataFrame({"x": pl.Series([3, 250], dtype=pl.UInt8)}), [0])]
    assert 255 in made and 0 in made and 4 in made and 2 in made


def test_every_category_is_tried_where_they_are_few() -> None:
    table = pd.DataFrame({"x": pd.Categorical(["a", "b", "c", "d", "a"])})
    assert {one[0] for one in altered(table, [0])} >= {"b", "c", "d"}


def test_parts_side_by_side() -> None:
    value = {"X": np.array([[1.0, 2.0], [3.0, 4.0]]), "y": np.array([1.0, 2.0])}
    held = records(value)
    assert held is not None
    made = vary(value, "X.1", held.column("X.1"), np.array([0]), Variant("value", 9.0))
    assert made["X"][0, 1] == 9.0 and value["X"][0, 1] == 2.0
    made = vary(tuple(value.values()), "1", held.column("y"), np.array([0]), Variant("value", 9.0))
    assert made[1].tolist() == [9.0, 2.0]


def test_a_little_more_and_less() -> None:
    assert nudges(pa.chunked_array([[1, 2]])) == (Variant("shift", 1), Variant("shift", -1))
    assert nudges(pa.chunked_array([["a"]])) is None
    more, less = nudges(pa.chunked_array([[0.0, 0.0]])) or (None, None)
    assert more is not None and less is not None and more.what > 0 > less.what
