"""Runs as people read them."""

from pathlib import Path

from tests.report.samples import FAILURE, committed, ledger_at, run_of, story
from tests.report.test_board import shown

from penstock.model.event import Begun, Blocked, Failed, Grown, RunEnded, RunStarted
from penstock.report.run_text import run_lines, runs_lines
from penstock.report.views import run_view, runs_view


def test_runs_read_like_this(tmp_path: Path) -> None:
    good = [*story("r1")[:-1], RunEnded("succeeded", 75.0)]
    lines = shown(runs_lines(runs_view(ledger_at(tmp_path, good, story("r2"))), 1090.0))
    assert lines == [
        "  run  pipeline  status     started        time  metrics",
        "✗ r2   flights   failed     1 min ago      12 s  mae 11, odd —",
        "✓ r1   flights   succeeded  1 min ago  1 m 15 s  mae 11, odd —",
    ]  # fmt: skip


def test_no_run_yet() -> None:
    assert shown(runs_lines({"runs": []}, 0.0)) == ["No run yet. Begin with penstock run."]


def test_a_run_reads_like_this(tmp_path: Path) -> None:
    lines = shown(run_lines(run_view(ledger_at(tmp_path, story()), "r1"), {"scores.mae": 12.0}, "r0"))
    assert lines[0] == "✗ flights failed in 12 s · 2 ran · 1 failed · 1 blocked · 1 skipped · 1 waiting"
    assert lines[1].startswith("  run r1 · 1970-01-01 ")
    assert lines[1].endswith(" · flights.py · seed 0 · local, 2 workers")
    assert lines[3:9] == [
        "    step               time  memory  output             why",
        "  ✓ clean   ran      0.80 s  412 MB  1,234 rows, 41 MB  helper `clean_name` changed, features.py:41",
        "  ✓ scores  ran      0.80 s  412 MB  1,234 rows, 41 MB  it never ran",
        "  ✗ model   failed   0.20 s                             ValueError: could not convert 'N/A'",
        "  ⊘ report  blocked                                     blocked by model",
        "  ⏸ deploy  waiting                                     Deploy it?",
    ]
    assert "  scores.mae  11  ▼ 1  was 12" in lines
    assert "  go on:   penstock resume r1" in lines


def test_what_a_step_grew_is_told_with_it(tmp_path: Path) -> None:
    children = tuple(f"a[{i}]" for i in range(4))
    events = [RunStarted(run_of(("a",))), Begun("r1/a/1", "a", 1), Grown("a", children)]
    for child in children[:3]:
        events += committed(child)
    events += [Failed(children[3], 1, FAILURE), Blocked(("a",), children[3]), RunEnded("failed", 1.0)]
    run = run_view(ledger_at(tmp_path, events), "r1")
    assert [one["parent"] for one in run["steps"]] == ["", "a", "a", "a", "a"]
    lines = shown(run_lines(run, {}))
    assert lines[0].endswith("1 blocked")
    assert [line.split()[1] for line in lines[4:6]] == ["a", "a[3]"]
    assert lines[4].endswith("4 parts; blocked by a[3]")
