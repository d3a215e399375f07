"""Columns that are the label by another name."""

import numpy as np
import pytest
from tests.checks.trips import bench_of

from penstock.checks.targets import is_target


@pytest.mark.parametrize(
    ("column", "wanted"),
    [
        (lambda t: np.log1p(t["fare"]), True),
        (lambda t: (t["fare"] > 20).astype(int), True),
        (lambda t: t["fare"] / t["miles"], False),
        (lambda t: t["fare"] - t["fare"].mean(), False),
        (lambda t: t.groupby("zone")["fare"].transform("mean"), False),
        (lambda t: t.groupby("zone")["trip"].transform("count"), False),
        (lambda t: t["miles"], False),
    ],
)
def test_a_target_stands_on_the_rows_own_label_alone(column: object, wanted: bool) -> None:
    bench = bench_of(lambda trips: trips.assign(x=column(trips)))  # type: ignore[operator]
    assert is_target(bench, "features", "x") is wanted
