"""Stored tables as Arrow, looked at without the library that they belong to: importing it may take longer than the look."""

from typing import TYPE_CHECKING, Any

from penstock.codecs import plain
from penstock.codecs.arrow import MAGIC, read_table
from penstock.codecs.bytesio import read
from penstock.model.artifact import Stored
from penstock.ports import Reader
from penstock.values.records import Records

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["glance"]

_FRAMES = ("polars", "pandas", "arrow")
_SIMPLE = frozenset({"numpy", "string", "object", "masked", "category", "zoned"})


def glance(stored: Stored, reader: Reader) -> Records | None:
    """The rows of a stored frame over its mapped file; None where only its codec can read it."""
    if stored.codec not in _FRAMES:
        return None
    data = read(stored, reader)
    if bytes(data[: len(MAGIC)]) != MAGIC:
        return None  # some column is no Arrow column
    table, packed = read_table(data)
    spec = plain.decode(packed)
    if stored.codec == "pandas":
        return _pandas(table, spec)
    if stored.codec == "arrow" and (spec["schema"] is not None or not table.num_columns):
        return None
    if stored.codec == "polars" and not spec["types"]:
        return None
    return _named(table, [str(name) for name in spec["names"]])


def _named(table: "pa.Table", names: list[str], **more: Any) -> Records | None:
    if len(set(names)) < len(names):
        return None
    at = {name: number for number, name in enumerate(names)}
    return Records(table.num_rows, names, lambda name: table.column(at[name]), **more)


def _pandas(table: "pa.Table", spec: dict[str, Any]) -> Records | None:
    index = spec["index"]
    labels = spec.get("labels")
    whole = spec["kind"] == "DataFrame"
    if index is None or not table.num_columns or any(one is None or one[0] not in _SIMPLE for one in spec["columns"]):
        return None
    name = spec.get("name")
    names = [str(name[0]) if name and name[0] is not None else "value"]
    if whole:
        if labels is None or labels[0] != "index" or not all(isinstance(one, str) for one in labels[2]):
            return None
        names = list(labels[2])
    if index[0] == "multi" or (index[0] == "range" and index[1][0] is not None):
        return None
    columns = [_instants(table.column(number), one) for number, one in enumerate(spec["columns"])]
    if index[0] == "range":
        found = dict(zip(names, columns, strict=False))
        if (index[2], index[4]) == (0, 1):
            return _records(table.num_rows, found, names, None, ordinal=True)
        return _records(table.num_rows, found, names, _range(*index[2:5]), ordinal=False)
    held = columns[index[2][0]].combine_chunks()
    found = dict(zip(names, columns, strict=False))
    label = str(index[1][0]) if index[1][0] is not None else ""
    if label and label not in found:
        found = {label: columns[index[2][0]], **found}
    return _records(table.num_rows, found, names, held, ordinal=False, levels=(label,))


def _range(start: int, stop: int, step: int) -> "pa.Array":
    import pyarrow as pa

    return pa.array(range(start, stop, step), pa.int64())


def _records(
    rows: int,
    found: dict[str, Any],
    names: list[str],
    index: Any,
    *,
    ordinal: bool,
    levels: tuple[str, ...] = ("",),
) -> Records | None:
    if len(set(names)) < len(names):
        return None
    return Records(rows, found, found.__getitem__, index, ordinal=ordinal, levels=levels)


def _instants(column: "pa.ChunkedArray", spec: list[Any]) -> "pa.ChunkedArray":
    """Instants of a zone, as pandas shows them."""
    if spec[0] != "zoned":
        return column
    import pyarrow as pa

    zone = getattr(spec[2].tzinfo, "key", None) or "UTC"
    return column.cast(pa.timestamp(spec[1], zone))
