"""A step done again with the keys of its rows exchanged: a key that is carried along comes out exchanged as well.

So does one that is moved to other rows on the way (a shift); therefore cells beside the key are altered, too: the
row that changes must be the one that bears the key.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from penstock.model.question import KeyQuestion
from penstock.values.alter import exchange, take
from penstock.values.records import Records, records
from penstock.work.altered import Call

__all__ = ["relabelled"]

_ROWS = 8  # rows whose cells are altered
_DIGITS = 9  # of a number, in which two runs must agree


def relabelled(question: KeyQuestion, call: Call, inputs: Mapping[str, Any]) -> bool | None:
    """Whether a key comes out of a step in the rows that had it. None where that can't be told: the step fails on a
    sample, there are less than three keys, or nothing that is beside the key changes a row.
    """
    whole = inputs[question.argument]
    held = records(whole)
    if held is None or not all(name in held for name in question.columns):
        return None
    draw = np.random.default_rng(0)
    sample = np.sort(draw.choice(held.rows, min(held.rows, question.rows), replace=False))
    try:
        table = take(whole, sample)
        return _told(question, call, inputs, table, draw)
    except Exception:  # the user's own code, on input that it may not expect
        return None


def _told(question: KeyQuestion, call: Call, inputs: Mapping[str, Any], table: Any, draw: Any) -> bool | None:
    names = question.columns
    held = records(table)
    assert held is not None
    keys = _values(held, names)
    first = {key: row for row, key in reversed(list(enumerate(keys)))}
    distinct = list(first)
    if len(distinct) < 3:
        return None

    def run(value: Any) -> list[tuple[Any, Any]] | None:
        made = records(call({**inputs, question.argument: value}))
        if made is None or not all(name in made for name in names):
            return None
        others = [name for name in made.columns if name not in names]
        return list(zip(_values(made, names), _values(made, others), strict=True))

    plain = run(table)
    if not plain or not any(key in first for key, _ in plain):
        return None
    order = draw.permutation(len(distinct))
    to = {key: distinct[int(at)] for key, at in zip(distinct, order, strict=True)}
    donors = np.asarray([first[to[key]] for key in keys])
    rows = np.arange(len(keys))
    other = table
    for name in names:
        other = exchange(other, name, rows, donors)
    wanted = Counter([(to.get(key, key), rest) for key, rest in plain])
    if Counter(run(other) or ()) != wanted:
        return False
    return _own(run, table, held, names, first, plain, draw)


def _own(run: Any, table: Any, held: Records, names: Any, first: Any, plain: Any, draw: Any) -> bool | None:
    """Whether the cells of a row make their way to where its key is."""
    out = list(dict.fromkeys([key for key, _ in plain if key in first]))
    before = Counter(plain)
    seen = False
    for at in draw.permutation(len(out))[:_ROWS].tolist():
        row = first[out[at]]
        donor = (row + held.rows // 2) % held.rows
        other = table
        for name in held.columns:
            if name not in names:
                other = exchange(other, name, np.asarray([row]), np.asarray([donor]))
        after = Counter(run(other) or ())
        changed = {key for key, _ in (before - after)} | {key for key, _ in (after - before)}
        if changed and out[at] not in changed:
            return False
        seen = seen or bool(changed)
    return True if seen or all(not rest for _, rest in plain) else None


def _values(made: Records, names: Any) -> list[tuple[Any, ...]]:
    columns = [[_plain(one) for one in made.column(name).to_pylist()] for name in names]
    return list(zip(*columns, strict=True)) if columns else [()] * made.rows


def _plain(value: Any) -> Any:
    """A value that can be counted; numbers to so many digits, as sums may be made in another order."""
    if isinstance(value, float):
        return "nan" if value != value else float(f"{value:.{_DIGITS}g}")  # noqa: PLR0124 - a number that is none
    return value if isinstance(value, int | str | bytes | None) else repr(value)
