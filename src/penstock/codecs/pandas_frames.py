"""pandas: DataFrame, Series and Index as Arrow files, exact in types, labels and index.

What is read back lies in private memory, mapped from the store without a copy where a column is numeric and has no
nulls: it may be written to, and nothing of that reaches the store.
"""

import sys
from typing import Any

from penstock.codecs import plain
from penstock.codecs.arrow import require_pyarrow
from penstock.codecs.describe import HEAD_ROWS, json_safe
from penstock.codecs.framefile import Frame, head_of, load, pickled_part, save
from penstock.codecs.pandas_columns import lower_column, rise_column
from penstock.codecs.tree import DecodeOne, EncodeOne
from penstock.model.artifact import Column, Description, Stored
from penstock.ports import Reader, Sink

__all__ = ["PandasCodec"]

_COUNTED_CELLS = 1 << 20  # up to here missing values are counted one by one
_OWN = ("DataFrame", "Series")


class PandasCodec:
    """pandas frames, series and indexes."""

    name = "pandas"

    def __init__(self, encode_one: EncodeOne, decode_one: DecodeOne) -> None:
        self._encode_one = encode_one
        self._decode_one = decode_one

    def accepts(self, value: Any) -> bool:
        """DataFrame, Series, and every Index of pandas' own; subclasses from elsewhere mean more."""
        pd = sys.modules.get("pandas")
        if pd is None or type(value).__module__.partition(".")[0] != "pandas":
            return False
        return type(value) in (pd.DataFrame, pd.Series) or isinstance(value, pd.Index)

    def encode(self, value: Any, sink: Sink) -> Stored:
        """Write the columns from where they lie."""
        pa = require_pyarrow("pandas frame", "pandas")
        writer = _Writer(sink)
        kind = type(value).__name__ if type(value).__name__ in _OWN else "Index"
        spec: dict[str, Any] = {"kind": kind, "rows": len(value)}
        if kind == "DataFrame":
            for number in range(value.shape[1]):
                writer.column(value.iloc[:, number].array)
            spec["labels"] = writer.aside("labels", _labels_spec(value.columns), value.columns)
        elif kind == "Series":
            writer.column(value.array)
            spec["name"] = writer.aside("name", [value.name] if plain.is_plain(value.name) else None, value.name)
        spec["width"] = len(writer.arrays)
        index = value if kind == "Index" else value.index
        spec["index"] = writer.index(index)
        if kind != "Index":
            attrs = dict(value.attrs)
            spec["attrs"] = writer.aside("attrs", [attrs] if plain.is_plain(attrs) else None, attrs)
            spec["duplicates"] = value.flags.allows_duplicate_labels
        spec["columns"] = writer.specs
        names = _names(value if kind == "DataFrame" else None, spec["width"], len(writer.arrays))
        table = pa.table(writer.arrays, names=names) if writer.arrays else pa.table({})
        return save("pandas", Frame(table, spec, writer.objects), self.describe(value), sink, self._encode_one)

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """The frame in private memory."""
        import pandas as pd

        frame = load(stored, reader, self._decode_one, writable=True)
        spec, objects = frame.spec, frame.objects
        columns = [
            objects[number] if one is None else rise_column(one, frame.table.column(number), frame.memory)
            for number, one in enumerate(spec["columns"])
        ]
        index = _rise_index(spec["index"], columns, objects)
        if spec["kind"] == "Index":
            return index
        if spec["kind"] == "Series":
            name = objects["name"] if spec["name"] is None else spec["name"][0]
            made = pd.Series(columns[0], index=index, copy=False, name=name, dtype=getattr(columns[0], "dtype", None))
        else:
            held = {number: _uninferred(one, index) for number, one in enumerate(columns[: spec["width"]])}
            made = pd.DataFrame(held, index=index, copy=False)
            made.columns = objects["labels"] if spec["labels"] is None else _from_labels_spec(spec["labels"])
        made.attrs = objects["attrs"] if spec["attrs"] is None else spec["attrs"][0]
        return made if spec["duplicates"] else made.set_flags(allows_duplicate_labels=False)

    def describe(self, value: Any) -> Description:
        """Schema, the first rows, and null counts where they are cheap to know."""
        import pandas as pd

        rows = len(value)
        if isinstance(value, pd.DataFrame):
            parts = [value.iloc[:, number] for number in range(value.shape[1])]
            names = [_label_text(one) for one in value.columns]
        else:
            parts = [value]
            names = ["" if value.name is None else _label_text(value.name)]
        few = rows * len(parts) <= _COUNTED_CELLS
        columns = tuple(
            Column(name, str(one.dtype) if hasattr(one, "dtype") else "", _nulls(one, few))
            for name, one in zip(names, parts, strict=True)
        )
        head = head_of([one[:HEAD_ROWS].tolist() for one in parts])
        kind = type(value).__name__
        text = (
            f"pandas.{kind}, {rows:,} rows x {len(parts)} columns"
            if kind == "DataFrame"
            else f"pandas.{kind}, {rows:,} rows"
        )
        details: dict[str, Any] = {}
        if isinstance(value, pd.DataFrame | pd.Series):
            details["index"] = {
                "type": type(value.index).__name__,
                "names": [json_safe(one) for one in value.index.names],
            }
        return Description(f"pandas.{kind}", rows, tuple(value.shape), columns, head, text, details)


