"""Whole runs where the state folder's disk is full or read-only, and runs of ten thousand steps."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.runs import HEAD, Project
from tests.faults.trials import report, trials

pytestmark = pytest.mark.timeout(0 if "PENSTOCK_FAULT_TRIALS" in os.environ else 120)

FULL = "PENSTOCK_FAULT_TRIALS" in os.environ

FILLS = (
    HEAD
    + """
def make(number):
    @ps.step(name=f"s{number}", inputs={"before": f"s{number - 1}"})
    def work(before):
        tell("begin", f"s{number}")
        return bytes([number]) + os.urandom(0) + bytes(range(256)) * 1500 + bytes([number])
    globals()[f"s{number}"] = work

@ps.step
def s0():
    tell("begin", "s0")
    return b""

for number in range(1, 15):
    make(number)
"""
)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Project]:
    """A project whose state folder has 3 MiB."""
    project = Project(tmp_path / "p", FILLS, workers=1)
    project.state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", project.state], check=True)
    yield project
    project.end_all()
    subprocess.run(["umount", "-l", project.state], check=True)


@pytest.mark.needs("proc", "tmpfs")
def test_a_full_disk(small: Project) -> None:
    code = small.run()
    assert code in (1, 2), small.said()
    assert "is full" in small.said()
    assert "Free some space" in small.said()
    assert "itself went wrong" not in small.said()
    small.assert_no_orphans()
    done = {one.step for one in small.executions()}
    assert len(done) >= 2
    assert small.run() in (1, 2)  # no room still: the same again, and nothing is harmed
    assert "is full" in small.said()
    subprocess.run(["mount", "-o", "remount,size=40m", small.state], check=True)
    done = {one.step for one in small.executions()}
    lines = len(small.journal())
    assert small.run() == 0, small.said()
    assert not done & set(small.begun(lines))
    assert len(small.executions()) == 15
    small.assert_sound()
    assert list((small.state / "store" / "tmp").iterdir()) == []
    assert list((small.state / "store" / "pending").iterdir()) == []
    report("a full disk", committed_before=len(done), lost=0, corrupt=0)


@pytest.mark.needs("proc", "tmpfs")
@pytest.mark.parametrize("left", [0, 8192, 100_000, 300_000])
def test_a_disk_that_is_full_from_the_start(small: Project, left: int) -> None:
    """Also where there is no room for the ledger itself."""
    ballast = small.state / "ballast"
    fd = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while True:
            os.write(fd, bytes(4096))
    os.close(fd)
    os.truncate(ballast, max(0, ballast.stat().st_size - left))
    code = small.run()
    assert code in (1, 2), small.said()
    assert "itself went wrong" not in small.said(), small.said()
    assert "full" in small.said() or "No space left" in small.said(), small.said()
    small.assert_no_orphans()
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=40m", small.state], check=True)
    assert small.run() == 0, small.said()
    small.assert_sound()


@pytest.mark.needs("proc", "tmpfs")
def test_a_read_only_state_folder(small: Project) -> None:
    subprocess.run(["mount", "-o", "remount,size=40m", small.state], check=True)
    assert small.run() == 0, small.said()
    lines = len(small.journal())
    subprocess.run(["mount", "-o", "remount,ro", small.state], check=True)
    assert small.run("--force", "s3") in (1, 2)
    assert "read-only" in small.said(), small.said()
    assert small.run() in (1, 2), "even a run that would only reuse must write that it took place"
    small.assert_no_orphans()
    assert small.journal(lines) == []
    assert "succeeded" in small.reading("runs")
    assert "s14" in small.reading("show", "last")


@pytest.mark.needs("proc", "tmpfs")
def test_a_read_only_folder_in_which_nothing_ever_ran(small: Project) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small.state], check=True)
    assert small.run() in (1, 2)
    assert "itself went wrong" not in small.said(), small.said()
    assert "can't be opened" in small.said() or "read-only" in small.said().lower(), small.said()


CHAIN = """
import penstock as ps

@ps.step
def s0():
    return 0

def make(number):
    @ps.step(name=f"s{number}", inputs={"before": f"s{number - 1}"})
    def work(before):
        return before + 1
    globals()[f"s{number}"] = work

for number in range(1, COUNT):
    make(number)
"""


@pytest.mark.needs("proc")
@pytest.mark.parametrize("executor", ["inline", "local"])
def test_a_chain_of_ten_thousand_steps(tmp_path: Path, executor: str) -> None:
    count = 10_000 if FULL else 2_000
    project = Project(tmp_path / "p", CHAIN.replace("COUNT", str(count)))
    try:
        for which in ("first", "again"):
            begun = time.monotonic()
            code, peak = project.measured("--executor", executor)
            assert code == 0, project.said()[-3000:]
            seconds = round(time.monotonic() - begun, 1)
            report(f"a chain, {executor}, {which}", steps=count, seconds=seconds, runner_peak_mb=peak >> 20)
        project.assert_values({f"s{count - 1}": count - 1})
        assert len(project.executions()) == count
    finally:
        project.end_all()


HUGE = """
import penstock as ps

@ps.step
def made():
    return bytes(SIZE)

@ps.step
def read(made):
    return len(made)
"""


@pytest.mark.needs("proc")
def test_a_value_of_three_gibibytes(tmp_path: Path) -> None:
    """100 MB in the quick form."""
    size = 3 << 30 if trials(1) >= 1000 else 100_000_000
    project = Project(tmp_path / "p", HUGE.replace("SIZE", str(size)), workers=1)
    try:
        code, peak = project.measured()
        assert code == 0, project.said()
        assert peak < min(size, 200 << 20), "data never passes through the runner"
        project.assert_values({"read": size})
        with project.ledger() as ledger:
            peaks = {one["step"]: one["peak_memory"] for one in ledger.steps(ledger.runs(1)[0]["run"])}
        # The step's own value, once more while it is pickled or read at most, and what a worker is.
        assert max(peaks.values()) < 2.2 * size + 200_000_000, peaks
    finally:
        project.end_all()
    report("a large value", bytes=size, runner_peak_mb=peak >> 20, peaks=peaks)
