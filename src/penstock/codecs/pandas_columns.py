"""Columns of pandas as columns of Arrow, exact in type both ways; what Arrow has no type for is told so.

NaN stays NaN and null stays null: they are different values here, though pandas often shows them alike.
"""

import datetime as dt
from functools import cache
from typing import TYPE_CHECKING, Any

from penstock.codecs import plain
from penstock.codecs.arrow import storable
from penstock.errors import Corrupt

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Memory", "lower_column", "rise_column"]

Memory = Any
"""The private, writable memory that a table was read from, or None."""

_NUMBERS = "biuf"
_SINCE_1970 = "Mm"
_TYPED_OBJECTS = ((str, "large_string"), (bytes, "large_binary"), (bool, "bool_"))


def lower_column(values: Any) -> "tuple[list[Any], pa.Array | pa.ChunkedArray] | None":
    """(what is needed to make the column again, its Arrow array), or None where Arrow has no exact type for it.

    `values` is a numpy array or a pandas extension array of one dimension.
    """
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    if isinstance(values, np.ndarray):
        return _lower_numpy(values)
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _lower_categorical(values)
    if isinstance(dtype, pd.StringDtype):
        missing = "nan" if dtype.na_value is not pd.NA else "NA"
        array = pa.array(values).cast(pa.large_string())
        return ["string", dtype.storage, missing], array
    if isinstance(dtype, pd.ArrowDtype):
        array = pa.chunked_array(values.__arrow_array__())
        changed = storable(array.type) != array.type
        schema = pa.schema([pa.field("values", array.type)])
        return ["arrow", bytes(schema.serialize()) if changed else None], array
    if isinstance(dtype, pd.DatetimeTZDtype):
        zone = dt.time(tzinfo=dtype.tz)  # plain values hold a zone inside a time
        if not plain.is_plain(zone):
            return None
        instants = pd.DatetimeIndex(values).asi8.view(f"M8[{dtype.unit}]")
        return ["zoned", dtype.unit, zone], pa.array(instants)
    if dtype.kind in _SINCE_1970:  # pandas' own arrays of plain instants and durations
        return _lower_numpy(np.asarray(values))
    if type(dtype).__module__.partition(".")[0] == "pandas" and hasattr(dtype, "numpy_dtype") and dtype.kind in "biuf":
        if hasattr(values, "_mask"):
            return ["masked", dtype.name], pa.array(values)
        return _lower_numpy(np.asarray(values))  # a numpy array in pandas' clothes
    return None


def _lower_numpy(values: Any) -> "tuple[list[Any], pa.Array] | None":
    import pyarrow as pa

    dtype = values.dtype
    if dtype.kind == "O":
        return _lower_objects(values)
    if not dtype.isnative or dtype.kind not in _NUMBERS + _SINCE_1970 or dtype.itemsize > 8:
        return None
    try:
        return ["numpy", dtype.str], pa.array(values, from_pandas=False)
    except (pa.ArrowException, TypeError, ValueError):
        return None


def _lower_objects(values: Any) -> "tuple[list[Any], pa.Array] | None":
    import pyarrow as pa

    met = set(map(type, values))
    for kind, name in _TYPED_OBJECTS:
        if kind in met and met <= {kind, type(None)}:
            try:
                return ["object"], pa.array(values, type=getattr(pa, name)(), from_pandas=False)
            except (pa.ArrowException, UnicodeError):
                return None
    return None


def _lower_categorical(values: Any) -> "tuple[list[Any], pa.Array] | None":
    import pyarrow as pa

    names = lower_column(values.categories.array)
    if names is None:
        return None
    spec, dictionary = names
    if isinstance(dictionary, pa.ChunkedArray):
        dictionary = dictionary.combine_chunks()
    codes = values.codes
    indices = pa.array(codes, mask=codes < 0) if (codes < 0).any() else pa.array(codes)
    array = pa.DictionaryArray.from_arrays(indices, dictionary, ordered=bool(values.ordered), safe=False)
    return ["category", bool(values.ordered), spec], array


