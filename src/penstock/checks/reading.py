"""What training reads: which late columns, and the label itself, the predictions of a fitted model stand on.

A table that is trained on may hold the label, and cells that are known only later, as long as no feature is made of them. Whether
one is, shows in two steps: another column moves what is fitted; and with the model as it is, another column moves its predictions,
wherever a step asks it for some. The first alone may be a target, a weight, or a choice of rows.
"""

import copy
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace

from penstock.checks.bench import Bench
from penstock.checks.circuit import Failed, called, is_fitted
from penstock.checks.judge import HAIR, moved_state
from penstock.checks.nodes import Node
from penstock.checks.tally import UNTRAINED
from penstock.model.verdict import Altered, CheckResult, Finding, Verdict, finding_id, worst
from penstock.values.alter import exchange, fresh
from penstock.values.assign import assign
from penstock.values.compare import different
from penstock.values.donors import others
from penstock.values.records import Records, records, value_at

__all__ = ["Standing", "readings", "stands_on"]

_CHECK = "own-label"
_HINT = (
    "Train without `{column}`: it is {why}, and will not be there when a prediction is asked for. "
    "Leave the columns of the features to a list of names."
)
_UNSURE = "Training reads `{column}`, which is {why}. As a target, a weight or a choice of rows that is well: say target= of the column. As a feature it is not."
_SINGLE = 6  # rows whose cell is altered alone
_ASKED = ("predict", "predict_proba", "decision_function", "transform", "forward")


class _Column(NamedTuple):
    """A column of an input of a training, and why no feature may be made of it."""

    argument: str
    artifact: str
    name: str
    why: str
    label: bool


def readings(bench: Bench, targets: Sequence[tuple[str, str]] = ()) -> tuple[list[Finding], list[CheckResult]]:
    """Of each training step: the late columns that it reads, and whether its model stands on them, on the label, or on a column that follows from
    the label alone (`targets`: artifact and column)."""
    findings: list[Finding] = []
    results: list[CheckResult] = []
    for node in bench.steps:
        if node.kind != "train":
            continue
        begun = time.monotonic()
        if bench.depth == "quick":
            results.append(CheckResult(_CHECK, node.name, "UNKNOWN", UNTRAINED))
            continue
        if bench.late:
            results.append(CheckResult(_CHECK, node.name, "UNKNOWN", "not reached: the time was spent"))
            continue
        found, why, verdict = _read(bench, node, targets)
        findings += found
        seconds = round(time.monotonic() - begun, 3)
        rows = max([held.rows for one in node.inputs.values() if (held := bench.records(one)) is not None], default=0)
        results.append(CheckResult(_CHECK, node.name, verdict, why, bench.spent(), rows, seconds))
    return findings, results


def _read(bench: Bench, node: Node, targets: Sequence[tuple[str, str]]) -> tuple[list[Finding], str, Verdict]:
    listed = _columns(bench, node, targets)
    if not any(bench.identity(one) is not None for one in node.inputs.values()):
        return [], "nothing that it takes has rows that can be told apart", "UNKNOWN"
    if not listed:
        return [], "none of the columns that it takes is the label, or known only later", "CLEAN"
    before = {one: bench.base.value(one) for one in node.outputs}
    failed = next((one for one in before.values() if isinstance(one, Failed)), None)
    if failed is not None:
        return [], f"`{failed.step}` fails on the rows that were taken: {failed.error}", "UNKNOWN"
    late = [one for one in listed if not one.label]
    proofs = {one: stands_on(bench, node, one.artifact, one.name) for one in listed}
    findings = [_finding(bench, node, one, proof) for one, proof in proofs.items() if proof is not None and proof.moved]
    left = [one for one in late if not ((proof := proofs[one]) and proof.moved)]
    if left and _trained(bench, node, left, before):
        findings += [_finding(bench, node, one, None) for one in left if _trained(bench, node, [one], before)]
    names = ", ".join([f"`{one.name}`" for one in listed[:4]]) + (" …" if len(listed) > 4 else "")
    why = f"other values put into {names} of what it takes, and its predictions looked at"
    return findings, why, worst([one.verdict for one in findings]) if findings else "CLEAN"


