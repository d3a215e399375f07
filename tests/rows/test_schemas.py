"""Schemas of pandera, for pandas and polars: breaches by column, with rows."""

import subprocess
import sys
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pandera.polars as pp
import polars as pl
import pytest

from penstock.errors import ContractError
from penstock.rows.schemas import is_schema, schema_breaches

PANDAS = pa.DataFrameSchema(
    {
        "a": pa.Column(int, pa.Check.ge(0)),
        "b": pa.Column(str, nullable=False, unique=True),
        "c": pa.Column(float, required=False),
    }
)


class Polars(pp.DataFrameModel):
    a: int = pp.Field(ge=0)
    b: str = pp.Field(unique=True)


GOOD = {"a": [1, 2, 3], "b": ["x", "y", "z"]}
BAD = {"a": [1, -2, -3], "b": ["x", None, "x"]}


@pytest.mark.parametrize(
    ("schema", "make"),
    [(PANDAS, pd.DataFrame), (Polars, pl.DataFrame), (Polars.to_schema(), pl.DataFrame), (Polars, pl.LazyFrame)],
    ids=["pandas", "polars model", "polars", "lazy"],
)
def test_breaches_name_columns_and_rows(schema: Any, make: Any) -> None:
    assert is_schema(schema)
    assert schema_breaches(schema, make(GOOD)) == []
    found = {(one.column, one.rows) for one in schema_breaches(schema, make(BAD))}
    assert found == {("a", (1, 2)), ("b", (1,)), ("b", (0, 2))}
    told = [one.what for one in schema_breaches(schema, make(BAD))]
    assert "`a`: greater_than_or_equal_to(0) fails in 2 rows: -2, -3" in told
    (gone,) = schema_breaches(schema, make({"b": ["x"]}))
    assert (gone.column, gone.what) == ("a", "column `a` is gone")


def test_rows_are_told_by_position_whatever_the_index() -> None:
    frame = pd.DataFrame(BAD, index=["p", "q", "r"])
    assert ("a", (1, 2)) in {(one.column, one.rows) for one in schema_breaches(PANDAS, frame)}


def test_a_wrong_type_is_told() -> None:
    (one,) = schema_breaches(Polars, pl.DataFrame({"a": ["k"], "b": ["x"]}))[:1]
    assert one.column == "a"
    assert "String" in one.what


def test_a_schema_of_another_library_is_refused_in_words() -> None:
    with pytest.raises(ContractError, match=r"for another library than pandera has for a pandas\.DataFrame"):
        schema_breaches(Polars, pd.DataFrame(GOOD))


def test_what_is_no_schema() -> None:
    for one in (3, "a", dict, pd.DataFrame, pd.DataFrame(GOOD), None):
        assert not is_schema(one)


def test_without_pandera_it_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['pandera.errors'] = None\nfrom penstock.rows.schemas import schema_breaches\n"
        "try: schema_breaches(None, None)\nexcept Exception as error: print(type(error).__name__, error.hint)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("MissingExtra Install it: pip install 'penstock[pandera]'")
