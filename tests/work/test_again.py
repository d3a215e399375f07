"""A step done again on altered inputs, against leaving out by hand."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from penstock.model.question import CellQuestion, OrderQuestion
from penstock.work.again import ask


def frame(rows: int = 60) -> pl.DataFrame:
    draw = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "id": [f"r{n}" for n in range(rows)],
            "g": [f"g{n % 5}" for n in range(rows)],
            "x": draw.normal(size=rows).round(3),
            "w": draw.normal(size=rows).round(3),
        }
    )


def by_group(inputs: Any) -> pl.DataFrame:
    return inputs["t"].with_columns(mean=pl.col("x").mean().over("g"), own=pl.col("w") * 2)


def test_a_mean_of_its_group() -> None:
    table = frame()
    found = ask(CellQuestion(0, 7, "mean", ("id",), own={"t": (7,)}), by_group, {"t": table})
    assert found["steady"] and not found["why"]
    assert found["rows"]["t"]["at"] == [n for n in range(60) if n % 5 == 2 and n != 7]
    assert found["rows"]["t"]["columns"] == ["g", "x"]
    assert found["own"]["t"] == ["g", "x"]
    assert found["value"] == pytest.approx(table.filter(pl.col("g") == "g2")["x"].mean())


def test_a_value_of_the_row_alone() -> None:
    found = ask(CellQuestion(0, 7, "own", ("id",), own={"t": (7,)}), by_group, {"t": frame()})
    assert (found["rows"], found["own"], found["why"]) == ({}, {"t": ["w"]}, [])
    assert found["reruns"] < 64


def test_two_inputs() -> None:
    rates = pl.DataFrame({"g": ["g0", "g1", "g2"], "rate": [1.0, 2.0, 3.0], "name": ["a", "b", "c"]})
    call = lambda inputs: inputs["t"].join(inputs["rates"], on="g", how="left")
    found = ask(CellQuestion(0, 7, "rate", ("id",), own={"t": (7,)}), call, {"t": frame(), "rates": rates})
    assert found["rows"] == {"rates": {"at": [2], "columns": ["g", "rate"]}}
    assert found["own"]["t"] == ["g"]


def test_pandas_by_its_label() -> None:
    table = frame().to_pandas()

    def call(inputs: Any) -> pd.DataFrame:
        kept = inputs["t"][inputs["t"]["x"] > -1][["x"]]
        return kept.rolling(3).sum()

    made = call({"t": table})
    row = 20
    label = made.index[row]
    found = ask(CellQuestion(0, row, "x", label=True, own={"t": (int(label),)}), call, {"t": table})
    assert found["rows"]["t"]["at"] == [int(one) for one in made.index[row - 2 : row]]
    assert found["own"]["t"] == ["x"]


def test_arrays_whose_order_others_rely_on() -> None:
    X, y = np.random.default_rng(1).normal(size=(50, 2)), np.random.default_rng(2).normal(size=50)
    call = lambda inputs: inputs["X"][:, 0] + np.r_[0, np.cumsum(inputs["y"])[:-1]]
    question = CellQuestion(0, 4, "value", own={"X": (4,), "y": (4,)}, fixed=("X", "y"))
    found = ask(question, call, {"X": X, "y": y})
    assert found["rows"] == {"y": {"at": [0, 1, 2, 3], "columns": ["value"]}}
    assert found["own"] == {"X": ["0"], "y": []}


def test_a_step_that_draws_anew_is_not_steady() -> None:
    draw = np.random.default_rng()
    found = ask(CellQuestion(0, 0, "value"), lambda _: draw.normal(size=3), {})
    assert not found["steady"]
    assert "another value when it is done again" in found["why"][0]


def test_a_step_that_fails_on_altered_input() -> None:
    def call(inputs: Any) -> pl.DataFrame:
        if inputs["t"].height < 30:
            raise ValueError("too few rows")
        return by_group(inputs)

    found = ask(CellQuestion(0, 7, "mean", ("id",), own={"t": (7,)}), call, {"t": frame()})
    assert "the step failed on some altered inputs (ValueError: too few rows)" in found["why"]


def test_a_step_that_spoils_its_input_is_not_our_matter_but_a_budget_is() -> None:
    found = ask(CellQuestion(0, 7, "mean", ("id",), own={"t": (7,)}, budget=9), by_group, {"t": frame()})
    assert found["reruns"] == 9
    assert "the budget was spent before all was looked at" in found["why"]


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (lambda inputs: inputs["x"] * 2, True),
        (lambda inputs: (inputs["x"] - inputs["x"].mean(0)) / inputs["x"].std(0), True),
        (lambda inputs: np.sort(inputs["x"], axis=0), False),
        (lambda inputs: inputs["x"][::-1], False),
        (lambda inputs: inputs["x"][inputs["x"][:, 0] > 0], False),
        (lambda inputs: np.zeros(len(inputs["x"])), None),
        (lambda inputs: 1 / 0, None),
        (lambda inputs: float(inputs["x"].sum()), False),
        (lambda inputs: np.cumsum(inputs["x"], axis=0), False),
    ],
)
def test_whether_a_step_keeps_the_order(call: Any, answer: bool | None) -> None:
    x = np.random.default_rng(0).normal(size=(3000, 2))
    assert ask(OrderQuestion(0, "x"), call, {"x": x, "other": 1})["aligned"] is answer


def test_inputs_of_one_length_are_mixed_together() -> None:
    x = np.random.default_rng(0).normal(size=(300, 2))
    call = lambda inputs: inputs["x"][:, 0] + inputs["y"]
    assert ask(OrderQuestion(0, "x"), call, {"x": x, "y": x[:, 1]})["aligned"] is True


def test_what_is_looked_up_in_a_table_of_the_same_length_is_not_in_its_order() -> None:
    """Put into another order together, a left join of two tables of one length comes out in that order."""
    draw = np.random.default_rng(0)
    left = pl.DataFrame({"k": draw.permutation(200)})
    right = pl.DataFrame({"k": np.arange(200), "v": draw.normal(size=200)})
    call = lambda inputs: inputs["left"].join(inputs["right"], on="k", how="left", maintain_order="left").select("v")
    inputs = {"left": left, "right": right}
    assert ask(OrderQuestion(0, "left"), call, inputs)["aligned"] is True
    assert ask(OrderQuestion(0, "right"), call, inputs)["aligned"] is False


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize(
    "call",
    [
        lambda x: x[::-1],
        lambda x: np.roll(x, 1, axis=0),
        lambda x: x[np.random.default_rng(7).permutation(len(x))],
        lambda x: x[np.argsort(x[:, 0])],
    ],
)
def test_few_rows_in_another_order_are_never_taken_for_kept(call: Any, rows: int) -> None:
    x = np.random.default_rng(rows).normal(size=(rows, 2))
    moved = not np.array_equal(call(x), x)
    found = ask(OrderQuestion(0, "x"), lambda inputs: call(inputs["x"]) * 2, {"x": x})["aligned"]
    assert found is None if rows < 3 else not (found and moved)


def test_rows_that_only_hold_a_place_are_told_and_not_named() -> None:
    """The value of three rows before: without one of those between, another would be three before."""
    table = frame()
    call = lambda inputs: inputs["t"].with_columns(before=pl.col("x").shift(3))
    found = ask(CellQuestion(0, 20, "before", ("id",), own={"t": (20,)}), call, {"t": table})
    assert found["rows"] == {"t": {"at": [17], "columns": ["x"], "places": [18, 19]}}
    assert not found["why"]
    assert found["notes"] == ["2 more of `t` matter only by being there: without one of them, others take its place"]


def test_a_count_stands_on_rows_and_on_what_puts_them_there() -> None:
    call = lambda inputs: inputs["t"].with_columns(n=pl.len().over("g"))
    found = ask(CellQuestion(0, 7, "n", ("id",), own={"t": (7,)}), call, {"t": frame()})
    assert found["rows"]["t"] == {"at": [n for n in range(60) if n % 5 == 2 and n != 7], "columns": ["g"]}
    assert not found["why"] and not found["notes"]


def test_two_that_hold_the_same_value_stand_behind_their_mean() -> None:
    table = pl.DataFrame({"id": ["a", "b", "c", "d"], "g": ["k", "k", "k", "l"], "x": [9.0, 2.0, 2.0, 7.0]})

    def call(inputs: Any) -> pl.DataFrame:
        others = [
            inputs["t"].filter(pl.col("g") == row["g"], pl.col("id") != row["id"])["x"].mean()
            for row in inputs["t"].to_dicts()
        ]
        return inputs["t"].with_columns(others=pl.Series(others, dtype=pl.Float64))

    found = ask(CellQuestion(0, 0, "others", ("id",), own={"t": (0,)}), call, {"t": table})
    assert found["rows"]["t"]["at"][-1:] == [2] and not found["why"]


@pytest.mark.parametrize("descending", [False, True])
def test_a_row_that_others_stand_in_for(descending: bool) -> None:
    """The newest value, where the ones before it are equal: leaving it out changes nothing, another value in it does."""
    table = pl.DataFrame({"at": range(40), "temp": [float(n // 4) for n in range(40)], "wind": [1.0] * 40})
    hours = table.sort("at", descending=descending)

    def call(inputs: Any) -> pl.DataFrame:
        return inputs["asked"].join_asof(inputs["hours"].sort("at"), on="at")

    asked = pl.DataFrame({"id": ["a", "b"], "at": [10, 30]})
    found = ask(CellQuestion(0, 1, "temp", ("id",), own={"asked": (1,)}), call, {"asked": asked, "hours": hours})
    assert [hours["at"][one] for one in found["rows"]["hours"]["at"]] == [30]
    assert found["why"] == []
    assert "temp" in found["rows"]["hours"]["columns"]


def test_rows_that_cancel_each_other_are_all_named() -> None:
    """Left out together, seven rows leave the mean as it is; left out alone, each of them moves it."""
    x = [4.0, -4.0, 6.0, -6.0, 1.0, -3.0, 2.0, 3.0, -1.0, 5.0, -7.0]
    draw = np.random.default_rng(3)
    for _ in range(5):
        order = draw.permutation(200)
        table = pl.DataFrame({"id": range(200), "g": ["a"] * 11 + ["b"] * 189, "x": [*x, *range(189)]})[order]
        mine = int(np.flatnonzero(order == 0)[0])
        question = CellQuestion(0, mine, "mean", ("id",), own={"t": (mine,)})
        call = lambda inputs: inputs["t"].with_columns(mean=pl.col("x").mean().over("g"))
        found = ask(question, call, {"t": table})
        assert sorted(table["id"][one] for one in found["rows"]["t"]["at"]) == list(range(1, 11))
        assert found["why"] == []


def test_rows_of_which_any_would_do() -> None:
    """Of three rows with a flag each alone makes the value: none alone moves it, all together do; they are named, and that is said."""
    table = pl.DataFrame({"id": range(50), "flag": [n in (3, 20, 41) for n in range(50)]})
    call = lambda inputs: pl.DataFrame({"any": [inputs["t"]["flag"].any()]})
    found = ask(CellQuestion(0, 0, "any"), call, {"t": table})
    assert found["rows"]["t"]["at"] == found["rows"]["t"]["together"] == [3, 20, 41]
    assert found["why"] == ["3 rows of `t` stand in for one another: only together they move it"]


def of_all(expression: pl.Expr) -> Any:
    return lambda inputs: inputs["t"].with_columns(z=expression)


def asked(table: pl.DataFrame, row: int, expression: pl.Expr) -> dict[str, Any]:
    return ask(CellQuestion(0, row, "z", ("id",), own={"t": (row,)}), of_all(expression), {"t": table})


@pytest.mark.parametrize(
    "expression",
    [
        pl.col("x") > -1.3,
        pl.when(pl.col("x") < -1.3)
        .then(pl.lit("low"))
        .when(pl.col("x") < 2.4)
        .then(pl.lit("middle"))
        .otherwise(pl.lit("high")),
        (pl.col("x") / 10).round(0),
        pl.col("x").is_null(),
        pl.col("x").clip(-0.01, 0.01),
    ],
)
def test_a_threshold_is_passed_on_purpose(expression: pl.Expr) -> None:
    """Few of the other rows' values are on the other side, or none: the column is named all the same."""
    table = frame(30)
    for row in range(30):
        found = asked(table, row, expression)
        assert (found["own"]["t"], found["rows"], found["why"]) == (["x"], {}, [])


