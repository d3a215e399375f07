"""The drawing of a run: what a terminal shows at the end, whatever was drawn before."""

import io
import re

import pytest
from tests.report.samples import run_of, story

from penstock.model.event import Begun, Event, RunStarted
from penstock.report.live import Watch
from penstock.report.paint import Screen

TERMINAL = Screen(80, 24, False, True, True)


class Broken(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def emulate(text: str) -> list[str]:
    """The lines that a terminal shows: only the sequences that `Watch` may use, anything else is an error."""
    lines, row, blank = [""], 0, True
    for part in re.split(r"(\x1b\[\??\d*[a-zA-Z]|\n)", text):
        if part == "\n":
            row, blank = row + 1, True
            if row == len(lines):
                lines.append("")
        elif part.startswith("\x1b["):
            number, what = part[2:-1], part[-1]
            if what == "F":
                row -= int(number)
                assert row >= 0, "above what was drawn"
                blank = True
            elif what == "J":
                lines[row:] = [""]
            elif what == "K":
                lines[row] = "" if blank else lines[row]
            else:
                assert part in ("\x1b[?25l", "\x1b[?25h"), part
        elif part:
            assert "\x1b" not in part
            lines[row], blank = part, False
    return lines


def watch(events: list[Event], *, frames: bool = True, **options: bool) -> str:
    stream, clock = io.StringIO(), iter(range(10_000))
    one = Watch(stream, TERMINAL, now=lambda: float(next(clock)), **options)
    one._thread = None
    for event in events:
        one.on(event)
        if frames:
            one._frame()
    one.__exit__(None, None, None)
    return stream.getvalue()


def test_what_stays_is_the_last_table() -> None:
    drawn = emulate(watch(story()))
    assert [line.split()[:2] for line in drawn[:6]] == [
        ["✓", "clean"], ["✓", "scores"], ["✗", "model"], ["⊘", "report"], ["⏸", "deploy"], ["⊘", "extra"],
    ]  # fmt: skip
    assert drawn == emulate(watch(story(), frames=False)), "however often it was drawn"


def test_the_cursor_comes_back() -> None:
    text = watch(story())
    assert text.count("\x1b[?25l") == 1
    assert text.rstrip().endswith("\x1b[?25h")


def test_a_terminal_that_became_narrow_is_cleared_of_wrapped_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    one = Watch(stream, Screen(80, 24, False, True, True), now=lambda: 1.0)
    one.on(RunStarted(run_of(("a", "b"))))
    one._frame()
    wide = list(one._drawn)
    one._screen = Screen(30, 24, False, True, True)
    one._frame()
    up = int(re.findall(r"\x1b\[(\d+)F", stream.getvalue())[-1])
    assert up == sum(max(-(-n // 30), 1) for n in wide) > len(wide)


def test_a_reader_that_left_does_not_end_the_run() -> None:
    for redraw in (True, False):
        with Watch(Broken(), TERMINAL, redraw=redraw) as one:
            for event in story():
                one.on(event)
        assert one.tally.status == "failed"


def test_the_thread_draws_and_ends() -> None:
    stream = io.StringIO()
    with Watch(stream, TERMINAL) as one:
        one.on(RunStarted(run_of(("a",))))
        one.on(Begun("r1/a/1", "a", 1))
        thread = one._thread
        assert thread is not None
        for _ in range(200):
            if "a" in stream.getvalue():
                break
            thread.join(0.05)
    assert "a" in stream.getvalue()
    assert not thread.is_alive()


def test_without_a_terminal_there_are_lines() -> None:
    text = watch(story(), redraw=False, frames=False)
    assert text.startswith("flights  run r1")
    assert "\x1b" not in text


def test_a_run_that_never_began_draws_nothing() -> None:
    assert watch([]) == ""


def test_the_first_line_comes_before_what_a_step_of_this_process_prints() -> None:
    stream = io.StringIO()
    one = Watch(stream, Screen(), redraw=False, now=lambda: 0.01)  # no time has passed since lines were written
    one.on(RunStarted(run_of(("a",))))
    assert stream.getvalue().startswith("flights  run r1")
