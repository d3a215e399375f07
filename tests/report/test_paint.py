"""Lines are cut to the terminal, coloured only where wanted, and can't be steered by what they show."""

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.report.paint import Screen, ansi, crop, fold, plain, safe, table, width


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_marks_below_code_go_where_the_code_is_broken() -> None:
    marks = [("        ~~~~~~^^^^^^^^^^^^", "error")]
    assert fold(marks, 40) == [marks]
    assert fold(marks, 20) == []


@pytest.mark.parametrize(
    ("environ", "colour", "live"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False, True),
        ({"TERM": "xterm", "NO_COLOR": ""}, True, True),
        ({"TERM": "dumb"}, False, False),
        ({}, False, False),
        ({"TERM": "xterm", "NO_COLOR": "1", "FORCE_COLOR": "1"}, False, True),
    ],
)
def test_a_terminal_shows_what_it_can(environ: dict[str, str], colour: bool, live: bool) -> None:
    screen = Screen.of(Terminal(), environ)
    assert (screen.colour, screen.live) == (colour, live)


def test_a_pipe_has_no_colour_and_no_width_unless_forced() -> None:
    assert Screen.of(io.StringIO(), {"TERM": "xterm"}) == Screen(0, 0, False, False, True)
    assert Screen.of(io.StringIO(), {"FORCE_COLOR": "1"}).colour
    closed = io.StringIO()
    closed.close()
    assert not Screen.of(closed, {}).live


def test_ascii_where_there_is_no_unicode() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    screen = Screen.of(stream, {})
    assert screen.line([("✓ ", "good"), ("a ━━── ▼ 0.1 … ⠹ 飛", "")]).encode("ascii") == b"+ a ==-- v 0.1 ~ * ?"


@given(st.text())
def test_nothing_from_outside_steers_the_terminal(text: str) -> None:
    shown = safe(text)
    assert not any(unicodedata.category(one) in ("Cc", "Zl", "Zp") for one in shown)
    assert safe(shown) == shown


def test_escape_sequences_become_visible() -> None:
    assert safe("\x1b]0;title\x07") == r"\x1b]0;title\x07"


@given(st.lists(st.tuples(st.text(), st.sampled_from(["", "bad", "dim"])), max_size=5), st.integers(1, 40))
def test_a_cut_line_fits(line: list[tuple[str, str]], limit: int) -> None:
    line = [(safe(text), style) for text, style in line]
    cut = crop(line, limit)
    assert width(plain(cut)) <= max(limit, 0)
    if width(plain(line)) <= limit:
        assert cut == line
    else:
        assert plain(cut).endswith("…")
        assert plain(line).startswith(plain(cut)[:-1])


def test_styles_are_closed_and_blanks_have_none() -> None:
    assert ansi([("a", "bad"), ("  ", "dim"), ("b", "")]) == "\x1b[1;31ma\x1b[0m  b"


def test_wide_characters_line_up() -> None:
    lines = [plain(one) for one in table([["飛行", "1"], ["ab", "22"]], right=[1])]
    assert lines == ["  飛行   1", "  ab    22"]


def test_empty_columns_take_no_room() -> None:
    assert [plain(one) for one in table([["a", "", "b"], ["c", "", "d"]])] == ["  a  b", "  c  d"]
    assert table([]) == []


def test_text_is_cut_to_the_screen() -> None:
    assert Screen(width=5).text([[("abcdefgh", "")], [("ab", "")]]) == "abcd…\nab\n"


@given(st.lists(st.tuples(st.text("ab飛 "), st.sampled_from(["", "bad"])), max_size=6), st.integers(4, 40))
def test_a_broken_line_loses_nothing(line: list[tuple[str, str]], limit: int) -> None:
    lines = fold(line, limit)
    assert all(width(plain(one)) <= limit for one in lines)
    assert "".join([plain(one) for one in lines]).replace(" ", "") == plain(line).replace(" ", "")
    styles = [(one, style) for text, style in line for one in text if one != " "]
    assert [(one, style) for part in lines for text, style in part for one in text if one != " "] == styles


def test_lines_are_broken_between_words() -> None:
    line = [("⚠ ", "warn"), ("weather", "name"), ("  it reads a file  ", ""), ("airports.py:16", "code")]
    assert [plain(one) for one in fold(line, 30)] == ["⚠ weather  it reads a file  ", "  airports.py:16"]
    assert fold(line, 0) == [line]


def test_where_there_is_little_room_whole_columns_give_way() -> None:
    rows = [["step", "ran", "1 ms", "22 MB", "never ran, and so on"], ["other", "ran", "2 ms", "22 MB", "never ran"]]

    def told(room: int) -> list[str]:
        return [
            plain(one).split("  ")[1] + "|" + plain(one)[7:].lstrip() for one in table(rows, room=room, spare=[3, 1])
        ]

    assert told(0)[0] == "step|ran  1 ms  22 MB  never ran, and so on"
    assert told(60)[0] == told(0)[0]
    assert told(36)[0] == "step|ran  1 ms  never ran, and so on"
    assert told(30)[0] == "step|1 ms  never ran, and so on"
    assert told(16)[0] == "step|1 ms"
