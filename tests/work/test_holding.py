"""What a step returns is held to its schema and to its source's frozen contract, and handed on untouched."""

from pathlib import Path
from typing import Any

import pandera.polars as pp
import polars as pl
import pytest

from penstock.errors import ContractBroken
from penstock.model.contract import Contract
from penstock.model.step import Output, Step
from penstock.work.holding import Held, held, held_file, keys_of


class Rows(pp.DataFrameModel):
    a: int = pp.Field(ge=0)


GOOD = pl.DataFrame({"id": ["x", "y"], "a": [1, 2]})
BAD = GOOD.with_columns(a=-pl.col("a"))
SAID = "source: rows\ncolumns:\n  a: {type: integer, least: 0}\n"


def step(value: Any, **more: Any) -> Step:
    return Step("rows", more.pop("kind", "step"), lambda: value, where="p.py:3", **more)


def test_a_step_that_is_held_to_nothing_is_left_alone() -> None:
    one = step(GOOD)
    assert held(one, (), ".") is one.function
    loose = step(GOOD, contract=Contract(freeze="rows.yaml"))
    assert held(loose, (), ".") is loose.function


def test_schemas() -> None:
    good = held(step(GOOD, schema=Rows), (), ".")
    assert isinstance(good, Held)
    assert good() is GOOD
    with pytest.raises(ContractBroken) as caught:
        held(step(BAD, schema=Rows), [("id",)], ".")()
    assert caught.value.where == "p.py:3"
    assert (
        "rows are not as the schema of `rows` says: `a`: greater_than_or_equal_to(0) fails in 2 rows: -1, -2 (x, y)"
        in str(caught.value)
    )


@pytest.mark.parametrize("form", [lambda a, b: {"one": a, "two": b}, lambda a, b: (a, b)], ids=["dict", "tuple"])
def test_schemas_of_several_outputs(form: Any) -> None:
    outputs = (Output("one"), Output("two"))
    held(step(form(GOOD, BAD), outputs=outputs, schema={"one": Rows}), (), ".")()
    with pytest.raises(ContractBroken, match="rows of `two` are not as"):
        held(step(form(GOOD, BAD), outputs=outputs, schema={"two": Rows}), (), ".")()


def test_frozen_contracts(tmp_path: Path) -> None:
    contract = Contract(key=("id",), freeze="rows.yaml", fail_on=("schema",))
    one = step(BAD, kind="source", contract=contract)
    assert held_file(one) == "rows.yaml"
    assert held(one, (), str(tmp_path))() is BAD  # before it is frozen, there is nothing to hold rows to
    (tmp_path / "rows.yaml").write_text(SAID)
    with pytest.raises(
        ContractBroken, match=r"rows are not as rows.yaml says: `a` is -2 in a row, not at least 0 \(2 rows\) \(y, x\)"
    ):
        held(one, keys_of([one]), str(tmp_path))()
    assert held(step(GOOD, kind="source", contract=contract), (), str(tmp_path))() is GOOD
    assert held(step(3, kind="source", contract=contract), (), str(tmp_path))() == 3


def test_rows_are_named_by_the_key_of_most_columns() -> None:
    steps = [step(1, contract=Contract(key=key)) for key in (("a",), ("id", "a"), ())] + [step(1)]
    assert list(keys_of(steps)) == [("a",), ("id", "a")]
    with pytest.raises(ContractBroken, match=r"\(x/-1, y/-2\)"):
        held(step(BAD, schema=Rows), keys_of(steps), ".")()


def test_keys_are_not_gathered_for_steps_that_are_held_to_nothing() -> None:
    """They are asked for at each of thousands of steps."""
    asked = iter([step(1)])
    held(step(GOOD), keys_of(asked), ".")
    assert list(asked)


def test_many_breaches_are_counted() -> None:
    class Many(pp.DataFrameModel):
        p: int
        q: int
        r: int
        s: int
        t: int

    with pytest.raises(ContractBroken, match="and 2 more"):
        held(step(GOOD, schema=Many), (), ".")()
