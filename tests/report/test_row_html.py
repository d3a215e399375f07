import re
from pathlib import Path

from tests.trace.pipelines import FLIGHTS, run_of

from penstock.report.row_html import trace_fragment, trace_page
from penstock.report.row_views import trace_view


def test_one_page_that_needs_nothing_else(tmp_path: Path) -> None:
    tracing = run_of(tmp_path, FLIGHTS)._tracing()
    page = trace_page(trace_view(tracing.trace("UA/15")))
    assert page.startswith("<!doctype html>")
    assert not re.search(r"https?://|<script|<link|<img", page)
    assert "2 rows" in page
    assert 'class="multiplied"' in page
    late = trace_page(trace_view(tracing.trace("UA/45")))
    assert 'class="late"' in late
    assert "predicted" in late


def test_values_are_text_and_nothing_else(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    run = run_of(tmp_path, FLIGHTS, lambda text: text.replace('f"G{i % 4}"', f'"{evil}"'))
    fragment = trace_fragment(trace_view(run._tracing().trace("UA/45")))
    assert "<script" not in fragment
    assert "&lt;script&gt;" in fragment
