"""Worlds alter values, and nothing else: rows, order, keys, instants and types stay; clocks stay later than the cut."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.checks.trips import CONTRACT, trips

from penstock.checks.facts import SourceFacts
from penstock.checks.worlds import collapse, donors, extreme, flip, gone, stretch
from penstock.values.records import records
from penstock.values.table import Table

MAKE = [lambda frame: frame, pl.from_pandas]
BUILD: list[Any] = [
    lambda *it: donors(*it, cut=CUT),
    lambda *it: collapse(*it, 3, cut=CUT),
    lambda *it: flip(*it, cut=CUT),
    lambda *it: stretch(*it, cut=CUT),
    extreme,
]
CUT = float(pd.Timestamp("2024-01-05").value // 1000)


def facts(value: Any) -> SourceFacts:
    held = records(value)
    assert held is not None
    return SourceFacts("trips", held, CONTRACT)


@pytest.mark.parametrize("make", MAKE)
@pytest.mark.parametrize("build", BUILD)
def test_only_the_cells_that_are_meant_are_altered(make: Any, build: Any) -> None:
    value = make(trips())
    source = facts(value)
    after = source.times > CUT
    masks = {name: after for name in source.records.columns if name not in source.fixed}
    altered = build(source, value, masks)
    assert type(altered) is type(value)
    assert Table(altered).dtypes == Table(value).dtypes
    held = facts(altered)
    for name in source.records.columns:
        one, two = source.records.column(name).to_pylist(), held.records.column(name).to_pylist()
        moved = np.array([a != b for a, b in zip(one, two, strict=True)])
        assert not moved[~after].any()
        if name in masks:
            assert moved[after].mean() > 0.5
        else:
            assert not moved.any()


@pytest.mark.parametrize("build", BUILD[:4])
def test_clocks_stay_later_than_the_cut_and_than_their_row(build: Any) -> None:
    value = trips()
    value.loc[::9, "end"] = pd.NaT
    source = facts(value)
    late = (source.times > CUT) | (source.known["end"] > CUT)
    altered = facts(build(source, value, {"end": late, "fare": late}))
    assert (altered.known["end"][late] > CUT).all()
    assert (altered.known["end"] > altered.times).all()
    assert (altered.known["end"][~late] == source.known["end"][~late]).all()


def test_numbers_lie_a_little_or_far_beyond_what_was_seen() -> None:
    value = trips()
    source, every = facts(value), np.ones(len(trips()), bool)
    top = value["miles"].max()
    near, far = (build(source, value, {"miles": every})["miles"].max() for build in (stretch, extreme))
    assert top < near < top + 2 * value["miles"].std()
    assert far > top + 20 * value["miles"].std()
    assert "never seen" in extreme(source, value, {"zone": every})["zone"].to_numpy()
    assert set(flip(source, value, {"zone": every})["zone"]) <= set(value["zone"])


def test_donors_come_from_the_pool() -> None:
    value = trips()
    source = facts(value)
    pool = np.arange(350, 400)
    mask = np.isin(np.arange(400), pool)
    altered = donors(source, value, {"miles": mask}, pool=pool)
    assert set(altered["miles"][350:]) == set(value["miles"][350:])
    assert altered["miles"][:350].equals(value["miles"][:350])


@given(st.lists(st.booleans(), min_size=4, max_size=4))
def test_rows_are_gone_and_the_others_known(rows: list[bool]) -> None:
    value, kept = gone(pd.DataFrame({"a": [1, 2, 3, 4]}), np.array(rows))
    assert value["a"].tolist() == [number + 1 for number, out in enumerate(rows) if not out]
    assert (kept + 1).tolist() == value["a"].tolist()


def test_flipped_columns_do_not_all_go_the_same_way() -> None:
    table = pd.DataFrame({"home": [0, 1, 2, 3] * 10, "away": [1, 2, 3, 0] * 10})
    held = records(table)
    assert held is not None
    every = np.ones(len(table), bool)
    made = flip(SourceFacts("t", held), table, {"home": every, "away": every}, turn=1)
    assert ((made["home"] > made["away"]) != (table["home"] > table["away"])).mean() > 0.3
