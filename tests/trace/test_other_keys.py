"""Columns of a key's name that hold the keys of other rows: neither counts nor traces may say that rows were kept which were not."""

from pathlib import Path

import pytest
from tests.trace.pipelines import tracing_of

from penstock.rows.relation import Relation
from penstock.trace.lineage import Lineage

PIPELINE = """
from datetime import datetime, timedelta
import numpy as np
import polars as pl
import penstock as ps

DRAW = np.random.default_rng(0)
ORDER = DRAW.permutation(90)
X, G, BOSS = DRAW.normal(size=90), DRAW.integers(0, 15, 90), DRAW.permutation(90)
GAP = [None if n % 3 == 0 else float(X[n] + n) for n in range(90)]


@ps.source(key="id")
def rows() -> pl.DataFrame:
    return pl.DataFrame({"id": ORDER, "x": X, "g": G, "boss": BOSS, "gap": GAP})


@ps.source(key="hour")
def hours() -> pl.DataFrame:
    start = datetime(2024, 1, 1)
    return pl.DataFrame({"hour": [start + timedelta(hours=n) for n in range(90)], "x": X})


@ps.step
def own(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("x") > 0).sort("x").select("id", w=pl.col("x") ** 2)


@ps.step
def floored(hours: pl.DataFrame) -> pl.DataFrame:
    return hours.select(pl.col("hour").dt.truncate("6h"), w=pl.col("x") ** 2)


@ps.step
def of_itself(hours: pl.DataFrame) -> pl.DataFrame:
    return hours.group_by(pl.col("hour").dt.truncate("6h"), maintain_order=True).agg(pl.col("x").mean())


@ps.step
def greatest(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("g", maintain_order=True).agg(pl.col("id").max(), w=pl.col("x").mean() * pl.col("x").max())


@ps.step
def one_greatest(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.col("id").max(), pl.col("x").mean())


@ps.step
def counted_anew(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("x") > 0).drop("id").with_row_index("id").with_columns(pl.col("id").cast(pl.Int64))


@ps.step
def counted_bare(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("x") > 0).select(w=pl.col("x") ** 2).with_row_index("id").with_columns(pl.col("id").cast(pl.Int64))


@ps.step
def renamed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.col("boss").alias("id"), w=pl.col("x") ** 2)


@ps.step
def put_below(rows: pl.DataFrame) -> pl.DataFrame:
    orders = rows.select(pl.col("boss").alias("id"), pl.col("x") + 300)
    return pl.concat([rows.select("id", "x"), orders])


@ps.step
def firsts(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("g", maintain_order=True).agg(pl.all().drop_nulls().first())
"""

OTHERS = [
    "floored", "of_itself", "greatest", "one_greatest", "counted_anew", "counted_bare", "renamed", "put_below", "firsts"
]  # fmt: skip


@pytest.fixture(scope="module")
def tracing(tmp_path_factory: pytest.TempPathFactory):
    return tracing_of(tmp_path_factory.mktemp("others"), PIPELINE)


def related(lineage: Lineage, step: str) -> Relation:
    node = lineage.nodes[step]
    return lineage.relation(node, next(iter(node.inputs)), step)


@pytest.mark.parametrize("step", OTHERS)
def test_keys_of_other_rows_are_never_a_rows_own(tracing, step: str) -> None:
    """As they are counted, without doing anything again."""
    found = related(tracing.lineage, step)
    assert found.method != "key", found.why
    if step == "counted_anew":  # by content: the numbers that it had before are gone
        assert found.method in ("unknown", "content")
    if step == "put_below" and found.method != "unknown":  # the first table's rows, and no more
        assert found.rows_below(list(range(90))).tolist() == list(range(90))


def test_a_probe_tells_where_the_tables_do_not(tracing) -> None:
    """As a row is traced, doing the step again with keys exchanged."""
    fresh = type(tracing)(tracing.settings, tracing.ledger, tracing.run.id, tracing.store)
    with fresh.probing():
        assert related(fresh.lineage, "own").method == "key"
        for step in OTHERS:
            assert related(fresh.lineage, step).method != "key", step
    assert related(tracing.lineage, "own").method == "unknown"
    assert "keep a column of the input beside it" in related(tracing.lineage, "own").why


def test_what_was_counted_before_is_counted_anew_when_waivers_change(tmp_path: Path) -> None:
    """Waivers are no part of what rows are counted by."""
    from penstock.app.answers import Answers
    from penstock.app.tracing import _of_run

    tracing = tracing_of(tmp_path, PIPELINE)
    answers = Answers(tmp_path / "answers")
    run = tracing.run
    before = _of_run(answers, run, {})
    run.graph["own"]["waivers"] = [{"check": "rows"}]
    assert _of_run(answers, run, {}) == before
    run.graph["own"]["kind"] = "split"
    assert _of_run(answers, run, {}) != before