def _uninferred(values: Any, index: Any) -> Any:
    """A column that pandas takes as it is: it would make text of an array of objects that are all text."""
    import numpy as np
    import pandas as pd

    is_objects = getattr(getattr(values, "dtype", None), "kind", "") == "O" and isinstance(values, np.ndarray)
    return pd.Series(values, index=index, dtype=object, copy=False) if is_objects else values


class _Writer:
    """The columns of a frame on their way to a table."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.arrays: list[Any] = []
        self.specs: list[Any] = []
        self.objects: dict[Any, Any] = {}

    def column(self, values: Any) -> int:
        """Add a column (a pandas array); its position."""
        import numpy as np
        import pandas as pd
        import pyarrow as pa

        if type(values) is pd.arrays.NumpyExtensionArray:
            values = values.to_numpy()
        number = len(self.arrays)
        lowered = lower_column(values)
        if lowered is None:
            self.objects[number] = self._object(values, isinstance(values, np.ndarray))
        spec, array = (None, pa.nulls(len(values))) if lowered is None else lowered
        self.specs.append(spec)
        self.arrays.append(array)
        return number

    def _object(self, values: Any, is_array: bool) -> Any:
        if is_array and values.dtype.kind != "O":
            return values.copy()
        if is_array and plain.is_plain(values.tolist()):
            return values
        return pickled_part(values, self.sink)

    def aside(self, name: str, spec: Any, value: Any) -> Any:
        """`spec` if there is one; else the value itself is pickled beside the table."""
        if spec is None:
            self.objects[name] = pickled_part(value, self.sink)
        return spec

    def index(self, index: Any) -> Any:
        """An index: as a range, or as columns behind the others; None where it is pickled."""
        import pandas as pd

        names = list(index.names)
        if not plain.is_plain(names):
            return self.aside("index", None, index)
        if type(index) is pd.RangeIndex:
            return ["range", names, index.start, index.stop, index.step]
        if type(index) is pd.MultiIndex:
            at = [self.column(index.get_level_values(number).array) for number in range(index.nlevels)]
            return ["multi", names, at]
        if type(index) in (pd.PeriodIndex, pd.IntervalIndex):
            return self.aside("index", None, index)
        frequency = getattr(index, "freqstr", None)
        return ["index", names, [self.column(index.array)], frequency]


def _names(frame: Any, width: int, all_columns: int) -> list[str]:
    """Names for the Arrow columns, for other readers of the file; what they really are is in the spec."""
    names = [_label_text(one) for one in frame.columns] if frame is not None else ["values"] * width
    names += [f"__index_{number}" for number in range(all_columns - width)]
    return names if len(set(names)) == len(names) else [str(number) for number in range(all_columns)]


def _label_text(label: Any) -> str:
    return str(json_safe(label if isinstance(label, str) else str(label)))


def _labels_spec(labels: Any) -> list[Any] | None:
    """The column labels as plain values, if they come out of them unchanged."""
    import pandas as pd

    if type(labels) is pd.MultiIndex:
        spec = ["multi", list(labels.names), [list(one) for one in labels.tolist()]]
    elif type(labels) is pd.RangeIndex:
        spec = ["range", list(labels.names), [labels.start, labels.stop, labels.step]]
    elif type(labels) is pd.Index:
        spec = ["index", list(labels.names), labels.tolist(), str(labels.dtype)]
    else:
        return None
    if not plain.is_plain(spec):
        return None
    try:
        again = _from_labels_spec(spec)
    except Exception:  # labels that pandas itself can't make again
        return None
    same = again.equals(labels) and again.dtype == labels.dtype and again.names == labels.names
    return spec if same and list(map(type, again)) == list(map(type, labels)) else None


def _from_labels_spec(spec: list[Any]) -> Any:
    import pandas as pd

    kind, names, items, *dtype = spec
    if kind == "multi":
        return pd.MultiIndex.from_tuples([tuple(one) for one in items], names=names)
    if kind == "range":
        return pd.RangeIndex(*items, name=names[0])
    return pd.Index(items, dtype=dtype[0], name=names[0], tupleize_cols=False)


def _rise_index(spec: Any, columns: list[Any], objects: dict[Any, Any]) -> Any:
    import pandas as pd

    if spec is None:
        return objects["index"]
    kind, names, *rest = spec
    if kind == "range":
        return pd.RangeIndex(*rest, name=names[0])
    if kind == "multi":
        return pd.MultiIndex.from_arrays([columns[number] for number in rest[0]], names=names)
    values = columns[rest[0][0]]
    index = pd.Index(values, dtype=values.dtype, name=names[0], copy=False, tupleize_cols=False)
    if rest[1] is not None:
        index.freq = rest[1]
    return index


def _nulls(column: Any, few: bool) -> int | None:
    """How many values are missing, where that takes no reading of much memory."""
    if few or (getattr(column.dtype, "kind", "O") not in "fcOmM" or hasattr(column.array, "_mask")):
        try:
            return int(column.isna().sum())
        except (TypeError, ValueError, NotImplementedError):
            return None
    return None
