"""Rows taken and cells exchanged, against plain Python."""

import copy
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp

from penstock.values.alter import exchange, fresh, take
from penstock.values.records import Records, records

FRAME = pl.DataFrame({"a": [1, 2, 3, 4], "b": ["w", "x", "y", None]})
NAMED = [
    FRAME,
    FRAME.lazy(),
    FRAME.to_arrow(),
    pd.DataFrame({"a": [1, 2, 3, 4], "b": ["w", "x", "y", None]}),
    pd.DataFrame({"a": [1, 2, 3, 4], "b": pd.Categorical(["w", "x", "y", None])}, index=list("klmn")),
    FRAME.to_dicts(),
    {"a": [1, 2, 3, 4], "b": np.array(["w", "x", "y", "z"])},
    np.array([(1, "w"), (2, "x"), (3, "y"), (4, "z")], dtype=[("a", "i8"), ("b", "U1")]),
]
ONE = [
    np.array([1.5, 2.5, 3.5, 4.5]),
    [1.5, 2.5, 3.5, 4.5],
    pl.Series("value", [1.5, 2.5, 3.5, 4.5]),
    pd.Series([1.5, 2.5, 3.5, 4.5], name="value"),
]


def held(value: Any) -> Records:
    found = records(value)
    assert found is not None
    return found


def column(value: Any, name: str) -> list[Any]:
    return held(value).column(name).to_pylist()


@pytest.mark.parametrize("value", [*NAMED, *ONE], ids=lambda one: type(one).__module__ + type(one).__name__)
@pytest.mark.parametrize("rows", [[2, 0], [1, 2, 3], [], [3, 3, 0]])
def test_rows_are_taken_in_their_order(value: Any, rows: list[int]) -> None:
    if isinstance(value, list) and not rows:
        return  # an empty list has no rows to speak of
    before = copy.deepcopy(value)
    taken = take(value, np.array(rows, np.int64))
    assert type(taken) is type(value)
    for name in held(before).columns:
        assert column(taken, name) == [column(before, name)[row] for row in rows]


@pytest.mark.parametrize("value", NAMED, ids=lambda one: type(one).__module__ + type(one).__name__)
def test_cells_are_exchanged_and_nothing_else(value: Any) -> None:
    before = {name: column(value, name) for name in held(value).columns}
    altered = exchange(value, "b", np.array([0, 2]), np.array([1, 0]))
    assert type(altered) is type(value)
    assert column(altered, "a") == before["a"]
    assert column(altered, "b") == [before["b"][1], before["b"][1], before["b"][0], before["b"][3]]
    assert {name: column(value, name) for name in before} == before
    assert held(altered).column("b").type == held(value).column("b").type


@pytest.mark.parametrize("value", ONE, ids=lambda one: type(one).__module__ + type(one).__name__)
def test_values_without_columns(value: Any) -> None:
    name = held(value).columns[0]
    assert column(exchange(value, name, np.array([3]), np.array([0])), name) == [1.5, 2.5, 3.5, 1.5]


@pytest.mark.parametrize(
    "value", [np.arange(8.0).reshape(4, 2), sp.csr_matrix(np.arange(8.0).reshape(4, 2)), sp.coo_array(np.eye(4))]
)
def test_matrices(value: Any) -> None:
    altered = exchange(value, "1", np.array([0, 3]), np.array([2, 0]))
    before = column(value, "1")
    assert column(altered, "1") == [before[2], before[1], before[2], before[0]]
    assert column(altered, "0") == column(value, "0")
    assert type(altered) is type(value)


def test_parts() -> None:
    value = (np.arange(8.0).reshape(4, 2), np.arange(4.0))
    altered = exchange(value, "0.1", np.array([0]), np.array([3]))
    assert column(altered, "0.1") == [7.0, 3.0, 5.0, 7.0]
    assert column(take(value, np.array([3])), "1") == [3.0]


def test_what_can_not_be_altered_is_said() -> None:
    with pytest.raises(TypeError):
        exchange(object(), "a", np.array([0]), np.array([1]))
    with pytest.raises(TypeError):
        take(object(), np.array([0]))
    for value in (pd.DataFrame({"a": [1]}), pa.table({"a": [1]}), [[1]]):
        with pytest.raises(KeyError):
            exchange(value, "nope", np.array([0]), np.array([0]))


@pytest.mark.parametrize("value", [pd.DataFrame({"a": [1, 2]}), np.arange(3.0), [{"a": [1]}], {"a": [1]}])
def test_a_fresh_value_can_be_spoilt(value: Any) -> None:
    before = copy.deepcopy(value)
    one = fresh(value)
    if isinstance(one, pd.DataFrame):
        one.loc[0, "a"] = 9
    elif isinstance(one, np.ndarray):
        one[0] = 9
    elif isinstance(one, list):
        one[0]["a"].append(9)
    else:
        one["a"].append(9)
    assert str(value) == str(before)
