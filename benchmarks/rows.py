"""What following rows costs. `python benchmarks/rows.py [--rows N]` prints ratios; nothing is asserted.

A run pays nothing for rows: it stores what it always stored. What is measured is the asking, against the run itself and against
carrying a key column along, which is the least that any recording of identity would cost.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import textwrap
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


def timed(arguments: list[str], folder: Path) -> tuple[float, int]:
    """Processor seconds of a command and its children, which other work on the machine moves little, and peak bytes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "penstock.cli", *arguments], cwd=folder, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent, after.ru_maxrss * 1024


def weigh(folder: Path) -> int:
    return sum([one.stat().st_size for one in folder.rglob("*") if one.is_file()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    wanted = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "line.py").write_text(textwrap.dedent(PIPELINE.format(rows=wanted)))
        run, memory = timed(["run", "--workers", "1"], folder)
        artifacts = weigh(folder / ".penstock" / "store")
        one, _ = timed(["trace", str(wanted // 2), "--source", "rows"], folder)
        count, _ = timed(["show", "--rows"], folder)
        again, _ = timed(["show", "--rows"], folder)
        identity = weigh(folder / ".penstock" / "cache" / "rows")
        print(f"{wanted:,} rows, {artifacts / 1e6:,.0f} MB of artifacts; processor seconds")
        print(f"run                          {run:6.2f} s   {memory / 1e6:,.0f} MB at most; of it for rows: nothing")
        print(f"trace one row                {one:6.2f} s   {one / run:.3f} of the run")
        print(f"count the rows of all steps  {count:6.2f} s   {count / run:.3f} of the run, when first asked")
        print(f"count them again             {again:6.2f} s   {again / run:.3f} of the run")
        print(f"stored for rows              {identity:6,} B   {identity / artifacts:.6f} of the artifacts' bytes")


if __name__ == "__main__":
    main()
