"""Pipelines, stored tables, graphs and estimators that leak, each beside its clean twin: what a single function can't show."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, TargetEncoder
from tests.checks import lines
from tests.checks.scans.views import split_view, view_of

import penstock as ps
from penstock.checks.nodes import nodes_of
from penstock.checks.scans import order, overlap, power, schema
from penstock.checks.wiring import wiring

__all__ = ["PAIRS", "Found", "Pair"]

Found = set[tuple[str, str, str, str]]
"""Check, verdict, step and column of each finding that is PROVEN or SUSPECT."""


class Pair(NamedTuple):
    """What is found in the leaky twin and in the clean one, and what has to be found in the leaky one: all of it and no more. In the
    clean one nothing may be."""

    leaky: Callable[[], Found]
    clean: Callable[[], Found]
    expected: Found


PAIRS: dict[str, Pair] = {}


def _said(findings: Any) -> Found:
    return {(one.check, one.verdict, one.step, one.column) for one in findings if one.verdict in ("PROVEN", "SUSPECT")}


# --- pipelines: steps, sides and models

PAST = pl.col("x").shift(1).fill_null(0)


def _features(**columns: pl.Expr) -> tuple[str, Callable[..., Any]]:
    def features(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(**{"past": PAST, **columns})

    return "step", features


def sides(features: pl.DataFrame) -> dict[str, pl.DataFrame]:
    cut = features["at"].sort()[int(features.height * 0.75)]
    return {"train": features.filter(pl.col("at") < cut), "test": features.filter(pl.col("at") >= cut)}


def parted(features: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {"train": features[:240], "valid": features[240:320], "test": features[320:]}


def drawn(features: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Who goes where hangs on everybody's labels, as where a share of each class is drawn."""
    test = np.random.default_rng(0).random(features.height) < np.where(features["y"] > features["y"].median(), 0.5, 0.2)
    return {"train": features.filter(~pl.Series(test)), "test": features.filter(pl.Series(test))}


def _x(side: pl.DataFrame, *names: str) -> Any:
    return side.select(names or ("x", "past")).to_numpy()


def model(sides_train: pl.DataFrame) -> Any:
    return LinearRegression().fit(_x(sides_train), sides_train["y"].to_numpy())


def on_both(sides_train: pl.DataFrame, sides_test: pl.DataFrame) -> Any:
    both = pl.concat([sides_train, sides_test])
    return LinearRegression().fit(_x(both), both["y"].to_numpy())


def by_chance(drawn_train: pl.DataFrame) -> Any:
    return StandardScaler().fit(_x(drawn_train))


def sizes(sides_train: pl.DataFrame) -> Any:
    return StandardScaler().fit(_x(sides_train))


def sizes_of_both(sides_train: pl.DataFrame, sides_test: pl.DataFrame) -> Any:
    return StandardScaler().fit(_x(pl.concat([sides_train, sides_test])))


def by_valid(parted_train: pl.DataFrame, parted_valid: pl.DataFrame) -> Any:
    return _best(parted_train, parted_valid)


def by_test(parted_train: pl.DataFrame, parted_test: pl.DataFrame) -> Any:
    return _best(parted_train, parted_test)


def _best(train: pl.DataFrame, other: pl.DataFrame) -> Any:
    models = [Ridge(one).fit(_x(train), train["y"].to_numpy()) for one in (0.1, 100.0, 1_000.0)]
    return max(models, key=lambda one: one.score(_x(other), other["y"].to_numpy())).alpha


def rates(sides_train: pl.DataFrame) -> pl.DataFrame:
    return sides_train.with_columns(rate=pl.col("y").mean().over("g"))


def rates_of_others(sides_train: pl.DataFrame) -> pl.DataFrame:
    others = pl.len().over("g") - 1
    return sides_train.with_columns(rate=(pl.col("y").sum().over("g") - pl.col("y")) / others)


def near(sides_test: pl.DataFrame) -> pl.DataFrame:
    return sides_test.with_columns(near=pl.col("x").rolling_mean(5, center=True))


def behind(sides_test: pl.DataFrame) -> pl.DataFrame:
    return sides_test.with_columns(near=pl.col("x").rolling_mean(5))


