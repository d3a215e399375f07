"""The closing words: the same from the events that were watched as from the ledger."""

import math
from pathlib import Path

from tests.report.samples import FAILURE, ledger_at, run_of, story
from tests.report.test_board import shown
from tests.report.test_tally import tally_of

from penstock.model.event import Begun, Blocked, Failed, Grown, RunEnded, RunStarted
from penstock.model.task import Failure
from penstock.report.summary import (
    Closing,
    closing_from,
    closing_of,
    failure_lines,
    metric_lines,
    outcome,
    summary,
    traceback_lines,
    warning_lines,
)
from penstock.report.views import failure_view, run_view


def test_it_reads_like_this() -> None:
    lines = shown(summary(closing_from(tally_of(story())), {"scores.mae": 11.5}, "r0"))
    assert lines == [
        "✗ flights failed in 12 s · 2 ran · 1 failed · 1 blocked · 1 skipped · 1 waiting",
        "  run r1",
        "",
        "  metrics  against run r0",
        "  scores.mae   11  ▼ 0.5  was 11.5",
        "  scores.odd  nan         new",
        "",
        "✗ model  ValueError: could not convert 'N/A'  flights.py:61",
        '      File "flights.py", line 61, in model',
        "        return fit(x)",
        "               ^^^^^^",
        "    with  learning_rate=0.1",
        "",
        "⚠ clean  it reads `codes.csv`  features.py:9",
        "    Declare it as a `Path`.",
        "",
        "⏸ deploy asks  Deploy it?",
        "    yes:  penstock approve r1 deploy",
        "    no:   penstock approve r1 deploy --decline",
        "",
        "  go on:   penstock resume r1",
        "  its log: penstock logs r1 model",
    ]


def test_watched_and_recorded_runs_close_alike(tmp_path: Path) -> None:
    watched = closing_from(tally_of(story(mae=3.0)))
    recorded = closing_of(run_view(ledger_at(tmp_path, story(mae=3.0)), "r1"))
    assert shown(summary(watched, {}))[0] == shown(summary(recorded, {}))[0]
    assert (watched.failures, watched.held, watched.warnings) == (recorded.failures, recorded.held, recorded.warnings)
    assert {status: many for status, many in watched.counts.items() if many} == recorded.counts
    assert list(watched.metrics) == list(recorded.metrics)


def test_many_failures_are_not_all_told_in_full() -> None:
    import msgspec

    closing = msgspec.structs.replace(
        closing_from(tally_of(story())), failures=tuple((f"m{i}", 1, failure_view(FAILURE)) for i in range(9))
    )
    lines = shown(summary(closing, {}))
    assert len([line for line in lines if line.startswith("✗ m")]) == 9
    assert len([line for line in lines if "return fit" in line]) == 5


def test_what_a_finding_blocks_is_not_resumed() -> None:
    import msgspec

    why = ("blocked by finding 0abc (as-of PROVEN in `features` and 1 more)",)
    closing = msgspec.structs.replace(
        closing_from(tally_of(story())), status="failed", failures=(), held=(), barred=why
    )
    lines = shown(summary(closing, {}))
    assert lines[-3:] == [
        "  see it:  penstock replay 0abc",
        "  mend it: edit `features`, and penstock run goes on from here",
        '  or waive it, beside the steps: ps.waive("as-of", "features", "why it may pass", until="YEAR-MONTH-DAY")',
    ]
    assert not any("resume" in line for line in lines)
    scanned = msgspec.structs.replace(closing, barred=("blocked by (overlap PROVEN in `sides`)",))
    assert "  mend it: edit `sides`, and penstock run goes on from here" in shown(summary(scanned, {}))
    failed = msgspec.structs.replace(closing_from(tally_of(story())), status="failed", barred=why)
    assert any("penstock resume" in line for line in shown(summary(failed, {})))


def test_a_run_of_nothing_ends_without_a_dot() -> None:
    assert "".join(text for text, _ in outcome(Closing("r", "empty", "succeeded", 1.0, {}, {}))).endswith(" s")


def test_nothing_to_do_is_said() -> None:
    import msgspec

    closing = msgspec.structs.replace(closing_from(tally_of(story())), status="succeeded", counts={"reused": 9})
    assert shown([outcome(closing)]) == ["✓ flights succeeded in 12 s · nothing to do, 9 steps reused"]


def test_tracebacks_show_the_users_frames_and_can_not_steer() -> None:
    error = failure_view(FAILURE)
    assert error is not None
    assert [style for ((_, style),) in traceback_lines(error)] == ["code", "", "error"]
    error["traceback"] = 'Traceback (most recent call last):\n  File "a.py", line 1\nE: \x1b[2J\n'
    assert "\x1b" not in str(shown(traceback_lines(error)))


def test_an_error_without_words_is_its_kind() -> None:
    lines = shown(failure_lines("model", 1, failure_view(Failure("AssertionError", "", "p.py:3"))))
    assert lines[0] == "✗ model  AssertionError  p.py:3"


def test_attempts_and_hints_are_told() -> None:
    lines = shown(failure_lines("m", 3, {**failure_view(FAILURE), "hint": "Take more."}))  # type: ignore[typeddict-item]
    assert lines[-2:] == ["    tried 3 times", "    hint  Take more."]
    assert shown(failure_lines("m", 1, None)) == ["✗ m failed"]


def test_equal_metrics_say_so_once() -> None:
    assert shown(metric_lines({"a": 1.0}, {"a": 1.0}, "r0")) == ["  metrics  against run r0", "  a  1  ="]
    assert shown(metric_lines({"a": 1.0}, {})) == ["  metrics", "  a  1"]
    assert metric_lines({}, {"a": 1.0}) == []


def test_metrics_that_are_not_finite_are_told_from_those_that_were_not_measured() -> None:
    now = {"a": math.nan, "b": math.inf, "c": 1.0, "d": 2.0}
    before = {"a": math.nan, "b": -math.inf, "c": math.nan}
    assert [line.split() for line in shown(metric_lines(now, before, "r0"))[1:]] == [
        ["a", "nan", "="],
        ["b", "inf", "≠", "was", "-inf"],
        ["c", "1", "≠", "was", "nan"],
        ["d", "2", "new"],
    ]
    assert shown(metric_lines({"a": None}, {"a": math.nan}, "r0"))[1:] == ["  a  —"]


def test_the_same_advice_is_given_once() -> None:
    one = {"step": "a", "kind": "hidden-input", "what": "reads x", "where": "p.py:1", "hint": "Declare it."}
    lines = shown(warning_lines([one, {**one, "step": "b"}]))  # type: ignore[list-item, typeddict-item]
    assert lines == ["⚠ a  reads x  p.py:1", "⚠ b  reads x  p.py:1", "    Declare it."]


def test_the_part_that_failed_is_told_with_its_traceback() -> None:
    events = [RunStarted(run_of(("a", "b"))), Begun("r1/a/1", "a", 1), Grown("a", ("a[0]", "a[1]"))]
    whole = Failure("ValueError", "1 of 2 items failed")
    events += [Failed("a[1]", 1, FAILURE), Failed("a", 2, whole), Blocked(("b",), "a"), RunEnded("failed", 1.0)]
    lines = shown(summary(closing_from(tally_of(events)), {}))
    assert lines[0].endswith("1 failed · 1 blocked")
    assert "✗ a  ValueError: 1 of 2 items failed" in lines
    assert lines.index("        return fit(x)") > lines.index(
        "✗ a[1]  ValueError: could not convert 'N/A'  flights.py:61"
    )
    assert lines[-1] == "  its log: penstock logs r1 'a[1]'"