def test_a_sum_rounded_to_tens_has_all_its_columns() -> None:
    table = frame(12).with_columns(v=pl.lit(3.0))
    found = asked(table, 4, ((pl.col("x") + pl.col("w") + pl.col("v")) / 10).round(0))
    assert found["own"]["t"] == ["x", "w", "v"]


@pytest.mark.parametrize("expression", [pl.lit(1), (pl.col("x") > 1e12).fill_null(value=False)])
def test_what_nothing_moves_is_not_called_exact(expression: pl.Expr) -> None:
    found = asked(frame(), 7, expression)
    assert found["why"] == ["nothing that was tried moves it: it is a constant, or takes values that were not tried"]


def test_columns_that_move_it_only_together() -> None:
    found = asked(pl.DataFrame({"id": ["a", "b"], "x": [1, 5], "w": [2, 3]}), 0, (pl.col("x") > 0) | (pl.col("w") > 0))
    assert found["own"]["t"] == [] and not found["rows"]
    assert found["why"] == ["columns of its own row in `t` move it only together: x, w"]


def test_a_maximum_that_several_have() -> None:
    """Each of them is named: raised, it alone moves the maximum."""
    table = pl.DataFrame({"id": range(40), "x": [9 if n in (3, 20, 31) else n % 7 for n in range(40)]})
    for row in (3, 20, 31):
        found = asked(table, row, pl.col("x").max())
        assert sorted([row, *found["rows"]["t"]["at"]]) == [3, 20, 31]
        assert found["own"]["t"] == ["x"] and found["why"] == []