def predictions(model: Any, sides_test: pl.DataFrame) -> Any:
    return model.predict(_x(sides_test))


def predictions_of_the_batch(model: Any, sides_test: pl.DataFrame) -> Any:
    return model.predict(_x(sides_test) - _x(sides_test).mean(axis=0))


def _line(*steps: Any, checks: str) -> Callable[[], Found]:
    def asked() -> Found:
        told = lines.line(steps, checks=checks.split())
        return {
            (one.check, one.verdict, one.step, one.column if one.row else "")
            for one in told.findings
            if one.verdict == "PROVEN"
        }

    return asked


def _pair(name: str, checks: str, leaky: list[Any], clean: list[Any], step: str, column: str = "") -> None:
    expected = {(check, "PROVEN", step, column) for check in checks.split()}
    PAIRS[name] = Pair(_line(*leaky, checks=checks), _line(*clean, checks=checks), expected)


PLAIN, SPLIT, MODEL = _features(), ("split", sides), ("train", model)
SCALED = _features(past=(pl.col("x") - pl.col("x").mean()) / pl.col("x").std())
HONEST = [PLAIN, SPLIT, MODEL]
_pair("a feature that looks ahead", "as-of", [_features(past=pl.col("x").shift(-1)), SPLIT], HONEST, "features", "past")
_pair("a scale of all rows", "test-blind", [SCALED, SPLIT, MODEL], HONEST, "features", "past")
_pair(
    "a feature of what is known late", "own-label as-of",
    [_features(past=pl.col("late") * 2 + pl.col("x")), SPLIT], HONEST, "features", "past",
)  # fmt: skip
_pair(
    "sizes of both sides", "test-blind",
    [PLAIN, SPLIT, ("step", sizes_of_both)], [PLAIN, SPLIT, ("step", sizes)], "sizes_of_both",
)  # fmt: skip
_pair("trained on both sides", "test-blind test-label", [PLAIN, SPLIT, ("train", on_both)], HONEST, "on_both")
_pair(
    "a setting that the test chose", "test-label",
    [PLAIN, ("split", parted), ("train", by_test)], [PLAIN, ("split", parted), ("train", by_valid)], "by_test",
)  # fmt: skip
_pair(
    "rates below the split", "own-label",
    [PLAIN, SPLIT, ("step", rates)], [PLAIN, SPLIT, ("step", rates_of_others)], "rates", "rate",
)  # fmt: skip
_pair("a window below the split", "as-of", [*HONEST, ("step", near)], [*HONEST, ("step", behind)], "near", "near")
_pair(
    "a scale before a split by labels", "test-blind",
    [SCALED, ("split", drawn), ("train", by_chance)], [PLAIN, ("split", drawn), ("train", by_chance)], "features", "past",
)  # fmt: skip
_pair(
    "predictions that hang on the batch", "alone",
    [*HONEST, ("predict", predictions_of_the_batch)], [*HONEST, ("predict", predictions)],
    "predictions_of_the_batch", "value",
)  # fmt: skip


# --- tables that a run stored

START = datetime(2024, 1, 1)


def _table(rows: int = 600) -> pl.DataFrame:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(3, rows))
    return pl.DataFrame(
        {
            "id": [f"r{row}" for row in range(rows)],
            "patient": [f"p{row // 3}" for row in range(rows)],
            "at": [START + timedelta(hours=row) for row in range(rows)],
            "ripe": [START + timedelta(hours=row + 24) for row in range(rows)],
            "a": x[0], "b": x[1], "c": x[2],
            "y": 0.6 * x[0] + 0.5 * x[1] + draw.normal(size=rows),
        }
    )  # fmt: skip


KEY: dict[str, Any] = {"key": ["id"], "label": ["y"]}
CLOCK = {**KEY, "time": "at", "known_at": {"y": "ripe"}}


def _split(
    scan: Any, train: Any, test: Any, contract: Mapping[str, Any] = KEY, table: Any = None
) -> Callable[[], Found]:
    def asked() -> Found:
        whole = _table() if table is None else table
        outputs = {"train": ("train", train(whole)), "test": ("test", test(whole))}
        return _said(scan.SCAN.scan(split_view(whole, outputs, contract))[0])

    return asked


