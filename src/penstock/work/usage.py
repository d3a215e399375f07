"""What an attempt takes: seconds, processor time, peak memory."""

import resource
import sys
import time

from penstock.model.task import Usage

__all__ = ["Meter", "reset_peak"]

_UNIT = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes there, in KiB elsewhere
_SLACK = 1024  # KiB by which a peak may stand above what it was after the last reset, before it is reset again

_level = 0  # the peak after the last reset


def reset_peak(peak: int) -> None:
    """Make the peak of this process's resident memory its present size, where the system can (Linux).

    `peak` is the present `ru_maxrss`: where nothing has raised it since the last reset, nothing need be done.
    """
    global _level  # noqa: PLW0603 - the peak is a matter of the process
    if 0 <= peak - _level <= _SLACK:
        return
    try:
        with open("/proc/self/clear_refs", "wb", buffering=0) as file:  # noqa: PTH123
            file.write(b"5")
    except OSError:
        pass
    _level = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class Meter:
    """Measures from its making on.

    The peak is that of this process, or of its largest child that has ended, whichever is more.
    """

    def __init__(self) -> None:
        self._children = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = resource.getrusage(resource.RUSAGE_SELF)
        reset_peak(own.ru_maxrss)
        self._cpu = own.ru_utime + own.ru_stime
        self._start = time.perf_counter()

    def usage(self, *, bytes_in: int = 0, bytes_out: int = 0, rows_in: int = 0, rows_out: int = 0) -> Usage:
        """What was used so far."""
        seconds = time.perf_counter() - self._start
        own = resource.getrusage(resource.RUSAGE_SELF)
        cpu = own.ru_utime + own.ru_stime - self._cpu
        peak = own.ru_maxrss
        children, before = resource.getrusage(resource.RUSAGE_CHILDREN), self._children
        cpu += children.ru_utime + children.ru_stime - before.ru_utime - before.ru_stime
        if children.ru_maxrss > before.ru_maxrss:
            peak = max(peak, children.ru_maxrss)
        return Usage(
            seconds=seconds,
            cpu_seconds=cpu,
            peak_memory=peak * _UNIT,
            bytes_in=bytes_in,
            bytes_out=bytes_out,
            rows_in=rows_in,
            rows_out=rows_out,
        )
