"""Several runs at once on one ledger: equal work is done once; what a dead run held is taken over."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SOURCE = """
import os, time
import penstock as ps

def note(name):
    fd = os.open("done.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(fd, f"{name}\\n".encode())
    os.close(fd)

@ps.step
def a():
    note("a begins")
    time.sleep(1.0)
    note("a ends")
    return 1

@ps.step
def b(a):
    note("b")
    return a + 1
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "p.py").write_text(SOURCE)
    return tmp_path


def start(folder: Path, executor: str):
    code = f"import penstock as ps; r = ps.Pipeline.load('p.py').run(executor={executor!r}); print(r.status, r['b'])"
    return subprocess.Popen([sys.executable, "-c", code], cwd=folder, stdout=subprocess.PIPE, text=True)


def notes(folder: Path) -> list[str]:
    path = folder / "done.txt"
    return path.read_text().split("\n")[:-1] if path.exists() else []


def until(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_equal_work_is_done_once(folder, executor):
    processes = [start(folder, executor) for _ in range(4)]
    assert [process.communicate(timeout=90)[0].strip() for process in processes] == ["succeeded 2"] * 4
    assert sorted(notes(folder)) == ["a begins", "a ends", "b"]


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_the_work_of_a_run_that_was_killed_is_taken_over(folder, executor):
    first = start(folder, executor)
    until(lambda: "a begins" in notes(folder))
    second = start(folder, executor)
    time.sleep(0.3)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert second.communicate(timeout=90)[0].strip() == "succeeded 2"
    found = notes(folder)
    assert found.count("a begins") == 2 and found.count("a ends") == 1 and found.count("b") == 1


def test_a_run_that_was_stopped_for_longer_than_its_lease_commits_nothing(folder, monkeypatch):
    monkeypatch.setenv("PENSTOCK_LEASE", "1")
    first = start(folder, "inline")
    until(lambda: "a begins" in notes(folder))
    os.kill(first.pid, signal.SIGSTOP)
    time.sleep(1.5)
    second = start(folder, "inline")
    assert second.communicate(timeout=90)[0].strip() == "succeeded 2"
    os.kill(first.pid, signal.SIGCONT)
    first.communicate(timeout=90)
    from penstock.app.settings import find_settings, open_ledger

    ledger = open_ledger(find_settings(folder / "p.py"))
    executions = list(ledger.executions())
    assert sorted(one.step for one in executions) == ["a", "b"]
    runs = {one["run"]: one["status"] for one in ledger.runs()}
    assert runs[executions[0].run] == "succeeded"
