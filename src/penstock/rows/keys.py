"""Keys as people write them: a value, or several joined by `/` in the contract's order."""

import difflib
import json
import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.rows.codes import encode
from penstock.values.records import Records, value_at

__all__ = ["Broken", "Found", "broken", "exactly", "find", "key_text", "key_value", "keys_at", "missing", "rows_of"]

_WHOLE = re.compile(r"-?[0-9]+")
_NANOSECONDS = re.compile(r"\.([0-9]{7,9})(?![0-9])")
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
    was a part (`partial`), to which it is close, or of which it may name each (`ambiguous`)."""

    key: str = ""
    rows: Any = None
    values: tuple[Any, ...] = ()
    candidates: tuple[str, ...] = ()
    partial: bool = False
    many: int = 0
    ambiguous: bool = False


def rows_of(records: Records, columns: Sequence[str], values: Sequence[Any]) -> Any:
    """The positions of the rows whose key columns hold these values."""
    hit: Any = None
    for name, value in zip(columns, values, strict=True):
        column = records.column(name)
        try:
            one = pc.equal(column, _scalar(value, column.type))
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            return np.zeros(0, np.int64)
        hit = one if hit is None else pc.and_(hit, one)
    return np.flatnonzero(np.asarray(pc.fill_null(hit, False))) if hit is not None else np.zeros(0, np.int64)


def _scalar(value: Any, kind: "pa.DataType") -> Any:
    """A value as one of a column's type; a nanosecond instant may come as text, as `value_at` gives it."""
    if isinstance(value, str) and pa.types.is_timestamp(kind):
        return _nanoseconds(value, kind)
    return pa.scalar(value, kind)


def exactly(records: Records, columns: Sequence[str], text: str) -> Found:
    """The rows that a text names by their key in full; a `Found` without a key, where there are none.

    A text may be read in several ways: values may hold a slash themselves, and an hour without its zone is there twice where
    clocks are set back. Where rows of more than one of them are there, they are the `candidates`, and there is no key. Parts may be given one by one, as a list in JSON.
    """
    found: dict[str, Found] = {}
    listed = _listed(text)
    given = [listed] if listed is not None and len(listed) == len(columns) else []
    for parts in (*given, *_splits(text, len(columns))):
        kinds = [records.column(name).type for name in columns]
        for values in product(*[_parsed(part, kind) for part, kind in zip(parts, kinds, strict=True)]):
            rows = rows_of(records, columns, values)
            if rows.size:
                exact = [value_at(records.column(name), int(rows[0])) for name in columns]
                found.setdefault(
                    json.dumps([key_value(one) for one in exact]), Found(key_text(exact), rows, tuple(exact))
                )
    if len(found) > 1:
        alike = len({one.key for one in found.values()}) < len(found)
        return Found(candidates=tuple(found) if alike else tuple([one.key for one in found.values()]), ambiguous=True)
    return next(iter(found.values()), Found())


def find(records: Records, columns: Sequence[str], text: str) -> Found:
    """The rows that a text names by their key, in full or in part; else what is close to it."""
    found = exactly(records, columns, text)
    if found.key or found.ambiguous:
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


def _listed(text: str) -> list[str] | None:
    """The parts of a key that is given as a list in JSON."""
    if not text.startswith("["):
        return None
    try:
        held = json.loads(text)
    except ValueError:
        return None
    plain = isinstance(held, list) and all(isinstance(one, str | int | float) for one in held)
    return [key_value(one) for one in held] if plain else None


def _parsed(text: str, kind: "pa.DataType") -> list[Any]:
    """The values of a type that a text may stand for: none, mostly one, two for an hour that is there twice."""
    types = pa.types
    if types.is_string(kind) or types.is_large_string(kind):
        return [text]
    try:
        if types.is_integer(kind):
            return [int(text)] if _WHOLE.fullmatch(text) else []
        if types.is_floating(kind):
            return [float(text)] if text == text.strip() and "_" not in text else []
        if types.is_boolean(kind):
            return [{"true": True, "false": False}[text.lower()]]
        if types.is_timestamp(kind):
            return _instants(text, kind)
        if types.is_date(kind):
            return [date.fromisoformat(text)]
        value = pa.scalar(text).cast(kind).as_py()
        return [] if value is None else [value]
    except (ValueError, KeyError, TypeError, OverflowError, pa.ArrowException):
        return []


def _instants(text: str, kind: "pa.DataType") -> list[Any]:
    if _NANOSECONDS.search(text):
        return [_nanoseconds(text, kind)]
    instant = datetime.fromisoformat(text)
    if kind.tz is None:
        return [instant] if instant.tzinfo is None else []
    if instant.tzinfo is not None:
        return [instant]
    zone = pa.lib.string_to_tzinfo(kind.tz)
    either = [instant.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    return either if either[0].utcoffset() != either[1].utcoffset() else either[:1]


def _nanoseconds(text: str, kind: "pa.DataType") -> Any:
    """An instant with nine digits behind the second, as an Arrow scalar. Raises `ValueError` for another text."""
    digits = _NANOSECONDS.search(text)
    whole = datetime.fromisoformat(_NANOSECONDS.sub("", text) if digits else text)
    if kind.tz is None or whole.tzinfo is None:
        whole = whole.replace(tzinfo=UTC if kind.tz is None else pa.lib.string_to_tzinfo(kind.tz))
    gap = whole - datetime(1970, 1, 1, tzinfo=UTC)
    micros = gap.days * 86_400_000_000 + gap.seconds * 1_000_000 + gap.microseconds
    more = int(digits.group(1).ljust(9, "0")) if digits else 0
    return pa.scalar(micros * 1000 + more, pa.int64()).cast(pa.timestamp("ns", kind.tz)).cast(kind)
