"""test-blind: what saw the test rows is proven, what was learned from training alone is clean."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.preprocessing import StandardScaler
from tests.checks.trips import N, bench_of, trips

from penstock.app.probing import probe as probe_function
from penstock.checks.probes.test_blind import probe

LEAKS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "scaled": lambda t: StandardScaler().fit_transform(t[["miles"]])[:, 0],
    "greatest": lambda t: t["miles"] / t["miles"].max(),
    "binned": lambda t: pd.qcut(t["miles"], 4, labels=False),
    "coded": lambda t: t["zone"].map(t["zone"].value_counts()),
    "filled": lambda t: t["miles"].where(t["miles"] > 1, t["miles"].median()),
    "of labels": lambda t: t["zone"].map(t.groupby("zone")["fare"].mean()),
}
TRAIN = N * 4 // 5
CLEAN: dict[str, Callable[[pd.DataFrame], Any]] = {
    "scaled": lambda t: StandardScaler().fit(t[["miles"]][:TRAIN]).transform(t[["miles"]])[:, 0],
    "of labels": lambda t: t["zone"].map(t[:TRAIN].groupby("zone")["fare"].mean()),
    "row by row": lambda t: t["miles"] ** 2,
}


@pytest.mark.parametrize("column", LEAKS.values(), ids=LEAKS)
def test_what_saw_the_test_is_proven(column: Callable[[pd.DataFrame], Any]) -> None:
    findings, _ = probe(bench_of(lambda trips: trips.assign(x=column(trips)), test=True))
    assert [(one.column, one.verdict) for one in findings] == [("x", "PROVEN")]
    assert int(findings[0].row[1:]) < TRAIN


@pytest.mark.parametrize("column", CLEAN.values(), ids=CLEAN)
def test_what_was_learned_from_training_is_clean(column: Callable[[pd.DataFrame], Any]) -> None:
    findings, results = probe(bench_of(lambda trips: trips.assign(x=column(trips)), test=True))
    assert findings == []
    assert results[0].verdict == "CLEAN" and "80 test rows" in results[0].reason


def test_fitted_state_must_hold_as_well() -> None:
    def fitted(rows: int) -> Callable[[pd.DataFrame], Any]:
        return lambda trips: {"scaler": StandardScaler().fit(trips[["miles"]][:rows]), "rows": trips}

    findings, _ = probe(bench_of(fitted(N), test=True))
    assert {one.artifact for one in findings} == {"features.scaler"}
    assert any("mean_" in one.column for one in findings)
    assert probe(bench_of(fitted(TRAIN), test=True))[0] == []


def test_selection_on_all_rows_comes_and_goes_with_the_test_labels() -> None:
    draw = np.random.default_rng(0)
    X, y, test = draw.normal(size=(60, 40)), draw.normal(size=60), np.arange(60) >= 30

    def select(X: np.ndarray, y: np.ndarray) -> np.ndarray:
        return SelectKBest(f_regression, k=5).fit_transform(X, y)

    def honest(X: np.ndarray, y: np.ndarray) -> np.ndarray:
        return SelectKBest(f_regression, k=5).fit(X[~test], y[~test]).transform(X)

    assert probe_function(select, {"X": X, "y": y}, label="y", test=test, checks=["test-blind"]).verdict == "PROVEN"
    assert probe_function(honest, {"X": X, "y": y}, label="y", test=test, checks=["test-blind"]).verdict == "CLEAN"


def test_sides_that_overlap_in_time_may_share_the_past() -> None:
    test = np.random.default_rng(0).random(N) < 0.3
    options: Any = {"key": "trip", "time": "at", "test": test, "checks": ["test-blind"]}

    def past(trips: pd.DataFrame) -> pd.DataFrame:
        return trips.assign(x=trips["miles"].shift(1).rolling(10).mean())

    def whole(trips: pd.DataFrame) -> pd.DataFrame:
        return trips.assign(x=trips["miles"] - trips["miles"].mean())

    assert probe_function(past, {"trips": trips()}, **options).verdict == "CLEAN"
    assert probe_function(whole, {"trips": trips()}, **options).verdict == "PROVEN"


def test_without_a_split_it_is_unknown() -> None:
    _, results = probe(bench_of(lambda trips: trips))
    assert results[0].verdict == "UNKNOWN" and "test=" in results[0].reason
