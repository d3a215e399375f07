"""What the operating system is asked for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.executors.processes import (
    MARK,
    children,
    descendants,
    kill_marked,
    out_of_memory_kills,
    usage_of,
    words_of,
)

pytestmark = pytest.mark.needs("proc")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_children_and_descendants() -> None:
    code = "import subprocess, sys; subprocess.Popen(['sleep', '60']); print('up', flush=True); input()"
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        assert process.pid in children(os.getpid())
        below = descendants(process.pid)
        assert len(below) == 1
        assert set(below) <= set(descendants(os.getpid()))
    finally:
        subprocess.run(["kill", "-9", *map(str, [*descendants(process.pid), process.pid])], check=True)
        process.wait()
    assert children(process.pid) == []


def test_what_a_process_and_those_below_it_use() -> None:
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'b = bytearray(60_000_000); print(1, flush=True); input()'],\n"
        "    stdin=subprocess.PIPE)\n"
        "sum(range(3_000_000)); input(); child.communicate(b'x'); print('over', flush=True); input()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        _, memory = usage_of(process.pid)
        assert memory > 60_000_000
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        seconds, less = usage_of(process.pid)
        assert seconds > 0
        assert less < memory
    finally:
        subprocess.run(["kill", "-9", *map(str, [*descendants(process.pid), process.pid])], check=True)
        process.wait()
    assert usage_of(process.pid) == (0.0, 0)


def test_marked_processes_are_found_wherever_they_hide() -> None:
    mark = os.urandom(8).hex()
    code = """
import os, subprocess, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        subprocess.Popen(["sleep", "60"])
        print("up", flush=True)
        time.sleep(60)
    os._exit(0)
os.wait()
time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env={**os.environ, MARK: mark})
    other = subprocess.Popen(["sleep", "60"], env={**os.environ, MARK: f"{mark}-2"})
    try:
        assert process.stdout is not None
        process.stdout.readline()
        assert kill_marked(mark) >= 3
        process.wait()
        assert kill_marked(mark) == 0
        assert alive(other.pid)
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize(
    ("status", "starved", "words"),
    [
        (0, False, "ended by itself with exit code 0 before the step returned"),
        (7 << 8, False, "ended by itself with exit code 7 before the step returned"),
        (9, False, "killed by signal 9 (SIGKILL)"),
        (9, True, "killed by signal 9 (SIGKILL): probably out of memory"),
        (11, True, "killed by signal 11 (SIGSEGV): a crash in native code"),
        (15, False, "killed by signal 15 (SIGTERM)"),
        (60, False, "killed by signal 60 (unknown)"),
    ],
)
def test_deaths_in_words(status: int, starved: bool, words: str) -> None:
    assert words_of(status, starved=starved) == words


def test_the_count_of_kills_for_memory() -> None:
    assert out_of_memory_kills() >= 0
