"""numpy arrays as `.npy` files, mapped when they are read; random generators by their state.

An array that is read back is private memory: it may be written to, and nothing of that reaches the store.
"""

import io
import sys
from typing import Any

from msgspec.structs import replace

from penstock.codecs.bytesio import blob_of, private, read, stored, write_all
from penstock.codecs.describe import HEAD_ROWS, json_safe, short_text
from penstock.codecs.tree import DecodeOne, EncodeOne, pack, unpack
from penstock.errors import Corrupt
from penstock.model.artifact import Column, Description, Stored
from penstock.ports import Reader, Sink

__all__ = ["ArrayCodec", "GeneratorCodec"]

_MAGIC = b"\x93NUMPY"
_SHOWN_COLUMNS = 50
_LONG_DOUBLES = ("float128", "complex256", "float96", "complex192", "longdouble", "clongdouble")


class ArrayCodec:
    """numpy arrays of every type that numpy itself can write, and of objects, value by value."""

    name = "numpy"

    def __init__(self, encode_one: EncodeOne, decode_one: DecodeOne) -> None:
        self._encode_one = encode_one
        self._decode_one = decode_one

    def accepts(self, value: Any) -> bool:
        """Arrays and memory maps; what subclasses them means more, and is left to others."""
        np = sys.modules.get("numpy")
        if np is None or type(value) not in (np.ndarray, np.memmap):
            return False
        dtype = value.dtype
        return dtype.kind == "O" or (not dtype.hasobject and dtype.name not in _LONG_DOUBLES and _has_header(dtype))

    def encode(self, value: Any, sink: Sink) -> Stored:
        """Write the array's memory from where it lies, in its own order (C or Fortran)."""
        about = self.describe(value)
        if value.dtype.kind == "O":
            packed = pack([list(value.shape), value.ravel().tolist()], sink, self._encode_one)
            pickled = any(one.about.pickled for one in packed.leaves)
            about = replace(about, pickled=pickled)
            blob = blob_of(sink, packed.root)
            return stored("numpy", blob, about, digest=packed.digest, parts=packed.parts, extra=packed.outside)
        head, memory = _npy(value)
        if len(head) + memory.nbytes <= 1024:
            return stored("numpy", blob_of(sink, head + memory.tobytes()), about)

        def write(file: Any) -> None:
            write_all(file, head)
            write_all(file, memory)

        return stored("numpy", sink.blob(write), about)

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """The array over private memory."""
        import numpy as np

        data = private(stored, reader)
        if data[:6] != _MAGIC:
            held = unpack(data, reader, self._decode_one)
            array = np.empty(len(held[1]), dtype=object)
            for number, one in enumerate(held[1]):
                array[number] = one
            return array.reshape(held[0])
        file = io.BytesIO(data[: 1 << 16])
        try:
            version = np.lib.format.read_magic(file)
            header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, fortran, dtype = header(file)
            if dtype.hasobject:
                raise Corrupt("a stored array has an object type")
            return np.ndarray(shape, dtype, buffer=data, offset=file.tell(), order="F" if fortran else "C")
        except (ValueError, TypeError) as error:
            raise Corrupt(f"a stored array can't be read: {error}") from None

    def describe(self, value: Any) -> Description:
        """Type, shape and the first rows."""
        head: tuple[tuple[Any, ...], ...] = ()
        names = value.dtype.names
        if value.ndim == 1 and names is None:
            head = tuple((json_safe(one),) for one in value[:HEAD_ROWS].tolist())
        elif value.ndim == 2 and names is None:
            head = tuple(tuple(map(json_safe, row)) for row in value[:HEAD_ROWS, :_SHOWN_COLUMNS].tolist())
        elif value.ndim == 1:
            head = tuple(tuple(map(json_safe, row)) for row in value[:HEAD_ROWS].tolist())
        columns = tuple(Column(name, str(value.dtype[name])) for name in names or ())
        text = f"array of {value.dtype}, shape {value.shape}" if value.ndim else short_text(value[()])
        rows = value.shape[0] if value.ndim else None
        return Description("numpy.ndarray", rows, value.shape, columns, head, text, {"dtype": str(value.dtype)})