def rise_column(spec: list[Any], column: "pa.ChunkedArray", memory: Memory) -> Any:
    """The numpy or extension array again, over `memory` where the types allow."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    kind, *rest = spec
    if kind == "numpy":
        return _rise_numpy(np.dtype(rest[0]), column, memory)
    if kind == "object":
        found = column.to_numpy(zero_copy_only=False)
        return found if found.dtype.kind == "O" else found.astype(object)
    if kind == "string":
        if rest[1] != "NA" and not _has_str():
            texts = column.to_numpy(zero_copy_only=False).astype(object)
            texts[pd.isna(texts)] = np.nan
            return texts
        dtype = pd.StringDtype(rest[0], na_value=np.nan) if rest[1] != "NA" else pd.StringDtype(rest[0])
        if rest[0] == "python":
            return pd.array(column.to_numpy(zero_copy_only=False), dtype=dtype)
        return dtype.__from_arrow__(column)
    if kind == "masked":
        return pd.api.types.pandas_dtype(rest[0]).__from_arrow__(column)
    if kind == "arrow":
        wanted = column.type if rest[0] is None else pa.ipc.read_schema(pa.py_buffer(rest[0])).field(0).type
        return pd.ArrowDtype(wanted).__from_arrow__(column if wanted == column.type else column.cast(wanted))
    if kind == "zoned":
        instants = _rise_numpy(np.dtype(f"M8[{rest[0]}]"), column, memory)
        return pd.DatetimeIndex(instants).tz_localize("UTC").tz_convert(rest[1].tzinfo).array
    if kind == "category":
        return _rise_categorical(rest[0], rest[1], column)
    raise Corrupt(f"a stored pandas frame has a column of an unknown kind {kind!r}")


def _rise_numpy(dtype: Any, column: "pa.ChunkedArray", memory: Memory) -> Any:
    import numpy as np

    if dtype.kind == "b":
        return np.array(column.to_numpy(), dtype=bool)
    if column.null_count:  # an instant that is not one
        missing = np.iinfo("i8").min
        return column.cast("int64").fill_null(missing).to_numpy().astype("i8", copy=True).view(dtype)
    pieces = [_over(memory, one, dtype) for one in column.chunks]
    if not pieces:
        return np.empty(0, dtype)
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def _over(memory: Memory, array: "pa.Array", dtype: Any) -> Any:
    """A writable numpy array over the private memory that an Arrow array lies in."""
    import numpy as np

    data = array.buffers()[1]
    if data is None or len(array) == 0:
        return np.empty(0, dtype)
    start = np.frombuffer(memory, np.uint8).ctypes.data
    offset = data.address - start + array.offset * dtype.itemsize
    if offset < 0 or offset + len(array) * dtype.itemsize > len(memory) or data.address % dtype.itemsize:
        return np.frombuffer(data, dtype, len(array), array.offset * dtype.itemsize).copy()
    return np.frombuffer(memory, dtype, len(array), offset)


def _rise_categorical(ordered: bool, spec: list[Any], column: "pa.ChunkedArray") -> Any:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    whole = column.unify_dictionaries().combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0)
    code = whole.indices.type.to_pandas_dtype()
    codes = whole.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(code, copy=True)
    names = rise_column(spec, pa.chunked_array([whole.dictionary]), b"")
    categories = pd.Index(names, dtype=np.dtype(object) if spec[0] == "object" else getattr(names, "dtype", None))
    return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(categories, ordered))


@cache
def _has_str() -> bool:
    """Whether this pandas has the type `str`, whose missing value is NaN (since 2.3): before, texts were objects."""
    import numpy as np
    import pandas as pd

    try:
        return isinstance(pd.StringDtype("python", na_value=np.nan), pd.StringDtype)
    except TypeError:
        return False
