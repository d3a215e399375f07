"""The sides of a table's rows, by what a script did: rows are recognised, or nothing is said."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from penstock.checks.facts import SourceFacts
from penstock.checks.parted import parted, role_of_name
from penstock.model.contract import Contract
from penstock.values.records import records

ROWS = pd.DataFrame({"id": range(20), "x": np.random.default_rng(0).normal(size=20)})
TRAIN, TEST = np.arange(20)[::2], np.arange(20)[1::2]


def sides(value: Any, splits: Any = (), tables: Any = (), key: str = "") -> Any:
    held = records(value)
    assert held is not None
    contract = Contract(key=(key,)) if key else Contract()
    found = parted(SourceFacts("rows", held, contract), value, splits, tables)
    return None if found is None else found.sides.tolist()


ODD = ["train", "test"] * 10


def test_by_a_split() -> None:
    assert sides(ROWS, [(ROWS, TRAIN, TEST)]) == ODD
    assert sides(ROWS, [(ROWS[["x"]] * 2, TRAIN, TEST)]) == ODD  # of the same index
    assert sides(ROWS, [(ROWS[["x"]].to_numpy(), TRAIN, TEST)]) == ODD  # as many rows
    assert sides(ROWS, [(np.zeros((7, 2)), np.arange(5), np.arange(5, 7))]) is None


def test_by_tables_that_are_called_so() -> None:
    assert sides(ROWS, tables=[("test", ROWS.iloc[TEST])]) == ODD
    assert sides(ROWS, tables=[("X_test", ROWS.iloc[TEST]), ("X_train", ROWS.iloc[TRAIN])]) == ODD
    assert sides(ROWS, tables=[("tested", ROWS.iloc[TEST])]) is None
    frame = pl.from_pandas(ROWS)
    assert sides(frame, tables=[("test", frame[TEST.tolist()].drop("x"))], key="id") == ODD


def test_a_part_tells_that_all_of_it_is_one_side() -> None:
    part = ROWS.iloc[TRAIN]
    assert set(sides(part, tables=[("train", ROWS.iloc[TRAIN])])) == {"train"}


def test_an_index_that_began_anew_tells_nothing() -> None:
    other = pd.DataFrame({"x": np.random.default_rng(1).normal(size=5)}, index=range(3, 8))
    assert sides(ROWS[["x"]], tables=[("test", other)]) is None  # labels agree, cells do not
    assert sides(ROWS[["x"]], tables=[("test", pd.DataFrame({"x": np.arange(5) / 7}))]) is None


def test_names() -> None:
    assert [role_of_name(one) for one in ("test", "df_test", "X_test", "x_train", "testing", "contest", "holdout")] == [
        "test", "test", "test", "train", "", "", "test",
    ]  # fmt: skip
