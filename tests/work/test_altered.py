"""One value, watched while its step is done again."""

from typing import Any

import polars as pl
import pytest

from penstock.model.question import CellQuestion
from penstock.rows.search import Spent
from penstock.work.altered import ABSENT, Altered

TABLE = pl.DataFrame({"id": ["a", "b", "c"], "x": [1.0, 2.0, 3.0]})


def doubled(inputs: Any) -> pl.DataFrame:
    table: pl.DataFrame = inputs["t"]
    if table["x"].has_nulls():
        raise ValueError("nothing to double")
    return table.with_columns(z=pl.col("x") * 2)


def test_what_moves_it_and_what_fails() -> None:
    step = Altered(CellQuestion(0, 1, "z", ("id",)), doubled, {"t": TABLE})
    assert step.before == 4.0
    assert not step.absent("t", [0]) and step.absent("t", [1])
    nothing = {"t": TABLE.with_columns(x=pl.lit(None, pl.Float64))}
    assert step.moves(nothing) and step.failed == "ValueError: nothing to double"
    assert not step.surely(nothing)
    assert step.outcome(nothing) == 4.0
    assert step.outcome(step.without("t", [1])) is ABSENT
    assert step.reruns == 7 and step.done == 3


def test_a_budget_is_kept() -> None:
    step = Altered(CellQuestion(0, 1, "z", ("id",), budget=2), doubled, {"t": TABLE})
    step.surely({})
    with pytest.raises(Spent):
        step.surely({})
