"""Plain lines: one for all that is reused, one for each step that ran or failed, a sign of life from long ones."""

from msgspec import structs
from tests.report.samples import FAILURE, committed, execution, run_of, story

from penstock.model.event import (
    Begun,
    Cancelled,
    Committed,
    Decided,
    Event,
    Expected,
    Grown,
    Progressed,
    Queued,
    Retrying,
    RunEnded,
    RunStarted,
    Sampled,
    Stopping,
)
from penstock.model.run import Decision
from penstock.report.lines import Lines
from penstock.report.paint import Screen
from penstock.report.tally import Tally


def told(events: list[Event], every: float = 1.0) -> list[str]:
    tally, lines = Tally(), Lines(Screen())
    text = ""
    for i, event in enumerate(events):
        text += lines.on(event, tally.on(event, i * every), tally, i * every)
    return (text + lines.rest()).splitlines()


def test_a_run_reads_like_this() -> None:
    assert told(story()) == [
        "flights  run r1 · 6 steps · local, 2 workers",
        "  ran     clean     0.80 s  1,234 rows, 41 MB         helper `clean_name` changed  features.py:41",
        "  ran     scores    0.80 s  1,234 rows, 41 MB",
        "  FAILED  model     0.20 s  ValueError: could not convert 'N/A'  flights.py:61",
        "  blocked report  by model",
        "  held    deploy  Deploy it?",
        "  skipped extra   nothing new",
        "  warning clean   it reads `codes.csv`  features.py:9",
        "",
    ]


def test_reused_steps_take_one_line() -> None:
    names = tuple(f"step_{i}" for i in range(1000))
    reuse = Decided(tuple(Decision(one, "reuse", (), "k", execution(one)) for one in names[:-1]))
    lines = told([RunStarted(run_of(names)), reuse, *committed(names[-1]), RunEnded("succeeded", 1.0)])
    assert lines[1].startswith("  reused  999 steps: step_0, step_1")
    assert lines[1].endswith(" more")
    assert len(lines[1]) < 140
    assert [line.split()[0] for line in lines if line] == ["flights", "reused", "ran"]


def test_reused_steps_are_told_when_nothing_ran() -> None:
    reuse = Decided((Decision("a", "reuse", (), "k", execution("a")),))
    assert told([RunStarted(run_of(("a",))), reuse])[1] == "  reused  1 step: a"


def test_a_resumed_run_keeps_steps_and_not_their_parts() -> None:
    tally, lines = Tally({"a": ("ran", None), "a[0]": ("ran", None)}), Lines(Screen())
    start = RunStarted(run_of(("a", "b")))
    assert lines.on(start, tally.on(start, 0.0), tally, 0.0).splitlines()[1:] == ["  kept    1 step: a"]


def test_retries_and_interruptions() -> None:
    lines = told([RunStarted(run_of(("a", "b"))), Retrying("a", 1, 2.0, FAILURE), Cancelled(("a", "b"), "Ctrl-C")])
    assert lines[1] == "  retry   a  attempt 1 failed: ValueError: could not convert 'N/A'; again in 2.0 s"
    assert lines[2] == "  stopped a, b  Ctrl-C"


def test_a_step_that_waits_for_a_limit_says_so_and_its_parts_do_not() -> None:
    queued = [Queued(f"r1/{one}/1", one, "waits for `gpu`") for one in ("a", "a[0]")]
    lines = told([RunStarted(run_of(("a",))), queued[0], Begun("r1/a/1", "a", 1), Grown("a", ("a[0]",)), queued[1]])
    assert [line for line in lines if "waits" in line] == ["  waits   a  for `gpu`"]


def test_a_run_that_was_asked_to_stop_says_so_at_once() -> None:
    lines = told([RunStarted(run_of(("a", "b"))), Begun("r1/a/1", "a", 1), Stopping("Ctrl-C", ("a",))])
    assert lines[1] == "  stopping (Ctrl-C) … Ctrl-C again kills · waiting for a to end"
    assert told([RunStarted(run_of(("a",))), Stopping("SIGTERM", ("a",))])[1].startswith(
        "  stopping (SIGTERM) … Ctrl-C kills"
    )
    here = structs.replace(run_of(("a",)), executor="inline")
    assert told([RunStarted(here), Stopping("Ctrl-C", ("a",))])[1:] == [""], "its step has ended already"
    assert told([RunStarted(run_of(("a",))), Stopping("Ctrl-C")])[1:] == [""], (
        "nothing is under way: it is over at once"
    )


def test_progress_is_told_now_and_then_only() -> None:
    events: list[Event] = [RunStarted(run_of(("a",))), Begun("r1/a/1", "a", 1)]
    events += [Progressed("r1/a/1", i, 100) for i in range(100)]
    lines = [line for line in told(events) if "running" in line]
    assert len(lines) == 3
    assert lines[0] == "  running a    29%, 29 of 100, about 1 m 13 s left"


def test_a_silent_step_gives_a_sign_of_life() -> None:
    tally, lines = Tally(), Lines(Screen())
    for event in (RunStarted(run_of(("a",))), Begun("r1/a/1", "a", 1)):
        lines.on(event, tally.on(event, 0.0), tally, 0.0)
    said = [second for second in range(1, 3000) if lines.tick(tally, float(second))]
    assert said[:3] == [10, 60, 300]
    assert len(said) in (5, 6), "then every quarter of an hour"


def test_a_sign_of_life_tells_what_is_known() -> None:
    tally, lines = Tally(), Lines(Screen())
    told = [RunStarted(run_of(("a",))), Begun("r1/a/1", "a", 1), Expected("r1/a/1", 100.0, 200.0, 3)]
    for event in (*told, Sampled("r1/a/1", 9.0, 1.94, 412_000_000, 3.0)):
        lines.on(event, tally.on(event, 0.0), tally, 0.0)
    assert lines.tick(tally, 10.0) == "  running a  for 10 s  about 2 m left  1.9 cpus, 412 MB\n"
    assert "about 40 s left" in lines.tick(tally, 60.0)
    assert "longer than ever (3 m 20 s)" in lines.tick(tally, 300.0)


def test_nothing_is_cut_and_colour_is_kept() -> None:
    tally = Tally()
    lines = Lines(Screen(width=20, colour=True))
    event = Committed(execution("a" * 50))
    tally.on(RunStarted(run_of(("a" * 50,))), 0.0)
    text = lines.on(event, tally.on(event, 0.0), tally, 0.0)
    assert "a" * 50 in text
    assert "\x1b[32mran" in text


def test_children_of_a_step_that_grew_have_no_lines() -> None:
    from penstock.model.event import Grown

    story: list[Event] = [
        RunStarted(run_of(("a",))),
        Begun("r1/a/1", "a", 1),
        Grown("a", ("a[0]",)),
        *committed("a[0]"),
    ]
    assert len([line for line in told([*story, *committed("a")]) if "ran" in line]) == 1
