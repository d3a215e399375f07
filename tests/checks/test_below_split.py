"""What stands below a split: features, fits and training there are judged, with sides as they were."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.preprocessing import StandardScaler
from tests.checks.lines import Line, line, proven, rows

X = ["x"]


def features(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(past=pl.col("x").shift(1).fill_null(0))


def sides(features: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """By time, at a share of the rows that are there."""
    cut = features["at"].sort()[int(features.height * 0.75)]
    return {"train": features.filter(pl.col("at") < cut), "test": features.filter(pl.col("at") >= cut)}


def drawn(features: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """At random, half of the large labels to the test: who is where depends on the values."""
    large = features["y"] > features["y"].median()
    test = np.random.default_rng(0).random(features.height) < np.where(large, 0.5, 0.2)
    return {"train": features.filter(~pl.Series(test)), "test": features.filter(pl.Series(test))}


def model(sides_train: pl.DataFrame) -> Any:
    return LinearRegression().fit(sides_train.select("x", "past"), sides_train["y"])


def scores(model: Any, sides_test: pl.DataFrame) -> dict[str, float]:
    return {"r2": float(model.score(sides_test.select("x", "past"), sides_test["y"]))}


PLAIN: Line = [("step", features), ("split", sides), ("train", model), ("evaluate", scores)]


def test_an_honest_line_is_clean() -> None:
    told = line(PLAIN)
    assert proven(told) == set()
    said = {(one.check, one.step): one.verdict for one in told.results if one.step != "scores"}
    assert {said[check, "model"] for check in ("rerun", "own-label", "test-blind", "test-label")} == {"CLEAN"}
    assert {said[check, "sides"] for check in ("own-label", "as-of", "test-blind", "test-label")} == {"CLEAN"}


def test_sides_that_depend_on_values_are_pinned() -> None:
    def fitted(drawn_train: pl.DataFrame) -> Any:
        return LinearRegression().fit(drawn_train.select("x"), drawn_train["y"])

    told = line([("step", features), ("split", drawn), ("train", fitted)])
    assert proven(told) == set()
    assert {
        one.verdict for one in told.results if one.check in ("test-blind", "test-label") and one.step == "fitted"
    } == {"CLEAN"}


def test_a_scaler_of_both_sides_is_guilty() -> None:
    def scaled(sides_train: pl.DataFrame, sides_test: pl.DataFrame) -> dict[str, pl.DataFrame]:
        both = pl.concat([sides_train, sides_test])
        scale = (pl.col("x") - both["x"].mean()) / both["x"].std()
        return {"train": sides_train.with_columns(s=scale), "test": sides_test.with_columns(s=scale)}

    def fitted(scaled_train: pl.DataFrame) -> Any:
        return Ridge().fit(scaled_train.select("s"), scaled_train["y"])

    told = line([*PLAIN[:2], ("step", scaled), ("train", fitted)])
    assert proven(told) == {(check, "scaled", "s") for check in ("test-blind", "as-of", "alone")}
    assert next(one for one in told.results if one.check == "test-blind" and one.step == "fitted").verdict != "PROVEN"


def test_a_scaler_that_was_fitted_on_both_sides_is_guilty_as_state() -> None:
    def scaler(sides_train: pl.DataFrame, sides_test: pl.DataFrame) -> StandardScaler:
        return StandardScaler().fit(pl.concat([sides_train, sides_test]).select("x").to_numpy())

    def honest(sides_train: pl.DataFrame) -> StandardScaler:
        return StandardScaler().fit(sides_train.select("x").to_numpy())

    assert proven(line([*PLAIN[:2], ("step", scaler)])) == {("test-blind", "scaler", "")}
    assert proven(line([*PLAIN[:2], ("step", honest)])) == set()


def test_training_that_takes_the_test_is_guilty() -> None:
    def everything(sides_train: pl.DataFrame, sides_test: pl.DataFrame) -> Any:
        both = pl.concat([sides_train, sides_test])
        return LinearRegression().fit(both.select("x"), both["y"])

    assert proven(line([*PLAIN[:2], ("train", everything)])) == {
        ("test-blind", "everything", ""),
        ("test-label", "everything", ""),
    }


def test_a_model_that_the_test_chooses_is_guilty_and_one_that_validation_chooses_is_not() -> None:
    def parted(features: pl.DataFrame) -> dict[str, pl.DataFrame]:
        return {"train": features[:240], "valid": features[240:320], "test": features[320:]}

    def weak(parted_train: pl.DataFrame) -> Any:
        return Ridge(alpha=1000.0).fit(parted_train.select("x"), parted_train["y"])

    def strong(parted_train: pl.DataFrame) -> Any:
        return Ridge(alpha=0.1).fit(parted_train.select("x"), parted_train["y"])

    def contest(weak: Any, strong: Any, parted_test: pl.DataFrame) -> dict[str, float]:
        models = {"weak": weak, "strong": strong}
        return {name: float(one.score(parted_test.select("x"), parted_test["y"])) for name, one in models.items()}

    def fair(weak: Any, strong: Any, parted_valid: pl.DataFrame) -> dict[str, float]:
        models = {"weak": weak, "strong": strong}
        return {name: float(one.score(parted_valid.select("x"), parted_valid["y"])) for name, one in models.items()}

    def chosen(contest: dict[str, float], weak: Any, strong: Any) -> Any:
        return {"weak": weak, "strong": strong}[max(contest, key=contest.__getitem__)]

    def elected(fair: dict[str, float], weak: Any, strong: Any) -> Any:
        return {"weak": weak, "strong": strong}[max(fair, key=fair.__getitem__)]

    told = line(
        [
            ("step", features), ("split", parted), ("train", weak), ("train", strong),
            ("evaluate", contest), ("evaluate", fair), ("step", chosen), ("step", elected),
        ]
    )  # fmt: skip
    assert proven(told) == {("test-label", "chosen", "")}
    assert next(one for one in told.results if (one.check, one.step) == ("test-label", "elected")).verdict == "CLEAN"


def test_an_encoder_below_the_split_that_knows_the_rows_own_label_is_proven() -> None:
    def encoded(sides_train: pl.DataFrame, sides_test: pl.DataFrame) -> dict[str, pl.DataFrame]:
        means = sides_train.group_by("g").agg(mean=pl.col("y").mean())
        return {
            name: one.join(means, on="g", how="left", maintain_order="left")
            for name, one in (("train", sides_train), ("test", sides_test))
        }

    told = line([*PLAIN[:2], ("step", encoded)])
    assert proven(told) == {("own-label", "encoded", "mean")}


def test_a_window_below_the_split_that_looks_ahead_is_proven() -> None:
    def windowed(sides_test: pl.DataFrame) -> pl.DataFrame:
        return sides_test.with_columns(near=pl.col("x").rolling_mean(5, center=True))

    def behind(sides_test: pl.DataFrame) -> pl.DataFrame:
        return sides_test.with_columns(near=pl.col("x").rolling_mean(5))

    assert {one[:2] for one in proven(line([*PLAIN[:2], ("step", windowed)], checks=["as-of"]))} == {
        ("as-of", "windowed")
    }
    assert proven(line([*PLAIN[:2], ("step", behind)], checks=["as-of"])) == set()


def test_sides_of_other_folds_are_not_judged() -> None:
    def folds(features: pl.DataFrame) -> dict[str, pl.DataFrame]:
        half = pl.Series(np.arange(features.height) % 2 == 0)
        return {
            "train_1": features.filter(half), "test_1": features.filter(~half),
            "train_2": features.filter(~half), "test_2": features.filter(half),
        }  # fmt: skip

    def first(folds_train_1: pl.DataFrame) -> Any:
        return LinearRegression().fit(folds_train_1.select("x"), folds_train_1["y"])

    def second(folds_train_2: pl.DataFrame) -> Any:
        return LinearRegression().fit(folds_train_2.select("x"), folds_train_2["y"])

    told = line(
        [("step", features), ("split", folds), ("train", first), ("train", second)], checks=["test-blind", "test-label"]
    )
    assert proven(told) == set()
    said = {(one.check, one.step): one for one in told.results}
    assert {said["test-blind", one].verdict for one in ("first", "second")} == {"CLEAN", "UNKNOWN"}


def masked(features: pl.DataFrame) -> dict[str, Any]:
    test = np.arange(features.height) >= features.height * 3 // 4
    return {"train": ~test, "test": test}


def placed(features: pl.DataFrame) -> dict[str, Any]:
    order = np.random.default_rng(0).permutation(features.height)
    return {"train": order[100:], "test": order[:100]}


def of_masks(features: pl.DataFrame, masked_train: Any) -> Any:
    taken = features.filter(pl.Series(masked_train))
    return LinearRegression().fit(taken.select("x"), taken["y"])


def of_positions(features: pl.DataFrame, placed_train: Any) -> Any:
    taken = features[placed_train]
    return LinearRegression().fit(taken.select("x"), taken["y"])


def test_sides_may_be_masks_or_positions() -> None:
    def whole(features: pl.DataFrame, masked_train: Any) -> Any:
        assert masked_train.any()
        return LinearRegression().fit(features.select("x"), features["y"])

    told = line([("step", features), ("split", masked), ("train", of_masks), ("train", whole)])
    assert proven(told) == {("test-blind", "whole", ""), ("test-label", "whole", "")}
    assert proven(line([("step", features), ("split", placed), ("train", of_positions)])) == set()


def test_arrays_without_names_are_told_by_what_they_were_taken_of() -> None:
    draw = np.random.default_rng(0)
    table = pd.DataFrame({"a": draw.normal(size=300), "b": draw.normal(size=300), "y": draw.integers(0, 2, 300)})

    def matrix(rows: pd.DataFrame) -> Any:
        return rows[["a", "b", "y"]].to_numpy(float) * 2

    def cut(matrix: Any) -> dict[str, Any]:
        order = np.argsort(matrix[:, 2] + draw_of(matrix), kind="stable")
        return {"train": matrix[order[75:]], "test": matrix[order[:75]]}

    def fitted(cut_train: Any) -> Any:
        return LinearRegression().fit(cut_train[:, :2], cut_train[:, 2])

    def both(cut_train: Any, cut_test: Any) -> Any:
        return StandardScaler().fit(np.vstack([cut_train, cut_test]))

    told = line([("step", matrix), ("split", cut), ("train", fitted), ("step", both)], table, contract={"label": ["y"]})
    assert proven(told) == {("test-blind", "both", ""), ("test-label", "both", "")}
    assert {one.verdict for one in told.results if one.step == "fitted" and one.check == "test-blind"} == {"CLEAN"}


def draw_of(matrix: Any) -> Any:
    return np.random.default_rng(1).random(len(matrix)) * 1.5


def test_the_sample_of_many_rows_has_the_sides_of_the_run() -> None:
    told = line(PLAIN, rows(7_000), checks=["test-blind", "as-of"])
    assert proven(told) == set()
    said = {(one.check, one.step): one for one in told.results}
    assert said["test-blind", "sides"].verdict == "CLEAN" and said["test-blind", "sides"].rows == 1_000
    assert said["test-blind", "model"].verdict == "CLEAN"


def test_a_split_without_a_seed_is_named_and_what_it_makes_is_not() -> None:
    def unseeded(features: pl.DataFrame) -> dict[str, pl.DataFrame]:
        test = pl.Series(np.random.random(features.height) < 0.25)
        return {"train": features.filter(~test), "test": features.filter(test)}

    def fitted(unseeded_train: pl.DataFrame) -> Any:
        return LinearRegression().fit(unseeded_train.select("x"), unseeded_train["y"])

    told = line([("step", features), ("split", unseeded), ("train", fitted)])
    assert proven(told) == {("rerun", "unseeded", "")}
    assert {one.verdict for one in told.results if one.step == "fitted" and one.check == "test-blind"} == {"CLEAN"}


def test_sides_that_nothing_tells_are_unknown_and_no_proof() -> None:
    def table(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.select("x", "g", "y").with_columns(pl.all().rank().round() // 100)

    def cut(table: pl.DataFrame) -> dict[str, pl.DataFrame]:
        mixed = table.sample(fraction=1.0, shuffle=True, seed=1).sort("y")
        return {"train": mixed[:300], "test": mixed[300:]}

    def fitted(cut_train: pl.DataFrame) -> Any:
        return LinearRegression().fit(cut_train.select("x"), cut_train["y"])

    told = line([("step", table), ("split", cut), ("train", fitted)], contract={"label": ["y"]})
    assert proven(told) <= {("own-label", "table", "y")}
    said = {(one.check, one.step): one for one in told.results}
    assert said["rerun", "fitted"].verdict == "CLEAN"
    assert said["test-label", "fitted"].verdict == "UNKNOWN"


def test_quick_checks_train_nothing() -> None:
    trained: list[int] = []

    def counted(sides_train: pl.DataFrame) -> Any:
        trained.append(1)
        return LinearRegression().fit(sides_train.select("x"), sides_train["y"])

    def guessed(counted: Any, sides_test: pl.DataFrame) -> Any:
        return counted.predict(sides_test.select("x"))

    told = line([*PLAIN[:2], ("train", counted), ("predict", guessed)], depth="quick")
    assert len(trained) == 1  # by the run itself
    said = {(one.check, one.step): one for one in told.results}
    assert {said[check, "counted"].verdict for check in ("test-blind", "test-label")} == {"CLEAN"}
    for pair in (("rerun", "counted"), ("own-label", "counted"), ("alone", "guessed")):
        assert said[pair].reason.startswith("not reached")


def test_what_follows_from_a_step_above_the_split_is_not_counted_again() -> None:
    def ahead(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.with_columns(past=pl.col("x").shift(-3).fill_null(0))

    def sides(ahead: pl.DataFrame) -> dict[str, pl.DataFrame]:
        return {"train": ahead[:250], "test": ahead[250:]}

    told = line([("step", ahead), ("split", sides), ("train", model)], checks=("as-of",))
    assert proven(told) == {("as-of", "ahead", "past")}
    assert {one.step: one.verdict for one in told.results}["sides"] == "CLEAN"
