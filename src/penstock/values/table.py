"""One small view of everything that has rows and columns, whichever library it came from.

polars and pandas frames and series, pyarrow tables, numpy arrays, scipy.sparse matrices, and mappings of columns of one
length. The view reads; it never alters, and it keeps no copy of what it is over. Columns come out as Arrow, which is
what rows are compared and identified in.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Table", "is_table"]

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_ARRAYS = ("ndarray", "memmap")


def _package(value: Any) -> str:
    return type(value).__module__.partition(".")[0]


def is_table(value: Any) -> bool:
    """Whether `Table` can view the value. Imports nothing."""
    name, package = type(value).__name__, _package(value)
    if package in ("polars", "pandas"):
        return name in ("DataFrame", "LazyFrame", "Series")
    if package == "pyarrow":
        return name in ("Table", "RecordBatch")
    if package == "numpy":
        return name in _ARRAYS and value.ndim in (1, 2)
    if package == "scipy":
        return hasattr(value, "tocsc") and len(value.shape) == 2
    return isinstance(value, Mapping) and _is_columns(value)


def _is_columns(value: Mapping[Any, Any]) -> bool:
    columns = list(value.values())
    if not columns or not all(isinstance(name, str) for name in value):
        return False
    if not all(_is_column(one) for one in columns):
        return False
    return len({len(one) for one in columns}) == 1


def _is_column(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return True
    shape = getattr(value, "shape", None)
    return shape is not None and len(shape) == 1 and _package(value) in ("numpy", "polars", "pandas", "pyarrow")


class Table:
    """A view of a value's columns. Raises `TypeError` for what has none."""

    __slots__ = ("_native", "columns", "native", "rows")

    def __init__(self, value: Any) -> None:
        if not is_table(value):
            raise TypeError(f"a {type(value).__module__}.{type(value).__qualname__} has no rows and columns")
        self.native = value
        if type(value).__name__ == "LazyFrame":
            value = value.collect()
        elif _package(value) == "scipy":
            value = value.tocsc()
        self._native = value
        self.columns: tuple[str, ...]
        self.rows: int
        self.columns, self.rows = self._outline()

    def _outline(self) -> tuple[tuple[str, ...], int]:
        value, name, package = self._native, type(self._native).__name__, _package(self._native)
        if name == "Series":
            return (str(value.name) if value.name is not None else "value",), len(value)
        if package == "polars":
            return tuple(value.columns), value.height
        if package == "pandas":
            return _distinct([_label(one) for one in value.columns]), len(value)
        if package == "pyarrow":
            return _distinct(list(value.schema.names)), value.num_rows
        if package == "numpy" and value.dtype.names is not None and value.ndim == 1:
            return tuple(value.dtype.names), len(value)
        if package in ("numpy", "scipy"):
            width = 1 if len(value.shape) == 1 else value.shape[1]
            return tuple(str(number) for number in range(width)), value.shape[0]
        return tuple(value), len(next(iter(value.values())))

    @property
    def dtypes(self) -> dict[str, str]:
        """The type of each column, as its own library writes it."""
        return {name: _type_text(self._raw(name)) for name in self.columns}

    def _raw(self, name: str) -> Any:
        """A column as its library holds it."""
        value, kind, package = self._native, type(self._native).__name__, _package(self._native)
        number = self.columns.index(name)
        if kind == "Series":
            return value
        if package == "polars":
            return value.to_series(number)
        if package == "pandas":
            return value.iloc[:, number]
        if package == "pyarrow":
            return value.column(number)
        if package == "numpy":
            return value[name] if value.dtype.names is not None else value if value.ndim == 1 else value[:, number]
        if package == "scipy":
            return value[:, [number]].toarray().ravel()
        return value[name]

    def column(self, name: str) -> "pa.ChunkedArray":
        """One column as Arrow: without a copy where its library allows. NaN stays NaN; what Arrow has no type for comes
        as text."""
        import pyarrow as pa

        raw = self._raw(name)
        array = _arrow(raw)
        return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])

    def to_arrow(self) -> "pa.Table":
        """All columns as Arrow. A sparse matrix becomes dense."""
        import pyarrow as pa

        return pa.table([self.column(name) for name in self.columns], names=list(self.columns))

    def head(self, rows: int = 5) -> list[dict[str, Any]]:
        """The first rows, as Python values by column."""
        few = min(rows, self.rows)
        found = {name: self.column(name).slice(0, few).to_pylist() for name in self.columns}
        return [{name: held[row] for name, held in found.items()} for row in range(few)]

    def take(self, rows: Sequence[int]) -> "pa.Table":
        """Some rows, by position, as Arrow."""
        return self.to_arrow().take(list(rows))


def _label(label: Any) -> str:
    return label if isinstance(label, str) else str(label)


def _distinct(names: list[str]) -> tuple[str, ...]:
    """The names, those that were there before with their position behind them."""
    seen: set[str] = set()
    found = []
    for number, name in enumerate(names):
        fresh = name if name not in seen else f"{name}#{number}"
        seen.add(fresh)
        found.append(fresh)
    return tuple(found)


def _type_text(raw: Any) -> str:
    kind = getattr(raw, "dtype", None)
    if kind is None:
        kind = getattr(raw, "type", None)
    return str(kind) if kind is not None else "list"


def _arrow(raw: Any) -> Any:
    import pyarrow as pa

    package = _package(raw)
    if package == "pyarrow":
        return raw
    if package == "polars":
        polars = sys.modules["polars"]
        if raw.dtype == polars.Object:  # polars would hand over addresses
            return _as_text(raw.to_list())
        try:
            return raw.to_arrow(compat_level=polars.CompatLevel.oldest())
        except (pa.ArrowException, polars.exceptions.PolarsError):
            return _as_text(raw.to_list())
    if package == "pandas":
        raw = raw.array
        if type(raw).__name__ == "NumpyExtensionArray":
            raw = raw.to_numpy()
    try:
        if _package(raw) == "numpy" and raw.dtype.kind not in "O":
            return pa.array(raw, from_pandas=False)
        return pa.array(raw, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return _as_text(raw.tolist() if hasattr(raw, "tolist") else list(raw))


def _as_text(values: list[Any]) -> Any:
    import pyarrow as pa

    return pa.array([None if one is None else _text(one) for one in values], pa.large_string())


def _text(value: Any, depth: int = 8) -> str:
    """A value as text that is the same for equal values in any process: without addresses, and sets in order."""
    if depth and isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted([_text(one, depth - 1) for one in value])) + "}"
    if depth and type(value) in (list, tuple):
        first, last = "[]" if type(value) is list else "()"
        return first + ", ".join([_text(one, depth - 1) for one in value]) + last
    if depth and type(value) is dict:
        return "{" + ", ".join([f"{_text(key, 0)}: {_text(one, depth - 1)}" for key, one in value.items()]) + "}"
    bare: Any = object.__repr__
    if depth and type(value).__repr__ is bare:
        members = getattr(value, "__dict__", {})
        held = [f"{name}={_text(one, depth - 1)}" for name, one in members.items()]
        return f"{type(value).__qualname__}({', '.join(held)})"
    return _ADDRESS.sub("", repr(value))
