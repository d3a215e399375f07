"""Cuts: early and late, in gaps, before days end, at the border; each the time of a row, and never after all rows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from tests.checks.trips import CONTRACT, trips

from penstock.checks.cuts import places, told
from penstock.checks.facts import SourceFacts
from penstock.values.records import records

DAY = 86_400_000_000.0


def test_cuts_are_spread_and_stand_at_gaps_days_and_borders() -> None:
    times = np.concatenate([np.arange(100) * 1000.0, 50 * DAY + np.arange(100) * 1000.0])
    found = places(times, border=150_000.0)
    assert len(found) >= 5
    assert 99_000.0 in found  # the gap, and the last of a day
    assert min(found) < 20_000 and max(found) > 50 * DAY + 80_000
    assert len(places(times, many=False)) == 3


def test_cuts_stand_where_a_group_ends_and_where_a_month_does() -> None:
    times = np.arange(300) * 0.1 * DAY
    groups = np.repeat([2, -1, 0, 1], [60, 30, 100, 110])
    assert float(times[189]) in places(times, groups=groups)  # the last of group 0; group 1 ends with all rows
    assert float(times[189]) not in places(times)
    over = np.arange(0.0, 100.0) * DAY
    assert [one for one in (30.0, 58.0, 89.0) if one * DAY in places(over)] == [
        58.0
    ]  # 1970 began on a first of January
    assert places(times, groups=np.full(300, -1)) == places(times)
    far = np.array([-1e300, -3.0, 0.5, 9e18, 1e300])  # clocks that are no instants
    assert len(places(far)) >= 3


@given(st.lists(st.integers(0, 40), min_size=2), st.data())
def test_something_lies_after_the_cut_of_a_group(seconds: list[int], data: st.DataObject) -> None:
    times = np.array(seconds, float)
    groups = np.array(data.draw(st.lists(st.integers(-1, 3), min_size=len(seconds), max_size=len(seconds))))
    assert all(cut < times.max() for cut in places(times, groups=groups))


@given(st.lists(st.one_of(st.integers(0, 50).map(float), st.just(np.nan))), st.floats(-5, 60))
def test_something_lies_after_each_cut(times: list[float], border: float) -> None:
    known = [one for one in times if one == one]
    for cut in places(np.array(times, float), border):
        assert cut in known
        assert max(known) > cut


def test_cuts_are_told_as_the_source_writes_them() -> None:
    held = records(trips())
    assert held is not None
    source = SourceFacts("trips", held, CONTRACT)
    assert told(float(source.times[0]), source).startswith("2024-01-01 ")
    numbered = records(trips().assign(at=range(400)))
    assert numbered is not None
    assert told(7.0, SourceFacts("trips", numbered, CONTRACT)) == "7"
