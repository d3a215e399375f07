"""The table fits any terminal, and shows what is worth a line."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.report.samples import FAILURE, committed, execution, run_of, story
from tests.report.test_tally import tally_of

from penstock.model.artifact import Description
from penstock.model.event import (
    Begun,
    Decided,
    Expected,
    Failed,
    Held,
    Progressed,
    Queued,
    Retrying,
    RunStarted,
    Sampled,
    Stopping,
    Warned,
)
from penstock.model.run import Decision, Made, Reason
from penstock.report.board import board, outputs_text, step_glyph, tail
from penstock.report.paint import plain, width
from penstock.report.tally import Tally


def shown(lines: list[list[tuple[str, str]]]) -> list[str]:
    return [plain(line).rstrip() for line in lines]


def many(ran: int, running: int, failed: int, total: int) -> Tally:
    names = tuple(f"step_{i}" for i in range(total))
    tally = tally_of([RunStarted(run_of(names))])
    for i, name in enumerate(names[: ran + running + failed]):
        if i < ran:
            for event in committed(name):
                tally.on(event, 1.0)
        else:
            tally.on(Begun(f"r1/{name}/1", name, 1), 1.0)
            if i < ran + failed:
                tally.on(Failed(name, 1, FAILURE), 2.0)
    return tally


@settings(max_examples=60)
@given(
    st.integers(0, 40),
    st.integers(0, 30),
    st.integers(0, 30),
    st.integers(0, 200),
    st.integers(20, 200),
    st.integers(1, 60),
)
def test_it_fits(ran: int, running: int, failed: int, more: int, columns: int, lines: int) -> None:
    tally = many(ran, running, failed, ran + running + failed + more)
    frame = board(tally, 9.0, columns, lines)
    assert len(frame) <= max(lines, 9)
    assert all(width(plain(line)) < columns for line in frame)


def test_a_small_run_shows_every_step_in_order() -> None:
    tally = tally_of(story()[:6])
    lines = shown(board(tally, 20.0, 100, 30))
    assert [line.split()[1] for line in lines[2:-2]] == ["clean", "scores", "model", "report", "deploy", "extra"]
    assert lines[0].startswith("  flights  run r1 · local, 2 workers")
    assert lines[0].endswith("0:20")
    assert "✓ clean     0.80 s  1,234 rows, 41 MB       helper `clean_name` changed" in lines[2]
    assert lines[-1].endswith("2 of 6 steps · 2 ran")


def test_the_first_interrupt_is_seen_in_the_last_line() -> None:
    tally = tally_of([*story()[:6], Stopping("Ctrl-C", ("model",))])
    assert shown(board(tally, 20.0, 100, 30))[-1] == "  stopping (Ctrl-C) … Ctrl-C again kills · 2 of 6 steps · 2 ran"


def test_a_large_run_shows_what_is_wrong_and_what_is_busy() -> None:
    tally = many(600, 4, 2, 1000)
    lines = shown(board(tally, 9.0, 80, 24))
    text = "\n".join(lines)
    assert len(lines) <= 24
    assert "⋯ 59" in text
    assert "more ran" in text
    assert "more to come" in text
    for i in (600, 601):
        assert f"✗ step_{i}" in text
    for i in (602, 603, 604, 605):
        assert f" step_{i} " in text
    assert "602 of 1,000 steps" in lines[-1]
    hidden = sum(
        [int(word.replace(",", "")) for line in lines if "⋯" in line for word in line.split() if word[0].isdigit()]
    )
    rows = [line for line in lines if " step_" in line]
    assert hidden + len(rows) == 1000


def test_progress_retries_holds_and_reuse_are_told() -> None:
    tally = tally_of(
        [
            RunStarted(run_of(("fit", "flaky", "gate", "old", "next"))),
            Decided((Decision("old", "reuse", (Reason("same", "nothing changed"),), "k", execution("old")),)),
            Begun("r1/fit/1", "fit", 1),
            Progressed("r1/fit/1", 1240, 2000, "fold 3"),
            Begun("r1/flaky/1", "flaky", 1),
            Retrying("flaky", 1, 2.0, FAILURE),
            Held("gate", "Deploy it?"),
            Queued("r1/next/1", "next", "waits for 1 of 1 `gpu`, held by run r0"),
        ]
    )
    lines = "\n".join(shown(board(tally, 10.0, 110, 30)))
    assert "○ next   waits for 1 of 1 `gpu`, held by run r0" in lines
    assert "0:08  ━━━━━━━━━━━━━━╸─────────   62%  1,240/2,000  about 4.9 s left  fold 3" in lines
    assert "↻ flaky  trying again  attempt 1 failed: ValueError: could not convert 'N/A'" in lines
    assert "⏸ gate   waits for approval  Deploy it?" in lines
    assert "↺ old      reused" in lines


def test_what_a_step_uses_and_when_it_may_end() -> None:
    told = [RunStarted(run_of(("fit",))), Begun("r1/fit/1", "fit", 1), Expected("r1/fit/1", 3600.0, 4000.0, 3)]
    tally = tally_of([*told, Sampled("r1/fit/1", 9.0, 1.94, 1_200_000_000, 3.0)])
    assert "fit      0:09  about 1 h 00 m left  1.9 cpus, 1.2 GB" in shown(board(tally, 10.0, 100, 30))[2]
    assert "1:23:19  longer than ever (1 h 06 m)  1.9 cpus" in shown(board(tally, 5000.0, 100, 30))[2]
    tally.on(Progressed("r1/fit/1", 9, 10), 5000.0)
    assert "90%  9/10  about 9 m left  1.9 cpus" in shown(board(tally, 5000.0, 100, 30))[2]
    tally.on(Warned("fit", "silent", "it may hang"), 5000.0)
    assert "9/10  about 9 m left  ⚠ may hang  1.9 cpus" in shown(board(tally, 5000.0, 100, 30))[2]
    tally.on(Begun("r1/fit/2", "fit", 2), 5000.0)
    assert shown(board(tally, 5001.0, 100, 30))[2].endswith("0:01")


def test_after_the_run_small_ones_stay_whole_and_large_ones_are_summed_up() -> None:
    assert len(tail(tally_of(story()), 20.0, 80)) == 6
    lines = shown(tail(many(600, 0, 2, 602), 9.0, 80))
    assert len(lines) == 8
    assert lines[-1] == "  ✓ 595 more steps ran, none slower than these"


def test_after_a_run_of_which_all_was_reused_one_line_stays() -> None:
    names = tuple(f"s{i}" for i in range(9))
    reuse = tuple(Decision(one, "reuse", (), "k", execution(one)) for one in names)
    assert shown(tail(tally_of([RunStarted(run_of(names)), Decided(reuse)]), 1.0, 80)) == ["  ↺ 9 steps reused"]


def test_names_from_outside_can_not_break_the_table() -> None:
    tally = tally_of([RunStarted(run_of(("a\x1b[2J\nb", "x" * 300)))])
    lines = board(tally, 1.0, 80, 24)
    assert all(width(plain(line)) < 80 and plain(line).isprintable() for line in lines)


def test_outputs_are_summed_up() -> None:
    assert outputs_text(execution("a")) == "1,234 rows, 41 MB"
    one = structs.replace(execution("a").outputs[0].stored, about=Description("t", 1), size=890)
    assert outputs_text(execution("a", outputs=(Made("a", one),))) == "1 row, 890 B"
    assert outputs_text(execution("a", outputs=())) == outputs_text(None) == ""


def test_a_held_step_has_a_sign_of_its_own() -> None:
    assert step_glyph({"status": "waiting", "note": "Deploy?"}) != step_glyph({"status": "waiting", "note": ""})  # type: ignore[typeddict-item]
