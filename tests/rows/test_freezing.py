"""What is inferred of rows holds for these rows; and what differs from it is told, with the rows."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.model.contract import Contract
from penstock.model.frozen import Breach, FrozenColumn, FrozenFreshness, FrozenRows, FrozenTable
from penstock.rows.freezing import breaches, freeze, type_of
from penstock.values.records import records

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def table(n: int = 300) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [f"r{i}" for i in range(n)],
            "at": [datetime(2026, 1, 1 + i % 28, tzinfo=UTC) for i in range(n)],
            "country": ["FI", "SE", "NO"] * (n // 3),
            "amount": [10 + i % 40 for i in range(n)],
            "share": [None if i % 20 == 0 else i / n - 0.5 for i in range(n)],
            "paid": [i % 2 == 0 for i in range(n)],
        }
    )


CONTRACT = Contract(key=("id",), time="at")


def frozen(frame: Any, contract: Contract = CONTRACT, now: datetime = NOW) -> FrozenTable:
    held = records(frame)
    assert held is not None
    return freeze(held, contract, source="orders", run="r", now=now)


def broken(frame: Any, said: FrozenTable, now: datetime = NOW) -> list[Breach]:
    held = records(frame)
    assert held is not None
    return breaches(said, held, now=now)


def test_what_is_inferred() -> None:
    said = frozen(table())
    assert said.rows == FrozenRows(150, 600)
    assert said.newest == FrozenFreshness("at", "2026-01-28T00:00:00+00:00", 9)
    assert said.columns == {
        "id": FrozenColumn("text", unique=True),
        "at": FrozenColumn("instant"),
        "country": FrozenColumn("text", values=["FI", "NO", "SE"]),
        "amount": FrozenColumn("integer", least=0, most=58),
        "share": FrozenColumn("number", nulls=0.1, least=-0.75, most=0.75),
        "paid": FrozenColumn("boolean"),
    }
    assert broken(table(), said) == []


def test_old_data_need_not_be_fresh() -> None:
    said = frozen(table(), now=datetime(2027, 1, 1, tzinfo=UTC))
    assert said.newest == FrozenFreshness("at", "2026-01-28T00:00:00+00:00")
    assert broken(table(), said, now=datetime(2040, 1, 1, tzinfo=UTC)) == []


CELLS = {
    "integer": st.none() | st.integers(-(10**9), 10**9),
    "number": st.none() | st.floats(width=32),
    "text": st.none() | st.sampled_from(["a", "b", "", "c é", "no", "1"]) | st.text(max_size=8),
    "boolean": st.none() | st.booleans(),
    "instant": st.none() | st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)),
    "date": st.none() | st.dates(date(1990, 1, 1)),
    "duration": st.none() | st.timedeltas(timedelta(0), timedelta(days=9)),
}
TYPES = {
    "integer": pl.Int64,
    "number": pl.Float64,
    "text": pl.String,
    "boolean": pl.Boolean,
    "instant": pl.Datetime("us"),
    "date": pl.Date,
    "duration": pl.Duration("us"),
}


@given(st.data(), st.sampled_from(["polars", "pandas", "arrow"]))
@settings(max_examples=120, deadline=None)
def test_rows_hold_what_was_frozen_of_them(data: st.DataObject, form: str) -> None:
    rows = data.draw(st.integers(0, 30))
    kinds = data.draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=4))
    frame = pl.DataFrame(
        {
            f"c{n}": pl.Series(data.draw(st.lists(CELLS[kind], min_size=rows, max_size=rows)), dtype=TYPES[kind])
            for n, kind in enumerate(kinds)
        }
    )
    given_ = {"polars": lambda: frame, "pandas": frame.to_pandas, "arrow": frame.to_arrow}[form]()
    contract = Contract(key=("c0",), time=f"c{len(kinds) - 1}")
    assert broken(given_, frozen(given_, contract)) == []
    assert broken(frame, frozen(frame, contract)) == []


@pytest.mark.parametrize(
    ("change", "column", "said"),
    [
        (lambda f: f.drop("amount"), "amount", "column `amount` is gone"),
        (lambda f: f.with_columns(amount=pl.col("amount").cast(pl.String)), "amount", "`amount` is text, not integer"),
        (lambda f: f.with_columns(amount=pl.col("amount") + 0.5), "amount", "`amount` is number, not integer"),
        (lambda f: f.with_columns(country=pl.col("country").replace("NO", "DE")), "country", "had not: DE (100 rows)"),
        (lambda f: f.with_columns(amount=pl.when(pl.col("id") == "r7").then(-5).otherwise("amount")), "amount", "`amount` is -5 in a row, not at least 0 (1 row)"),
        (lambda f: f.with_columns(amount=pl.col("amount") * 10), "amount", "not at most 58"),
        (lambda f: f.with_columns(amount=pl.when(pl.col("paid")).then("amount")), "amount", "50.0% of `amount` is missing, not at most 0.0%"),
        (lambda f: f.with_columns(id=pl.lit("r1")), "id", "300 rows share their `id` with another"),
        (lambda f: f[:100], "", "it has 100 rows, not at least 150"),
        (lambda f: pl.concat([f.with_columns(id=pl.col("id") + str(n)) for n in range(3)]), "", "not at most 600"),
        (lambda f: f.filter(pl.col("at") < datetime(2026, 1, 20, tzinfo=UTC)), "at", "older than 2026-01-28"),
    ],
)  # fmt: skip
def test_each_way_to_differ_is_told(change: Any, column: str, said: str) -> None:
    found = broken(change(table()), frozen(table()))
    assert [one.column for one in found] == [column]
    assert said in found[0].what


def test_rows_are_named_worst_first() -> None:
    frame = table().with_columns(
        amount=pl.when(pl.col("id") == "r7").then(-5).when(pl.col("id") == "r9").then(-50).otherwise("amount")
    )
    (one,) = broken(frame, frozen(table()))
    assert (one.rows, one.count, one.found) == ((9, 7), 2, -50)


def test_data_that_stopped_coming() -> None:
    (one,) = broken(table(), frozen(table()), now=NOW + timedelta(days=30))
    assert "33.0 days old, not at most 9" in one.what


def test_whole_numbers_may_come_as_numbers_where_one_is_missing() -> None:
    said = frozen(pd.DataFrame({"n": [1, 2, 3] * 50}), Contract())
    loose = FrozenTable("x", columns={"n": FrozenColumn("integer", nulls=0.5)})
    assert said.columns["n"].type == "integer"
    assert broken(pd.DataFrame({"n": [1, None, 3]}), loose) == []
    assert broken(pd.DataFrame({"n": [1, None, 3.5]}), loose)[0].what == "`n` is number, not integer"
    assert (
        broken(
            pd.DataFrame({"n": [None, None]}, dtype=object),
            FrozenTable("x", columns={"n": FrozenColumn("integer", nulls=1)}),
        )
        == []
    )


def test_new_columns_are_welcome_unless_said() -> None:
    said = frozen(table())
    more = table().with_columns(new=1)
    assert broken(more, said) == []
    strict = FrozenTable("orders", columns=said.columns, more_columns=False)
    assert [one.what for one in broken(more, strict)] == ["column `new` is new"]


def test_a_key_of_several_columns() -> None:
    frame = pl.DataFrame({"a": [1, 1, 2, 2], "b": [1, 2, 1, 2]})
    said = frozen(frame, Contract(key=("a", "b")))
    assert said.key == ["a", "b"]
    (one,) = broken(pl.DataFrame({"a": [1, 1, 2], "b": [1, 1, 1]}), said)
    assert (one.column, one.rows) == ("a, b", (0, 1))
    assert frozen(pl.DataFrame({"a": [1, 1], "b": [1, 1]}), Contract(key=("a", "b"))).key == []


def test_categories_of_pandas_and_dictionaries_of_arrow() -> None:
    frame = pd.DataFrame({"c": pd.Categorical(["x", "y"] * 50)})
    said = frozen(frame, Contract())
    assert said.columns["c"] == FrozenColumn("text", values=["x", "y"])
    assert broken(frame, said) == []
    assert broken(pa.table({"c": pa.array(["x", "z"] * 50).dictionary_encode()}), said)[0].found == ["z"]


def test_words_for_types() -> None:
    kinds = [
        pa.int8(),
        pa.float16(),
        pa.decimal128(9, 2),
        pa.string(),
        pa.large_string(),
        pa.bool_(),
        pa.timestamp("ns", "UTC"),
        pa.date32(),
        pa.time64("us"),
        pa.duration("s"),
        pa.binary(),
        pa.list_(pa.int8()),
    ]
    words = [
        "integer",
        "number",
        "number",
        "text",
        "text",
        "boolean",
        "instant",
        "date",
        "time",
        "duration",
        "bytes",
        "other",
    ]
    assert [type_of(one) for one in kinds] == words


def test_values_listed_by_hand_for_another_type() -> None:
    said = FrozenTable("x", columns={"n": FrozenColumn("integer", values=["a"])})
    assert "of another type" in broken(pl.DataFrame({"n": [1]}), said)[0].what


def test_arrays_and_odd_columns() -> None:
    draw = np.random.default_rng(0)
    said = frozen(draw.normal(size=(50, 3)), Contract())
    assert [one.type for one in said.columns.values()] == ["number"] * 3
    odd = pl.DataFrame({"l": [[1], [2]], "t": [time(1), time(2)], "z": pl.Series([None, None])})
    assert broken(odd, frozen(odd, Contract())) == []
