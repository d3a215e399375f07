"""Relations against a truth that the tables themselves do not hold: the positions that each operation took."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.rows.relation import Key, agreeing, key_columns, relate, unknown
from penstock.values.records import records

KEY = [Key("flights", ("id",))]


def table(rows: int, seed: int = 0) -> dict[str, list[Any]]:
    draw = random.Random(seed)
    return {
        "id": [f"r{n:04d}" for n in draw.sample(range(10_000), rows)],
        "x": [draw.uniform(0, 1) for _ in range(rows)],
        "carrier": [draw.choice(["AA", "UA", "DL"]) for _ in range(rows)],
        "delay": [draw.choice([None, 1, 2, 3]) for _ in range(rows)],
    }


def to_polars(columns: dict[str, list[Any]]) -> Any:
    return pl.DataFrame(columns)


def to_pandas(columns: dict[str, list[Any]]) -> Any:
    return pd.DataFrame(columns)


def to_arrow(columns: dict[str, list[Any]]) -> Any:
    return pl.DataFrame(columns).to_arrow()


def to_dicts(columns: dict[str, list[Any]]) -> Any:
    return pl.DataFrame(columns).to_dicts()


MAKERS = [to_polars, to_pandas, to_arrow, to_dicts]


def take(columns: dict[str, list[Any]], places: list[int], names: list[str]) -> dict[str, list[Any]]:
    return {name: [columns[name][place] for place in places] for name in names}


def held(value: Any) -> Any:
    found = records(value)
    assert found is not None
    return found


def truth(relation: Any, places: list[int], rows: int) -> None:
    """Row by row, in both directions."""
    for above in range(rows):
        assert relation.rows_below([above]).tolist() == [b for b, place in enumerate(places) if place == above]
    for below, place in enumerate(places):
        assert place in relation.rows_above([below]).tolist()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 30).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.integers(0, n - 1), min_size=1, max_size=40))
    ),
    st.sampled_from(MAKERS),
)
def test_a_key_tells_filters_sorts_and_fan_outs(case: tuple[int, list[int]], make: Callable[..., Any]) -> None:
    rows, places = case
    columns = table(rows)
    relation = relate(held(make(columns)), held(make(take(columns, places, ["id", "delay"]))), KEY)
    assert relation.method == "key"
    truth(relation, places, rows)


@settings(max_examples=60, deadline=None)
@given(st.integers(25, 40).flatmap(lambda n: st.tuples(st.just(n), st.permutations(range(n)), st.integers(1, 24))))
def test_content_tells_where_the_key_is_gone(case: tuple[int, list[int], int]) -> None:
    rows, order, kept = case
    columns = table(rows)
    places = list(order[:kept])
    below = take(columns, places, ["x", "carrier", "delay"])
    relation = relate(held(to_polars(columns)), held(to_polars(below)), KEY)
    assert relation.method == "content"
    truth(relation, places, rows)


def test_content_looks_past_columns_that_changed() -> None:
    columns = table(30)
    places = [5, 3, 20]
    below = {**take(columns, places, ["x", "carrier"]), "delay": [100, 200, 300]}
    relation = relate(held(to_polars(columns)), held(to_polars(below)), KEY)
    assert (relation.method, relation.by) == ("content", ("x", "carrier"))
    truth(relation, places, 30)


def test_content_that_two_rows_share_tells_nothing() -> None:
    above = pl.DataFrame({"id": ["a", "b", "c", "d"], "x": [1, 1, 2, 3]})
    assert relate(held(above), held(above.select("x").reverse().slice(1, 2)), KEY).method == "unknown"


def test_a_renamed_key_is_found_by_its_values() -> None:
    columns = table(40)
    places = [7, 1, 1, 30]
    below = {"flight": [columns["id"][n] for n in places], "n": [1, 2, 3, 4]}
    relation = relate(held(to_polars(columns)), held(to_polars(below)), KEY)
    assert (relation.method, relation.by) == ("key", ("flight",))
    assert "now `flight`" in relation.why
    truth(relation, places, 40)


def test_a_column_of_the_keys_name_that_holds_something_else_is_none() -> None:
    above = held(pl.DataFrame({"hour": ["2013-01-01T05", "2013-01-01T06"], "temp": [1.5, 2.5]}))
    below = held(pl.DataFrame({"hour": [5, 6], "delay": [1.0, 2.0]}))
    key = Key("weather", ("hour",))
    assert key_columns(above, key) == ("hour",)
    assert key_columns(below, key, above) is None
    assert relate(above, below, [key]).method == "unknown"


def test_the_finest_key_is_taken() -> None:
    above = pl.DataFrame({"id": ["a", "b", "c"], "tail": ["t", "t", "u"]})
    keys = [Key("planes", ("tail",)), Key("flights", ("id",))]
    assert relate(held(above), held(above.head(2)), keys).by == ("id",)


def test_the_index_of_pandas() -> None:
    frame = pd.DataFrame({"x": [3, 1, 2, 3, 1]})
    below = frame[frame.x != 2].sort_values("x")[["x"]] * 100
    relation = relate(held(frame), held(below), [])
    assert relation.method == "index"
    truth(relation, below.index.tolist(), 5)


def test_an_index_that_only_counts_rows_says_nothing() -> None:
    frame = pd.DataFrame({"x": [3, 1, 2, 3, 1]})
    below = (frame.sort_values("x") * 100).reset_index(drop=True)
    assert relate(held(frame), held(below), []).method == "unknown"


def test_a_key_in_the_index_is_a_key() -> None:
    columns = table(10)
    below = pd.DataFrame(columns).set_index("id")[["x"]].iloc[[4, 2]] * 2
    relation = relate(held(to_pandas(columns)), held(below), KEY)
    assert relation.method == "key"
    truth(relation, [4, 2], 10)


@pytest.mark.parametrize("make", [lambda x: x, sp.csr_matrix, lambda x: x.tolist()])
def test_matrices_are_known_by_what_agrees(make: Callable[[Any], Any]) -> None:
    columns = table(50)
    matrix = np.column_stack([columns["x"], np.arange(50) * 2.0])
    relation = relate(held(to_polars(columns)), held(make(matrix) if make is not None else matrix), KEY)
    if isinstance(make(matrix), list):
        assert relation.method == "unknown"  # a list of lists is one column of lists
    else:
        assert relation.method == "position"
        truth(relation, list(range(50)), 50)


def test_a_matrix_of_numbers_made_anew_waits_for_a_probe() -> None:
    columns = table(50)
    scaled = np.array(columns["x"])[:, None] * 3 - 1
    above, below = held(to_polars(columns)), held(scaled)
    assert relate(above, below, KEY).method == "unknown"
    assert relate(above, below, KEY, row_aligned=True).method == "position"
    refused = relate(above, below, KEY, row_aligned=False)
    assert refused.method == "unknown"
    assert "probe" in refused.why


def test_a_constant_column_agrees_with_nothing() -> None:
    above = held(pl.DataFrame({"k": ["a"] * 50, "x": list(range(50))}))
    below = held(pl.DataFrame({"k": ["a"] * 50, "y": list(range(50, 0, -1))}))
    assert agreeing(above, below) == ()
    assert relate(above, below, []).method == "unknown"


def test_predictions_are_aligned_because_the_kind_says_so() -> None:
    above, below = held(pl.DataFrame(table(9))), held([0.5] * 9)
    assert relate(above, below, KEY, declared=True).method == "position"
    assert relate(above, below, KEY).method == "unknown"


def test_groups_of_an_aggregate() -> None:
    columns = table(60)
    frame = to_polars(columns)
    below = frame.group_by("carrier").agg(pl.col("x").mean()).sort("carrier")
    relation = relate(held(frame), held(below), KEY)
    assert (relation.method, relation.by) == ("group", ("carrier",))
    for row, carrier in enumerate(columns["carrier"]):
        assert relation.rows_below([row]).tolist() == [below["carrier"].to_list().index(carrier)]


def test_distinct_rows_of_some_columns_are_groups() -> None:
    frame = to_polars(table(60))
    assert relate(held(frame), held(frame.select("carrier", "delay").unique()), KEY).method == "group"


def test_places() -> None:
    columns = table(30)
    relation = relate(held(to_polars(columns)), held(to_polars(take(columns, [4, 2, 9], ["id"]))), KEY)
    assert relation.places().tolist() == [4, 2, 9]
    twice = {name: values * 2 for name, values in columns.items()}
    assert relate(held(to_polars(twice)), held(to_polars(columns)), KEY).places() is None


def test_an_unknown_relation_says_why() -> None:
    assert unknown("no reason").why == "no reason"
    assert "no source above declares a key" in relate(held([1, 2]), held([3, 4, 5]), []).why
