"""Reports: the verdict, the forms that they take, and how they stop who asks for it."""

import json
import math
from datetime import UTC, datetime

import pytest

from penstock.checks.report import Report
from penstock.errors import LeakProven
from penstock.model.verdict import CheckResult, Finding

LEAK = Finding("as-of", "PROVEN", "features", "features", "mean", "7", 1.5, 2.5, "a world", "f.py:3", "look back")
SUSPICION = Finding("own-label", "SUSPECT", "features", "features", "log", "7", 1.5, 2.5)
CLEAN = CheckResult("rerun", "features", "CLEAN", "2 runs")
UNKNOWN = CheckResult("alone", "features", "UNKNOWN", "declare time=")


def test_the_verdict_is_the_worst_and_unknown_is_never_clean() -> None:
    assert Report([], [CLEAN]).verdict == "CLEAN"
    assert Report([], [CLEAN, UNKNOWN]).verdict == "UNKNOWN"
    assert Report([SUSPICION], [CLEAN, UNKNOWN]).verdict == "SUSPECT"
    assert Report([SUSPICION, LEAK], [CLEAN]).verdict == "PROVEN"
    assert Report([], []).verdict == "UNKNOWN"


def test_only_a_proof_stops() -> None:
    Report([SUSPICION], [UNKNOWN]).raise_if_proven()
    with pytest.raises(LeakProven, match=r"features\.mean of row 7 moved from 1\.5 to 2\.5") as caught:
        Report([LEAK, SUSPICION], [CLEAN]).raise_if_proven()
    assert caught.value.where == "f.py:3"
    assert caught.value.exit_code == 1


def test_json_holds_all_fields_and_nothing_that_json_can_not_hold() -> None:
    odd = Finding("as-of", "PROVEN", "f", before=math.nan, after=datetime(2024, 1, 2, tzinfo=UTC))
    said = json.loads(Report([odd], [CLEAN]).to_json())
    assert said["verdict"] == "PROVEN"
    assert said["findings"][0]["before"] is None
    assert said["findings"][0]["after"] == "2024-01-02T00:00:00+00:00"
    assert set(said["findings"][0]) == set(Finding.__struct_fields__)
    assert set(said["checks"][0]) == set(CheckResult.__struct_fields__)


def test_text_shows_the_evidence_and_what_was_tried() -> None:
    told = str(Report([LEAK], [CLEAN, UNKNOWN]))
    for piece in ("PROVEN", "features.mean", "1.5", "2.5", "f.py:3", "look back", "declare time=", "2 runs"):
        assert piece in told
    assert "<pre>" in Report([LEAK], [])._repr_html_()
    assert repr(Report([LEAK], [])) == str(Report([LEAK], []))


def test_rich_shows_it() -> None:
    assert "features.mean" in Report([LEAK], [CLEAN]).__rich__().plain
