"""Rows as they are identified and followed: named columns in Arrow, and the labels of a pandas index beside them.

Everything that `Table` can view, and besides: lists of dictionaries (one a row), lists of plain values (one column), and
tuples or dictionaries of several tables of one length, side by side.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from penstock.values.table import Table, is_table

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["VALUE", "Records", "records", "value_at"]

VALUE = "value"
"""The name of the one column of what has no column names: a series without a name, an array, a list of values."""

_PLAIN = (int, float, str, bool, bytes, type(None))


class Records:
    """Rows by column. Columns are made when they are first asked for.

    `index` holds the labels of a pandas index that says more than the position (Arrow, one value a row), else None;
    `ordinal` is true where a pandas index says just the position. Named `levels` of an index are columns as well
    (their names, "" for one without).
    """

    __slots__ = ("_held", "_make", "columns", "index", "levels", "ordinal", "rows")

    def __init__(
        self,
        rows: int,
        columns: Iterable[str],
        make: "Callable[[str], pa.ChunkedArray]",
        index: "pa.Array | None" = None,
        *,
        ordinal: bool = False,
        levels: tuple[str, ...] = ("",),
    ) -> None:
        self.rows = rows
        self.columns = tuple(columns)
        self.index = index
        self.levels = levels
        self.ordinal = ordinal
        self._make = make
        self._held: dict[str, pa.ChunkedArray] = {}

    def column(self, name: str) -> "pa.ChunkedArray":
        """One column, without categories' codes: as the values themselves."""
        found = self._held.get(name)
        if found is None:
            import pyarrow as pa

            found = self._make(name)
            if not isinstance(found, pa.ChunkedArray):
                found = pa.chunked_array([found])
            if pa.types.is_dictionary(found.type):
                found = _plain(found)
            self._held[name] = found
        return found

    def row(self, position: int) -> dict[str, Any]:
        """One row as Python values by column."""
        return {name: value_at(self.column(name), position) for name in self.columns}

    def __contains__(self, name: object) -> bool:
        return name in self.columns


def _plain(column: Any) -> Any:
    """A column of categories as the values that they stand for (also those that Arrow can't cast: intervals of pandas)."""
    import pyarrow as pa

    try:
        return column.cast(column.type.value_type)
    except pa.ArrowException:
        parts = [one.dictionary.take(one.indices) for one in column.chunks]
        return pa.chunked_array(parts, column.type.value_type)


def value_at(column: "pa.ChunkedArray", position: int) -> Any:
    """One value of a column; what Python has no form for as text (a nanosecond instant in ISO 8601)."""
    cell = column[position]
    try:
        return cell.as_py()
    except (ValueError, ImportError, OverflowError):
        kind = str(cell.type)
        return _instant(cell) if kind.startswith("timestamp[ns") else str(cell)


def _instant(cell: Any) -> str:
    import pyarrow.compute as pc

    zoned = cell.type.tz is not None
    text: str = pc.strftime(cell, format="%Y-%m-%dT%H:%M:%S%z" if zoned else "%Y-%m-%dT%H:%M:%S").as_py()
    return f"{text[:-2]}:{text[-2:]}" if zoned else text


def records(value: Any) -> Records | None:
    """A value's rows; None for what has none."""
    if is_table(value):
        return _of_table(value)
    if isinstance(value, list) and value:
        return _of_list(value)
    if isinstance(value, tuple | dict) and value:
        return _side_by_side(value)
    return None


def _of_table(value: Any) -> Records:
    table = Table(value)
    names: Sequence[str] = table.columns
    if len(names) == 1 and names[0] == "0" and len(getattr(value, "shape", (0, 0))) == 1:
        return Records(table.rows, (VALUE,), lambda _: table.column("0"))
    if type(value).__module__.partition(".")[0] != "pandas":
        return Records(table.rows, names, table.column)
    index, levels, ordinal = _index_of(value)
    inner = {name: column for name, column in levels.items() if name not in names}

    def make(name: str) -> Any:
        return inner[name] if name in inner else table.column(name)

    named = tuple(["" if name is None else str(name) for name in value.index.names])
    return Records(table.rows, (*inner, *names), make, index, ordinal=ordinal, levels=named)


def _index_of(value: Any) -> "tuple[pa.Array | None, dict[str, pa.Array], bool]":
    import pyarrow as pa

    index = value.index
    kind = type(index).__name__
    if kind == "RangeIndex" and (index.start, index.step) == (0, 1):
        return None, {}, True
    try:
        if kind == "MultiIndex":
            parts = [pa.array(index.get_level_values(level), from_pandas=True) for level in range(index.nlevels)]
            labels = pa.StructArray.from_arrays(parts, names=[str(level) for level in range(len(parts))])
            named = {str(name): one for name, one in zip(index.names, parts, strict=True) if name is not None}
            return labels, named, False
        labels = pa.array(index, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError):
        return None, {}, False
    return labels, {str(index.name): labels} if index.name is not None else {}, False


def _of_list(value: list[Any]) -> Records | None:
    import pyarrow as pa

    if all(isinstance(one, Mapping) for one in value):
        names = list(dict.fromkeys([name for one in value for name in one]))
        if not all(isinstance(name, str) for name in names):
            return None
        columns = {name: [one.get(name) for one in value] for name in names}
        return Records(len(value), names, lambda name: Table({name: columns[name]}).column(name))
    if all(isinstance(one, _PLAIN) for one in value) or all(isinstance(one, list | tuple) for one in value):
        return Records(len(value), (VALUE,), lambda _: pa.chunked_array([Table({VALUE: value}).column(VALUE)]))
    return None


def _side_by_side(value: tuple[Any, ...] | dict[Any, Any]) -> Records | None:
    """Tables of one length as one, each column named by its part."""
    parts = list(value.items() if isinstance(value, dict) else enumerate(value))
    if isinstance(value, dict) and not all(isinstance(name, str) for name in value):
        return None
    found = {str(name): records(one) for name, one in parts}
    held = {name: one for name, one in found.items() if one is not None}
    if len(held) != len(found) or len({one.rows for one in held.values()}) != 1:
        return None
    whose = {
        (f"{part}.{name}" if len(one.columns) > 1 else part): (one, name)
        for part, one in held.items()
        for name in one.columns
    }
    rows = next(iter(held.values())).rows
    return Records(rows, whose, lambda name: whose[name][0].column(whose[name][1]))
