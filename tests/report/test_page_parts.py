"""The parts of pages."""

from tests.report.page_reader import PageReader

from penstock.report.page_parts import badge, diff_block, facts, grid_table, picture, reason_item, section


def test_a_section_without_content_is_none() -> None:
    assert section("Title", None, grid_table(("a",), [])) is None
    assert section("Title", "x", name="here") == '<h2 id="here">Title</h2>x'


def test_tables() -> None:
    made = grid_table(("name", "n"), [("<a>", 1)], [1])
    assert made is not None
    assert '<th class="num">n</th>' in made
    assert "&lt;a&gt;" in made
    assert "<th>" not in (grid_table(("", ""), [("a", "b")]) or "")


def test_diffs_are_coloured_by_line() -> None:
    made = diff_block("--- a\n+++ b\n@@ -1 +1 @@\n same\n-<old>\n+new")
    assert made is not None
    assert '<span class="remove">-&lt;old&gt;</span><span class="add">+new</span>' in made
    assert "+++" not in made
    assert diff_block("") is None


def test_reasons_with_their_diffs() -> None:
    assert "<pre>" in reason_item({"kind": "code", "what": "x", "where": "p.py:3", "diff": "+a"})
    assert reason_item({"kind": "code", "what": "x", "where": ""}) == "<li>x</li>"


def test_pictures() -> None:
    seen = PageReader(picture({("s", "f"): ("image/png", b"abc")}, "s", "f", "before"))
    assert seen.tags[1] == ("img", {"src": "data:image/png;base64,YWJj", "alt": "s.f · before"})
    assert "No picture" in picture({}, "s", "f")


def test_badges_and_facts() -> None:
    assert badge("failed") == '<span class="badge bad">failed</span>'
    assert facts(["a", "", None]) == '<div class="facts"><span>a</span></div>'
