"""Steps that seem to make no headway: what of them is worth a warning. It fails nothing, and asks nobody to stop."""

import math
from collections.abc import Callable, Sequence

from penstock.model.event import Event, Expected, Sampled, Warned

__all__ = ["Stalls"]

_IDLE = 0.02  # processors in use below which a step does nothing
_LONGER = 10.0  # seconds that a step must be behind its longest time, however short that was


def _unknown(step: str) -> Sequence[float]:  # noqa: ARG001 - the signature of `earlier`
    return ()


class Stalls:
    """Judges attempts from looks at them: each warning once per attempt.

    `earlier` tells the seconds that attempts at a step took before; it is asked once per attempt, at the first look.
    `silent`: seconds after which an attempt that printed and reported nothing, and used no processor, is warned of.
    `slow`: so many times its longest earlier time (and at least ten seconds more) is too long. 0 stands for never.
    """

    def __init__(
        self, earlier: Callable[[str], Sequence[float]] = _unknown, silent: float = 0.0, slow: float = 0.0
    ) -> None:
        self._earlier = earlier
        self._silent = silent
        self._slow = slow
        self._attempts: dict[str, _Attempt] = {}

    def look(self, step: str, seen: Sampled) -> list[Event]:
        """What a look at an attempt of `step` tells people."""
        said: list[Event] = []
        attempt = self._attempts.get(step)
        if attempt is None or attempt.task != seen.task:
            attempt = self._attempts[step] = _Attempt(seen.task)
            times = self._earlier(step)
            if times:
                attempt.longest = max(times)
                said.append(Expected(seen.task, _median(times), attempt.longest, len(times)))
        if seen.cpu >= _IDLE:
            attempt.busy = seen.seconds
        idle = min(seen.silent, seen.seconds - attempt.busy)
        if self._silent and idle >= self._silent and "silent" not in attempt.said:
            attempt.said.add("silent")
            said.append(_silent_warning(step, idle))
        if self._slow and seen.seconds > _limit(attempt.longest, self._slow) and "slow" not in attempt.said:
            attempt.said.add("slow")
            said.append(_slow_warning(step, seen.seconds, attempt.longest))
        return said


def _median(times: Sequence[float]) -> float:
    ordered, middle = sorted(times), len(times) // 2
    return ordered[middle] if len(times) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


class _Attempt:
    def __init__(self, task: str) -> None:
        self.task = task
        self.longest = math.inf  # of earlier attempts, where there are any
        self.busy = 0.0  # seconds after its beginning at which it was last seen using a processor
        self.said: set[str] = set()


def _limit(longest: float, slow: float) -> float:
    return max(longest * slow, longest + _LONGER)


def _silent_warning(step: str, idle: float) -> Warned:
    return Warned(
        step,
        "silent",
        f"it has printed nothing, reported nothing and used no processor for {_words(idle)}: it may hang",
        hint="Look at its log; a limit such as `no_output_timeout=600` would end it. Ctrl-C stops the run.",
    )


def _slow_warning(step: str, seconds: float, longest: float) -> Warned:
    return Warned(
        step,
        "slow",
        f"it has run for {_words(seconds)}, and never took longer than {_words(longest)} before",
        hint="Look at its log and at what it uses; a limit such as `timeout=` would end it.",
    )


def _words(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
