"""The flights example, whole, from the command line: it runs once, and then nothing runs."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "flights"
STEPS = {
    *("flights", "weather", "planes", "clean", "hourly", "features", "sides", "boosted", "linear"),
    *("contest", "chosen", "predictions", "scores", "honesty"),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "flights"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("data", ".penstock", "__pycache__"))
    subprocess.run([sys.executable, "prepare.py"], cwd=folder, check=True, capture_output=True)
    return folder


def penstock(project: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "penstock.cli", *arguments, "--json"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return json.loads(done.stdout)


@pytest.mark.timeout(300)
def test_flights(project: Path) -> None:
    first = penstock(project, "run")
    assert first["status"] == "succeeded"
    steps = {step["step"]: step for step in first["steps"]}
    assert set(steps) == STEPS
    assert {step["status"] for step in steps.values()} == {"succeeded"}

    rows = {output["artifact"]: output["rows"] for step in steps.values() for output in step["outputs"]}
    assert rows["flights"] == 336_776
    assert rows["clean"] == rows["features"] == 336_775
    # Between the sides only flights without an arrival are lost (9,429), and those in the air at a border.
    assert 0 < 336_775 - 9_429 - rows["sides.train"] - rows["sides.valid"] - rows["sides.test"] < 300

    # What these models can do with what is known at the gate; a leak would make it far better.
    metrics = steps["scores"]["metrics"]
    assert 30 < metrics["rmse"] < 38 < metrics["rmse_of_the_mean"]
    contest = steps["contest"]["metrics"]
    assert {"boosted", "linear", "boosted_mae", "linear_mae"} <= set(contest)

    second = penstock(project, "run")
    assert second["status"] == "succeeded"
    assert {step["status"] for step in second["steps"]} == {"reused"}
    assert {step["step"]: step["outputs"] for step in second["steps"]} == {
        name: step["outputs"] for name, step in steps.items()
    }


@pytest.mark.timeout(300)
def test_a_run_is_done_again_whatever_became_of_the_project(project: Path) -> None:
    run = penstock(project, "run")["run"]
    example = project / "flights.py"
    text = example.read_text(encoding="utf-8")
    example.write_text(f"# another comment\n{text}\n\ndef unused():\n    return 1\n", encoding="utf-8")
    unrelated = penstock(project, "reproduce", run)
    assert (unrelated["status"], unrelated["since"]) == ("equal", [])
    assert {one["verdict"] for one in unrelated["artifacts"]} == {"equal"}
    assert len(unrelated["artifacts"]) == 16

    example.write_text(text.replace('within="2h"', 'within="3h"'), encoding="utf-8")
    (project / "data" / "planes.parquet").unlink()
    related = penstock(project, "reproduce", run, "features")
    assert related["status"] == "equal"
    (since,) = related["since"]
    assert (since["step"], since["reasons"][0]["what"]) == ("features", "its code changed (`features`)")
    assert related["given"] == ["planes"]
    assert [(one["step"], one["gone"]) for one in related["files"]] == [("planes", True)]


@pytest.mark.timeout(120)
def test_the_data_is_prepared_the_same_each_time(project: Path) -> None:
    before = {path.name: path.read_bytes() for path in (project / "data").iterdir()}
    subprocess.run([sys.executable, "prepare.py"], cwd=project, check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in (project / "data").iterdir()} == before


def test_history_is_only_of_the_past(project: Path) -> None:
    """`recent_mean` against the same, computed flight by flight; and again without the future."""
    import datetime as dt
    import random
    import runpy

    import polars as pl

    example = runpy.run_path(str(project / "flights.py"))
    raw = {name: pl.read_parquet(project / "data" / f"{name}.parquet") for name in ("flights", "weather", "planes")}
    begin = dt.datetime(2013, 7, 1, tzinfo=dt.UTC)
    days = raw["flights"].filter(pl.col("sched_dep").is_between(begin, begin + dt.timedelta(days=12)))

    def features(flights: pl.DataFrame, weather: pl.DataFrame) -> pl.DataFrame:
        return example["features"](example["clean"](flights), example["hourly"](weather), raw["planes"])

    table = features(days, raw["weather"])
    for row in random.Random(1).sample(table.filter(pl.col("sched_dep") > begin + dt.timedelta(days=8)).to_dicts(), 25):
        asked = row["sched_dep"]
        left = days.filter(
            pl.col("origin") == row["origin"],
            pl.max_horizontal("dep_time", "sched_dep").is_between(asked - dt.timedelta(hours=2), asked, closed="left"),
        )
        assert row["origin_delay"] == pytest.approx(left["dep_delay"].mean())
        landed = days.filter(
            pl.col("dest") == row["dest"],
            pl.col("arr_time").is_between(asked - dt.timedelta(days=7), asked, closed="left"),
        )
        assert row["dest_delay"] == pytest.approx(landed["arr_delay"].mean())

    # The world as it was known at noon: what was asked before noon must come out the same.
    noon = begin + dt.timedelta(days=9, hours=16)
    past = days.filter(pl.col("sched_dep") <= noon).with_columns(
        *(pl.when(pl.col("dep_time") <= noon).then(name).alias(name) for name in ("dep_time", "dep_delay")),
        *(pl.when(pl.col("arr_time") <= noon).then(name).alias(name) for name in ("arr_time", "arr_delay", "air_time")),
    )
    then = features(past, raw["weather"].filter(pl.col("hour") <= noon - dt.timedelta(hours=1)))
    late = ["arr_time", "arr_delay"]
    now = table.filter(pl.col("sched_dep") <= noon)
    assert then.drop(late).equals(now.drop(late))
