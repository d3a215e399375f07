"""The clock of this process, moved: what asks Python for the time is told another one.

For a process that is begun to see whether anything depends on the clock: `move` comes before whatever is imported there, so that names which
modules take from `time` are those that are moved. What asks the system itself (numpy's `datetime64("now")`, Rust, C++) is not moved.
"""

import ctypes
import datetime
import gc
import time
from collections.abc import Callable
from typing import Any

__all__ = ["SHIFT", "Clock"]

SHIFT = datetime.timedelta(days=403, hours=7, minutes=21, seconds=13)
"""How far a clock is moved: to another year, month, day, weekday, hour and minute."""

_BROKEN_DOWN = ("localtime", "gmtime", "ctime")


class Clock:
    """The one clock of this process: it is as it was until `ahead` is set."""

    def __init__(self) -> None:
        self.ahead = datetime.timedelta(0)
        self._real = {name: getattr(time, name) for name in ("time", "time_ns", "strftime", *_BROKEN_DOWN)}
        time.time = self._time
        time.time_ns = lambda: int(self._real["time_ns"]()) + int(self.ahead.total_seconds()) * 1_000_000_000
        time.strftime = self._strftime
        for name in _BROKEN_DOWN:
            setattr(time, name, self._broken_down(name))
        for name in ("now", "utcnow"):
            self._told(name)

    def _time(self) -> float:
        return float(self._real["time"]()) + self.ahead.total_seconds()

    def _strftime(self, form: str, at: Any = None) -> str:
        return str(self._real["strftime"](form, time.localtime() if at is None else at))

    def _broken_down(self, name: str) -> Callable[..., Any]:
        real = self._real[name]

        def told(seconds: float | None = None) -> Any:
            return real(self._time() if seconds is None else seconds)

        return told

    def _told(self, name: str) -> None:
        """`datetime.now` is written in C and asks the system. Modules hold the class, so it is the class that has to tell another time;
        `date.today` and `datetime.today` ask `time.time`."""
        kind = datetime.datetime
        real = vars(kind)[name]

        def told(cls: Any, *zone: Any, **named: Any) -> Any:
            return real.__get__(None, cls)(*zone, **named) + self.ahead

        gc.get_referents(vars(kind))[0][name] = classmethod(told)
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(kind))
