"""What a leak may be worth: training done once more without the column. An estimate, which no verdict stands on."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import penstock as ps
from penstock.checks.severity import closed, weighed
from penstock.model.verdict import Finding

PIPELINE = """
import numpy as np
import polars as pl
import penstock as ps


@ps.source(key="trip", time="asked", label="fare")
def trips(n: int = 200) -> pl.DataFrame:
    draw = np.random.default_rng(0)
    km = draw.gamma(2, 2, n)
    return pl.DataFrame({"trip": range(n), "asked": range(n), "km": km, "fare": 3 + 1.7 * km + draw.normal(0, 3, n)})


@ps.step
def features(trips: pl.DataFrame) -> pl.DataFrame:
    return trips.with_columns(ahead=pl.col("fare") + pl.col("fare").shift(-1).fill_null(0), idle=pl.col("asked").shift(-1))


@ps.split
def sides(features: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {"train": features[:150], "test": features[150:]}


def columns(rows):
    return np.column_stack([rows["km"].to_numpy(), rows["ahead"].to_numpy(), np.ones(len(rows))])


@ps.train
def model(train: pl.DataFrame) -> list:
    return np.linalg.lstsq(columns(train), train["fare"].to_numpy(), rcond=None)[0].tolist()


@ps.predict
def predictions(model: list, test: pl.DataFrame) -> list:
    return (columns(test) @ np.array(model)).tolist()


@ps.evaluate
def scores(predictions: list, test: pl.DataFrame) -> dict[str, float]:
    return {"mae": float(np.abs(np.array(predictions) - test["fare"].to_numpy()).mean()), "rows": len(test)}


@ps.deploy
def ship(model: list) -> str:
    raise AssertionError("a check called what deploys")
"""


def test_a_finding_tells_what_metrics_come_to_without_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "line.py").write_text(PIPELINE)
    report = ps.Pipeline.load("line.py", executor="inline").check(only=["as-of"])
    [finding] = [one for one in report.findings if one.step == "features" and one.column == "ahead"]
    assert finding.verdict == "PROVEN"
    assert finding.severity.startswith("without what `ahead` tells, scores.mae ")
    assert "an estimate" in finding.severity
    assert "scores.rows" not in finding.severity  # it did not move
    before, _, after = finding.severity.split("scores.mae ")[1].split()[:3]
    assert float(after) > float(before)
    again = ps.Pipeline.load("line.py", executor="inline").check(only=["as-of"])
    assert [one.severity for one in again.findings] == [one.severity for one in report.findings]


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"x": [3.0, 1.0, 2.0, None], "y": list("abcd")}),
        pl.DataFrame({"x": [3.0, 1.0, 2.0, None], "y": list("abcd")}),
    ],
)
def test_a_closed_column_holds_its_middle_value(table: Any) -> None:
    made = closed(table, "x")
    assert list(made["x"]) == [2.0] * 4
    assert list(made["y"]) == list("abcd")
    assert len(set(closed(table, "y")["y"])) == 1
    assert closed(table, "z") is None
    assert closed(3, "x") is None
    assert closed(np.zeros((0, 2)), "0") is None


def test_what_can_not_be_told_says_nothing() -> None:
    finding = Finding("as-of", "PROVEN", "features", "features", "x")

    def load(_: str) -> Any:
        raise ValueError("it is gone")

    assert weighed([], {}, lambda *_: {}, load, [finding], 1.0) == [finding]
    assert weighed([], {}, lambda *_: {}, load, [finding], 0.0) == [finding]
