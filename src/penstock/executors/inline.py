"""Tasks one after the other, in this process: for a debugger, and for the smallest overhead."""

import os
from collections import deque
from collections.abc import Sequence
from types import TracebackType

from msgspec.structs import replace

from penstock.executors.console import Tee
from penstock.model.event import Begun, TaskEvent
from penstock.model.task import Ended, Task
from penstock.work.failures import failure_of
from penstock.work.perform import Kit, NeedsFresh, perform

__all__ = ["InlineExecutor"]


class InlineExecutor:
    """Runs tasks in `events`, in order. Only exceptions can be contained here: a crash or an exit ends the run."""

    name = "inline"

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._queue: deque[Task] = deque()
        self._ready: list[TaskEvent] = []
        self._begun = ""
        self._tee = Tee()
        self._host = os.uname().nodename

    def start(self) -> None:
        """Nothing to make ready."""

    def submit(self, task: Task) -> None:
        """Take a task."""
        self._queue.append(task)

    def events(self, timeout: float | None) -> Sequence[TaskEvent]:  # noqa: ARG002
        """Run the task that waits first, and say what happened. A task is announced before it runs.

        One at a time: whatever it takes, what became of those before it is known. A `KeyboardInterrupt` ends the running
        task as cancelled and is raised; the next call tells of it.
        """
        if not self._ready and self._queue and self._begun == self._queue[0].id:
            task = self._queue.popleft()
            # The step is called two frames from here, so that a debugger shows little that is not the user's.
            with _Doing(task, self._ready, self._tee) as doing:
                doing.ended = perform(task, self._kit, self._ready.append)
        if self._queue and self._begun != (task := self._queue[0]).id:
            self._begun = task.id
            self._ready.append(Begun(task.id, task.step, task.attempt, os.getpid(), self._host))
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


class _Doing:
    """What is set up around a task in this process, and taken down whatever happens; then `ended` is told."""

    def __init__(self, task: Task, ready: list[TaskEvent], tee: Tee) -> None:
        self.ended = Ended(task.id, "cancelled", reason="interrupted")
        self._task = task
        self._ready = ready
        self._tee = tee.to(task.log)

    def __enter__(self) -> "_Doing":
        self._before = _enter(self._task.root)
        self._tee.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._tee.__exit__(kind, error, trace)
        _leave(self._before)
        ended, task = self.ended, self._task
        if isinstance(error, NeedsFresh):
            ended = Ended(task.id, "changed", reason=str(error))
        elif isinstance(error, Exception):  # whatever happens, a task ends once
            ended = Ended(task.id, "failed", failure=failure_of(error, task.root))
        interrupted = ended.failure is not None and ended.failure.kind == "KeyboardInterrupt"
        if interrupted:
            ended = Ended(task.id, "cancelled", reason="interrupted", usage=ended.usage)
        self._ready.append(replace(ended, log=self._tee.span))
        if interrupted:
            raise KeyboardInterrupt
        return isinstance(error, Exception)


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
