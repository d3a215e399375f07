"""The system's time."""

import time

__all__ = ["SystemClock"]


class SystemClock:
    """Time as the system tells it."""

    def now(self) -> float:
        """Seconds since 1970 (UTC)."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()
