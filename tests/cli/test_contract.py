"""`penstock contract freeze` and `diff`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Done, valid

Call = Callable[..., Done]

SHOP = """
import polars as pl
import penstock as ps


@ps.source(key="order")
def orders(low: int = 5) -> pl.DataFrame:
    return pl.DataFrame({"order": [f"o{i}" for i in range(60)], "amount": [low + i % 9 for i in range(60)]})
"""


@pytest.fixture
def shop(project: Path) -> Path:
    (project / "line.py").write_text(SHOP)
    return project


def test_freeze_hold_and_differ(call: Call, shop: Path) -> None:
    assert call("run").code == 0
    document = valid(call("contract", "freeze", "--json"), "contract-freeze")
    assert [(one["source"], one["file"], one["written"]) for one in document["sources"]] == [
        ("orders", "orders.contract.yaml", True)
    ]
    assert "as before" in call("contract", "freeze").out
    assert "amount: {type: integer, least: 3, most: 15}" in (shop / "orders.contract.yaml").read_text()
    done = call("contract", "diff")
    assert (done.code, done.out) == (0, "✓ orders.contract.yaml  60 rows of `orders`: as it says\n")
    assert call("run", "--set", "orders.low=-50").code == 0
    done = call("contract", "diff", "--json")
    assert done.code == 1
    document = valid(done, "contract-diff")
    assert not document["held"]
    (one,) = document["sources"][0]["breaches"]
    assert (one["column"], one["found"], one["count"]) == ("amount", -50, 60)
    assert "✗ `amount` is -50 in a row, not at least 3 (60 rows)" in call("contract", "diff").out
    refused = call("contract", "freeze", "--json")
    assert refused.code == 2
    assert valid(refused, "error")["error"]["kind"] == "ContractError"
    assert call("contract", "freeze", "--force").code == 0
    assert call("contract", "diff", "orders").code == 0


def test_what_is_not_there(call: Call, shop: Path) -> None:
    assert call("run").code == 0
    assert valid(call("contract", "diff", "--json"), "error")["error"]["message"] == "no source has a frozen contract"
    assert "no source `ordres`" in call("contract", "freeze", "ordres").err
    (shop / "orders.contract.yaml").write_text("source: [")
    done = call("contract", "diff")
    assert done.code == 2
    assert "orders.contract.yaml:2: did not find" in done.err
    assert "freeze" in call("contract", "--help").out


def test_breaches_are_findings_of_checks(call: Call, shop: Path) -> None:
    (shop / "line.py").write_text(SHOP.replace('key="order"', 'key="order", contract="o.yaml"'))
    assert call("run", "--checks", "off").code == 0
    assert call("contract", "freeze").code == 0
    document = valid(call("check", "--only", "schema", "--json"), "check")
    assert [(one["check"], one["step"], one["verdict"]) for one in document["checks"]] == [
        ("schema", "orders", "CLEAN")
    ]
    text = (shop / "o.yaml").read_text().replace("integer, least: 3,", "integer, least: 9,")
    (shop / "o.yaml").write_text(text)
    document = valid(call("check", "--only", "schema", "--json"), "check")
    (one,) = document["findings"]
    assert (one["check"], one["verdict"], one["column"], one["row"]) == ("schema", "PROVEN", "amount", "o0")
    assert "not at least 9" in one["world"]
