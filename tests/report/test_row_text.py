from typing import Any

import pytest
from tests.trace.pipelines import FLIGHTS, run_of

from penstock.report.paint import Line, plain
from penstock.report.row_text import (
    cell_lines,
    dropped_lines,
    forward_lines,
    loss_words,
    moved_lines,
    rows_lines,
    trace_lines,
    value_text,
)
from penstock.report.row_views import dropped_view, rows_view, trace_view


def text(lines: list[Line]) -> str:
    return "\n".join([plain(line).rstrip() for line in lines])


@pytest.fixture(scope="module")
def tracing(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return run_of(tmp_path_factory.mktemp("text"), FLIGHTS)._tracing()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2013-12-24T11:00:00", "2013-12-24 11:00"),
        ("2013-12-24T11:00:07+01:00", "2013-12-24 11:00:07+01:00"),
        ("2013-12-24T11:00:00.250+00:00", "2013-12-24 11:00.250+00:00"),
        (1234567.0, "1234567"),
        (True, "True"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("x" * 50, "x" * 39 + "…"),
        ([1, 2], "[1, 2]"),
    ],
)
def test_values_in_few_words(value: object, said: str) -> None:
    assert value_text(value) == said


def test_a_kept_row(tracing: Any) -> None:
    said = text(trace_lines(trace_view(tracing.trace("UA/45"))))
    assert said.startswith("UA/45  a row of flights  run ")
    assert "on the side test · predicted" in said
    assert "✓ clean        present  gate G1 → g1" in said
    assert "? shuffled     unknown" in said
    assert "⚠ known 2013-07-02 23:00, 2 h 00 min after the decision: a leak, if the model uses it" in said
    assert "the label" in said
    assert "\n\n" in said


def test_a_dropped_and_a_multiplied_row(tracing: Any) -> None:
    assert "✗ joined       dropped  no partner in `planes` by tail (here N11)  line.py:" in text(
        trace_lines(trace_view(tracing.trace("UA/11")))
    )
    said = text(trace_lines(trace_view(tracing.trace("UA/15"))))
    assert "▲ joined       2 rows" in said
    assert "      seats\n      99\n      103" in said


def test_all_values(tracing: Any) -> None:
    document = trace_view(tracing.trace("UA/45"))
    assert "more" in text(trace_lines(document))
    assert " more" not in text(trace_lines(document, wide=True))


def test_counted(tracing: Any) -> None:
    accounts = tracing.accounts()
    said = text(rows_lines(rows_view("r", accounts, tracing.findings(accounts))))
    assert "dropped  multiplied" in said
    assert "PROVEN rows  planes  2 rows share their key with another, such as N3 (row 3, row 11)" in said
    assert "UNKNOWN" in said
    assert "penstock trace 'UA/3'" in said
    moved = text(moved_lines(rows_view("r", accounts, [])))
    assert moved.splitlines()[:3] == ["", "  rows  penstock show r --rows", "    clean   60 → 59  1 (1.7%) dropped"]
    assert "looked up" not in moved
    assert moved_lines({"run": "r", "accounts": [], "findings": []}) == []
    assert "No step of this run" in text(rows_lines({"run": "r", "accounts": [], "findings": []}))


def test_losses(tracing: Any) -> None:
    rows, accounts = tracing.losses("flights")
    said = text(dropped_lines(dropped_view("flights", "r", rows, accounts, tracing.findings(accounts))))
    assert said.startswith("flights  60 rows  run r")
    assert "✗ joined  59 → 59  5 (8.5%) dropped, 5 multiplied" in said
    assert "5  no partner in `planes` by tail" in said
    assert "such as UA/11, AA/" not in said
    assert "by group carrier: UA 16.7%, AA 0.0%; of all 8.5%" in said
    assert "UNKNOWN what became of clean" in said
    assert "No step makes rows of its rows." in text(dropped_lines(dropped_view("flights", "r", 0, [], [])))


def test_behind_and_ahead() -> None:
    said = text(
        cell_lines(
            {
                "cell": "a.x", "key": "k", "run": "r", "value": 1.5, "exact": False, "reruns": 7, "why": "cut short", "note": "",
                "models": ["blake3:0123456789abcdef"], "asked": None,
                "through": [{"artifact": "m", "step": "fit", "kind": "train", "digest": "blake3:0123456789abcdef", "rows": {"train": 30}},
                            {"artifact": "mean", "step": "average", "kind": "step", "digest": "blake3:1123456789abcdef", "rows": {}}],
                "sources": [{"source": "s", "key": "k2", "columns": ["x"], "known_at": "2013-07-04", "late": True, "together": True}],
            }
        )
    )  # fmt: skip
    assert "a.x of k is 1.5" in said
    assert "not exact · 1 source row · 7 re-executions" in said
    assert "⚠ known 2013-07-04, after the decision" in said
    assert "through the model `m` (0123456789ab), fitted on 30 rows of train by step fit" in said
    assert "through `mean` (1123456789ab), computed of what is not told by step average" in said
    assert "x together with others" in said
    ahead = text(
        forward_lines(
            {
                "key": "k", "source": "s", "models": ["blake3:0123456789abcdef"], "runs": 1, "unknown": ["b"],
                "reached": [{"artifact": "a", "rows": 2, "run": "r", "how": "", "digest": ""}],
            }
        )
    )  # fmt: skip
    assert "a  2 rows" in ahead
    assert "1 model learnt from it or through it: 0123456789ab" in ahead
    assert "UNKNOWN whether it is in b" in ahead


def test_where_a_row_was_lost() -> None:
    lost = {"dropped_at": "clean", "dropped_by": ["clean", "few"], "kept_in": []}
    assert loss_words(lost) == ["dropped by clean"]  # type: ignore[arg-type]
    partly = {"dropped_at": "", "dropped_by": ["clean"], "kept_in": ["other"]}
    assert loss_words(partly) == ["dropped by clean on one way, kept in other"]  # type: ignore[arg-type]
    assert loss_words({"dropped_at": "", "dropped_by": [], "kept_in": []}) == []  # type: ignore[arg-type]
