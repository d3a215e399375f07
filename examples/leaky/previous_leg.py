"""How late the aircraft's flight before this one came, though it may still be in the air."""

import polars as pl
from tables import flights

FINDS = {"as-of": ["leg_before"]}


def leaky(flights):
    return flights.sort("sched_dep", "flight_id").with_columns(leg_before=pl.col("arr_delay").shift(1).over("carrier"))


def mended(flights):
    before = flights.sort("sched_dep", "flight_id").with_columns(
        leg_before=pl.col("arr_delay").shift(1).over("carrier"), landed=pl.col("arr_time").shift(1).over("carrier")
    )
    return before.with_columns(leg_before=pl.when(pl.col("landed") <= pl.col("sched_dep")).then("leg_before")).drop(
        "landed"
    )


def asked() -> dict:
    """What `ps.probe` is told beside the function."""
    return flights()
