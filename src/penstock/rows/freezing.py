"""Types, ranges, categories, null rates, uniqueness, row counts and freshness: inferred from rows, and rows held to them."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.model.contract import Contract
from penstock.model.frozen import Breach, FrozenColumn, FrozenFreshness, FrozenRows, FrozenTable
from penstock.rows.codes import encode
from penstock.rows.keys import key_value
from penstock.values.records import Records, value_at

__all__ = ["breaches", "freeze", "type_of"]

_FEW = 5
_CATEGORIES = 30  # values that are listed; and there are at least so many rows for each
_EACH = 10
_SPAN = 0.25  # of the span, by which a range is wider than what was seen
_YOUNG = 60.0  # days: what is older was not fresh when it was frozen, and need not be later


def type_of(kind: "pa.DataType") -> str:
    """The word for a type that stands in the file."""
    types = pa.types
    if types.is_dictionary(kind):
        return type_of(kind.value_type)
    for test, word in (
        (types.is_boolean, "boolean"), (types.is_integer, "integer"), (types.is_floating, "number"), (types.is_decimal, "number"),
        (types.is_string, "text"), (types.is_large_string, "text"), (types.is_timestamp, "instant"), (types.is_date, "date"),
        (types.is_time, "time"), (types.is_duration, "duration"), (types.is_binary, "bytes"), (types.is_large_binary, "bytes"),
    ):  # fmt: skip
        if test(kind):
            return word
    return "other"


def freeze(
    records: Records, contract: Contract, *, source: str = "", run: str = "", now: datetime | None = None
) -> FrozenTable:
    """What can be said of these rows, with some room for the next: ranges are a quarter of their span wider, null rates twice
    what was seen, between half and twice as many rows. What has no room: types, uniqueness, listed values."""
    columns = {name: _column(records.column(name), name in contract.key) for name in records.columns}
    key = list(contract.key) if all(name in records for name in contract.key) else []
    if len(key) > 1 and _repeated(records, key).size:
        key = []
    if len(key) == 1:
        key = []  # said by the column
    return FrozenTable(
        source=source,
        run=run,
        rows=FrozenRows(records.rows // 2, max(records.rows * 2, 1)),
        newest=_newest(records, contract.time, now or datetime.now(UTC)),
        key=key,
        columns=columns,
    )


def _column(column: Any, of_key: bool) -> FrozenColumn:
    kind = type_of(column.type)
    missing = _missing(column)
    share = float(missing.mean()) if missing.size else 0.0
    known = column.filter(pa.array(~missing))
    found = FrozenColumn(kind, nulls=_round_up(min(2 * share, 1.0)) if share else 0.0)
    if not len(known):
        return FrozenColumn(kind, nulls=1.0)
    distinct = pc.count_distinct(known).as_py() if kind == "text" or (of_key and kind != "other") else 0
    unique = distinct == len(known) and len(known) > 1 and (of_key or kind == "text") and not share
    least, most, values = None, None, None
    if kind == "text" and not unique and distinct <= _CATEGORIES and len(known) >= _EACH * distinct:
        values = sorted(pc.unique(known).to_pylist())
    if kind in ("integer", "number") and not unique:
        least, most = _range(known, whole=kind == "integer")
    return FrozenColumn(kind, found.nulls, unique, least, most, values)


def _missing(column: Any) -> Any:
    gone = column.is_null(nan_is_null=pa.types.is_floating(column.type))
    return np.asarray(gone)


def _round_up(share: float) -> float:
    return min(math.ceil(share * 1000) / 1000, 1.0)


def _range(known: Any, *, whole: bool) -> tuple[float | None, float | None]:
    numbers = _numbers(known)
    finite = numbers[np.isfinite(numbers)]
    if not finite.size:
        return None, None
    low, high = float(finite.min()), float(finite.max())
    room = _SPAN * (high - low)
    least, most = _widened(low, -room), _widened(high, room)
    if low >= 0:
        least = max(least, 0.0)
    if high <= 0:
        most = min(most, 0.0)
    bounds = (int(least), int(most)) if whole else (least, most)
    return (None if (numbers == -np.inf).any() else bounds[0], None if (numbers == np.inf).any() else bounds[1])


def _widened(value: float, room: float) -> float:
    """The bound, put outwards to two digits of the room."""
    if room == 0:
        return value
    step = 10.0 ** (math.floor(math.log10(abs(room))) - 1)
    wide = (math.floor if room < 0 else math.ceil)((value + room) / step) * step
    return float(f"{wide:.12g}")


def _numbers(column: Any) -> Any:
    return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def _newest(records: Records, time: str, now: datetime) -> FrozenFreshness | None:
    if not time or time not in records or type_of(records.column(time).type) not in ("instant", "date"):
        return None
    last = pc.max(records.column(time))
    if not last.is_valid:
        return None
    age = _age(last, now)
    days = math.ceil(3 * max(age, 1 / 3)) if 0 <= age <= _YOUNG else None
    return FrozenFreshness(time, _text(last), days)


def _text(scalar: Any) -> str:
    return key_value(value_at(pa.chunked_array([pa.array([scalar.as_py()], scalar.type)]), 0))


def _age(last: Any, now: datetime) -> float:
    """How many days ago; an instant without a zone is taken for UTC."""
    kind = last.type
    instant = (
        last.cast(pa.timestamp("us", getattr(kind, "tz", None)))
        if pa.types.is_timestamp(kind)
        else last.cast(pa.timestamp("us"))
    )
    return float(now.timestamp() - instant.cast(pa.int64()).as_py() / 1e6) / 86_400


# --- held to it


def breaches(frozen: FrozenTable, records: Records, *, now: datetime | None = None) -> list[Breach]:
    """In what these rows are not as they were frozen."""
    found: list[Breach] = []
    least, most = frozen.rows.least, frozen.rows.most
    if records.rows < least or (most is not None and records.rows > most):
        bound = f"at least {least:,}" if records.rows < least else f"at most {most:,}"
        found.append(Breach("", f"it has {records.rows:,} rows, not {bound}", bound, records.rows))
    for name, said in frozen.columns.items():
        if name not in records:
            found.append(Breach(name, f"column `{name}` is gone", said.type, None))
        else:
            found += _held(name, said, records.column(name))
    more = [name for name in records.columns if name not in frozen.columns]
    if more and not frozen.more_columns:
        found += [Breach(name, f"column `{name}` is new", None, type_of(records.column(name).type)) for name in more]
    if frozen.key and all(name in records for name in frozen.key):
        rows = _repeated(records, frozen.key)
        if rows.size:
            names = ", ".join(frozen.key)
            what = f"{rows.size:,} rows share their {names} with another, or have none"
            found.append(Breach(names, what, "each once", None, rows.size, _first(rows)))
    if frozen.newest is not None:
        found += _fresh(frozen.newest, records, now or datetime.now(UTC))
    return found


def _held(name: str, said: FrozenColumn, column: Any) -> list[Breach]:
    kind = type_of(column.type)
    missing = _missing(column)
    if missing.size and missing.all() and kind != said.type:  # what is missing throughout has no type to speak of
        kind = said.type
    if kind != said.type and not _passes(kind, said.type, column, missing):
        return [Breach(name, f"`{name}` is {kind}, not {said.type}", said.type, kind, missing.size)]
    found: list[Breach] = []
    share = float(missing.mean()) if missing.size else 0.0
    if share > said.nulls + 1e-12:
        rows = np.flatnonzero(missing)
        what = f"{share:.1%} of `{name}` is missing, not at most {said.nulls:.1%}"
        found.append(Breach(name, what, said.nulls, round(share, 6), rows.size, _first(rows)))
    if said.least is not None or said.most is not None:
        found += _within(name, said, column)
    if said.values is not None:
        found += _among(name, said.values, column, missing)
    if said.unique:
        codes = encode([column], nulls=False)
        counts = np.bincount(codes[codes >= 0], minlength=1)
        rows = np.flatnonzero((codes >= 0) & (counts[codes] > 1))
        if rows.size:
            rows = rows[np.argsort(codes[rows], kind="stable")]
            value = value_at(column, int(rows[0]))
            found.append(
                Breach(
                    name,
                    f"{rows.size:,} rows share their `{name}` with another",
                    "each once",
                    value,
                    rows.size,
                    _first(rows),
                )
            )
    return found


def _passes(kind: str, said: str, column: Any, missing: Any) -> bool:
    """Whether values of one type do for another: whole numbers among floating point, and numbers that happen to be whole."""
    if (kind, said) == ("integer", "number"):
        return True
    if (kind, said) == ("number", "integer"):
        numbers = _numbers(column)[~missing]
        return bool((numbers == np.floor(numbers)).all())
    return False


def _within(name: str, said: FrozenColumn, column: Any) -> list[Breach]:
    numbers = _numbers(column)
    found = []
    for bound, outside, words in (
        (said.least, None if said.least is None else numbers < said.least, "at least"),
        (said.most, None if said.most is None else numbers > said.most, "at most"),
    ):
        if outside is None:
            continue
        rows = np.flatnonzero(outside)
        if rows.size:
            rows = rows[np.argsort(numbers[rows] if words == "at least" else -numbers[rows], kind="stable")]
            value = value_at(column, int(rows[0]))
            what = f"`{name}` is {value:g} in a row, not {words} {bound:g} ({_count(rows.size)})"
            found.append(Breach(name, what, f"{words} {bound:g}", value, rows.size, _first(rows)))
    return found


def _among(name: str, values: Sequence[Any], column: Any, missing: Any) -> list[Breach]:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        listed = pa.array(values, column.type)
    except (pa.ArrowException, TypeError, ValueError):
        return [Breach(name, f"the listed values of `{name}` are of another type", list(values), type_of(column.type))]
    rows = np.flatnonzero(~np.asarray(pc.is_in(column, value_set=listed)) & ~missing)
    if not rows.size:
        return []
    new = sorted({str(value_at(column, int(row))) for row in rows[:1000]})
    shown = ", ".join(new[:_FEW]) + (" …" if len(new) > _FEW else "")
    return [
        Breach(
            name,
            f"`{name}` has values that it had not: {shown} ({_count(rows.size)})",
            list(values),
            new[:_FEW],
            rows.size,
            _first(rows),
        )
    ]


def _repeated(records: Records, key: Sequence[str]) -> Any:
    """The rows that a key does not name: of one key together, and those without one."""
    codes = encode([records.column(name) for name in key], nulls=False)
    counts = np.bincount(codes[codes >= 0], minlength=1)
    rows = np.flatnonzero((codes < 0) | (counts[codes] > 1))
    return rows[np.argsort(codes[rows], kind="stable")]


def _fresh(said: FrozenFreshness, records: Records, now: datetime) -> list[Breach]:
    if said.column not in records:
        return []
    last = pc.max(records.column(said.column))
    if not last.is_valid:
        return [Breach(said.column, f"no row has a `{said.column}`", said.not_before, None)]
    text = _text(last)
    try:
        before = datetime.fromisoformat(said.not_before) if said.not_before else None
        newest = datetime.fromisoformat(text)
    except ValueError:
        before = newest = None
    if before is not None and newest is not None and newest.replace(tzinfo=None) < before.replace(tzinfo=None):
        what = f"the newest `{said.column}` is {text}, older than {said.not_before}, when it was frozen"
        return [Breach(said.column, what, said.not_before, text)]
    age = _age(last, now)
    if said.days is not None and age > said.days:
        what = f"the newest `{said.column}` is {text}, {age:,.1f} days old, not at most {said.days:g}"
        return [Breach(said.column, what, f"at most {said.days:g} days old", text)]
    return []


def _count(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"


def _first(rows: Any) -> tuple[int, ...]:
    return tuple([int(one) for one in rows[:_FEW]])
