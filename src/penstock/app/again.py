"""Steps done again for those who ask about rows: tasks outside of a run, by an executor, each question answered once."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from penstock.app.answers import Answers
from penstock.app.executors import make_executor
from penstock.app.settings import Settings
from penstock.app.values import load_value
from penstock.errors import CodeChanged, ExecutorError, NotFound
from penstock.model.artifact import Stored
from penstock.model.code import PLACES
from penstock.model.digest import combine, digest_bytes
from penstock.model.question import Asking, Question
from penstock.model.run import Execution, Run
from penstock.model.step import Entry, Step
from penstock.model.task import Ended, Input, Task
from penstock.plan.parameters import settings_of
from penstock.ports import Executor, Ledger, Store

__all__ = ["Redo", "asking_task"]

_PATIENCE = 3600.0  # seconds after which a question is given up


class Redo:
    """A `Runner`: the executor starts with the first task whose answer is not known, and is stopped at the end."""

    def __init__(self, settings: Settings, ledger: Ledger, store: Store, answers: Answers) -> None:
        self._settings, self._ledger, self._store, self._answers = settings, ledger, store, answers
        self._executors: dict[str, Executor] = {}

    def __enter__(self) -> "Redo":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        while self._executors:
            self._executors.popitem()[1].close()

    def perform(self, tasks: Sequence[Task]) -> Iterator[Ended]:
        """Do these tasks and yield how each ended; those that succeeded before with small answers are not done again."""
        open_ones: dict[str, Task] = {}
        for task in tasks:
            known = self._answers.get(self._answers.key("again", task.key))
            if known is not None:
                yield msgspec.msgpack.decode(known, type=Ended)
                continue
            open_ones[task.id] = task
            self._running(task).submit(task)
        while open_ones:
            for event in self._running(next(iter(open_ones.values()))).events(1.0):
                if isinstance(event, Ended) and event.task in open_ones:
                    task = open_ones.pop(event.task)
                    ended = msgspec.structs.replace(event, log=None)
                    if ended.status == "succeeded" and all(one.data is not None for one in ended.outputs):
                        self._answers.put(self._answers.key("again", task.key), msgspec.msgpack.encode(ended))
                    yield ended

    def value(self, stored: Stored) -> Any:
        """Load a stored value in this process."""
        return load_value(stored, self._ledger, self._store)

    def _running(self, task: Task) -> Executor:
        """The executor of what a task asks for: started when it is first needed."""
        kind = "container" if task.isolation == "container" else "env" if task.env else "worker"
        found = self._executors.get(kind)
        if found is None:
            found = make_executor(
                self._settings.executor,
                self._settings,
                self._store,
                workers=1,
                step_of=_no_step,
                isolations=frozenset({"worker", kind}),
            )
            found.start()
            self._executors[kind] = found
        return found


def _no_step(name: str) -> Step:
    raise ExecutorError(f"step `{name}` is in no file")


def asking_task(
    settings: Settings,
    ledger: Ledger,
    run: Run,
    execution: Execution,
    inputs: Sequence[Input],
    question: Question,
    steps: Mapping[str, Step] | None = None,
) -> Task:
    """The task that asks a step a question about one of its executions. `steps` are those of a pipeline that was composed
    in this process, which no file holds.

    Raises `NotFound` where the step can't be had, `CodeChanged` where it was declared anew since.
    """
    path = Path(settings.root) / run.file
    held = steps.get(execution.step) if steps is not None and not run.file else None
    if held is None and not run.file:
        raise NotFound(
            f"step `{execution.step}` can't be done again: run {run.id} was composed in Python, and no file holds its steps",
            hint="Ask in the process that ran it (`run.cell(…)`), or save the steps to a file and run that.",
        )
    if held is None and not path.is_file():
        raise NotFound(
            f"step `{execution.step}` can't be done again: {run.file}, the file of run {run.id}, is not here",
            hint="Steps are done again from the pipeline's file: put it back.",
        )
    if held is not None and held.code.digest != execution.code:
        raise CodeChanged(
            f"step `{execution.step}` is no longer what it was in run {run.id}",
            where=held.where,
            hint="Run again, and trace that run.",
        )
    given = {
        name.partition(".")[2]: value
        for name, value in run.overrides.items()
        if name.partition(".")[0] == execution.step
    }
    outputs = tuple([_short(execution.step, made.artifact) for made in execution.outputs])
    settled = {name: digest for name, (_, digest) in execution.settings.items()}
    entry = held.entry if held is not None else Entry("file", str(path), execution.step)
    carried = tuple(settings_of(held, given, run.seed, settings.root)) if held is not None else ()
    asking = msgspec.msgpack.encode(Asking(entry, question, outputs, given, run.seed, settled, carried))
    code = ledger.code(execution.code)
    place = next((piece for piece in code.pieces if piece.kind in PLACES), None) if code is not None else None
    key = combine("asking", [execution.key, execution.code, digest_bytes(asking)])
    return Task(
        id=f"{run.id}/{execution.step}/again-{key[7:19]}",
        run=run.id,
        step=execution.step,
        attempt=1,
        key=key,
        # Elsewhere other packages are read: what both can tell is the bytes of the files.
        code=execution.code if held is None and place is None else "",
        source=code.source if code is not None and held is None and place is None else "",
        entry=Entry("again", entry.path, execution.step, asking),
        inputs=tuple(inputs),
        seed=execution.seed,
        root=str(settings.root),
        log=str(settings.state / "logs" / "again") + "/",
        timeout=_PATIENCE,
        isolation="container" if place is not None and place.kind == "image" else "worker",
        image=place.text if place is not None and place.kind == "image" else "",
        env=(place.name,) if place is not None and place.kind == "environment" else (),
        place=place.digest if place is not None else "",
        files=code.files if code is not None and place is not None else {},
    )


def _short(step: str, artifact: str) -> str:
    return artifact.removeprefix(step).removeprefix(".")
