"""Stored values, loaded in this process."""

from pathlib import Path
from typing import Any

from penstock.errors import Corrupt
from penstock.model.artifact import Stored
from penstock.ports import Ledger, Store

__all__ = ["LedgerReader", "load_value"]


class LedgerReader:
    """A `Reader` of one value: its small bytes from the ledger, the others from the store."""

    def __init__(self, stored: Stored, ledger: Ledger, store: Store) -> None:
        self._stored, self._ledger, self._store = stored, ledger, store

    def data(self, digest: str) -> memoryview:
        """The bytes, verified. Raises `Corrupt`."""
        if digest == self._stored.blob and self._stored.data is not None:
            return memoryview(self._stored.data)
        if self._store.has(digest):
            return self._store.data(digest)
        kept = self._ledger.data(digest)
        if kept is None:
            raise Corrupt(f"the stored value {digest[:17]}… is gone")
        return memoryview(kept)

    def path(self, digest: str) -> Path:
        """A read-only file holding the bytes. Raises `Corrupt`."""
        return self._store.path(digest)


def load_value(stored: Stored, ledger: Ledger, store: Store) -> Any:
    """A stored value again. Raises `Corrupt` where its bytes are gone or damaged, `CodecError` where they can't be read."""
    from penstock.codecs.registry import Codecs

    return Codecs().decode(stored, LedgerReader(stored, ledger, store))
