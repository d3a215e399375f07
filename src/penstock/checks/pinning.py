"""The sides of a split, as they were: who went where, by row, and how altered sides are put together again by that.

A stratified or random split assigns rows otherwise when values are altered, and a split by time when only a sample of the rows is there.
Neither is a leak. So in every world the sides of a split are put side by side again, and each gets the rows that it had in
the run: those that it had in the base world, where the run does not tell.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from penstock.checks.facts import Identity, SourceFacts, identify, occurrence
from penstock.checks.nodes import Node
from penstock.values.alter import stacked, take
from penstock.values.records import Records, records

__all__ = ["Assigned", "assembled", "assigned", "chosen_rows", "groups", "like", "recorded_rows", "roles"]

_FEW = 0.1  # of the test rows: sides that share more of them are those of several folds
_CONTENT = 100_000  # rows of which it is looked at whether their content names them


class Assigned(NamedTuple):
    """The rows of sides that hold the same columns: of each artifact, in order, which row of the source and the how manieth of it."""

    source: str
    rows: dict[str, tuple[Any, Any]]


def recorded_rows(nodes: Mapping[str, Node], load: Callable[[str], Any], main: SourceFacts) -> dict[str, Any]:
    """For each side of a recorded split the rows of the main source that it holds, in its order; only those that can be told."""
    found: dict[str, Any] = {}
    for node in nodes.values():
        for artifact in node.outputs if node.kind == "split" else ():
            value = load(artifact)
            held = _rows(value)
            if held is None or not held.rows:
                continue
            if _flat(held) and main.contract.key not in [held.columns, ()] and _named(value) not in main.contract.key:
                at = _by_place(value, held, node, load, main)
            else:
                at = _at(held, main)
            if at is not None:
                found[artifact] = at[at >= 0]
    return found


def _at(held: Records, main: SourceFacts) -> Any:
    identity = identify(held, [main])
    if identity is None or (identity.method == "content" and main.rows > _CONTENT):
        return None
    return identity.at


def _by_place(value: Any, held: Records, node: Node, load: Callable[[str], Any], main: SourceFacts) -> Any:
    """The rows that a mask or positions stand for: those of the split's input."""
    for argument in node.inputs.values():
        given = _rows(load(argument))
        if given is None:
            continue
        rows = chosen_rows(value, held, given.rows)
        above = _at(given, main) if rows is not None else None
        if above is not None:
            return above[rows]
    return _at(held, main)


def _flat(held: Records) -> bool:
    kind = held.column(held.columns[0]).type if len(held.columns) == 1 else pa.null()
    return bool(pa.types.is_boolean(kind) or pa.types.is_integer(kind))


def _named(value: Any) -> str:
    return str(getattr(value, "name", "") or "")


def chosen_rows(value: Any, held: Records, rows: int) -> Any:
    """The positions that a side stands for, where it is a mask or positions of so many rows; None where it is neither."""
    if len(held.columns) != 1 or type(value).__name__ == "DataFrame":
        return None
    column = held.column(held.columns[0])
    if column.null_count:
        return None
    if pa.types.is_boolean(column.type):
        return np.flatnonzero(np.asarray(column.to_numpy())) if held.rows == rows else None
    if not pa.types.is_integer(column.type):
        return None
    at = np.asarray(column.to_numpy(), np.int64)
    fits = at.size and at.min() >= 0 and at.max() < rows and np.unique(at).size == at.size
    return at if fits else None


def roles(
    nodes: Mapping[str, Node], found: Mapping[str, Any], rows: int, first: str = ""
) -> tuple[Any, frozenset[str]]:
    """The role of each row of the main source ("" for none), and the sides that teach and hold rows of the test all the same: those
    of other folds. The sides are None where no split tells which rows are for training and which for the test. It is told by the split
    `first`, or by the first that tells it.
    """
    for node in nodes.values():
        if node.kind != "split" or first not in ("", node.name):
            continue
        told = {one: found[one] for one in node.outputs if one in found}
        tests = [at for one, at in told.items() if node.outputs[one] == "test"]
        trains = [at for one, at in told.items() if node.outputs[one] == "train"]
        if not tests or not trains:
            continue
        apart = [at for at in tests if not any(_share(at, other) > _FEW for other in trains)] or tests[:1]
        sides = np.full(rows, "", dtype="<U6")
        for one, at in told.items():
            if node.outputs[one] == "valid":
                sides[at] = "valid"
        for at in trains:
            if not any(_share(other, at) > _FEW for other in apart):
                sides[at] = "train"
        for at in apart:
            sides[at] = "test"
        if not (sides == "train").any():
            continue
        foul = [
            one
            for step in nodes.values()
            for one, role in step.outputs.items()
            if role in ("train", "valid") and one in found and (sides[found[one]] == "test").any()
        ]
        return sides, frozenset(foul)
    return None, frozenset()


