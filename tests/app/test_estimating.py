"""`ps.probe_estimator`: transformers, encoders, whole pipelines; arrays, frames, sparse matrices."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, OneHotEncoder, StandardScaler, TargetEncoder

import penstock as ps
from penstock.errors import ContractError, StepFailed

DRAW = np.random.default_rng(0)
N = 300
FRAME = pd.DataFrame(
    {"zone": DRAW.choice(list("abcdef"), N), "miles": DRAW.gamma(2, 2, N), "age": DRAW.normal(40, 9, N)}
)
Y = (DRAW.random(N) < FRAME["zone"].map(dict(zip("abcdef", np.linspace(0.1, 0.9, 6), strict=True)))).astype(int)
NUMBERS = FRAME[["miles", "age"]]


class Rates(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A target encoder that is not cross-fitted."""

    def fit(self, X: pd.DataFrame, y: Any) -> "Rates":
        self.rates_ = pd.Series(np.asarray(y), index=X.index).groupby(X["zone"]).mean().to_dict()
        self.usual_ = float(np.mean(y))
        return self

    def transform(self, X: pd.DataFrame) -> np.ndarray:
        return X[["zone"]].replace({}).assign(zone=X["zone"].map(self.rates_).fillna(self.usual_)).to_numpy(float)


class ByBatch(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Centres what it is given on itself."""

    def fit(self, X: Any, y: Any = None) -> "ByBatch":
        self.fitted_ = True
        return self

    def transform(self, X: Any) -> Any:
        return np.asarray(X) - np.asarray(X).mean(axis=0)


def said(report: Any) -> dict[str, str]:
    return {one.check: one.verdict for one in report.checks}


@pytest.mark.parametrize(
    ("estimator", "X"),
    [
        (StandardScaler(), NUMBERS),
        (MaxAbsScaler(), sp.csr_matrix(NUMBERS.to_numpy())),
        (SelectKBest(k=1), NUMBERS.to_numpy()),
        (make_pipeline(StandardScaler(), LogisticRegression()), NUMBERS),
        (LogisticRegression(), NUMBERS),
        (ColumnTransformer([("zone", OneHotEncoder(), ["zone"]), ("rest", StandardScaler(), ["miles"])]), FRAME),
    ],
)
def test_what_is_fitted_on_training_rows_is_clean(estimator: Any, X: Any) -> None:
    report = ps.probe_estimator(estimator, X, Y, split=np.arange(N) >= 240)
    assert report.findings == (), report
    assert said(report)["test-blind"] == said(report)["alone"] == "CLEAN"


def test_an_encoder_that_is_not_cross_fitted_is_proven_and_one_that_is_is_not() -> None:
    naive = ps.probe_estimator(Rates(), FRAME[["zone"]], Y, split=KFold(4, shuffle=True, random_state=0))
    assert said(naive)["own-label"] == "PROVEN"
    assert [one.step for one in naive.findings] == ["Rates"]
    crossed = ps.probe_estimator(TargetEncoder(random_state=0), FRAME[["zone"]], Y)
    assert said(crossed)["own-label"] != "PROVEN"
    whole = ps.probe_estimator(make_pipeline(Rates(), LogisticRegression()), FRAME[["zone"]], Y)
    assert said(whole)["own-label"] == "PROVEN"


def test_what_depends_on_the_batch_is_proven() -> None:
    report = ps.probe_estimator(ByBatch(), NUMBERS, Y)
    assert said(report)["alone"] == "PROVEN"
    assert {one.column for one in report.findings if one.check == "alone"} == {"0", "1"}


def test_wrong_calls_are_told() -> None:
    with pytest.raises(ContractError, match="no rows"):
        ps.probe_estimator(StandardScaler(), 3)
    with pytest.raises(ContractError, match="booleans"):
        ps.probe_estimator(StandardScaler(), NUMBERS, split=[True])
    with pytest.raises(StepFailed, match="StandardScaler"):
        ps.probe_estimator(StandardScaler(), FRAME)