def _first(rows: int) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda table: table[:rows]


def _from(row: int) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda table: table[row:]


def _copied(table: pl.DataFrame) -> pl.DataFrame:
    """Ten rows of the training side under other names."""
    copies = table[100:110].with_columns(id=pl.concat_str(pl.lit("copy of "), "id"))
    return pl.concat([table[450:], copies])


def _almost(table: pl.DataFrame) -> pl.DataFrame:
    copies = table[100:150].with_columns(pl.col("a", "b", "c") * (1 + 1e-6), pl.format("copy of {}", "id").alias("id"))
    return pl.concat([table[450:], copies])


def _deal(part: bool, by: str) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """One row of four to the test: by row, or by patient."""
    size = 1 if by == "id" else 3
    return lambda table: table.filter(pl.Series((np.arange(table.height) // size) % 4 == 0) == part)


GROUPED = {**KEY, "group": ["patient"]}
PAIRS["a row on both sides"] = Pair(
    _split(overlap, _first(451), _from(450)),
    _split(overlap, _first(450), _from(450)),
    {("overlap", "PROVEN", "sides", "id")},
)
PAIRS["a patient on both sides"] = Pair(
    _split(overlap, _deal(False, "id"), _deal(True, "id"), GROUPED),
    _split(overlap, _deal(False, "patient"), _deal(True, "patient"), GROUPED),
    {("overlap", "PROVEN", "sides", "patient")},
)
PAIRS["copies under other names"] = Pair(
    _split(overlap, _first(450), _copied),
    _split(overlap, _first(450), _from(450)),
    {("overlap", "SUSPECT", "sides", "equal rows")},
)
PAIRS["rows that nearly are the same"] = Pair(
    _split(overlap, _first(450), _almost),
    _split(overlap, _first(450), _from(450)),
    {("overlap", "SUSPECT", "sides", "nearly equal rows")},
)
PAIRS["labels that were not ripe"] = Pair(
    _split(order, _first(450), _from(450), CLOCK),
    _split(order, _first(426), _from(450), CLOCK),
    {("order", "PROVEN", "sides", "y")},
)
PAIRS["a test before the training"] = Pair(
    _split(order, _from(174), _first(150), CLOCK), _split(order, _first(426), _from(450), CLOCK), {("order", "SUSPECT", "sides", "at")}
)  # fmt: skip


def _power(**columns: pl.Expr) -> Callable[[], Found]:
    graph = {
        "table": {"kind": "source", "contract": KEY},
        "made": {"kind": "step", "inputs": {"table": "table"}, "outputs": {"made.train": ""}},
        "model": {"kind": "train", "where": "p.py:7", "inputs": {"train": "made.train"}},
    }

    def asked() -> Found:
        table = _table(3_000).drop("at", "ripe", "patient")
        values = {"table": table, "made.train": table.with_columns(**columns)}
        return _said(power.SCAN.scan(view_of(graph, "model", values))[0])

    return asked


PAIRS["a column stored after the outcome"] = Pair(
    _power(refund=pl.col("y") * 3 + 0.2 * pl.col("c")),
    _power(other=pl.col("a") * 3 + 0.2 * pl.col("c")),
    {("power", "SUSPECT", "model", "refund")},
)

FROZEN = b"source: rows\ncolumns:\n  a: {type: number, least: -8.0, most: 8.0}\n"


def _schema(factor: float) -> Callable[[], Found]:
    graph = {"rows": {"kind": "source", "where": "p.py:1", "contract": {**KEY, "contract": "rows.yaml"}}}

    def asked() -> Found:
        values = {"rows": _table().with_columns(pl.col("a") * factor)}
        return _said(schema.SCAN.scan(view_of(graph, "rows", values, frozen={"rows.yaml": FROZEN}.get))[0])

    return asked


PAIRS["a unit that changed upstream"] = Pair(_schema(1_000.0), _schema(1.0), {("schema", "PROVEN", "rows", "a")})


# --- the graph alone


def _graph(**steps: tuple[str, str]) -> Callable[[], Found]:
    def asked() -> Found:
        graph: dict[str, Any] = {
            "raw": {"kind": "source", "where": "p.py:1"},
            "table": {"kind": "step", "where": "p.py:1", "inputs": {"raw": "raw"}},
            "sides": {"kind": "split", "where": "p.py:1", "inputs": {"table": "table"},
                      "outputs": {"sides.train": "train", "sides.valid": "valid", "sides.test": "test"}}
        }  # fmt: skip
        for name, (kind, inputs) in steps.items():
            given = {one.rpartition(".")[2]: one for one in inputs.split()}
            graph[name] = {"kind": kind, "where": "p.py:2", "inputs": given}
        return _said(wiring(nodes_of(graph))[0])

    return asked


FAIR = _graph(model=("train", "sides.train sides.valid"), scores=("evaluate", "model sides.test"))
PAIRS["stopped by the test"] = Pair(
    _graph(model=("train", "sides.train sides.test"), scores=("evaluate", "model sides.test")),
    FAIR,
    {("wiring", "SUSPECT", "model", "")},
)
PAIRS["judged on what stopped it"] = Pair(
    _graph(model=("train", "sides.train sides.valid"), scores=("evaluate", "model sides.valid")),
    FAIR,
    {("wiring", "SUSPECT", "scores", "")},
)
PAIRS["a table that holds the test"] = Pair(
    _graph(model=("train", "table"), scores=("evaluate", "model sides.test")),
    FAIR,
    {("wiring", "SUSPECT", "model", "")},
)


# --- estimators


class Rates(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Rates of cities, of which each row's own label is a part."""

    def fit(self, X: pd.DataFrame, y: Any) -> "Rates":
        self.rates_ = pd.Series(np.asarray(y), index=X.index).groupby(X["city"]).mean()
        return self

    def transform(self, X: pd.DataFrame) -> Any:
        return X["city"].map(self.rates_).fillna(self.rates_.mean()).to_numpy(float).reshape(-1, 1)


class OfBatch(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Less the mean of whatever is asked about together."""

    def fit(self, X: Any, y: Any = None) -> "OfBatch":
        self.fitted_ = True
        return self

    def transform(self, X: Any) -> Any:
        return np.asarray(X) - np.asarray(X).mean(axis=0)


def _estimator(made: Callable[[], Any], *columns: str) -> Callable[[], Found]:
    def asked() -> Found:
        draw = np.random.default_rng(0)
        table = pd.DataFrame(
            {"city": draw.choice(list("abcdef"), 240), "calls": draw.gamma(2, 2, 240), "age": draw.normal(40, 9, 240)}
        )
        left = (draw.random(240) < table["city"].map(dict(zip("abcdef", np.linspace(0.1, 0.9, 6), strict=True)))) * 1
        report = ps.probe_estimator(made(), table[list(columns)], left, split=np.arange(240) >= 180)
        return {(one.check, one.verdict, one.step, "") for one in report.findings if one.verdict == "PROVEN"}

    return asked


PAIRS["an encoder that has seen the label"] = Pair(
    _estimator(Rates, "city"),
    _estimator(lambda: TargetEncoder(random_state=0), "city"),
    {("own-label", "PROVEN", "Rates", "")},
)
PAIRS["a model on such an encoder"] = Pair(
    _estimator(lambda: make_pipeline(Rates(), LogisticRegression()), "city"),
    _estimator(lambda: make_pipeline(TargetEncoder(random_state=0), LogisticRegression()), "city"),
    {("own-label", "PROVEN", "Pipeline", "")},
)
PAIRS["a scale of the batch"] = Pair(
    _estimator(OfBatch, "calls", "age"),
    _estimator(StandardScaler, "calls", "age"),
    {("alone", "PROVEN", "OfBatch", "")},
)
PAIRS["a scale of the batch before a model"] = Pair(
    _estimator(lambda: make_pipeline(OfBatch(), LogisticRegression()), "calls", "age"),
    _estimator(lambda: make_pipeline(StandardScaler(), LogisticRegression()), "calls", "age"),
    {("alone", "PROVEN", "Pipeline", "")},
)
