"""Trips of taxis, and functions that make features of them: what the tests of checks probe."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from penstock.checks.bench import Bench
from penstock.checks.circuit import Failed, of_function
from penstock.model.contract import Contract

N = 400
CONTRACT = Contract(key=("trip",), time="at", known_at={"fare": "end"}, label=("fare",))


def trips(rows: int = N) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(draw.integers(0, 864_000, rows)), unit="s")
    return pd.DataFrame(
        {
            "trip": [f"t{number}" for number in range(rows)],
            "at": at,
            "end": at + pd.to_timedelta(draw.integers(120, 3600, rows), unit="s"),
            "zone": draw.choice(list("abcdef"), rows),
            "miles": draw.gamma(2, 2, rows),
            "fare": draw.gamma(3, 5, rows),
        }
    )


def bench_of(function: Callable[..., Any], *, test: bool = False, target: tuple[str, ...] = (), **inputs: Any) -> Bench:
    """A bench over a function of trips; with `test`, the last fifth goes to the test."""
    given = inputs or {"trips": trips()}
    first = next(iter(given))
    circuit, made = of_function(function, "features", "here.py:1", given, {first: CONTRACT}, target)
    assert not isinstance(made, Failed), made
    sides = np.where(np.arange(N) >= N * 4 // 5, "test", "train") if test else None
    bench = Bench(circuit, made=made, sides=sides)
    bench.targets = target
    return bench
