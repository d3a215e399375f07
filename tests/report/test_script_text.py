"""A checked script in words: what was inferred and how to declare it, what was not asked, what failed."""

from typing import Any

from tests.report.leaks import document

from penstock.report.paint import plain
from penstock.report.script_text import script_lines


def told(**script: Any) -> str:
    checked = document()
    checked["script"] = {
        "file": "a.py",
        "seconds": 1.0,
        "functions": [],
        "said": [],
        "notes": [],
        "edges": [],
        **script,
    }
    return "\n".join([plain(line).rstrip() for line in script_lines(checked)])


def test_what_was_inferred() -> None:
    one = {
        "function": "f",
        "table": "t",
        "option": "time",
        "value": '"at"',
        "how": "inferred",
        "why": "so",
        "sure": False,
    }
    text = told(said=[one, {**one, "function": "g"}, {**one, "option": "test", "value": "3 of 9 rows"}])
    assert 'inferred  time="at"  of t in f, g: so' in text
    assert '# penstock: time="at"\n' in text
    assert text.index("inferred") < text.index("PROVEN as-of")


def test_what_was_not_asked_and_what_failed() -> None:
    function = {"function": "f", "where": "a.py:1", "calls": 1, "rows": 3, "asked": False, "why": "it takes a model"}
    notes = [
        {"text": "cell 2 failed: \x1b[31m", "where": "a.ipynb cell 2:1", "hint": "Mend it.", "failed": True},
        {"text": "left out", "where": "", "hint": "", "failed": False},
    ]
    text = told(
        functions=[function, {**function, "function": "g"}, {**function, "asked": True, "why": ""}], notes=notes
    )
    assert "not asked  f, g  it takes a model" in text
    assert "\x1b" not in text
    assert "1 failure: what comes after may not have been asked" in text
    assert "declare it by a comment" not in told()
