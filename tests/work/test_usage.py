"""Seconds, processor time and peak memory of one attempt."""

import subprocess
import sys
import time

import pytest

from penstock.work.usage import Meter


def burn(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_wall_and_processor_time() -> None:
    meter = Meter()
    time.sleep(0.05)
    burn(0.05)
    usage = meter.usage(bytes_in=1, rows_out=2)
    assert usage.seconds >= 0.09
    assert 0.04 <= usage.cpu_seconds <= usage.seconds
    assert (usage.bytes_in, usage.bytes_out, usage.rows_in, usage.rows_out) == (1, 0, 0, 2)


def test_children_count() -> None:
    meter = Meter()
    code = "import time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert meter.usage().cpu_seconds >= 0.2


@pytest.mark.needs("proc")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can reset a peak")
def test_each_attempt_has_its_own_peak() -> None:
    size = 200 << 20
    meter = Meter()
    held = bytearray(size)
    held[::4096] = b"x" * len(held[::4096])
    first = meter.usage().peak_memory
    del held
    second = Meter().usage().peak_memory
    assert first >= size
    assert second < first - size // 2
    third = Meter().usage().peak_memory
    assert third < first - size // 2


def test_a_large_child_is_seen() -> None:
    """In a process of its own: of all children that ended so far, the system tells the largest alone."""
    script = """
import subprocess, sys
from penstock.work.usage import Meter
meter = Meter()
subprocess.run([sys.executable, "-c", "x = bytearray(300 << 20)"], check=True)
assert meter.usage().peak_memory >= 300 << 20, meter.usage()
"""
    subprocess.run([sys.executable, "-c", script], check=True)
