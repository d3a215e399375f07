from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.rows.account import fates, rates
from penstock.rows.relation import Key, relate
from penstock.values.records import Records, records

KEY = [Key("s", ("id",))]


def held(frame: Any) -> Records:
    found = records(frame)
    assert found is not None
    return found


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.lists(st.integers(-2, 11), min_size=1, max_size=30))
def test_nothing_is_counted_twice_or_forgotten(above: list[int], below: list[int]) -> None:
    """Against counting by hand, with keys that are repeated above and below, missing (-1, -2), and new ones."""
    up = held(pl.DataFrame({"id": [f"k{n}" for n in above]}))
    down = held(pl.DataFrame({"id": [None if n < 0 else f"k{n}" for n in below]}, schema={"id": pl.String}))
    relation = relate(up, down, KEY)
    if relation.method != "key":
        return
    found = fates([relation])
    for key in set(above):
        became = sorted(found.became[n] for n, one in enumerate(above) if one == key)
        here, there = above.count(key), below.count(key)
        assert sum(became) == there
        assert became[-1] - became[0] <= 1
        assert sum(one == 0 for one in became) == max(here - there, 0)
    assert found.new == sum(n not in above for n in below)


def test_sides_add_up_and_parts_of_the_same_rows_do_not() -> None:
    frame = pl.DataFrame({"id": list("abcdef"), "x": range(6)})
    train, test = frame.head(3), frame.slice(3, 2)
    relations = [
        relate(held(frame), held(one), KEY, equivariant=lambda _: True) for one in (train, test, train.select("id"))
    ]
    found = fates(relations)
    assert found.became.tolist() == [1, 1, 1, 1, 1, 0]
    assert (found.new, found.distinct) == (0, 5)


def test_a_row_on_both_sides_is_two() -> None:
    frame = pl.DataFrame({"id": list("abc")})
    relations = [relate(held(frame), held(one), KEY) for one in (frame.head(2), frame.tail(2))]
    assert fates(relations).became.tolist() == [1, 2, 1]


def test_rates_by_label_group_and_time() -> None:
    start = datetime(2013, 1, 1)
    frame = pl.DataFrame(
        {
            "late": [n % 4 == 0 for n in range(100)],
            "carrier": ["AA", "UA"] * 50,
            "at": [start + timedelta(days=n) for n in range(100)],
            "delay": [float(n) if n % 10 else None for n in range(100)],
        }
    )
    dropped = np.array([n % 4 == 0 for n in range(100)])
    found = {(one.by, one.column): one.parts for one in rates(
        held(frame), dropped, {"label": "late", "group": "carrier", "time": "at", "other": "delay"}
    )}  # fmt: skip
    assert {part.value: (part.rows, part.dropped) for part in found["label", "late"]} == {
        "True": (25, 25),
        "False": (75, 0),
    }
    assert {part.value: (part.rows, part.dropped) for part in found["group", "carrier"]} == {
        "AA": (50, 25),
        "UA": (50, 0),
    }
    spans = found["time", "at"]
    assert len(spans) == 10
    assert sum(part.rows for part in spans) == 100
    assert spans[0].value == "2013-01-01 to 2013-01-10"
    numbers = found["other", "delay"]
    assert numbers[-1].value == "missing"
    assert sum(part.rows for part in numbers) == 100
    assert sum(part.dropped for part in numbers) == 25


def test_rare_values_are_told_together() -> None:
    frame = pl.DataFrame({"c": [f"v{n}" for n in range(50)]})
    (found,) = rates(held(frame), np.ones(50, bool), {"group": "c"})
    assert len(found.parts) == 11
    assert found.parts[-1].value == "others"
    assert found.parts[-1].rows == found.parts[-1].dropped == 40
