"""polars: DataFrame, LazyFrame and Series as Arrow files.

A LazyFrame is collected when it is stored and given back as a LazyFrame over the stored rows: what it would have read
later may be gone by then. Frames that are read back refer to the mapped file; text is turned into views on read.
"""

import sys
from typing import TYPE_CHECKING, Any

from penstock.codecs.arrow import require_pyarrow
from penstock.codecs.describe import HEAD_ROWS
from penstock.codecs.framefile import Frame, head_of, load, save
from penstock.codecs.tree import DecodeOne, EncodeOne
from penstock.errors import CodecError, Corrupt
from penstock.model.artifact import Column, Description, Stored
from penstock.ports import Reader, Sink

if TYPE_CHECKING:
    import polars as pl

__all__ = ["PolarsCodec"]

_SIMPLE = frozenset(
    {
        *("Int8", "Int16", "Int32", "Int64", "Int128", "UInt8", "UInt16", "UInt32", "UInt64", "UInt128"),
        *("Float16", "Float32", "Float64", "Boolean", "Binary", "String", "Date", "Time", "Null", "Object"),
    }
)
_AS_TEXT = frozenset({"Int128", "UInt128"})  # Arrow has no such type


class PolarsCodec:
    """polars frames and series."""

    name = "polars"

    def __init__(self, encode_one: EncodeOne, decode_one: DecodeOne) -> None:
        self._encode_one = encode_one
        self._decode_one = decode_one

    def accepts(self, value: Any) -> bool:
        """DataFrame, LazyFrame, Series."""
        pl = sys.modules.get("polars")
        return pl is not None and type(value) in (pl.DataFrame, pl.LazyFrame, pl.Series)

    def encode(self, value: Any, sink: Sink) -> Stored:
        """Write the frame's columns from where they lie."""
        require_pyarrow("polars frame")
        frame, kind = self._frame(value)
        return save("polars", _lower(frame, kind), self._describe(frame, kind), sink, self._encode_one)

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """The frame over the mapped file."""
        table, spec, objects, _ = load(stored, reader, self._decode_one)
        frame = _rise(table, spec, objects)
        if spec["kind"] == "LazyFrame":
            return frame.lazy()
        return frame.to_series(0) if spec["kind"] == "Series" else frame

    def describe(self, value: Any) -> Description:
        """Schema, null counts (which polars keeps) and the first rows."""
        return self._describe(*self._frame(value))

    def _frame(self, value: Any) -> "tuple[pl.DataFrame, str]":
        import polars as pl

        if isinstance(value, pl.LazyFrame):
            return value.collect(), "LazyFrame"
        if isinstance(value, pl.Series):
            return value.to_frame(), "Series"
        return value, "DataFrame"

    def _describe(self, frame: "pl.DataFrame", kind: str) -> Description:
        columns = tuple(Column(one.name, str(one.dtype)[:200], one.null_count()) for one in frame.get_columns())
        first = frame.head(HEAD_ROWS)
        head = head_of([one.to_list() for one in first.get_columns()])
        shape = frame.shape if kind != "Series" else (frame.height,)
        text = f"polars.{kind}, {frame.height:,} rows x {frame.width} columns"
        return Description(f"polars.{kind}", frame.height, shape, columns, head, text)


def _type_spec(dtype: Any) -> list[Any] | None:
    """A data type as plain values; None for one that has no fixed form."""
    name = dtype.base_type().__name__
    if name in _SIMPLE:
        return [name]
    if name == "Datetime":
        return [name, dtype.time_unit, dtype.time_zone]
    if name == "Duration":
        return [name, dtype.time_unit]
    if name == "Decimal":
        return [name, dtype.precision, dtype.scale]
    if name == "Enum":
        return [name, dtype.categories.to_list()]
    if name == "Categorical":
        known = dtype.categories
        return [name] if known.is_global() and not known.name() else _categories_spec(known)
    if name in ("List", "Array"):
        inner = _type_spec(dtype.inner)
        return None if inner is None else [name, inner, *([dtype.size] if name == "Array" else [])]
    if name == "Struct":
        fields = [[field.name, _type_spec(field.dtype)] for field in dtype.fields]
        return None if any(one[1] is None for one in fields) else [name, fields]
    return None


def _categories_spec(known: Any) -> list[Any] | None:
    return ["Categorical", known.name(), known.namespace(), known.physical().__name__]


