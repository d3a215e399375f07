"""test-label: what is chosen by the labels of the test is proven; scores may move."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from tests.checks.trips import N, trips

import penstock as ps

TEST = np.arange(N) >= N * 4 // 5
OPTIONS: dict[str, Any] = {"key": "trip", "label": "fare", "checks": ["test-label"]}


def chosen(by: np.ndarray) -> Any:
    """The best of several penalties, judged on some rows."""

    def best(trips: pd.DataFrame) -> Ridge:
        train = trips[~TEST]
        models = [Ridge(alpha).fit(train[["miles"]], train["fare"]) for alpha in (0.001, 10.0, 1e3, 1e6)]
        return max(models, key=lambda one: one.score(trips[by][["miles"]], trips[by]["fare"]))

    return best


@pytest.mark.parametrize("by", [TEST])
def test_a_choice_by_the_test_is_proven(by: np.ndarray) -> None:
    report = ps.probe(chosen(by), {"trips": trips().assign(fare=lambda t: t["miles"] * 3)}, test=TEST, **OPTIONS)
    assert report.verdict == "PROVEN"
    assert {one.check for one in report.findings} == {"test-label"}


def test_a_choice_by_training_rows_is_clean_and_scores_may_move() -> None:
    def scored(trips: pd.DataFrame) -> dict[str, Any]:
        model = chosen(~TEST)(trips)
        return {"model": model, "score": model.score(trips[TEST][["miles"]], trips[TEST]["fare"])}

    assert ps.probe(scored, {"trips": trips()}, test=TEST, **OPTIONS).verdict == "CLEAN"


@pytest.mark.parametrize(("change", "said"), [({"test": None}, "test="), ({"label": ()}, "label=")])
def test_what_is_not_declared_is_unknown(change: dict[str, Any], said: str) -> None:
    report = ps.probe(lambda trips: trips, {"trips": trips()}, **{**OPTIONS, "test": TEST, **change})
    assert report.verdict == "UNKNOWN" and said in report.checks[0].reason
