"""Tasks in this process: the contract where it can be kept, and what only this executor promises."""

import io
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.executors.launch import kit

from penstock.codecs.registry import Codecs
from penstock.executors.inline import InlineExecutor
from penstock.model.artifact import Stored
from penstock.model.task import Ended
from penstock.stores.local import LocalStore
from penstock.testing.executors import ExecutorContract, Run
from penstock.testing.steps import Steps


class TestInline(ExecutorContract):
    cannot = {
        "crash": "a crash of this process is a crash of the run",
        "hang": "nobody is there to look at the clock",
        "cancel": "a running task can only be interrupted from the keyboard",
        "look": "nobody is there to look",
        "children": "processes that a step leaves behind are children of the run",
    }

    def make(self, folder: Path) -> InlineExecutor:
        return InlineExecutor(kit(folder / "state"))

    def value(self, folder: Path, stored: Stored) -> Any:
        return Codecs().decode(stored, LocalStore(folder / "state" / "store"))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(InlineExecutor(kit(tmp_path / "state")), Steps(tmp_path))


def test_output_goes_to_the_terminal_and_the_log(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stdout", terminal)
    (ended,) = run.ended(run.submit("prints", None, {"text": "héllo"}))
    assert sys.stdout is terminal
    assert terminal.getvalue() == "héllo\n"
    assert ended.log is not None
    assert Path(ended.log.file).read_bytes().count("héllo\n".encode()) == 2


def test_the_keyboard_cancels_the_running_task_and_passes_on(run: Run) -> None:
    task = run.steps.task("raises")
    interrupting = run.steps.task("interrupts")
    run.executor.submit(interrupting)
    run.executor.submit(task)
    seen: list[Any] = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - whichever call runs the task
        while True:
            seen += run.executor.events(0)
    seen += run.executor.events(0)
    (ended,) = [one for one in seen if isinstance(one, Ended) and one.task == interrupting.id]
    assert ended.status == "cancelled"
    run.executor.cancel(task.id, "enough")
    (ended,) = [one for one in run.executor.events(0) if isinstance(one, Ended)]
    assert (ended.task, ended.status, ended.reason) == (task.id, "cancelled", "enough")


def test_steps_run_in_the_project_s_folder_and_the_process_returns(run: Run, tmp_path: Path) -> None:
    before = os.getcwd()
    (ended,) = run.ended(run.submit("finds_the_furniture"))
    assert os.getcwd() == before
    value = Codecs().decode(ended.outputs[0], LocalStore(tmp_path / "state" / "store"))
    assert value[1] == str(tmp_path)


def test_a_task_is_announced_before_it_runs(run: Run) -> None:
    run.submit("one")
    assert [type(one).__name__ for one in run.executor.events(0)] == ["Begun"]
    assert [type(one).__name__ for one in run.executor.events(0)] == ["Ended"]


def test_the_user_s_function_is_near(run: Run, tmp_path: Path) -> None:
    (ended,) = run.ended(run.submit("counts_frames"))
    files = Codecs().decode(ended.outputs[0], LocalStore(tmp_path / "state" / "store"))
    own = [file for file in files if f"{os.sep}penstock{os.sep}" in file and "testing" not in file]
    assert len(own) == 2, own  # `events` and `perform`
