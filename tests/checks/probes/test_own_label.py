"""own-label: a feature that moves with its own row's label is proven, one that stands on others' labels is not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.checks.trips import bench_of, trips

from penstock.app.probing import probe as probe_function
from penstock.checks.probes.own_label import probe


def folded(t: pd.DataFrame) -> pd.Series:
    """Target encoding out of fold: each row by the labels of the other folds."""
    fold = np.arange(len(t)) % 5
    parts = [t[fold == k]["zone"].map(t[fold != k].groupby("zone")["fare"].mean()) for k in range(5)]
    return pd.concat(parts).sort_index()


LEAKS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "in fold": lambda t: t.groupby("zone")["fare"].transform("mean"),
    "rate": lambda t: t["fare"] / t["miles"],
    "some rows": lambda t: t["fare"].where(t["miles"] > 8, 0.0) * t["miles"],
    "late clock": lambda t: (t["end"] - t["at"]).dt.total_seconds(),
}
CLEAN: dict[str, Callable[[pd.DataFrame], Any]] = {
    "out of fold": folded,
    "before": lambda t: t.groupby("zone")["fare"].shift(1),
    "running": lambda t: t.groupby("zone")["fare"].transform(lambda one: one.shift(1).expanding().mean()),
    "none of it": lambda t: t["miles"] * 2,
    "left out": lambda t: (t.groupby("zone")["fare"].transform("sum") - t["fare"]).round(6),
}


@pytest.mark.parametrize("column", LEAKS.values(), ids=LEAKS)
def test_its_own_label_moves_it(column: Callable[[pd.DataFrame], Any]) -> None:
    findings, results = probe(bench_of(lambda trips: trips.assign(x=column(trips))))
    assert [(one.column, one.verdict) for one in findings] == [("x", "PROVEN")]
    assert f"row {findings[0].row}" in findings[0].world
    assert results[0].verdict == "PROVEN"


@pytest.mark.parametrize("column", CLEAN.values(), ids=CLEAN)
def test_others_labels_may_move_it(column: Callable[[pd.DataFrame], Any]) -> None:
    findings, results = probe(bench_of(lambda trips: trips.assign(x=column(trips))))
    assert findings == []
    assert results[0].verdict == "CLEAN"


def test_a_function_of_the_label_alone_is_suspect_until_it_is_declared() -> None:
    def logged(trips: pd.DataFrame) -> pd.DataFrame:
        return trips.assign(x=np.log1p(trips["fare"]))

    findings, _ = probe(bench_of(logged))
    assert [(one.column, one.verdict) for one in findings] == [("x", "SUSPECT")]
    assert "target=" in findings[0].hint
    assert probe(bench_of(logged, target=("x",)))[0] == []


def test_the_label_may_be_an_argument_of_its_own() -> None:
    X, y = np.random.default_rng(0).normal(size=(200, 3)), np.random.default_rng(1).normal(size=200)
    report = probe_function(lambda X, y: X + y[:, None] * X, {"X": X, "y": y}, label="y", checks=["own-label"])
    assert report.verdict == "PROVEN"
    assert {one.column for one in report.findings} == {"0", "1", "2"}
    assert probe_function(lambda X, y: X * 2, {"X": X, "y": y}, label="y", checks=["own-label"]).verdict == "CLEAN"


def test_without_a_label_it_is_unknown() -> None:
    report = probe_function(lambda trips: trips, {"trips": trips()}, key="trip", checks=["own-label"])
    assert report.verdict == "UNKNOWN" and "label=" in report.checks[0].reason


def test_folds_drawn_by_the_labels_are_no_proof() -> None:
    from sklearn.preprocessing import TargetEncoder

    frame = trips().assign(tipped=lambda t: (t["fare"] > 15).astype(int))

    def folds(trips: pd.DataFrame) -> pd.DataFrame:
        return trips.assign(x=TargetEncoder(random_state=0).fit_transform(trips[["zone"]], trips["tipped"])[:, 0])

    def whole(trips: pd.DataFrame) -> pd.DataFrame:
        return trips.assign(x=TargetEncoder().fit(trips[["zone"]], trips["tipped"]).transform(trips[["zone"]])[:, 0])

    said = [
        ps_probe.verdict
        for function in (folds, whole)
        for ps_probe in [probe_function(function, frame, key="trip", label="tipped", checks=["own-label"])]
    ]
    assert said[0] != "PROVEN" and said[1] == "PROVEN"


def test_ties_that_an_unstable_sort_arranges_are_no_proof() -> None:
    frame = trips()
    frame["end"] = frame["end"].dt.floor("3h") + pd.Timedelta("3h")

    def last_fare(trips: pd.DataFrame) -> pd.DataFrame:
        over = trips[["end", "zone", "fare"]].sort_values("end").rename(columns={"fare": "x"})
        return pd.merge_asof(trips, over.rename(columns={"end": "over"}), left_on="at", right_on="over", by="zone")

    report = probe_function(
        last_fare, frame, key="trip", time="at", known_at={"fare": "end"}, label="fare", checks=["as-of", "own-label"]
    )
    assert report.verdict != "PROVEN", report


def test_a_trip_that_never_ended_gets_no_end_and_no_fare() -> None:
    frame = trips()
    frame.loc[::5, ["end"]] = pd.NaT
    frame.loc[::5, ["fare"]] = np.nan

    def before(trips: pd.DataFrame) -> pd.DataFrame:
        over = trips.dropna(subset=["fare"]).sort_values("end", kind="stable")
        mean = over["fare"].expanding().mean().rename("x")
        told = pd.DataFrame({"over": over["end"].fillna(pd.Timestamp("2020-01-01")), "x": mean}).sort_values("over")
        return pd.merge_asof(trips, told, left_on="at", right_on="over").drop(columns="over")

    report = probe_function(
        before, frame, key="trip", time="at", known_at={"fare": "end"}, label="fare", checks=["as-of", "own-label"]
    )
    assert report.proven == (), report
