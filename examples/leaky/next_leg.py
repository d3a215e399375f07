"""The aircraft's next flight, by a shift in the wrong direction."""

import polars as pl
from tables import flights

FINDS = {"as-of": ["next_distance"]}


def leaky(flights):
    return flights.sort("sched_dep", "flight_id").with_columns(
        next_distance=pl.col("distance").shift(-1).over("carrier")
    )


def mended(flights):
    return flights.sort("sched_dep", "flight_id").with_columns(
        last_distance=pl.col("distance").shift(1).over("carrier")
    )


def asked() -> dict:
    """What `ps.probe` is told beside the function."""
    return flights()
