"""How much a leak may be worth: training done once more with the leaking column the same in all rows, and metrics held against those
of the run. An estimate for ranking, in words: no verdict stands on it.

What is closed is the column, in every recorded table below the guilty step and above training; training, predictions and scores are then
done again with the seeds of the run. What deploys is never called.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from msgspec.structs import replace

from penstock.checks.circuit import Failed, called
from penstock.checks.nodes import Node
from penstock.model.bench import BenchStep
from penstock.model.verdict import Finding
from penstock.values.alter import exchange
from penstock.values.records import Records, records

__all__ = ["closed", "weighed"]

_Call = Callable[[BenchStep, Mapping[str, Any]], dict[str, Any]]
_SHOWN = 2  # metrics that are told
_MODELLED = ("train", "predict", "evaluate")


def weighed(
    steps: Sequence[BenchStep],
    nodes: Mapping[str, Node],
    call: _Call,
    load: Callable[[str], Any],
    findings: Sequence[Finding],
    seconds: float,
) -> list[Finding]:
    """The findings, with what metrics come to without their columns; those for which there was no time, or that can't be told, as
    they were. Each column is closed once, whatever checks found it."""
    begun = time.monotonic()
    known: dict[tuple[str, str], str] = {}
    told = []
    for one in findings:
        place = one.artifact, one.column
        if place not in known and time.monotonic() - begun < seconds:
            try:
                known[place] = _severity(steps, nodes, call, load, *place)
            except Exception:  # values of the user's own may not bear being altered or compared
                known[place] = ""
        told.append(replace(one, severity=known.get(place, "")))
    return told


def closed(value: Any, column: str) -> Any:
    """A table in which every row holds the column's middle value; None for what has no such column, or can't be altered."""
    held = _rows(value)
    if held is None or column not in held or not held.rows:
        return None
    cells = held.column(column)
    try:
        numbers = np.asarray(cells.to_numpy(), dtype=float)
        order = np.argsort(numbers, kind="stable")[: max(int(np.isfinite(numbers).sum()), 1)]
    except (TypeError, ValueError):
        order = np.argsort(np.array([str(one) for one in cells.to_pylist()]), kind="stable")
    return exchange(value, column, np.arange(held.rows), np.full(held.rows, int(order[order.size // 2])))


def _severity(
    steps: Sequence[BenchStep],
    nodes: Mapping[str, Node],
    call: _Call,
    load: Callable[[str], Any],
    artifact: str,
    column: str,
) -> str:
    named = {one.name: one for one in steps}
    others: dict[str, Any] = {}  # artifacts that are not as they were recorded
    below = {artifact}
    modelled: set[str] = set()
    moved: list[tuple[float, str]] = []
    trained = scored = False
    for name, node in nodes.items():
        follows = bool(below & set(node.inputs.values()))
        if node.kind in ("source", "deploy") or not (follows or artifact in node.outputs):
            continue
        below.update(node.outputs)
        if node.kind in _MODELLED or modelled & set(node.inputs.values()):
            modelled.update(node.outputs)
        else:
            made = {one: closed(load(one), column) for one in node.outputs}
            others.update({one: value for one, value in made.items() if value is not None})
            if all(value is not None for value in made.values()):
                continue
        if not any(one in others for one in node.inputs.values()) or name not in named:
            continue
        inputs = {argument: others[one] if one in others else load(one) for argument, one in node.inputs.items()}
        outputs = called(name, partial(call, named[name]), inputs, named[name].seed)
        if isinstance(outputs, Failed):
            return ""
        others.update({one: value for one, value in outputs.items() if one not in others})
        trained = trained or node.kind == "train"
        if node.kind == "evaluate":
            scored = True
            moved += [change for one in node.outputs for change in _moved(one, load(one), outputs[one])]
    if not trained or not scored:
        return ""
    shown = ", ".join([words for _, words in sorted(moved, key=lambda one: -one[0])[:_SHOWN]]) or "no metric moves"
    return (
        f"without what `{column}` tells, {shown} (an estimate: trained once more with the column the same in all rows)"
    )


def _moved(name: str, before: Any, after: Any) -> list[tuple[float, str]]:
    """The metrics that evaluation returned, with how far each moved relative to itself."""
    pairs = before.items() if isinstance(before, Mapping) else [("", before)]
    found = []
    for metric, one in pairs:
        other = after.get(metric) if metric and isinstance(after, Mapping) else after
        if _is_number(one) and _is_number(other) and one != other:
            title = f"{name}.{metric}" if metric else name
            found.append((abs(other - one) / max(abs(one), 1e-12), f"{title} {one:.4g} → {other:.4g}"))
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _rows(value: Any) -> Records | None:
    try:
        return records(value)
    except Exception:  # a value of the user's own that looks like a table and is none
        return None
