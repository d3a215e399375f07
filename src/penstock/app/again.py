"""Steps done again for those who ask about rows: tasks outside of a run, by an executor, each question answered once."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from penstock.app.answers import Answers
from penstock.app.executors import make_executor
from penstock.app.settings import Settings
from penstock.app.values import load_value
from penstock.errors import ExecutorError, NotFound
from penstock.model.artifact import Stored
from penstock.model.digest import combine, digest_bytes
from penstock.model.question import Asking, Question
from penstock.model.run import Execution, Run
from penstock.model.step import Entry, Step
from penstock.model.task import Ended, Input, Task
from penstock.ports import Executor, Ledger, Store

__all__ = ["Redo", "asking_task"]

_PATIENCE = 3600.0  # seconds after which a question is given up


class Redo:
    """A `Runner`: the executor starts with the first task whose answer is not known, and is stopped at the end."""

    def __init__(self, settings: Settings, ledger: Ledger, store: Store, answers: Answers) -> None:
        self._settings, self._ledger, self._store, self._answers = settings, ledger, store, answers
        self._executor: Executor | None = None

    def __enter__(self) -> "Redo":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._executor is not None:
            self._executor.close()
            self._executor = None

    def perform(self, tasks: Sequence[Task]) -> Iterator[Ended]:
        """Do these tasks and yield how each ended; those that succeeded before with small answers are not done again."""
        open_ones: dict[str, Task] = {}
        for task in tasks:
            known = self._answers.get(task.key)
            if known is not None:
                yield msgspec.msgpack.decode(known, type=Ended)
                continue
            open_ones[task.id] = task
            self._running().submit(task)
        while open_ones:
            for event in self._running().events(1.0):
                if isinstance(event, Ended) and event.task in open_ones:
                    task = open_ones.pop(event.task)
                    ended = msgspec.structs.replace(event, log=None)
                    if ended.status == "succeeded" and all(one.data is not None for one in ended.outputs):
                        self._answers.put(task.key, msgspec.msgpack.encode(ended))
                    yield ended

    def value(self, stored: Stored) -> Any:
        """Load a stored value in this process."""
        return load_value(stored, self._ledger, self._store)

    def _running(self) -> Executor:
        if self._executor is None:
            self._executor = make_executor(
                self._settings.executor, self._settings, self._store, workers=1, step_of=_no_step
            )
            self._executor.start()
        return self._executor


def _no_step(name: str) -> Step:
    raise ExecutorError(f"step `{name}` is in no file")


def asking_task(
    settings: Settings, ledger: Ledger, run: Run, execution: Execution, inputs: Sequence[Input], question: Question
) -> Task:
    """The task that asks a step a question about one of its executions. Raises `NotFound` where no file holds the step."""
    path = Path(settings.root) / run.file
    if not run.file or not path.is_file():
        raise NotFound(
            f"step `{execution.step}` can't be done again: the file of run {run.id} is not here",
            hint="Steps are done again from the pipeline's file; put it back, or save the notebook's steps to one.",
        )
    given = {
        name.partition(".")[2]: value
        for name, value in run.overrides.items()
        if name.partition(".")[0] == execution.step
    }
    outputs = tuple([_short(execution.step, made.artifact) for made in execution.outputs])
    settled = {name: digest for name, (_, digest) in execution.settings.items()}
    entry = Entry("file", str(path), execution.step)
    asking = msgspec.msgpack.encode(Asking(entry, question, outputs, given, run.seed, settled))
    code = ledger.code(execution.code)
    key = combine("asking", [execution.key, execution.code, digest_bytes(asking)])
    return Task(
        id=f"{run.id}/{execution.step}/again-{key[7:19]}",
        run=run.id,
        step=execution.step,
        attempt=1,
        key=key,
        code=execution.code,
        source=code.source if code is not None else "",
        entry=Entry("again", str(path), execution.step, asking),
        inputs=tuple(inputs),
        seed=execution.seed,
        root=str(settings.root),
        log=str(settings.state / "logs" / "again") + "/",
        timeout=_PATIENCE,
    )


def _short(step: str, artifact: str) -> str:
    return artifact.removeprefix(step).removeprefix(".")
