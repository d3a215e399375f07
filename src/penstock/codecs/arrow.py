"""Tables as Arrow IPC files with canonical bytes: equal content, equal bytes.

Uncompressed, so that a mapped file *is* the table. What could make equal tables differ is taken out: the offsets of
slices, what lies under nulls and behind the last bit, the number and size of chunks, schema metadata. Columns that are
canonical as they stand (no nulls, one chunk) are written from where they lie, without a copy.
"""

import base64
from typing import TYPE_CHECKING, Any

from penstock.codecs.bytesio import Outlet, write_all
from penstock.errors import CodecError, Corrupt, MissingExtra, extra_hint
from penstock.ports import Blob, Sink

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MAGIC", "batch_rows", "canonical", "read_table", "require_pyarrow", "storable", "write_table"]

MAGIC = b"ARROW1"
_KEY = b"penstock"
_BATCH_BYTES = 1 << 31
_GUESSED_WIDTH = 32  # bytes of a value whose width the type does not tell


def require_pyarrow(what: str, extra: str = "frames") -> Any:
    """pyarrow, or an error that says what to install."""
    try:
        import numpy  # noqa: F401 - whether it is there
        import pyarrow as pa
        import pyarrow.compute
    except ImportError as error:
        raise MissingExtra(
            f"storing a {what} needs {error.name or 'pyarrow'}",
            hint=extra_hint(extra),
        ) from None
    return pa


