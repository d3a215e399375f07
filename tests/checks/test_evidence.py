"""Counter-examples: as small as one cell where one is enough, and done again by two calls."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.preprocessing import StandardScaler
from tests.checks.trips import trips

import penstock as ps
from penstock.app.probing import bench_of as bench
from penstock.checks.asking import ask
from penstock.checks.evidence import replay
from penstock.model.bench import BenchRequest, Pair

OPTIONS: dict[str, Any] = {"key": "trip", "time": "at", "known_at": {"fare": "end"}, "label": "fare"}


def ahead(trips: pd.DataFrame) -> pd.DataFrame:
    return trips.assign(x=trips["miles"].shift(-1))


def test_one_cell_of_the_next_row_is_the_cause() -> None:
    (finding,) = ps.probe(ahead, trips(), **OPTIONS, checks=["as-of"]).findings
    assert finding.cause is not None
    assert (finding.cause.artifact, finding.cause.column) == ("trips", "miles")
    assert int(finding.cause.row[1:]) == int(finding.row[1:]) + 1
    assert finding.after == finding.cause.after and finding.before == finding.cause.before


def test_a_counter_example_is_done_again_by_two_calls() -> None:
    table = bench(ahead, trips(), **OPTIONS)
    answer = ask(table, BenchRequest((Pair("as-of", "ahead"),)))
    (finding,) = answer.findings
    example = answer.evidence[finding.id]
    again = replay(table.circuit.calls["ahead"], example)
    assert (again.moved, again.before, again.after) == (True, finding.before, finding.after)
    mended = replay(lambda given: {"ahead": given["trips"].assign(x=given["trips"]["miles"].shift(1))}, example)
    assert not mended.moved and mended.reason
    broken = replay(lambda given: {"ahead": given["nothing"]}, example)
    assert not broken.moved and "fails now" in broken.reason


def test_fitted_state_is_done_again_as_well() -> None:
    def fitted(trips: pd.DataFrame) -> StandardScaler:
        return StandardScaler().fit(trips[["miles"]])

    table = bench(fitted, trips(), key="trip", test=np.arange(400) >= 320)
    answer = ask(table, BenchRequest((Pair("test-blind", "fitted"),)))
    assert answer.findings
    for finding in answer.findings:
        assert replay(table.circuit.calls["fitted"], answer.evidence[finding.id]).moved
