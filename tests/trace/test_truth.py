"""Rows and cells of the flights pipelines, in polars and in pandas, against brute force that knows nothing of Penstock.

The pipelines run on an extract of three days. Where a row is, is told by looking its name up in each table; which source
rows stand behind a value, by leaving out each source row, and by putting another number into each, calling the steps' functions and
looking whether the value moved. That takes a while, so its outcome is stored in truth.json (`python -m tests.trace.test_truth` writes it anew); a sample
of it is brought about again in every test run.
"""

import importlib.util
import json
import math
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import polars as pl
import pytest

import penstock as ps

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "flights"
TRUTH = HERE / "truth.json"
CELLS = 100
ROWS = 500
COLUMNS = {
    "polars": [
        "origin_delay",
        "carrier_delay",
        "dest_delay",
        "plane_delay",
        "seats",
        "age",
        "temp",
        "wind_speed",
        "minutes",
    ],
    "pandas": ["origin_delay", "carrier_delay", "temp", "wind_speed", "seats", "distance"],
}
VARIANTS = sorted(COLUMNS)
NUMBERS = {"flights": ["dep_delay", "arr_delay"], "weather": ["temp", "wind_speed"], "planes": ["seats", "built"]}
"""The columns whose numbers the features are computed of; the other columns say which rows are taken."""


class Tables(NamedTuple):
    """The raw tables of the extract."""

    flights: pl.DataFrame
    weather: pl.DataFrame
    planes: pl.DataFrame


def extract(data: Path) -> Tables:
    """Three days of two carriers and their planes, small enough to leave out each row once."""
    flights = pl.read_parquet(data / "flights.parquet")
    wanted = flights.filter(
        pl.col("flight_id").str.slice(0, 10).is_in(["2013-07-03", "2013-07-04", "2013-07-05"]),
        pl.col("carrier").is_in(["AA", "US", "VX", "9E"]),
    ).sort("flight_id")  # fmt: skip
    weather = pl.read_parquet(data / "weather.parquet").filter(
        pl.col("hour").dt.strftime("%Y-%m-%d").is_in(["2013-07-03", "2013-07-04", "2013-07-05"]), pl.col("hour").dt.hour() % 3 == 0
    )  # fmt: skip
    planes = pl.read_parquet(data / "planes.parquet").filter(
        pl.col("tailnum").is_in(wanted["tailnum"].unique().to_list())
    )
    return Tables(wanted, weather, planes)


