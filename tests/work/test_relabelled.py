"""Keys that come out with the rows that had them, and values of keys that are in other rows."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from penstock.model.question import KeyQuestion
from penstock.work.again import ask
from penstock.work.relabelled import relabelled

DRAW = np.random.default_rng(0)
TABLE = pl.DataFrame(
    {
        "id": [f"k{n}" for n in range(120)],
        "x": DRAW.normal(size=120),
        "g": DRAW.integers(0, 9, 120),
        "boss": [f"k{n}" for n in DRAW.permutation(120)],
    }
)
W = (pl.col("x") ** 2).alias("w")


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (lambda t: t.select("id", W), True),
        (lambda t: t.filter(pl.col("x") > 0).sort("x").select("id", W), True),
        (lambda t: t.select("id", w=pl.col("x") - pl.col("x").mean()), True),
        (lambda t: t.group_by("id").agg(w=pl.col("x").sum()), True),
        (lambda t: t.unpivot(on=["x", "g"], index="id"), True),
        (lambda t: pl.concat([t, t]).select("id", W), True),
        (lambda t: t.select("id"), True),
        (lambda t: t.filter(pl.col("x") > 0).select(W).with_columns(id=t["id"].head((t["x"] > 0).sum())), False),
        (lambda t: t.select(pl.col("boss").alias("id"), W), False),
        (lambda t: t.select(pl.col("id").reverse(), W), False),
        (lambda t: t.select(pl.col("id").shift(-1), W).drop_nulls(), False),
        (lambda t: t.group_by("g").agg(pl.col("id").max(), w=pl.col("x").mean()), False),
        (lambda t: t.select(pl.col("id").max(), pl.col("x").mean()), False),
        (lambda t: t.select("id", w=pl.lit(1)), None),
        (lambda t: t.select(W), None),
        (lambda t: 1 / 0, None),
    ],
)
def test_whether_a_key_is_carried_along(call: Any, answer: bool | None) -> None:
    found = relabelled(KeyQuestion(0, "t", ("id",)), lambda inputs: call(inputs["t"]), {"t": TABLE})
    assert found is answer


def test_clocks_that_are_rounded_down_are_others() -> None:
    table = pd.DataFrame({"t": pd.date_range("2024-01-01", periods=72, freq="h"), "u": DRAW.normal(size=72)})
    question = KeyQuestion(0, "h", ("t",))
    down = lambda inputs: inputs["h"].assign(t=inputs["h"]["t"].dt.floor("6h"), u=inputs["h"]["u"] ** 2)
    assert ask(question, down, {"h": table}) == {"carried": False}
    assert ask(question, lambda inputs: inputs["h"].assign(u=inputs["h"]["u"] ** 2), {"h": table}) == {"carried": True}


def test_of_two_keys_nothing_is_told() -> None:
    question = KeyQuestion(0, "t", ("id",))
    assert relabelled(question, lambda inputs: inputs["t"].select("id", W), {"t": TABLE.head(2)}) is None
