"""scipy.sparse matrices and arrays: their arrays as numpy arrays, in a canonical order where that keeps them equal.

Two sparse matrices with equal content may hold it in another order, or a cell's value in several pieces. What is stored
is what was given, with its index arrays made canonical (sorted, duplicates summed) for the types where a matrix stays
equal by that: csr, csc, coo, bsr. Explicit zeros are content and stay.
"""

from typing import Any

from penstock.codecs.bytesio import blob_of, read, stored
from penstock.codecs.tree import DecodeOne, EncodeOne, pack, unpack
from penstock.errors import Corrupt
from penstock.model.artifact import Description, Stored
from penstock.ports import Reader, Sink

__all__ = ["SparseCodec"]

_COMPRESSED = ("csr", "csc", "bsr")
_CLASSES = [
    f"{kind}_{form}" for kind in ("csr", "csc", "bsr", "coo", "dia", "lil", "dok") for form in ("matrix", "array")
]


class SparseCodec:
    """All formats of scipy.sparse."""

    name = "sparse"

    def __init__(self, encode_one: EncodeOne, decode_one: DecodeOne) -> None:
        self._encode_one = encode_one
        self._decode_one = decode_one

    def accepts(self, value: Any) -> bool:
        """scipy's own classes."""
        return type(value).__module__.startswith("scipy.sparse") and type(value).__name__ in _CLASSES

    def encode(self, value: Any, sink: Sink) -> Stored:
        """Each array as an `.npy` blob."""
        shape = [int(one) for one in value.shape]
        packed = pack([type(value).__name__, shape, _arrays(value)], sink, self._encode_one)
        blob = blob_of(sink, packed.root)
        return stored(
            self.name, blob, self.describe(value), digest=packed.digest, parts=packed.parts, extra=packed.outside
        )

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """The matrix over private memory."""
        name, shape, arrays = unpack(read(stored, reader), reader, self._decode_one)
        if name not in _CLASSES:
            raise Corrupt(f"a stored sparse matrix has the unknown class {name!r}")
        return _build(name, tuple(shape), arrays)

    def describe(self, value: Any) -> Description:
        """Format, type, shape and number of stored values."""
        kind = type(value).__name__
        shape = tuple(int(one) for one in value.shape)
        text = f"scipy.sparse.{kind} of {value.dtype}, shape {shape}, {value.nnz:,} stored values"
        details = {"dtype": str(value.dtype), "stored": int(value.nnz), "format": value.format}
        rows = shape[0] if len(shape) > 1 else None
        return Description(f"scipy.sparse.{kind}", rows, shape, text=text, details=details)


def _narrow(index: Any, value: Any) -> Any:
    """An index array as 32-bit integers where these suffice: its width is how the matrix came about, not content."""
    import numpy as np

    limit = max(int(value.nnz), *map(int, value.shape))
    return np.asarray(index, dtype=np.int32 if limit < 1 << 31 else np.int64)


def _compressed(value: Any) -> dict[str, Any]:
    return {"data": value.data, "indices": _narrow(value.indices, value), "indptr": _narrow(value.indptr, value)}


def _arrays(value: Any) -> dict[str, Any]:
    kind = value.format
    if kind in _COMPRESSED:
        if not value.has_canonical_format and not value.dtype.hasobject:
            value = value.copy()
            value.sum_duplicates()
        return _compressed(value)
    if kind == "coo":
        if not value.has_canonical_format:
            value = value.copy()
            value.sum_duplicates()
        return {"data": value.data, "coords": [_narrow(one, value) for one in value.coords]}
    if kind == "dia":
        return {"data": value.data, "offsets": value.offsets}
    if kind == "lil":
        rows = value.tocsr()
        rows.sum_duplicates()
        return _compressed(rows)
    cells = value.tocoo()
    cells.sum_duplicates()
    return {"data": cells.data, "coords": [_narrow(one, cells) for one in cells.coords]}


def _build(name: str, shape: tuple[int, ...], arrays: dict[str, Any]) -> Any:
    import scipy.sparse as sp

    make = getattr(sp, name)
    kind, form = name.split("_")
    if kind == "dia":
        return make((arrays["data"], arrays["offsets"]), shape=shape)
    if kind in ("coo", "dok"):
        cells = getattr(sp, f"coo_{form}")((arrays["data"], tuple(arrays["coords"])), shape=shape)
        cells.has_canonical_format = True
        return cells if kind == "coo" else cells.todok()
    source = getattr(sp, f"csr_{form}") if kind == "lil" else make
    made = source((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape, copy=False)
    return made.tolil() if kind == "lil" else made
