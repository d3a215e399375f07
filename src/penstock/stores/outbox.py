"""The store of a place that may read all and write nothing: what it makes lies apart, until the runner takes it over."""

from pathlib import Path

from penstock.errors import Corrupt
from penstock.ports import Store
from penstock.stores.local import LocalStore

__all__ = ["Outbox", "empty"]


class Outbox(LocalStore):
    """Blobs are read from `below`, else from here; new ones are written here."""

    def __init__(self, folder: Path, below: LocalStore) -> None:
        super().__init__(folder)
        self._below = below

    def data(self, digest: str) -> memoryview:
        """The bytes, from wherever they are. Raises `Corrupt` where they are gone or do not match."""
        try:
            return super().data(digest)
        except Corrupt:
            return self._below.data(digest)

    def path(self, digest: str) -> Path:
        """A read-only file holding the bytes. Raises `Corrupt` like `data`."""
        try:
            return super().path(digest)
        except Corrupt:
            pass
        try:
            return self._below.path(digest)
        except Corrupt:
            raise
        except Exception:  # it is not durable yet, and a name of our own for it can't be made there
            with self.writer() as writer:
                writer.write(self._below.data(digest))
                writer.finish()
            self.sync()
            return super().path(digest)

    def has(self, digest: str) -> bool:
        """Whether a durable blob of this address is here or below."""
        return super().has(digest) or self._below.has(digest)


def empty(outbox: Store, into: Store) -> int:
    """Take over what lies in an outbox, hashed anew and made durable; how many blobs. Nothing of it is trusted: a blob gets
    the address that its bytes have."""
    taken = []
    for digest in outbox.digests():
        if not into.has(digest):
            into.adopt(outbox.path(digest))
        taken.append(digest)
    if taken:
        into.sync()
    for digest in taken:
        outbox.remove(digest)
    return len(taken)
