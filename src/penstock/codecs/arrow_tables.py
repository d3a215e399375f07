"""pyarrow: Table, RecordBatch, Array and ChunkedArray as Arrow files.

Chunks are content to nobody: a table comes back with as few as its size allows. The library versions that pandas leaves
in a schema's metadata are dropped; all other metadata is kept.
"""

import json
import sys
from typing import TYPE_CHECKING, Any

from penstock.codecs.arrow import storable
from penstock.codecs.describe import HEAD_ROWS
from penstock.codecs.framefile import Frame, columns_of, head_of, load, save
from penstock.codecs.tree import DecodeOne, EncodeOne
from penstock.model.artifact import Description, Stored
from penstock.ports import Reader, Sink

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ArrowCodec"]

_VOLATILE = ("creator", "pandas_version")


class ArrowCodec:
    """pyarrow tables and arrays."""

    name = "arrow"

    def __init__(self, encode_one: EncodeOne, decode_one: DecodeOne) -> None:
        self._encode_one = encode_one
        self._decode_one = decode_one

    def accepts(self, value: Any) -> bool:
        """Table, RecordBatch, ChunkedArray, and every Array."""
        pa = sys.modules.get("pyarrow")
        return pa is not None and isinstance(value, (pa.Table, pa.RecordBatch, pa.ChunkedArray, pa.Array))

    def encode(self, value: Any, sink: Sink) -> Stored:
        """Write the buffers from where they lie."""
        table, kind = _table(value)
        metadata = [[key, _steady(key, one)] for key, one in (table.schema.metadata or {}).items()]
        fields = [[dict(field.metadata or {}), field.nullable] for field in table.schema]
        changed = any(storable(field.type) != field.type for field in table.schema)
        spec = {
            "kind": kind,
            "rows": table.num_rows,
            "metadata": metadata,
            "fields": fields,
            "names": table.column_names,
            "schema": bytes(table.schema.remove_metadata().serialize()) if changed else None,
        }
        plain_names = table.rename_columns([str(number) for number in range(table.num_columns)])
        unique = len(set(table.column_names)) == table.num_columns
        stored_table = table if unique else plain_names
        frame = Frame(stored_table.replace_schema_metadata(None), spec, {})
        return save("arrow", frame, self.describe(value), sink, self._encode_one)

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """The table over the mapped file."""
        import pyarrow as pa

        table, spec, _, _ = load(stored, reader, self._decode_one)
        if spec["schema"] is not None:
            wanted = pa.ipc.read_schema(pa.py_buffer(spec["schema"]))
            columns = [_as_type(column, field.type) for column, field in zip(table.columns, wanted, strict=True)]
        else:
            columns = table.columns
        fields = [
            pa.field(name, column.type, nullable, metadata or None)
            for name, column, (metadata, nullable) in zip(spec["names"], columns, spec["fields"], strict=True)
        ]
        schema = pa.schema(fields, metadata=dict(map(tuple, spec["metadata"])) or None)
        if not columns:
            # the only table without columns that keeps its rows is one whose columns were taken away
            table = pa.table({"a": pa.nulls(spec["rows"])}).replace_schema_metadata(schema.metadata).select([])
        else:
            table = pa.Table.from_arrays(columns, schema=schema)
        return _from_table(table, spec["kind"])

    def describe(self, value: Any) -> Description:
        """Schema, null counts and the first rows."""
        table, kind = _table(value)
        head = head_of([_head(column) for column in table.columns])
        shape = table.shape if kind in ("Table", "RecordBatch") else (table.num_rows,)
        text = f"pyarrow.{kind}, {table.num_rows:,} rows x {table.num_columns} columns"
        return Description(f"pyarrow.{kind}", table.num_rows, shape, columns_of(table), head, text)


def _head(column: Any) -> list[Any]:
    try:
        return list(column.slice(0, HEAD_ROWS).to_pylist())
    except Exception:  # a value that Python has no form for: a nanosecond instant, a year beyond 9999
        return [str(one) for one in column.slice(0, HEAD_ROWS)]


def _steady(key: bytes, text: bytes) -> bytes:
    if key != b"pandas":
        return text
    try:
        noted = json.loads(text)
    except ValueError:
        return text
    for name in _VOLATILE:
        noted.pop(name, None)
    return json.dumps(noted, sort_keys=True).encode()


def _table(value: Any) -> "tuple[pa.Table, str]":
    import pyarrow as pa

    if isinstance(value, pa.Table):
        return value, "Table"
    if isinstance(value, pa.RecordBatch):
        return pa.Table.from_batches([value]), "RecordBatch"
    if isinstance(value, pa.ChunkedArray):
        return pa.table({"values": value}), "ChunkedArray"
    return pa.table({"values": value}), "Array"


def _as_type(column: Any, kind: Any) -> Any:
    import pyarrow.compute as pc

    if column.type == kind:
        return column
    import pyarrow as pa

    if pa.types.is_run_end_encoded(kind):
        return pc.run_end_encode(column, run_end_type=kind.run_end_type)
    return column.cast(kind)


def _from_table(table: Any, kind: str) -> Any:
    import pyarrow as pa

    if kind == "Table":
        return table
    if kind == "RecordBatch":
        batches = table.combine_chunks().to_batches()
        return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)
    column = table.column(0)
    if kind == "ChunkedArray":
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
