"""Counting what became of an input's rows, and at which rates they were lost."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.model.account import Part, Rate
from penstock.rows.codes import encode
from penstock.rows.relation import Relation
from penstock.values.records import Records, value_at

__all__ = ["Fates", "fates", "rates"]

_PARTS = 10


class Fates(NamedTuple):
    """How many rows each row of an input became (`became`, one whole number a row), and how many rows of the outputs
    are new. `distinct` counts the rows of the input that the outputs show."""

    became: Any
    new: int
    distinct: int


def fates(relations: Sequence[Relation]) -> Fates:
    """What became of the rows above, from their relations to each output of one step.

    Outputs that hold the very same rows (`X_train` and `y_train`) count once; others add up (the sides of a split).
    """
    total: Any = None
    seen: list[Any] = []
    new = 0
    for one in relations:
        became = _became(one)
        if any(np.array_equal(became, other) for other in seen):
            continue
        seen.append(became)
        up, _ = one.counts()
        born = one.below < 0
        born[~born] = up[one.below[~born]] == 0
        new += int(born.sum())
        total = became if total is None else total + became
    distinct = int((total > 0).sum()) if total is not None else 0
    return Fates(total, new, distinct)


def _became(relation: Relation) -> Any:
    up, down = relation.counts()
    rows = relation.above
    known = rows >= 0
    found = np.zeros(rows.size, np.int64)
    if relation.method == "group":
        found[known] = (down[rows[known]] > 0).astype(np.int64)
        return found
    if up.max(initial=0) <= 1:  # each row above has a number of its own
        found[known] = down[rows[known]]
        return found
    share, rest = np.divmod(down[rows[known]], up[rows[known]])
    found[known] = share
    if rest.any():  # rows of one key that became fewer than they were: the first of them are the ones that are left
        order = np.argsort(rows, kind="stable")
        ranked = np.empty(rows.size, np.int64)
        sorted_rows = rows[order]
        starts = np.flatnonzero(np.r_[True, sorted_rows[1:] != sorted_rows[:-1]])
        ranked[order] = np.arange(rows.size) - np.repeat(starts, np.diff(np.r_[starts, rows.size]))
        found[known] += ranked[known] < rest
    return found


def rates(records: Records, dropped: Any, what: Mapping[str, str]) -> tuple[Rate, ...]:
    """Drop rates by the columns of `what` (label, group, time → the column that holds it).

    Numbers and times are put into ten parts with as many rows each (times: of the same length); values are counted,
    the most frequent ten by themselves. `dropped` is true for each row that was lost.
    """
    found = []
    for by, name in what.items():
        if name in records:
            parts = _parts(records.column(name), dropped)
            if parts:
                found.append(Rate(by, name, parts))
    return tuple(found)


def _parts(column: Any, dropped: Any) -> tuple[Part, ...]:
    types, kind = pa.types, column.type
    if types.is_nested(kind):
        return ()
    missing = column.is_null().to_numpy()
    parts: list[Part]
    if types.is_timestamp(kind) or types.is_date(kind):
        parts = _spans(column, dropped, missing)
    elif types.is_floating(kind) or (types.is_integer(kind) and pc.count_distinct(column).as_py() > _PARTS):
        parts = _quantiles(column, dropped, missing)
    else:
        parts = _values(column, dropped, missing)
    if missing.any():
        parts.append(Part("missing", int(missing.sum()), int(dropped[missing].sum())))
    return tuple(parts)


def _values(column: Any, dropped: Any, missing: Any) -> list[Part]:
    numbers = encode([column], nulls=False)
    counts = np.bincount(numbers[~missing], minlength=1)
    lost = np.bincount(numbers[~missing], weights=dropped[~missing], minlength=counts.size)
    often = np.argsort(-counts, kind="stable")[:_PARTS]
    firsts = {}
    for number in often.tolist():
        if counts[number]:
            firsts[number] = int(np.argmax(numbers == number))
    parts = [Part(_text(value_at(column, at)), int(counts[n]), int(lost[n])) for n, at in firsts.items()]
    others = int(counts.sum()) - sum(part.rows for part in parts)
    if others:
        parts.append(Part("others", others, int(lost.sum()) - sum(part.dropped for part in parts)))
    return parts


def _quantiles(column: Any, dropped: Any, missing: Any) -> list[Part]:
    numbers = column.cast(pa.float64(), safe=False).to_numpy()
    known = ~missing & np.isfinite(numbers)
    if not known.any():
        return []
    edges = np.unique(np.quantile(numbers[known], np.linspace(0, 1, _PARTS + 1)))
    return _between(numbers, known, dropped, edges, lambda low, high: f"{low:g} to {high:g}")


def _spans(column: Any, dropped: Any, missing: Any) -> list[Part]:
    instants = column.cast(pa.timestamp("us", getattr(column.type, "tz", None))).cast(pa.int64()).fill_null(0)
    numbers = instants.to_numpy().astype(np.float64)
    known = ~missing
    if not known.any():
        return []
    edges = np.unique(np.linspace(numbers[known].min(), numbers[known].max(), _PARTS + 1))

    def name(low: float, high: float) -> str:
        first, last = (np.datetime64(int(one), "us").astype("M8[D]") for one in (low, high))
        return f"{first} to {last}"

    return _between(numbers, known, dropped, edges, name)


def _between(numbers: Any, known: Any, dropped: Any, edges: Any, name: Any) -> list[Part]:
    if edges.size == 1:
        return [Part(name(edges[0], edges[0]), int(known.sum()), int(dropped[known].sum()))]
    at = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, edges.size - 2)
    parts = []
    for number in range(edges.size - 1):
        here = known & (at == number)
        if here.any():
            parts.append(Part(name(edges[number], edges[number + 1]), int(here.sum()), int(dropped[here].sum())))
    return parts


def _text(value: Any) -> str:
    return str(value)
