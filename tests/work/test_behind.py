"""What stands behind a value, against brute force: each row left out, each cell made everything that it may be."""

from itertools import pairwise
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.model.question import CellQuestion
from penstock.values.alike import same
from penstock.work.behind import Cell

X, W, G = pl.col("x"), pl.col("w"), pl.col("g")

STEPS: dict[str, pl.Expr] = {
    "above": X > 2,
    "far above": X > 1000,
    "below or": (X < 1) | (W < 1),
    "both": (X > 0) & (W > 0),
    "bins": pl.when(X < -1).then(pl.lit("low")).when(X < 5).then(pl.lit("middle")).otherwise(pl.lit("high")),
    "clipped": X.clip(0, 3),
    "tens": ((X + W) / 10).round(0),
    "either": pl.when(G == "a").then(X).otherwise(W),
    "is missing": X.is_null(),
    "sum": X.sum(),
    "sum of group": X.sum().over("g"),
    "mean of group": X.mean().over("g"),
    "tens of group": (X.sum().over("g") / 10).round(0),
    "above the mean": X.mean().over("g") > 1,
    "max": X.max(),
    "max of group": X.max().over("g"),
    "min of group": X.min().over("g"),
    "range": X.max() - X.min(),
    "first of group": X.first().over("g"),
    "last": X.last(),
    "mode": X.drop_nulls().mode().min(),
    "kinds": X.n_unique().over("g"),
    "count": pl.len().over("g"),
    "rows": pl.len() + X * 0,
    "rolling": X.rolling_sum(3),
    "rolling max": X.rolling_max(2),
    "rank": X.rank("min"),
    "share": (X / X.abs().sum()),
    "above average": X.mean() < X,
    "before": X.shift(1),
    "two before": X.shift(2),
    "running": X.cum_sum(),
    "median": X.median(),
    "any": (X > 3).any(),
    "odd": pl.len() % 2 == 1,
    "constant": pl.lit(1),
    "filled": X.fill_null(X.mean()),
    "wins": X.sort_by("w").last().over("g"),
}


def tables(values: st.SearchStrategy[Any]) -> st.SearchStrategy[pl.DataFrame]:
    cells = st.tuples(values, values, st.sampled_from("ab"))
    return st.lists(cells, min_size=2, max_size=7).map(
        lambda rows: pl.DataFrame(
            [(f"r{n}", *row) for n, row in enumerate(rows)],
            schema={"id": pl.String, "x": pl.Float64, "w": pl.Float64, "g": pl.String},
            orient="row",
        )
    )


def cell_of(made: pl.DataFrame, key: str) -> Any:
    rows = made.filter(pl.col("id") == key)["z"]
    return rows[0] if len(rows) else "gone"


def worlds(table: pl.DataFrame, row: int, name: str) -> list[pl.DataFrame]:
    """The table with this cell made everything that it may be."""
    held = [one for one in table[name].to_list() if one is not None]
    if name == "g":
        new: list[Any] = [*held, "c", None]  # of words that no row holds, one is like another
    else:
        ends = sorted({*held, 0.0})
        middles = [(one + other) / 2 for one, other in pairwise(ends)]
        new = [*held, *middles, *[-one for one in held], *[one + by for one in held for by in (0.5, -0.5, 1, -1)]]
        new += [0.0, ends[-1] + 50, ends[0] - 50, None]
    return [
        table.with_columns(
            pl.Series(name, [*table[name][:row], one, *table[name][row + 1 :]], dtype=table.schema[name])
        )
        for one in dict.fromkeys(new)
    ]


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        tables(st.sampled_from([0.0, 1.0, 2.0, 3.0, 5.0])),
        tables(st.floats(-9, 9).map(lambda one: round(one, 2))),
        tables(st.one_of(st.none(), st.integers(-3, 6).map(float))),
    ),
    st.sampled_from(sorted(STEPS)),
    st.data(),
)
def test_what_is_called_exact_is(table: pl.DataFrame, name: str, data: st.DataObject) -> None:
    step = lambda one: one.with_columns(z=STEPS[name])
    row = data.draw(st.integers(0, table.height - 1))
    key = f"r{row}"
    before = cell_of(step(table), key)
    question = CellQuestion(0, row, "z", ("id",), own={"t": (row,)}, budget=5000)
    found = Cell(question, lambda inputs: step(inputs["t"]), {"t": table}).answer()
    if found["why"]:
        return
    said = found["rows"].get("t", {"at": [], "columns": []})
    moves = lambda world: not same(before, cell_of(step(world), key), 1e-9)
    without = lambda rows: table.filter(~pl.col("id").is_in([f"r{one}" for one in rows]))
    for other in set(range(table.height)) - {row}:
        gone = moves(without([other]))
        if other in said["at"]:
            assert gone or any(moves(one) for column in ("x", "w", "g") for one in worlds(table, other, column))
        elif other not in said.get("places", []):
            assert not gone, (found, other)
    rest = set(range(table.height)) - {row, *said["at"], *said.get("places", [])}
    assert not moves(without(rest)), found
    for column in ("x", "w", "g"):
        assert any(moves(one) for one in worlds(table, row, column)) is (column in found["own"]["t"]), (
            name,
            table.rows(),
            row,
            found,
            column,
        )
