"""`ps.probe_estimator`: the probes on an estimator of scikit-learn's kind, fitted on one part of the rows and used on the other."""

import copy
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from penstock.app.probed import ProbeReport
from penstock.app.probing import sides_of
from penstock.checks.asking import PROBES, ask
from penstock.checks.bench import Bench
from penstock.checks.circuit import Failed, of_function
from penstock.checks.report import Report
from penstock.errors import ContractError, StepFailed
from penstock.model.bench import BenchRequest, Depth, Pair
from penstock.model.contract import Contract
from penstock.model.verdict import CheckResult, Finding, Verdict
from penstock.values.alter import take
from penstock.values.compare import compare
from penstock.values.records import records

__all__ = ["probe_estimator"]

_ALONE = 10  # test rows that are asked alone
_NEAR = 1e-6  # of a column's deviation: sums over one row and over many differ
_CHECKS = ("rerun", "test-blind", "own-label", "test-label")


def probe_estimator(
    estimator: Any,
    X: Any,  # noqa: N803 - as scikit-learn calls it
    y: Any = None,
    *,
    split: Any = None,
    depth: Depth = "full",
    seed: int = 0,
) -> Report:
    """Fit an estimator on training rows, transform (or predict) the test rows, and say whether that holds where it must.

    `X` are rows (pandas, polars, numpy, scipy.sparse), `y` their labels, row by row. `split` says which rows are the test: booleans,
    positions, a splitter (its first split is taken), or None for a quarter at random. Of a pipeline that ends in a predictor, the steps before
    it are asked for the features that it trains on.

    Checks: `rerun`; `own-label` (a training row's features, as `fit_transform` gives them, hold when its label is another: encoders that
    are not cross-fitted fail); `test-blind` and `test-label` (features of training rows and fitted state hold when test rows or
    their labels are others); `alone` (a test row by itself is transformed as it is among others).

    Raises `ContractError` for a split that does not fit the rows, `StepFailed` where the estimator fails on them as they are.

    >>> import numpy as np
    >>> from sklearn.preprocessing import StandardScaler
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> report = probe_estimator(StandardScaler(), X, split=np.arange(100) >= 80)
    >>> [one.check for one in report.checks if one.verdict == "CLEAN"]
    ['rerun', 'test-blind', 'alone']
    """
    name = type(estimator).__name__
    held = records(X)
    if held is None:
        raise ContractError(
            f"a {type(X).__name__} has no rows", hint="Give a table or a matrix, one row for each label."
        )
    sides = sides_of(_test(split, X, y, held.rows, seed), "X", held, "")
    train, test = np.flatnonzero(sides == "train"), np.flatnonzero(sides == "test")

    def run(X: Any, y: Any = None) -> dict[str, Any]:  # noqa: N803
        model = _clone(estimator)
        inner = _inner(model)
        labels = None if y is None else take(y, train)
        seen = take(X, train)
        if inner is None:
            return {"fitted": model.fit(seen, labels)}
        fitted = (
            inner.fit_transform(seen, labels)
            if hasattr(inner, "fit_transform")
            else inner.fit(seen, labels).transform(seen)
        )
        later = inner.transform(take(X, test)) if test.size else None
        return {"features": _columns(inner, fitted, later, train, test, held.rows), "fitted": inner}

    inputs = {"X": X} if y is None else {"X": X, "y": y}
    labelled = records(y) if y is not None else None
    contracts = {"y": Contract(label=labelled.columns)} if labelled is not None else {}
    circuit, made = of_function(run, name, "", inputs, contracts)
    if isinstance(made, Failed):
        raise StepFailed(
            f"`{name}` fails on these rows as they are: {made.error}",
            where=made.where,
            hint="Give it rows that it takes.",
        )
    bench = Bench(circuit, sides=sides, made=made, seed=seed, in_order=True)
    pairs = tuple([Pair(check, name) for check in PROBES if check in _CHECKS])
    answer = ask(bench, BenchRequest(pairs, depth))
    findings, result = _alone(bench, name, made.get(f"{name}.fitted"), test)
    return ProbeReport([*answer.findings, *findings], [*answer.results, result])


