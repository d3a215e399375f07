"""What is proven of steps that are the same when they are done again, but not each time."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.checks.trips import N, trips

import penstock as ps
from penstock.checks import asking, steadiness
from penstock.model.verdict import Finding

OPTIONS: dict[str, Any] = {"key": "trip", "time": "at", "known_at": {"fare": "end"}, "label": "fare"}


def now_and_then(every: int) -> Any:
    """A function that comes out another way in each call whose number `every` divides, but for the first."""
    calls = {"count": 0}

    def function(trips: pd.DataFrame) -> pd.DataFrame:
        count, calls["count"] = calls["count"], calls["count"] + 1
        return trips.assign(drawn=trips["miles"] + float(count > 0 and count % every == 0))

    return function


def report(function: Any, *checks: str) -> Any:
    return ps.probe(function, {"trips": trips()}, **OPTIONS, test=np.arange(N) >= 320, checks=list(checks))


@pytest.mark.parametrize("every", [3, 4, 5, 6, 7])
def test_nothing_but_that_is_proven_of_what_moves_now_and_then(every: int) -> None:
    told = report(now_and_then(every))
    assert {one.check for one in told.findings if one.verdict == "PROVEN"} <= {"rerun"}
    assert {one.check for one in told.checks if one.verdict == "PROVEN"} <= {"rerun"}


def test_a_step_that_wavers_is_unknown_to_the_check_and_proven_to_rerun() -> None:
    told = report(now_and_then(4), "rerun", "as-of")
    assert {one.check: one.verdict for one in told.checks} == {"rerun": "PROVEN", "as-of": "UNKNOWN"}
    (finding,) = told.findings
    assert (finding.check, finding.column) == ("rerun", "drawn")
    assert finding.world.startswith("the same inputs and seeds, several times")
    assert "not the same each time" in told.checks[1].reason
    alone = report(now_and_then(4), "as-of")
    assert not alone.findings and alone.verdict == "UNKNOWN"


def test_it_would_be_proven_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object) -> dict[str, Any]:
        return {}

    monkeypatch.setattr(asking, "wavering", nothing)
    told = report(now_and_then(4), "rerun", "as-of")
    assert [one.check for one in told.findings if one.verdict == "PROVEN"] == ["as-of"]


def test_what_stays_is_proven_still() -> None:
    def function(trips: pd.DataFrame) -> pd.DataFrame:
        return trips.assign(ahead=trips["miles"].shift(-1))

    told = report(function, "as-of", "test-blind", "alone")
    assert {(one.check, one.column) for one in told.findings if one.verdict == "PROVEN"} == {
        ("as-of", "ahead"),
        ("test-blind", "ahead"),
        ("alone", "ahead"),
    }


def test_only_what_has_a_proof_is_done_again() -> None:
    from penstock.app.probing import bench_of

    bench = bench_of(now_and_then(2), {"trips": trips()}, **OPTIONS)
    before = bench.spent()
    suspected = Finding("as-of", "SUSPECT", "function", "function", "drawn", "", 0, 1, "", "", "")
    assert steadiness.wavering(bench, [suspected]) == {} and before == 0 == bench.spent()
