"""Units never lie about magnitude, and never fail."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.report.units import ago, clock, count, difference, duration, iso, number, plural, size

PARTS = {"ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400}


@given(st.floats(0, 1e8))
def test_a_duration_reads_back_nearly(seconds: float) -> None:
    parts = re.findall(r"([\d.]+) (\w+)", duration(seconds))
    back = sum([float(value) * PARTS[unit] for value, unit in parts])
    assert abs(back - seconds) <= max(0.0006, seconds * 0.06)


@given(st.integers(0, 10**17))
def test_a_size_reads_back_nearly(amount: int) -> None:
    value, unit = size(amount).split()
    back = float(value) * {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "PB": 1e15}[unit]
    assert abs(back - amount) <= max(1, amount * 0.06)
    assert len(value) <= 3 or unit == "PB"


@given(st.floats(), st.floats())
def test_differences_point_the_right_way(now: float, before: float) -> None:
    shown = difference(now, before)
    if math.isfinite(now) and math.isfinite(before):
        assert shown[0] == ("▲" if now > before else "▼" if now < before else "=")
    else:
        assert shown in ("=", "≠")


@given(st.floats(allow_nan=True) | st.none())
def test_numbers_are_short(value: float | None) -> None:
    assert 0 < len(number(value)) <= 20


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0994, "99 ms"), (0.0996, "0.10 s"), (0.996, "1.0 s"), (9.96, "10 s"), (59.6, "1 m 00 s"), (3599.7, "1 h 00 m")],
)
def test_durations_turn_over_at_the_right_place(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_odd_values() -> None:
    assert duration(float("nan")) == duration(-1) == "?"
    assert clock(-5) == "0:00"
    assert count(float("inf")) == "inf"
    assert plural(1, "match", "matches") == "1 match"
    assert plural(0, "match", "matches") == "0 matches"
    assert iso(1.5).endswith("01.500+00:00")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", ago(0, 1e9))
    assert ago(100, 50) == "just now"  # a clock that went back
