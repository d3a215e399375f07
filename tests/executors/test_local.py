"""Local processes: the contract, and what only they promise."""

import math
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from penstock.codecs.registry import Codecs
from penstock.executors.local import LocalExecutor
from penstock.executors.processes import descendants
from penstock.executors.wire import Spawned
from penstock.model.artifact import Stored
from penstock.model.event import Begun
from penstock.model.step import Entry, Resources
from penstock.model.task import Ended
from penstock.stores.local import LocalStore
from penstock.testing.executors import ExecutorContract, Run
from penstock.testing.steps import Steps

LAUNCH = [sys.executable, str(Path(__file__).parent / "launch.py")]


class TestLocal(ExecutorContract):
    def make(self, folder: Path) -> LocalExecutor:
        return LocalExecutor(LAUNCH, workers=2, state=folder / "state", root=folder)

    def value(self, folder: Path, stored: Stored) -> Any:
        return Codecs().decode(stored, LocalStore(folder / "state" / "store"))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    folder = tmp_path.resolve()
    executor = LocalExecutor(LAUNCH, workers=2, state=folder / "state", root=folder, memory=1000)
    yield Run(executor, Steps(folder))
    executor.close()


STARTING = """
import os, sys
from pathlib import Path
tries = Path({folder!r}) / "tries"
with tries.open("a") as file:
    file.write("x")
if len(tries.read_text()) <= {times}:
    {end}
os.execv({launch[0]!r}, [*{launch!r}, sys.argv[-1]])
"""


@pytest.mark.parametrize(
    ("end", "times", "words"),
    [
        ("os.kill(os.getpid(), 9)", 3, ""),
        ("os.kill(os.getpid(), 9)", 9, "the process that starts workers ended"),
        ("sys.exit('no such thing')", 1, "workers can't be started: no such thing"),
    ],
)
def test_a_server_that_is_killed_before_it_is_ready_is_started_again(
    tmp_path: Path, end: str, times: int, words: str
) -> None:
    folder = tmp_path.resolve()
    script = folder / "starting.py"
    script.write_text(STARTING.format(folder=str(folder), times=times, end=end, launch=LAUNCH))
    executor = LocalExecutor([sys.executable, str(script)], workers=2, state=folder / "state", root=folder)
    run = Run(executor, Steps(folder))
    try:
        ended = run.ended(*[run.submit("one") for _ in range(6)])
    finally:
        executor.close()
    for one in ended:
        if words:
            assert one.failure is not None
            assert words in one.failure.message
        else:
            assert one.status == "succeeded", one


def value(run: Run, ended: Ended) -> Any:
    assert ended.status == "succeeded", ended
    return Codecs().decode(ended.outputs[0], LocalStore(run.steps.folder / "state" / "store"))


def pids(run: Run) -> dict[str, int]:
    return {one.task: one.pid for one in run.seen if isinstance(one, Begun)}


def test_workers_that_are_killed_take_only_what_they_were_doing(run: Run) -> None:
    """Whatever is killed and when, each task ends once, and only a killed process's own task fails."""
    random = Random(5)
    tasks = [run.submit("marks", None, {"folder": str(run.steps.folder), "seconds": 0.002}) for _ in range(150)]
    killed: set[int] = set()

    def ended() -> list[Ended]:
        return [one for one in run.seen if isinstance(one, Ended)]

    end = time.monotonic() + 60
    while len(ended()) < len(tasks):
        assert time.monotonic() < end
        run.seen += run.executor.events(0.01)
        hands = [hand for hand in run.executor._hands.values() if hand.pid]  # type: ignore[attr-defined]
        if hands and random.random() < 0.3:
            victim = random.choice(hands).pid
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                continue
            killed.add(victim)
    assert sorted(one.task for one in ended()) == sorted(one.id for one in tasks)
    failed = [one for one in ended() if one.status != "succeeded"]
    assert killed
    assert len(failed) <= len(killed)
    for one in failed:
        assert one.failure is not None
        assert "SIGKILL" in one.failure.message
        assert pids(run)[one.task] in killed


def test_a_task_kept_ready_behind_a_long_one_is_withdrawn(run: Run) -> None:
    """Two long ones and two short ones: when a worker is free, nothing stays behind the other."""
    long = run.submit("marks", None, {"folder": str(run.steps.folder), "seconds": 30})
    run.begun(long)
    tasks = [run.submit("marks", None, {"folder": str(run.steps.folder), "seconds": 0.1}) for _ in range(6)]
    assert {one.status for one in run.ended(*tasks)} == {"succeeded"}
    run.executor.cancel(long.id, grace=0.5)
    assert run.ended(long)[0].status == "cancelled"


def test_a_task_kept_ready_behind_a_dead_one_is_not_harmed(run: Run) -> None:
    for name in ("is_killed", "segfaults", "exits_well"):
        dying = [run.submit(name) for _ in range(4)]
        good = [run.submit("one") for _ in range(8)]
        assert {one.status for one in run.ended(*dying)} == {"failed"}
        assert {one.status for one in run.ended(*good)} == {"succeeded"}


