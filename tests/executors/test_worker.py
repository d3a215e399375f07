"""A worker between two tasks: as it was before, or spent."""

import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from penstock.executors.wire import Frames, FromWorker, Halt, Work, frame
from penstock.executors.worker import State, sweep
from penstock.model.step import Entry
from penstock.model.task import Ended, Task


def test_the_state_is_put_back() -> None:
    before = dict(os.environ), sys.getrecursionlimit(), signal.getsignal(signal.SIGALRM)
    state = State()
    os.environ["NEW_HERE"] = "1"
    os.environ.pop("PATH", None)
    sys.setrecursionlimit(before[1] + 100)
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.setitimer(signal.ITIMER_REAL, 100)
    assert state.mend() == ""
    assert (dict(os.environ), sys.getrecursionlimit(), signal.getsignal(signal.SIGALRM)) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_what_new_files_may_be_is_put_back() -> None:
    before = os.umask(0o027)
    try:
        state = State()
        os.umask(0o777)
        assert state.mend() == ""
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)


def test_a_limit_can_not_be_put_back() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    state = State()
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before[0] - 1, before[1]))
        assert "limited" in state.mend()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert state.mend() == ""


def test_a_thread_left_running_can_not_be_put_back() -> None:
    done = threading.Event()
    early = threading.Thread(target=done.wait, daemon=True)
    early.start()
    state = State()
    assert state.mend() == ""  # it was there before
    late = threading.Thread(target=done.wait, daemon=True)
    late.start()
    assert "thread" in state.mend()
    done.set()
    late.join()
    early.join()
    assert state.mend() == ""


@pytest.mark.needs("proc")
def test_children_are_ended_and_told() -> None:
    code = """
import os, signal, subprocess, sys, time
from penstock.executors.processes import become_subreaper, children
from penstock.executors.worker import sweep
become_subreaper()
print(repr(sweep()))
subprocess.Popen(["true"]).wait()
done = subprocess.Popen(["true"])
while os.waitid(os.P_PID, done.pid, os.WEXITED | os.WNOWAIT).si_pid != done.pid: pass
print(repr(sweep()))
subprocess.Popen(["sleep", "60"])
subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 60 & sleep 60; sleep 60"])
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(60)
    os._exit(0)
time.sleep(0.1)
print(repr(sweep()))
print(children(os.getpid()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.splitlines() == ["''", "''", "'a task left processes behind'", "[]"]
    assert sweep.__doc__


class Worker:
    """A worker behind a socket, without server and runner."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket, theirs = socket.socketpair()
        self.read, self.tokens = os.pipe()
        alive, self.life = os.pipe()
        code = (
            "import sys, socket; from pathlib import Path\n"
            "from penstock.executors.server import Fork\n"
            "from penstock.executors.wire import Hello\n"
            "from penstock.executors.worker import work\n"
            "from tests.executors.launch import compose\n"
            "hello = Hello(sys.argv[1], '', '')\n"
            "s, t, a = map(int, sys.argv[2:])\n"
            "work(Fork(hello, socket.socket(fileno=s), t, a, {'GIVEN': 'yes'}), compose, 1 << 40).run()\n"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, str(folder), str(theirs.fileno()), str(self.read), str(alive)],
            pass_fds=(theirs.fileno(), self.read, alive),
            cwd=Path(__file__).parent.parent.parent,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
        )
        theirs.close()
        os.close(alive)
        self.frames = Frames(FromWorker)
        self.file = folder / "steps.py"
        self.file.write_text(
            "import time, os\ndef one():\n    return 1\ndef sleeps():\n    open('begun', 'w').close()\n    time.sleep(60)\n"
            "def given():\n    return os.environ['GIVEN']\n"
        )

    def give(self, name: str, number: int, *, token: int | None = None) -> str:
        given = Task(
            f"r/{name}/{number}", "r", name, 1, "k", "", Entry("file", str(self.file), name), root=str(self.folder)
        )
        if token is None or token:
            os.write(self.tokens, (token or number).to_bytes(8, "little"))
        self.socket.sendall(frame(Work(given, number)))
        return given.id

    def hear(self) -> Any:
        self.socket.settimeout(20)
        while True:
            for message in self.frames.feed(self.socket.recv(1 << 16)):
                return message

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.socket.close()
        for end in (self.read, self.tokens, self.life):
            os.close(end)


@pytest.fixture
def worker(tmp_path: Path) -> Any:
    made = Worker(tmp_path)
    yield made
    made.close()


def test_only_tasks_whose_token_is_there_are_done(worker: Worker) -> None:
    worker.give("one", 1, token=0)  # withdrawn
    last = worker.give("given", 2)
    ended = worker.hear()
    assert isinstance(ended, Ended)
    assert (ended.task, ended.status) == (last, "succeeded")
    worker.give("one", 3, token=4)  # withdrawn, and another given in its place
    again = worker.give("one", 4, token=0)
    assert worker.hear().task == again


def test_a_stop_meets_the_task_that_it_names_and_no_other(worker: Worker) -> None:
    worker.socket.sendall(frame(Halt("r/another/9", "not you")))
    running = worker.give("sleeps", 1)
    end = time.monotonic() + 20
    while not (worker.folder / "begun").exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    os.kill(worker.process.pid, signal.SIGTERM)
    worker.socket.sendall(frame(Halt(running, "enough")))
    os.kill(worker.process.pid, signal.SIGTERM)
    ended = worker.hear()
    assert (ended.task, ended.status, ended.reason) == (running, "cancelled", "enough")
    os.kill(worker.process.pid, signal.SIGTERM)  # while nothing runs
    worker.socket.sendall(frame(Halt("r/one/2", "before it began")))
    worker.give("one", 2)
    assert worker.hear().status == "cancelled"
    worker.give("one", 3)
    assert worker.hear().status == "succeeded"


def test_it_ends_with_the_runner(worker: Worker) -> None:
    worker.give("one", 1)
    worker.hear()
    worker.socket.close()
    assert worker.process.wait(20) == 0


def test_it_ends_with_the_server(worker: Worker) -> None:
    worker.give("sleeps", 1)
    os.close(worker.life)
    worker.life = os.dup(worker.read)
    assert worker.process.wait(20) == -signal.SIGKILL
