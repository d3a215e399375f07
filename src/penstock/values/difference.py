"""What became of a table: rows and columns added, gone and changed, by key where there is one.

Tables of every kind that `Table` views, and lists of records (dictionaries). Rows are held against each other by the first
of the offered keys that names each row of both once; without one by position, if there are equally many; else by what is
in them. Numbers are compared as in `compare`: beyond what rounding explains; a missing value and NaN are two things. The index of a pandas frame that
holds more than positions counts among its columns.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

from msgspec import Struct, structs

from penstock.values.compare import TOLERANCE, differing, missing_otherwise
from penstock.values.table import Table, is_table

__all__ = ["ColumnChange", "TableDifference", "difference", "is_rows"]

_EXAMPLES = 5


class ColumnChange(Struct, frozen=True):
    """A column of which `count` rows changed; `examples` are (key or position of the row, before, after). `types` are
    those before and after, where they differ."""

    column: str
    count: int
    examples: tuple[tuple[Any, Any, Any], ...] = ()
    types: tuple[str, str] | None = None


class TableDifference(Struct, frozen=True):
    """What differs between two tables.

    `by` says how rows were held against each other: by `key` (the columns named in `key`), `position` or `content`.
    `rows` and `columns` count them before and after; `columns_added` and `columns_gone` are names. `added`, `gone` and
    `changed` count rows, with examples as dictionaries; `moved` are the columns that changed in rows that both have.
    `reordered` where the rows are the same in another order. By content, a changed row is one gone and one added.
    """

    by: Literal["key", "position", "content"]
    key: tuple[str, ...]
    rows: tuple[int, int]
    columns: tuple[int, int]
    columns_added: tuple[str, ...] = ()
    columns_gone: tuple[str, ...] = ()
    added: int = 0
    gone: int = 0
    changed: int = 0
    added_examples: tuple[dict[str, Any], ...] = ()
    gone_examples: tuple[dict[str, Any], ...] = ()
    moved: tuple[ColumnChange, ...] = ()
    reordered: bool = False


def is_rows(value: Any) -> bool:
    """Whether `difference` can look at the value: a table, or a list of records that share their columns."""
    if isinstance(value, list) and value:
        return all(isinstance(one, Mapping) for one in value) and all(isinstance(key, str) for key in value[0])
    return is_table(value)


def difference(before: Any, after: Any, keys: Iterable[Sequence[str]] = ()) -> TableDifference:
    """Compare two tables. `keys` are the sets of columns that may name a row, the likeliest first.

    Raises `TypeError` for what has no rows.
    """
    one, other = _rows(before), _rows(after)
    shared = [name for name in one.columns if name in set(other.columns)]
    found = TableDifference(
        by="position",
        key=(),
        rows=(one.rows, other.rows),
        columns=(len(one.columns), len(other.columns)),
        columns_added=tuple([name for name in other.columns if name not in set(one.columns)]),
        columns_gone=tuple([name for name in one.columns if name not in set(other.columns)]),
    )
    for key in keys:
        places = [_places(side, key) for side in (one, other)]
        if places[0] is not None and places[1] is not None:
            return _by_key(found, one, other, shared, tuple(key), places[0], places[1])
    if one.rows == other.rows:
        made = _by_position(found, one, other, shared)
        if made.changed and _contents(one, shared) == _contents(other, shared):
            return _with(found, reordered=True)
        return made
    return _by_content(found, one, other, shared)


class _Columns:
    """A view of rows by column: of a table, or of records."""

    def __init__(self, value: Any) -> None:
        self._table = Table(_with_index(value)) if is_table(value) else None
        self._records: list[Mapping[str, Any]] = value if self._table is None else []
        if self._table is not None:
            self.columns, self.rows = self._table.columns, self._table.rows
        else:
            self.columns = tuple(dict.fromkeys([name for one in self._records for name in one]))
            self.rows = len(self._records)

    def values(self, name: str) -> list[Any]:
        """A column as Python values; None where a record lacks it."""
        if self._table is not None:
            return list(self._table.column(name).to_pylist())
        return [one.get(name) for one in self._records]

    def arrow(self, name: str) -> Any:
        """A column as Arrow; None for records."""
        return None if self._table is None else self._table.column(name)

    def types(self) -> dict[str, str]:
        """The type of each column, as its own library writes it; of records, nothing is said."""
        return self._table.dtypes if self._table is not None else {}

    def record(self, row: int) -> dict[str, Any]:
        """One row."""
        if self._table is None:
            return dict(self._records[row])
        return {name: self._table.column(name)[row].as_py() for name in self.columns}


def _with_index(value: Any) -> Any:
    """A pandas frame with its index among its columns, where that says more than at which position a row is."""
    if type(value).__name__ != "DataFrame" or type(value).__module__.partition(".")[0] != "pandas":
        return value
    index = value.index
    named = type(index).__name__ != "RangeIndex" or (index.start, index.step) != (0, 1) or index.name is not None
    if not named or any(name in value.columns for name in index.names):
        return value
    return value.reset_index()


def _rows(value: Any) -> _Columns:
    if not is_rows(value):
        raise TypeError(f"a {type(value).__qualname__} has no rows")
    return _Columns(value)


def _places(side: _Columns, key: Sequence[str]) -> dict[Any, int] | None:
    """Where each row is, by the values of its key; None if these columns are not there or do not name each row once."""
    if not key or any(name not in side.columns for name in key):
        return None
    columns = [side.values(name) for name in key]
    named = columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))
    try:
        places = {name: row for row, name in enumerate(named)}
    except TypeError:  # values that can't be looked up
        return None
    return places if len(places) == side.rows else None


def _by_key(
    found: TableDifference,
    one: _Columns,
    other: _Columns,
    shared: list[str],
    key: tuple[str, ...],
    before: dict[Any, int],
    after: dict[Any, int],
) -> TableDifference:
    both = [name for name in before if name in after]
    gone = [row for name, row in before.items() if name not in after]
    added = [row for name, row in after.items() if name not in before]
    left, right = [before[name] for name in both], [after[name] for name in both]
    moved, changed = _moved(one, other, [name for name in shared if name not in key], left, right, both.__getitem__)
    ordered = all(x < y for x, y in pairwise(right))
    same = not (moved or gone or added)
    return _with(
        found, by="key", key=key, added=len(added), gone=len(gone), changed=changed, moved=moved,
        added_examples=tuple([other.record(row) for row in added[:_EXAMPLES]]),
        gone_examples=tuple([one.record(row) for row in gone[:_EXAMPLES]]),
        reordered=same and not ordered,
    )  # fmt: skip


def _by_position(found: TableDifference, one: _Columns, other: _Columns, shared: list[str]) -> TableDifference:
    places = list(range(one.rows))
    moved, changed = _moved(one, other, shared, places, places, lambda row: row)
    return _with(found, moved=moved, changed=changed)


def _by_content(found: TableDifference, one: _Columns, other: _Columns, shared: list[str]) -> TableDifference:
    before, after = _contents(one, shared), _contents(other, shared)
    gone, added = before - after, after - before
    return _with(
        found, by="content", added=sum(added.values()), gone=sum(gone.values()),
        added_examples=tuple([other.record(row) for row in _first(other, shared, added)]),
        gone_examples=tuple([one.record(row) for row in _first(one, shared, gone)]),
    )  # fmt: skip


def _moved(
    one: _Columns,
    other: _Columns,
    names: list[str],
    left: list[int],
    right: list[int],
    label: Callable[[int], Any],
) -> tuple[tuple[ColumnChange, ...], int]:
    """The columns that changed in rows that are held against each other, and how many rows did."""
    types = one.types(), other.types()
    moved: list[ColumnChange] = []
    rows: set[int] = set()
    for name in names:
        changed = _changed(one, other, name, left, right)
        kinds = (types[0].get(name, ""), types[1].get(name, ""))
        retyped = kinds if all(kinds) and kinds[0] != kinds[1] else None
        if not changed and retyped is None:
            continue
        rows.update(changed)
        examples = tuple(
            [
                (label(place), _cell(one, name, left[place]), _cell(other, name, right[place]))
                for place in changed[:_EXAMPLES]
            ]
        )
        moved.append(ColumnChange(name, len(changed), examples, retyped))
    return tuple(moved), len(rows)


def _changed(one: _Columns, other: _Columns, name: str, left: list[int], right: list[int]) -> list[int]:
    before, after = one.arrow(name), other.arrow(name)
    if before is not None and after is not None:
        if not left:
            return []
        pair = before.take(left), after.take(right)
        unequal = differing(*pair) | missing_otherwise(*pair)
        return [int(place) for place in unequal.nonzero()[0].tolist()]
    values, others = one.values(name), other.values(name)
    return [
        place
        for place, (x, y) in enumerate(zip(left, right, strict=True))
        if not _same(values[x], others[y])
    ]  # fmt: skip


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=TOLERANCE) or (math.isnan(one) and math.isnan(other))
    return bool(one == other) and type(one) is type(other)


def _cell(side: _Columns, name: str, row: int) -> Any:
    column = side.arrow(name)
    return column[row].as_py() if column is not None else side.record(row).get(name)


def _contents(side: _Columns, names: list[str]) -> "Counter[str]":
    return Counter(_texts(side, names))


def _texts(side: _Columns, names: list[str]) -> list[str]:
    columns = [side.values(name) for name in names]
    return [repr(row) for row in zip(*columns, strict=True)] if columns else [""] * side.rows


def _first(side: _Columns, names: list[str], wanted: "Counter[str]") -> list[int]:
    """The first rows whose content is wanted."""
    left = Counter(wanted)
    found: list[int] = []
    for row, text in enumerate(_texts(side, names)):
        if left[text] > 0:
            left[text] -= 1
            found.append(row)
            if len(found) == _EXAMPLES:
                break
    return found


def _with(found: TableDifference, **fields: Any) -> TableDifference:
    return structs.replace(found, **fields)
