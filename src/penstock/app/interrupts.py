"""Ctrl-C once stops a run cleanly, twice at once. SIGTERM and SIGHUP stop it cleanly as well."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Interrupts"]


class Interrupts:
    """Watches signals while a run is on. Only the main thread may; in others nothing is watched.

    `inline`: steps run in this process, so the first Ctrl-C must also break into the step that is running.
    """

    def __init__(self, *, inline: bool = False) -> None:
        self._inline = inline
        self._reason = ""
        self._before: dict[int, Any] = {}

    def reason(self) -> str:
        """Why the run is to stop; "" as long as it is not."""
        return self._reason

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                before = signal.getsignal(number)
                if before is not signal.SIG_IGN:  # `nohup penstock run` means it
                    self._before[number] = before
                    signal.signal(number, self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self._reason:
            raise KeyboardInterrupt
        self._reason = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}.get(signal.Signals(number), "SIGHUP")
        if self._inline and _in_step(frame):
            raise KeyboardInterrupt


def _in_step(frame: FrameType | None) -> bool:
    # Below `perform`, exceptions are caught and become the outcome of the task; elsewhere they would tear the loop.
    while frame is not None:
        if frame.f_globals.get("__name__") == "penstock.work.perform":
            return True
        frame = frame.f_back
    return False
