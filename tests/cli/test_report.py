"""`penstock report`."""

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Done, valid
from tests.report.page_reader import PageReader

Call = Callable[..., Done]


def test_a_page(project: Path, call: Call, edit: Callable[[str, str], None]) -> None:
    edit(
        "    return rate * sum(doubled)",
        "    ps.note('**fine**')\n    ps.figure('<svg/>', 'curve')\n    return rate * sum(doubled)",
    )
    call("run", "--tag", "night")
    document = valid(call("report", "--json"), "report")
    page = project / f"report-{document['runs'][0]}.html"
    assert document["file"] == page.name
    seen = PageReader(page.read_text(encoding="utf-8"))
    assert seen.safe()
    for part in ("#night", "scores.mae", "reading 3", "fine", "rows.path", "line.py"):
        assert part in seen.text, part
    assert [tag for tag, _ in seen.tags].count("img") == 1
    assert "✓ r.html" in call("report", "last", "-o", "r.html").out
    assert "✓ s.html" in call("report", "last", "--html", "s.html").out
    assert page.name in call("report", "last", "--html").out


def test_what_was_reused_has_its_log_too(project: Path, call: Call) -> None:
    call("run")
    call("run", "--set", "model.rate=2")
    call("report", "-o", "r.html")
    seen = PageReader((project / "r.html").read_text(encoding="utf-8"))
    assert "reading 3" in seen.text
    assert "Reused from run" in seen.text


def test_a_run_that_failed(project: Path, call: Call) -> None:
    call("run", "--set", "model.rate=-1")
    call("report", "-o", "r.html")
    text = PageReader((project / "r.html").read_text(encoding="utf-8")).text
    assert "rate must not be negative: -1.0" in text
    assert "blocked by model" in text


def test_what_is_wrong_is_said(project: Path, call: Call) -> None:
    call("run", "--name", "best")
    done = call("report", "bset", "--json")
    assert done.code == 2
    assert "`best`" in valid(done, "error")["error"]["hint"]
    done = call("report", "best", "-o", "nowhere/r.html", "--json")
    assert done.code == 2
    assert "nowhere" in valid(done, "error")["error"]["message"]
