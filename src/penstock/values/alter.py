"""Rows taken and cells exchanged, in whatever library holds them: the value keeps its type, its columns and their types.

What is put into a cell is always a value that another row of the same column has: so the type stays, categories stay known,
and nothing comes up that the column could not hold.
"""

import copy
import sys
from collections.abc import Sequence
from typing import Any

from penstock.values.records import VALUE

__all__ = ["exchange", "fresh", "stacked", "take"]


def _package(value: Any) -> str:
    return type(value).__module__.partition(".")[0]


def fresh(value: Any) -> Any:
    """The value, such that whoever alters it in place alters nothing else: a copy, unless its library never does."""
    package = _package(value)
    if package == "pandas":
        return value.copy()
    if package in ("numpy", "scipy"):
        return value.copy() if hasattr(value, "copy") else value
    if isinstance(value, list | tuple | dict | set):
        return copy.deepcopy(value)
    return value


def take(value: Any, rows: Any) -> Any:
    """The rows at these positions (a numpy array of whole numbers), in this order. Raises `TypeError` for what has no rows."""
    package, kind = _package(value), type(value).__name__
    if package == "polars":
        return _polars_take(value, rows)
    if package == "pandas":
        return value.iloc[rows]
    if package == "pyarrow":
        return value.take(_arrow_index(rows))
    if package == "numpy":
        return value[rows]
    if package == "scipy":
        return value.tocsr()[rows].asformat(value.format)
    if kind == "list":
        return [value[row] for row in rows.tolist()]
    if kind == "tuple":
        return tuple([take(one, rows) for one in value])
    if isinstance(value, dict):
        return {name: take(one, rows) for name, one in value.items()}
    raise TypeError(f"a {type(value).__qualname__} has no rows to take")


def stacked(values: Sequence[Any]) -> Any:
    """The rows of several values of one kind, with the same columns, one after the other. Raises `TypeError` for what has none."""
    if len(values) == 1:
        return values[0]
    package, first = _package(values[0]), values[0]
    if package == "polars":
        return sys.modules["polars"].concat(values, how="vertical_relaxed")
    if package == "pandas":
        return sys.modules["pandas"].concat(values)
    if package == "pyarrow":
        return sys.modules["pyarrow"].concat_tables(values, promote_options="permissive")
    if package == "numpy":
        return sys.modules["numpy"].concatenate(values)
    if package == "scipy":
        return sys.modules["scipy.sparse"].vstack(values, format=first.format)
    if isinstance(first, list):
        return [one for value in values for one in value]
    if isinstance(first, tuple):
        return tuple([stacked(part) for part in zip(*values, strict=True)])
    if isinstance(first, dict):
        return {name: stacked([one[name] for one in values]) for name in first}
    raise TypeError(f"a {type(first).__qualname__} has no rows to put together")


def _arrow_index(rows: Any) -> Any:
    import pyarrow as pa

    return pa.array(rows, pa.int64())


def _polars_take(value: Any, rows: Any) -> Any:
    pl = sys.modules["polars"]
    if isinstance(value, pl.LazyFrame):
        return _polars_take(value.collect(), rows).lazy()
    if isinstance(value, pl.Series):
        return value.gather(rows)
    if not value.width:
        return value
    if rows.size and rows[-1] - rows[0] == rows.size - 1 and (rows[1:] > rows[:-1]).all():
        return value.slice(int(rows[0]), rows.size)
    return value.select(pl.all().gather(rows))


def exchange(value: Any, column: str, rows: Any, donors: Any) -> Any:
    """The value with the cells of one column in `rows` made those of the rows `donors` (positions, one for each).

    Columns are named as `penstock.values.records` names them. Raises `TypeError` or `KeyError` for what can't be altered.
    """
    package = _package(value)
    alter = _ALTER.get(package)
    if alter is not None:
        return alter(value, column, rows, donors)
    if isinstance(value, list):
        return _list_exchange(value, column, rows, donors)
    if isinstance(value, tuple | dict):
        return _parts_exchange(value, column, rows, donors)
    raise TypeError(f"a {type(value).__qualname__} has no cells to exchange")


def _index(size: int, rows: Any, donors: Any) -> Any:
    import numpy as np

    index = np.arange(size)
    index[rows] = donors
    return index


def _polars_exchange(value: Any, column: str, rows: Any, donors: Any) -> Any:
    pl = sys.modules["polars"]
    if isinstance(value, pl.LazyFrame):
        return _polars_exchange(value.collect(), column, rows, donors).lazy()
    if isinstance(value, pl.Series):
        return value.gather(_index(len(value), rows, donors))
    return value.with_columns(value.get_column(column).gather(_index(value.height, rows, donors)))


def _pandas_exchange(value: Any, column: str, rows: Any, donors: Any) -> Any:
    index = _index(len(value), rows, donors)
    if type(value).__name__ == "Series":
        altered = value.iloc[index]
        altered.index = value.index
        return altered
    at = [number for number, name in enumerate(value.columns) if str(name) == column]
    if not at:
        raise KeyError(column)
    altered = value.copy(deep=False)
    altered.isetitem(at[0], value.iloc[:, at[0]].array.take(index))
    return altered


def _arrow_exchange(value: Any, column: str, rows: Any, donors: Any) -> Any:
    at = value.schema.names.index(column) if column in value.schema.names else -1
    if at < 0:
        raise KeyError(column)
    altered = value.column(at).take(_arrow_index(_index(value.num_rows, rows, donors)))
    return value.set_column(at, value.schema.field(at), altered)


def _numpy_exchange(value: Any, column: str, rows: Any, donors: Any) -> Any:
    altered = value.copy()
    if value.dtype.names is not None:
        altered[column][rows] = value[column][donors]
    elif value.ndim == 1:
        altered[rows] = value[donors]
    else:
        altered[rows, int(column)] = value[donors, int(column)]
    return altered


def _scipy_exchange(value: Any, column: str, rows: Any, donors: Any) -> Any:
    altered = value.tolil(copy=True)
    source = value.tocsc()[:, [int(column)]].toarray().ravel()
    altered[rows, int(column)] = source[donors][:, None]
    return altered.asformat(value.format)


def _list_exchange(value: list[Any], column: str, rows: Any, donors: Any) -> list[Any]:
    altered = list(value)
    for row, donor in zip(rows.tolist(), donors.tolist(), strict=True):
        if isinstance(value[row], dict):
            altered[row] = {**value[row], column: value[donor].get(column)}
        elif column == VALUE:
            altered[row] = value[donor]
        else:
            raise KeyError(column)
    return altered


def _parts_exchange(value: Any, column: str, rows: Any, donors: Any) -> Any:
    if isinstance(value, dict) and column in value and not isinstance(value[column], dict):
        held = value[column]
        inner = VALUE if isinstance(held, list) else column
        if _package(held) == "numpy":
            return {**value, column: _numpy_exchange(held, "0", rows, donors)}
        return {**value, column: exchange(held, inner, rows, donors)}
    part, _, name = column.partition(".")
    if isinstance(value, dict):
        return {**value, part: exchange(value[part], name, rows, donors)}
    held = list(value)
    number = int(part)
    held[number] = exchange(held[number], name or VALUE, rows, donors)
    return tuple(held)


_ALTER = {
    "polars": _polars_exchange,
    "pandas": _pandas_exchange,
    "pyarrow": _arrow_exchange,
    "numpy": _numpy_exchange,
    "scipy": _scipy_exchange,
}
