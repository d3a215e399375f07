"""The tables that the gallery asks about: real flights out of JFK in January 2013, and made-up sales and customers."""

import sys
from datetime import timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

sys.path.append(str(Path(__file__).parents[1] / "flights"))
import prepare

FLIGHTS = {
    "key": {"flights": "flight_id", "weather": ["origin", "hour"]},
    "time": {"flights": "sched_dep", "weather": "hour"},
    "known_at": {
        "flights": {
            "dep_time": "dep_time",
            "dep_delay": "dep_time",
            "arr_time": "arr_time",
            "arr_delay": "arr_time",
            "air_time": "arr_time",
        },
        "weather": {"*": timedelta(hours=1)},  # an hour's weather is known when the hour has ended
    },
    "label": {"flights": "arr_delay"},
}


@cache
def _raw() -> tuple[pl.DataFrame, pl.DataFrame]:
    first, last = pl.datetime(2013, 1, 1, time_zone="UTC"), pl.datetime(2013, 1, 8, time_zone="UTC")
    some = prepare.flights().filter(pl.col("origin") == "JFK", pl.col("sched_dep").is_between(first, last))
    hours = prepare.weather().filter(pl.col("origin") == "JFK", pl.col("hour").is_between(first, last))
    return some.sort("sched_dep", "flight_id"), hours.sort("hour")


def flights(*, weather: bool = False) -> dict:
    """What `ps.probe` is to be told of flights (and of the weather)."""
    some, hours = _raw()
    inputs = {"flights": some, "weather": hours} if weather else {"flights": some}
    contract = {option: {name: one for name, one in said.items() if name in inputs} for option, said in FLIGHTS.items()}
    begins = pl.Series([pd.Timestamp("2013-01-06", tz="UTC")])[0]
    return {"inputs": inputs, **contract, "test": (some["sched_dep"] >= begins).to_numpy()}


def sales() -> dict:
    """Units sold by day in four shops, known the next morning."""
    draw = np.random.default_rng(0)
    days = pd.date_range("2024-01-01", periods=120, freq="D")
    table = pd.DataFrame([(f"shop{shop}", day) for day in days for shop in range(4)], columns=["shop", "day"])
    table["price"] = draw.choice([2.0, 2.5, 3.0], len(table))
    table["visitors"] = draw.poisson(80, len(table)).astype(float)
    table.loc[draw.random(len(table)) < 0.1, "visitors"] = np.nan
    table["units"] = draw.poisson(30, len(table)).astype(float)
    known = {"units": timedelta(days=1)}
    return {
        "inputs": {"sales": table},
        "key": ["shop", "day"],
        "time": "day",
        "known_at": known,
        "label": "units",
        "test": (table["day"] >= "2024-04-01").to_numpy(),
    }


def customers() -> dict:
    """Customers, some of whom left; every fourth goes to the test."""
    draw = np.random.default_rng(0)
    rows = 400
    calls = draw.poisson(2, rows)
    table = pd.DataFrame(
        {
            "customer": np.arange(rows),
            "city": draw.choice([f"city{n}" for n in range(25)], rows),
            "calls": calls,
            "monthly": draw.normal(60, 15, rows).round(2),
            "note": [" ".join(draw.choice(list("abcdefgh"), 4)) for _ in range(rows)],
            "left": (draw.random(rows) < 0.15 + 0.1 * calls.clip(max=5)).astype(int),
        }
    )
    return {"inputs": {"customers": table}, "key": "customer", "label": "left", "test": np.arange(rows) % 4 == 0}
