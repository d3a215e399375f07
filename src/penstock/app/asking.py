"""In the worker: a question about a step, turned into the function that answers it."""

import pickle
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from penstock.declare.load import Declared
from penstock.errors import CodeChanged
from penstock.model.code import Code
from penstock.model.question import Asking
from penstock.model.task import Task
from penstock.plan.parameters import settings_of
from penstock.values.alter import fresh
from penstock.work.again import ask
from penstock.work.outputs import named
from penstock.work.seeds import seed_generators

__all__ = ["answering"]

_Unpickle = Callable[[bytes], Callable[..., Any]]


def answering(pipeline: Declared | None, task: Task, unpickle: _Unpickle) -> tuple[Callable[..., Any], Code | None]:
    """The function that answers a task's question when it is called with the step's inputs, and the step's closure.

    The step is taken from the pipeline; where no file holds it, it comes with the question, as a pickle of its function.
    Raises `CodeChanged` where a parameter, or a file that one names, is not what it was then.
    """
    asking = msgspec.msgpack.decode(task.entry.data, type=Asking)
    code: Code | None = None
    if pipeline is not None:
        step = pipeline.step(asking.entry.name)
        function, code, where = step.function, step.code, step.where
        settings = settings_of(step, asking.overrides, asking.seed, Path(task.root))
    else:
        function, settings, where = unpickle(asking.entry.data), asking.given, ""
    for one in settings:
        if asking.settings.get(one.name, one.digest) != one.digest:
            raise CodeChanged(
                f"parameter `{one.name}` of `{task.step}` is no longer what it was in run {task.run}",
                where=where,
                hint="Run again, and trace that run.",
            )
    parameters = {one.name: pickle.loads(one.data) for one in settings}
    shaped = msgspec.structs.replace(task, outputs=asking.outputs)
    number = asking.question.output

    def call(inputs: Mapping[str, Any]) -> Any:
        seed_generators(task.seed)
        made = function(**{name: fresh(one) for name, one in inputs.items()}, **parameters)
        return named(shaped, made)[number]

    return partial(_ask, asking.question, call), code


def _ask(question: Any, call: Any, /, **inputs: Any) -> dict[str, Any]:
    return ask(question, call, inputs)
