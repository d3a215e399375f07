"""What scans cost. `python benchmarks/scans.py [--rows N]` prints ratios; nothing is asserted.

Each scan looks at all rows that a run stored. It is held against the least that polars does for the same question: a semi-join of
the sides by their key, or by all of their columns, the ends of both sides in time, and a description of the table.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from penstock.checks.scans.registry import scan_named
from penstock.checks.view import View, nodes_of
from penstock.model.contract import Contract
from penstock.rows.freezing import breaches, freeze
from penstock.rows.frozen_file import write_frozen
from penstock.values.records import records

COLUMNS = 16


def table(rows: int) -> pl.DataFrame:
    """A table like the flights': a key of text, an instant, a few categories, many measured columns."""
    draw = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "id": [f"2013-{n % 365}/UA{n}/JFK" for n in range(rows)],
            "at": np.datetime64("2013-01-01", "us") + np.arange(rows) * np.timedelta64(90, "s"),
            "ripe": np.datetime64("2013-01-01", "us") + np.arange(rows) * np.timedelta64(90, "s"),
            "carrier": draw.choice(list("ABCDEFGHIJKLMNOP"), rows),
            **{f"x{n}": draw.normal(size=rows) for n in range(COLUMNS)},
            "y": draw.normal(size=rows),
        }
    )


def best(call: Callable[[], Any], times: int = 3) -> float:
    """The least seconds of a few."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        call()
        found.append(time.perf_counter() - begun)
    return min(found)


def main() -> None:
    """Measure, and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=336_776)
    rows = parser.parse_args().rows
    frame = table(rows)
    cut = rows * 3 // 4
    train, test = frame[:cut], frame[cut:]
    contract = {"key": ["id"], "time": "at", "label": ["y"], "known_at": {"y": "ripe"}, "contract": "table.yaml"}
    graph = {
        "table": {"kind": "source", "contract": contract},
        "sides": {
            "kind": "split",
            "inputs": {"table": "table"},
            "outputs": {"sides.train": "train", "sides.test": "test"},
        },
        "model": {"kind": "train", "inputs": {"train": "sides.train"}},
    }
    bare = {**graph, "table": {"kind": "source"}}
    values = {"table": frame, "sides.train": train, "sides.test": test}
    held = records(frame)
    assert held is not None
    frozen = freeze(held, Contract(key=("id",), time="at"), source="table")
    text = write_frozen(frozen, "table.yaml").encode()

    def scan(name: str, step: str, graph: dict[str, Any]) -> Callable[[], Any]:
        found = scan_named(name)
        assert found is not None
        return lambda: found.scan(View(nodes_of(graph), step, values.get, frozen=lambda _: text))

    measured = [name for name in frame.columns if name not in ("id", "at", "ripe")]
    lines: list[tuple[str, Callable[[], Any], str, Callable[[], Any]]] = [
        ("overlap, by key and by content", scan("overlap", "sides", graph), "semi-joins by key and by content",
         lambda: (test.join(train, on="id", how="semi"), test.join(train, on=measured, how="semi"))),
        ("overlap, without a key", scan("overlap", "sides", bare), "semi-join by content",
         lambda: test.join(train, on=measured, how="semi")),
        ("order", scan("order", "sides", graph), "ends of both sides",
         lambda: (train["at"].max(), test["at"].min(), train["ripe"].max())),
        ("power", scan("power", "model", graph), "correlations with the label",
         lambda: train.select([pl.corr(name, "y", method="spearman") for name in measured if name != "carrier"])),
        ("contract freeze", lambda: freeze(held, Contract(key=("id",), time="at")), "describe", frame.describe),
        ("schema", scan("schema", "table", graph), "describe", frame.describe),
        ("breaches alone", lambda: breaches(frozen, held), "describe", frame.describe),
    ]  # fmt: skip
    print(f"{rows:,} rows, {frame.width} columns")
    for name, call, limit, bound in lines:
        mine, least = best(call), best(bound)
        print(f"{name:32} {mine:7.3f} s   {mine / least:6.1f} x  {limit} ({least:.3f} s)")


if __name__ == "__main__":
    main()
