from typing import Any

import numpy as np
import polars as pl
import pytest

import penstock.rows.content as content_room
from penstock.rows.content import Group, Match, block, content, groups, recognised
from penstock.values.records import Records, records

DRAW = np.random.default_rng(0)
FRAME = pl.DataFrame(
    {"store": DRAW.integers(0, 6, 60), "x": DRAW.normal(size=60), "y": DRAW.normal(size=60), "word": list("abcd" * 15)}
)


def held(frame: object) -> Records:
    found = records(frame)
    assert found is not None
    return found


def test_rows_found_by_what_they_hold() -> None:
    found = content(held(FRAME), held(FRAME.sample(20, seed=1).select("word", "x")))
    assert found is not None and set(found.names) == {"word", "x"}


def test_one_column_alone_may_have_been_moved_to_other_rows() -> None:
    assert content(held(FRAME), held(FRAME.select(pl.col("x").shift(1)).drop_nulls())) is None
    assert content(held(FRAME), held(FRAME.select("x").sample(20, seed=1))) is None


def test_a_lag_of_all_that_is_left_is_not_taken_for_the_rows_themselves() -> None:
    below = held(FRAME.select("x", "y").shift(1).drop_nulls())
    assert content(held(FRAME), below) is None
    assert content(held(FRAME), below, cut=True) is not None, "a split cuts tables into parts"


def test_a_table_put_below_another() -> None:
    other = FRAME.with_columns(x=pl.col("x") + 100)
    found = block(held(FRAME), held(pl.concat([other, FRAME])))
    assert found is not None
    assert found[1].tolist() == [-1] * 60 + list(range(60))
    assert block(held(FRAME), held(pl.concat([FRAME, FRAME]))) is None, "which of two copies it is, nothing tells"
    assert block(held(FRAME), held(FRAME)) is None


def test_groups_are_shown_by_an_aggregate() -> None:
    made = FRAME.group_by("store").agg(mean=pl.col("x").mean())
    (first, *_) = groups(held(FRAME), held(made), ["store"])
    assert first.names == ("store",)
    assert isinstance(recognised(held(FRAME), held(made)), Group)
    # the last row of each store, and something made of it: a filter as well as an aggregate
    last = FRAME.unique("store", keep="last").select("store", z=pl.col("x") * 2)
    assert recognised(held(FRAME), held(last)) is None
    assert recognised(held(FRAME), held(FRAME.group_by("store").agg(pl.col("x").max()))) is None
    assert isinstance(recognised(held(FRAME), held(FRAME.unique("store").with_columns(z=pl.col("x") * 2))), Match)


def test_groups_of_columns_that_hold_too_little_are_not_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of fifteen columns of few values, no three can give a thousand rows values of their own."""
    asked: list[Any] = []
    real = content_room.encode_columns
    monkeypatch.setattr(content_room, "encode_columns", lambda *it, **more: asked.append(it) or real(*it, **more))
    rows = np.random.default_rng(0)
    frame = pl.DataFrame({f"c{n}": rows.integers(0, 8, 3000) for n in range(15)} | {"t": np.arange(3000)})
    above, below = held(frame), held(frame.head(1000))
    assert list(groups(above, below, list(frame.columns))) == []
    assert asked == []
    means = frame.group_by("c0", "c1", maintain_order=True).agg(pl.col("t").mean())
    assert [one.names for one in groups(above, held(means), ["c0", "c1"])] == [("c0", "c1")]