def _share(mine: Any, other: Any) -> float:
    return float(np.isin(mine, other).mean()) if mine.size else 0.0


def groups(values: Mapping[str, Any]) -> list[list[str]]:
    """The sides that hold the same columns (`X_train` and `X_test`; `y_train` and `y_test`)."""
    found: dict[Any, list[str]] = {}
    for artifact, value in values.items():
        held = _rows(value)
        if held is not None:
            found.setdefault((type(value).__module__, type(value).__name__, held.columns), []).append(artifact)
    return list(found.values())


def assigned(
    together: Sequence[str], sizes: Sequence[int], identity: Identity, wanted: Mapping[str, Any] | None
) -> Assigned:
    """Which rows each of the sides gets: its own, in its order, if `wanted` does not say (rows of the source, for each side)."""
    slices = _slices(together, sizes)
    own = {one: identity.at[part] for one, part in slices.items()}
    found: dict[str, tuple[Any, Any]] = {}
    for one, at in own.items():
        nth = occurrence(at)
        if wanted is not None:
            pool_at = np.concatenate([at, *[other for name, other in own.items() if name != one]])
            pool_nth = np.concatenate([nth, *[occurrence(other) for name, other in own.items() if name != one]])
            _, first = np.unique(np.stack([pool_at, pool_nth]), axis=1, return_index=True)
            first = np.sort(first)
            at, nth = pool_at[first], pool_nth[first]  # noqa: PLW2901
            mine = np.isin(at, wanted[one]) & (at >= 0)
            at, nth = at[mine], nth[mine]  # noqa: PLW2901
        found[one] = at, nth
    return Assigned(identity.source, found)


def assembled(
    values: Mapping[str, Any], sizes: Sequence[int], identity: Identity, said: Assigned
) -> tuple[dict[str, Any], dict[str, Identity]]:
    """The sides with the rows that were assigned to them, as far as these are there, and which rows they are."""
    slices = _slices(list(values), sizes)
    nth = np.concatenate([occurrence(identity.at[part]) for part in slices.values()])
    width = int(max([nth.max(initial=0), *[one.max(initial=0) for _, one in said.rows.values()]])) + 1
    codes = np.where(identity.at >= 0, identity.at * width + nth, -1)
    highest = max([codes.max(initial=-1), *[(at * width + n).max(initial=-1) for at, n in said.rows.values()]])
    place = np.full(int(highest) + 2, -1, np.int64)
    there = np.flatnonzero(codes >= 0)[::-1]
    place[codes[there]] = there  # the first of equal ones
    made: dict[str, Any] = {}
    told: dict[str, Identity] = {}
    union: Any = None
    for one, part in slices.items():
        at, mine = said.rows[one]
        wanted = np.where(at >= 0, at * width + mine, -1)
        if np.array_equal(wanted, codes[part]):
            made[one] = values[one]
        else:
            rows = place[wanted]
            own = np.full(place.size, -1, np.int64)  # its own copy of a row, where several sides have one
            own[codes[part]] = np.arange(part.start, part.stop)
            rows = np.where((wanted >= 0) & (own[wanted] >= 0), own[wanted], rows)
            rows = rows[(rows >= 0) & (wanted >= 0)]
            union = stacked(list(values.values())) if union is None else union
            made[one] = take(union, rows)
            at, mine = identity.at[rows], nth[rows]
        told[one] = Identity(said.source, at, mine, identity.method, identity.by)
    return made, told


def _slices(together: Sequence[str], sizes: Sequence[int]) -> dict[str, slice]:
    ends = np.cumsum(sizes)
    return {one: slice(int(end - size), int(end)) for one, size, end in zip(together, sizes, ends, strict=True)}


def like(value: Any, positions: Any, rows: int) -> Any:
    """A mask or positions in the form of another."""
    held = _rows(value)
    assert held is not None
    mask = pa.types.is_boolean(held.column(held.columns[0]).type)
    made = np.isin(np.arange(rows), positions) if mask else positions
    package = type(value).__module__.partition(".")[0]
    if package == "numpy":
        return made.astype(value.dtype)
    if package == "polars":
        return sys.modules["polars"].Series(value.name, made, dtype=value.dtype)
    if package == "pandas":
        index = value.index if len(value) == made.size else None
        return type(value)(made, name=value.name, **({"index": index} if hasattr(value, "iloc") else {}))
    return made.tolist()


def _rows(value: Any) -> Records | None:
    try:
        return records(value)
    except Exception:  # a value of the user's own that looks like a table and is none
        return None
