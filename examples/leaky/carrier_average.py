"""Each carrier's mean delay over the whole period, the flight itself and all later ones included."""

import polars as pl
from tables import flights

FINDS = {"as-of": ["carrier_delay"], "own-label": ["carrier_delay"], "test-blind": ["carrier_delay"]}


def leaky(flights):
    return flights.with_columns(carrier_delay=pl.col("arr_delay").mean().over("carrier"))


def mended(flights):
    """The mean over flights that had landed."""
    landed = (
        flights.drop_nulls(["arr_time", "arr_delay"])
        .sort("arr_time", "flight_id")
        .select(
            "carrier",
            landed="arr_time",
            carrier_delay=(pl.col("arr_delay").cum_sum() / pl.col("arr_delay").cum_count()).over("carrier"),
        )
    )
    landed = landed.unique(["carrier", "landed"], keep="last", maintain_order=True)
    return flights.sort("sched_dep").join_asof(
        landed, left_on="sched_dep", right_on="landed", by="carrier", check_sortedness=False
    )


def asked() -> dict:
    """What `ps.probe` is told beside the function."""
    return flights()
