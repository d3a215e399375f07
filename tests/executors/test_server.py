"""The server leaves nothing behind: whoever dies, by whatever death."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.executors.local import LocalExecutor
from penstock.executors.processes import MARK, children
from penstock.testing.executors import Run
from penstock.testing.steps import Steps

HERE = Path(__file__).parent
LAUNCH = [sys.executable, str(HERE / "launch.py")]

RUNNER = """
import sys
from pathlib import Path
from penstock.executors.local import LocalExecutor
from penstock.testing.executors import Run
from penstock.testing.steps import Steps

folder = Path(sys.argv[1])
executor = LocalExecutor([sys.executable, sys.argv[2]], workers=2, state=folder / "state", root=folder)
run = Run(executor, Steps(folder))
for name in sys.argv[3:]:
    settings = {"folder": str(folder)} if name == "daemonises" else None
    run.begun(run.submit(name, None, settings))
print("ready", executor._server.mark, flush=True)
while True:
    executor.events(1.0)
"""

pytestmark = pytest.mark.needs("proc")


def marked(mark: str) -> list[int]:
    """Living processes that carry the mark of one executor."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def gone(mark: str, seconds: float = 2.0) -> bool:
    end = time.monotonic() + seconds
    while marked(mark):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def start_runner(folder: Path, *names: str) -> tuple[subprocess.Popen[str], str]:
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(folder), str(HERE / "launch.py"), *names], stdout=subprocess.PIPE, text=True
    )
    assert runner.stdout is not None
    word, mark = runner.stdout.readline().split()
    assert word == "ready"
    return runner, mark


@pytest.mark.parametrize("name", ["sleeps", "spins", "sleeps_in_c", "daemonises", "will_not_stop", "stops_itself"])
def test_nothing_outlives_a_killed_runner(tmp_path: Path, name: str) -> None:
    runner, mark = start_runner(tmp_path, name, "sleeps")
    if name == "daemonises":
        until((tmp_path / "grandchild").exists)
    assert len(marked(mark)) >= 3
    runner.kill()
    runner.wait()
    assert gone(mark), [Path(f"/proc/{pid}/cmdline").read_text() for pid in marked(mark)]


@pytest.mark.parametrize("name", ["sleeps", "sleeps_in_c", "daemonises"])
def test_nothing_outlives_a_killed_server(tmp_path: Path, name: str) -> None:
    executor = LocalExecutor(LAUNCH, workers=2, state=tmp_path / "state", root=tmp_path)
    try:
        run = Run(executor, Steps(tmp_path))
        task = run.submit(name, None, {"folder": str(tmp_path)} if name == "daemonises" else None)
        run.begun(task)
        server = executor._server
        assert server is not None
        run.until(
            lambda: all(not hand.unbegun for hand in executor._hands.values())
        )  # what no worker took is not harmed
        if name == "daemonises":
            until((tmp_path / "grandchild").exists)
        os.kill(server._process.pid, signal.SIGKILL)
        waiting = [run.submit("one") for _ in range(3)]
        ended, *others = run.ended(task, *waiting)
        assert ended.failure is not None
        assert ended.failure.kind == "WorkerDied"
        assert {one.status for one in others} <= {"succeeded", "failed"}
        assert run.ended(run.submit("one"))[0].status == "succeeded"
        assert gone(server.mark)
    finally:
        executor.close()


def test_workers_end_when_server_and_runner_are_killed_at_once(tmp_path: Path) -> None:
    runner, mark = start_runner(tmp_path, "sleeps", "spins")
    (server,) = [pid for pid in marked(mark) if pid in children(runner.pid)]
    os.kill(runner.pid, signal.SIGSTOP)
    os.kill(server, signal.SIGKILL)
    os.kill(runner.pid, signal.SIGKILL)
    runner.wait()
    assert gone(mark)


def test_a_fork_of_the_runner_keeps_nobody_alive(tmp_path: Path) -> None:
    executor = LocalExecutor(LAUNCH, workers=1, state=tmp_path / "state", root=tmp_path)
    run = Run(executor, Steps(tmp_path))
    run.ended(run.submit("one"))
    assert executor._server is not None
    mark = executor._server.mark
    fork = os.fork()
    if fork == 0:
        time.sleep(30)
        os._exit(0)
    try:
        executor.close()
        assert gone(mark)
    finally:
        os.kill(fork, signal.SIGKILL)
        os.waitpid(fork, 0)


def test_a_server_that_can_not_start_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise RuntimeError('no such luck')\n")
    executor = LocalExecutor([sys.executable, str(broken)], workers=2, state=tmp_path, root=tmp_path)
    try:
        run = Run(executor, Steps(tmp_path))
        for ended in run.ended(*[run.submit("one") for _ in range(4)]):
            assert ended.failure is not None
            assert "no such luck" in ended.failure.message
    finally:
        executor.close()


def test_orphans_end_with_the_worker_that_left_them(tmp_path: Path) -> None:
    executor = LocalExecutor(LAUNCH, workers=2, state=tmp_path / "state", root=tmp_path)
    try:
        run = Run(executor, Steps(tmp_path))
        task = run.submit("daemonises", None, {"folder": str(tmp_path)})
        until(lambda: (tmp_path / "grandchild").exists() and bool((tmp_path / "grandchild").read_text()))
        pid = int((tmp_path / "grandchild").read_text())
        run.until(lambda: bool(run.seen))
        os.kill(run.seen[0].pid, signal.SIGKILL)
        (ended,) = run.ended(task)
        assert ended.failure is not None
        assert "SIGKILL" in ended.failure.message
        until(lambda: not Path(f"/proc/{pid}").exists())
    finally:
        executor.close()


def until(good: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not good():
        assert time.monotonic() < end
        time.sleep(0.005)