def batch_rows(schema: "pa.Schema") -> int:
    """Rows of a record batch: a power of two so that a batch stays below 2 GiB, by the widths that the types tell."""
    width = 1
    for field in schema:
        try:
            width += max(1, field.type.bit_width // 8)
        except (ValueError, AttributeError):
            width += _GUESSED_WIDTH
    return max(1 << 16, 1 << ((_BATCH_BYTES // width).bit_length() - 1))


def storable(kind: "pa.DataType") -> "pa.DataType":
    """The type that a column is stored as: views, whose buffers are arbitrary, become offsets and data."""
    import pyarrow as pa

    types = pa.types
    if types.is_string_view(kind):
        return pa.large_string()
    if types.is_binary_view(kind):
        return pa.large_binary()
    if types.is_large_list(kind) or types.is_large_list_view(kind):
        return pa.large_list(_storable_field(kind.value_field))
    if types.is_list(kind) or types.is_list_view(kind):
        return pa.list_(_storable_field(kind.value_field))
    if types.is_fixed_size_list(kind):
        return pa.list_(_storable_field(kind.value_field), kind.list_size)
    if types.is_struct(kind):
        return pa.struct([_storable_field(kind.field(number)) for number in range(kind.num_fields)])
    if types.is_dictionary(kind):
        return pa.dictionary(kind.index_type, storable(kind.value_type), kind.ordered)
    if types.is_run_end_encoded(kind):
        return storable(kind.value_type)
    return kind


def _storable_field(field: "pa.Field") -> "pa.Field":
    return field.with_type(storable(field.type))


def _bits(valid: Any) -> "pa.Buffer":
    import numpy as np
    import pyarrow as pa

    return pa.py_buffer(np.packbits(valid, bitorder="little"))


def _validity(array: "pa.Array") -> "pa.Buffer":
    """The validity bitmap from its first bit on, with zeros behind its last."""
    import numpy as np
    import pyarrow as pa

    valid = array.is_valid()
    if valid.offset % 8:
        return _bits(_valid(array))
    size = (len(array) + 7) // 8
    held = np.frombuffer(valid.buffers()[1], np.uint8, size, valid.offset // 8).copy()
    if len(array) % 8:
        held[-1] &= (1 << len(array) % 8) - 1
    return pa.py_buffer(held)


def _valid(array: "pa.Array") -> Any:
    return array.is_valid().to_numpy(zero_copy_only=False)


def canonical(array: "pa.Array") -> "pa.Array":
    """An equal array without offset, its bytes a function of its values alone."""
    import pyarrow as pa

    kind, types = array.type, pa.types
    if isinstance(array, pa.ExtensionArray):
        return pa.ExtensionArray.from_storage(kind, canonical(array.storage))
    if types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(
            canonical(array.indices), canonical(array.dictionary), ordered=kind.ordered, safe=False
        )
    if len(array) == 0:  # the buffers of an empty slice may be of any size
        return pa.array([], type=kind)
    if types.is_boolean(kind):
        return _canonical_bool(array)
    if types.is_struct(kind):
        return _canonical_struct(array)
    if types.is_fixed_size_list(kind):
        return _canonical_fixed_list(array)
    if types.is_list(kind) or types.is_large_list(kind):
        return _canonical_list(array)
    if types.is_map(kind) or types.is_union(kind):
        return pa.array(array.to_pylist(), type=kind) if types.is_map(kind) else pa.concat_arrays([array])
    if types.is_null(kind):
        return array
    if types.is_string(kind) or types.is_large_string(kind) or types.is_binary(kind) or types.is_large_binary(kind):
        return _canonical_binary(array)
    return _canonical_fixed(array)


def _canonical_binary(array: "pa.Array") -> "pa.Array":
    import numpy as np
    import pyarrow as pa

    kind, types = array.type, pa.types
    is_text = types.is_string(kind) or types.is_large_string(kind)
    filled = array.fill_null(pa.scalar("" if is_text else b"", type=kind)) if array.null_count else array
    _, bounds, data = filled.buffers()
    width = 8 if types.is_large_string(kind) or types.is_large_binary(kind) else 4
    offsets = np.frombuffer(bounds, f"i{width}", len(array) + 1, filled.offset * width)
    first, last = int(offsets[0]), int(offsets[-1])
    held = pa.py_buffer(offsets - first) if first else bounds.slice(filled.offset * width, offsets.nbytes)
    exact = data.slice(first, last - first) if data is not None else pa.py_buffer(b"")
    validity = _validity(array) if array.null_count else None
    return pa.Array.from_buffers(kind, len(array), [validity, held, exact], array.null_count)


def _canonical_bool(array: "pa.Array") -> "pa.Array":
    import pyarrow as pa

    if array.null_count == 0 and array.offset == 0 and len(array) % 8 == 0:
        return array
    values = array.fill_null(False).to_numpy(zero_copy_only=False)
    validity = _validity(array) if array.null_count else None
    return pa.Array.from_buffers(array.type, len(array), [validity, _bits(values)], array.null_count)


def _canonical_fixed(array: "pa.Array") -> "pa.Array":
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    width = array.type.bit_width // 8
    data, start, size = array.buffers()[1], array.offset * width, len(array) * width
    if array.null_count == 0:
        held = data if start == 0 and size == data.size else data.slice(start, size)
        return pa.Array.from_buffers(array.type, len(array), [None, held], 0)
    if width in (1, 2, 4, 8):
        filled = pc.fill_null(array.view(f"int{8 * width}"), 0)
        held = filled.buffers()[1].slice(filled.offset * width, size)
    else:
        clean = np.frombuffer(data, np.uint8, size, start).reshape(len(array), width).copy()
        clean[~_valid(array)] = 0
        held = pa.py_buffer(clean)
    return pa.Array.from_buffers(array.type, len(array), [_validity(array), held], array.null_count)


def _emptied(child: "pa.Array", valid: Any) -> "pa.Array":
    """A child whose values are null wherever its parent is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.if_else(pa.array(valid), child, pa.scalar(None, type=child.type))


def _canonical_struct(array: "pa.Array") -> "pa.Array":
    import pyarrow as pa

    children = [array.field(number) for number in range(array.type.num_fields)]
    validity = None
    if array.null_count:
        valid = _valid(array)
        validity = _bits(valid)
        children = [_emptied(child, valid) for child in children]
    return pa.Array.from_buffers(
        array.type, len(array), [validity], array.null_count, children=[canonical(child) for child in children]
    )


def _canonical_fixed_list(array: "pa.Array") -> "pa.Array":
    import pyarrow as pa

    size = array.type.list_size
    child = array.values.slice(array.offset * size, len(array) * size)
    validity = None
    if array.null_count:
        valid = _valid(array)
        validity = _bits(valid)
        child = _emptied(child, valid.repeat(size)) if size else child
    return pa.Array.from_buffers(array.type, len(array), [validity], array.null_count, children=[canonical(child)])


def _canonical_list(array: "pa.Array") -> "pa.Array":
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = pc.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False)
    offsets = np.zeros(len(array) + 1, dtype="i8" if pa.types.is_large_list(array.type) else "i4")
    np.cumsum(lengths, out=offsets[1:])
    validity = _validity(array) if array.null_count else None
    values = canonical(array.flatten())  # leaves out what lies under nulls
    return pa.Array.from_buffers(
        array.type, len(array), [validity, pa.py_buffer(offsets)], array.null_count, children=[values]
    )


def _one(column: "pa.ChunkedArray") -> "pa.Array":
    import pyarrow as pa

    if column.num_chunks == 1:
        return column.chunk(0)
    if column.num_chunks == 0:
        return pa.array([], type=column.type)
    return pa.concat_arrays(column.chunks)


def _stored_column(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_run_end_encoded(column.type):
        column = pa.chunked_array([pc.run_end_decode(one) for one in column.chunks], type=column.type.value_type)
    wanted = storable(column.type)
    return column if wanted == column.type else column.cast(wanted)


def write_table(table: "pa.Table", spec: bytes, sink: Sink) -> Blob:
    """Write a table as an Arrow IPC file; `spec`, what its reader must know besides, goes into the schema's metadata.

    A table without columns loses its number of rows, which belongs into the `spec`.
    """
    import pyarrow as pa

    columns = [_stored_column(column) for column in table.columns]
    fields = [
        pa.field(field.name, column.type, field.nullable) for field, column in zip(table.schema, columns, strict=True)
    ]
    schema = pa.schema(fields, metadata={_KEY: base64.b64encode(spec)})
    whole = pa.Table.from_arrays(columns, schema=schema)
    if any(column.num_chunks > 1 and pa.types.is_dictionary(column.type) for column in columns):
        whole = whole.unify_dictionaries()
    step = batch_rows(schema)

    def write(file: Any) -> None:
        outlet = Outlet(lambda data: write_all(file, data))
        with pa.ipc.new_file(outlet, schema, options=pa.ipc.IpcWriteOptions(compression=None)) as writer:
            for start in range(0, max(1, table.num_rows), step):
                arrays = [canonical(_one(column.slice(start, step))) for column in whole.columns]
                writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))

    return sink.blob(write)


def read_table(data: Any) -> "tuple[pa.Table, bytes]":
    """The table in these bytes, which it refers to without a copy, and its `spec`."""
    pa = require_pyarrow("table")
    try:
        with pa.ipc.open_file(pa.py_buffer(data)) as file:
            table = file.read_all()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Corrupt(f"a stored table can't be read: {error}") from None
    metadata = table.schema.metadata or {}
    if _KEY not in metadata:
        raise CodecError("a stored table lacks the note of what it was", hint="It was not written by Penstock.")
    return table.replace_schema_metadata(None), base64.b64decode(metadata[_KEY])
