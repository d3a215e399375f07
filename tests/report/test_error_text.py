"""Errors are told whole, however narrow the terminal."""

from hypothesis import given
from hypothesis import strategies as st
from tests.report.test_board import shown

from penstock.report.documents import ErrorBody
from penstock.report.error_text import error_lines
from penstock.report.paint import plain, width


def body(message: str, where: str = "", hint: str = "") -> ErrorBody:
    return {"kind": "GraphError", "message": message, "where": where, "hint": hint}


def test_an_error_reads_like_this() -> None:
    assert shown(error_lines(body("no step makes `claen`", "flights.py:41", "Did you mean `clean`?"))) == [
        "error: flights.py:41: no step makes `claen`",
        "  Did you mean `clean`?",
    ]


def test_several_lines_stay_several() -> None:
    assert shown(error_lines(body("one\ntwo", hint="three\nfour"))) == ["error: one", "  two", "  three", "  four"]


@given(st.lists(st.text("abc `.", min_size=1, max_size=12), min_size=1, max_size=20), st.integers(40, 120))
def test_nothing_is_lost_on_a_narrow_terminal(words: list[str], columns: int) -> None:
    lines = error_lines(body(" ".join(words), "flights.py:41", " ".join(words)), columns)
    assert all(width(plain(line)) <= columns for line in lines)
    whole = "".join([plain(line) for line in lines]).replace(" ", "")
    said = " ".join(words).replace(" ", "")
    assert whole == f"error:flights.py:41:{said}{said}"
