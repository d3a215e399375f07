"""Packages of other people, judged: which of their columns look ahead, and which encodings have seen the row's own label."""

import importlib
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import TargetEncoder
from tests.leaks import data

import penstock as ps


def proven(function: Callable[..., Any], inputs: dict[str, Any], **said: Any) -> tuple[dict[str, set[str]], Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = ps.probe(function, inputs, **said)
    found: dict[str, set[str]] = {}
    for one in report.findings:
        if one.verdict == "PROVEN":
            found.setdefault(one.check, set()).add(one.column)
    return found, report


@pytest.mark.needs("ta")
@pytest.mark.timeout(300)
def test_five_of_the_technical_indicators_look_ahead() -> None:
    ta = importlib.import_module("ta")
    draw = np.random.default_rng(5)
    close = 100 * np.exp(np.cumsum(draw.normal(0, 0.015, 300)))
    begin = close * np.exp(draw.normal(0, 0.006, 300))
    bars = pd.DataFrame(
        {
            "day": pd.bdate_range("2022-01-03", periods=300),
            "open": begin,
            "high": np.maximum(begin, close) * (1 + np.abs(draw.normal(0, 0.006, 300))),
            "low": np.minimum(begin, close) * (1 - np.abs(draw.normal(0, 0.006, 300))),
            "close": close,
            "volume": draw.lognormal(12, 0.4, 300),
        }
    )

    def features(bars: pd.DataFrame) -> pd.DataFrame:
        return ta.add_all_ta_features(bars, "open", "high", "low", "close", "volume")

    found, report = proven(features, {"bars": bars}, key="day", time="day", checks=["as-of"])
    ahead = {"trend_kst", "trend_kst_sig", "trend_kst_diff", "trend_visual_ichimoku_a", "trend_visual_ichimoku_b"}
    assert found == {"as-of": ahead}, report


FILTERS: dict[str, tuple[Callable[[Any, pd.Series], Any], bool]] = {
    "hpfilter": (lambda tsa, s: tsa.filters.hpfilter(s, 129600)[1], True),
    "bkfilter": (lambda tsa, s: tsa.filters.bkfilter(s, 6, 32, 12).reindex(s.index), True),
    "cffilter": (lambda tsa, s: tsa.filters.cffilter(s, 6, 32)[0], True),
    "seasonal_decompose": (lambda tsa, s: tsa.seasonal_decompose(s, period=12).trend, True),
    "STL": (lambda tsa, s: tsa.STL(s, period=12).fit().trend, True),
    "convolution_filter": (lambda tsa, s: tsa.filters.convolution_filter(s, np.ones(5) / 5, nsides=2), True),
    "one-sided decomposition": (lambda tsa, s: tsa.seasonal_decompose(s, period=12, two_sided=False).trend, False),
    "one-sided convolution": (lambda tsa, s: tsa.filters.convolution_filter(s, np.ones(5) / 5, nsides=1), False),
    "recursive_filter": (lambda tsa, s: tsa.filters.recursive_filter(s, [0.7]), False),
}


@pytest.mark.needs("statsmodels")
@pytest.mark.parametrize(("smooth", "ahead"), FILTERS.values(), ids=FILTERS)
def test_two_sided_filters_look_ahead(smooth: Callable[[Any, pd.Series], Any], ahead: bool) -> None:
    tsa = importlib.import_module("statsmodels.api").tsa
    draw, months = np.random.default_rng(1), np.arange(240)
    values = 100 + 0.3 * months + 8 * np.sin(months * np.pi / 6) + draw.normal(0, 2, 240)
    table = pd.DataFrame({"month": pd.date_range("2003-01-01", periods=240, freq="MS"), "sales": values})
    found, report = proven(lambda t: t.assign(smooth=smooth(tsa, t["sales"])), {"t": table}, key="month", time="month")
    assert found == ({"as-of": {"smooth"}, "alone": {"smooth"}} if ahead else {}), report


def encoded(encoder: Any, *, cross_fitted: bool = True) -> tuple[dict[str, set[str]], Any]:
    """What is proven of the rates of cities, as the encoder makes them for the rows that it is fitted on."""

    def rates(customers: pd.DataFrame) -> pd.DataFrame:
        x, y = customers[["city"]], customers["churned"]
        made = encoder.fit_transform(x, y) if cross_fitted else encoder.fit(x, y).transform(x)
        return customers.assign(rate=np.asarray(made)[:, 0])

    return proven(rates, data.customers().inputs, key="customer_id", label="churned", checks=["own-label"])


@pytest.mark.needs("category_encoders")
@pytest.mark.parametrize("name", ["TargetEncoder", "MEstimateEncoder", "WOEEncoder", "JamesSteinEncoder"])
def test_encoders_that_do_not_cross_fit_have_seen_the_label(name: str) -> None:
    found, report = encoded(getattr(importlib.import_module("category_encoders"), name)())
    assert found == {"own-label": {"rate"}}, report


@pytest.mark.needs("category_encoders")
@pytest.mark.parametrize("name", ["LeaveOneOutEncoder", "OrdinalEncoder", "CountEncoder"])
def test_encoders_that_leave_the_label_out_have_not(name: str) -> None:
    found, report = encoded(getattr(importlib.import_module("category_encoders"), name)())
    assert found == {}, report


def test_the_encoder_of_scikit_learn_has_not_unless_it_is_fitted_first() -> None:
    assert encoded(TargetEncoder(random_state=0))[0] == {}
    assert encoded(TargetEncoder(random_state=0), cross_fitted=False)[0] == {"own-label": {"rate"}}


@pytest.fixture
def edaprep_encoder(version: str, old_edaprep: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The target encoder of edaprep 0.3.0, which was put beside the packages, or of the one among them."""
    _forget("edaprep")
    if version == "0.3.0":
        monkeypatch.syspath_prepend(old_edaprep)
    assert importlib.import_module("edaprep").__version__ == version
    yield importlib.import_module("edaprep.preprocessing.encoding").TargetEncoder(columns=["city"], random_state=0)
    _forget("edaprep")


def _forget(package: str) -> None:
    for name in [one for one in sys.modules if one.partition(".")[0] == package]:
        del sys.modules[name]


EDAPREPS = [
    pytest.param("0.3.0", marks=pytest.mark.needs("edaprep 0.3.0")),
    pytest.param("0.3.2", marks=pytest.mark.needs("edaprep")),
]


@pytest.mark.parametrize("version", EDAPREPS)
def test_edaprep_drew_rates_to_a_mean_that_each_row_was_in(version: str, edaprep_encoder: Any) -> None:
    """In 0.3.0, means of cities come from other folds, but are drawn to the mean of all rows, the row itself among them."""

    def rates(customers: pd.DataFrame) -> pd.DataFrame:
        return customers.assign(rate=edaprep_encoder.fit_transform(customers[["city"]], customers["monthly"])["city"])

    checks = ["rerun", "own-label"]
    found, report = proven(rates, data.customers().inputs, key="customer_id", label="monthly", checks=checks)
    assert found == ({"own-label": {"rate"}} if version == "0.3.0" else {}), report
    assert version == "0.3.0" or report.findings == (), report


@pytest.mark.parametrize("version", EDAPREPS)
def test_of_two_classes_that_mean_is_suspect(version: str, edaprep_encoder: Any) -> None:
    """Nothing is proven: a mean of all labels moves with each as folds that are drawn by the labels may, and holds when two rows exchange theirs."""
    found, report = encoded(edaprep_encoder)
    assert found == {}, report
    seen = [(one.check, one.verdict, one.column) for one in report.findings]
    assert seen == ([("own-label", "SUSPECT", "rate")] if version == "0.3.0" else []), report