@pytest.mark.parametrize("dtype", [pl.Int64, pl.Float64])
def test_zeros_of_a_sum_are_named_whoever_asks(dtype: Any) -> None:
    """The sum is the same without them, and another with a little more in them."""
    table = pl.DataFrame({"id": range(40), "x": pl.Series([0, 3, 0, -4, 5] * 8, dtype=dtype)})
    for row in range(5):
        found = asked(table, row, pl.col("x").sum())
        assert found["why"] == []
        assert [*found["rows"]["t"]["at"]] == [one for one in range(40) if one != row]
    nothing = asked(table.with_columns(x=pl.col("x") * 0), 2, pl.col("x").sum())
    assert len(nothing["rows"]["t"]["at"]) == 39


def test_many_of_which_none_alone_suffices_are_not_called_exact() -> None:
    table = pl.DataFrame({"id": range(40), "x": [float(n % 3 + 1) for n in range(40)]})
    found = asked(table, 7, pl.col("x").sum() > 20)
    assert found["why"] == ["of `t`, many rows move it only together: which, depends on the others"]


def test_rows_that_would_move_it_with_other_values_are_told() -> None:
    table = pl.DataFrame({"id": range(40), "x": range(40)})
    found = asked(table, 7, pl.col("x").max())
    assert (found["rows"]["t"]["at"], found["own"]["t"], found["why"]) == ([39], ["x"], [])
    assert found["notes"] == ["other rows of `t` would move it too, with other values in x"]
    assert asked(table, 7, pl.col("x") * 2)["notes"] == []


