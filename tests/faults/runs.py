"""Whole runs that are killed: a pipeline that keeps its own journal, how it is started and hurt, and what must hold.

The journal is the oracle: every step writes a line as it begins and one as it ends, by a single `write` to a file that
is opened for appending, so that neither a kill nor another process can tear it. What the ledger says is held against it.
"""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from penstock.app.result import RunResult
from penstock.app.settings import find_settings
from penstock.ledger.sql import SqlLedger
from penstock.ledger.sqlite import SqliteLedger
from penstock.model.run import Execution
from penstock.ports import Store
from penstock.stores.local import LocalStore

__all__ = ["BROAD", "HEAD", "Project", "alive", "broad_values", "until"]

MARK = "FAULT_TEST_MARK"

HEAD = """
import os, time
import penstock as ps

def tell(word, step):
    fd = os.open("journal.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(fd, f"{word} {step} {os.getpid()}\\n".encode())
    os.close(fd)
"""

BROAD = (
    HEAD
    + """
def block(seed, size):
    return (seed.to_bytes(8, "big") * (size // 8 + 1))[:size]

def read(data):
    return int.from_bytes(data[:8], "big")

@ps.step
def first(start: int = 0):
    tell("begin", "first")
    tell("end", "first")
    return start

@ps.step
def large(first):
    tell("begin", "large")
    made = block(first + 1, 300_000)
    tell("end", "large")
    return made

@ps.step
def pair(large) -> dict:
    tell("begin", "pair")
    made = {"text": "x" * 100, "one": block(read(large) + 1, 50_000), "two": block(read(large) + 2, 1_000_000)}
    tell("end", "pair")
    return made

@ps.step
def slow(first):
    tell("begin", "slow")
    time.sleep(0.15)
    tell("end", "slow")
    return first + 10

def work(item):
    tell("begin", f"fan[{item % 100}]")
    made = block(item, 40_000) if item % 2 else block(item, 40)
    tell("end", f"fan[{item % 100}]")
    return made

@ps.step
def fan(first):
    tell("begin", "fan")
    tell("end", "fan")
    return ps.each([first * 100 + number for number in range(5)], work)

@ps.step
def gathered(fan):
    tell("begin", "gathered")
    made = sum(read(one) for one in fan)
    tell("end", "gathered")
    return made

@ps.step(outputs=["small", "big"])
def two(slow):
    tell("begin", "two")
    tell("end", "two")
    return slow + 1, block(slow + 2, 200_000)

@ps.step
def c1(small):
    tell("begin", "c1")
    tell("end", "c1")
    return small + 1

@ps.step
def c2(c1):
    tell("begin", "c2")
    tell("end", "c2")
    return block(c1 + 1, 70_000)

@ps.step
def c3(c2, big):
    tell("begin", "c3")
    tell("end", "c3")
    return read(c2) + read(big)

@ps.step
def late(c3):
    tell("begin", "late")
    time.sleep(0.05)
    tell("end", "late")
    return c3 + 1

@ps.step
def last(late, gathered, pair):
    tell("begin", "last")
    made = {"sum": late + gathered + read(pair["two"]), "bytes": pair["one"]}
    tell("end", "last")
    return made
"""
)