def prepare(folder: Path, variant: str) -> tuple[Path, Tables]:
    """A project with the pipeline of a variant, on the extract."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("data", ".penstock", "__pycache__"))
    subprocess.run([sys.executable, "prepare.py"], cwd=folder, check=True, capture_output=True)
    tables = extract(folder / "data")
    for name, table in tables._asdict().items():
        table.write_parquet(folder / "data" / f"{name}.parquet")
    file = folder / "flights.py"
    if variant == "pandas":
        shutil.copy(HERE / "flights_pandas.py", file)
    else:
        text = file.read_text(encoding="utf-8")
        text = text.replace("valid_days: int = 30, test_days: int = 60", "valid_days: int = 1, test_days: int = 1")
        file.write_text(text.replace('pl.col("distance") >= 50', 'pl.col("distance") >= 200'), encoding="utf-8")
    return file, tables


def load(file: Path) -> ModuleType:
    """The pipeline's file as a plain module: decorated functions are functions."""
    spec = importlib.util.spec_from_file_location(f"truth_{file.parent.name}", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- the oracle


def computed(module: ModuleType, variant: str, tables: Tables) -> dict[tuple[str, str], Any]:
    """Every value of the features by flight and column, from these raw tables."""
    raw = [one.to_pandas() if variant == "pandas" else one for one in tables]
    made = module.features(module.clean(raw[0]), module.hourly(raw[1]), raw[2])
    table = pl.from_pandas(made.reset_index()) if variant == "pandas" else made
    ids = table["flight_id"].to_list()
    return {
        (key, name): value for name in COLUMNS[variant] for key, value in zip(ids, table[name].to_list(), strict=True)
    }


def moved(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return not (math.isclose(one, other, rel_tol=1e-7, abs_tol=1e-7) or (math.isnan(one) and math.isnan(other)))
    return bool(one != other)


def source_rows(tables: Tables) -> list[tuple[str, int, str]]:
    """Every source row: its source, position and key."""
    rows = [("flights", n, key) for n, key in enumerate(tables.flights["flight_id"])]
    hours = zip(tables.weather["origin"], tables.weather["hour"], strict=True)
    rows += [("weather", n, f"{origin}/{hour.isoformat()}") for n, (origin, hour) in enumerate(hours)]
    return rows + [("planes", n, key) for n, key in enumerate(tables.planes["tailnum"])]


def without(tables: Tables, source: str, row: int) -> Tables:
    table = getattr(tables, source)
    return tables._replace(**{source: pl.concat([table.head(row), table.slice(row + 1)])})


def other(tables: Tables, source: str, row: int) -> Tables:
    """The tables with other numbers in one row, where it has some."""
    table: pl.DataFrame = getattr(tables, source)
    here = pl.int_range(pl.len()) == row
    changed = [
        pl.when(here).then(pl.col(one) + 7).otherwise(pl.col(one)).cast(table.schema[one]).alias(one)
        for one in NUMBERS[source]
    ]
    return tables._replace(**{source: table.with_columns(changed)})


def standing_behind(
    module: ModuleType, variant: str, tables: Tables, cells: list[tuple[str, str]], rows: list[tuple[str, int, str]]
) -> dict[tuple[str, str], dict[str, list[str]]]:
    """For each cell, the source rows (other than its own) of which each alone moves it: by its absence or by other numbers."""
    whole = computed(module, variant, tables)
    found: dict[tuple[str, str], dict[str, list[str]]] = {cell: {} for cell in cells}
    for source, row, key in rows:
        worlds = [computed(module, variant, altered(tables, source, row)) for altered in (without, other)]
        for cell in cells:
            own = source == "flights" and key == cell[0]
            if not own and any(moved(whole[cell], some[cell]) for some in worlds):
                found[cell].setdefault(source, []).append(key)
    return found


def only(tables: Tables, kept: dict[str, set[str]]) -> Tables:
    """The raw tables with these rows and no others."""
    found = {}
    for source, table in tables._asdict().items():
        rows = [row for name, row, key in source_rows(tables) if name == source and key in kept.get(source, set())]
        found[source] = table[rows]
    return Tables(**found)


def suffices(
    module: ModuleType, variant: str, tables: Tables, cell: tuple[str, str], rows: dict[str, list[str]]
) -> bool:
    """Whether the value stays what it is when all but these rows and its own are left out."""
    kept = {source: set(keys) for source, keys in rows.items()}
    kept.setdefault("flights", set()).add(cell[0])
    own = tables.flights.filter(pl.col("flight_id") == cell[0])["tailnum"].to_list()
    kept.setdefault("planes", set()).update(own)  # so that no table is empty; it matters only for what is its own
    kept.setdefault("weather", set()).add(source_rows(tables)[tables.flights.height][2])
    try:
        there = computed(module, variant, only(tables, kept))
    except Exception:
        return False
    return not moved(computed(module, variant, tables)[cell], there.get(cell))


def sample_of_cells(module: ModuleType, variant: str, tables: Tables) -> list[tuple[str, str]]:
    values = computed(module, variant, tables)
    draw = random.Random(variant)
    return [(draw.choice(sorted({key for key, _ in values})), draw.choice(COLUMNS[variant])) for _ in range(CELLS)]


# --- the tests


@pytest.fixture(scope="module", params=VARIANTS)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    variant = request.param
    file, tables = prepare(tmp_path_factory.mktemp("truth") / variant, variant)
    run = ps.Pipeline.load(file).run(executor="inline").raise_if_failed()
    return variant, file, tables, run


@pytest.mark.timeout(600)
def test_rows(world: Any) -> None:
    """Five hundred rows: where each is, its values there, its side and its prediction."""
    variant, _, tables, run = world
    ids = tables.flights["flight_id"].to_list()
    wanted = random.Random(0).sample(ids, min(ROWS, len(ids)))
    assert len(wanted) >= ROWS or len(wanted) == len(ids) >= 500
    frames = {name: _plain(run[name]) for name in ("flights", "clean", "features", "sides.train", "sides.test")}
    if variant == "polars":
        frames["sides.valid"] = _plain(run["sides.valid"])
    predicted = [float(one) for one in run["predictions"]]
    tests = frames["sides.test"]["flight_id"].to_list()
    tracing = run._tracing()
    for key in wanted:
        trace = tracing.trace(key, "flights")
        stops = {stop.artifact: stop for stop in trace.stops}
        there = {name: key in set(frame["flight_id"]) for name, frame in frames.items()}
        for name, is_there in there.items():
            assert (stops[name].state == "present") is is_there, (key, name, stops[name])
            if is_there:
                row = frames[name].row(by_predicate=pl.col("flight_id") == key, named=True)
                assert {one: _bare(value) for one, value in stops[name].values.items()} == {
                    one: _bare(value) for one, value in row.items()
                }, (key, name)
        steps = [("clean", there["clean"]), ("features", there["features"])]
        on = [name.rpartition(".")[2] for name in there if name.startswith("sides.") and there[name]]
        first = next((name for name, is_there in [*steps, ("sides", bool(on))] if not is_there), "")
        assert trace.dropped_at == first
        assert trace.side == (on[0] if on else "")
        if there["sides.test"]:
            assert trace.predictions[0].value == pytest.approx(predicted[tests.index(key)])
        else:
            assert trace.predictions == ()


def _plain(frame: Any) -> pl.DataFrame:
    return (
        frame if isinstance(frame, pl.DataFrame) else pl.from_pandas(frame.reset_index() if frame.index.name else frame)
    )


def _bare(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else value
    return value.timestamp() if hasattr(value, "timestamp") else value


@pytest.mark.timeout(900)
def test_cells(world: Any) -> None:
    """Cells (a dozen of the hundred; all, with PENSTOCK_TRUTH=all): exactly the rows of which each alone moves the value, and its
    own where one of its columns does; and all others together, left out, do not."""
    variant, file, tables, run = world
    module = load(file)
    stored = json.loads(TRUTH.read_text(encoding="utf-8"))[variant]
    assert len(stored) >= CELLS * 0.9
    tracing = run._tracing()
    wanted = (
        sorted(stored) if os.environ.get("PENSTOCK_TRUTH") == "all" else random.Random(2013).sample(sorted(stored), 12)
    )
    for name in wanted:
        truth = stored[name]
        key, column = name.split("|")
        cell = tracing.cell(key, f"features.{column}", "flights")
        found: dict[str, list[str]] = {}
        for one in cell.sources:
            if not (one.source == "flights" and one.key == key):
                found.setdefault(one.source, []).append(one.key)
        if cell.value is not None:  # of what has no history yet, another plane may have none either
            assert any(one.key == key and one.columns for one in cell.sources), name
        assert cell.exact, (name, cell.why)
        assert {source: sorted(keys) for source, keys in found.items()} == truth, (name, cell)
        assert suffices(module, variant, tables, (key, column), found), (name, cell)


@pytest.mark.timeout(600)
def test_a_sample_of_the_truth_is_still_true(world: Any) -> None:
    variant, file, tables, _ = world
    stored = json.loads(TRUTH.read_text(encoding="utf-8"))[variant]
    module = load(file)
    cells = [tuple(name.split("|")) for name in stored]
    rows = random.Random(2013).sample(source_rows(tables), 25)
    again = standing_behind(module, variant, tables, cells, rows)  # type: ignore[arg-type]
    for cell in cells:
        for source, _, key in rows:
            assert (key in again[cell].get(source, [])) is (key in stored["|".join(cell)].get(source, [])), (cell, key)  # type: ignore[index]


def write(report: Callable[[str], None] = print) -> None:
    """Bring the truth about, and store it."""
    import tempfile

    truth: dict[str, Any] = {}
    for variant in VARIANTS:
        with tempfile.TemporaryDirectory() as folder:
            file, tables = prepare(Path(folder) / variant, variant)
            module = load(file)
            cells = sample_of_cells(module, variant, tables)
            rows = source_rows(tables)
            report(f"{variant}: {tables.flights.height} flights, {len(rows)} source rows to alter")
            found = standing_behind(module, variant, tables, cells, rows)
            truth[variant] = {
                "|".join(cell): {source: sorted(set(keys)) for source, keys in one.items()}
                for cell, one in found.items()
            }
    TRUTH.write_text(json.dumps(truth, indent=0, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