def test_a_step_that_needs_a_row_is_not_moved_by_it() -> None:
    """Without row 11 the step raises: that is told, and the row is not named."""

    def call(inputs: Any) -> pl.DataFrame:
        if "r11" not in inputs["t"]["id"].to_list():
            raise ValueError("r11 is needed")
        return inputs["t"].with_columns(z=pl.col("x") * 2)

    found = ask(CellQuestion(0, 7, "z", ("id",), own={"t": (7,)}), call, {"t": frame()})
    assert found["rows"] == {} and found["own"]["t"] == ["x"]
    assert "the step failed on some altered inputs (ValueError: r11 is needed)" in found["why"]


def test_a_value_of_the_key_of_its_row() -> None:
    table = pl.DataFrame({"id": range(20), "x": [1.0] * 20})
    found = asked(table, 3, pl.col("id") < 5)
    assert (found["own"]["t"], found["why"]) == (["id"], [])


def test_whether_any_other_value_of_a_computed_column_moves_it() -> None:
    for expression, firm in ((pl.col("x") * 2, {"t": ["x"]}), (pl.col("x") > 0, {})):
        question = CellQuestion(0, 7, "z", ("id",), own={"t": (7,)}, made={"t": ("x", "w")})
        assert ask(question, of_all(expression), {"t": frame()})["firm"] == firm


@pytest.mark.parametrize("expression", [pl.len() % 2 == 1, pl.col("x").drop_nulls().mode().min(), pl.col("x").median()])
def test_rows_that_cancel_when_all_are_left_out(expression: pl.Expr) -> None:
    """Without all of them the value is the same, without one it is another: it is not called exact, or each is named."""
    draw = np.random.default_rng(5)
    for size in (33, 45, 70):
        table = pl.DataFrame({"id": range(size), "x": draw.integers(0, 6, size)})
        found = asked(table, 4, expression)
        before = table.with_columns(z=expression)["z"][4]
        moved = [
            one
            for one in range(size)
            if one != 4
            and table.filter(pl.col("id") != one).with_columns(z=expression).filter(pl.col("id") == 4)["z"][0] != before
        ]
        assert found["why"] or set(moved) <= set(found["rows"].get("t", {"at": []})["at"])
