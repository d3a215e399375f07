"""Flights joined with what is known of their planes: 15.6 % of them, whose plane nobody listed, are gone.

A pipeline, since this is seen of the rows between steps: `python ../flights/prepare.py`, then `penstock run -f inner_join.py`.
"""

from pathlib import Path

import polars as pl

import penstock as ps

DATA = Path("../flights/data")


@ps.source(key="flight_id", time="sched_dep", label="arr_delay", group="carrier", fail_on=["rows"])
def flights(path: Path = DATA / "flights.parquet") -> pl.DataFrame:
    return pl.read_parquet(path, columns=["flight_id", "carrier", "tailnum", "sched_dep", "arr_delay"])


@ps.source(key="tailnum")
def planes(path: Path = DATA / "planes.parquet") -> pl.DataFrame:
    return pl.read_parquet(path)


@ps.step
def leaky(flights: pl.DataFrame, planes: pl.DataFrame) -> pl.DataFrame:
    return flights.join(planes, on="tailnum")


@ps.step
def mended(flights: pl.DataFrame, planes: pl.DataFrame) -> pl.DataFrame:
    """Every flight, and whether its plane is listed."""
    listed = planes.with_columns(listed=True)
    return flights.join(listed, on="tailnum", how="left", maintain_order="left").with_columns(
        pl.col("listed").fill_null(value=False)
    )
