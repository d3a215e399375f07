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

from penstock.rows.evidence import agreeing
from penstock.rows.relation import Key, key_columns, relate, renamed, unknown
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


def shown(_: Key) -> bool:
    """What a probe of a step says that carries its key along."""
    return True


def truth(relation: Any, places: list[int], rows: int) -> None:
    """Row by row, in both directions."""
    for above in range(rows):
        assert relation.rows_below([above]).tolist() == [b for b, place in enumerate(places) if place == above]
    for below, place in enumerate(places):
        assert (place in relation.rows_above([below]).tolist()) is (place >= 0)


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
    relation = relate(held(make(columns)), held(make(take(columns, places, ["id", "delay"]))), KEY, equivariant=shown)
    assert relation.method == "key"
    truth(relation, places, rows)


@settings(max_examples=60, deadline=None)
@given(st.integers(25, 40).flatmap(lambda n: st.tuples(st.just(n), st.permutations(range(n)), st.integers(1, 12))))
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


def test_a_renamed_key_is_found_where_the_rows_are_known() -> None:
    for make in (str, int):  # whole numbers as well
        columns = {**table(40), "id": [make(n) for n in random.Random(1).sample(range(1000), 40)]}
        places = [7, 1, 1, 30]
        below = held(
            to_polars({"flight": [columns["id"][n] for n in places], **take(columns, places, ["x", "carrier"])})
        )
        above = held(to_polars(columns))
        relation = relate(above, below, KEY)
        truth(relation, places, 40)
        assert renamed(above, below, ("id",), relation) == ("flight",)
        assert key_columns(below, KEY[0], above) == ("flight",)


