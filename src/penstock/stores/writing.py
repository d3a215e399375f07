"""A new blob while it is written: into a file of its own that nobody else can see, hashed on the way."""

import io
import os
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from blake3 import blake3

from penstock.errors import StoreError
from penstock.ports import Blob
from penstock.stores.disk import Disk, hash_file, hash_threads, store_error

__all__ = ["Finished", "Writer"]

_BUFFER = 256 * 1024  # small writes (pickle makes thousands) are gathered up to this many bytes
_LARGE = 1024 * 1024  # from here on the bytes are hashed by another thread while this one writes them


class Finished:
    """A blob whose bytes are all written and not durable yet: its file, still open, and its digest."""

    __slots__ = ("digest", "fd", "known", "path", "size", "synced")

    def __init__(self, path: Path, fd: int, digest: str, size: int) -> None:
        self.path = path
        self.fd = fd
        self.digest = digest
        self.size = size
        self.known = False  # a good blob of this digest was in the store already
        self.synced = False


class Writer(io.RawIOBase):
    """A binary file, for writing from its beginning to its end, that becomes a blob.

    Libraries may `close` it as they like: only `finish` decides, and what was not finished when the `with` block ends
    is removed. Large writes are not copied.
    """

    def __init__(self, disk: Disk, path: Path, folder: Path, done: Callable[[Finished], None]) -> None:
        self._disk = disk
        self._path = path
        self._folder = folder
        self._done = done
        self._hasher = blake3()
        self._buffer = bytearray()
        self._size = 0
        self._blob: Blob | None = None
        try:
            self._fd = disk.create(path)
        except OSError as error:
            raise store_error(error, "Making a blob", folder) from error

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any, /) -> int:
        """Append bytes (anything with the buffer protocol); how many. Raises `StoreError` where they can't be kept."""
        view = _flat(data)
        size = view.nbytes
        if self._blob is not None:
            raise StoreError(f"A finished blob can't be written to (store {self._folder})", hint="Make a new writer.")
        self._size += size
        if size < _BUFFER:
            self._buffer += view
            if len(self._buffer) >= _BUFFER:
                self._drain()
        else:
            self._drain()
            self._append(view)
        return size

    def flush(self) -> None:
        """Nothing to do; libraries call it."""

    def close(self) -> None:
        """Nothing to do; libraries call it."""

    def tell(self) -> int:
        """How many bytes were written."""
        return self._size

    def finish(self) -> Blob:
        """The blob of all that was written. It can be read in this run from now on, and is durable after `sync`."""
        if self._blob is None:
            self._drain()
            self._settle("blake3:" + self._hasher.hexdigest())
        assert self._blob is not None
        return self._blob

    def take(self, source: int, size: int) -> Blob:
        """Finish with the content of an open file of about `size` bytes. The digest is that of the copy, which stays
        true when the file changes meanwhile."""
        try:
            self._disk.copy(source, self._fd, size)
            self._size = os.fstat(self._fd).st_size
            digest = "blake3:" + hash_file(self._fd, self._size)
        except OSError as error:
            raise store_error(error, "Copying a file", self._folder) from error
        self._settle(digest)
        assert self._blob is not None
        return self._blob

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._blob is None and self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._disk.unlink(self._path)

    def _settle(self, digest: str) -> None:
        try:
            self._disk.seal(self._fd)
        except OSError as error:
            raise store_error(error, "Writing a blob", self._folder) from error
        fd, self._fd = self._fd, -1  # from here on it is the store's to close, once it is durable or has failed
        self._done(Finished(self._path, fd, digest, self._size))
        self._blob = Blob(digest, self._size)

    def _drain(self) -> None:
        if self._buffer:
            full, self._buffer = self._buffer, bytearray()
            self._append(memoryview(full))

    def _append(self, view: memoryview) -> None:
        if view.nbytes < _LARGE or not hash_threads():
            self._hasher.update(view)
            self._put(view)
            return
        hashing = threading.Thread(target=self._hasher.update, args=(view,), daemon=True)
        hashing.start()
        try:
            self._put(view)
        finally:
            hashing.join()  # the caller may reuse its buffer as soon as `write` returns

    def _put(self, view: memoryview) -> None:
        try:
            while view:
                view = view[self._disk.write(self._fd, view) :]
        except OSError as error:
            raise store_error(error, "Writing a blob", self._folder) from error


def _flat(data: Any) -> memoryview:
    """The bytes of anything with the buffer protocol, copied only where they do not lie in one row."""
    view = memoryview(data)
    if view.format == "B" and view.ndim == 1 and view.c_contiguous:
        return view
    try:
        return view.cast("B")
    except (TypeError, ValueError):  # strided, empty in some dimension, or of a format that cast does not know
        return memoryview(view.tobytes())
