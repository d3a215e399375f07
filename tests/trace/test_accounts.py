from pathlib import Path

import pytest
from tests.trace.pipelines import BARE, FLIGHTS, MATRICES, lineage_of

from penstock.model.account import Account
from penstock.trace.accounts import accounts, key_findings, step_accounts
from penstock.trace.findings import findings


@pytest.fixture(scope="module")
def lineage(tmp_path_factory: pytest.TempPathFactory):
    return lineage_of(tmp_path_factory.mktemp("flights"), FLIGHTS)


@pytest.fixture(scope="module")
def found(lineage) -> dict[tuple[str, str], Account]:
    return {(one.step, one.artifact): one for one in accounts(lineage)}


def test_every_row_is_accounted_for(found: dict[tuple[str, str], Account]) -> None:
    clean = found["clean", "flights"]
    assert (clean.rows_in, clean.rows_out, clean.kept, clean.dropped) == (60, 59, 59, 1)
    assert clean.lost == ("AA/4",)
    joined = found["joined", "clean"]
    assert joined.main
    # of 59: five fly with N3, which is there twice, five with N11, which is not there
    assert (joined.kept, joined.dropped, joined.multiplied, joined.new, joined.rows_out) == (49, 5, 5, 0, 59)
    assert joined.grown[0] == ("UA/3", 2)
    assert joined.reasons[0].kind == "partner" and joined.reasons[0].rows == 5
    looked_up = found["joined", "planes"]
    assert not looked_up.main
    sides = found["sides", "joined"]
    assert sides.rows_in == 59
    assert sides.kept + sides.dropped == 59
    assert sides.multiplied == 0
    assert found["predictions", "sides.test"].kept == found["predictions", "sides.test"].rows_in
    assert ("model", "sides.train") not in found


def test_aggregates_and_what_is_not_known(found: dict[tuple[str, str], Account]) -> None:
    groups = found["by_gate", "clean"]
    assert (groups.method, groups.kept, groups.rows_out, groups.main) == ("group", 59, 4, False)
    assert found["shuffled", "clean"].method == "unknown"
    assert found["shuffled", "clean"].why


def test_rates(found: dict[tuple[str, str], Account]) -> None:
    rates = {one.by: one for one in found["joined", "clean"].rates}
    assert set(rates) == {"label", "group", "time"}
    carriers = {part.value: (part.rows, part.dropped) for part in rates["group"].parts}
    assert carriers == {"UA": (30, 5), "AA": (29, 0)}


def test_keys_that_name_several_rows(lineage) -> None:
    (key,) = key_findings(lineage)
    assert (key.step, key.row, key.column) == ("planes", "N3", "tail")
    assert "2 rows share their key" in key.world


def test_outputs_with_the_same_rows_count_once(tmp_path: Path) -> None:
    lineage = lineage_of(tmp_path, MATRICES)
    sides = {one.argument: one for one in step_accounts(lineage, lineage.nodes["sides"])}
    assert (sides["X"].kept, sides["X"].multiplied, sides["X"].dropped) == (50, 0, 0)


def test_keys_that_are_missing_or_no_column(tmp_path: Path) -> None:
    text = BARE.replace("@ps.source", '@ps.source(key="nmae")').replace("import penstock", "import penstock")
    (one,) = key_findings(lineage_of(tmp_path, text))
    assert "`nmae`, which is no column" in one.world


def test_without_keys_rows_are_named_by_position(tmp_path: Path) -> None:
    lineage = lineage_of(tmp_path, BARE)
    (even,) = step_accounts(lineage, lineage.nodes["even"])
    assert (even.kept, even.dropped, even.lost[:2]) == (15, 15, ("#1", "#3"))


TWO_SIDES = """
import polars as pl
import penstock as ps


@ps.source(key="id", label="y")
def rows(n: int = 4000) -> pl.DataFrame:
    return pl.DataFrame({"id": range(n), "x": [float(i * 7 % 100) for i in range(n)], "y": [i % 2 for i in range(n)]})


@ps.split
def sides(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {"train": rows.head(3000), "test": rows.tail(1000)}


@ps.step(outputs=["a", "b"])
def trimmed(train: pl.DataFrame, test: pl.DataFrame):
    return train.filter(pl.col("x") < 80), test


@ps.step
def again(a: pl.DataFrame) -> pl.DataFrame:
    return a.filter(pl.col("x") > 10)


@ps.step
def apart(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("id") < 3000)
"""


