"""rerun: what is not the same twice, or only as long as nobody seeds the global generators otherwise."""

from itertools import count

import numpy as np
import pandas as pd
from tests.checks.trips import bench_of, trips

from penstock.app.probing import probe as probe_function
from penstock.checks.probes.rerun import probe


def test_what_is_the_same_twice_is_clean() -> None:
    findings, results = probe(bench_of(lambda trips: trips.assign(x=np.random.default_rng(7).normal(size=len(trips)))))
    assert findings == [] and results[0].verdict == "CLEAN"


def test_global_generators_are_proven_by_other_seeds() -> None:
    findings, _ = probe(bench_of(lambda trips: trips.assign(x=np.random.normal(size=len(trips)))))
    assert [(one.column, one.verdict, one.world) for one in findings] == [
        ("x", "PROVEN", "other seeds of the global generators")
    ]
    assert "Seed" in findings[0].hint


def test_what_is_not_the_same_twice_blocks_the_other_probes() -> None:
    calls = count()
    report = probe_function(
        lambda trips: trips.assign(x=next(calls), y=trips["miles"].mean()),
        {"trips": trips()},
        key="trip",
        time="at",
        checks=["rerun", "as-of"],
    )
    assert [(one.check, one.column, one.verdict) for one in report.findings] == [("rerun", "x", "PROVEN")]
    assert {one.check: one.verdict for one in report.checks} == {"rerun": "PROVEN", "as-of": "UNKNOWN"}


def test_rows_that_come_in_another_order_are_suspect_and_the_other_probes_go_on() -> None:
    calls = count()

    def mixed(trips: pd.DataFrame) -> pd.DataFrame:
        order = np.random.default_rng(next(calls)).permutation(len(trips))
        return trips.assign(ahead=trips["miles"].shift(-1), last=trips["miles"].shift(1)).iloc[order]

    report = probe_function(mixed, {"trips": trips()}, key="trip", time="at", checks=["rerun", "as-of"])
    assert [(one.check, one.column, one.verdict) for one in report.findings] == [
        ("rerun", "", "SUSPECT"),
        ("as-of", "ahead", "PROVEN"),
    ]
    assert "maintain_order=True" in report.findings[0].hint and "another order" in report.findings[0].after
