"""as-of: what looks ahead is proven, and what looks back is clean."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.checks.trips import bench_of, trips

from penstock.app.probing import probe as probe_function
from penstock.checks.probes.as_of import probe

LEAKS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "ahead": lambda t: t["miles"].shift(-1),
    "centred": lambda t: t["miles"].rolling(5, center=True).mean(),
    "scaled": lambda t: t["miles"] / t["miles"].std(),
    "greatest": lambda t: t["miles"] / t["miles"].max(),
    "filled back": lambda t: t["miles"].where(np.arange(len(t)) % 7 > 0).bfill(),
    "ranked": lambda t: t["miles"].rank(),
    "counted": lambda t: t.groupby("zone")["trip"].transform("count"),
    "own clock": lambda t: (t["end"] - t["at"]).dt.total_seconds(),
    "not known yet": lambda t: t["fare"].shift(1),
}
CLEAN: dict[str, Callable[[pd.DataFrame], Any]] = {
    "behind": lambda t: t["miles"].shift(1),
    "closed left": lambda t: t["miles"].rolling(5, closed="left").mean(),
    "skewed": lambda t: t["miles"].rolling(20).skew(),
    "filled": lambda t: t["miles"].where(np.arange(len(t)) % 7 > 0).ffill(),
    "running": lambda t: t.groupby("zone")["miles"].transform(lambda one: one.expanding().mean()),
    "of the label": lambda t: np.log1p(t["fare"]),
    "hashed": lambda t: t["trip"].map(lambda one: sum(map(ord, one)) % 10),
}


@pytest.mark.parametrize("column", LEAKS.values(), ids=LEAKS)
def test_what_looks_ahead_is_proven(column: Callable[[pd.DataFrame], Any]) -> None:
    findings, results = probe(bench_of(lambda trips: trips.assign(x=column(trips))))
    assert [(one.column, one.verdict) for one in findings] == [("x", "PROVEN")]
    assert findings[0].row.startswith("t") and findings[0].before != findings[0].after
    assert "as known at 2024-01-" in findings[0].world
    assert results[0].verdict == "PROVEN"


@pytest.mark.parametrize("column", CLEAN.values(), ids=CLEAN)
def test_what_looks_back_is_clean(column: Callable[[pd.DataFrame], Any]) -> None:
    findings, results = probe(bench_of(lambda trips: trips.assign(x=column(trips))))
    assert findings == []
    assert results[0].verdict == "CLEAN" and "cuts" in results[0].reason


def test_an_hour_that_has_not_ended_is_not_known() -> None:
    hours = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 11), "1h", eager=True)
    weather = pl.DataFrame({"hour": hours, "rain": np.random.default_rng(0).normal(size=len(hours))})

    def joined(shift: timedelta) -> Callable[..., pl.DataFrame]:
        def features(trips: pl.DataFrame, weather: pl.DataFrame) -> pl.DataFrame:
            return trips.with_columns(hour=pl.col("at").dt.truncate("1h") - shift).join(weather, on="hour", how="left")

        return features

    def asked(function: Callable[..., Any]) -> str:
        report = probe_function(
            function,
            {"trips": pl.from_pandas(trips()), "weather": weather},
            key={"trips": "trip", "weather": "hour"},
            time={"trips": "at", "weather": "hour"},
            known_at={"trips": {"fare": "end"}, "weather": timedelta(hours=1)},
            label="fare",
            checks=["as-of"],
        )
        return f"{report.verdict} {' '.join([one.column for one in report.findings])}"

    assert asked(joined(timedelta())) == "PROVEN rain"
    assert asked(joined(timedelta(hours=1))) == "CLEAN "


def test_training_rows_may_be_learned_from_and_later_ones_may_not() -> None:
    def learned(rows: int) -> Callable[[pd.DataFrame], pd.DataFrame]:
        return lambda trips: trips.assign(x=trips["miles"] - trips["miles"][:rows].mean())

    assert probe(bench_of(learned(320), test=True))[0] == []
    assert [one.column for one in probe(bench_of(learned(400), test=True))[0]] == ["x"]


def test_steps_before_a_split_learn_from_nobody() -> None:
    bench = bench_of(lambda trips: trips.assign(x=trips["miles"] - trips["miles"][:320].mean()), test=True)
    bench.learns = False
    assert [one.column for one in probe(bench)[0]] == ["x"]


def test_without_a_time_it_is_unknown() -> None:
    report = probe_function(lambda trips: trips, {"trips": trips()}, key="trip", checks=["as-of"])
    assert report.verdict == "UNKNOWN"
    assert "time=" in report.checks[0].reason
