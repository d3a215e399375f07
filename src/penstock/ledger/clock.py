"""The clocks of a ledger: one for records, and one for leases that no change of the wall clock can move.

Leases run on Linux's CLOCK_MONOTONIC, which is the same for all processes of a machine and stands still while it
sleeps (so that a closed laptop lets no lease expire), together with the identity of the machine's boot: what was
leased before a restart is free.
"""

import functools
import time
from pathlib import Path

__all__ = ["SystemClock", "boot_identity"]


@functools.cache
def boot_identity() -> str:
    """A text that is another after each start of the machine; "" where the system does not tell (macOS)."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> float:
        """Seconds since 1970 (UTC): for records, never for intervals."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since the machine started, sleep excepted; equal in all processes."""
        return time.clock_gettime(time.CLOCK_MONOTONIC) if hasattr(time, "CLOCK_MONOTONIC") else time.monotonic()
