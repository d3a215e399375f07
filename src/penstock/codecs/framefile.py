"""A stored frame: an Arrow file that any tool can open, and beside it the few columns that Arrow has no type for."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec.structs import replace

from penstock.codecs import plain
from penstock.codecs.arrow import MAGIC, read_table, write_table
from penstock.codecs.bytesio import blob_of, private, read, stored
from penstock.codecs.describe import HEAD_ROWS, json_safe, type_name
from penstock.codecs.pickled import pickle_parts, unpickle
from penstock.codecs.tree import DecodeOne, EncodeOne, Part, pack, unpack
from penstock.errors import Corrupt
from penstock.model.artifact import Column, Description, Stored
from penstock.ports import Reader, Sink

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Frame", "columns_of", "head_of", "load", "pickled_part", "save"]


class Frame(NamedTuple):
    """A table, what else there is to know of it (plain values), and by position or name what Arrow has no type for:
    lists of values, arrays, or `Part`s that were pickled. `memory` is the private memory that the table refers to."""

    table: "pa.Table"
    spec: dict[str, Any]
    objects: dict[Any, Any]
    memory: Any = None


def save(codec: str, frame: Frame, about: Description, sink: Sink, encode_one: EncodeOne) -> Stored:
    """Store a frame. Without object columns its root is the Arrow file itself."""
    blob = write_table(frame.table, plain.encode(frame.spec), sink)
    if not frame.objects:
        return stored(codec, blob, about)
    part = Part(stored("arrow", blob, Description("pyarrow.Table")))
    packed = pack([part, frame.objects], sink, encode_one)
    pickled = about.pickled or any(one.about.pickled for one in packed.leaves)
    about = replace(about, pickled=pickled)
    root = blob_of(sink, packed.root)
    return stored(codec, root, about, digest=packed.digest, parts=packed.parts, extra=packed.outside)


def load(value: Stored, reader: Reader, decode_one: DecodeOne, *, writable: bool = False) -> Frame:
    """The frame again. Its table refers to the store's file; with `writable`, to private memory mapped from it."""
    objects: dict[Any, Any] = {}
    data: Any = private(value, reader) if writable else read(value, reader)
    if bytes(data[: len(MAGIC)]) != MAGIC:
        part, objects = unpack(data, reader, decode_one)
        if not isinstance(part, Part):
            raise Corrupt("a stored frame does not name its table")
        data = private(part.stored, reader) if writable else read(part.stored, reader)
        objects = {key: _unpickled(one, reader) for key, one in objects.items()}
    table, spec = read_table(data)
    return Frame(table, plain.decode(spec), objects, data if writable else None)


def _unpickled(held: Any, reader: Reader) -> Any:
    return unpickle(held.stored, reader) if isinstance(held, Part) else held


def pickled_part(value: Any, sink: Sink) -> Part:
    """A column (or an index) that only pickle can hold."""
    return Part(pickle_parts("pickle", value, sink, Description(type_name(value), pickled=True)))


def head_of(columns: Sequence[Sequence[Any]]) -> tuple[tuple[Any, ...], ...]:
    """The first rows as JSON-safe values, from the first values of each column."""
    rows = min([HEAD_ROWS, *[len(column) for column in columns]])
    return tuple(tuple(json_safe(column[row]) for column in columns) for row in range(rows)) if columns else ()


def columns_of(table: "pa.Table") -> tuple[Column, ...]:
    """Names, types and null counts, as the table knows them."""
    return tuple(
        Column(str(field.name), str(field.type), column.null_count)
        for field, column in zip(table.schema, table.columns, strict=True)
    )
