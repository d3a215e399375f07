"""What an attempt takes: seconds, processor time, peak memory."""
# ruff: noqa: PTH123 - measured around every task: a Path costs as much as the reading

import resource
import sys
import time

from penstock.model.task import Usage

__all__ = ["Meter", "peak_memory", "reset_peak"]

_UNIT = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, in KiB elsewhere


def reset_peak() -> bool:
    """Make the peak of this process's resident memory its present size. Whether the system can (Linux)."""
    try:
        with open("/proc/self/clear_refs", "wb", buffering=0) as file:
            file.write(b"5")
    except OSError:
        return False
    return True


def peak_memory() -> int:
    """The peak of this process's resident memory in bytes, since `reset_peak` where that worked."""
    try:
        with open("/proc/self/status", "rb", buffering=0) as file:
            text = file.read(4096)
        start = text.index(b"VmHWM:") + 6
        return int(text[start : text.index(b"kB", start)]) * 1024
    except (OSError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT


class Meter:
    """Measures from its making on.

    The peak is that of this process, or of its largest child that has ended, whichever is more.
    """

    def __init__(self) -> None:
        reset_peak()
        self._children = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = resource.getrusage(resource.RUSAGE_SELF)
        self._cpu = own.ru_utime + own.ru_stime
        self._start = time.perf_counter()

    def usage(self, *, bytes_in: int = 0, bytes_out: int = 0, rows_in: int = 0, rows_out: int = 0) -> Usage:
        """What was used so far."""
        seconds = time.perf_counter() - self._start
        own = resource.getrusage(resource.RUSAGE_SELF)
        cpu = own.ru_utime + own.ru_stime - self._cpu
        peak = peak_memory()
        children, before = resource.getrusage(resource.RUSAGE_CHILDREN), self._children
        cpu += children.ru_utime + children.ru_stime - before.ru_utime - before.ru_stime
        if children.ru_maxrss > before.ru_maxrss:
            peak = max(peak, children.ru_maxrss * _UNIT)
        return Usage(
            seconds=seconds,
            cpu_seconds=cpu,
            peak_memory=peak,
            bytes_in=bytes_in,
            bytes_out=bytes_out,
            rows_in=rows_in,
            rows_out=rows_out,
        )
