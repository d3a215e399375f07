"""One step as people read it."""

from pathlib import Path

from tests.report.samples import ledger_at, story
from tests.report.test_board import shown

from penstock.report.step_text import step_lines
from penstock.report.views import step_view


def test_a_step_reads_like_this(tmp_path: Path) -> None:
    assert shown(step_lines(step_view(ledger_at(tmp_path, story()), "r1", "clean"))) == [
        "✓ clean  step  ran  run r1",
        "",
        "  took    0.80 s, 1.5 s of processor time, 412 MB of memory",
        "  why     helper `clean_name` changed  features.py:41",
        "  inputs  raw from flights  f",
        "",
        "  clean  polars.DataFrame · 1,234 x 2 · 41 MB  clean",
        "    id  int64           1",
        "    x   double  3 null  0.5",
        "",
        "  its log: penstock logs r1 clean",
    ]


def test_a_step_that_failed_shows_its_error(tmp_path: Path) -> None:
    lines = shown(step_lines(step_view(ledger_at(tmp_path, story()), "r1", "model")))
    assert lines[0] == "✗ model  step  failed  run r1"
    assert "  parameters  learning_rate = 0.1" in lines
    assert '      File "flights.py", line 61, in model' in lines


def test_a_step_that_waits_shows_its_question(tmp_path: Path) -> None:
    lines = shown(step_lines(step_view(ledger_at(tmp_path, story()), "r1", "deploy")))
    assert "  asks  Deploy it?" in lines
