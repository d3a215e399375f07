"""Where codecs put bytes: few of them travel with the value, many go to the store."""

import io
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, cast

from penstock.model.digest import digest_bytes
from penstock.ports import Blob, Store

__all__ = ["SMALL", "StoreSink"]

SMALL = 32 * 1024
"""Bytes up to which a value is kept in the ledger: below this a row is cheaper than a file with its fsync."""


class StoreSink:
    """A `Sink` over a store. `stored` counts the bytes that went to the store, and so need its `sync`."""

    def __init__(self, store: Store, small: int = SMALL) -> None:
        self.stored = 0
        self._store = store
        self._small = small

    def blob(self, write: Callable[[BinaryIO], object]) -> Blob:
        """Make one blob of what `write` writes. Raises what `write` raises, and then nothing remains of the blob."""
        with _Spilling(self._store, self._small) as file:
            write(cast("BinaryIO", file))
            made = file.finish()
        return self._count(made)

    def file(self, path: Path) -> Blob:
        """Make one blob of a file's content."""
        if path.stat().st_size <= self._small:
            data = path.read_bytes()
            if len(data) <= self._small:
                return Blob(digest_bytes(data), len(data), data)
        return self._count(self._store.adopt(path))

    def _count(self, made: Blob) -> Blob:
        if made.data is None:
            self.stored += made.size
        return made


class _Spilling(io.RawIOBase):
    """A file that stays in memory while it is small, and becomes a new blob of the store when it grows."""

    def __init__(self, store: Store, small: int) -> None:
        super().__init__()
        self._store = store
        self._small = small
        self._kept = bytearray()
        self._entered: Any = None
        self._writer: Any = None

    def write(self, data: Any, /) -> int:
        if self._writer is not None:
            return int(self._writer.write(data))
        view = memoryview(data)
        if len(self._kept) + view.nbytes <= self._small:
            self._kept += view.cast("B") if view.contiguous else view.tobytes()
            return view.nbytes
        self._entered = self._store.writer()
        self._writer = self._entered.__enter__()
        if self._kept:
            self._writer.write(self._kept)
            self._kept = bytearray()
        return int(self._writer.write(data))

    def tell(self) -> int:
        return len(self._kept) if self._writer is None else int(self._writer.tell())

    def writable(self) -> bool:
        return True

    def finish(self) -> Blob:
        if self._writer is not None:
            made: Blob = self._writer.finish()
            return made
        data = bytes(self._kept)
        return Blob(digest_bytes(data), len(data), data)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        entered, self._entered = self._entered, None
        if entered is not None:
            entered.__exit__(kind, error, trace)
        self.close()
