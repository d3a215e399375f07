"""Tasks one after the other, in this process: for a debugger, and for the smallest overhead."""

import os
import socket
import time
from collections import deque
from collections.abc import Sequence

from msgspec.structs import replace

from penstock.executors.console import Tee
from penstock.model.event import Begun, TaskEvent
from penstock.model.task import Ended, LogSpan, Task
from penstock.work.failures import failure_of
from penstock.work.perform import Kit, NeedsFresh, perform

__all__ = ["InlineExecutor"]

_TURN = 0.01  # seconds after which `events` returns although more tasks wait


class InlineExecutor:
    """Runs tasks in `events`, in order. Only exceptions can be contained here: a crash or an exit ends the run."""

    name = "inline"

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._queue: deque[Task] = deque()
        self._ready: list[TaskEvent] = []
        self._begun = ""

    def start(self) -> None:
        """Nothing to make ready."""

    def submit(self, task: Task) -> None:
        """Take a task."""
        self._queue.append(task)

    def events(self, timeout: float | None) -> Sequence[TaskEvent]:  # noqa: ARG002
        """Run waiting tasks for a short turn and say what happened. A task is announced before it runs.

        A `KeyboardInterrupt` ends the running task as cancelled and is raised; the next call tells of it.
        """
        end = time.monotonic() + _TURN
        if self._ready:  # after an interruption nothing begins before it was told
            made, self._ready = self._ready, []
            return made
        while self._queue:
            task = self._queue[0]
            if self._begun != task.id:
                self._begun = task.id
                self._ready.append(Begun(task.id, task.step, task.attempt, os.getpid(), socket.gethostname()))
                if len(self._ready) == 1:
                    break  # so that people see what is running before it has ended
            self._queue.popleft()
            self._run(task)
            if time.monotonic() >= end:
                break
        made, self._ready = self._ready, []
        return made

    def cancel(self, task: str, reason: str = "", grace: float = 2.0) -> None:  # noqa: ARG002
        """Forget a task that has not begun. A running one can only be interrupted from the keyboard."""
        for one in self._queue:
            if one.id == task:
                self._queue.remove(one)
                self._ready.append(Ended(task, "cancelled", reason=reason))
                return

    def close(self) -> None:
        """Forget what waits."""
        self._queue.clear()

    def _run(self, task: Task) -> None:
        ended = Ended(task.id, "cancelled", reason="interrupted")
        span: LogSpan | None = None
        before = _enter(task.root)
        try:
            with Tee(task.log) as tee:
                try:
                    ended = perform(task, self._kit, self._ready.append)
                except NeedsFresh as why:
                    ended = Ended(task.id, "changed", reason=str(why))
                except Exception as error:  # whatever happens, a task ends once
                    ended = Ended(task.id, "failed", failure=failure_of(error, task.root))
            span = tee.span
            if ended.failure is not None and ended.failure.kind == "KeyboardInterrupt":
                ended = Ended(task.id, "cancelled", reason="interrupted", usage=ended.usage)
                raise KeyboardInterrupt
        finally:
            self._ready.append(replace(ended, log=span))
            _leave(before)


def _enter(root: str) -> str:
    """Go to the project's folder, as workers do; where this process was, "" if it need not go back."""
    try:
        before = os.getcwd()  # noqa: PTH109
        if not root or before == root:
            return ""
        os.chdir(root)
    except OSError:
        return ""
    return before


def _leave(before: str) -> None:
    if before:
        try:
            os.chdir(before)
        except OSError:
            pass
