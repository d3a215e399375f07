"""Local hours taken for UTC: the weather of five hours later."""

import polars as pl
from tables import flights

FINDS = {"as-of": ["temp"]}


def leaky(flights, weather):
    local = pl.col("hour").dt.offset_by("-5h")  # "the weather station writes New York time"; it does not
    hours = weather.select("temp", hour=local)
    return flights.with_columns(hour=pl.col("sched_dep").dt.truncate("1h").dt.offset_by("-1h")).join(
        hours, on="hour", how="left"
    )


def mended(flights, weather):
    hours = weather.select("hour", "temp")
    return flights.with_columns(hour=pl.col("sched_dep").dt.truncate("1h").dt.offset_by("-1h")).join(
        hours, on="hour", how="left"
    )


def asked() -> dict:
    """What `ps.probe` is told beside the function."""
    return flights(weather=True)
