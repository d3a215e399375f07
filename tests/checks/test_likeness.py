"""Equal rows are found whatever their types; what chance brings about is told as such."""

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.checks.likeness import columns_of, different, equal_rows, labelled, matrix_columns, near_numbers, places
from penstock.values.records import records


def columns(early: pl.DataFrame, late: pl.DataFrame, **more: object):
    one, other = records(early), records(late)
    assert one is not None
    assert other is not None
    return columns_of(one, other, **more)


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["x", "y", None]), st.floats(allow_nan=True, width=16)), min_size=1
    ),
    st.integers(0, 40),
)
@settings(max_examples=80, deadline=None)
def test_equal_rows_are_those_that_python_calls_equal(rows: list, cut: int) -> None:
    def plain(row: tuple) -> tuple:
        return tuple(["nan" if one != one else one for one in row])

    frame = pl.DataFrame(rows, schema={"a": pl.Int64, "b": pl.String, "c": pl.Float64}, orient="row")
    early, late = frame[:cut], frame[cut:]
    found = equal_rows(columns(early, late, numbering=True))
    known = {plain(row) for row in rows[:cut]}
    assert found.late.tolist() == [n for n, row in enumerate(rows[cut:]) if plain(row) in known]
    assert all(
        plain(rows[cut:][b]) == plain(rows[:cut][a])
        for a, b in zip(found.early.tolist(), found.late.tolist(), strict=True)
    )


def test_nan_zero_and_missing_values() -> None:
    early = pl.DataFrame({"a": [0.0, float("nan"), None], "b": [None, 1, 2]})
    late = pl.DataFrame({"a": [-0.0, float("nan"), 5.0], "b": [None, 1, 0]})
    assert equal_rows(columns(early, late, numbering=True)).late.tolist() == [0, 1]


def test_columns_that_number_the_rows_are_left_out() -> None:
    frame = pl.DataFrame({"n": range(100), "id": [f"r{i}" for i in range(100)], "x": [i / 7 for i in range(100)]})
    assert [one.name for one in columns(frame[:50], frame[50:])] == ["x"]
    assert [one.name for one in columns(frame[:50], frame[50:], numbering=True)] == ["n", "id", "x"]
    assert columns(frame[:50], frame[50:], skip={"x"}) == []


def test_nothing_to_compare() -> None:
    assert equal_rows([]).late.size == 0
    assert near_numbers([]).late.size == 0


def test_the_chance_of_a_constant_column() -> None:
    (one,) = [c for c in columns(pl.DataFrame({"a": [1, 1]}), pl.DataFrame({"a": [1, 1, 1]})) if c.name == "a"]
    assert one.alike == 1.0


@pytest.mark.parametrize("width", [3, 40])
def test_twins_with_noise_are_found_in_narrow_and_wide_tables(width: int) -> None:
    draw = np.random.default_rng(0)
    base = draw.normal(size=(3000, width))
    late = np.vstack([draw.normal(size=(500, width)), base[:20] + draw.normal(size=(20, width)) * 1e-4])
    names = [f"c{i}" for i in range(width)]
    found = near_numbers(columns(pl.DataFrame(base, names), pl.DataFrame(late, names)))
    assert found.chance == ""
    assert set(found.late.tolist()) <= set(range(500, 520))
    assert found.late.size >= 14
    assert (found.early == found.late - 500).all()


def test_twins_need_equal_categories() -> None:
    draw = np.random.default_rng(0)
    base = pl.DataFrame(draw.normal(size=(900, 3)), ["a", "b", "c"]).with_columns(k=pl.Series(["x", "y", "z"] * 300))
    late = base[:50].with_columns(pl.col("a") + 1e-5, k=pl.lit("x"))
    found = near_numbers(columns(base, late))
    assert found.late.tolist() == [n for n in range(50) if n % 3 == 0]


def test_sparse_and_dense_matrices_agree() -> None:
    whole = sp.random(200, 300, 0.05, "csr", random_state=1)
    early, late = whole[:150], sp.vstack([whole[150:], whole[:4]]).tocsr()
    for pair in ((early, late), (early.toarray(), late.toarray())):
        exact, near = matrix_columns(*pair)
        found = equal_rows(exact)
        assert found.late.tolist()[-4:] == [50, 51, 52, 53]
        assert len(near) == 16


def test_places_need_rows_that_are_there_once() -> None:
    table = records(pl.DataFrame({"a": [1, 1, 2, 3], "b": [0, 0, 5, 6]}))
    assert table is not None
    once = records(pl.DataFrame({"b": [6, 5], "a": [3, 2]}))
    twice = records(pl.DataFrame({"a": [1], "b": [0]}))
    other = records(pl.DataFrame({"a": [3], "b": [6], "c": [1]}))
    elsewhere = records(pl.DataFrame({"a": [3], "b": [7]}))
    assert places(table, once).tolist() == [3, 2]
    assert places(table, twice) is None
    assert places(table, other) is None
    assert places(table, elsewhere) is None


def test_labels_of_pandas_need_values_that_agree() -> None:
    frame = pl.DataFrame({"a": range(30), "b": [i * i for i in range(30)]}).to_pandas()
    table = records(frame)
    some = records(frame.iloc[[4, 9, 20]])
    shifted = frame.iloc[[4, 9, 20]].copy()
    shifted.index = [5, 10, 21]
    assert table is not None
    assert labelled(table, some).tolist() == [4, 9, 20]
    assert labelled(table, records(shifted)) is None
    assert labelled(table, records(frame[:4])) is None  # it counts from 0: no labels


@given(st.lists(st.integers(0, 5)))
def test_different_values(values: list[int]) -> None:
    assert different(np.array(values, np.int64)).tolist() == sorted(set(values))
