"""Rows as whole numbers: equal numbers, equal values, in two tables alike.

Comparing rows by number is what makes counting, joining and looking them up cheap, whatever their columns hold.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.values.records import Records

__all__ = ["NOTHING", "aligned", "comparable", "different", "distinct", "encode", "encode_columns", "same_kind"]

NOTHING = -1
"""The number of a row that has no value."""

_WIDE = 1 << 62  # two numbers are put into one below this


def same_kind(one: "pa.DataType", other: "pa.DataType") -> "pa.DataType | None":
    """The type in which columns of these two types can be compared, None if their values can't be the same thing."""
    types = pa.types
    if one == other:
        return None if types.is_nested(one) else one
    if _is_text(one) and _is_text(other):
        return pa.large_string()
    if types.is_integer(one) and types.is_integer(other):
        return pa.int64()
    if _is_real(one) and _is_real(other):  # pandas makes floats of whole numbers as soon as one is missing
        return pa.float64()
    if types.is_timestamp(one) and types.is_timestamp(other) and (one.tz is None) == (other.tz is None):
        return pa.timestamp("us", "UTC" if one.tz is not None else None)
    if types.is_date(one) and types.is_date(other):
        return pa.date32()
    return None


def _is_text(kind: "pa.DataType") -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_real(kind: "pa.DataType") -> bool:
    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def comparable(above: Records, below: Records, name: str, other: str = "") -> bool:
    """Whether column `name` above and `other` (the same, if not given) below can hold the same values."""
    return same_kind(above.column(name).type, below.column(other or name).type) is not None


def _cast(column: Any, kind: "pa.DataType") -> Any:
    if column.type == kind:
        return column
    return column.cast(kind, safe=False)


def aligned(one: Any, other: Any) -> tuple[Any, Any] | None:
    """Two columns in one type, or None."""
    kind = same_kind(one.type, other.type)
    if kind is None:
        return None
    return _cast(one, kind), _cast(other, kind)


def different(column: Any) -> int:
    """How many different values a column has; a missing one is a value."""
    try:
        return int(pc.count_distinct(column, mode="all").as_py())
    except pa.ArrowNotImplementedError:  # of a column of missing values, of categories
        return len(column.unique())


def distinct(numbers: Any) -> int:
    """How many different numbers there are, of rows that have one."""
    if not numbers.size:
        return 0
    there = np.zeros(int(numbers.max()) + 1, bool)
    there[numbers[numbers >= 0]] = True
    return int(there.sum())


def encode(columns: Sequence[Any], *, nulls: bool) -> Any:
    """One number for each row of these columns (of one length). With `nulls`, a missing value is a value like others."""
    found: Any = None
    size = 1
    for column in columns:
        numbers, count = _numbers(column, nulls=nulls)
        if found is None:
            found, size = numbers, count
            continue
        missing = (found < 0) | (numbers < 0)
        if size > _WIDE // max(count, 1):
            found, size = _numbers(pa.array(found), nulls=False)
        found = found * count + numbers
        found[missing] = NOTHING
        size *= count
    if found is None:
        return np.zeros(0, np.int64)
    if size > max(4 * len(found), 1024):  # so that numbers can be counted in an array
        found, _ = _numbers(pa.array(found, mask=found < 0), nulls=False)
    return found


def _numbers(column: Any, *, nulls: bool) -> tuple[Any, int]:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(whole, pa.ChunkedArray):  # more text than one array takes
        whole = pa.concat_arrays(whole.chunks)
    if pa.types.is_integer(whole.type) and not whole.null_count and len(whole):
        found = _near(np.asarray(whole))
        if found is not None:
            return found
    if pa.types.is_floating(whole.type):
        whole = pc.if_else(pc.is_nan(whole), pa.scalar(None, whole.type), whole)
    coded = whole.dictionary_encode(null_encoding="encode" if nulls else "mask")
    indices = coded.indices
    numbers = np.asarray(indices.fill_null(NOTHING) if indices.null_count else indices).astype(np.int64)
    return numbers, len(coded.dictionary)


def _near(values: Any) -> tuple[Any, int] | None:
    """Whole numbers that lie close together are their own numbers."""
    low, high = int(values.min()), int(values.max())
    if high - low >= 4 * values.size + 1024 or abs(low) >= _WIDE or abs(high) >= _WIDE:
        return None
    return values.astype(np.int64) - low, high - low + 1


def encode_columns(
    above: Records, below: Records, names: Sequence[tuple[str, str]], *, nulls: bool = False
) -> tuple[Any, Any] | None:
    """Numbers of the rows above and below by columns (named above, named below); None where types do not fit."""
    pairs = []
    for name, other in names:
        pair = aligned(above.column(name), below.column(other))
        if pair is None:
            return None
        pairs.append(pa.chunked_array([*pair[0].chunks, *pair[1].chunks], type=pair[0].type))
    numbers = encode(pairs, nulls=nulls)
    return numbers[: above.rows], numbers[above.rows :]
