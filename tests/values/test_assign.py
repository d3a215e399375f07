"""New values in cells: types stay, other cells stay, and what does not fit is refused."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp

from penstock.values.assign import assign
from penstock.values.records import Records, records
from penstock.values.table import Table

T = [datetime(2024, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
POLARS = pl.DataFrame({"f": [1.5, None, 3.5], "i": [1, 2, 3], "s": ["a", "b", None], "t": T, "b": [True, False, True]})
PANDAS = pd.DataFrame({"f": [1.5, None, 3.5], "i": [1, 2, 3], "s": ["a", "b", None], "t": pd.to_datetime(T), "b": [True, False, True]})  # fmt: skip
TABLES = [POLARS, POLARS.lazy(), POLARS.to_arrow(), PANDAS, POLARS.to_dicts()]
ROWS = np.array([0, 2])


def held(value: Any) -> Records:
    found = records(value)
    assert found is not None
    return found


def listed(value: Any, name: str) -> list[Any]:
    return [None if one != one else one for one in held(value).column(name).to_pylist()]


def kinds(value: Any) -> dict[str, str]:
    return {} if isinstance(value, list) else Table(value).dtypes


@pytest.mark.parametrize("value", TABLES, ids=lambda one: type(one).__module__ + type(one).__name__)
@pytest.mark.parametrize(
    ("name", "new"),
    [
        ("f", [9.25, -1.0]),
        ("f", [None, 2.0]),
        ("i", [7, 8]),
        ("s", ["never", "seen"]),
        ("s", [None, "z"]),
        ("b", [False, False]),
    ],
)
def test_cells_are_put_in_and_nothing_else_moves(value: Any, name: str, new: list[Any]) -> None:
    before = {one: listed(value, one) for one in held(value).columns}
    altered = assign(value, name, ROWS, new)
    assert type(altered) is type(value)
    assert kinds(altered) == kinds(value)
    for one, cells in before.items():
        wanted = [new[0], cells[1], new[1]] if one == name else cells
        assert listed(altered, one) == wanted
    assert {one: listed(value, one) for one in before} == before


@pytest.mark.parametrize("value", TABLES[:-1], ids=lambda one: type(one).__module__ + type(one).__name__)
def test_instants_are_given_as_microseconds(value: Any) -> None:
    altered = assign(value, "t", ROWS, [1_700_000_000_000_000, None])
    assert kinds(altered) == kinds(value)
    assert listed(altered, "t")[0] == datetime.fromtimestamp(1_700_000_000, UTC)
    assert listed(altered, "t")[1:] == [T[1], None]
    zoned = pd.DataFrame({"t": pd.to_datetime(T).tz_convert("Europe/Berlin")})
    assert assign(zoned, "t", ROWS, [0, 0])["t"].dtype == zoned["t"].dtype
    naive = pd.DataFrame({"t": pd.to_datetime(T).tz_localize(None)})
    assert assign(naive, "t", ROWS, [0, 0])["t"][0] == pd.Timestamp("1970-01-01")
    days = pl.DataFrame({"t": [date(2024, 1, 1)] * 3})
    assert assign(days, "t", ROWS, [0, 0])["t"][0] == date(1970, 1, 1)


def test_series_arrays_and_sparse_matrices() -> None:
    assert assign(pd.Series([1.0, 2.0, 3.0], name="x"), "x", ROWS, [5.0, 6.0]).tolist() == [5, 2, 6]
    assert assign(pl.Series("x", [1.0, 2.0, 3.0]), "x", ROWS, [5.0, 6.0]).to_list() == [5, 2, 6]
    assert assign(np.eye(3), "1", ROWS, [5.0, 6.0])[:, 1].tolist() == [5, 1, 6]
    assert assign(np.array([1, 2, 3]), "0", ROWS, [5, 6]).tolist() == [5, 2, 6]
    assert assign(np.array(["2024-01-01", "2024-01-02", "2024-01-03"], "M8[us]"), "0", ROWS, [0, None])[
        0
    ] == np.datetime64(0, "us")
    sparse = assign(sp.csr_matrix(np.eye(3)), "1", ROWS, [5.0, 6.0])
    assert sparse.format == "csr" and sparse.toarray()[:, 1].tolist() == [5, 1, 6]
    assert assign({"a": [1, 2, 3], "b": np.array([1, 2, 3])}, "b", ROWS, [5, 6])["b"].tolist() == [5, 2, 6]


@pytest.mark.parametrize(
    ("value", "name", "new"),
    [
        (PANDAS, "i", [None, 1]),
        (PANDAS, "nothing", [1, 1]),
        (np.array([1, 2, 3]), "0", [None, 1]),
        (np.array([1, 2, 3]), "0", [1.5, 1]),
        (np.array([1, 2, 3], np.int8), "0", [1000, 1]),
        (np.array(["a", "b", "c"]), "0", ["longer", "b"]),
        (pd.DataFrame({"c": pd.Categorical(["a", "b", "a"])}), "c", ["new", "a"]),
        (POLARS, "i", ["x", "y"]),
        (POLARS.to_arrow(), "i", ["x", "y"]),
        (POLARS.to_arrow(), "nothing", [1, 1]),
        (3, "x", [1, 1]),
    ],
)
def test_what_a_column_can_not_hold_is_refused(value: Any, name: str, new: list[Any]) -> None:
    with pytest.raises((TypeError, ValueError, KeyError)):
        assign(value, name, ROWS, new)


def test_categories_that_are_known_are_put_in() -> None:
    frame = pd.DataFrame({"c": pd.Categorical(["a", "b", "a"])})
    assert assign(frame, "c", ROWS, ["b", "b"])["c"].dtype == frame["c"].dtype
    coded = pa.table({"c": pa.array(["a", "b", "a"]).dictionary_encode()})
    assert listed(assign(coded, "c", ROWS, ["b", "z"]), "c") == ["b", "b", "z"]
