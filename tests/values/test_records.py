from datetime import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp

from penstock.values.records import VALUE, records, value_at


@pytest.mark.parametrize(
    "value",
    [
        pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        pl.LazyFrame({"a": [1, 2], "b": ["x", "y"]}),
        pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
        pa.table({"a": [1, 2], "b": ["x", "y"]}),
        {"a": [1, 2], "b": np.array(["x", "y"])},
        [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
    ],
    ids=lambda value: type(value).__module__.split(".")[0] + type(value).__name__,
)
def test_named_columns(value: object) -> None:
    found = records(value)
    assert found is not None
    assert (found.rows, found.columns) == (2, ("a", "b"))
    assert found.row(1) == {"a": 2, "b": "y"}
    assert "a" in found and "c" not in found


@pytest.mark.parametrize("value", [np.array([1.5, 2.5]), [1.5, 2.5]])
def test_one_column_without_a_name(value: object) -> None:
    found = records(value)
    assert found is not None
    assert found.columns == (VALUE,)
    assert found.row(1) == {VALUE: 2.5}


def test_matrices() -> None:
    for value in (np.eye(3), sp.csr_matrix(np.eye(3))):
        found = records(value)
        assert found is not None
        assert found.columns == ("0", "1", "2")
        assert found.row(1) == {"0": 0.0, "1": 1.0, "2": 0.0}


def test_dictionaries_with_holes_and_lists_of_lists() -> None:
    found = records([{"a": 1}, {"b": "x"}])
    assert found is not None
    assert found.row(0) == {"a": 1, "b": None}
    pairs = records([[1, 2], [3]])
    assert pairs is not None
    assert pairs.row(0) == {VALUE: [1, 2]}


def test_tables_side_by_side() -> None:
    found = records((np.eye(2), np.array([5, 6])))
    assert found is not None
    assert found.columns == ("0.0", "0.1", "1")
    assert found.row(1) == {"0.0": 0.0, "0.1": 1.0, "1": 6}
    named = records({"X": pl.DataFrame({"a": [1, 2]}), "y": pl.Series("y", [3, 4])})
    assert named is not None
    assert named.columns == ("X", "y")
    assert records((np.eye(2), np.eye(3))) is None


@pytest.mark.parametrize("value", [1, "text", None, {}, [], {"mae": 1.0}, {1: [1]}, object(), [object()], [1, [2]]])
def test_what_has_no_rows(value: object) -> None:
    assert records(value) is None


def test_the_index_of_pandas() -> None:
    frame = pd.DataFrame({"x": [1, 2, 3]})
    plain = records(frame)
    assert plain is not None and plain.ordinal and plain.index is None
    some = records(frame[frame.x > 1])
    assert some is not None and not some.ordinal
    assert some.index is not None and some.index.to_pylist() == [1, 2]
    named = records(frame.set_index(pd.Index(["a", "b", "c"], name="id")))
    assert named is not None
    assert named.columns == ("id", "x")
    assert named.row(0) == {"id": "a", "x": 1}
    many = records(frame.set_index(pd.MultiIndex.from_tuples([(1, "a"), (1, "b"), (2, "a")], names=["n", None])))
    assert many is not None and many.index is not None
    assert many.columns == ("n", "x")


def test_categories_come_as_values() -> None:
    found = records(pd.DataFrame({"c": pd.Categorical(["b", "a", "b"])}))
    assert found is not None
    assert pa.types.is_large_string(found.column("c").type) or pa.types.is_string(found.column("c").type)


def test_a_value_that_python_has_no_form_for() -> None:
    column = pa.chunked_array([pa.array([1], pa.timestamp("ns"))])
    assert value_at(column, 0) in (datetime(1970, 1, 1), "1970-01-01 00:00:00.000000001") or "1970" in str(
        value_at(column, 0)
    )


def test_intervals_are_values_like_others() -> None:
    held = records(pd.DataFrame({"bin": pd.cut([1.0, 5.0, 9.0, np.nan], [0, 4, 8, 12])}))
    assert held is not None
    assert held.row(1)["bin"] == {"left": 4, "right": 8}
    assert held.row(3)["bin"] is None