def test_values_of_the_key_in_another_column_make_no_key() -> None:
    """The boss of a row is the key of another row."""
    above = {**table(40)}
    above["boss"] = [above["id"][n // 5] for n in range(40)]
    frame = to_polars(above)
    counted = frame.group_by("boss", maintain_order=True).agg(n=pl.len(), x=pl.col("x").mean())
    relation = relate(held(frame), held(counted), KEY)
    assert (relation.method, relation.by) == ("group", ("boss",))
    assert key_columns(held(counted), KEY[0], held(frame)) is None
    for name in ("manager", "boss"):
        below = held(counted.select(pl.col("boss").alias(name), "n"))
        assert relate(held(frame), below, KEY).method in ("group", "unknown")
        assert key_columns(below, KEY[0], held(frame)) is None


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
    assert relate(held(above), held(above.head(2)), keys, equivariant=shown).by == ("id",)


def test_the_index_of_pandas() -> None:
    frame = pd.DataFrame({"x": [3, 1, 2, 5, 4]})
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
    assert relate(held(to_pandas(columns)), held(below), KEY).method == "unknown"
    relation = relate(held(to_pandas(columns)), held(below), KEY, equivariant=shown)
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
    relation = relate(
        held(to_polars(columns)), held(to_polars(take(columns, [4, 2, 9], ["id"]))), KEY, equivariant=shown
    )
    assert relation.places().tolist() == [4, 2, 9]
    twice = {name: values * 2 for name, values in columns.items()}
    assert relate(held(to_polars(twice)), held(to_polars(columns)), KEY).places() is None


def test_an_unknown_relation_says_why() -> None:
    assert unknown("no reason").why == "no reason"
    assert "no source above declares a key" in relate(held([1, 2]), held([3, 4, 5]), []).why


# --- what looks like a relation and is none


def store_table(rows: int = 60) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    return pd.DataFrame(
        {"store": draw.integers(1, 9, rows), "sales": draw.normal(size=rows), "day": np.arange(rows) % 7}
    )


def test_labels_of_groups_are_no_positions() -> None:
    """Stores 1 to 8 are not the rows 1 to 8."""
    frame = store_table()
    for below in (
        frame.groupby("store").mean(),
        frame.groupby("store", sort=False)[["sales"]].sum(),
        frame.groupby(frame["store"].to_numpy())[["sales"]].mean(),
    ):
        relation = relate(held(frame), held(below), [])
        assert relation.method in ("group", "unknown"), relation.why
        if relation.method == "group":
            stores = list(below.index)
            for row, store in enumerate(frame["store"]):
                assert relation.rows_below([row]).tolist() == [stores.index(store)]


def test_labels_that_were_given_anew_are_no_positions() -> None:
    frame = store_table()
    order = np.random.default_rng(1).permutation(60)
    for below in (
        frame.set_index(pd.Index(order)),
        frame.assign(n=order).set_index("n"),
        frame[["sales"]].set_index(pd.Index(order)),
        frame[frame["sales"] > 0].reset_index(drop=True).sort_values("day"),
    ):
        relation = relate(held(frame), held(below), [])
        assert relation.method != "index"
        at = relation.places()
        assert at is None or np.array_equal(frame["sales"].to_numpy()[at], below["sales"].to_numpy())


def test_one_frame_below_another_is_not_its_rows() -> None:
    frame = store_table()
    other = store_table(30).assign(sales=lambda f: f["sales"] + 50)
    relation = relate(held(frame), held(pd.concat([frame, other])), [])
    assert relation.method == "position"
    truth(relation, [*range(60), *[-1] * 30], 60)
    assert relate(held(other), held(pd.concat([frame, other])), []).rows_below([0]).tolist() == [60]


def test_columns_that_come_round_again_tell_no_order() -> None:
    frame = pl.from_pandas(store_table()).with_columns(
        hour=pl.int_range(pl.len()) % 6, store=pl.int_range(pl.len()) // 15
    )
    within = frame.sort("store", "sales")  # the store agrees in every row
    assert relate(held(frame), held(within.select("store", z=pl.col("sales") * 2)), []).method == "unknown"
    assert (
        relate(held(frame), held(frame.reverse().with_columns(frame["hour"]).select("hour", "sales")), []).method
        == "unknown"
    )
    later = pl.concat([frame.slice(6), frame.head(6)])  # the hour does
    relation = relate(held(frame), held(later), [])
    assert relation.places().tolist() == [*range(6, 60), *range(6)]
    assert relate(held(frame), held(later.select("hour", z=pl.col("sales") * 2)), []).method == "unknown"


def test_a_key_that_another_sources_rows_bear_as_well_needs_more() -> None:
    draw = np.random.default_rng(0)
    orders = pl.DataFrame({"id": np.arange(50), "customer": draw.integers(0, 50, 50), "sum": draw.normal(size=50)})
    customers = pl.DataFrame({"id": np.arange(50), "age": draw.normal(size=50)})
    joined = orders.join(customers, left_on="customer", right_on="id", how="left", maintain_order="left")
    key = [Key("customers", ("id",))]
    relation = relate(held(customers), held(joined), key, rivals=["customers"])
    if relation.method != "unknown":
        truth(relation, orders["customer"].to_list(), 50)
    assert relate(held(customers), held(joined.drop("age")), key, rivals=["customers"]).method == "unknown"
    assert "names of their own" in relate(held(customers), held(joined.drop("age")), key, rivals=["customers"]).why
    assert relate(held(orders), held(joined), [Key("orders", ("id",))], rivals=["orders"]).method == "key"


def test_an_aggregate_that_keeps_one_key_of_each_group_is_a_group() -> None:
    frame = to_polars(table(60))
    made = frame.group_by("carrier", maintain_order=True).agg(pl.col("id").first(), pl.col("x").mean(), n=pl.len())
    relation = relate(held(frame), held(made), KEY)
    assert (relation.method, relation.by) == ("group", ("carrier",))
    kept = frame.unique("carrier", keep="first", maintain_order=True)
    assert relate(held(frame), held(kept), KEY).method == "key"
    assert relate(held(frame), held(kept.with_columns(z=pl.col("x") * 2)), KEY).method == "key"


def test_one_row_of_each_with_something_new_is_that_row() -> None:
    frame = to_polars(table(60))
    kept = frame.unique("carrier", keep="first", maintain_order=True).with_columns(z=pl.col("x") * 2)
    relation = relate(held(frame), held(kept), [])
    assert relation.method == "content"
    assert sum(relation.rows_below([row]).size for row in range(60)) == 3


def test_a_lag_is_not_the_row_before() -> None:
    frame = to_polars(table(60))
    for below in (
        frame.select(pl.col("x").shift(1)).drop_nulls(),
        frame.select(pl.col("x", "carrier").shift(1)).drop_nulls(),
        frame.select(pl.col("x", "carrier").shift(-1)).drop_nulls(),
        frame.select(pl.col("x", "carrier").shift(1).fill_null(strategy="backward")),
    ):
        assert relate(held(frame), held(below), KEY).method == "unknown"


def test_rows_without_a_key_are_told_by_what_they_hold_and_not_by_their_order() -> None:
    frame = pl.DataFrame(
        {"id": ["a", None, "b", None, None], "x": [1.0, 2.0, 3.0, 4.0, 5.0], "y": [9.0, 8.0, 7.0, 6.0, 5.0]}
    )
    relation = relate(held(frame), held(frame.reverse()), KEY)
    truth(relation, [4, 3, 2, 1, 0], 5)
    changed = frame.reverse().with_columns(x=pl.col("x") * 3, y=pl.col("y") * 3)
    relation = relate(held(frame), held(changed), KEY, equivariant=shown)
    assert relation.places() is None, "which is which is not said"
    assert relation.rows_below([0]).tolist() == [4]
    twice = pl.concat([changed, changed])
    assert relate(held(frame), held(twice), KEY).method == "unknown"


def test_keys_that_were_counted_anew_are_other_rows() -> None:
    draw = np.random.default_rng(0)
    frame = pl.DataFrame(
        {"id": np.arange(50), "x": draw.normal(size=50), "y": draw.normal(size=50), "s": ["a", "b"] * 25}
    )
    below = frame.sort("x").with_columns(id=pl.int_range(50))
    relation = relate(held(frame), held(below), KEY)
    assert relation.method in ("content", "unknown")
    if relation.method == "content":
        truth(relation, frame["x"].arg_sort().to_list(), 50)
    assert relate(held(frame), held(frame.with_columns(x=pl.col("x") * 2)), KEY).method == "key"
