"""Small things between codecs and the store: making roots, reading them verified, and files that libraries write to."""

import mmap
from collections.abc import Callable
from typing import Any, BinaryIO

from penstock.errors import Corrupt
from penstock.model.artifact import Description, Stored
from penstock.model.digest import digest_bytes
from penstock.ports import Blob, Reader, Sink

__all__ = ["Outlet", "blob_of", "private", "read", "stored", "write_all"]

_TINY = 1024
_PRIVATE_COPY = 1 << 20

_Buffer = Any  # bytes, bytearray, memoryview, mmap: whatever has the buffer protocol


def write_all(file: BinaryIO, data: _Buffer) -> None:
    """Write all of `data`, whatever the file makes of one call."""
    view = memoryview(data).cast("B")
    while view.nbytes:
        count = file.write(view)
        if count is None or count == view.nbytes:
            return
        view = view[count:]


def blob_of(sink: Sink, data: _Buffer) -> Blob:
    """A blob of these bytes; a very small one does not trouble the sink."""
    size = len(data) if isinstance(data, bytes) else memoryview(data).nbytes
    if size <= _TINY:
        held = bytes(data)
        return Blob(digest_bytes(held), size, held)
    return sink.blob(lambda file: write_all(file, data))


def stored(
    codec: str, blob: Blob, about: Description, *, digest: str = "", parts: tuple[str, ...] = (), extra: int = 0
) -> Stored:
    """A value whose root is `blob`; `digest` where the bytes are not canonical, `extra` bytes in `parts`."""
    return Stored(codec, digest or blob.digest, blob.digest, blob.size + extra, parts, blob.data, about)


def read(value: Stored, reader: Reader) -> memoryview:
    """The root bytes of a stored value, verified."""
    if value.data is None:
        return reader.data(value.blob)
    if digest_bytes(value.data) != value.blob:
        raise Corrupt(f"the bytes of a stored {value.about.type or value.codec} do not match their digest {value.blob}")
    return memoryview(value.data)


def private(value: Stored, reader: Reader) -> bytearray | mmap.mmap:
    """The root bytes as memory of this process: writable, and nothing that is written reaches the store.

    Small ones are copied; large ones are mapped privately, so that pages are copied only where they are written to.
    """
    if value.data is None and value.size >= _PRIVATE_COPY:
        try:
            with reader.path(value.blob).open("rb") as file:
                return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        except (OSError, ValueError):  # no file system, no mapping: a copy then
            pass
    return bytearray(read(value, reader))


class Outlet:
    """What pyarrow and others write to: a file they can't close."""

    def __init__(self, write: Callable[[Any], Any]) -> None:
        self._write = write
        self._size = 0
        self.closed = False

    def write(self, data: _Buffer) -> int:
        """Pass the bytes on."""
        size = memoryview(data).nbytes
        self._write(data)
        self._size += size
        return size

    def tell(self) -> int:
        """How many bytes were written."""
        return self._size

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """The file belongs to the store."""

    def writable(self) -> bool:
        """Yes."""
        return True

    def readable(self) -> bool:
        """No."""
        return False

    def seekable(self) -> bool:
        """No."""
        return False
