"""Pipelines of plain functions on a bench: what tests of checks below a split ask."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from penstock.checks.answering import nodes_of_steps
from penstock.checks.graphs import probed
from penstock.model.bench import BenchAnswer, BenchRequest, BenchStep, Depth, Pair
from penstock.model.step import Entry, Kind, Output

START = datetime(2024, 1, 1)
CONTRACT = {"key": ["id"], "time": "at", "known_at": {"y": "done", "late": "done", "done": "done"}, "label": ["y"]}
CHECKS = ("rerun", "own-label", "as-of", "test-blind", "test-label", "alone")


def rows(count: int = 400) -> pl.DataFrame:
    draw = np.random.default_rng(3)
    at = [START + timedelta(minutes=10 * i) for i in range(count)]
    x = draw.normal(size=count)
    return pl.DataFrame(
        {
            "id": range(count), "at": at, "done": [one + timedelta(minutes=45) for one in at],
            "x": x, "g": draw.choice(list("abcdefgh"), count), "late": draw.normal(size=count),
            "y": x + draw.normal(size=count) / 2,
        }
    )  # fmt: skip


def _artifact(argument: str, values: Mapping[str, Any]) -> str:
    """The artifact that an argument is named after: `sides_train` is `sides.train`."""
    return next(one for one in values if one.replace(".", "_") == argument)


Line = Sequence[tuple[Kind, Callable[..., Any]]]


def parts(name: str, kind: Kind, made: Any) -> dict[str, Any]:
    """What a step returned, by artifact."""
    split = kind == "split" or (isinstance(made, dict) and set(made) <= {"train", "valid", "test"})
    return {f"{name}.{one}": value for one, value in made.items()} if split and isinstance(made, dict) else {name: made}


def line(
    functions: Line,
    source: Any = None,
    *,
    contract: Mapping[str, Any] = CONTRACT,
    checks: Sequence[str] = CHECKS,
    depth: Depth = "full",
    target: Mapping[str, tuple[str, ...]] | None = None,
) -> BenchAnswer:
    """Run functions in order, each taking artifacts by argument name (`sides_train` is `sides.train`), and ask about them."""
    values: dict[str, Any] = {"rows": rows() if source is None else source}
    steps = [BenchStep("rows", "source", Entry("file"), contract=dict(contract))]
    calls: dict[str, Callable[..., Any]] = {}
    for kind, function in functions:
        name = function.__name__
        inputs = {
            one: one if one in values else one.replace("_", ".", 1) for one in inspect.signature(function).parameters
        }
        made = parts(name, kind, function(**{one: values[artifact] for one, artifact in inputs.items()}))
        values.update(made)
        outputs = tuple(
            [
                Output(short, short.partition("_")[0] if kind == "split" else None)  # type: ignore[arg-type]
                if (short := one.removeprefix(name).removeprefix("."))
                else Output()
                for one in made
            ]
        )
        steps.append(
            BenchStep(
                name,
                kind,
                Entry("file"),
                inputs,
                outputs,
                where=f"line.py:{len(steps)}",
                target=(target or {}).get(name, ()),
            )
        )
        calls[name] = function

    def call(step: BenchStep, inputs: Mapping[str, Any]) -> dict[str, Any]:
        return parts(step.name, step.kind, calls[step.name](**inputs))

    pairs = tuple([Pair(check, one.name) for check in checks for one in steps[1:]])
    return probed(tuple(steps), nodes_of_steps(steps), call, values.__getitem__, BenchRequest(pairs, depth))


def proven(told: BenchAnswer) -> set[tuple[str, str, str]]:
    """What is PROVEN: check, step, column (of fitted state, "")."""
    return {
        (one.check, one.step, one.column if not one.artifact.startswith(one.step) or one.row else "")
        for one in told.findings
        if one.verdict == "PROVEN"
    }