def _has_header(dtype: Any) -> bool:
    """Whether the older `.npy` headers, which every reader knows, can spell the type's field names."""
    try:
        repr(dtype.descr if dtype.names else "").encode("latin-1")
    except (UnicodeEncodeError, ValueError):
        return False
    return True


def _padded(dtype: Any) -> bool:
    """Whether a record has room between its fields, where anything may lie."""
    if dtype.subdtype is not None:
        return _padded(dtype.subdtype[0])
    if dtype.fields is None:
        return False
    inner = [dtype.fields[name][0] for name in dtype.names]
    return sum(one.itemsize for one in inner) != dtype.itemsize or any(map(_padded, inner))


def _without_padding(array: Any) -> Any:
    import numpy as np

    clean = np.zeros(array.shape, array.dtype)
    for name in array.dtype.names:
        clean[name] = _without_padding(array[name]) if _padded(array.dtype[name]) else array[name]
    return clean


def _npy(value: Any) -> tuple[bytes, memoryview]:
    """The header of a `.npy` file, and the memory that follows it."""
    import numpy as np

    array = np.asarray(value)
    if _padded(array.dtype) and array.dtype.subdtype is None:
        array = _without_padding(array)
    fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    array = array.T if fortran else np.ascontiguousarray(array).reshape(array.shape)
    file = io.BytesIO()
    header = {
        "descr": np.lib.format.dtype_to_descr(array.dtype),
        "fortran_order": bool(fortran),
        "shape": value.shape,
    }
    try:
        np.lib.format.write_array_header_1_0(file, header)
    except ValueError:  # a long list of fields
        file = io.BytesIO()
        np.lib.format.write_array_header_2_0(file, header)
    flat = array.reshape(-1)
    return file.getvalue(), memoryview(flat.view(np.uint8).data) if flat.nbytes else memoryview(b"")


class GeneratorCodec:
    """numpy's random generators, by their state as plain values."""

    name = "numpy-random"

    def __init__(self, encode_one: EncodeOne, decode_one: DecodeOne) -> None:
        self._encode_one = encode_one
        self._decode_one = decode_one

    def accepts(self, value: Any) -> bool:
        """Generator over one of numpy's own bit generators, and RandomState."""
        random = sys.modules.get("numpy.random")
        if random is None:
            return False
        if type(value) is random.Generator:
            return type(value.bit_generator).__module__.partition(".")[0] == "numpy"
        return type(value) is random.RandomState and value.get_state(legacy=False)["bit_generator"] == "MT19937"

    def encode(self, value: Any, sink: Sink) -> Stored:
        """The state's numbers; the seed sequence, from which `spawn` draws, for generators."""
        import numpy as np

        kind = type(value).__name__
        bits = value.bit_generator if kind == "Generator" else None
        state = bits.state if bits is not None else value.get_state(legacy=False)
        sequence = bits.seed_seq if bits is not None else None
        spawn: Any = None
        if type(sequence) is np.random.SeedSequence:
            spawn = {**sequence.state}
        packed = pack([kind, state, spawn], sink, self._encode_one)
        blob = blob_of(sink, packed.root)
        return stored(
            self.name, blob, self.describe(value), digest=packed.digest, parts=packed.parts, extra=packed.outside
        )

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """A generator that draws the same numbers."""
        import numpy as np

        kind, state, spawn = unpack(read(stored, reader), reader, self._decode_one)
        if kind == "RandomState":
            old = np.random.RandomState()
            old.set_state(state)
            return old
        make = getattr(np.random, state["bit_generator"])
        bits = make(np.random.SeedSequence(**spawn)) if spawn is not None else make()
        bits.state = state
        return np.random.Generator(bits)

    def describe(self, value: Any) -> Description:
        """Its kind."""
        return Description(f"numpy.random.{type(value).__name__}", text=str(value)[:200])
