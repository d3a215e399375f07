"""The store in object storage: S3 and what speaks like it, Google Cloud Storage, Azure.

    blobs/ab/<hex>    durable blobs
    seen/<hex>        empty: a writer found that this blob was there already (see `collect`)
    trash/<hex>       a blob on its way out (see `collect`)

What is written goes to a file of a local cache first, hashed on the way, and is sent by `sync`; what is read comes
through the same cache, and its length and digest are checked when it arrives. An object is whole or not there, so a
process that is killed leaves nothing half-written (of a large one, perhaps parts that the bucket's own rules remove).
"""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from penstock.errors import Corrupt, StoreError
from penstock.model.digest import PREFIX, is_digest, short
from penstock.ports import Blob
from penstock.stores.cache import Cache
from penstock.stores.objects import PART, Absent, Found, Objects
from penstock.stores.writing import Finished, Writer

__all__ = ["RemoteStore"]

_TRIES = 6  # downloads of a blob that does not match its digest, before the line is blamed
_MANY = 32  # blobs asked for one by one, before all are listed
_FRESH = 30.0  # seconds for which a listing answers
_GRAIN = 1.0  # seconds: how finely servers tell when an object was written
_RESET = 600.0  # seconds after which the server's clock is looked at again
_MOVABLE = 5 * 1024**3  # bytes: larger objects can't be copied by one request


