"""Asking a bench: pairs are answered one for one, time is kept, and unknown checks have close matches."""

import pytest
from tests.checks.trips import bench_of

from penstock.checks.asking import PROBES, ask, probe_named
from penstock.errors import UnknownName
from penstock.model.bench import BenchRequest, Pair


def test_each_pair_has_an_answer() -> None:
    bench = bench_of(lambda trips: trips.assign(x=trips["miles"].shift(-1)))
    answer = ask(
        bench, BenchRequest((Pair("as-of", "features"), Pair("own-label", "features"), Pair("as-of", "other")))
    )
    assert [(one.check, one.step, one.verdict) for one in answer.results] == [
        ("as-of", "features", "PROVEN"),
        ("as-of", "other", "UNKNOWN"),
        ("own-label", "features", "CLEAN"),
    ]
    assert [one.column for one in answer.findings] == ["x"]


def test_what_time_did_not_allow_is_not_reached() -> None:
    answer = ask(bench_of(lambda trips: trips), BenchRequest((Pair("as-of", "features"),), "quick", 1e-9))
    assert answer.results[0].verdict == "UNKNOWN" and answer.results[0].reason.startswith("not reached")


def test_what_is_unsteady_is_not_judged() -> None:
    request = BenchRequest((Pair("as-of", "features"),), unsteady=("features",))
    answer = ask(bench_of(lambda trips: trips.assign(x=trips["miles"].mean())), request)
    assert answer.findings == () and answer.results[0].verdict == "UNKNOWN"


def test_checks_are_found_by_name() -> None:
    assert next(iter(PROBES)) == "rerun"
    with pytest.raises(UnknownName, match="as-of"):
        probe_named("asof")