def test_losses_by_side(tmp_path: Path) -> None:
    lineage = lineage_of(tmp_path, TWO_SIDES)
    found = {(one.step, one.artifact): one for one in accounts(lineage)}

    def sides(step: str, artifact: str) -> dict[str, tuple[int, int]]:
        return {
            part.value: (part.rows, part.dropped)
            for rate in found[step, artifact].rates
            if rate.by == "side"
            for part in rate.parts
        }

    train, test = found["trimmed", "sides.train"], found["trimmed", "sides.test"]
    assert train.main and test.main, "none was looked up"
    assert (train.dropped, test.dropped) == (600, 0)
    assert sides("trimmed", "sides.train") == {"train": (3000, 600), "test": (1000, 0)}
    assert lineage.role("trimmed.a") == "", "a step that takes both sides may have mixed them"
    # what comes of one side, is of that side; what comes beside the split is looked up by key
    assert sides("apart", "rows") == {"train": (3000, 0), "test": (1000, 1000)}
    assert found["again", "trimmed.a"].dropped > 0
    said = [one.world for one in findings(list(found.values()))]
    assert "20.0% of the rows of the side train were dropped, 0.0% of the others" in said
    assert "100.0% of the rows of the side test were dropped, 0.0% of the others" in said
    assert len(said) == len(set(said))


def test_the_side_of_what_comes_of_one_side(tmp_path: Path) -> None:
    lineage = lineage_of(tmp_path, TWO_SIDES.replace("again(a:", "again(train:").replace("return a.", "return train."))
    assert lineage.role("again") == "train"
    (one,) = step_accounts(lineage, lineage.nodes["again"])
    assert next((rate.by, len(rate.parts)) for rate in one.rates) == ("side", 1)


MAINS = """
import polars as pl
import penstock as ps


@ps.source(key="id")
def orders(n: int = 30) -> pl.DataFrame:
    return pl.DataFrame({"id": range(n), "customer": [f"c{i}" for i in range(n)], "sum": [i * 1.5 for i in range(n)]})


@ps.source(key="customer")
def customers(n: int = 30) -> pl.DataFrame:
    return pl.DataFrame({"customer": [f"c{n + 4 - i}" for i in range(n)], "age": [20.5 + i for i in range(n)]})


@ps.step
def after(customers: pl.DataFrame, orders: pl.DataFrame) -> pl.DataFrame:
    return customers.join(orders, on="customer")


@ps.step
def before(orders: pl.DataFrame, customers: pl.DataFrame) -> pl.DataFrame:
    return orders.join(customers, on="customer")


@ps.step
def long(orders: pl.DataFrame) -> pl.DataFrame:
    return orders.with_columns(more=pl.col("sum") * 2).unpivot(["sum", "more"], index="id")
"""


def test_of_inputs_of_one_length_the_one_that_refers_to_the_other_is_main(tmp_path: Path) -> None:
    lineage = lineage_of(tmp_path, MAINS)
    found = {(one.step, one.artifact): one for one in accounts(lineage)}
    for step in ("after", "before"):
        assert found[step, "orders"].main
        assert not found[step, "customers"].main
        # those that nobody asked for are told with their reason, and are no finding
        (reason,) = found[step, "customers"].reasons
        assert reason.what == "no partner in `orders` by customer"
    said = findings([found["after", "orders"], found["after", "customers"]])
    assert [one.artifact for one in said] == ["orders"]


def test_advice_on_rows_that_became_several_by_how_they_did(tmp_path: Path, lineage, found) -> None:
    mine = {(one.step, one.artifact): one for one in accounts(lineage_of(tmp_path, MAINS))}
    assert mine["long", "orders"].grew == "long"
    (said,) = findings([mine["long", "orders"]])
    assert "Columns became rows" in said.hint
    assert found["joined", "clean"].grew == "join"
    assert "A join by columns" in findings([found["joined", "clean"]])[0].hint
