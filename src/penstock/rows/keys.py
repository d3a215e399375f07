"""Keys as people write them: a value, or several joined by `/` in the contract's order."""

import difflib
import math
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.rows.codes import encode
from penstock.values.records import Records, value_at

__all__ = ["Broken", "Found", "broken", "exactly", "find", "key_text", "key_value", "keys_at", "missing", "rows_of"]

_CANDIDATES = 10
_CLOSE = 200_000  # distinct keys that are compared with one that is not there


def key_value(value: Any) -> str:
    """One value of a key as text: times in ISO 8601, whole numbers without a point."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if missing(value) else str(value)


def missing(value: Any) -> bool:
    """Whether a part of a key is no value: neither nothing nor a number that is none names a row."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def key_text(values: Sequence[Any]) -> str:
    """A key as one text.

    >>> key_text(["EWR", 4.0])
    'EWR/4'
    """
    return "/".join([key_value(one) for one in values])


def keys_at(records: Records, columns: Sequence[str], rows: Any) -> tuple[str, ...]:
    """The keys of some rows; `#` and the position of those of which a part is missing."""
    found = []
    for row in rows:
        values = [value_at(records.column(name), int(row)) for name in columns]
        found.append(f"#{int(row)}" if any(missing(one) for one in values) else key_text(values))
    return tuple(found)


class Broken(NamedTuple):
    """Rows whose key does not name them: positions of rows without one, and of rows that share theirs."""

    missing: Any
    repeated: Any


def broken(records: Records, columns: Sequence[str]) -> Broken:
    """The rows that a key does not name: those where a part of it is missing, and those of one key."""
    numbers = encode([records.column(name) for name in columns], nulls=False)
    missing = np.flatnonzero(numbers < 0)
    counts = np.bincount(numbers[numbers >= 0], minlength=1)
    repeated = np.flatnonzero((numbers >= 0) & (counts[numbers] > 1))
    return Broken(missing, repeated[np.argsort(numbers[repeated], kind="stable")])


class Found(NamedTuple):
    """The rows of a key that was looked for: the `key` in full and its positions; or else candidates, of which the text
    was a part (`partial`) or to which it is close."""

    key: str = ""
    rows: Any = None
    values: tuple[Any, ...] = ()
    candidates: tuple[str, ...] = ()
    partial: bool = False
    many: int = 0


def rows_of(records: Records, columns: Sequence[str], values: Sequence[Any]) -> Any:
    """The positions of the rows whose key columns hold these values."""
    hit: Any = None
    for name, value in zip(columns, values, strict=True):
        column = records.column(name)
        try:
            one = pc.equal(column, pa.scalar(value, column.type))
        except (pa.ArrowException, TypeError, ValueError):
            return np.zeros(0, np.int64)
        hit = one if hit is None else pc.and_(hit, one)
    return np.flatnonzero(np.asarray(pc.fill_null(hit, False))) if hit is not None else np.zeros(0, np.int64)


def exactly(records: Records, columns: Sequence[str], text: str) -> Found:
    """The rows that a text names by their key in full; a `Found` without a key, where there are none."""
    for parts in _splits(text, len(columns)):
        values = [_parsed(part, records.column(name).type) for part, name in zip(parts, columns, strict=True)]
        if any(value is None for value in values):
            continue
        rows = rows_of(records, columns, values)
        if rows.size:
            exact = [value_at(records.column(name), int(rows[0])) for name in columns]
            return Found(key_text(exact), rows, tuple(values))
    return Found()


def find(records: Records, columns: Sequence[str], text: str) -> Found:
    """The rows that a text names by their key, in full or in part; else what is close to it."""
    found = exactly(records, columns, text)
    if found.key:
        return found
    texts = _texts(records, columns)
    part = pc.match_substring(texts, text, ignore_case=True)
    at = np.flatnonzero(np.asarray(pc.fill_null(part, False)))
    if at.size:
        first = np.asarray(pc.starts_with(texts.take(at), text))
        ordered = np.concatenate([at[first], at[~first]])
        names = tuple(dict.fromkeys(keys_at(records, columns, ordered[: 3 * _CANDIDATES])))
        distinct = int(pc.count_distinct(texts.take(at)).as_py())
        return Found(candidates=names[:_CANDIDATES], partial=True, many=distinct)
    return Found(candidates=_close(texts, text))


def _close(texts: Any, text: str) -> tuple[str, ...]:
    known = texts.unique()
    if len(known) > _CLOSE:  # those that begin alike
        for size in (len(text) * 2 // 3, len(text) // 3):
            some = known.filter(pc.starts_with(known, text[:size]))
            if len(some):
                known = some
                break
        known = known.slice(0, _CLOSE)
    listed = [one for one in known.to_pylist() if one]
    if len(listed) > 5000:  # the slow measure only for what shares most letters
        wanted = set(text)
        listed.sort(key=lambda one: (len(wanted.symmetric_difference(one)), abs(len(one) - len(text))))
        listed = listed[:5000]
    near = difflib.get_close_matches(text, listed, n=40, cutoff=0.6)
    return tuple(sorted(near, key=lambda one: (-round(_likeness(text, one), 2), -_shared(text, one)))[:5])


def _shared(text: str, other: str) -> int:
    """How many characters both begin with."""
    return next((n for n, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other)))


def _likeness(text: str, other: str) -> float:
    return difflib.SequenceMatcher(None, text, other).ratio()


def _texts(records: Records, columns: Sequence[str]) -> Any:
    parts = []
    for name in columns:
        column = records.column(name)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or pa.types.is_integer(column.type):
            parts.append(column.cast(pa.large_string()))
        else:
            parts.append(
                pa.chunked_array([pa.array([key_value(one) for one in column.to_pylist()], pa.large_string())])
            )
    if len(parts) == 1:
        return parts[0]
    whole = [part.combine_chunks() for part in parts]
    return pc.binary_join_element_wise(*whole, pa.scalar("/", pa.large_string()))


def _splits(text: str, width: int) -> list[list[str]]:
    """The ways to read a text as so many parts: values themselves may hold a slash."""
    pieces = text.split("/")
    if width == 1:
        return [[text]]
    if len(pieces) < width:
        return []
    if len(pieces) == width:
        return [pieces]
    found = []
    for first in range(1, len(pieces) - width + 2):
        head = "/".join(pieces[:first])
        found.extend([[head, *rest] for rest in _splits("/".join(pieces[first:]), width - 1)])
    return found


def _parsed(text: str, kind: "pa.DataType") -> Any:
    types = pa.types
    try:
        if types.is_string(kind) or types.is_large_string(kind):
            return text
        if types.is_integer(kind):
            return int(text)
        if types.is_floating(kind):
            return float(text)
        if types.is_boolean(kind):
            return {"true": True, "false": False}[text.lower()]
        if types.is_timestamp(kind):
            instant = datetime.fromisoformat(text)
            if kind.tz is not None and instant.tzinfo is None:
                instant = instant.replace(tzinfo=pa.lib.string_to_tzinfo(kind.tz))
            return instant if kind.tz is not None or instant.tzinfo is None else None
        if types.is_date(kind):
            return date.fromisoformat(text)
        return pa.scalar(text).cast(kind).as_py()
    except (ValueError, KeyError, TypeError, pa.ArrowException):
        return None
