"""A column that explains the label by itself is suspect; good columns, slow series and small tables are not."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.checks.scans.views import view_of

from penstock.checks.scans.power import SCAN
from penstock.model.verdict import Finding

CONTRACT: dict[str, Any] = {"key": ["id"], "label": ["y"]}
DRAW = np.random.default_rng(0)
N = 3000


def table(**more: Any) -> pl.DataFrame:
    draw = np.random.default_rng(1)
    base = {f"x{i}": draw.normal(size=N) for i in range(6)}
    noise = draw.normal(size=N)
    y = base["x0"] * 0.6 + base["x1"] * 0.5 + noise
    frame = pl.DataFrame({"id": [f"r{i}" for i in range(N)], **base, "y": y})
    return frame.with_columns(**{name: make(frame) for name, make in more.items()})


def looked(
    frame: Any, contract: dict[str, Any] = CONTRACT, target: tuple[str, ...] = (), **inputs: Any
) -> tuple[list[Finding], str, str]:
    given = inputs or {"train": frame}
    graph = {
        "table": {"kind": "source", "contract": contract},
        "made": {
            "kind": "step",
            "inputs": {"table": "table"},
            "outputs": {f"made.{one}": "" for one in given},
            "target": target,
        },
        "model": {"kind": "train", "where": "p.py:7", "inputs": {one: f"made.{one}" for one in given}},
    }
    values = {"table": frame, **{f"made.{name}": value for name, value in given.items()}}
    found, result = SCAN.scan(view_of(graph, "model", values))
    assert (result.check, result.step) == ("power", "model")
    for one in found:
        assert one.verdict == "SUSPECT"
        assert 0 < one.after <= 1
    return found, result.verdict, result.reason


def test_ordinary_columns_are_clean_and_it_says_what_was_tried() -> None:
    found, verdict, reason = looked(table())
    assert (found, verdict) == ([], "CLEAN")
    assert "6 columns of `made.train`, each alone against `y`, on 3,000 rows; the best, `x0`" in reason


@pytest.mark.parametrize("form", ["polars", "pandas", "arrow"])
def test_a_column_stored_after_the_outcome_is_suspect(form: str) -> None:
    frame = table(late=lambda f: f["y"] * 3 + pl.Series(DRAW.normal(size=N)) * 0.4)
    given = {"polars": frame, "pandas": frame.to_pandas(), "arrow": frame.to_arrow()}[form]
    found, verdict, _ = looked(given)
    assert verdict == "SUSPECT"
    assert [(one.step, one.artifact, one.column, one.where) for one in found] == [
        ("model", "made.train", "late", "p.py:7")
    ]
    assert "`late` alone explains 9" in found[0].world


def test_it_need_be_neither_linear_nor_monotonous() -> None:
    frame = table(late=lambda f: (f["y"] - 1).abs()).with_columns(y=(pl.col("y") - 1).abs() ** 3)
    assert [one.column for one in looked(frame)[0]] == ["late"]


def test_one_that_stands_out_is_suspect_at_less() -> None:
    frame = table(late=lambda f: f["y"] + pl.Series(np.random.default_rng(3).normal(size=N)) * f["y"].std() * 0.45)
    found, _, _ = looked(frame)
    assert [one.column for one in found] == ["late"]
    assert 0.7 < found[0].after < 0.9
    good = frame.with_columns(other=pl.col("late") + pl.Series(DRAW.normal(size=N)) * 0.1)  # two as good as each other
    assert looked(good)[0] == []


def test_an_only_column_may_be_a_good_one() -> None:
    draw = np.random.default_rng(9)
    km = draw.uniform(1, 20, N)
    frame = pl.DataFrame({"id": range(N), "km": km, "y": 2 + 1.8 * km + draw.normal(size=N)})
    assert looked(frame)[:2] == ([], "CLEAN")
    assert [one.column for one in looked(frame.with_columns(y=2 + 1.8 * pl.col("km")))[0]] == ["km"]


def test_classes() -> None:
    frame = table().with_columns(y=pl.when(pl.col("y") > 1).then(pl.lit("yes")).otherwise(pl.lit("no")))
    assert looked(frame)[0] == []
    told = frame.with_columns(late=pl.when(pl.col("y") == "yes").then(pl.lit("paid")).otherwise(pl.lit("open")))
    assert [one.column for one in looked(told)[0]] == ["late"]
    null = frame.with_columns(late=pl.when(pl.col("y") == "yes").then(pl.lit(1.0)))  # that it is there, tells
    assert looked(null)[1] == "CLEAN" or [one.column for one in looked(null)[0]] == ["late"]


def test_rare_classes_and_many_categories() -> None:
    draw = np.random.default_rng(5)
    frame = table().with_columns(
        y=pl.Series((draw.random(N) < 0.03).astype(int)), city=pl.Series(draw.integers(0, 900, N).astype(str))
    )
    assert looked(frame)[0] == []


def test_what_says_which_row_it_is_or_comes_of_the_label_is_no_feature() -> None:
    frame = table(
        shipped=lambda f: f["y"] * 2, rank=lambda f: f["y"].rank(), patient=lambda f: f["y"].round(1).cast(pl.String),
    )  # fmt: skip
    contract = {**CONTRACT, "known_at": {"y": "shipped"}, "group": ["patient"]}
    assert looked(frame, contract, target=("rank",))[0] == []
    assert [one.column for one in looked(frame.rename({"shipped": "s"}), contract, target=("rank",))[0]] == ["s"]


def test_a_slow_series_explains_itself() -> None:
    draw = np.random.default_rng(6)
    y = np.cumsum(draw.normal(size=N))
    frame = pl.DataFrame({"id": range(N), "y": y, "lag": np.roll(y, 1), "mean": np.convolve(y, np.ones(5) / 5)[:N]})
    found, verdict, reason = looked(frame)
    assert (found, verdict) == ([], "CLEAN")
    assert "no more than the `y` of the row before" in reason


def test_a_small_table_says_little() -> None:
    draw = np.random.default_rng(7)
    for n in (50, 80):
        frame = pl.DataFrame(
            {"id": range(n), "y": draw.integers(0, 2, n), **{f"x{i}": draw.normal(size=n) for i in range(200)}}
        )
        assert looked(frame)[0] == []
    assert looked(frame[:40])[1] == "UNKNOWN"


def test_the_label_may_be_beside_the_table() -> None:
    frame = table(late=lambda f: f["y"] * 3)
    found, _, _ = looked(frame, x_train=frame.drop("y", "id"), y_train=frame.select("y"))
    assert [(one.artifact, one.column) for one in found] == [("made.x_train", "late")]


def test_what_can_not_be_asked_is_unknown() -> None:
    frame = table()
    assert looked(frame, {"key": ["id"]})[1] == "UNKNOWN"
    assert "declares `label=`" in looked(frame, {"key": ["id"]})[2]
    assert looked(frame, train=frame.drop("y", "id"))[1] == "UNKNOWN"
    assert looked(frame, train=3)[1] == "UNKNOWN"
    assert looked(frame, train=frame.select("id", "y"))[1] == "UNKNOWN"
    assert looked(frame.with_columns(y=pl.lit(1.0)))[1] == "UNKNOWN"
    assert looked(frame.with_columns(y=pl.lit(None, pl.Float64)))[1] == "UNKNOWN"
    assert looked(frame.with_columns(y=pl.col("y").cast(pl.String)))[1] == "UNKNOWN"