def _from_type_spec(spec: list[Any]) -> Any:
    import polars as pl

    name, *rest = spec
    if name in _SIMPLE:
        return getattr(pl, name)()
    if name in ("Datetime", "Duration", "Decimal", "Enum"):
        return getattr(pl, name)(*rest)
    if name == "Categorical":
        return pl.Categorical(pl.Categories(rest[0], rest[1], getattr(pl, rest[2]))) if rest else pl.Categorical()
    if name == "List":
        return pl.List(_from_type_spec(rest[0]))
    if name == "Array":
        return pl.Array(_from_type_spec(rest[0]), rest[1])
    if name == "Struct":
        return pl.Struct([pl.Field(field, _from_type_spec(one)) for field, one in rest[0]])
    raise Corrupt(f"a stored polars frame has a column of an unknown type {name!r}")


def _holds(spec: list[Any] | None, names: frozenset[str]) -> bool:
    if spec is None:
        return True
    inner = (
        [field[1] for field in spec[1]] if spec[0] == "Struct" else spec[1:2] if spec[0] in ("List", "Array") else []
    )
    return spec[0] in names or any(_holds(one, names) for one in inner)


_TEXTUAL = frozenset({"Categorical", "Enum"})
_UNARROWED = frozenset({"Object", *_AS_TEXT})


def _textual(spec: list[Any]) -> list[Any]:
    """The same type with text in the place of categories, whose codes depend on the process."""
    name = spec[0]
    if name in _TEXTUAL:
        return ["String"]
    if name in ("List", "Array"):
        return [name, _textual(spec[1]), *spec[2:]]
    if name == "Struct":
        return [name, [[field, _textual(one)] for field, one in spec[1]]]
    return spec


def _lower(frame: "pl.DataFrame", kind: str) -> Frame:
    """The columns as Arrow; `types` says what each was."""
    import polars as pl
    import pyarrow as pa
    import pyarrow.compute as pc

    arrays: list[Any] = []
    types: list[Any] = []
    objects: dict[int, list[Any]] = {}
    for number, column in enumerate(frame.get_columns()):
        spec = _type_spec(column.dtype)
        if spec is not None and spec[0] in _AS_TEXT:
            one = column.cast(pl.String)
        elif spec is None or _holds(spec, _UNARROWED):
            if spec is None:
                raise CodecError(
                    f"column `{column.name}` has the type {column.dtype}, which has no stored form",
                    hint="Cast the column to a type of polars' own before you return the frame.",
                )
            objects[number] = column.to_list()
            types.append(spec)
            arrays.append(pa.nulls(len(column)))
            continue
        elif spec[0] == "Categorical" or (spec[0] != "Enum" and _holds(spec, _TEXTUAL)):
            one = column.cast(_from_type_spec(_textual(spec)))
        else:
            one = column
        array = one.to_arrow(compat_level=pl.CompatLevel.oldest()) if one.n_chunks() == 1 else _chunked(one)
        arrays.append(pc.dictionary_encode(array) if spec[0] == "Categorical" else array)
        types.append(spec)
    names = [f"{number}" for number in range(len(arrays))] if len(set(frame.columns)) < frame.width else frame.columns
    table = pa.table(arrays, names=names) if arrays else pa.table({})
    return Frame(table, {"kind": kind, "names": frame.columns, "types": types, "rows": frame.height}, objects)


def _chunked(column: "pl.Series") -> Any:
    import polars as pl
    import pyarrow as pa

    level = pl.CompatLevel.oldest()
    return pa.chunked_array([one.to_arrow(compat_level=level) for one in column.get_chunks()])


def _rise(table: Any, spec: dict[str, Any], objects: dict[int, list[Any]]) -> "pl.DataFrame":
    import polars as pl

    series: dict[str, pl.Series] = {}
    for number, (name, kind) in enumerate(zip(spec["names"], spec["types"], strict=True)):
        dtype = _from_type_spec(kind)
        if number in objects:
            series[name] = pl.Series(name, objects[number], dtype=dtype, strict=False)
            continue
        column = pl.Series(name, pl.from_arrow(table.column(number), rechunk=False))
        series[name] = column if column.dtype == dtype else column.cast(dtype)
    return pl.DataFrame(series) if series else pl.DataFrame(height=spec["rows"])
