"""alone: what a row is compared with must be known before it, and not be whoever else is asked about."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from sklearn.linear_model import LinearRegression
from tests.checks.lines import Line, line, proven
from tests.checks.test_below_split import PLAIN
from tests.checks.trips import trips

import penstock as ps
from penstock.app.probing import bench_of
from penstock.checks.probes.alone import probe

TABLE = trips(200)
TEST = np.arange(200) % 4 == 0


def asked(function: Any, **options: Any) -> Any:
    said: dict[str, Any] = {"key": "trip", "test": TEST, **options}
    return ps.probe(function, TABLE, checks=["alone"], **said)


def test_a_batch_that_is_scaled_by_itself_is_proven() -> None:
    def scaled(trips: pd.DataFrame) -> pd.DataFrame:
        return trips.assign(z=trips.groupby(TEST)["miles"].transform(lambda one: (one - one.mean()) / one.std()))

    report = asked(scaled)
    assert [(one.verdict, one.column) for one in report.findings] == [("PROVEN", "z")]


def test_what_was_learned_from_training_rows_is_clean() -> None:
    def scaled(trips: pd.DataFrame) -> pd.DataFrame:
        return trips.assign(
            z=trips["miles"] - trips["miles"][~TEST].mean(), n=np.random.default_rng(1).normal(size=len(trips))
        )

    report = asked(scaled)
    assert report.verdict == "CLEAN", report


def test_rows_before_in_the_table_may_be_history() -> None:
    def lagged(trips: pd.DataFrame) -> pd.DataFrame:
        return trips.assign(last=trips["miles"].shift(4), next=trips["miles"].shift(-4))

    found = {one.column: one.verdict for one in asked(lagged).findings}
    assert found == {"last": "SUSPECT", "next": "PROVEN"}
    assert [one.column for one in asked(lagged, time="at").findings] == ["next"]


def test_without_time_or_sides_all_may_be_one_batch() -> None:
    report = ps.probe(
        lambda trips: trips.assign(z=trips.miles - trips.miles.mean()), TABLE, key="trip", checks=["alone"]
    )
    assert report.verdict == "UNKNOWN"
    assert "time=" in report.checks[0].reason


def apart(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    test = pl.Series(np.arange(rows.height) % 4 == 0)
    return {"train": rows.filter(~test), "test": rows.filter(test)}


def fitted(apart_train: pl.DataFrame) -> Any:
    return LinearRegression().fit(apart_train.select("x"), apart_train["y"])


def test_predictions_of_a_batch_that_is_centred_by_itself_are_proven() -> None:
    def guessed(fitted: Any, apart_test: pl.DataFrame) -> Any:
        return fitted.predict(apart_test.select(pl.col("x") - pl.col("x").mean()))

    def honest(fitted: Any, apart_test: pl.DataFrame) -> Any:
        return fitted.predict(apart_test.select("x"))

    steps: Line = [("split", apart), ("train", fitted), ("predict", guessed), ("predict", honest)]
    told = line(steps, contract={"key": ["id"], "label": ["y"]}, checks=["alone"])
    assert {one[:2] for one in proven(told)} == {("alone", "guessed")}
    assert next(one for one in told.results if one.step == "honest").verdict == "CLEAN"


def test_an_honest_line_is_clean() -> None:
    told = line(PLAIN, checks=["alone"])
    assert proven(told) == set()
    assert {one.verdict for one in told.results if one.step in ("features", "sides")} == {"CLEAN"}


def test_worlds_are_done_once_for_all_columns_and_not_when_it_is_late() -> None:
    table = pd.DataFrame({"id": range(60), "x": np.random.default_rng(0).normal(size=60)})
    test = np.arange(60) >= 30

    def calls_of(columns: int, deadline: float = float("inf")) -> tuple[int, set[str]]:
        calls: list[int] = []

        def ranked(table: pd.DataFrame) -> pd.DataFrame:
            calls.append(1)
            return table.assign(**{f"of{n}": table["x"] - (n + 1) * table["x"].mean() for n in range(columns)})

        bench = bench_of(ranked, {"table": table}, key="id", test=test)
        bench.deadline = deadline
        calls.clear()
        findings, _ = probe(bench)
        return len(calls), {one.verdict for one in findings}

    one, verdicts = calls_of(1)
    assert calls_of(20) == (one, {"PROVEN"})
    assert verdicts == {"PROVEN"}
    late, verdicts = calls_of(20, deadline=0.0)
    assert late < one
    assert verdicts == {"SUSPECT"}  # whether it is history was not asked any more
