from datetime import UTC, date, datetime

import polars as pl
import pytest

from penstock.rows.keys import broken, find, key_text, key_value, keys_at, missing, rows_of
from penstock.values.records import Records, records


def held(**columns: object) -> Records:
    found = records(pl.DataFrame(columns))
    assert found is not None
    return found


def test_keys_are_written_as_their_values() -> None:
    assert key_text(["EWR", datetime(2013, 7, 4, 9, tzinfo=UTC)]) == "EWR/2013-07-04T09:00:00+00:00"
    assert key_value(7.0) == "7"
    assert key_value(None) == ""
    assert key_value(date(2013, 7, 4)) == "2013-07-04"


def test_a_key_is_found_whole() -> None:
    rows = held(id=["2013/UA1/EWR", "2013/UA2/EWR"])
    found = find(rows, ["id"], "2013/UA2/EWR")
    assert (found.key, found.rows.tolist()) == ("2013/UA2/EWR", [1])


@pytest.mark.parametrize(
    ("text", "row"),
    [("EWR/2013-07-04T09:00:00+00:00", 0), ("EWR/2013-07-04T05:00:00-04:00", 0), ("a/b/2013-07-04T09:00:00", 2)],
)
def test_composite_keys_of_any_type_and_with_slashes(text: str, row: int) -> None:
    hour = datetime(2013, 7, 4, 9, tzinfo=UTC)
    rows = held(origin=["EWR", "JFK", "a/b"], hour=[hour, hour, hour])
    found = find(rows, ["origin", "hour"], text)
    assert found.rows.tolist() == [row]
    assert found.key == key_text([rows.row(row)["origin"], hour])


def test_whole_numbers_dates_and_truth() -> None:
    rows = held(n=[1, 2, 30], on=[date(2013, 1, 1), date(2013, 1, 2), date(2013, 1, 3)], yes=[True, False, True])
    assert find(rows, ["n"], "30").rows.tolist() == [2]
    assert find(rows, ["on"], "2013-01-02").rows.tolist() == [1]
    assert find(rows, ["n", "yes"], "1/true").rows.tolist() == [0]
    assert find(rows, ["n"], "x").key == ""


def test_a_part_of_a_key_lists_candidates_those_that_begin_so_first() -> None:
    rows = held(id=["x-UA1", "UA12", "UA1", "DL1"])
    found = find(rows, ["id"], "ua1")
    assert found.partial
    assert found.many == 3
    assert set(found.candidates) == {"x-UA1", "UA12", "UA1"}
    assert find(rows, ["id"], "UA").candidates[:2] == ("UA12", "UA1")


def test_a_typo_has_close_matches() -> None:
    rows = held(id=[f"2013-07-04/UA{n}/EWR" for n in range(100, 200)])
    found = find(rows, ["id"], "2013-07-04/UA10l/EWR")
    assert not found.partial
    assert any(one.startswith("2013-07-04/UA10") for one in found.candidates)


def test_a_typo_among_very_many() -> None:
    rows = held(id=[f"k{n:07d}" for n in range(300_000)])
    assert find(rows, ["id"], "k0123456x").candidates


def test_keys_that_do_not_name_their_rows() -> None:
    rows = held(id=["a", "b", None, "a", "c", "b"])
    found = broken(rows, ["id"])
    assert found.missing.tolist() == [2]
    assert sorted(found.repeated.tolist()) == [0, 1, 3, 5]
    assert [rows.row(int(n))["id"] for n in found.repeated] in (["a", "a", "b", "b"], ["b", "b", "a", "a"])
    assert keys_at(rows, ["id"], [4, 0]) == ("c", "a")


def test_a_value_of_another_type_is_in_no_row() -> None:
    assert rows_of(held(id=[1, 2]), ["id"], ["x"]).size == 0
    assert rows_of(held(id=["a"]), ["id"], ["a"]).tolist() == [0]
    assert rows_of(held(id=["a"]), [], []).size == 0


def test_numbers_that_are_none_name_no_row() -> None:
    table = held(v=[1.0, float("nan"), None, float("inf")])
    assert keys_at(table, ["v"], range(4)) == ("1", "#1", "#2", "inf")
    assert [missing(one) for one in (None, float("nan"), float("inf"), "", 0)] == [True, True, False, False, False]
