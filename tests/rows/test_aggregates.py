from typing import Any

import numpy as np
import polars as pl
import pytest

from penstock.rows.aggregates import aggregated, extreme, of_others
from penstock.rows.codes import encode_columns
from penstock.values.records import Records, records

DRAW = np.random.default_rng(0)
FRAME = pl.DataFrame(
    {
        "g": DRAW.integers(0, 6, 80),
        "x": DRAW.normal(size=80),
        "y": [None if n % 7 == 0 else float(n % 11) for n in range(80)],
        "word": [f"w{n % 13}" for n in range(80)],
        "flag": DRAW.integers(0, 2, 80) > 0,
        "part": [("p", "q")[n % 2] for n in range(80)],
    }
)


def held(frame: Any) -> Records:
    found = records(frame)
    assert found is not None
    return found


def shown(below: pl.DataFrame) -> bool:
    up, down = encode_columns(held(FRAME), held(below), [("g", "g")], nulls=True)  # type: ignore[misc]
    return aggregated(held(FRAME), held(below), up, down, ("g",))


X = pl.col("x")


@pytest.mark.parametrize(
    "made",
    [
        X.mean(), X.sum(), X.std(), X.var(), X.std(ddof=0), X.median(), X.quantile(0.25, "linear"), pl.len(), pl.col("y").mean(),
        pl.col("word").n_unique(), pl.col("flag").sum(), X.sum().alias("x"),
    ],
)  # fmt: skip
def test_what_an_aggregate_makes(made: pl.Expr) -> None:
    assert shown(FRAME.group_by("g").agg(made.alias("z")))


def test_several_values_that_no_one_row_has() -> None:
    assert shown(FRAME.group_by("g").agg(low=X.min(), high=X.max()))


@pytest.mark.parametrize("made", [X * 2, X, X.max().over("g") * 3])
def test_what_one_row_has_may_be_that_row(made: pl.Expr) -> None:
    assert not shown(FRAME.with_columns(z=made).unique("g", keep="first").select("g", "z"))


def test_a_maximum_may_be_the_row_that_has_it() -> None:
    below = FRAME.group_by("g").agg(X.max())
    assert not shown(below)
    up, down = encode_columns(held(FRAME), held(below), [("g", "g")], nulls=True)  # type: ignore[misc]
    assert extreme(held(FRAME), held(below), up, down, ["x"])
    first = FRAME.unique("g", keep="first")
    up, down = encode_columns(held(FRAME), held(first), [("g", "g")], nulls=True)  # type: ignore[misc]
    assert not extreme(held(FRAME), held(first), up, down, ["x"])


def test_values_that_became_columns() -> None:
    assert shown(FRAME.pivot("part", index="g", values="x", aggregate_function="sum"))
    assert shown(FRAME.pivot("part", index="g", values="x", aggregate_function="len"))


def test_a_row_that_lacks_what_its_group_lacks_may_be_that_row() -> None:
    """A mean of nothing but what is missing is missing in the row as well."""
    above = pl.DataFrame({"g": [1, 1, 2, 2, 3, 3], "y": [None, None, 2.0, 2.0, 4.0, 4.0]})
    below = above.unique("g", keep="first", maintain_order=True).rename({"y": "z"})
    up, down = encode_columns(held(above), held(below), [("g", "g")], nulls=True)  # type: ignore[misc]
    assert not aggregated(held(above), held(below), up, down, ("g",))


def test_values_that_became_no_column_may_have_been_dropped() -> None:
    up = pl.DataFrame(
        {
            "g": [n % 5 for n in range(60)],
            "part": [("p", "q", "r")[n % 3] for n in range(60)],
            "x": DRAW.normal(size=60),
        }
    )
    for rows, answer in ((up, True), (up.filter(pl.col("part") != "r"), False)):
        below = rows.pivot("part", index="g", values="x", aggregate_function="sum")
        numbers = encode_columns(held(up), held(below), [("g", "g")], nulls=True)
        assert numbers is not None
        assert aggregated(held(up), held(below), *numbers, ("g",)) is answer


def test_the_first_that_is_there_is_not_that_of_the_row_that_was_kept() -> None:
    up = pl.DataFrame({"g": [n // 4 for n in range(40)], "y": [None if n % 4 == 0 else float(n) for n in range(40)]})
    places = np.arange(0, 40, 4)
    below = pl.DataFrame({"g": range(10), "y": [float(n + 1) for n in range(0, 40, 4)]})
    numbers = encode_columns(held(up), held(below), [("g", "g")], nulls=True)
    assert numbers is not None
    assert of_others(held(up), held(below), *numbers, places, ["y"])
    assert not of_others(held(up), held(up[places.tolist()]), *numbers, places, ["y"])
