"""The delay at departure, asked at the scheduled departure: nobody knows it yet."""

import polars as pl
from tables import flights

FINDS = {"as-of": ["left_late"], "own-label": ["left_late"]}


def leaky(flights):
    return flights.with_columns(left_late=pl.col("dep_delay") > 15)


def mended(flights):
    """How late the carrier's newest departure was. An early start counts from its hour on: it was not asked for before."""
    gone = flights.drop_nulls("dep_time").select(
        "carrier", "flight_id", left=pl.max_horizontal("dep_time", "sched_dep"), before="dep_delay"
    )
    gone = gone.sort("left", "flight_id").drop("flight_id")
    gone = gone.unique(["carrier", "left"], keep="first", maintain_order=True)
    joined = flights.sort("sched_dep").join_asof(
        gone, left_on="sched_dep", right_on="left", by="carrier", check_sortedness=False, allow_exact_matches=False
    )
    return joined.drop("left")


def asked() -> dict:
    """What `ps.probe` is told beside the function."""
    return flights()
