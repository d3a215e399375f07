"""The system's time."""

import time

from penstock.ports import Clock
from penstock.run.clock import SystemClock


def test_it_is_the_system_s():
    clock: Clock = SystemClock()
    assert abs(clock.now() - time.time()) < 5
    assert clock.monotonic() <= clock.monotonic()
