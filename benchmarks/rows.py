"""What following rows costs. `python benchmarks/rows.py [--rows N] [--flights] [--cells]` prints ratios; nothing is asserted.

A run pays nothing for rows: it stores what it always stored. What is measured is the asking, against the run itself and against
carrying a key column along, which is the least that any recording of identity would cost.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

PIPELINE = """
import numpy as np
import polars as pl
import penstock as ps


@ps.source(key="id", label="y", group="g")
def rows(n: int = {rows}, seed: ps.Seed = 0) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    return pl.DataFrame({{"id": np.arange(n), "g": draw.integers(0, 1000, n), "x": draw.normal(size=n), "y": draw.normal(size=n)}})


@ps.step
def clean(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("x") > -2)


@ps.step
def features(clean: pl.DataFrame) -> pl.DataFrame:
    return clean.with_columns(mean=pl.col("x").mean().over("g"), rank=pl.col("x").rank()).sort("x")


@ps.split
def sides(features: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {{"train": features.filter(pl.col("id") % 5 > 0), "test": features.filter(pl.col("id") % 5 == 0)}}
"""


CELLS = """
import numpy as np
import polars as pl
import penstock as ps


@ps.source(key="id")
def rows(n: int = 100_000) -> pl.DataFrame:
    draw = np.random.default_rng(0)
    group = np.full(n, -1)
    group[50_000:50_025] = 1  # the watched row and 24 beside it
    scattered = draw.choice(50_000, 25, replace=False)
    group[scattered] = 2
    group[group < 0] = draw.integers(10, 5000, int((group < 0).sum()))
    return pl.DataFrame({"id": np.arange(n), "g": group, "x": draw.normal(size=n)})


@ps.step
def features(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(mean=pl.col("x").mean().over("g"))
"""


def timed(arguments: list[str], folder: Path) -> tuple[float, int]:
    """Processor seconds of a command and its children, which other work on the machine moves little, and peak bytes."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=2); "
        "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_utime + used.ru_stime, used.ru_maxrss)"
    )
    # by a process of its own, so that the peak is that of this command
    command = [sys.executable, "-c", code, sys.executable, "-m", "penstock.cli", *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    spent, peak = done.stdout.split()
    return float(spent), int(peak) * 1024


def weigh(folder: Path) -> int:
    return sum([one.stat().st_size for one in folder.rglob("*") if one.is_file()])


def wall(arguments: list[str], folder: Path, times: int = 5) -> float:
    """Seconds of a whole command, the least of several."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "penstock.cli", *arguments], cwd=folder, check=True, capture_output=True)
        found.append(time.perf_counter() - began)
    return min(found)


def flights(folder: Path) -> None:
    """The example, with all of a year's flights."""
    example = Path(__file__).parents[1] / "examples" / "flights"
    place = folder / "flights"
    shutil.copytree(example, place, ignore=shutil.ignore_patterns("data", ".penstock", "__pycache__"))
    subprocess.run([sys.executable, "prepare.py"], cwd=place, check=True, capture_output=True)
    run, memory = timed(["run", "--workers", "1"], place)
    artifacts = weigh(place / ".penstock" / "store")
    one = wall(["trace", "2013-12-24/UA303/JFK"], place)
    count, counted = timed(["show", "--rows"], place)
    identity = weigh(place / ".penstock" / "cache" / "rows")
    print(f"flights, {artifacts / 1e6:,.0f} MB of artifacts")
    print(
        f"run                          {run:6.2f} s of processor   {memory / 1e6:,.0f} MB at most; of it for rows: nothing"
    )
    print(f"trace one row                {one:6.2f} s, the whole command")
    print(
        f"count the rows of all steps  {count:6.2f} s of processor, {count / run:.3f} of the run; {counted / 1e6:,.0f} MB at most"
    )
    print(f"stored for rows              {identity:6,} B   {identity / artifacts:.6f} of the artifacts' bytes")


def cells(folder: Path) -> None:
    """One value that 24 of 100,000 rows make, beside it and scattered."""
    place = folder / "cells"
    place.mkdir()
    (place / "line.py").write_text(CELLS)
    subprocess.run([sys.executable, "-m", "penstock.cli", "run"], cwd=place, check=True, capture_output=True)
    code = "import penstock as ps; t = ps.Pipeline.load('line.py').run(); f = t['features']; print(f.filter(f['g'] == 2)['id'][12])"
    scattered = subprocess.run([sys.executable, "-c", code], cwd=place, check=True, capture_output=True, text=True)
    for name, key in (("together", "50012"), ("scattered", scattered.stdout.split()[-1])):
        began = time.perf_counter()
        asked = [sys.executable, "-m", "penstock.cli", "trace", key, "--cell", "features.mean", "--json"]
        done = subprocess.run(asked, cwd=place, check=True, capture_output=True, text=True)
        seconds, found = time.perf_counter() - began, json.loads(done.stdout)
        exact = "exact" if found["exact"] else f"not exact: {found['why']}"
        print(
            f"{len(found['sources'])} of 100,000 rows, {name}: {seconds:.2f} s, {found['reruns']} re-executions, {exact}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--flights", action="store_true", help="The flights example instead.")
    parser.add_argument("--cells", action="store_true", help="What stands behind one value instead.")
    asked = parser.parse_args()
    wanted = asked.rows
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if asked.flights or asked.cells:
            for chosen, bench in ((asked.flights, flights), (asked.cells, cells)):
                if chosen:
                    bench(folder)
            return
        (folder / "line.py").write_text(textwrap.dedent(PIPELINE.format(rows=wanted)))
        run, memory = timed(["run", "--workers", "1"], folder)
        artifacts = weigh(folder / ".penstock" / "store")
        one, _ = timed(["trace", str(wanted // 2), "--source", "rows"], folder)
        count, counted = timed(["show", "--rows"], folder)
        again, _ = timed(["show", "--rows"], folder)
        identity = weigh(folder / ".penstock" / "cache" / "rows")
        print(f"{wanted:,} rows, {artifacts / 1e6:,.0f} MB of artifacts; processor seconds")
        print(f"run                          {run:6.2f} s   {memory / 1e6:,.0f} MB at most; of it for rows: nothing")
        print(f"trace one row                {one:6.2f} s   {one / run:.3f} of the run")
        print(
            f"count the rows of all steps  {count:6.2f} s   {count / run:.3f} of the run, when first asked; {counted / 1e6:,.0f} MB at most"
        )
        print(f"count them again             {again:6.2f} s   {again / run:.3f} of the run")
        print(f"stored for rows              {identity:6,} B   {identity / artifacts:.6f} of the artifacts' bytes")


if __name__ == "__main__":
    main()
