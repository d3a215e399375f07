"""Commits that wait for each other, and the thread that writes them while the loop can't."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from penstock.app.pipeline import Pipeline
from penstock.app.settings import open_ledger
from penstock.errors import LedgerError
from penstock.ledger.clock import SystemClock
from penstock.run.gathered import GATHER, Gathered

PATIENCE = 60.0


class Memory:
    """A ledger that remembers what it was told, and leases that nobody else has."""

    def __init__(self, error: Exception | None = None) -> None:
        self.told: list[Any] = []
        self.error = error

    def record(self, run: str, events: Any) -> None:
        if self.error is not None:
            raise self.error
        self.told += events


def gathered(memory: Memory) -> Gathered:
    return Gathered("r", memory, None, SystemClock(), ())  # type: ignore[arg-type]


def until(holds: Any) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_waits_is_due_after_a_moment() -> None:
    made = gathered(Memory())
    assert not made
    assert not made.due(0.0)
    made.note(["one"])  # type: ignore[list-item]
    assert made.due(made.oldest), "nothing is known of how long tasks take"
    made.slow = False
    assert not made.due(made.oldest)
    assert made.due(made.oldest + 2 * GATHER)
    made.write()
    assert not made


def test_a_thread_writes_while_it_is_lent_and_only_then() -> None:
    memory = Memory()
    made = gathered(memory)
    made.watch()
    try:
        made.note(["one"])  # type: ignore[list-item]
        time.sleep(0.3)
        assert memory.told == [], "it is the loop's"
        with made:
            until(lambda: memory.told)
        assert not made
        assert made.written() == []
    finally:
        made.close()
    assert memory.told == ["one"]


def test_what_the_thread_could_not_write_is_raised_in_the_loop() -> None:
    made = gathered(Memory(LedgerError("the disk is full")))
    made.watch()
    made.note(["one"])  # type: ignore[list-item]
    with made:
        until(lambda: not made)
        until(lambda: made._error)
    made.close()
    with pytest.raises(LedgerError, match="the disk is full"):
        made.written()


LINE = """
import os, time
import penstock as ps

@ps.source
def rows() -> list[int]:
    return [1, 2, 3]

@ps.step
def doubled(rows: list) -> list[int]:
    return [2 * one for one in rows]

@ps.step
def also(doubled: list) -> int:
    return len(doubled)

@ps.train
def model(also: int) -> int:
    if not os.path.exists("go"):
        open("begun", "w").close()
        time.sleep(600)
    return also
"""


def test_a_long_step_holds_back_nothing_that_ended_before_it(tmp_path: Path) -> None:
    """Killed in a long step of its own process, a run has kept the short ones before."""
    (tmp_path / "line.py").write_text(LINE)
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock.cli", "run", "--executor", "inline"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until((tmp_path / "begun").exists)
        pipeline = Pipeline.load(tmp_path / "line.py", executor="inline")
        ledger = open_ledger(pipeline.settings)
        until(lambda: all(ledger.executions("line", one) for one in ("rows", "doubled", "also")))
        until(
            lambda: (
                [one["status"] for one in ledger.steps(ledger.run("last").id) if one["step"] == "model"] == ["running"]
            )
        )
        ledger.close()
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    (tmp_path / "go").touch()
    again = pipeline.run()
    assert {name: one["status"] for name, one in again.steps.items()} == {
        "rows": "reused",
        "doubled": "reused",
        "also": "reused",
        "model": "succeeded",
    }


def test_many_short_steps_between_long_ones(tmp_path: Path) -> None:
    """Whoever writes, each step is committed once, in whatever order."""
    text = "import time\nimport penstock as ps\n\n@ps.source\ndef s0() -> int:\n    return 0\n"
    for index in range(1, 40):
        nap = "    time.sleep(0.25)\n" if index % 13 == 0 else ""
        text += f"\n@ps.step\ndef s{index}(s{index - 1}: int) -> int:\n{nap}    return s{index - 1} + 1\n"
    (tmp_path / "line.py").write_text(text)
    told: list[str] = []
    pipeline = Pipeline.load(tmp_path / "line.py", executor="inline")
    run = pipeline.run(
        on_event=lambda event: (
            told.append(event.execution.step) if type(event).__name__ == "Committed" else None  # type: ignore[attr-defined]
        )
    )
    assert run["s39"] == 39
    assert sorted(told) == sorted(f"s{index}" for index in range(40))
    assert {one["status"] for one in pipeline.run().steps.values()} == {"reused"}
