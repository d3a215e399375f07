"""How a task ended that could not say so itself."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from penstock.executors.deaths import crash_report, ended_by_death, ended_by_stop
from penstock.executors.pool import Job
from penstock.executors.wire import LINE_BROKEN, LINE_LOST, Gone
from penstock.model.step import Entry
from penstock.model.task import Ended, Failure, LogSpan, Setting, Task, Usage


def job(folder: Path, asked: str = "", why: str = "", **fields: Any) -> Job:
    setting = Setting("rate", "value", "0.1", "")
    made = Job(
        Task("r/s/1", "r", "s", 1, "k", "", Entry("pickle"), settings=(setting,), root=str(folder), timeout=3, **fields)
    )
    made.asked, made.why = asked, why
    return made


@pytest.mark.parametrize(
    ("gone", "words", "closed", "message"),
    [
        (Gone(1, 11), "", True, "killed by signal 11 (SIGSEGV): a crash in native code"),
        (Gone(1, 0), "", True, "ended by itself with exit code 0 before the step returned"),
        (Gone(1, 9, starved=True), "", True, "killed by signal 9 (SIGKILL): probably out of memory"),
        (Gone(1, 9, killed=True), "", True, "closed its connection"),
        (Gone(1, LINE_LOST << 8), "", True, "closed its connection"),
        (Gone(1, LINE_BROKEN << 8), "", True, "closed its connection"),
        (Gone(1, 9, killed=True), "spoke nonsense", False, "spoke nonsense"),
    ],
)
def test_a_death_names_its_cause(tmp_path: Path, gone: Gone, words: str, closed: bool, message: str) -> None:
    ended = ended_by_death(job(tmp_path), gone, words, closed, Usage(seconds=2))
    assert (ended.status, ended.usage.seconds) == ("failed", 2)
    assert ended.failure is not None
    assert ended.failure.kind == "WorkerDied"
    assert message in ended.failure.message
    assert ended.failure.message.startswith("the process of step `s` ")
    assert ended.failure.hint
    assert ended.failure.parameters == {"rate": "0.1"}


def test_a_death_that_was_asked_for(tmp_path: Path) -> None:
    gone = Gone(1, signal.SIGKILL, killed=True)
    ended = ended_by_death(job(tmp_path, "cancel", "not wanted"), gone, "", False, Usage())
    assert (ended.status, ended.reason, ended.failure) == ("cancelled", "not wanted", None)
    ended = ended_by_death(job(tmp_path, "timeout", "it took longer than 3 s"), gone, "", False, Usage())
    assert ended.failure is not None
    assert (ended.failure.kind, ended.failure.message) == (
        "TimeoutError",
        "step `s` was stopped: it took longer than 3 s",
    )


def test_a_stop_keeps_the_place(tmp_path: Path) -> None:
    stopped = Ended("r/s/1", "cancelled", reason="x", failure=Failure("Stop", "x", "flow.py:3", traceback="lines"))
    ended = ended_by_stop(job(tmp_path, "silence", "it printed nothing for 3 s"), stopped)
    assert ended.status == "failed"
    assert ended.failure is not None
    assert (ended.failure.where, ended.failure.traceback) == ("flow.py:3", "lines")
    ended = ended_by_stop(job(tmp_path, "cancel", "enough"), stopped)
    assert (ended.status, ended.reason, ended.failure) == ("cancelled", "enough", None)


def test_the_user_s_line_of_a_crash_is_found_in_the_log(tmp_path: Path) -> None:
    file = tmp_path / "flow.py"
    file.write_text("import ctypes\ndef inner():\n    ctypes.string_at(0)\ndef step():\n    inner()\nstep()\n")
    log = tmp_path / "task.log"
    with log.open("wb") as out:
        out.write(b"Fatal Python error: of another task\n" + b"." * 50_000 + b"\xff\n")
        start = out.tell()
        out.flush()
        subprocess.run([sys.executable, "-X", "faulthandler", str(file)], stderr=out, check=False)
        size = out.tell()
    size = log.stat().st_size - start
    where, trace = crash_report(LogSpan(str(log), start, size), str(tmp_path))
    assert where == "flow.py:3"
    assert trace.index("in step") < trace.index("in inner") < trace.index("Segmentation fault")
    assert crash_report(LogSpan(str(log), 0, start), str(tmp_path))[0] == ""
    assert crash_report(LogSpan(str(tmp_path / "none"), 0, 5), "") == ("", "")
    assert crash_report(None, "") == ("", "")
