"""The differences of two runs as lines."""

import math
from typing import Any

from penstock.report.diff_text import cell, data_words, diff_lines
from penstock.report.moved_metrics import moved_metric
from penstock.report.paint import plain

DATA: Any = {
    "by": "key", "key": ["id", "day"], "rows": [10, 12], "columns_added": ["new"], "columns_gone": ["old"],
    "added": 3, "gone": 1, "changed": 2, "reordered": False,
    "added_examples": [{"id": 7, "x": 1.23456789, "t": None}], "gone_examples": [{"id": 9, "x": "a\x1b[31m"}],
    "columns": [
        {"column": "x", "count": 2, "types": ["int64", "double"], "examples": [{"row": [7, 1], "before": 1, "after": 2.5}]},
    ],
    "parts": [],
}  # fmt: skip
PARTS: Any = {**DATA, "by": "", "changed": 1, "rows": [], "columns": [], "added_examples": [], "gone_examples": []}
CODE: Any = {"kind": "code", "what": "helper `f` changed", "where": "p.py:3", "diff": "--- a\n+++ b\n-one\n+two"}


def run(name: str) -> Any:
    return {
        "run": name, "pipeline": "p", "name": "n", "tags": ["t"], "status": "succeeded", "seconds": 2.0, "metrics": {},
        "started": "2026-01-01T00:00:00.000+00:00",
    }  # fmt: skip


def document(**fields: Any) -> Any:
    usual: Any = {
        "before": run("r1"), "after": run("r2"), "commits": ["", ""], "seeds": [0, 0], "steps": [], "parameters": [],
        "environment": [], "artifacts": [], "metrics": [], "figures": [],
    }  # fmt: skip
    return {**usual, **fields}


def text(one: Any) -> str:
    return "\n".join([plain(line) for line in diff_lines(one)])


def test_nothing_differs() -> None:
    assert text(document()).endswith("= Nothing differs.")
    assert text(document()).startswith("− r1  p  succeeded  2.0 s  n #t\n+ r2")


def everything() -> Any:
    step: Any = {"status": ["succeeded", "succeeded"], "seconds": [1.0, 2.0]}
    artifact: Any = {"step": "a", "before": "blake3:1", "after": "blake3:2", "bytes": [1000, 2000], "why": ""}
    return document(
        commits=["1" * 40, "2" * 40],
        seeds=[1, 2],
        steps=[
            {"step": "a", "state": "changed", "reasons": [CODE], **step},
            {"step": "b", "state": "added", "reasons": [], **step},
            {"step": "c", "state": "gone", "reasons": [], **step},
            {"step": "d", "state": "equal", "reasons": [], **step},
        ],
        parameters=[
            {"step": "a", "parameter": "rate", "before": "1", "after": None, "content": False},
            {"step": "a", "parameter": "path", "before": "x.csv", "after": "x.csv", "content": True},
        ],
        environment=[{"package": "polars", "before": "1", "after": "2", "reached": True}],
        artifacts=[
            {**artifact, "artifact": "rows", "state": "changed", "data": DATA},
            {**artifact, "artifact": "model", "state": "changed", "data": {**PARTS, "parts": [{"part": "['a']", "before": 1, "after": 2}]}},
            {**artifact, "artifact": "fit", "state": "changed", "data": {**PARTS, "parts": [{"part": "", "before": "a X", "after": "a X"}]}},
            {**artifact, "artifact": "lost", "state": "changed", "data": None, "why": "it can't be loaded: gone"},
            {**artifact, "artifact": "new", "state": "added", "data": None},
            {**artifact, "artifact": "old", "state": "gone", "data": None},
            {**artifact, "artifact": "same", "state": "equal", "data": None},
        ],
        metrics=[
            moved_metric("s.rmse", 1.0, 1.5),
            moved_metric("s.new", None, 2.0),
            moved_metric("s.n", 3.0, 3.0),
            moved_metric("s.lost", 3.0, math.nan),
            moved_metric("s.gone", math.inf, None),
            moved_metric("s.always", math.nan, math.nan),
        ],
        figures=[
            {"step": "a", "name": "curve", "state": "changed", "before": "1", "after": "2"},
            {"step": "a", "name": "same", "state": "equal", "before": "1", "after": "1"},
        ],
    )  # fmt: skip


def test_everything_differs() -> None:
    said = text(everything())
    for part in (
        "seed of the run  1", "a.rate", "→  —", "a.path", "has other content", "1 step no longer there: c", "1 step new: b",
        "• a  helper `f` changed  p.py:3", "+two", "commit 1111111111 → 2222222222", "polars  1  →  2  imported by steps",
        "data  1 artifact equal", "≠ rows  10 → 12 rows, 3 added, 1 gone, 2 changed (by id/day)", "+ columns new",
        "− columns old", "x  2 changed  int64 → double  7/1: 1 → 2.5", "+ id=7, x=1.2346, t=—", "− id=9, x=a\\x1b[31m",
        "['a']  1 → 2", "a X: its state is another", "≠ lost  1.0 kB → 2.0 kB  it can't be loaded: gone", "+ new  2.0 kB",
        "− old  1.0 kB", "metrics  2 equal", "s.rmse    1  →  1.5  ▲ 0.5", "s.lost    3  →  nan  ≠",
        "s.gone  inf  →    —", "s.new     —  →    2", "a.curve  drawn otherwise",
    ):  # fmt: skip
        assert part in said, part
    assert "a.same" not in said
    assert "\x1b" not in said


def test_how_long_a_killed_run_took_is_not_known() -> None:
    made = everything()
    made["after"] = {**made["after"], "status": "failed", "seconds": 0.0}
    first, second = text(made).splitlines()[:2]
    assert "—" not in first
    assert "0 ms" not in second
    assert "—" in second


def test_words_of_data() -> None:
    assert data_words(
        {**DATA, "rows": [5, 5], "added": 0, "gone": 0, "changed": 0, "reordered": True, "by": "position"}
    ) == ("5 rows, in another order (by position)")
    shape: Any = {"part": "", "before": "list", "after": "list became tuple"}
    assert data_words({**PARTS, "changed": 0, "parts": [shape]}) == "of another kind"
    assert data_words({**PARTS, "changed": 0, "parts": []}) == "other bytes, and no difference beyond rounding"


def test_parts_that_are_not_listed_are_counted() -> None:
    made = everything()
    parts = [{"part": f"[{number}]", "before": 1, "after": 2} for number in range(20)]
    changed: Any = {
        "step": "a",
        "artifact": "long",
        "state": "changed",
        "before": "1",
        "after": "2",
        "bytes": [1, 2],
        "why": "",
    }
    made["artifacts"] = [{**changed, "data": {**PARTS, "changed": 200, "parts": parts}}]
    assert "and 180 parts more" in text(made)
    made["artifacts"] = [{**changed, "data": {**PARTS, "changed": 20, "parts": parts}}]
    assert "more" not in text(made)


def test_cells_are_short_and_safe() -> None:
    assert cell({"a": [1, None]}) == '{"a": [1, null]}'
    assert cell("x" * 100).endswith("…")
    assert cell("a\nb\x1b") == "a b\\x1b"