class RemoteStore:
    """Content-addressed blobs below an address such as `s3://bucket/prefix`, for many machines at once.

    `cache` is a folder of this machine for copies, which processes may share, and `limit` the bytes that they may take.
    `objects` are those below `place`, if they are given. Raises `SettingsError` for an address that can't be one.
    """

    def __init__(self, place: str, cache: Path, limit: int = 20_000_000_000, *, objects: Objects | None = None) -> None:
        self.location = place.rstrip("/")
        self._objects = objects or Objects(place)
        self._cache = Cache(cache.absolute(), limit, self._send)
        self._listed: dict[str, int] = {}  # sizes of blobs that were there
        self._listed_at = -_FRESH
        self._asked = 0
        self._lock = threading.Lock()
        self._clock: tuple[float, float] | None = None  # the server's, and ours (monotonic) at the same moment

    # writing

    def writer(self) -> Writer:
        """A binary file to write a new blob to, in a `with` block. Left without `finish`, nothing remains of it."""
        return self._cache.writer()

    def adopt(self, path: Path) -> Blob:
        """Make a blob of a file's content (by reflink or copy). Durable after `sync()`."""
        return self._cache.adopt(path)

    def sync(self) -> None:
        """Send every blob that this object finished. Raises `StoreError` if that can't be said of one."""
        self._cache.sync()

    def trust(self, digest: str) -> None:
        """Read this blob's copy without hashing it: it was written in this very run."""
        self._cache.trust(digest)

    def _send(self, blob: Finished) -> None:
        """Bring a finished file to the store, or see that its bytes are there already and say so."""
        key = _key(blob.digest)
        if blob.size <= PART:
            data = os.pread(blob.fd, blob.size, 0) if blob.size else b""
            if len(data) != blob.size:
                raise StoreError(f"The file of {short(blob.digest)} was cut while it was sent", hint="Run again.")
            if self._objects.create(key, data):
                return
            there = self._seen(blob)
            if not there:
                self._objects.put(key, data)
        elif not self._seen(blob):
            self._objects.send(key, blob.path)

    def _seen(self, blob: Finished) -> bool:
        """Whether the blob is there with the right length. First it is marked: a collector that is just removing it
        looks at the mark afterwards, and puts it back."""
        try:
            if self._objects.head(_key(blob.digest)).size != blob.size:
                return False
            self._objects.put(_mark(blob.digest), b"")
            return self._objects.head(_key(blob.digest)).size == blob.size
        except Absent:
            return False

    # reading

    def data(self, digest: str) -> memoryview:
        """The bytes, memory-mapped from a copy. Raises `Corrupt` where they are gone or do not match (these are put
        aside), and `StoreError` where the store can't be asked."""
        for _ in range(_TRIES):
            try:
                return self._cache.data(digest)
            except Corrupt:
                self._fetch(digest)  # which may be gone again before it is read, where the cache is small
        return self._cache.data(digest)

    def path(self, digest: str) -> Path:
        """A read-only file with a copy of the bytes, which stays as long as this object. Raises like `data`."""
        for _ in range(_TRIES):
            try:
                return self._cache.path(digest)
            except Corrupt:
                self._fetch(digest)
        return self._cache.path(digest)

    def has(self, digest: str) -> bool:
        """Whether a blob of this address is there (not whether it is intact). Who asks for many is answered from one
        listing for a while."""
        key = _key(digest)
        with self._lock:
            self._asked += 1
            if digest in self._listed and time.monotonic() - self._listed_at < _FRESH:
                return True
            many = self._asked > _MANY and time.monotonic() - self._listed_at >= _FRESH
        if many:
            for _ in self.digests():
                pass
            if digest in self._listed:
                return True
        try:
            self._objects.head(key)
        except Absent:
            return self._recovered(digest)
        return True

    def verify(self, digest: str) -> bool:
        """Whether the bytes match, fetched and hashed anew; a blob that does not is put aside. False if it is gone."""
        self._cache.drop(digest)
        try:
            self._fetch(digest)
        except Corrupt:
            return False
        return True

    def inspect(self, digest: str) -> Literal["good", "damaged", "gone"]:
        """Whether the bytes match, fetched and hashed anew; nothing is moved. Raises `StoreError` where they can't be
        read."""
        found = self._download(digest, keep=False)
        return "gone" if found is None else "good" if found == digest else "damaged"

    def _fetch(self, digest: str) -> None:
        found = self._download(digest, keep=True)
        if found is None:
            raise Corrupt(f"The blob {short(digest)} is gone from the store {self.location}")
        if found != digest:
            self._put_aside(digest)
            raise Corrupt(
                f"The stored blob {short(digest)} does not match its digest; it was taken out of {self.location} and "
                f"moved to {self._cache.folder / 'quarantine'}"
            )

    def _download(self, digest: str, *, keep: bool) -> str | None:
        """Fetch a blob into the cache: the digest that it has, None if there is none. It is damaged where the same
        wrong bytes come twice, as many as the server says; else the line is to blame, and asked again."""
        key, before = _key(digest), ("", -1)
        seen: list[Found] = []

        def fill(file: int) -> int:
            seen.append(self._objects.get(key, file))
            return seen[-1].size

        for _ in range(_TRIES):
            try:
                size, found = self._cache.receive(digest, fill, keep=keep)
                if found == digest:
                    return found
                if (found, size) == before and self._objects.head(key).size == size:
                    return found
            except Absent:
                if not self._recovered(digest):
                    return None
                continue
            before = (found, size)
        raise StoreError(
            f"The blob {short(digest)} arrives from {self.location} with other bytes each time",
            hint="Something between here and the service alters what passes: look at proxies and at the network.",
        )

    def _put_aside(self, digest: str) -> None:
        """Take a damaged blob out of the store, keeping its bytes here; unless another took its place meanwhile."""
        key = _key(digest)
        kept: list[Found] = []

        def fill(file: int) -> int:
            kept.append(self._objects.get(key, file))
            return kept[-1].size

        try:
            self._cache.aside(digest, fill)
            if self._objects.head(key).tag == kept[-1].tag:
                self._objects.delete(key)
                self._forget(digest)
        except (Absent, OSError):
            pass

    def _recovered(self, digest: str) -> bool:
        """Put a blob back that a collector was about to remove when it died, or is removing: somebody wants it."""
        try:
            self._objects.move(_trash(digest), _key(digest))
        except Absent:
            return False
        return True

    # keeping house

    def digests(self) -> Iterator[str]:
        """All durable blobs, in order."""
        found = {}
        for one in self._objects.list("blobs/"):
            name = one.key.rpartition("/")[2]
            if is_digest(PREFIX + name) and one.key == _key(PREFIX + name):
                found[PREFIX + name] = one.size
        with self._lock:
            self._listed, self._listed_at, self._asked = found, time.monotonic(), 0
        yield from sorted(found)

    def size(self, digest: str) -> int:
        """The bytes that a blob takes; 0 if it is not there."""
        key = _key(digest)
        with self._lock:
            if digest in self._listed and time.monotonic() - self._listed_at < _FRESH:
                return self._listed[digest]
        try:
            return self._objects.head(key).size
        except Absent:
            return 0

    def age(self, digest: str) -> float:
        """Seconds since a blob was written, or last found by a writer of the same bytes, by the server's clock and up
        to a second less; 0.0 if it is not there."""
        try:
            written = self._objects.head(_key(digest)).written
        except Absent:
            return 0.0
        return self._old(max(written, self._marked(digest)))

    def remove(self, digest: str) -> int:
        """Delete a blob; the bytes that this freed (0 if it was not there)."""
        try:
            found = self._objects.head(_key(digest))
        except Absent:
            return 0
        self._objects.delete(_key(digest))
        self._objects.delete(_mark(digest))
        self._forget(digest)
        return found.size

    def collect(self, digest: str, younger: float) -> int:
        """Delete a blob, unless its `age` is below `younger` seconds; the bytes freed.

        It is moved away first, and back if a writer has marked it meanwhile. (Above 5 GiB it is deleted at once.)"""
        try:
            found = self._objects.head(_key(digest))
            before = self._marked(digest)
            if self._old(max(found.written, before)) < younger:
                return 0
            if found.size >= _MOVABLE:
                return self.remove(digest)
            self._objects.move(_key(digest), _trash(digest))
        except Absent:
            return 0
        self._forget(digest)
        if self._marked(digest) > before:
            self._recovered(digest)
            return 0
        self._objects.delete(_trash(digest))
        if before:
            self._objects.delete(_mark(digest))
        return found.size

    def leftovers(self, older: float) -> list[tuple[Path, int]]:
        """What dead processes left more than `older` seconds ago: files of this machine's cache, and blobs that a
        collector moved away and did not come to delete."""
        left = self._cache.leftovers(older)
        left += [(Path(one.key), one.size) for one in self._objects.list("trash/") if self._old(one.written) >= older]
        return left

    def clean(self, older_than: float = 3600.0) -> int:
        """Remove these leftovers, and marks that long; the bytes freed."""
        freed = self._cache.clean(older_than)
        for one in list(self._objects.list("trash/")):
            digest = PREFIX + one.key.rpartition("/")[2]
            if self._old(one.written) < older_than or not is_digest(digest):
                continue
            if self._marked(digest) and not self.has(digest):
                self._recovered(digest)
            else:
                self._objects.delete(one.key)
                freed += one.size
        for one in list(self._objects.list("seen/")):
            if self._old(one.written) >= older_than:
                self._objects.delete(one.key)
        return freed

    def quarantined(self) -> list[Path]:
        """The files on this machine that were put aside because they did not match their digest."""
        return self._cache.quarantined()

    def close(self) -> None:
        """Remove what this object finished and never sent, and the names that it gave out."""
        self._cache.close()

    def _marked(self, digest: str) -> float:
        """When a writer last found this blob; 0.0 for never."""
        try:
            return self._objects.head(_mark(digest)).written
        except Absent:
            return 0.0

    def _old(self, written: float) -> float:
        """The age of something by the server's clock: clocks of machines differ, and leases of bytes must not."""
        return max(0.0, self._now() - written - _GRAIN)

    def skew(self) -> float:
        """By how many seconds the server's clock is ahead of this machine's, to a second or so."""
        return self._now() - time.time()

    def _now(self) -> float:
        if self._clock is None or time.monotonic() - self._clock[1] > _RESET:
            key = f"clock/{os.urandom(8).hex()}"
            begun = time.monotonic()
            self._objects.put(key, b"")
            self._clock = self._objects.head(key).written, begun
            self._objects.delete(key)
        return self._clock[0] + time.monotonic() - self._clock[1]

    def _forget(self, digest: str) -> None:
        self._cache.drop(digest)
        with self._lock, contextlib.suppress(KeyError):
            del self._listed[digest]


def _key(digest: str) -> str:
    name = _name(digest)
    return f"blobs/{name[:2]}/{name}"


def _mark(digest: str) -> str:
    return f"seen/{_name(digest)}"


def _trash(digest: str) -> str:
    return f"trash/{_name(digest)}"


def _name(digest: str) -> str:
    if not is_digest(digest):
        raise StoreError(f"{digest!r} is not a digest", hint="A digest is `blake3:` and 64 hexadecimal digits.")
    return digest[len(PREFIX) :]
