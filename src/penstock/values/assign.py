"""New values put into cells, in whatever library holds them: the column keeps its type, and so does the value.

Where `alter.exchange` gives cells the values of other rows, this gives them values that the column may never have held:
another instant, an extreme number, a category that is new, nothing at all. What the type of the column can't hold is
refused, and never widens it.
"""

import sys
from collections.abc import Sequence
from typing import Any

from penstock.values.records import VALUE

__all__ = ["assign"]


def assign(value: Any, column: str, rows: Any, new: Sequence[Any]) -> Any:
    """The value with the cells of one column in `rows` (positions, a numpy array) made `new` (Python values or a numpy
    array, one for each; None for nothing; instants as `datetime` or as whole microseconds since 1970).

    Columns are named as `penstock.values.records` names them. Raises `TypeError`, `ValueError` or `KeyError` for what
    the column can't hold.
    """
    package, kind = type(value).__module__.partition(".")[0], type(value).__name__
    if package == "polars":
        return _polars(value, column, rows, new)
    if package == "pandas":
        return _pandas(value, column, rows, new)
    if package == "pyarrow":
        return _arrow(value, column, rows, new)
    if package == "numpy":
        return _numpy(value, column, rows, new)
    if package == "scipy":
        altered = value.tolil(copy=True)
        altered[rows, int(column)] = _fitting(new, value.dtype)[:, None]
        return altered.asformat(value.format)
    if kind == "list":
        return _list(value, column, rows, new)
    if isinstance(value, dict) and column in value:
        held = value[column]
        inner = "0" if type(held).__module__.partition(".")[0] == "numpy" else VALUE
        return {**value, column: assign(held, inner if isinstance(held, list) or inner == "0" else column, rows, new)}
    part, _, inside = column.partition(".")  # of several tables side by side
    if isinstance(value, dict) and part in value:
        return {**value, part: assign(value[part], inside, rows, new)}
    if kind == "tuple" and part.isdigit() and int(part) < len(value):
        parts = list(value)
        parts[int(part)] = assign(parts[int(part)], inside or VALUE, rows, new)
        return tuple(parts)
    raise TypeError(f"a {type(value).__qualname__} has no cells to put values into")


def _index(size: int, rows: Any) -> Any:
    import numpy as np

    index = np.arange(size)
    index[rows] = np.arange(size, size + len(rows))
    return index


def _list_of(new: Sequence[Any]) -> list[Any]:
    return new.tolist() if hasattr(new, "tolist") else list(new)


def _cells(new: Sequence[Any], kind: Any) -> Any:
    """The new cells as an Arrow array of a type; whole numbers given for instants are microseconds."""
    import pyarrow as pa

    listed = _list_of(new)
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    whole = all(one is None or isinstance(one, int) for one in listed)
    try:
        if pa.types.is_timestamp(kind) and whole:
            return pa.array(listed, pa.int64()).cast(pa.timestamp("us", kind.tz)).cast(kind)
        if pa.types.is_date(kind) and whole:
            return pa.array(listed, pa.int64()).cast(pa.timestamp("us")).cast(kind, safe=False)
        return pa.array(listed, kind)
    except pa.ArrowException as error:
        raise ValueError(str(error)) from None


def _polars(value: Any, column: str, rows: Any, new: Sequence[Any]) -> Any:
    pl = sys.modules["polars"]
    if isinstance(value, pl.LazyFrame):
        return _polars(value.collect(), column, rows, new).lazy()
    held = value if isinstance(value, pl.Series) else value.get_column(column)
    whole = all(one is None or isinstance(one, int) for one in _list_of(new))
    try:
        if isinstance(held.dtype, pl.Datetime) and whole:
            cells = pl.Series(_list_of(new), dtype=pl.Int64).cast(pl.Datetime("us", held.dtype.time_zone))
        elif held.dtype == pl.Date and whole:
            cells = pl.Series(_list_of(new), dtype=pl.Int64).cast(pl.Datetime("us"))
        else:
            cells = pl.Series(_list_of(new))
        made = pl.concat([held, cells.cast(held.dtype).alias(held.name)]).gather(_index(len(held), rows))
    except pl.exceptions.PolarsError as error:
        raise ValueError(str(error)) from None
    return made if held is value else value.with_columns(made)


