"""The bench: which rows are which, what passes through, what is noise, and in which order rows without names come."""

import numpy as np
import pandas as pd
import pytest
from tests.checks.trips import N, bench_of, trips

from penstock.checks.bench import Bench
from penstock.checks.worlds import World


def test_passed_through_cells_are_no_features_and_computed_ones_are() -> None:
    bench = bench_of(lambda trips: trips.assign(y=trips["fare"], x=trips["miles"] * 2))
    assert set(bench.passed("features")) == {"trip", "at", "end", "zone", "miles", "fare", "y"}
    altered = trips().assign(fare=1.0)
    world = World("", {"trips": altered})
    moved = bench.judge(bench.flow(world), world, "features", np.ones(N, bool))
    assert moved is not None and moved.hits == ()


def test_arrays_are_in_order_where_it_shows() -> None:
    def method(function: object) -> str | None:
        bench = bench_of(function)  # type: ignore[arg-type]
        found = bench.identity("features")
        return found and found.method

    assert method(lambda trips: trips["miles"].to_numpy() * 2) == "position"
    assert method(lambda trips: trips["miles"].rolling(3).mean().to_numpy()) == "position"
    assert method(lambda trips: (trips["miles"] / trips["miles"].mean()).to_numpy()) == "position"
    assert method(lambda trips: np.sort(trips["miles"].to_numpy() * 2)) is None
    assert method(lambda trips: (trips["miles"] * 2).sample(frac=1, random_state=0).to_numpy()) is None


def test_what_is_not_the_same_twice_has_no_floor() -> None:
    state = np.random.default_rng()
    bench = bench_of(lambda trips: trips.assign(x=state.normal(size=len(trips)), z=1.0))
    assert bench.floors("features") == {"x": float("inf")}
    tiny = bench_of(lambda trips: trips.assign(x=trips["miles"] + 1e-9 * state.normal(size=len(trips))))
    assert 0 < tiny.floors("features")["x"] < 1e-7


def test_rows_of_lookups_hold_once_all_of_their_cells_are_known() -> None:
    bench = bench_of(lambda trips: trips)
    at = bench.times("features")
    assert at.tolist() == bench.sources["trips"].times.tolist()
    assert bench.key("features", 3) == "t3"
    assert bench.main is not None and bench.main.name == "trips"


def test_worlds_that_fail_can_not_be_compared() -> None:
    def fussy(trips: pd.DataFrame) -> pd.DataFrame:
        if trips["miles"].max() > 1000:
            raise ValueError("no")
        return trips

    bench: Bench = bench_of(fussy)
    world = World("", {"trips": trips().assign(miles=2000.0)})
    assert bench.judge(bench.flow(world), world, "features", np.ones(N, bool)) is None
    assert bench.spent() == 1
    assert bench.failures[0].error == "ValueError: no"


@pytest.mark.parametrize("drop", ["at", "zone"])
def test_lost_columns_do_no_harm(drop: str) -> None:
    bench = bench_of(lambda trips: trips.drop(columns=drop))
    assert bench.identity("features") is not None


def test_rows_in_another_order_hold_their_own_cells_still() -> None:
    bench = bench_of(lambda trips: trips.sort_values("fare", kind="stable"))
    frame = trips()
    world = World("", {"trips": frame.assign(fare=frame["fare"].to_numpy()[::-1], end=frame["end"].to_numpy()[::-1])})
    moved = bench.judge(bench.flow(world), world, "features", np.ones(N, bool))
    assert moved is not None and moved.hits == () and moved.rows == N