def test_an_idle_worker_that_was_killed_harms_nobody(run: Run) -> None:
    run.ended(run.submit("one"), run.submit("one"))
    for pid in set(pids(run).values()):
        os.kill(pid, signal.SIGKILL)
    assert {one.status for one in run.ended(*[run.submit("one") for _ in range(4)])} == {"succeeded"}


def test_processors_and_memory_bound_what_runs_together(run: Run) -> None:
    seen: list[set[str]] = []
    wide = [run.submit("pid", resources=Resources(cpus=2)) for _ in range(3)]
    large = [run.submit("pid", resources=Resources(memory=600)) for _ in range(3)]
    huge = run.submit("pid", resources=Resources(cpus=64, memory=10**12))
    run.ended(*wide, *large, huge)
    running: set[str] = set()
    for one in run.seen:
        if isinstance(one, Begun):
            running = {*running, one.task}
            seen.append(running)
        elif isinstance(one, Ended):
            running = running - {one.task}
    alone = {one.id for one in (*wide, huge)}
    for together in seen:
        assert len(together) == 1 or not together & alone
        assert len(together & {one.id for one in large}) <= 1


@pytest.mark.parametrize("cpus", [1, 2, 1.5])
def test_libraries_get_as_many_threads_as_the_task_has_processors(run: Run, cpus: float) -> None:
    (ended,) = run.ended(run.submit("threads", resources=Resources(cpus=cpus)))
    assert value(run, ended) == {"OMP_NUM_THREADS": str(math.ceil(cpus)), "POLARS_MAX_THREADS": str(math.ceil(cpus))}


def test_a_worker_that_holds_too_much_memory_is_replaced(tmp_path: Path) -> None:
    launch = [
        sys.executable,
        "-c",
        f"import sys; sys.path.insert(0, {str(LAUNCH[1].rpartition('/')[0])!r}); import launch; "
        "from penstock.executors.server import serve; from penstock.executors.worker import work; "
        "work(serve(int(sys.argv[-1])), launch.compose, 100 << 20).run()",
    ]
    executor = LocalExecutor(launch, workers=1, state=tmp_path / "state", root=tmp_path)
    try:
        run = Run(executor, Steps(tmp_path))
        tasks = [run.submit(name) for name in ("pid", "pid", "hoards", "pid", "pid")]
        a, b, c, d, e = [value(run, one) for one in run.ended(*tasks)]
        assert a == b == c != d == e
    finally:
        executor.close()


def test_a_crash_names_the_user_s_line(run: Run) -> None:
    (ended,) = run.ended(run.submit("segfaults"))
    assert ended.failure is not None
    assert ended.failure.where.startswith("steps.py:")
    assert "in segfaults" in ended.failure.traceback


def test_a_time_limit_counts_before_the_user_s_code_begins(run: Run) -> None:
    slow = run.steps.folder / "slow.py"
    slow.write_text("import time\ntime.sleep(100)\n")
    task = run.submit("one", entry=Entry("file", str(slow), "step"), timeout=0.3)
    (ended,) = run.ended(task)
    assert ended.failure is not None
    assert ended.failure.kind == "TimeoutError"
    assert ended.failure.where == "slow.py:2"


def test_closing_an_idle_executor_ends_all_its_processes(run: Run) -> None:
    run.ended(run.submit("one"))
    server = run.executor._server  # type: ignore[attr-defined]
    below = [server._process.pid, *descendants(server._process.pid)]
    assert len(below) == 3
    run.executor.close()
    assert not [pid for pid in below if Path(f"/proc/{pid}").exists()]


def test_no_descriptor_is_left_open(run: Run) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        run.ended(
            *[run.submit("is_killed") for _ in range(3)], *[run.submit("one", isolation="fresh") for _ in range(3)]
        )
        run.executor.close()
    assert len(os.listdir("/proc/self/fd")) <= before


def test_it_can_be_used_again_after_it_was_closed(run: Run) -> None:
    for _ in range(2):
        assert run.ended(run.submit("one"))[0].status == "succeeded"
        run.executor.close()


def test_a_task_that_is_over_before_the_server_told_of_its_process_has_begun_all_the_same(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = run.executor
    assert isinstance(executor, LocalExecutor)
    later: list[Any] = []
    with monkeypatch.context() as patch:
        patch.setattr(executor, "_hear_server", lambda server: later.extend(server.channel.hear()))
        quick = [run.submit("one"), run.submit("prints", None, {"text": "hello"})]
        ended = run.ended(*quick)
    assert {one.status for one in ended} == {"succeeded"}
    for task, end in zip(quick, ended, strict=True):
        begun = [one for one in run.seen if isinstance(one, Begun) and one.task == task.id]
        assert len(begun) == 1
        assert run.seen.index(begun[0]) < run.seen.index(end)
        assert begun[0].log is not None
        assert end.log is not None
        assert begun[0].log.start == end.log.start
    assert any(isinstance(one, Spawned) for one in later)
