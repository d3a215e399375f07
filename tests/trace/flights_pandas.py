"""The flights example in pandas: some of its features by other means, for the truth of rows and cells."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd

import penstock as ps


@ps.source(
    key="flight_id",
    time="sched_dep",
    known_at={"dep_time": "dep_time", "dep_delay": "dep_time", "arr_time": "arr_time", "arr_delay": "arr_time"},
    label="arr_delay",
)
def flights(path: Path = Path("data/flights.parquet")) -> pd.DataFrame:
    return pd.read_parquet(path)


@ps.source(key=["origin", "hour"], time="hour", known_at={"*": timedelta(hours=1)})
def weather(path: Path = Path("data/weather.parquet")) -> pd.DataFrame:
    return pd.read_parquet(path)


@ps.source(key="tailnum")
def planes(path: Path = Path("data/planes.parquet")) -> pd.DataFrame:
    return pd.read_parquet(path)


@ps.step
def clean(flights: pd.DataFrame) -> pd.DataFrame:
    return flights[flights["distance"] >= 200]


@ps.step
def hourly(weather: pd.DataFrame) -> pd.DataFrame:
    return weather.assign(known=weather["hour"] + timedelta(hours=1), wind_speed=weather["wind_speed"].clip(upper=150))


def instants(column: pd.Series) -> np.ndarray:
    return column.dt.tz_convert(None).to_numpy()


def recent_mean(asked: pd.DataFrame, seen: pd.DataFrame, by: str, within: timedelta) -> np.ndarray:
    """The mean delay of the rows of `seen` with the same `by` that became known in the time `within` before each was asked."""
    found = np.full(len(asked), np.nan)
    for value, rows in asked.groupby(by, sort=False).indices.items():
        mine = seen[seen[by] == value].sort_values("known")
        when = instants(asked["sched_dep"])[rows]
        known, total = instants(mine["known"]), np.r_[0.0, mine["delay"].cumsum()]
        until = known.searchsorted(when, "left")
        start = known.searchsorted(when - np.timedelta64(within), "left")
        with np.errstate(invalid="ignore"):
            found[rows] = (total[until] - total[start]) / (until - start)
    return found


@ps.step
def features(clean: pd.DataFrame, hourly: pd.DataFrame, planes: pd.DataFrame) -> pd.DataFrame:
    asked = clean.sort_values(["sched_dep", "flight_id"])
    left = clean.dropna(subset=["dep_delay"]).assign(
        delay=lambda t: t["dep_delay"], known=lambda t: t[["dep_time", "sched_dep"]].max(axis=1)
    )
    landed = clean.dropna(subset=["arr_delay"]).assign(delay=lambda t: t["arr_delay"], known=lambda t: t["arr_time"])
    asked = asked.assign(
        origin_delay=recent_mean(asked, left, "origin", timedelta(hours=2)),
        carrier_delay=recent_mean(asked, landed, "carrier", timedelta(days=1)),
    )
    asked = pd.merge_asof(
        asked, hourly.drop(columns="hour").sort_values("known"), left_on="sched_dep", right_on="known", by="origin"
    )
    asked = asked.merge(planes, on="tailnum", how="left")
    columns = ["carrier", "distance", "origin_delay", "carrier_delay", "temp", "wind_speed", "seats", "arr_delay"]
    return asked.set_index("flight_id")[["sched_dep", *columns]]


@ps.split
def sides(features: pd.DataFrame, test_days: int = 1) -> dict[str, pd.DataFrame]:
    landed = features.dropna(subset=["arr_delay"])
    cut = features["sched_dep"].max() - timedelta(days=test_days)
    return {"train": landed[landed["sched_dep"] < cut], "test": landed[landed["sched_dep"] >= cut]}


@ps.train
def model(train: pd.DataFrame) -> dict[str, float]:
    return {"mean": float(train["arr_delay"].mean()), "slope": 0.1}


@ps.predict
def predictions(model: dict, test: pd.DataFrame) -> np.ndarray:
    return model["mean"] + model["slope"] * test["origin_delay"].fillna(0).to_numpy()
