"""A row's own cells, told from folds that labels draw: by what holds when others' cells change, and by the direction of the label."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from tests.leaks import data

import penstock as ps
from penstock.checks.influence import ordered

NUMBERS = ["tenure", "calls", "monthly"]


def verdict(function: object, table: pd.DataFrame, label: str = "churned") -> str:
    report = ps.probe(function, {"table": table}, key="customer_id", label=label, checks=["own-label"])
    found = {one.verdict for one in report.findings if one.column == "made"}
    return found.pop() if found else "CLEAN"


def out_of_folds(folds: int, *, shuffle: bool) -> object:
    def function(table: pd.DataFrame) -> pd.DataFrame:
        made, dealt = np.zeros(len(table)), StratifiedKFold(folds, shuffle=shuffle, random_state=1 if shuffle else None)
        for fitted, held in dealt.split(table, table["churned"]):
            made[held] = table.iloc[held]["city"].map(table.iloc[fitted].groupby("city")["churned"].mean()).fillna(0.3)
        return table.assign(made=made)

    return function


@pytest.mark.parametrize("by", ["as it is", "churned", "tenure"])
@pytest.mark.parametrize(("folds", "shuffle"), [(3, False), (10, False), (5, True)])
def test_folds_that_labels_draw_are_no_proof(by: str, folds: int, shuffle: bool) -> None:
    table = data.customers().inputs["customers"]
    if by in table:
        table = table.sort_values(by, kind="stable").reset_index(drop=True)
    assert verdict(out_of_folds(folds, shuffle=shuffle), table) in {"SUSPECT", "CLEAN"}


@pytest.mark.parametrize("by", ["as it is", "tenure"])
def test_predictions_out_of_fold_are_no_proof_and_those_in_sample_are(by: str) -> None:
    table = data.customers().inputs["customers"]
    if by in table:
        table = table.sort_values(by, kind="stable").reset_index(drop=True)

    def outside(table: pd.DataFrame) -> pd.DataFrame:
        x, y = table[NUMBERS], table["churned"]
        return table.assign(made=cross_val_predict(LogisticRegression(), x, y, cv=5, method="predict_proba")[:, 1])

    def inside(table: pd.DataFrame) -> pd.DataFrame:
        model = LogisticRegression().fit(table[NUMBERS], table["churned"])
        return table.assign(made=model.predict_proba(table[NUMBERS])[:, 1])

    assert verdict(outside, table) == "SUSPECT"
    assert verdict(inside, table) == "PROVEN"


def test_one_value_for_all_that_goes_with_every_label_is_proven_and_one_that_folds_make_is_not() -> None:
    table = data.customers().inputs["customers"]

    def mean(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(made=table["churned"].mean())

    assert verdict(mean, table) == "PROVEN"
    for seed in range(6):  # with one label more, other rows are in the fold, the same ones whosever label it is

        def tenure_of_a_fold(table: pd.DataFrame, seed: int = seed) -> pd.DataFrame:
            fitted, _ = next(StratifiedKFold(4, shuffle=True, random_state=seed).split(table, table["churned"]))
            return table.assign(made=table["tenure"].iloc[fitted].mean())

        assert verdict(tenure_of_a_fold, table) in {"SUSPECT", "CLEAN"}
    balanced = table.assign(churned=np.arange(len(table)) % 4 == 0)
    assert verdict(out_of_folds(3, shuffle=False), balanced) in {"SUSPECT", "CLEAN"}


def test_what_nobody_else_has_a_say_in_is_proven_whatever_its_direction() -> None:
    table = data.customers().inputs["customers"]

    def hashed(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(made=(table["tenure"] * 31 + table["churned"] * 17) % 23)

    assert verdict(hashed, table) == "PROVEN"


def test_late_cells_are_proven_by_how_far_they_move_the_row() -> None:
    table = data.customers().inputs["customers"]
    table["asked_at"] = pd.date_range("2024-01-01", periods=len(table), freq="h")
    table["seen_at"] = table["asked_at"] + pd.Timedelta(minutes=30)

    def near(table: pd.DataFrame) -> pd.DataFrame:
        others = table["monthly"].rolling(3, center=True, min_periods=1).mean()
        return table.assign(made=table["monthly"] * table["tenure"] + 0.01 * others)

    report = ps.probe(
        near,
        {"table": table},
        key="customer_id",
        time="asked_at",
        known_at={"monthly": "seen_at"},
        checks=["own-label"],
    )
    assert [one.column for one in report.findings if one.verdict == "PROVEN"] == ["made"]


def test_cells_are_put_in_order() -> None:
    assert ordered(pa.chunked_array([[1, None, 3]])).tolist()[::2] == [1.0, 3.0]
    assert ordered(pa.chunked_array([[True, False]])).tolist() == [1.0, 0.0]
    named = ordered(pa.chunked_array([["a", "b", "a", "b", "c", None]]))
    assert named.tolist()[:4] == [0.0, 1.0, 0.0, 1.0] and np.isnan(named[4:]).all()
    assert ordered(pa.chunked_array([[2, 2]])) is None
    assert ordered(pa.chunked_array([["x", "x"]])) is None
