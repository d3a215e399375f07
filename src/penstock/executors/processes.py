"""What the operating system offers to keep processes together, and to leave none behind.

On Linux a *subreaper* inherits the orphans below it, so that nobody escapes by a double fork; elsewhere process groups
must do.
"""
# ruff: noqa: PTH112, PTH123, PTH208 - /proc is read while others wait, as text

import os
import signal
import sys
import time
from collections.abc import Iterable
from functools import cache
from typing import Any

__all__ = [
    "MARK",
    "become_subreaper",
    "children",
    "descendants",
    "inner_pids",
    "kill_all",
    "kill_group",
    "kill_marked",
    "marked",
    "new_mark",
    "offer_to_oom",
    "out_of_memory_kills",
    "usage_of",
    "words_of",
]

MARK = "PENSTOCK_PROCESS"
"""Environment variable that marks every process which comes of one executor."""

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of <linux/prctl.h>
_TICKS, _PAGE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
_OOM_STEP = 300  # of 1000: well above the runner, below what kills first of all


@cache
def _libc() -> Any:
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def become_subreaper() -> bool:
    """Inherit orphaned descendants from now on. Whether the system can."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(_libc().prctl(_SUBREAPER, 1, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False


def offer_to_oom() -> None:
    """Be killed before the runner, should memory run out."""
    try:
        with open("/proc/self/oom_score_adj", "r+b", buffering=0) as file:
            score = min(1000, int(file.read()) + _OOM_STEP)
            file.write(str(score).encode())
    except (OSError, ValueError):
        pass


def out_of_memory_kills() -> int:
    """How often this machine has killed a process for memory since it started, as far as the system tells."""
    try:
        with open("/proc/vmstat", "rb") as file:
            for line in file:
                if line.startswith(b"oom_kill "):
                    return int(line.split()[1])
    except (OSError, ValueError):
        pass
    return 0


def children(pid: int) -> list[int]:
    """The living or unreaped children of a process."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb", buffering=0) as file:
                found += [int(one) for one in file.read().split()]
    except FileNotFoundError:
        if os.path.isdir(f"/proc/{pid}"):
            return _children_by_scan(pid)
    except (OSError, ValueError):
        pass
    return found


def _children_by_scan(pid: int) -> list[int]:
    # For systems whose /proc does not list children.
    import psutil

    try:
        return [one.pid for one in psutil.Process(pid).children()]
    except psutil.Error:
        return []


def descendants(pid: int) -> list[int]:
    """All processes below one, nearest first."""
    found: list[int] = []
    todo = [pid]
    while todo:
        below = [one for one in children(todo.pop()) if one not in found]
        found += below
        todo += below
    return found


def usage_of(pid: int) -> tuple[float, int]:
    """The processor seconds and the resident bytes of a process and all below it (pages that they share count in each),
    as far as the system tells."""
    if not sys.platform.startswith("linux"):
        return _usage_by_scan(pid)
    seconds, memory = 0.0, 0
    for one in [pid, *descendants(pid)]:
        try:
            with open(f"/proc/{one}/stat", "rb", buffering=0) as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:  # it has ended
            continue
        seconds += sum(map(int, fields[11:15])) / _TICKS  # its own, and that of children that it has outlived
        memory += int(fields[21]) * _PAGE
    return seconds, memory


def _usage_by_scan(pid: int) -> tuple[float, int]:
    import psutil

    seconds, memory = 0.0, 0
    try:
        whole = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return 0.0, 0
    for one in whole:
        try:
            times = one.cpu_times()
            seconds += times.user + times.system
            memory += one.memory_info().rss
        except psutil.Error:  # it has ended
            continue
    return seconds, memory


def kill_group(pid: int) -> None:
    """Kill a process and the group that it leads."""
    for kill in (os.kill, os.killpg):
        try:
            kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass


def kill_all(pids: Iterable[int], number: int = signal.SIGKILL) -> None:
    """Send a signal to each of these processes."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            pass


def new_mark() -> str:
    """A mark for what will come of this process."""
    return f"{os.getpid()}.{os.urandom(12).hex()}"


def marked(runner: int) -> list[int]:
    """The living processes that came of an executor in process `runner`, which itself may be dead."""
    wanted = f"{MARK}={runner}.".encode()
    return [pid for pid in _processes() if any(one.startswith(wanted) for one in _environment(pid))]


def inner_pids(mark: str, inner: int) -> int:
    """The number that a process has here which carries the mark and is `inner` in its container; -1 if it can't be told."""
    wanted = f"{MARK}={mark}".encode()
    for pid in _processes():
        try:
            with open(f"/proc/{pid}/status", "rb") as file:
                numbers = next((line.split()[1:] for line in file if line.startswith(b"NSpid:")), [])
        except OSError:
            continue
        if len(numbers) > 1 and int(numbers[-1]) == inner and wanted in _environment(pid):
            return pid
    return -1


def kill_marked(mark: str, patience: float = 1.0) -> int:
    """Kill every process whose environment carries the mark, until there is none. How many were met."""
    wanted = f"{MARK}={mark}".encode()
    met: set[int] = set()
    end = time.monotonic() + patience
    while True:
        alive = [pid for pid in _processes() if pid != os.getpid() and wanted in _environment(pid)]
        met.update(alive)
        if not alive or time.monotonic() > end:
            return len(met)
        kill_all(alive)
        time.sleep(0.005)


def _processes() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def _environment(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read().split(b"\0")
    except OSError:
        return []


def words_of(status: int, *, starved: bool = False) -> str:
    """A wait status in words.

    >>> words_of(11)
    'killed by signal 11 (SIGSEGV): a crash in native code'
    """
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"ended by itself with exit code {code} before the step returned"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "unknown"
    because = _BECAUSE.get(name, "")
    if name == "SIGKILL" and starved:
        because = "probably out of memory"
    return f"killed by signal {-code} ({name})" + (f": {because}" if because else "")


_BECAUSE = dict.fromkeys(("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT"), "a crash in native code")
