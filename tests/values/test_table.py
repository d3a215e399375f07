"""One view over every kind of table."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp

from penstock.values.table import Table, is_table

COLUMNS = {"a": [1, 2, 3], "b": ["x", None, "z"]}
NUMBERS = np.array([[1.0, 2.0], [3.0, np.nan]])

FORMS: dict[str, Any] = {
    "polars": pl.DataFrame(COLUMNS),
    "lazy": pl.LazyFrame(COLUMNS),
    "pandas": pd.DataFrame(COLUMNS, index=[7, 8, 9]),
    "pyarrow": pa.table(COLUMNS),
    "batch": pa.table(COLUMNS).to_batches()[0],
    "columns": COLUMNS,
    "mixed": {"a": np.array([1, 2, 3]), "b": pl.Series(["x", None, "z"])},
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_reads_the_same(form: str) -> None:
    table = Table(FORMS[form])
    assert table.columns == ("a", "b")
    assert table.rows == 3
    assert set(table.dtypes) == {"a", "b"}
    assert table.head(2) == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]
    assert table.to_arrow().to_pydict() == COLUMNS
    assert table.take([2, 0]).to_pydict() == {"a": [3, 1], "b": ["z", "x"]}


def test_arrays_and_sparse_matrices_have_numbered_columns() -> None:
    for value in (
        np.array([[1.0, 0.0], [0.0, 4.0]]),
        sp.csr_array([[1.0, 0.0], [0.0, 4.0]]),
        sp.coo_matrix([[1.0, 0.0], [0.0, 4.0]]),
    ):
        table = Table(value)
        assert (table.columns, table.rows) == (("0", "1"), 2)
        assert table.to_arrow().to_pydict() == {"0": [1.0, 0.0], "1": [0.0, 4.0]}
    assert Table(np.arange(3)).to_arrow().to_pydict() == {"0": [0, 1, 2]}
    records = np.array([(1, 2.0)], dtype=[("n", "i4"), ("x", "f8")])
    assert Table(records).head() == [{"n": 1, "x": 2.0}]


def test_nan_stays_nan_and_null_stays_null() -> None:
    column = Table(NUMBERS).column("1")
    assert column.null_count == 0
    assert np.isnan(column[1].as_py())
    assert Table(pd.DataFrame({"a": pd.array([1, None], dtype="Int64")})).column("a").null_count == 1


def test_columns_of_one_name_are_told_apart() -> None:
    frame = pd.DataFrame([[1, 2]], columns=["a", "a"])
    assert Table(frame).head() == [{"a": 1, "a#1": 2}]
    assert Table(pd.DataFrame([[1, 2]])).columns == ("0", "1")


def test_objects_come_as_text() -> None:
    frame = pd.DataFrame({"o": [1, "x", {2}]})
    assert Table(frame).column("o").to_pylist() == ["1", "'x'", "{2}"]
    assert Table(pl.DataFrame({"o": pl.Series([{1}], dtype=pl.Object)})).column("o").to_pylist() == ["{1}"]


class Point:
    """A value without an `__eq__` or `__repr__` of its own."""

    def __init__(self, x: object) -> None:
        self.x = x


def test_text_of_objects_is_the_same_for_equal_values() -> None:
    def cells() -> list[object]:
        return [Point({"b": frozenset({"y", "x"})}), [Point(1)], (Point(len), 2), {"p": Point(None)}]

    def texts() -> list[object]:
        return Table(pd.DataFrame({"o": pd.Series(cells(), dtype=object)})).column("o").to_pylist()

    found = texts()
    assert found == texts()
    assert found[0] == "Point(x={'b': {'x', 'y'}})"
    assert found[1:] == ["[Point(x=1)]", "(Point(x=<built-in function len>), 2)", "{'p': Point(x=None)}"]
    loop = Point(None)
    loop.x = loop
    assert "Point" in Table(pd.DataFrame({"o": [loop]})).column("o").to_pylist()[0]
    assert Table(pd.DataFrame({"o": [lambda: 0]})).column("o").to_pylist()[0].endswith("<lambda>>")


def test_what_has_no_rows_is_no_table() -> None:
    for value in (
        1,
        "text",
        [1, 2],
        {},
        {"a": 1},
        {"a": [1], "b": [1, 2]},
        {1: [1]},
        np.float64(1),
        np.zeros((2, 2, 2)),
    ):
        assert not is_table(value)
        with pytest.raises(TypeError):
            Table(value)


def test_a_series_has_one_column() -> None:
    assert Table(pd.Series([1, 2], name="s")).columns == ("s",)
    assert Table(pd.Series([1, 2])).columns == ("value",)
    assert Table(pl.Series("s", [1, 2])).head() == [{"s": 1}, {"s": 2}]
