"""What local processes cost, each figure beside a bare limit measured in the same run.

    python benchmarks/executors.py

Best of three. A no-op task is a declared step that returns 1, loaded from a pipeline file, its value stored.
"""

import multiprocessing
import os
import socket
import sys
import tempfile
import time
from pathlib import Path

from penstock.executors.local import LocalExecutor
from penstock.model.step import Entry
from penstock.model.task import Ended, Task

PIPELINE = """
import penstock as ps

@ps.step
def noop():
    return 1

@ps.step
def busy():
    total = 0
    for number in range(12_000_000):
        total += number * number % 7
    return total
"""
CPU_TASKS = 8


class Bench:
    """An executor on a small pipeline."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "flow.py"
        self.file.write_text(PIPELINE)
        os.utime(self.file, (1_600_000_000, 1_600_000_000))

    def executor(self) -> LocalExecutor:
        made = LocalExecutor(
            [sys.executable, "-P", "-m", "penstock.app.worker"],
            workers=2,
            state=self.folder / "state",
            root=self.folder,
            pipeline=self.file,
        )
        made.start()
        return made

    def task(self, number: int, name: str, isolation: str) -> Task:
        return Task(
            id=f"run/{name}/{number}",
            run="run",
            step=name,
            attempt=1,
            key=str(number),
            code="",
            entry=Entry("file", str(self.file), name),
            isolation=isolation,  # type: ignore[arg-type]
            root=str(self.folder),
            log=f"{self.folder}/logs/",
        )

    def run(
        self, executor: LocalExecutor, count: int, *, chained: bool, name: str = "noop", isolation: str = "worker"
    ) -> float:
        """Seconds for so many tasks, all at once or each after the one before it."""
        start = time.perf_counter()
        sent = 1 if chained else count
        for number in range(sent):
            executor.submit(self.task(number, name, isolation))
        done = 0
        while done < count:
            for event in executor.events(None):
                if isinstance(event, Ended):
                    assert event.status == "succeeded", event
                    done += 1
                    if chained and sent < count:
                        executor.submit(self.task(sent, name, isolation))
                        sent += 1
        return time.perf_counter() - start


def busy(_: int) -> int:
    total = 0
    for number in range(12_000_000):
        total += number * number % 7
    return total


def pool() -> float:
    start = time.perf_counter()
    with multiprocessing.get_context("forkserver").Pool(2) as workers:
        workers.map(busy, range(CPU_TASKS), chunksize=1)
    return time.perf_counter() - start


def ping_pong(count: int = 5000) -> float:
    """Seconds for one message to another process and back."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        while data := theirs.recv(4096):
            if data == b"end":
                os._exit(0)
            theirs.send(data)
    start = time.perf_counter()
    for _ in range(count):
        ours.send(b"x")
        ours.recv(4096)
    took = (time.perf_counter() - start) / count
    ours.send(b"end")
    os.waitpid(pid, 0)
    return took


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name))
        rows: list[tuple[str, float, str]] = [
            ("one message and back, bare", min(ping_pong() for _ in range(3)) * 1e3, "ms")
        ]
        starts, closes, ours = [], [], []
        for _ in range(3):
            start = time.perf_counter()
            executor = bench.executor()
            bench.run(executor, 1, chained=True)
            starts.append(time.perf_counter() - start)
            start = time.perf_counter()
            executor.close()
            closes.append(time.perf_counter() - start)
        rows += [
            ("from nothing to the first result", min(starts) * 1e3, "ms"),
            ("close, idle", min(closes) * 1e3, "ms"),
        ]
        executor = bench.executor()
        bench.run(executor, 100, chained=False)
        for words, count, chained, isolation in (
            ("no-op tasks one after the other, each", 1000, True, "worker"),
            ("no-op tasks side by side, each", 1000, False, "worker"),
            ("a fresh process for each, each", 50, True, "fresh"),
        ):
            best = min(bench.run(executor, count, chained=chained, isolation=isolation) for _ in range(3))
            rows.append((words, best / count * 1e3, "ms"))
        executor.close()
        bare = min(pool() for _ in range(3))
        for _ in range(3):
            start = time.perf_counter()
            executor = bench.executor()
            bench.run(executor, CPU_TASKS, chained=False, name="busy")
            executor.close()
            ours.append(time.perf_counter() - start)
        rows.append((f"{CPU_TASKS} CPU-bound tasks, a bare process pool", bare, "s"))
        rows.append((f"{CPU_TASKS} CPU-bound tasks, start and close included", min(ours), "s"))
        for words, value, unit in rows:
            print(f"{words:<55} {value:8.3f} {unit}")


if __name__ == "__main__":
    main()
