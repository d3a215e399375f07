"""Small pipelines with rows to follow, and a way to run them in this process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import penstock as ps
from penstock.app.settings import find_settings, open_ledger
from penstock.app.tracing import Tracing

__all__ = ["BARE", "FLIGHTS", "MATRICES", "PANDAS", "lineage_of", "run_of", "tracing_of"]

FLIGHTS = """
from datetime import datetime, timedelta
import polars as pl
import penstock as ps

START = datetime(2013, 7, 1)


@ps.source(
    key=["carrier", "number"],
    time="at",
    known_at={"delay": "landed", "landed": "landed", "gate": timedelta(hours=-1)},
    label="delay",
    group="carrier",
)
def flights(n: int = 60) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "carrier": ["UA" if i % 2 else "AA" for i in range(n)],
            "number": list(range(n)),
            "at": [START + timedelta(hours=i) for i in range(n)],
            "landed": [None if i % 10 == 7 else START + timedelta(hours=i + 2) for i in range(n)],
            "delay": [None if i % 10 == 7 else float(i % 13) for i in range(n)],
            "gate": [f"G{i % 4}" for i in range(n)],
            "tail": [f"N{i % 12}" for i in range(n)],
            "distance": [5 if i == 4 else 100 + i for i in range(n)],
        }
    )


@ps.source(key="tail")
def planes() -> pl.DataFrame:
    # N3 is there twice: whoever joins it has two rows; N11 is not there
    return pl.DataFrame({"tail": [f"N{i}" for i in range(11)] + ["N3"], "seats": list(range(100, 111)) + [99]})


@ps.step
def clean(flights: pl.DataFrame) -> pl.DataFrame:
    return flights.filter(pl.col("distance") >= 50).with_columns(gate=pl.col("gate").str.to_lowercase())


@ps.step
def joined(clean: pl.DataFrame, planes: pl.DataFrame) -> pl.DataFrame:
    return clean.join(planes, on="tail").sort("number", "seats")


@ps.step
def by_gate(clean: pl.DataFrame) -> pl.DataFrame:
    return clean.group_by("gate").agg(mean=pl.col("delay").mean()).sort("gate")


@ps.split
def sides(joined: pl.DataFrame) -> dict[str, pl.DataFrame]:
    landed = joined.drop_nulls("delay")
    cut = START + timedelta(hours=40)
    return {"train": landed.filter(pl.col("at") < cut), "test": landed.filter(pl.col("at") >= cut)}


@ps.train
def model(train: pl.DataFrame) -> dict:
    return {"mean": train["delay"].mean()}


@ps.predict
def predictions(model: dict, test: pl.DataFrame) -> pl.Series:
    return pl.Series("delay", [model["mean"]] * test.height)


@ps.evaluate
def scores(predictions: pl.Series, test: pl.DataFrame) -> dict[str, float]:
    return {"mae": (predictions - test["delay"]).abs().mean()}


@ps.step
def shuffled(clean: pl.DataFrame) -> list:
    return sorted([round(one * 3.1, 3) if one else None for one in clean["distance"]], key=lambda one: -(one or 0) % 7)
"""

PANDAS = """
import numpy as np
import pandas as pd
import penstock as ps


@ps.source(key="id", time="at", label="y")
def rows(n: int = 40) -> pd.DataFrame:
    return pd.DataFrame({"id": range(100, 100 + n), "at": pd.date_range("2013-01-01", periods=n, tz="UTC"),
                         "x": np.linspace(0, 1, n), "y": [float(i % 5) for i in range(n)]})


@ps.step
def kept(rows: pd.DataFrame) -> pd.DataFrame:
    return (rows[rows["id"] % 3 != 0].sort_values("x", ascending=False)[["x", "y"]] * 10)


@ps.step
def again(kept: pd.DataFrame) -> pd.DataFrame:
    return kept[kept["y"] > 0] + 1
"""

MATRICES = """
import numpy as np
import penstock as ps


@ps.source(key="id", label="y")
def rows(n: int = 50) -> list[dict]:
    return [{"id": f"r{i}", "a": i * 1.5, "b": (i * 7) % 50 / 3, "y": float(i % 3)} for i in range(n)]


@ps.step(outputs=["X", "y"])
def arrays(rows: list):
    return np.array([[r["a"], r["b"]] for r in rows]), np.array([r["y"] for r in rows])


@ps.split(outputs={"X_train": "train", "X_test": "test", "y_train": "train", "y_test": "test"})
def sides(X, y):
    order = np.random.default_rng(1).permutation(len(X))
    return {"X_train": X[order[:35]], "X_test": X[order[35:]], "y_train": y[order[:35]], "y_test": y[order[35:]]}


@ps.step
def scaled(X_train):
    return (X_train - X_train.mean(0)) / X_train.std(0)


@ps.step
def turned(X_train):
    return np.sort(X_train * 2 + 1, axis=0)[::-1]
"""

BARE = """
import penstock as ps


@ps.source
def rows(n: int = 30) -> list[dict]:
    return [{"n": i * i, "word": f"w{i}"} for i in range(n)]


@ps.step
def even(rows: list) -> list[dict]:
    return [row for row in rows if row["n"] % 2 == 0]


@ps.step
def lengths(even: list) -> list[int]:
    return [len(row["word"]) for row in even]
"""


def run_of(folder: Path, source: str, edit: Callable[[str], str] = lambda text: text) -> Any:
    """Run a pipeline in this process."""
    (folder / "line.py").write_text(edit(source), encoding="utf-8")
    return ps.Pipeline.load(folder / "line.py").run(executor="inline").raise_if_failed()


def tracing_of(folder: Path, source: str) -> Tracing:
    """Run it, and ask of its rows."""
    run_of(folder, source)
    settings = find_settings(folder / "line.py")
    return Tracing(settings, open_ledger(settings))


def lineage_of(folder: Path, source: str) -> Any:
    """Run it; its lineage."""
    return tracing_of(folder, source).lineage
