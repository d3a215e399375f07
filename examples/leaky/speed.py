"""Speed from the time in the air, which is known after the landing."""

import polars as pl
from tables import flights

FINDS = {"as-of": ["speed"], "own-label": ["speed"]}


def leaky(flights):
    return flights.with_columns(speed=pl.col("distance") / pl.col("air_time"))


def mended(flights):
    minutes = (pl.col("sched_arr") - pl.col("sched_dep")).dt.total_minutes()
    return flights.with_columns(scheduled_speed=pl.col("distance") / minutes)


def asked() -> dict:
    """What `ps.probe` is told beside the function."""
    return flights()
