"""What became of a table: checked against a table whose edits are known."""

import datetime as dt
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.values.difference import difference, is_rows

cells = st.none() | st.integers(-3, 3) | st.text(max_size=2)


@st.composite
def edited(draw: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]], set[int], set[int], set[int]]:
    """Records with a key, and what became of them: some gone, some added, some changed, in another order."""
    keys = draw(st.lists(st.integers(0, 60), unique=True, min_size=1, max_size=30))
    before = [{"id": key, "x": draw(st.integers(-5, 5)), "y": draw(st.text(max_size=2))} for key in keys]
    gone = {row["id"] for row in before if draw(st.booleans())}
    kept = [dict(row) for row in before if row["id"] not in gone]
    changed = set()
    for row in kept:
        if draw(st.booleans()):
            row["x"] += 10
            changed.add(row["id"])
    new = draw(st.lists(st.integers(61, 90), unique=True, max_size=5))
    after = [*kept, *[{"id": key, "x": 0, "y": ""} for key in new]]
    return before, draw(st.permutations(after)), gone, set(new), changed


@given(edited(), st.sampled_from(["records", "polars"]))
def test_each_edit_is_found_by_key(case: Any, kind: str) -> None:
    before, after, gone, added, changed = case
    if kind == "polars":
        schema = {"id": pl.Int64, "x": pl.Int64, "y": pl.String}
        before, after = pl.DataFrame(before, schema), pl.DataFrame(after, schema)
    elif not after:
        return
    found = difference(before, after, [["nothing"], ["id"]])
    assert (found.by, found.key) == ("key", ("id",))
    assert (found.gone, found.added, found.changed) == (len(gone), len(added), len(changed))
    assert {row["id"] for row in found.gone_examples} <= gone
    assert {row["id"] for row in found.added_examples} <= added
    assert len(found.added_examples) == min(len(added), 5)
    for column in found.moved:
        assert (column.column, column.count) == ("x", len(changed))
        assert all(key in changed and new == old + 10 for key, old, new in column.examples)


@given(st.lists(st.fixed_dictionaries({"a": cells, "b": cells}), min_size=1, max_size=20), st.randoms())
def test_the_same_rows_in_another_order(rows: list[dict[str, Any]], random: Any) -> None:
    other = list(rows)
    random.shuffle(other)
    found = difference(rows, other)
    assert (found.added, found.gone, found.changed) == (0, 0, 0)
    assert found.reordered is (rows != other)


def test_by_position() -> None:
    found = difference(pl.DataFrame({"a": [1, 2, 3]}), pl.DataFrame({"a": [1, 5, 3]}))
    assert (found.by, found.changed, found.rows) == ("position", 1, (3, 3))
    assert found.moved[0].examples == ((1, 2, 5),)


def test_by_content_where_rows_were_lost() -> None:
    found = difference(pl.DataFrame({"a": [1, 2, 2, 3]}), pl.DataFrame({"a": [2, 3, 4]}))
    assert (found.by, found.added, found.gone) == ("content", 1, 2)
    assert found.gone_examples == ({"a": 1}, {"a": 2})
    assert found.added_examples == ({"a": 4},)


def test_columns_and_types() -> None:
    before = pl.DataFrame({"id": [1, 2], "old": [1, 2], "x": [1, 2]})
    after = pl.DataFrame({"id": [1, 2], "new": [1, 2], "x": [1.0, 2.0]})
    found = difference(before, after, [("id",)])
    assert (found.columns_gone, found.columns_added, found.columns) == (("old",), ("new",), (3, 3))
    assert found.changed == 0
    assert [(one.column, one.count, one.types) for one in found.moved] == [("x", 0, ("Int64", "Float64"))]


def test_a_key_that_names_no_row_is_passed_over() -> None:
    twice = pl.DataFrame({"id": [1, 1], "x": [1, 2]})
    assert difference(twice, twice, [["id"]]).by == "position"
    found = difference(twice, twice, [["id"], ["id", "x"]])
    assert found.key == ("id", "x")


def test_what_rounding_explains_is_no_change() -> None:
    before = pl.DataFrame({"id": [1, 2, 3], "x": [1.0, 2.0, 3.0]})
    after = before.with_columns(pl.col("x") * (1 + 1e-13))
    assert difference(before, after, [["id"]]).moved == ()
    assert difference(before.to_dicts(), after.to_dicts(), [["id"]]).moved == ()


def test_a_missing_value_and_nan_are_two_things() -> None:
    before = pl.DataFrame({"id": [1, 2, 3], "x": [float("nan"), None, 1.0]})
    after = pl.DataFrame({"id": [1, 2, 3], "x": [None, None, 1.0]})
    found = difference(before, after, [["id"]])
    assert [(one.column, one.count, one.examples[0][0]) for one in found.moved] == [("x", 1, 1)]
    assert difference(before, before, [["id"]]).changed == 0


def test_the_index_of_a_pandas_frame_counts_where_it_says_something() -> None:
    rows = {"a": [1.0, float("nan")]}
    before, after = (pd.DataFrame(rows, index=pd.Index(["p", last], name="place")) for last in ("q", "r"))
    found = difference(before, after)
    assert [(one.column, one.examples) for one in found.moved] == [("place", ((1, "q", "r"),))]
    assert difference(before, after, [["place"]]).by == "key"
    assert difference(pd.DataFrame(rows), pd.DataFrame(rows)).columns == (1, 1)
    assert difference(pd.DataFrame(rows, index=[5, 6]), pd.DataFrame(rows)).columns_gone == ("index",)
    pairs = pd.DataFrame(rows, index=pd.MultiIndex.from_tuples([(1, "a"), (1, "b")], names=["n", "s"]))
    assert difference(pairs, pairs.iloc[:1], [["n", "s"]]).gone == 1


def test_clocks_as_keys() -> None:
    hours = [dt.datetime(2026, 1, 1, hour, tzinfo=dt.UTC) for hour in range(3)]
    found = difference(pl.DataFrame({"t": hours}), pl.DataFrame({"t": hours[1:]}), [["t"]])
    assert (found.gone, found.gone_examples) == (1, ({"t": hours[0]},))


def test_what_has_no_rows() -> None:
    assert not is_rows([1, 2])
    assert not is_rows([])
    assert not is_rows({"a": 1})
    assert not is_rows([{1: 2}])
    with pytest.raises(TypeError):
        difference([1], [2])
