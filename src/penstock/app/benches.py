"""In the worker: what a bench is asked, turned into the function that answers it."""

import inspect
import pickle
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from penstock.checks.answering import answer
from penstock.checks.elsewhere import Elsewhere
from penstock.checks.evidence import replay
from penstock.declare.load import Declared
from penstock.declare.python import declaration_of
from penstock.errors import CodeChanged, PenstockError
from penstock.model.artifact import Stored
from penstock.model.bench import Bench, BenchAnswer, BenchRequest, BenchStep, ReplayRequest
from penstock.model.task import Task
from penstock.plan.files import digest_path
from penstock.report.check_views import json_value
from penstock.work.context import Context, Each, active
from penstock.work.outputs import named

__all__ = ["Call", "FunctionOf", "benching", "caller", "declared_function"]

Call = Callable[[BenchStep, Mapping[str, Any]], dict[str, Any]]
"""Call a step with inputs by argument: its outputs by artifact. Random numbers are drawn as they come."""


FunctionOf = Callable[[BenchStep], Callable[..., Any]]
"""The function of a step."""


def benching(
    task: Task, function_of: FunctionOf, recorded: Callable[[Stored], Any], elsewhere: Elsewhere | None = None
) -> Callable[..., Any]:
    """The function that answers a task's question when it is called without arguments. `recorded` loads a stored value, `elsewhere`
    does steps in another process.

    Raises `CodeChanged` where a step, or a file that it reads, is no longer what it was in the run that is judged.
    """
    asked = msgspec.msgpack.decode(task.entry.data, type=Bench)
    stored = {artifact: one for step in asked.steps for artifact, one in step.recorded.items()}
    call = caller(task, asked, function_of)

    def load(artifact: str) -> Any:
        return recorded(stored[artifact])

    if isinstance(asked.request, ReplayRequest):
        return partial(_replay, asked.steps, call, recorded, asked.request, elsewhere)
    return partial(_answer, asked.steps, call, load, asked.request, Path(task.root), elsewhere)


def caller(task: Task, asked: Bench, function_of: FunctionOf) -> Call:
    """What calls the steps of a bench."""
    functions = {one.name: function_of(one) for one in asked.steps}
    parameters = {one.name: _parameters(one, Path(task.root)) for one in asked.steps}

    def call(step: BenchStep, inputs: Mapping[str, Any]) -> dict[str, Any]:
        outputs = tuple([one.name for one in step.outputs])
        quiet = msgspec.structs.replace(task, step=step.name, outputs=outputs, approved=True)
        with active(Context(quiet, lambda _: None)):  # what it measures and draws is said of its own run, not of this
            made = functions[step.name](**inputs, **parameters[step.name])
            made = _all(made) if isinstance(made, Each) else made
        return dict(zip(step.artifacts, named(quiet, made), strict=True))

    return call


def _all(grown: Each) -> list[Any]:
    """What a step would be gathered to that grew."""
    declared = declaration_of(grown.step)
    function = declared.function if declared is not None else grown.step
    names = list(declared.inputs) if declared is not None else list(inspect.signature(function).parameters)
    free = next(one for one in names if one not in grown.shared)
    return [function(**{free: item}, **grown.shared) for item in grown.items]


def _answer(
    steps: tuple[BenchStep, ...],
    call: Call,
    load: Callable[[str], Any],
    request: BenchRequest,
    root: Path,
    elsewhere: Elsewhere | None,
) -> dict[str, Any]:
    def frozen(name: str) -> bytes | None:
        return (root / name).read_bytes() if (root / name).is_file() else None

    found: BenchAnswer = answer(steps, call, load, request, frozen, elsewhere)
    told = msgspec.structs.replace(found, evidence={})
    return {"answer": msgspec.msgpack.encode(told, enc_hook=json_value), "evidence": dict(found.evidence)}


def _replay(
    steps: tuple[BenchStep, ...],
    call: Call,
    recorded: Callable[[Stored], Any],
    request: ReplayRequest,
    elsewhere: Elsewhere | None,
) -> bytes:
    evidence = recorded(request.evidence)[request.id]
    step = next(one for one in steps if one.name == evidence["step"])
    return msgspec.msgpack.encode(replay(partial(call, step), evidence, elsewhere), enc_hook=json_value)


def declared_function(pipeline: Declared, step: BenchStep) -> Callable[..., Any]:
    """The function of a step of a loaded file. Raises `CodeChanged` where it is no longer what the plan saw."""
    declared = pipeline.step(step.name)
    code = declared.code
    if code.digest != step.code and not (step.source and code.source == step.source):
        raise CodeChanged(
            f"step `{step.name}` is no longer what it was in the run that is judged",
            where=declared.where,
            hint="Run again, and check that run.",
        )
    return declared.function


def _parameters(step: BenchStep, root: Path) -> dict[str, Any]:
    for one in step.settings:
        if one.kind == "path" and step.kind != "source" and _content(root / one.shown) != one.digest:
            raise CodeChanged(
                f"`{one.shown}` (parameter `{one.name}` of `{step.name}`) is no longer what it was in the run that is judged",
                where=step.where,
                hint="Run again, and check that run.",
            )
    return {one.name: pickle.loads(one.data) for one in step.settings}


def _content(path: Path) -> str:
    try:
        return digest_path(path, {}, patterns=True)
    except (OSError, PenstockError):
        return ""
