"""Random functions: what is causal by construction is never PROVEN, and a leak that is planted in it is found in its column."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.checks.trips import trips

import penstock as ps

FRAME = trips(300)
TEST = np.arange(300) >= 240
Column = Callable[[pd.DataFrame], Any]

HONEST: dict[str, Column] = {
    "lag": lambda t: t["miles"].shift(2),
    "window": lambda t: t["miles"].rolling(7, closed="left").std(),
    "running": lambda t: t.groupby("zone")["miles"].transform(lambda one: one.shift(1).expanding().mean()),
    "smooth": lambda t: t["miles"].ewm(span=5).mean(),
    "count": lambda t: t.groupby("zone").cumcount(),
    "hour": lambda t: t["at"].dt.hour,
    "hash": lambda t: t["trip"].map(lambda one: sum(one.encode()) % 7),
    "trained": lambda t: t["miles"] - t["miles"][:240].mean(),
    "rates": lambda t: t["zone"].map(t[:240].groupby("zone")["miles"].mean()),
    "noise": lambda t: np.random.default_rng(3).normal(size=len(t)),
    "filled": lambda t: t["miles"].where(t["miles"] > 1).ffill(),
    "greatest": lambda t: t["miles"].cummax(),
}
LEAKS: dict[str, Column] = {
    "ahead": lambda t: t["miles"].shift(-1),
    "centred": lambda t: t["miles"].rolling(5, center=True, min_periods=1).mean(),
    "whole": lambda t: t["miles"] / t["miles"].std(),
    "encoded": lambda t: t.groupby("zone")["fare"].transform("mean"),
    "own": lambda t: t["fare"] * t["miles"],
    "length": lambda t: (t["end"] - t["at"]).dt.total_seconds(),
}
OPTIONS: dict[str, Any] = {
    "key": "trip",
    "time": "at",
    "known_at": {"fare": "end"},
    "label": "fare",
    "test": TEST,
    "depth": "quick",
}
ORDERS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "kept": lambda frame: frame,
    "dropped": lambda frame: frame[frame["miles"] > 0.5],
    "turned": lambda frame: frame.iloc[::-1],
    "indexed": lambda frame: frame.set_index("trip"),
}


def made(columns: list[str], order: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def features(trips: pd.DataFrame) -> pd.DataFrame:
        return ORDERS[order](trips.assign(**{name: {**HONEST, **LEAKS}[name](trips) for name in columns}))

    return features


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(sorted(HONEST)), min_size=1, max_size=5, unique=True), st.sampled_from(sorted(ORDERS)))
def test_what_is_causal_is_never_proven(columns: list[str], order: str) -> None:
    report = ps.probe(made(columns, order), FRAME, **OPTIONS)
    assert report.proven == (), report


@pytest.mark.parametrize("leak", LEAKS)
@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    honest=st.lists(st.sampled_from(sorted(HONEST)), max_size=3, unique=True),
    order=st.sampled_from(["kept", "turned", "indexed"]),
)
def test_a_planted_leak_is_found_in_its_column(leak: str, honest: list[str], order: str) -> None:
    report = ps.probe(made([*honest, leak], order), FRAME, **OPTIONS)
    assert {one.column for one in report.proven} == {leak}, report
