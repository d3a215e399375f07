"""Whatever a function does when it is called again, nothing of it is falsely PROVEN, and no check fails by it."""

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.leaks import data

import penstock as ps

SEEN: dict[str, float] = {}
HISTORY: list[int] = []


def raises_on_anything_else(customers: pd.DataFrame) -> pd.DataFrame:
    if abs(float(customers["monthly"].sum()) - 24944.0) > 5000 or customers["calls"].max() > 9:
        raise RuntimeError("this is not my table")
    return customers.assign(high=customers["monthly"] > 60)


def raises_in_every_other_world(customers: pd.DataFrame) -> pd.DataFrame:
    if not customers["churned"].equals(data.customers().inputs["customers"]["churned"]):
        raise SystemExit(3)
    return customers.assign(high=customers["monthly"] > 60)


def drops_rows_by_the_label(customers: pd.DataFrame) -> pd.DataFrame:
    return customers[customers["churned"] == 0].assign(high=lambda t: t["monthly"] > 60)


def sorts_by_the_label(customers: pd.DataFrame) -> pd.DataFrame:
    return customers.sort_values(["churned", "monthly"]).reset_index(drop=True).assign(high=lambda t: t["monthly"] > 60)


def loses_the_key(customers: pd.DataFrame) -> pd.DataFrame:
    return customers.sort_values("monthly")[["monthly", "tenure"]].reset_index(drop=True)


def repeats_rows_by_the_label(customers: pd.DataFrame) -> pd.DataFrame:
    return customers.loc[customers.index.repeat(1 + customers["churned"])]


def writes_files(customers: pd.DataFrame) -> pd.DataFrame:
    path = Path("seen.txt")
    before = path.read_text() if path.exists() else ""
    path.write_text(before + "once\n")
    return customers.assign(high=customers["monthly"] > 60)


def alters_what_it_is_given(customers: pd.DataFrame) -> pd.DataFrame:
    customers["monthly"] *= 2
    customers.loc[customers.index[:5], "churned"] = 1 - customers.loc[customers.index[:5], "churned"]
    customers.drop(customers.index[-3:], inplace=True)
    return customers


def remembers_the_first(customers: pd.DataFrame) -> pd.DataFrame:
    for name, value in zip(customers["customer_id"], customers["monthly"], strict=True):
        SEEN.setdefault(name, value)
    return customers.assign(first=customers["customer_id"].map(SEEN))


def counts_in_a_global(customers: pd.DataFrame) -> pd.DataFrame:
    HISTORY.append(len(customers))
    return customers.assign(high=customers["monthly"] > 60)


def seeds_the_world(customers: pd.DataFrame) -> pd.DataFrame:
    random.seed(1)
    np.random.seed(2)
    os.environ["CUSTOMERS"] = "1"
    return customers.assign(noise=np.random.normal(size=len(customers)))


def goes_elsewhere_and_is_loud(customers: pd.DataFrame) -> pd.DataFrame:
    os.makedirs("inside", exist_ok=True)
    os.chdir("inside")
    print("customers", len(customers))
    print("customers", len(customers), file=sys.stderr)
    return customers.assign(high=customers["monthly"] > 60)


def returns_nothing(customers: pd.DataFrame) -> None:
    customers["monthly"].mean()


def returns_oddities(customers: pd.DataFrame) -> Any:
    return {"a": customers["monthly"] > 60, "b": object, "c": iter([1]), "d": {1, 2}, "e": None}


def returns_a_series(customers: pd.DataFrame) -> pd.Series:
    return customers.set_index("customer_id")["monthly"] > 60


def names_columns_oddly(customers: pd.DataFrame) -> pd.DataFrame:
    made = customers.assign(**{"": 1, "日本": customers["monthly"] > 60})
    made.columns = [*made.columns[:-2], 7, ("a", "b")]
    return made


def two_columns_of_one_name(customers: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([customers, customers[["monthly"]] > 60], axis=1)


def nothing_is_left(customers: pd.DataFrame) -> pd.DataFrame:
    return customers[customers["monthly"] > 1e9]


INNOCENT = [
    raises_on_anything_else,
    raises_in_every_other_world,
    drops_rows_by_the_label,
    sorts_by_the_label,
    loses_the_key,
    repeats_rows_by_the_label,
    writes_files,
    alters_what_it_is_given,
    remembers_the_first,
    counts_in_a_global,
    seeds_the_world,
    goes_elsewhere_and_is_loud,
    returns_nothing,
    returns_oddities,
    returns_a_series,
    names_columns_oddly,
    two_columns_of_one_name,
    nothing_is_left,
]


@pytest.mark.parametrize("function", INNOCENT, ids=lambda one: one.__name__)
def test_nothing_is_proven_of_what_does_not_leak(
    function: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUSTOMERS", "0")
    made = data.customers()
    before = made.inputs["customers"].copy(deep=True)
    report = ps.probe(function, made.inputs, **made.contract, test=made.test)
    assert [one for one in report.findings if one.verdict == "PROVEN"] == []
    assert made.inputs["customers"].equals(before)
