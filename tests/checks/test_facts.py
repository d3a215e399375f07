"""Facts of rows: clocks, identities in the base world and in others, and the rows that are the same in two tables."""

from collections import Counter
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.checks.facts import (
    NEVER,
    Identity,
    SourceFacts,
    identify,
    identify_again,
    join,
    known_by,
    occurrence,
    passed_through,
    ticks,
)
from penstock.model.contract import Contract
from penstock.values.records import Records, records

T = pd.date_range("2024-01-01", periods=4, freq="h", tz="UTC")
TRIPS = pd.DataFrame(
    {
        "id": ["a", "b", "c", "d"],
        "at": T,
        "end": [T[1], T[3], None, T[3]],
        "fare": [1.0, 2.0, 3.0, 4.0],
        "n": [7, 8, 9, 1],
    }
)
CONTRACT = Contract(key=("id",), time="at", known_at={"fare": "end"}, label=("fare",))


def held(value: Any) -> Records:
    found = records(value)
    assert found is not None
    return found


def trips(contract: Contract = CONTRACT) -> SourceFacts:
    return SourceFacts("trips", held(TRIPS), contract)


def test_instants_are_microseconds_whatever_library_holds_them() -> None:
    wanted = T.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64).tolist()
    for column in (T, T.tz_convert("America/New_York"), T.tz_localize(None), [str(one)[:19] for one in T]):
        assert ticks(held(pd.DataFrame({"t": column})).column("t")).tolist() == wanted
    assert ticks(held(pl.DataFrame({"t": list(T.to_pydatetime())})).column("t")).tolist() == wanted
    assert ticks(pa.chunked_array([pa.array([3, None])])).tolist()[0] == 3
    assert ticks(pa.chunked_array([pa.array(["x"])])) is None
    assert ticks(pa.chunked_array([pa.array([True])])) is None


def test_a_clock_gives_each_cell_its_instant_and_a_null_clock_none() -> None:
    facts = trips()
    assert set(facts.known) == {"fare", "end"}
    assert facts.known["fare"][2] == NEVER
    assert facts.late("fare").tolist() == [True, True, True, False]  # d ends as it begins
    assert not facts.late("n").any()
    assert facts.clocks == ("end",)
    assert facts.fixed == {"id", "at"}
    assert known_by(facts).tolist() == [facts.known["end"][0], facts.known["end"][1], facts.times[2], facts.times[3]]


def test_a_delay_counts_from_the_time_of_the_row_and_never_for_its_key() -> None:
    facts = trips(Contract(key=("id",), time="at", known_at={"*": timedelta(hours=1)}))
    assert set(facts.known) == {"end", "fare", "n"}
    assert (facts.known["n"] - facts.times).tolist() == [3.6e9] * 4
    assert known_by(trips(Contract(key=("id",)))) is None


def test_rows_are_named_by_key_or_index_or_position() -> None:
    assert trips().key_of(1) == "b"
    assert SourceFacts("t", held(TRIPS.set_index("n"))).key_of(1) == "8"
    assert SourceFacts("t", held(TRIPS)).key_of(1) == "1"


@pytest.mark.parametrize("make", [pd.DataFrame, lambda frame: pl.from_pandas(frame)])
def test_identities_hold_in_altered_worlds_by_the_same_means(make: Any) -> None:
    source = SourceFacts("trips", held(make(TRIPS)), CONTRACT)
    before = held(make(TRIPS.iloc[[3, 1, 0]][["id", "n"]].reset_index(drop=True)))
    base = identify(before, [source])
    assert base is not None and base.method == "key"
    assert base.at.tolist() == [3, 1, 0]
    after = held(make(pd.DataFrame({"id": ["a", "b", "d"], "n": [0, 0, 0]})))
    other = identify_again(base, before, after, source)
    assert other is not None
    assert other.at.tolist() == [0, 1, 3]
    mine, theirs = join(base, other)
    assert mine.tolist() == [0, 1, 2] and theirs.tolist() == [2, 1, 0]
    assert identify_again(base, before, held(make(pd.DataFrame({"n": [1]}))), source) is None


def test_an_index_or_a_position_tells_where_no_key_is_declared() -> None:
    source = SourceFacts("trips", held(TRIPS))
    kept = TRIPS[TRIPS["n"] > 7][["n"]]
    base = identify(held(kept), [source])
    assert base is not None and base.method == "index" and base.at.tolist() == [1, 2]
    altered = identify_again(base, held(kept), held(TRIPS[["n"]].iloc[[2, 3]] * 2), source)
    assert altered is not None and altered.at.tolist() == [2, 3]
    array = np.arange(8.0).reshape(4, 2)
    rows = SourceFacts("X", held(array))
    assert identify(held(array[:, :1] * 2), [rows]) is None
    placed = identify(held(array[:, :1] * 2), [rows], aligned_rows=True)
    assert placed is not None and placed.method == "position"
    assert identify_again(placed, held(array), held(array[:3]), rows) is None
    gone = identify_again(placed, held(array), held(array[:2]), rows, kept=np.array([1, 3]))
    assert gone is not None and gone.at.tolist() == [1, 3]


def test_rows_known_by_content_are_looked_up_in_the_altered_source() -> None:
    array = np.random.default_rng(0).normal(size=(30, 2))
    source = SourceFacts("X", held(array))
    base = identify(held(array[[5, 2, 9]]), [source])
    assert base is not None and base.method == "content" and base.at.tolist() == [5, 2, 9]
    altered = array.copy()
    altered[9] = [7.0, 8.0]
    again = identify_again(base, held(array[[5, 2, 9]]), held(altered[[2, 9, 5]]), source, world=held(altered))
    assert again is not None and again.at.tolist() == [2, 9, 5]


def test_a_key_that_does_not_name_its_row_counts_only_where_all_are_there() -> None:
    twice = pd.DataFrame({"id": ["a", "a", "b"], "n": [1, 2, 3]})
    source = SourceFacts("t", held(twice), Contract(key=("id",)))
    whole = identify(held(twice), [source])
    assert whole is not None and whole.at.tolist() == [0, 1, 2]
    some = identify(held(twice.iloc[1:]), [source])
    assert some is not None and some.at.tolist() == [-1, 2]


def test_columns_are_passed_through_under_their_name_or_another() -> None:
    out = held(TRIPS.rename(columns={"fare": "y"}).assign(n=0).iloc[::-1])
    source = trips()
    identity = identify(out, [source])
    assert identity is not None
    assert passed_through(out, identity, source, ["fare"]) == {"id": "id", "at": "at", "end": "end", "y": "fare"}


@given(st.lists(st.integers(-1, 4), max_size=12), st.lists(st.integers(-1, 4), max_size=12))
def test_rows_are_joined_as_often_as_both_have_them(left: list[int], right: list[int]) -> None:
    one, other = (Identity("s", at := np.array(rows, np.int64), occurrence(at), "key") for rows in (left, right))
    mine, theirs = join(one, other)
    assert [left[row] for row in mine] == [right[row] for row in theirs]
    as_many = {row for row in range(5) if left.count(row) == right.count(row)}
    assert Counter(left[row] for row in mine) == {row: left.count(row) for row in as_many if row in left}
    for row in as_many:  # the n-th stays the n-th
        assert [place for place in theirs if right[place] == row] == [at for at, one in enumerate(right) if one == row]


@given(st.lists(st.integers(0, 5)))
def test_occurrences_count_from_zero(numbers: list[int]) -> None:
    assert occurrence(np.array(numbers, np.int64)).tolist() == [
        numbers[:at].count(one) for at, one in enumerate(numbers)
    ]
