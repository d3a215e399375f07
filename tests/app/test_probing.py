"""`ps.probe`: what it takes, what it says of a wrong call, and all libraries alike."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from tests.checks.trips import trips

import penstock as ps
from penstock.errors import ContractError, SignatureError, StepFailed, UnknownName

OPTIONS: dict[str, Any] = {"key": "trip", "time": "at", "known_at": {"fare": "end"}, "label": "fare"}


def looks_ahead(trips: pd.DataFrame) -> pd.DataFrame:
    return trips.assign(x=trips["miles"].shift(-1))


def test_a_finding_has_all_that_is_needed_to_mend_it() -> None:
    report = ps.probe(looks_ahead, {"trips": trips()}, **OPTIONS)
    assert report.verdict == "PROVEN"
    finding, alone = report.findings
    assert (alone.check, alone.artifact, alone.column) == (
        "alone",
        "looks_ahead",
        "x",
    )  # the same row without later ones
    assert (finding.check, finding.step, finding.artifact, finding.column) == (
        "as-of",
        "looks_ahead",
        "looks_ahead",
        "x",
    )
    assert finding.where.endswith(f"test_probing.py:{looks_ahead.__code__.co_firstlineno}")
    assert finding.row and finding.before != finding.after and finding.world and finding.hint


def test_polars_arrays_and_sparse_matrices() -> None:
    frame = pl.from_pandas(trips())
    report = ps.probe(lambda trips: trips.with_columns(x=pl.col("miles").shift(-1)), {"trips": frame}, **OPTIONS)
    assert [one.column for one in report.findings] == ["x", "x"]  # as-of, alone
    lazy = ps.probe(lambda trips: trips.with_columns(x=pl.col("miles").shift(-1)), {"trips": frame.lazy()}, **OPTIONS)
    assert [one.column for one in lazy.findings] == ["x", "x"]
    X = np.random.default_rng(0).normal(size=(100, 3))
    mask = np.arange(100) >= 80
    scaled = ps.probe(lambda X: X / X.std(axis=0), X, test=mask, checks=["test-blind"])
    assert [one.column for one in scaled.findings] == ["0", "1", "2"]
    thin = ps.probe(
        lambda X: sp.csr_matrix(X / np.abs(X).max()), {"X": sp.csr_matrix(X)}, test=mask, checks=["test-blind"]
    )
    assert thin.verdict == "PROVEN"
    assert ps.probe(lambda X: X * 2, {"X": sp.csr_matrix(X)}, test=mask, checks=["test-blind"]).verdict == "CLEAN"


def test_one_table_needs_no_name_and_steps_are_functions() -> None:
    @ps.step
    def features(trips: pd.DataFrame, seed: ps.Seed, ahead: int = 1) -> pd.DataFrame:
        return trips.assign(x=trips["miles"].shift(-ahead))

    report = ps.probe(features, trips(), **OPTIONS)
    assert {one.step for one in report.findings} == {"features"}


@pytest.mark.parametrize(
    "test", [np.arange(400) >= 320, list(range(320, 400)), "late", pl.Series(np.arange(400) >= 320)]
)
def test_the_test_is_said_in_several_ways(test: Any) -> None:
    frame = trips().assign(late=np.arange(400) >= 320)
    report = ps.probe(
        lambda trips: trips.assign(x=trips["miles"].mean()), frame, key="trip", test=test, checks=["test-blind"]
    )
    assert [one.column for one in report.findings] == ["x"]


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"key": "trp"}, ContractError, "`trip`"),
        ({"time": "when"}, ContractError, "no column `when`"),
        ({"known_at": {"fare": "ended"}}, ContractError, "`end`"),
        ({"label": "fares"}, ContractError, "`fare`"),
        ({"key": {"tripz": "trip"}}, ContractError, "`trips`"),
        ({"test": [True, False]}, ContractError, "2 booleans for the 400 rows"),
        ({"test": [4000]}, ContractError, "row 4000"),
        ({"test": "lat"}, ContractError, "no column `lat`"),
        ({"test": 0.5}, ContractError, "neither booleans nor positions"),
        ({"checks": ["asof"]}, UnknownName, "`as-of`"),
    ],
)
def test_a_wrong_option_names_what_is_close(change: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said) as caught:
        ps.probe(looks_ahead, {"trips": trips()}, **{**OPTIONS, **change})
    assert caught.value.hint  # type: ignore[attr-defined]


def test_inputs_that_do_not_fit_are_named() -> None:
    with pytest.raises(SignatureError, match="no argument `trps`"):
        ps.probe(looks_ahead, {"trps": trips(), "trips": trips()}, **OPTIONS)
    with pytest.raises(SignatureError, match="wants `other`"):
        ps.probe(lambda trips, other: trips, {"trips": trips()}, **OPTIONS)
    with pytest.raises(ContractError, match="no input of"):
        ps.probe(lambda n: n, {"n": 3})


def test_a_function_that_fails_on_its_own_inputs_says_where() -> None:
    def fails(trips: pd.DataFrame) -> pd.DataFrame:
        return trips["nothing"]

    with pytest.raises(StepFailed, match="nothing") as caught:
        ps.probe(fails, {"trips": trips()}, **OPTIONS)
    assert "test_probing.py" in caught.value.where


def test_several_outputs_are_judged_each() -> None:
    def several(trips: pd.DataFrame) -> dict[str, pd.DataFrame]:
        return {"good": trips[["trip"]].assign(x=trips["miles"] * 2), "bad": looks_ahead(trips)}

    report = ps.probe(several, {"trips": trips()}, **OPTIONS)
    assert {one.artifact for one in report.findings} == {"several.bad"}