def _columns(bench: Bench, node: Node, targets: Sequence[tuple[str, str]]) -> list[_Column]:
    found: list[_Column] = []
    for argument, artifact in node.inputs.items():
        identity = bench.identity(artifact)
        if identity is None or bench.main is None or identity.source != bench.main.name:
            continue
        for name, said in bench.passed(artifact).items():
            source_name, column = said.split("\x00")
            source = bench.sources[source_name]
            if name in node.target or column in source.fixed:
                continue
            rows = identity.at[identity.at >= 0]
            label = column in source.contract.label
            if label or source.late(column)[rows].any():
                why = "the label" if label else f"known only after `{bench.main.contract.time}`"
                found.append(_Column(argument, artifact, name, why, label))
        held, named = bench.records(artifact), [one.name for one in found if one.artifact == artifact]
        for above, name in targets:
            below = artifact == above or above in bench.scope.above(artifact)
            if below and held is not None and name in held and name not in (*named, *node.target):
                found.append(_Column(argument, artifact, name, "a function of the label alone", label=True))
    return found


def _other(bench: Bench, artifact: str, column: str) -> Any:
    """An artifact with the values of other rows in a column; None where it holds one value only, or can't be altered."""
    value, held = bench.base.value(artifact), bench.records(artifact)
    if held is None or column not in held:
        return None
    rows = np.arange(held.rows)
    there = np.asarray(held.column(column).is_valid())
    whose = others(held.column(column), rows[there]) if there.any() else None
    if whose is None:
        return None
    mixed = np.random.default_rng(0).permutation(np.flatnonzero(there))  # and not only what is next to it
    try:
        swapped = exchange(value, column, rows[there], whose)
        return exchange(swapped, column, np.flatnonzero(there)[::2], mixed[: (there.sum() + 1) // 2])
    except (TypeError, KeyError, ValueError):
        return None


def _trained(bench: Bench, node: Node, columns: list[_Column], before: Mapping[str, Any]) -> bool:
    """Whether anything that is fitted moves, with other values in these columns."""
    inputs = {argument: bench.base.value(one) for argument, one in node.inputs.items()}
    changed = False
    for one in columns:
        other = _table(_other(bench, one.artifact, one.name))
        if other is None:
            continue
        cells = other.column(one.name).to_pylist()
        for argument, artifact in node.inputs.items():
            if artifact == one.artifact:
                inputs[argument] = assign(inputs[argument], one.name, np.arange(other.rows), cells)
        changed = True
    made = called(node.name, bench.circuit.calls[node.name], inputs, bench.seed) if changed else None
    if made is None or isinstance(made, Failed):
        return False
    try:
        return any(
            moved_state(artifact, value, made.get(artifact)).hits and not bench.floors(artifact)
            for artifact, value in before.items()
        )
    except Exception:  # members of the user's own classes may not bear being compared
        return False


class Standing(NamedTuple):
    """Whether the predictions of a model stand on a column, and one that moved with its own cell alone: the step that asked for it, the
    table, the row, the cell, and the prediction, each before and after."""

    moved: bool
    step: str = ""
    artifact: str = ""
    row: int = -1
    cells: tuple[Any, Any] = (None, None)
    predictions: tuple[Any, Any] = (None, None)


def stands_on(bench: Bench, node: Node, artifact: str, column: str) -> Standing | None:
    """Whether the predictions of what a training made stand on a column of such tables as it takes. None where nothing tells."""
    seen = False
    for user in bench.steps:
        models = [argument for argument, one in user.inputs.items() if one in node.outputs]
        if not models or user.kind == "train":
            continue
        for table in dict.fromkeys(user.inputs.values()):
            told = _standing(bench, user.name, table, column, _listener(bench, user, models, table))
            seen = seen or told is not None
            if told is not None and told.moved:
                return told
    if seen:
        return Standing(False)
    for name in node.outputs:
        model = bench.base.value(name)
        if is_fitted(model) and callable(getattr(model, "predict", None)):
            return _standing(bench, node.name, artifact, column, _asker(model))
    return None


_Ask = Callable[[Any], list[Records] | None]
"""Give a table to whoever predicts of it: all that was predicted."""


def _listener(bench: Bench, user: Node, models: list[str], table: str) -> _Ask:
    """By what a later step asks the models for."""

    def ask(value: Any) -> list[Records] | None:
        told: list[Any] = []
        inputs = {argument: bench.base.value(one) for argument, one in user.inputs.items()}
        if any(isinstance(one, Failed) for one in inputs.values()):
            return None
        inputs = {argument: value if one == table else inputs[argument] for argument, one in user.inputs.items()}
        for argument in models:
            inputs[argument] = _spied(inputs[argument], told)
        called(user.name, bench.circuit.calls[user.name], inputs, bench.seed)
        held = [_table(one) for one in told]
        return [one for one in held if one is not None] or None

    return ask


def _asker(model: Any) -> _Ask:
    """By what the model itself says of the table that it was trained on."""

    def ask(value: Any) -> list[Records] | None:
        try:
            held = _table(model.predict(fresh(value)))
        except Exception:  # it was trained on some of the columns, or on a matrix
            return None
        return [held] if held is not None else None

    return ask


def _standing(bench: Bench, step: str, table: str, column: str, ask: _Ask) -> Standing | None:
    """Alter a column in all rows, and then in single ones: a prediction stands on it if it, and no other, moves with its own cell (were the rows
    chosen or sorted by the column, others would come or move as well)."""
    value, held, other = bench.base.value(table), bench.records(table), _other(bench, table, column)
    if held is None or other is None:
        return None
    base = ask(value)
    if not base or _moved(base, ask(value)) != []:
        return None
    moved = _moved(base, ask(other))
    if moved == []:
        return Standing(False)
    aligned_rows = [row for number, row in moved or () if base[number].rows == held.rows]
    cells = records(other)
    assert cells is not None
    for row in [*aligned_rows[:_SINGLE], *np.linspace(0, held.rows - 1, _SINGLE).astype(int).tolist()]:
        new = value_at(cells.column(column), row)
        if new == value_at(held.column(column), row):
            continue
        after = ask(assign(value, column, np.array([row]), [new]))
        told = _moved(base, after)
        if told is not None and after is not None and len({place for _, place in told}) == 1:
            number, place = told[0]
            name = base[number].columns[-1]
            predictions = tuple(_plain(value_at(one[number].column(name), place)) for one in (base, after))
            before = _plain(value_at(held.column(column), row))
            return Standing(True, step, table, row, (before, _plain(new)), predictions)
    return None


def _moved(before: list[Records], after: list[Records] | None) -> list[tuple[int, int]] | None:
    """The predictions that moved: which time it was asked, and which row. None where they can't be held against each other."""
    if after is None or len(before) != len(after):
        return None
    found = []
    for number, (one, two) in enumerate(zip(before, after, strict=True)):
        if one.rows != two.rows or one.columns != two.columns:
            return None
        rows: set[int] = set()
        for name in one.columns:
            unequal, largest = different(one.column(name), two.column(name))
            if largest > HAIR:
                rows |= set(np.flatnonzero(unequal).tolist())
        found += [(number, row) for row in sorted(rows)]
    return found


def _table(value: Any) -> Records | None:
    try:
        return records(value.detach().numpy() if hasattr(value, "detach") else value)
    except Exception:  # what has no rows after all
        return None


def _spied(value: Any, told: list[Any], depth: int = 0) -> Any:
    """A model that writes down what it says. Inside of dictionaries and lists as well."""
    if isinstance(value, dict) and depth < 2:
        return {name: _spied(one, told, depth + 1) for name, one in value.items()}
    if isinstance(value, list | tuple) and depth < 2:
        return type(value)([_spied(one, told, depth + 1) for one in value]) if not hasattr(value, "_fields") else value
    if not is_fitted(value):
        return value
    try:
        spy = copy.copy(value)
        for name, method in _methods(value):
            setattr(spy, name, _noted(method, told))
    except Exception:  # an object that bears no attributes of others
        return value
    return spy


def _methods(value: Any) -> Iterator[tuple[str, Any]]:
    for name in _ASKED:
        method = getattr(value, name, None)
        if callable(method):
            yield name, method


def _noted(method: Any, told: list[Any]) -> Any:
    def noted(*arguments: Any, **options: Any) -> Any:
        made = method(*arguments, **options)
        told.append(made)
        return made

    return noted


def _finding(bench: Bench, node: Node, column: _Column, proof: Standing | None) -> Finding:
    verdict: Verdict = "PROVEN" if proof is not None else "SUSPECT"
    hint = (_HINT if proof is not None else _UNSURE).format(column=column.name, why=column.why)
    row, cause = "", None
    if proof is not None:
        row = bench.key(proof.artifact, proof.row)
        cause = Altered(proof.artifact, column.name, row, *proof.cells)
    told = Finding(
        _CHECK,
        verdict,
        node.name,
        column.artifact,
        column.name,
        row,
        proof.predictions[0] if proof is not None else None,
        proof.predictions[1] if proof is not None else None,
        f"another value in {column.name}, which is {column.why}: the prediction is another"
        if proof is not None
        else f"other values in {column.name}, which is {column.why}: the model is another",
        node.where,
        hint,
        cause=cause,
    )
    told = replace(told, id=finding_id(told))
    if proof is not None:
        bench.shown[told.id] = _evidence(bench, node, column, proof)
    return told


def _evidence(bench: Bench, node: Node, column: _Column, proof: Standing) -> dict[str, Any]:
    """What `replay` takes: the step that predicts of the table, where there is one, else the training."""
    user = bench.circuit.nodes[proof.step]
    step = user if user.kind == "predict" else node
    inputs = {argument: bench.base.value(one) for argument, one in step.inputs.items()}
    table = proof.artifact if step is user else column.artifact
    value = (
        assign(bench.base.value(table), column.name, np.array([proof.row]), [proof.cells[1]])
        if step is user
        else _other(bench, table, column.name)
    )
    artifact = next(iter(step.outputs))
    hit = _first(
        bench, step, artifact, {**inputs, **{one: value for one, name in step.inputs.items() if name == table}}
    )
    return {
        "step": step.name,
        "artifact": artifact,
        "column": hit[0],
        "row": hit[1],
        "row_after": hit[1],
        "seed": bench.seed,
        "inputs": inputs,
        "altered": {argument: value for argument, name in step.inputs.items() if name == table},
        "moved": True,
    }


def _first(bench: Bench, step: Node, artifact: str, inputs: Mapping[str, Any]) -> tuple[str, int]:
    """The column and the row (-1: of fitted state) of an output that moves first."""
    made = called(step.name, bench.circuit.calls[step.name], inputs, bench.seed)
    before, after = bench.base.value(artifact), None if isinstance(made, Failed) else made.get(artifact)
    one, two = bench.records(artifact), _table(after)
    if one is not None and two is not None:
        for name in one.columns:
            if name in two and one.rows == two.rows:
                unequal, _ = different(one.column(name), two.column(name))
                if unequal.any():
                    return name, int(np.flatnonzero(unequal)[0])
    hits = moved_state(artifact, before, after).hits
    return (hits[0].column if hits else ""), -1


def _plain(value: Any) -> Any:
    plain = isinstance(value, bool | int | float | str | type(None)) or hasattr(value, "isoformat")
    return value if plain else str(value)[:200]