def _test(split: Any, X: Any, y: Any, rows: int, seed: int) -> Any:  # noqa: N803
    if split is None:
        return np.random.default_rng(seed).permutation(rows) < rows // 4
    if hasattr(split, "split"):
        return next(iter(split.split(X, y)))[1]
    if isinstance(split, tuple) and len(split) == 2:
        return np.asarray(split[1])
    return split


def _clone(estimator: Any) -> Any:
    sklearn = sys.modules.get("sklearn.base")
    return (
        sklearn.clone(estimator)
        if sklearn is not None and hasattr(estimator, "get_params")
        else copy.deepcopy(estimator)
    )


def _inner(model: Any) -> Any:
    """What makes features: a transformer itself, the steps of a pipeline before its predictor; None of a predictor alone."""
    if hasattr(model, "transform"):
        return model
    steps: Sequence[Any] = getattr(model, "steps", ())
    return model[:-1] if len(steps) > 1 else None


def _dense(value: Any) -> Any:
    value = value.toarray() if hasattr(value, "toarray") else value
    value = value.to_numpy() if hasattr(value, "to_numpy") else np.asarray(value)
    return value.reshape(-1, 1) if value.ndim == 1 else value


def _columns(inner: Any, fitted: Any, later: Any, train: Any, test: Any, rows: int) -> dict[str, Any]:
    """The features of all rows, each from where it belongs, by the names that the transformer gives them."""
    before = _dense(fitted)
    after = _dense(later) if later is not None else before[:0]
    try:
        names = [str(one) for one in inner.get_feature_names_out()]
    except Exception:  # a transformer that names nothing
        names = []
    if len(names) != before.shape[1] or len(set(names)) != len(names):
        names = [str(number) for number in range(before.shape[1])]
    found: dict[str, Any] = {}
    for number, name in enumerate(names):
        column = np.empty(rows, np.result_type(before.dtype, after.dtype))
        column[:] = np.nan if column.dtype.kind == "f" else column[:]
        column[train] = before[:, number]
        if after.shape[0]:
            column[test] = after[:, number]
        found[name] = column
    return found


def _alone(bench: Bench, name: str, fitted: Any, test: Any) -> tuple[list[Finding], CheckResult]:
    """Transform (or predict) test rows one by one, and hold that against all of them at once."""
    begun = time.monotonic()
    use = getattr(fitted, "transform", None) or getattr(fitted, "predict", None)
    if use is None or not test.size:
        return [], CheckResult("alone", name, "UNKNOWN", "it neither transforms nor predicts test rows")
    X = bench.circuit.values["X"]  # noqa: N806
    rows = test[:: max(test.size // _ALONE, 1)][:_ALONE]
    try:
        together = _dense(use(take(X, test)))
        at = np.searchsorted(test, rows)
        apart = np.concatenate([_dense(use(take(X, rows[number : number + 1]))) for number in range(rows.size)])
    except Exception as error:  # the estimator may not take a single row
        return [], CheckResult(
            "alone", name, "UNKNOWN", f"it fails on a single row ({type(error).__name__}: {error})"[:300]
        )
    if apart.shape[0] != rows.size or together.shape[0] != test.size:
        return [], CheckResult("alone", name, "UNKNOWN", "it gives another number of rows than it takes")
    scale: Mapping[str, float] = {
        str(number): _NEAR * float(np.nanstd(column)) if column.dtype.kind == "f" else 0.0
        for number, column in enumerate(together.T)
    }
    findings = [
        Finding(
            "alone",
            "PROVEN",
            name,
            name,
            moved.column,
            str(int(rows[moved.rows[0]])),
            moved.before[0],
            moved.after[0],
            "the row by itself, instead of among the others of the test",
            hint="Learn what the batch is compared with when fitting, and keep it: one row must come out the same whenever it is asked for.",
        )
        for moved in compare(together[at], apart, floors=scale).moved
    ]
    verdict: Verdict = "PROVEN" if findings else "CLEAN"
    seconds = round(time.monotonic() - begun, 3)
    return findings, CheckResult(
        "alone", name, verdict, f"{rows.size} test rows, one by one", rows.size + 1, int(rows.size), seconds
    )
