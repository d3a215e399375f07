"""Advice by pattern: for the expression that makes the column, and nothing where nothing is recognised."""

from pathlib import Path

import pytest
from tests.checks.trips import trips

import penstock as ps
from penstock.checks.hints import hint


@pytest.mark.parametrize(
    ("expression", "check", "said"),
    [
        ('t["a"].rolling(5, center=True).mean()', "as-of", "center=True"),
        ('t["a"].shift(-2)', "as-of", "shift(-2)"),
        ('t["a"].bfill()', "as-of", "fill forward"),
        ('t["a"].fill_null(strategy="backward")', "as-of", "fill forward"),
        ('t["a"].interpolate()', "as-of", "next value"),
        ('pd.merge_asof(t, w, on="at", direction="nearest")["a"]', "as-of", "backward"),
        ('filtfilt(b, a, t["a"])', "as-of", "causal"),
        ('pd.qcut(t["a"], 5)', "test-blind", "edges"),
        ('StandardScaler().fit_transform(t[["a"]])', "test-blind", "split first"),
        ('t.groupby("g")["y"].transform("mean")', "own-label", "out of fold"),
        ('t.groupby("g")["y"].transform("mean")', "as-of", "known by then"),
        ('t["at"].dt.floor("h").map(w)', "as-of", "when it has ended"),
        ('t["a"] - t["a"].mean()', "test-blind", "training rows"),
        ('t["a"] * 2', "as-of", ""),
    ],
)
def test_patterns_are_recognised(tmp_path: Path, expression: str, check: str, said: str) -> None:
    file = tmp_path / "made.py"
    file.write_text(
        f'def make(t, w):\n    t["other"] = t["a"].rank()\n    t["x"] = {expression}\n    return t[["x"]]\n'
    )
    told = hint(f"{file}:1", check, "x")
    assert said in told
    if not said:
        assert told == ""  # what makes another column says nothing of this one
        assert "rank" in hint(f"{file}:1", check, "elsewhere")


def test_what_can_not_be_read_gives_no_advice(tmp_path: Path) -> None:
    assert hint("", "as-of") == hint("nowhere.py:3", "as-of") == hint("x", "as-of") == ""
    (tmp_path / "broken.py").write_text("def f(:\n")
    assert hint(f"{tmp_path / 'broken.py'}:1", "as-of") == ""


def test_findings_bear_the_advice() -> None:
    def ahead(trips):
        return trips.assign(x=trips["miles"].shift(-1))

    (finding,) = ps.probe(ahead, trips(), key="trip", time="at", checks=["as-of"]).findings
    assert "shift(-1)" in finding.hint
