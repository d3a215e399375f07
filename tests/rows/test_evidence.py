import numpy as np
import pandas as pd
import polars as pl
import pytest

from penstock.rows.evidence import (
    Witness,
    agreeing,
    all_found,
    as_a_whole,
    contradicting,
    enough,
    information,
    moved_along,
    numbered,
    scaled,
    single,
    strangers,
    witnesses,
)
from penstock.values.records import Records, records

DRAW = np.random.default_rng(0)
FRAME = pl.DataFrame(
    {
        "id": [f"k{n}" for n in range(40)],
        "store": DRAW.integers(0, 4, 40),
        "x": DRAW.normal(size=40),
        "y": DRAW.normal(size=40),
        "rare": [int(n in (3, 17, 30)) for n in range(40)],
        "same": [1] * 40,
    }
)


def held(frame: object) -> Records:
    found = records(frame)
    assert found is not None
    return found


def test_columns_of_one_value_say_nothing() -> None:
    assert [one.below for one in witnesses(held(FRAME), held(FRAME))] == ["id", "store", "x", "y", "rare"]
    assert witnesses(held(FRAME), held(FRAME.select(z="x"))) == [Witness("x", "z")]


def test_rare_values_say_enough_where_there_are_many_rows() -> None:
    some, wide = held(FRAME.select("rare")), held(FRAME)
    assert 0 < information(wide, some, [Witness("rare", "rare")]) < 20
    assert agreeing(wide, some) == ()
    many = pl.DataFrame({"rare": [int(n % 100 == 7) for n in range(700)]})
    assert agreeing(held(many), held(many)) == ("rare",)


def test_what_looks_carried_along_and_is_elsewhere_speaks_against_a_reading() -> None:
    above, below = held(FRAME), held(FRAME.sort("x").with_columns(y=pl.Series(FRAME["y"])))
    assert contradicting(above, below, None, ("y",)) == ["id", "store", "x", "rare"][:3]
    assert contradicting(above, below, None, ("y",), rich=True) == ["id", "x"]
    assert contradicting(above, held(FRAME.select(pl.col("x") * 2)), None) == []


def test_what_a_table_tells_apart() -> None:
    assert single(held(FRAME), ["x"]) == 1.0
    assert single(held(FRAME), ["store"]) == 0.0
    assert numbered(held(pl.DataFrame({"n": [4, 5, 6]})).column("n"))
    assert not numbered(held(pl.DataFrame({"n": [4, 6, 5]})).column("n"))
    assert all_found(held(FRAME), held(FRAME.head(3)), "x")
    assert not all_found(held(FRAME), held(FRAME.head(3) if False else FRAME.select(pl.col("x") + 1)), "x")
    assert enough(held(FRAME), held(FRAME), [Witness("x", "x")])
    assert as_a_whole(held(FRAME), held(FRAME), ["x", "y"])
    assert not as_a_whole(held(FRAME), held(FRAME), ["x", "same"])


@pytest.mark.parametrize(
    ("at", "lag"),
    [
        (np.arange(39), True),  # all but the last
        (np.arange(1, 40), True),
        (np.arange(10, 40), True),
        (np.arange(10), False),  # less than half
        (np.delete(np.arange(40), 5), False),
        (np.arange(40), False),
        (np.r_[0, np.arange(39)], True),
        (np.arange(40)[::-1], False),
    ],
)
def test_rows_that_may_be_those_before(at: np.ndarray, lag: bool) -> None:
    assert moved_along(held(FRAME), ["x"], at) is lag


def test_rows_that_may_be_those_before_in_each_group() -> None:
    frame = pl.DataFrame({"g": [1] * 5 + [2] * 5, "x": DRAW.normal(size=10)})
    assert moved_along(held(frame), ["g", "x"], np.array([0, 1, 2, 3, 5, 6, 7, 8]))
    assert not moved_along(held(frame), ["g", "x"], np.array([0, 1, 2, 3, 6, 7, 8, 9]))


def test_another_measure_of_the_same_numbers() -> None:
    at = np.array([7, 3, 30, 22, 9])
    below = FRAME[at].select(pl.col("x") * 9 / 5 + 32)
    assert scaled(held(FRAME), held(below), at)
    assert not scaled(held(FRAME), held(below), np.sort(at))


def test_rows_that_fit_in_nothing_are_strangers() -> None:
    frame = FRAME.to_pandas()
    mixed = pd.concat([frame.iloc[10:], frame.head(2).assign(id="new", store=9, x=0.5, y=0.5, rare=7, same=3)])
    assert strangers(held(frame), held(mixed), np.r_[np.arange(10, 40), [0, 1]])
    assert not strangers(held(frame), held(frame.assign(x=0.0)), np.arange(40))
