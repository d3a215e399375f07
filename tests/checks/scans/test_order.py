"""Splits by time keep the order, and labels are ripe; other splits have no order to keep."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.checks.scans.views import split_view

from penstock.checks.scans.order import SCAN
from penstock.model.verdict import Finding

START = datetime(2013, 1, 1, tzinfo=UTC)
CONTRACT = {"key": ["id"], "time": "at", "label": ["y"]}
CLOCK = {**CONTRACT, "known_at": {"y": "ripe"}}
DELAY = {**CONTRACT, "known_at": {"y": {"seconds": 7200}}}


def table(n: int = 240) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [f"r{i}" for i in range(n)],
            "at": [START + timedelta(hours=i) for i in range(n)],
            "ripe": [None if i % 50 == 3 else START + timedelta(hours=i + 2) for i in range(n)],
            "y": [float(i % 7) for i in range(n)],
        }
    )


def looked(frame: Any, train: Any, test: Any, contract: dict[str, Any] = CLOCK) -> tuple[list[Finding], str, str]:
    found, result = SCAN.scan(split_view(frame, {"train": ("train", train), "test": ("test", test)}, contract))
    assert (result.check, result.step) == ("order", "sides")
    return found, result.verdict, result.reason


@pytest.mark.parametrize("contract", [CLOCK, DELAY], ids=["clock", "delay"])
@pytest.mark.parametrize("bare", [False, True], ids=["times kept", "times looked up"])
def test_unripe_labels_are_proven(contract: dict[str, Any], bare: bool) -> None:
    frame = table()
    sides = [frame[:180], frame[180:]]
    if bare:
        sides = [one.drop("at", "ripe") for one in sides]
    found, verdict, _ = looked(frame, *sides, contract)
    assert verdict == "PROVEN"
    (one,) = found
    assert (one.check, one.verdict, one.artifact, one.column) == ("order", "PROVEN", "sides.train", "y")
    assert one.row == "r179"
    assert one.before == "2013-01-08T13:00:00+00:00"
    assert one.after == "2013-01-08T12:00:00+00:00"
    assert "the `y` of 1 train rows became known after the first test row" in one.world
    assert one.replay == "penstock trace 'r179'"


@pytest.mark.parametrize("contract", [CLOCK, DELAY], ids=["clock", "delay"])
@pytest.mark.parametrize("kind", ["polars", "pandas", "arrow"])
def test_an_embargo_is_clean(contract: dict[str, Any], kind: str) -> None:
    frame = table()
    train, test = frame[:179], frame[180:]  # what ripens just as the first test row is asked about is visible
    held = {"polars": lambda f: f, "pandas": pl.DataFrame.to_pandas, "arrow": pl.DataFrame.to_arrow}[kind]
    found, verdict, reason = looked(held(frame), held(train), held(test), contract)
    assert (found, verdict) == ([], "CLEAN")
    assert "all train rows are before all test rows, every train `y` was known by then" in reason


def test_a_label_that_is_known_from_the_start() -> None:
    frame = table()
    assert looked(frame, frame[:180], frame[180:], CONTRACT)[:2] == ([], "CLEAN")


def test_a_shuffled_split_has_no_order_to_keep() -> None:
    frame = table()
    mixed = frame.sample(fraction=1, shuffle=True, seed=1)
    found, verdict, reason = looked(frame, mixed[:180], mixed[180:])
    assert (found, verdict) == ([], "CLEAN")
    assert "not split by time" in reason


@given(st.integers(0, 10**6), st.integers(10, 60), st.integers(10, 60))
@settings(max_examples=40, deadline=None)
def test_random_sides_are_never_proven(seed: int, before: int, after: int) -> None:
    draw = np.random.default_rng(seed)
    order = draw.permutation(before + after)
    frame = table(before + after)[order.tolist()]
    found, verdict, _ = looked(frame, frame[:before], frame[before:])
    assert verdict != "PROVEN"


def test_rows_beyond_the_border_are_suspect() -> None:
    frame = table()
    found, verdict, reason = looked(frame, frame[:183], frame[178:])
    assert (verdict, len(found)) == ("SUSPECT", 1)
    assert found[0].row == "r182"
    assert "4 train rows are later than the first test row" in found[0].world
    assert "split by time (99" in reason


def test_a_test_side_before_the_training_side_is_suspect() -> None:
    frame = table()
    found, verdict, _ = looked(frame, frame[120:], frame[:120])
    assert (verdict, len(found)) == ("SUSPECT", 1)
    assert "train is later than test" in found[0].world


def test_valid_sides_come_between() -> None:
    frame = table()
    outputs = {"train": ("train", frame[:120]), "valid": ("valid", frame[120:180]), "test": ("test", frame[180:])}
    found, result = SCAN.scan(split_view(frame, outputs, CLOCK))
    assert [(one.verdict, one.artifact, one.row) for one in found] == [
        ("SUSPECT", "sides.train", "r119"),
        ("SUSPECT", "sides.valid", "r179"),
    ]
    assert result.verdict == "SUSPECT"


def test_what_is_not_declared_or_not_there_is_unknown() -> None:
    frame = table()
    _, verdict, reason = looked(frame, frame[:180], frame[180:], {"key": ["id"]})
    assert verdict == "UNKNOWN"
    assert "no source declares `time=`" in reason
    sides = [one.drop("at", "ripe", "id") for one in (frame[:180], frame[180:])]
    _, verdict, reason = looked(frame, *sides)
    assert verdict == "UNKNOWN"
    assert "keep `at`, or the key of `table`" in reason
    sides = [one.drop("ripe", "id") for one in (frame[:180], frame[180:])]
    _, verdict, reason = looked(frame, *sides)
    assert verdict == "UNKNOWN"
    assert "keep `ripe`" in reason
    _, verdict, reason = looked(frame, frame[:180], frame[235:])
    assert verdict == "UNKNOWN"
    assert "fewer than 10" in reason


def test_the_times_of_a_table_that_was_looked_up_in_are_not_the_rows_own() -> None:
    frame = table()
    weather = pl.DataFrame({"hour": [START], "temp": [1.0]})
    view = split_view(
        frame, {"train": ("train", frame[:179]), "test": ("test", frame[180:])}, CLOCK,
        weather=(weather, {"key": ["hour"], "time": "hour"}),
    )  # fmt: skip
    found, result = SCAN.scan(view)
    assert (found, result.verdict) == ([], "CLEAN")


def test_one_instant_for_all_is_no_order() -> None:
    frame = table().with_columns(at=pl.lit(START))
    assert looked(frame, frame[:180], frame[180:], DELAY)[:2] == ([], "CLEAN")


def test_numbers_may_be_times() -> None:
    frame = table().with_columns(at=pl.int_range(pl.len()), ripe=pl.int_range(pl.len()) + 2)
    found, verdict, _ = looked(frame, frame[:180], frame[180:])
    assert (verdict, found[0].before, found[0].after) == ("PROVEN", "181", "180")


def test_empty_sides() -> None:
    frame = table()
    assert looked(frame, frame, frame[:0])[:2] == ([], "CLEAN")
