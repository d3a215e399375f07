"""Gaps in the weather are filled from what was measured later."""

import polars as pl
from tables import flights

FINDS = {"as-of": ["wind"]}


def leaky(flights, weather):
    calm = weather.select(
        "hour", wind=pl.when(pl.col("wind_speed") > 8).then("wind_speed").fill_null(strategy="backward")
    )
    return flights.with_columns(hour=pl.col("sched_dep").dt.truncate("1h").dt.offset_by("-1h")).join(
        calm, on="hour", how="left"
    )


def mended(flights, weather):
    calm = weather.select(
        "hour", wind=pl.when(pl.col("wind_speed") > 8).then("wind_speed").fill_null(strategy="forward")
    )
    return flights.with_columns(hour=pl.col("sched_dep").dt.truncate("1h").dt.offset_by("-1h")).join(
        calm, on="hour", how="left"
    )


def asked() -> dict:
    """What `ps.probe` is told beside the function."""
    return flights(weather=True)
