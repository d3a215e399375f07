"""What moved is found, what did not is not: by column and row, beyond rounding only."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from penstock.values.compare import compare, missing_otherwise

FRAME = pl.DataFrame(
    {
        "n": [1.0, 2.0, None, float("nan"), 5.0],
        "i": [2**60, 2**60 + 1, None, 3, 4],
        "s": ["a", None, "c", "d", "e"],
        "c": pl.Series(["a", "b", "a", None, "b"], dtype=pl.Categorical),
        "t": pl.Series([0, 1, None, 3, 4]).cast(pl.Datetime("us")),
        "l": [[1.0], [2.0, 3.0], None, [], [float("nan")]],
        "st": [{"x": 1.0}, {"x": None}, None, {"x": 2.0}, {"x": 3.0}],
        "b": [True, None, False, True, False],
    }
)
CHANGES: dict[str, tuple[int, Any]] = {
    "n": (1, 2.001), "i": (1, 7), "s": (2, "other"), "c": (0, "b"), "t": (4, 9), "l": (1, [2.0, 3.1]),
    "st": (3, {"x": 2.5}), "b": (0, False),
}  # fmt: skip


def changed(name: str, row: int, value: Any) -> pl.DataFrame:
    held = FRAME[name].cast(pl.Int64).to_list() if name == "t" else FRAME[name].to_list()
    held[row] = value
    fresh = pl.Series(name, held, dtype=pl.Int64 if name == "t" else FRAME[name].dtype)
    return FRAME.with_columns(fresh.cast(FRAME[name].dtype))


FORMS: dict[str, Any] = {
    "polars": lambda one: one,
    "pyarrow": lambda one: one.to_arrow(),
    "pandas": lambda one: one.to_pandas(),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_value_equals_itself(form: str) -> None:
    assert compare(FORMS[form](FRAME), FORMS[form](FRAME.clone())).equal


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", CHANGES)
def test_one_cell_that_moved_is_found(form: str, name: str) -> None:
    row, value = CHANGES[name]
    found = compare(FORMS[form](FRAME), FORMS[form](changed(name, row, value)))
    assert not found.equal
    assert [one.column for one in found.moved] == [name]
    moved = found.column(name)
    assert moved is not None
    assert (moved.count, moved.rows) == (1, (row,))
    assert len(moved.before) == len(moved.after) == 1


@pytest.mark.parametrize("name", CHANGES)
def test_a_cell_that_went_missing_is_found(name: str) -> None:
    row, _ = CHANGES[name]
    found = compare(FRAME, changed(name, row, None))
    assert [(one.column, one.rows) for one in found.moved] == [(name, (row,))]


floats = st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=30)


@given(floats, st.integers(0, 2), st.floats(1e-3, 1e3))
def test_a_move_beyond_tolerance_is_found_and_one_below_is_not(values: list[float], row: int, size: float) -> None:
    before = np.array(values)
    scale = before.std() or np.abs(before).max()
    for factor, expected in ((1e-11, True), (1e-7, False)):
        after = before.copy()
        after[row] += factor * size * scale * (1 if size < 10 else 0.1)
        if abs(after[row] - before[row]) > 0 or expected:
            near = abs(after[row] - before[row]) <= 1e-9 * scale
            assert compare(before, after).equal == near


def test_rounding_is_no_move_and_large_identifiers_are_exact() -> None:
    rows = np.random.default_rng(0).normal(size=(50, 3))
    assert compare(rows, rows + 1e-14).equal
    assert not compare(np.array([10**18, 1]), np.array([10**18 + 1, 1])).equal
    assert compare(rows, rows + 1e-3, floors={"0": 0.01, "1": 0.01, "2": 0.01}).equal


def test_only_the_named_rows_are_looked_at() -> None:
    after = changed("n", 1, 9.0)
    assert compare(FRAME, after, rows=[0, 2, 3, 4]).equal
    found = compare(FRAME, after, rows=[4, 1])
    assert found.moved[0].rows == (1,)
    assert found.moved[0].before == (2.0,)


def test_shapes_are_told_in_words() -> None:
    assert compare(FRAME, FRAME.head(3)).shape == "5 rows became 3"
    found = compare(FRAME, FRAME.drop("n").with_columns(new=1))
    assert found.shape == "columns gone: n; columns new: new"
    assert not found.moved
    assert compare([1], (1,)).shape == "list became tuple"


def test_nested_values_are_named_by_their_path() -> None:
    before = {"auc": 0.5, "parts": [{"frame": FRAME, "k": 1}], "same": "x"}
    after = {"auc": 0.6, "parts": [{"frame": changed("s", 0, "z"), "k": 2}], "same": "x"}
    assert [one.column for one in compare(before, after).moved] == [
        "['auc']",
        "['parts'][0]['frame'].s",
        "['parts'][0]['k']",
    ]
    assert compare(before, {**before, "auc": 0.5 + 1e-16}).equal
    assert [one.column for one in compare({"a": {2}}, {"b": {2}}).moved] == ["['a']", "['b']"]


def test_models_are_compared_by_state() -> None:
    rows = np.random.default_rng(0).normal(size=(40, 2))
    labels = rows[:, 0] > 0
    one, same = LogisticRegression().fit(rows, labels), LogisticRegression().fit(rows, labels)
    assert compare(one, same).equal
    assert not compare(one, LogisticRegression(C=0.1).fit(rows, labels)).equal


def test_sparse_matrices_are_compared_cell_by_cell() -> None:
    dense = np.zeros((6, 3))
    dense[0, 0], dense[2, 1], dense[3, 2] = 1.0, 2.0, np.nan
    other = dense.copy()
    other[4, 1] = 0.5
    assert compare(sp.csr_array(dense), sp.coo_array(dense)).equal
    found = compare(sp.csr_matrix(dense), sp.csc_matrix(other))
    assert [(one.column, one.rows, one.before, one.after) for one in found.moved] == [("1", (4,), (0.0,), (0.5,))]
    assert not compare(sp.csr_matrix(dense), sp.csr_matrix(dense[:4])).equal


def test_arrays_of_many_dimensions() -> None:
    cube = np.arange(24.0).reshape(2, 3, 4)
    other = cube.copy()
    other[1, 2, 3] = 0
    assert compare(cube, cube.copy()).equal
    assert compare(cube, other).moved[0].rows == (1,)


def test_numbers_of_another_type_are_the_same_numbers() -> None:
    assert compare(pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1.0, 2.0]})).equal
    assert compare(pa.table({"a": pa.array([1.0, None])}), pa.table({"a": [1.0, float("nan")]})).equal


def test_intervals_are_compared() -> None:
    frame = pd.DataFrame({"bin": pd.cut([1.0, 5.0, 9.0], [0, 4, 8, 12])})
    assert compare(frame, frame.copy()).equal
    moved = compare(frame, frame.assign(bin=frame["bin"].iloc[[0, 0, 2]].to_numpy())).moved
    assert [(one.column, one.rows) for one in moved] == [("bin", (1,))]


def test_what_is_missing_on_one_side_only() -> None:
    before, after = pa.array([1.0, None, float("nan"), None]), pa.array([1.0, None, None, 4.0])
    assert missing_otherwise(before, after).tolist() == [False, False, True, True]
    assert missing_otherwise(pa.chunked_array([before]), after).tolist() == [False, False, True, True]
