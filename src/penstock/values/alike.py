"""Whether two single values, or two Arrow columns, are the same: nothing is the same as nothing, and a number that is none as one."""

import math
from typing import Any

import numpy as np
import pyarrow as pa

__all__ = ["equal", "same"]


def same(one: Any, other: Any, limit: float = 0.0) -> bool:
    """Whether two values are the same, or numbers that differ by no more than `limit`.

    >>> same(float("nan"), float("nan")), same(1.0, 1.1, 0.2), same([1], [2])
    (True, True, False)
    """
    if one is other:
        return True
    try:
        if isinstance(one, float) and isinstance(other, float):
            if math.isnan(one) or math.isnan(other):
                return math.isnan(one) and math.isnan(other)
            return one == other or abs(one - other) <= limit
        return bool(one == other)
    except (TypeError, ValueError):
        return str(one) == str(other)


def equal(one: Any, other: Any) -> bool:
    """Whether two Arrow columns of one type hold the same values, row by row."""
    left = one.combine_chunks() if isinstance(one, pa.ChunkedArray) else one
    right = other.combine_chunks() if isinstance(other, pa.ChunkedArray) else other
    if pa.types.is_floating(left.type):
        return bool(np.array_equal(left.to_numpy(zero_copy_only=False), right.to_numpy(zero_copy_only=False), True))
    return bool(left.equals(right))
