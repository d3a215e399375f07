"""One executor that hands each task to where its isolation says."""

from collections.abc import Mapping, Sequence

from penstock.model.event import TaskEvent
from penstock.model.task import Ended, Failure, Task
from penstock.ports import Executor

__all__ = ["Routed"]

_TURN = 0.02  # seconds that each of several executors may wait for news


class Routed:
    """Routes by `isolation`: `executors` maps "worker", "fresh", "inline", "container" to executors; "" to the others.

    One executor may stand under several names. `workers` is the largest number of theirs.
    """

    def __init__(self, executors: Mapping[str, Executor], name: str = "routed") -> None:
        self.name = name
        self._named = dict(executors)
        self._all: list[Executor] = []
        for one in executors.values():
            if not any(one is other for other in self._all):
                self._all.append(one)
        self._where: dict[str, Executor] = {}
        self._count = dict.fromkeys(map(id, self._all), 0)
        self._refused: list[TaskEvent] = []
        self.workers = max([getattr(one, "workers", 1) for one in self._all], default=1)

    def start(self) -> None:
        """Make all of them ready."""
        for one in self._all:
            one.start()

    def submit(self, task: Task) -> None:
        """Take a task, and hand it on."""
        # A step that asks for requirements of its own is not run without them.
        wanted = "env" if task.env and task.isolation != "container" else task.isolation
        found = self._named.get(wanted) or self._named.get("")
        if found is None:
            known = ", ".join(sorted(self._named))
            failure = Failure(
                "ExecutorError", f"no executor here runs isolation={task.isolation!r}", hint=f"Known: {known}."
            )
            if wanted == "env":
                what = f"no executor here makes an environment of its own for env={list(task.env)}"
                failure = Failure("ExecutorError", what, hint="Install these beside Penstock, and drop `env=`.")
            self._refused.append(Ended(task.id, "failed", failure=failure))
            return
        self._where[task.id] = found
        self._count[id(found)] += 1
        found.submit(task)

    def events(self, timeout: float | None) -> Sequence[TaskEvent]:
        """What has happened anywhere. Waits where one executor alone has tasks; else each is asked in turn."""
        made, self._refused = self._refused, []
        busy = [one for one in self._all if self._count[id(one)]]
        # One that runs tasks in this process does so when it is asked, and nobody need wait beside it.
        here = any(one.name == "inline" for one in busy)
        for one in busy:
            if made or here:
                wait: float | None = 0.0
            elif len(busy) == 1:
                wait = timeout
            else:
                wait = _TURN if timeout is None else min(_TURN, timeout)
            made += one.events(wait)
        for event in made:
            if isinstance(event, Ended):
                found = self._where.pop(event.task, None)
                if found is not None:
                    self._count[id(found)] -= 1
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
