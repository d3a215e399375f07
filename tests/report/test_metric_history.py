"""A metric over runs, as a document and as lines."""

import math
from pathlib import Path

import pytest
from tests.report.samples import ledger_at, story

from penstock.errors import NotFound
from penstock.report.metric_history import metric_lines, metric_view
from penstock.report.paint import plain


def test_the_oldest_comes_first_and_runs_without_it_are_left_out(tmp_path: Path) -> None:
    stories = [story(f"r{number}", mae=float(number)) for number in range(4)]
    ledger = ledger_at(tmp_path, *stories[:2], [stories[2][0]], stories[3])
    document = metric_view(ledger, "scores.mae")
    # The same work under the same key was committed once: each run has its own metrics all the same.
    assert [one["run"] for one in document["points"]] == ["r0", "r1", "r3"]
    assert document["metric"] == "scores.mae"
    assert metric_view(ledger, "mae") == document
    assert [one["run"] for one in metric_view(ledger, "mae", limit=1)["points"]] == ["r3"]


def test_what_is_not_finite_is_null(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path, story(mae=math.inf))
    assert metric_view(ledger, "scores.mae")["points"][0]["value"] is None
    assert metric_view(ledger, "scores.mae")["points"][0]["said"] == "inf"
    lines = [plain(line) for line in metric_lines(metric_view(ledger, "scores.mae"), 2000.0)]
    assert lines[:2] == ["scores.mae  in 1 run, oldest first", ""]
    assert lines[2].endswith("inf")


def test_what_is_not_finite_moves_only_where_it_becomes_something_else(tmp_path: Path) -> None:
    values = [1.0, math.nan, math.nan, -math.inf, 2.0]
    ledger = ledger_at(tmp_path, *[story(f"r{place}", value) for place, value in enumerate(values)])
    lines = [plain(line).split()[-2:] for line in metric_lines(metric_view(ledger, "scores.mae"), 2000.0)[-5:]]
    assert lines == [["2", "≠"], ["-inf", "≠"], ["nan", "="], ["nan", "≠"], [lines[-1][0], "1"]]


def test_a_misspelt_metric_gets_close_matches(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path, story())
    with pytest.raises(NotFound) as caught:
        metric_view(ledger, "scores.mea")
    assert "`scores.mae`" in caught.value.hint
    assert "the only run has not measured" in caught.value.what


def test_the_table_lists_the_newest_and_counts_the_others(tmp_path: Path) -> None:
    ledger = ledger_at(tmp_path, *[story(f"r{number}") for number in range(23)])
    lines = [plain(line) for line in metric_lines(metric_view(ledger, "mae"), 2000.0, 60)]
    assert lines[0] == "scores.mae  in 23 runs, oldest first"
    assert "and 3 earlier runs" in lines[-1]
    assert lines[-2].startswith("✗ r3")
