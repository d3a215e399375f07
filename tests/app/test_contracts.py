"""Contracts of a run's sources: frozen into files, and held against a later run."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.trace.pipelines import run_of

import penstock as ps
from penstock.app.contracts import differences, freeze_run
from penstock.app.tracing import Tracing
from penstock.errors import ContractError, NotFound, StepFailed, UnknownName

SHOP = """
import polars as pl
import penstock as ps


@ps.source(key="order", contract="orders.yaml"{more})
def orders(n: int = 60, low: int = 5) -> pl.DataFrame:
    return pl.DataFrame({{"order": [f"o{{i}}" for i in range(n)], "country": ["FI", "SE"] * (n // 2), "amount": [low + i % 9 for i in range(n)]}})


@ps.source
def limit() -> int: return 3


@ps.step
def clean(orders: pl.DataFrame, limit: int) -> pl.DataFrame: return orders
"""


def tracing_of(result: Any) -> Tracing:
    found: Tracing = result._tracing()
    return found


def test_freeze_and_hold(tmp_path: Path) -> None:
    result = run_of(tmp_path, SHOP.format(more=""))
    (one,) = freeze_run(tracing_of(result))
    assert (one.source, one.file, one.declared, one.changed) == ("orders", "orders.yaml", True, True)
    assert "  country: {type: text, values: [FI, SE]}" in (tmp_path / "orders.yaml").read_text()
    (again,) = freeze_run(tracing_of(result), ["orders"])
    assert not again.changed
    (same,) = differences(tracing_of(result))
    assert (same.breaches, same.changes) == ([], [])
    low = ps.Pipeline.load(tmp_path / "line.py").run(parameters={"orders.low": -5}, executor="inline")
    (other,) = differences(tracing_of(low), ["orders"])
    assert [one.column for one in other.breaches] == ["amount"]
    assert ("amount", "least", 3, -7) in other.changes
    with pytest.raises(ContractError, match=r"orders.yaml is there already, and says otherwise"):
        freeze_run(tracing_of(low))
    freeze_run(tracing_of(low), overwrite=True)
    assert differences(tracing_of(low))[0].breaches == []


def test_a_run_fails_before_anything_is_made_of_the_rows(tmp_path: Path) -> None:
    text = SHOP.format(more=', fail_on=["schema"]')
    result = run_of(tmp_path, text)
    freeze_run(tracing_of(result))
    pipeline = ps.Pipeline.load(tmp_path / "line.py")
    assert pipeline.run(executor="inline").status == "succeeded"
    failed = pipeline.run(parameters={"orders.low": -5}, executor="inline")
    assert failed.status == "failed"
    assert {name: row["status"] for name, row in failed.steps.items()} == {
        "orders": "failed",
        "limit": "reused",
        "clean": "blocked",
    }
    error = failed.steps["orders"]["error"]
    assert error.kind == "ContractBroken"
    assert "`amount` is -5 in a row, not at least" in error.message
    assert "(o0, o9, o18 …)" in error.message
    with pytest.raises(NotFound, match="made no table"):
        differences(tracing_of(failed))
    with pytest.raises(NotFound, match="made no table"):
        freeze_run(tracing_of(failed), ["orders"])
    with pytest.raises(StepFailed, match="ContractBroken"):
        failed.raise_if_failed()


def test_names_and_files_that_are_not_there(tmp_path: Path) -> None:
    result = run_of(tmp_path, SHOP.format(more=""))
    with pytest.raises(UnknownName, match="no source `ordres`"):
        freeze_run(tracing_of(result), ["ordres"])
    with pytest.raises(NotFound, match="source `limit` made no table"):
        freeze_run(tracing_of(result), ["limit"])
    with pytest.raises(NotFound, match=r"there is no orders\.yaml"):
        differences(tracing_of(result))
    with pytest.raises(ContractError, match="one file is for one source"):
        freeze_run(tracing_of(result), ["orders", "limit"], file="x.yaml")
    (one,) = freeze_run(tracing_of(result), ["orders"], file="contracts/o.yaml")
    assert (tmp_path / "contracts" / "o.yaml").is_file()
    assert not one.declared


def test_a_notebook_is_held_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.yaml").write_text("source: rows\ncolumns:\n  a: {type: integer, least: 0}\n")

    @ps.source(contract="rows.yaml", fail_on="schema")
    def rows() -> pl.DataFrame:
        return pl.DataFrame({"a": [-1]})

    result = ps.Pipeline([rows], name="cells").run(executor="inline")
    assert result.status == "failed"
    assert "`a` is -1 in a row" in result.steps["rows"]["error"].message
