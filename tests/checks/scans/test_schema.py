"""Sources held to their frozen contracts, from what a run stored."""

from typing import Any

import polars as pl
import pytest
from tests.checks.scans.views import view_of

from penstock.checks.scans.schema import SCAN

FRAME = pl.DataFrame({"id": ["x", "y", "z"], "a": [1, -2, -3]})
SAID = b"source: rows\ncolumns:\n  a: {type: integer, least: 0}\n"


def looked(text: bytes | None, value: Any = FRAME, contract: dict[str, Any] | None = None) -> Any:
    said = {"key": ["id"], "contract": "rows.yaml"} if contract is None else contract
    graph = {"rows": {"kind": "source", "where": "p.py:1", "contract": said}}
    view = view_of(graph, "rows", {"rows": value}, frozen={"rows.yaml": text}.get)
    assert SCAN.needs(view.nodes, "rows") == (["rows"] if "contract" in said else [])
    return SCAN.scan(view)


@pytest.mark.parametrize("value", [FRAME, FRAME.to_pandas(), FRAME.to_arrow()], ids=["polars", "pandas", "arrow"])
def test_a_breach_is_proven_and_names_rows_by_key(value: Any) -> None:
    (one,), result = looked(SAID, value)
    assert (one.check, one.verdict, one.step, one.column, one.row) == ("schema", "PROVEN", "rows", "a", "z")
    assert one.world == "`a` is -3 in a row, not at least 0 (2 rows), such as z, y"
    assert (one.before, one.after, one.where) == ("at least 0", -3, "p.py:1")
    assert "rows.yaml" in one.hint
    assert result.verdict == "PROVEN"
    assert result.rows == 3


def test_rows_as_the_contract_says_are_clean() -> None:
    found, result = looked(b"source: rows\ncolumns:\n  a: {type: integer}\n")
    assert (found, result.verdict) == ([], "CLEAN")
    assert result.reason == "1 columns of 3 rows held to rows.yaml"


def test_what_can_not_be_held_is_unknown() -> None:
    assert looked(None)[1].verdict == "UNKNOWN"
    assert "`penstock contract freeze` writes it" in looked(None)[1].reason
    assert looked(SAID, 3)[1].verdict == "UNKNOWN"
    _, result = looked(b"source: [")
    assert result.verdict == "UNKNOWN"
    assert "rows.yaml:2: did not find" in result.reason
    found, result = looked(SAID, contract={"key": ["id"]})
    assert (found, result.verdict) == ([], "CLEAN")
