"""What training reads: late columns and the label are proven where a prediction stands on them, and only there."""

from typing import Any

import polars as pl
from sklearn.linear_model import LinearRegression
from tests.checks.lines import Line, line, proven
from tests.checks.test_below_split import PLAIN


def test_a_late_column_that_training_reads_is_proven_and_one_that_is_passed_by_is_not() -> None:
    def greedy(sides_train: pl.DataFrame) -> Any:
        return LinearRegression().fit(sides_train.select("x", "late").to_numpy(), sides_train["y"])

    def tested(greedy: Any, sides_test: pl.DataFrame) -> pl.Series:
        return pl.Series(greedy.predict(sides_test.select("x", "late").to_numpy()))

    def weighed(sides_train: pl.DataFrame) -> Any:
        return LinearRegression().fit(
            sides_train.select("x"), sides_train["y"], sample_weight=sides_train["late"].abs()
        )

    def tried(weighed: Any, sides_test: pl.DataFrame) -> pl.Series:
        return pl.Series(weighed.predict(sides_test.sort("late").select("x")))

    told = line(
        [*PLAIN, ("train", greedy), ("predict", tested), ("train", weighed), ("predict", tried)], checks=["own-label"]
    )
    assert proven(told) == {("own-label", "greedy", "late")}
    found = next(one for one in told.findings if one.verdict == "PROVEN")
    assert found.id in told.evidence
    assert found.cause is not None and found.cause.column == "late" and found.before != found.after
    assert [(one.verdict, one.step, one.column) for one in told.findings if one.step == "weighed"] == [
        ("SUSPECT", "weighed", "late")
    ]


def test_the_label_among_the_features_is_proven() -> None:
    def blind(sides_train: pl.DataFrame) -> Any:
        return LinearRegression().fit(sides_train.select("x", "y"), sides_train["y"])

    told = line([*PLAIN[:2], ("train", blind)], checks=["own-label"])
    assert proven(told) == set()  # nothing asks the model for anything

    def judged(blind: Any, sides_test: pl.DataFrame) -> float:
        return float(blind.score(sides_test.select("x", "y"), sides_test["y"]))

    assert proven(line([*PLAIN[:2], ("train", blind), ("evaluate", judged)], checks=["own-label"])) == {
        ("own-label", "blind", "y")
    }


def test_what_follows_from_the_label_is_a_feature_where_training_stands_on_it() -> None:
    def logged(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(size=pl.col("y").abs().log1p())

    def parted(logged: pl.DataFrame) -> dict[str, pl.DataFrame]:
        return {"train": logged[:300], "test": logged[300:]}

    def on_it(parted_train: pl.DataFrame) -> Any:
        return LinearRegression().fit(parted_train.select("x", "size"), parted_train["y"])

    def said(on_it: Any, parted_test: pl.DataFrame) -> Any:
        return on_it.predict(parted_test.select("x", "size"))

    def of_it(parted_train: pl.DataFrame) -> Any:
        return LinearRegression().fit(parted_train.select("x"), parted_train["size"])

    def tells(of_it: Any, parted_test: pl.DataFrame) -> Any:
        return of_it.predict(parted_test.select("x"))

    start: Line = [("step", logged), ("split", parted)]
    told = line([*start, ("train", on_it), ("predict", said)], checks=["own-label"])
    assert [(one.verdict, one.step, one.column) for one in told.findings] == [
        ("SUSPECT", "logged", "size"),
        ("PROVEN", "on_it", "size"),
    ]
    told = line([*start, ("train", of_it), ("predict", tells)], checks=["own-label"])
    assert [(one.verdict, one.column) for one in told.findings] == [("SUSPECT", "size")]
