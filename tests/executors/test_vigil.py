"""Limits of time and silence, and looks at what a task uses: against a clock that the test holds."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.executors import vigil
from penstock.executors.pool import Job
from penstock.model.step import Entry
from penstock.model.task import Task


def job(log: Path | str = "", **limits: float) -> Job:
    made = Job(Task("r/s/1", "r", "s", 1, "k", "", Entry("pickle"), log=str(log), **limits))
    vigil.begin(made, 100.0)
    return made


def test_without_limits_nothing_is_overdue() -> None:
    assert vigil.overdue(job(), 1e9) == ("", "")


def test_a_time_limit_is_due_once_it_has_passed() -> None:
    one = job(timeout=5)
    assert vigil.first_due([one], None) == 101.0  # the first look comes earlier
    assert vigil.overdue(one, 104.9) == ("", "")
    assert vigil.overdue(one, 105.0) == ("timeout", "it took longer than 5 s")


def test_who_was_asked_is_killed_once() -> None:
    one = job(timeout=2)
    vigil.stop(one, 109.0, 1.0)
    assert vigil.first_due([one], None) == 110.0
    assert vigil.overdue(one, 109.0) == ("", "")
    assert vigil.overdue(one, 110.0) == ("kill", "")
    assert vigil.overdue(one, 111.0) == ("", "")
    assert vigil.first_due([one], None) is None


def test_silence_ends_with_a_word_or_with_output(tmp_path: Path) -> None:
    log = tmp_path / "log"
    one = job(log, no_output_timeout=10)
    vigil.hear(one, 108.0)
    assert vigil.overdue(one, 110.0) == ("", "")
    log.write_text("epoch 1")
    assert vigil.overdue(one, 118.0) == ("", "")  # it had printed meanwhile
    assert vigil.overdue(one, 127.9) == ("", "")
    assert vigil.overdue(one, 128.0) == ("silence", "it printed nothing for 10 s")


def test_what_others_printed_before_is_no_word(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("of the task before")
    one = job(log, no_output_timeout=10)
    one.log_size = len("of the task before")
    assert vigil.overdue(one, 110.0)[0] == "silence"


@pytest.mark.needs("proc")
def test_looks_tell_what_a_task_uses(tmp_path: Path) -> None:
    log = tmp_path / "log"
    one = job(log)
    assert vigil.sample(one, os.getpid(), 100.9) is None
    assert vigil.sample(one, os.getpid(), 101.0) is None  # only to compare the next one with
    assert vigil.sample(one, os.getpid(), 101.5) is None
    sum(range(3_000_000))
    seen = vigil.sample(one, os.getpid(), 102.0)
    assert seen is not None
    assert (seen.task, seen.seconds, seen.silent) == ("r/s/1", 2.0, 2.0)
    assert seen.cpu >= 0.0
    assert seen.memory > 5_000_000
    log.write_text("a word")
    seen = vigil.sample(one, os.getpid(), 104.0)
    assert seen is not None and seen.silent == 0.0


def test_who_has_no_process_yet_is_looked_at_later() -> None:
    one = job()
    assert vigil.sample(one, 0, 103.0) is None
    assert vigil.first_due([one], None) == 104.0


@pytest.mark.needs("proc")
@given(st.lists(st.floats(0.01, 30.0), min_size=1, max_size=60))
def test_looks_become_rare_and_never_stop(steps: list[float]) -> None:
    """Whenever it is asked: between two looks lie two to ten seconds, and the next is always set."""
    one = job()
    now, last = 100.0, 100.0
    for step in steps:
        now += step
        due = one.look_at
        seen = vigil.sample(one, os.getpid(), now)
        if now < due:
            assert seen is None
            continue
        assert vigil.first_due([one], None) == one.look_at
        assert 0.999 <= one.look_at - now <= 10.001
        if seen is not None:
            assert now - last >= 0.999
        last = now


def test_the_first_of_all_deadlines() -> None:
    quick, slow = job(timeout=0.5), job()
    assert vigil.first_due([slow, quick], None) == 100.5
    assert vigil.first_due([slow, None, quick], 100.2) == 100.2
    vigil.rest(quick)
    assert vigil.first_due([quick], None) is None
    assert vigil.overdue(quick, 1e9) == ("", "")
    assert vigil.first_due([], None) is None
    assert vigil.first_due([], 7.0) == 7.0
