"""Columns of a key's name, that hold the key of each row or values of it in other rows."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from penstock.rows.carried import carried, counted_anew
from penstock.rows.codes import encode_columns
from penstock.values.records import records

DRAW = np.random.default_rng(3)
TABLE = pl.DataFrame(
    {
        "id": [f"k{n}" for n in DRAW.permutation(80)],
        "x": DRAW.normal(size=80),
        "g": DRAW.integers(0, 5, 80),
        "boss": [f"k{n}" for n in DRAW.permutation(80)],
    }
)
W = (pl.col("x") ** 2).alias("w")


def told(below: Any, above: Any = TABLE) -> bool | None:
    one, other = records(above), records(below)
    assert one is not None
    assert other is not None
    numbers = encode_columns(one, other, [("id", "id")])
    assert numbers is not None
    return carried(one, other, ["id"], *numbers)


@pytest.mark.parametrize(
    ("below", "answer"),
    [
        (TABLE.filter(pl.col("x") > 0).sort("x"), True),
        (TABLE.select("id", pl.col("x").shift(1), "g", "boss"), True),
        (TABLE.reverse().select("id", pl.col("x") * 3 - 1), True),
        (TABLE.select("id", W), True),
        (TABLE.unpivot(on=["x", "g"], index="id"), True),
        (TABLE.sort("x").select("id", W), None),
        (TABLE.sort("x").select("id", z=2 * pl.col("x")), True),
        (TABLE.sort("x").select(pl.col("id").shift(1), z=2 * pl.col("x")), None),
        (TABLE.select(pl.col("boss").alias("id"), W), None),
        (TABLE.select(pl.col("boss").alias("id"), "x"), False),
        (TABLE.with_columns(pl.col("id").reverse()), False),
        (TABLE.with_columns(pl.col("id").shift(-1)).drop_nulls(), False),
        (TABLE.select(pl.col("id").max(), pl.col("x").mean()), None),
        (TABLE.clear(), True),
    ],
)
def test_what_other_columns_tell(below: pl.DataFrame, answer: bool | None) -> None:
    assert told(below) is answer


def test_rows_that_share_a_key_are_looked_at_together() -> None:
    twice = pl.concat([TABLE, TABLE.with_columns(pl.col("x") + 10)])
    assert told(twice.sort("x"), twice) is True
    assert told(twice.group_by("id", maintain_order=True).agg(n=pl.len()), twice) is True


def test_whole_numbers_in_their_order_may_have_been_counted_anew() -> None:
    above = TABLE.with_columns(id=pl.int_range(80))
    assert told(above.select("id", W), above) is None
    assert told(above.select("id", "g", W), above) is True
    assert told(above.unpivot(on=["x"], index="id"), above) is True
    assert told(above.select("id", "x", W).unpivot(on=["x", "w"], index="id"), above) is True
    even = above.select("id", t=pl.int_range(80) * 1.5)
    assert told(even.select(pl.col("id").shift(1), z=pl.col("t") * 2), even) is None
    below = above.sort("x").with_columns(id=pl.int_range(80))
    one, other = records(above), records(below)
    assert one is not None
    assert other is not None
    numbers = encode_columns(one, other, [("id", "id")])
    assert numbers is not None
    assert counted_anew(one, other, ["id"], *numbers)
