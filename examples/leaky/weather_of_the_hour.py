"""The weather of the hour in which a flight leaves: complete only when that hour has ended."""

import polars as pl
from tables import flights

FINDS = {"as-of": ["temp", "wind_speed"]}


def leaky(flights, weather):
    joined = weather.select("hour", "temp", "wind_speed")
    return flights.with_columns(hour=pl.col("sched_dep").dt.truncate("1h")).join(joined, on="hour", how="left")


def mended(flights, weather):
    joined = weather.select("temp", "wind_speed", known=pl.col("hour").dt.offset_by("1h")).sort("known")
    return flights.sort("sched_dep").join_asof(joined, left_on="sched_dep", right_on="known")


def asked() -> dict:
    """What `ps.probe` is told beside the function."""
    return flights(weather=True)
