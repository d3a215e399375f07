"""One executor that hands each task to where its isolation says."""

from collections.abc import Mapping, Sequence

from penstock.model.event import TaskEvent
from penstock.model.task import Ended, Failure, Task
from penstock.ports import Executor

__all__ = ["Routed"]


class Routed:
    """Routes by `isolation`: `executors` maps "worker", "fresh", "inline", "container" to executors; "" to the others.

    Executors that run in this process should come under a name of their own: they are asked for events only when no
    other one has any, so that their tasks hold nobody up for longer than they take.
    """

    def __init__(self, executors: Mapping[str, Executor], name: str = "routed") -> None:
        self.name = name
        self._named = dict(executors)
        self._all: list[Executor] = []
        for one in executors.values():
            if not any(one is other for other in self._all):
                self._all.append(one)
        self._where: dict[str, Executor] = {}
        self._refused: list[TaskEvent] = []

    def start(self) -> None:
        """Make all of them ready."""
        for one in self._all:
            one.start()

    def submit(self, task: Task) -> None:
        """Take a task, and hand it on."""
        found = self._named.get(task.isolation) or self._named.get("")
        if found is None:
            known = ", ".join(sorted(self._named))
            failure = Failure(
                "ExecutorError", f"no executor here runs isolation={task.isolation!r}", hint=f"Known: {known}."
            )
            self._refused.append(Ended(task.id, "failed", failure=failure))
            return
        self._where[task.id] = found
        found.submit(task)

    def events(self, timeout: float | None) -> Sequence[TaskEvent]:
        """What has happened anywhere. Waits only where one executor alone has tasks."""
        made, self._refused = self._refused, []
        busy = [one for one in self._all if any(one is other for other in self._where.values())]
        for one in busy:
            # Without tasks elsewhere this one may wait as long as it likes; else each gets a short turn.
            wait = 0.0 if made else timeout if len(busy) == 1 else min(0.02, timeout) if timeout is not None else 0.02
            made += one.events(wait)
        for event in made:
            if isinstance(event, Ended):
                self._where.pop(event.task, None)
        return made

    def cancel(self, task: str, reason: str = "", grace: float = 2.0) -> None:
        """Stop a task, wherever it is."""
        found = self._where.get(task)
        if found is not None:
            found.cancel(task, reason, grace)

    def close(self) -> None:
        """Stop everything, even where closing one of them fails."""
        errors: list[Exception] = []
        for one in self._all:
            try:
                one.close()
            except Exception as error:
                errors.append(error)
        if errors:
            raise errors[0]