def _pandas(value: Any, column: str, rows: Any, new: Sequence[Any]) -> Any:
    series = type(value).__name__ == "Series"
    at = [0] if series else [number for number, name in enumerate(value.columns) if str(name) == column]
    if not at:
        raise KeyError(column)
    held = value if series else value.iloc[:, at[0]]
    made = _pandas_cells(held, rows, new)
    if series:
        altered = value.copy()
        altered.array[:] = made
        return altered
    altered = value.copy(deep=False)
    altered.isetitem(at[0], made)
    return altered


def _pandas_cells(held: Any, rows: Any, new: Sequence[Any]) -> Any:
    """The column with new cells, in its own type."""
    pd = sys.modules["pandas"]
    array = held.array.copy()
    dtype = held.dtype
    kind = getattr(dtype, "kind", "O")
    listed = _list_of(new)
    missing = any(one is None for one in listed)
    if kind == "M":
        if all(one is None or isinstance(one, int) for one in listed):
            cells = pd.to_datetime(pd.Series(listed, dtype="Int64"), unit="us", utc=True)
            cells = (
                cells.dt.tz_convert(dtype.tz) if getattr(dtype, "tz", None) is not None else cells.dt.tz_localize(None)
            )
        else:
            cells = pd.Series(pd.to_datetime(listed))
        array[rows] = cells.astype(dtype).array
        return array
    if missing and kind in "biu" and type(array).__name__ == "NumpyExtensionArray":
        raise ValueError(f"a column of {dtype} can't hold nothing")
    if type(array).__name__ == "NumpyExtensionArray" and kind != "O":
        plain = array.to_numpy().copy()
        plain[rows] = _fitting(listed, plain.dtype)
        return plain
    array[rows] = listed if not missing else [pd.NA if one is None and kind != "O" else one for one in listed]
    return array


def _arrow(value: Any, column: str, rows: Any, new: Sequence[Any]) -> Any:
    import pyarrow as pa

    if column not in value.schema.names:
        raise KeyError(column)
    at = value.schema.names.index(column)
    held = value.column(at)
    cells = _cells(new, held.type)
    if pa.types.is_dictionary(held.type):
        cells = cells.cast(held.type)
    chunks = held.chunks if isinstance(held, pa.ChunkedArray) else [held]
    both = pa.chunked_array([*chunks, cells], held.type).unify_dictionaries()
    made = both.take(pa.array(_index(value.num_rows, rows), pa.int64()))
    return value.set_column(at, value.schema.field(at), made)


def _numpy(value: Any, column: str, rows: Any, new: Sequence[Any]) -> Any:
    altered = value.copy()
    target = (
        altered[column] if value.dtype.names is not None else altered if value.ndim == 1 else altered[:, int(column)]
    )
    target[rows] = _fitting(_list_of(new), target.dtype)
    return altered


def _fitting(new: Sequence[Any], dtype: Any) -> Any:
    """The new cells as numpy holds them, if the type can: raises `ValueError` where it can't."""
    import numpy as np

    listed = _list_of(new)
    if dtype.kind == "M" and all(one is None or isinstance(one, int) for one in listed):
        return np.array([np.datetime64("NaT") if one is None else np.datetime64(one, "us") for one in listed], dtype)
    if dtype.kind == "f":
        listed = [np.nan if one is None else one for one in listed]
    elif dtype.kind in "biu" and any(one is None for one in listed):
        raise ValueError(f"an array of {dtype} can't hold nothing")
    elif dtype.kind in "US" and any(
        len(one or "") > dtype.itemsize // (4 if dtype.kind == "U" else 1) for one in listed
    ):
        raise ValueError(f"an array of {dtype} is too narrow")
    if dtype.kind in "iu" and any(one != int(one) for one in listed):
        raise ValueError(f"an array of {dtype} holds whole numbers")
    try:
        made = np.empty(len(listed), dtype)
        made[:] = listed
    except (TypeError, OverflowError) as error:
        raise ValueError(str(error)) from None
    return made


def _list(value: list[Any], column: str, rows: Any, new: Sequence[Any]) -> list[Any]:
    altered = list(value)
    for row, one in zip(rows.tolist(), _list_of(new), strict=True):
        if isinstance(value[row], dict):
            altered[row] = {**value[row], column: one}
        elif column == VALUE:
            altered[row] = one
        else:
            raise KeyError(column)
    return altered
