"""Which rows a cell's new value may come from: values of the same column, so that its type and its scale stay."""

from typing import Any

import numpy as np
import pyarrow.compute as pc

__all__ = ["codes", "others"]


def codes(column: Any) -> Any:
    """One number for each value, in the order of the values where they have one; missing ones last."""
    try:
        return pc.rank(column.combine_chunks(), sort_keys="ascending", tiebreaker="dense").to_numpy().astype(np.int64)
    except Exception:  # a type that Arrow can't order
        texts = [str(one) for one in column.to_pylist()]
        order = {text: number for number, text in enumerate(sorted(set(texts)))}
        return np.array([order[text] for text in texts], np.int64)


def others(column: Any, rows: Any, turn: int = 0) -> Any:
    """For each of `rows` another row with another value in this column; each `turn` gives others. None where the column
    has one value only."""
    coded = codes(column)
    different = np.flatnonzero(coded[1:] != coded[:-1]) + 1
    if not different.size:
        return None
    rank = np.argsort(coded, kind="stable")
    size = coded.size
    place = np.empty(size, np.int64)
    place[rank] = np.arange(size)
    ordered = coded[rank]
    first = np.searchsorted(ordered, ordered[place[rows]], "left")
    after = np.searchsorted(ordered, ordered[place[rows]], "right")
    up = (after + turn * 7919 + (size - after) // 2 * (turn % 2)) % size
    up = np.where((up >= first) & (up < after), after % size, up)
    up = np.where((up >= first) & (up < after), (first - 1) % size, up)
    return rank[up]