def _block(seed: int, size: int) -> bytes:
    return (seed.to_bytes(8, "big") * (size // 8 + 1))[:size]


def broad_values(start: int) -> dict[str, object]:
    """What every artifact of `BROAD` is, worked out beside it."""
    slow = start + 10
    late = (slow + 3) + (slow + 2) + 1
    fan = [_block(start * 100 + n, 40_000 if (start * 100 + n) % 2 else 40) for n in range(5)]
    gathered = sum(start * 100 + n for n in range(5))
    pair = {"text": "x" * 100, "one": _block(start + 2, 50_000), "two": _block(start + 3, 1_000_000)}
    return {
        "first": start,
        "large": _block(start + 1, 300_000),
        "pair": pair,
        "slow": slow,
        "fan": fan,
        "gathered": gathered,
        "two.small": slow + 1,
        "two.big": _block(slow + 2, 200_000),
        "c1": slow + 2,
        "c2": _block(slow + 3, 70_000),
        "c3": (slow + 3) + (slow + 2),
        "late": late,
        "last": {"sum": late + gathered + start + 3, "bytes": pair["one"]},
    }


def until(condition: Callable[[], object], seconds: float = 60.0, what: str = "it") -> object:
    """Wait for something; fails where it never comes."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} never came"
        time.sleep(0.005)
    return found


def alive(mark: str) -> dict[int, str]:
    """The processes whose environment bears this mark, and the command of each; zombies do not count."""
    wanted = f"{MARK}={mark}".encode()
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                if wanted in Path("/proc", name, "environ").read_bytes().split(b"\0"):
                    command = Path("/proc", name, "cmdline").read_bytes()
                    if command:
                        found[int(name)] = command.replace(b"\0", b" ").decode("utf-8", "replace").strip()
            except OSError:
                continue
    return found


def parent(pid: int) -> int:
    """The parent of a process; 0 if it is gone."""
    try:
        return int(Path("/proc", str(pid), "stat").read_bytes().rpartition(b")")[2].split()[1])
    except OSError:
        return 0


class Project:
    """A folder with a pipeline, its state, and the processes that were started there."""

    def __init__(self, folder: Path, source: str, *, workers: int = 2, **environment: str) -> None:
        self.folder, self.workers = folder, workers
        self.environment = environment  # of every run
        self.make_ledger: Callable[[], SqlLedger] = lambda: SqliteLedger(self.state / "ledger.db")
        self.make_store: Callable[[], Store] = lambda: LocalStore(self.state / "store")
        self.mark = ""  # of the run that was started last
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "p.py").write_text(source)
        self.slowest_end = 0.0

    # starting and ending

    def start(self, *arguments: str, command: str = "run", **environment: str) -> "subprocess.Popen[bytes]":
        """`penstock run`, in a process of its own; what it prints goes to `out.txt`."""
        self.mark = uuid.uuid4().hex
        with open(self.folder / "out.txt", "wb") as out:
            return subprocess.Popen(
                [sys.executable, "-m", "penstock.cli", command, *arguments, "--workers", str(self.workers)],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env={**os.environ, MARK: self.mark, **self.environment, **environment},
            )

    def run(self, *arguments: str, command: str = "run", seconds: float = 100.0, **environment: str) -> int:
        """`penstock run` to its end; its exit code. Fails where it hangs."""
        return self.wait(self.start(*arguments, command=command, **environment), seconds)

    def wait(self, process: "subprocess.Popen[bytes]", seconds: float = 100.0) -> int:
        """The exit code of a run (negative: the signal). Fails where it hangs, saying what it printed."""
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.end_all()
            process.wait()
            raise AssertionError(f"it hangs:\n{self.said()[-3000:]}") from None
        return code

    def measured(self, *arguments: str) -> tuple[int, int]:
        """`penstock run` to its end: its exit code, and the most memory that the runner held, in bytes.

        (What `wait4` tells of a child counts the parent that it was forked from.)"""
        process, peak = self.start(*arguments), 0
        while process.poll() is None:
            try:
                status = Path("/proc", str(process.pid), "status").read_text()
            except OSError:
                break
            if b"penstock" in Path("/proc", str(process.pid), "cmdline").read_bytes() and "VmHWM:" in status:
                peak = max(peak, int(status.partition("VmHWM:")[2].split()[0]) * 1024)
            time.sleep(0.005)
        return self.wait(process), peak

    def said(self) -> str:
        """What the last run printed."""
        return (self.folder / "out.txt").read_bytes().decode("utf-8", "replace")

    def end_all(self) -> None:
        """Kill whatever is left, so that a test that failed leaves nothing behind."""
        for pid in alive(self.mark):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def assert_no_orphans(self, mark: str = "", patience: float = 10.0) -> float:
        """Nothing that came of a run (the last one) is alive. How long that took, in seconds."""
        begun = time.monotonic()
        while left := alive(mark or self.mark):
            if time.monotonic() - begun > patience:
                self.end_all()
                raise AssertionError(f"orphans: {left}")
            time.sleep(0.01)
        took = time.monotonic() - begun
        self.slowest_end = max(self.slowest_end, took)
        return took

    def server(self) -> int:
        """The process that starts workers; 0 if there is none now."""
        found = {pid: parent(pid) for pid, command in alive(self.mark).items() if "penstock.app.worker" in command}
        return next((pid for pid, above in found.items() if above not in found), 0)

    def hands(self) -> list[int]:
        """The workers."""
        server = self.server()
        return sorted(pid for pid in alive(self.mark) if server and parent(pid) == server)

    # the two memories

    def journal(self, after: int = 0) -> list[tuple[str, str, int]]:
        """(word, step, process) for each line of the journal."""
        path = self.folder / "journal.txt"
        if not path.exists():
            return []
        lines = path.read_text().splitlines()[after:]
        return [(word, step, int(pid)) for word, step, pid in (line.split(" ") for line in lines)]

    def begun(self, after: int = 0) -> Counter[str]:
        """How often each step began, in the journal from this line on."""
        return Counter(step for word, step, _ in self.journal(after) if word == "begin")

    def ended(self, after: int = 0) -> Counter[str]:
        """How often each step came to its own end."""
        return Counter(step for word, step, _ in self.journal(after) if word == "end")

    @property
    def state(self) -> Path:
        return self.folder / ".penstock"

    def ledger(self) -> SqlLedger:
        return self.make_ledger()

    def last_run(self) -> str:
        with self.ledger() as ledger:
            listed = ledger.runs(1)
            return listed[0]["run"] if listed else ""

    def statuses(self, run: str = "") -> dict[str, str]:
        """The status of each step of a run (the last one)."""
        with self.ledger() as ledger:
            return {one["step"]: one["status"] for one in ledger.steps(run or ledger.runs(1)[0]["run"])}

    def errors(self, run: str = "") -> dict[str, Mapping[str, str]]:
        """The error of each step that failed."""
        document = json.loads(self.reading("show", run or "last", "--json"))
        return {one["step"]: one["error"] for one in document["steps"] if one.get("error")}

    def reading(self, *arguments: str) -> str:
        """What a reading command prints on standard output."""
        return subprocess.run(
            [sys.executable, "-m", "penstock.cli", *arguments], cwd=self.folder, capture_output=True
        ).stdout.decode("utf-8", "replace")

    def executions(self, skip: int = 0) -> list[Execution]:
        """All that is committed, in order, but for the first `skip`."""
        if not self.state.exists():
            return []
        with self.ledger() as ledger:
            return list(ledger.executions())[skip:]

    def assert_sound(self, *, once: bool = True) -> None:
        """The ledger is whole; every blob that it names is there and right; nothing is committed twice (with `once`)."""
        with self.ledger() as ledger:
            assert ledger.check() == []
            store = self.make_store()
            for blob in ledger.blobs_in_use():
                assert store.verify(blob) or ledger.data(blob) is not None, f"{blob} is lost"
            keys = Counter(one.key for one in ledger.executions())
            assert not once or [key for key, count in keys.items() if count > 1] == []

    def assert_values(self, expected: Mapping[str, object]) -> None:
        """The artifacts of the last run load, and are what they should be."""
        with self.ledger() as ledger:
            run = ledger.runs(1)[0]
            store = self.make_store()
            result = RunResult(run["run"], run["status"], ledger, store, find_settings(self.folder / "p.py"))
            for artifact, value in expected.items():
                assert result[artifact] == value, f"{artifact} is wrong"
