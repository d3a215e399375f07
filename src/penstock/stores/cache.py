"""Copies of blobs that lie elsewhere, in a folder of this machine: for all its processes, within a limit of bytes.

What is removed to make room stays readable for whoever has it open or mapped: only its name goes.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from penstock.errors import Corrupt
from penstock.model.digest import PREFIX
from penstock.stores.disk import Disk, hash_file, store_error
from penstock.stores.local import LocalStore
from penstock.stores.writing import Finished

__all__ = ["Cache"]

_LEAVE = 0.9  # of the limit, so that not every blob makes others go
_LEFT = 3600.0  # seconds after which what a dead process left is removed
_LOOK = 16  # how often, at least, the folder is measured anew while as many bytes as the limit are added


class _Copies(Disk):
    """A cache that a power cut damages is read anew: nothing in it need be durable."""

    def fsync_folder(self, path: Path) -> None:
        """Nothing."""


class Cache(LocalStore):
    """A local store whose blobs are durable once `send` has brought them to where they belong.

    Blobs that are not sent yet lie in `pending` and never go; of the others, the one that was used longest ago goes first.
    `limit` is in bytes; a blob above it is kept until the next one comes.
    """

    def __init__(self, folder: Path, limit: int, send: Callable[[Finished], None]) -> None:
        super().__init__(folder, disk=_Copies())
        self._limit = limit
        self._send = send
        self._added = -1  # bytes since the folder was measured; below 0: never
        self._there = 0  # bytes when it was

    def data(self, digest: str) -> memoryview:
        """The bytes of a copy, mapped. Raises `Corrupt` where there is none, or it is damaged."""
        found = super().data(digest)
        self._used(digest)
        return found

    def path(self, digest: str) -> Path:
        """A file with the bytes, which stays until this object is closed. Raises `Corrupt` like `data`."""
        for _ in range(8):
            found = super().path(digest)
            if found.parent == self._tmp:
                return found
            self._used(digest)
            with contextlib.suppress(Corrupt):
                return self._lent(digest, found)  # it may have gone just now
        raise Corrupt(f"The copy of {digest} in {self.folder} goes faster than it can be read")

    def receive(self, digest: str, fill: Callable[[int], int], *, keep: bool = True) -> tuple[int, str]:
        """Let `fill` write a blob's bytes to an open, empty file, and take them in if they match (and `keep` is said).
        How many bytes came, and the digest that they have."""
        self._make_folders()
        path = self._tmp / self._name()
        fd = -1
        try:
            fd = self._disk.create(path)
            size = fill(fd)
            found = PREFIX + hash_file(fd, size)
            if found == digest and keep:
                self._room(size)
                self._disk.seal(fd)
                final = self._final(digest)
                self._disk.mkdir(final.parent)
                self._disk.rename(path, final)
                self._vouch(digest, fd)
        except OSError as error:
            raise store_error(error, "Reading a blob", self.folder) from error
        finally:
            if fd >= 0:
                os.close(fd)
            self._disk.unlink(path)
        return size, found

    def drop(self, digest: str) -> None:
        """Forget a copy."""
        with contextlib.suppress(OSError):
            self._disk.unlink(self._final(digest))

    def aside(self, digest: str, fill: Callable[[int], int]) -> None:
        """Keep bytes that did not match their digest where people can look at them."""
        self._disk.mkdir(self._quarantine)
        path = self._quarantine / f"{digest.removeprefix(PREFIX)}.{self._name()}"
        fd = self._disk.create(path)
        try:
            fill(fd)
        finally:
            os.close(fd)

    def sync(self) -> None:
        """Bring what this object finished to where it belongs."""
        super().sync()
        self._room(0)

    def bytes(self) -> int:
        """All that the copies take."""
        return sum([size for _, size, _ in self._copies()])

    # LocalStore asks these

    def _placed(self, _: Finished) -> bool:
        return False  # a copy here says nothing of what is there

    def _secure(self, blob: Finished) -> None:
        self._send(blob)
        if self._added >= 0:
            self._added += blob.size

    # room

    def _used(self, digest: str) -> None:
        with contextlib.suppress(OSError):
            final = self._final(digest)
            os.utime(final, ns=(time.time_ns(), final.stat().st_mtime_ns))  # what was verified stays so

    def _room(self, wanted: int) -> None:
        """Let copies go until there is room for `wanted` bytes more. Where another process does so, that is enough."""
        if self._added >= 0:
            self._added += wanted
            if self._there + self._added <= self._limit and self._added * _LOOK <= self._limit:
                return
        if not self.folder.is_dir():
            return
        with _alone(self.folder / "lock") as alone:
            copies = sorted(self._copies())
            total = sum([size for _, size, _ in copies])
            most = self._limit - wanted
            if alone:
                self.clean(_LEFT)  # names that processes which died had been given
            if alone and total > most:
                for _, size, path in copies:
                    if total <= most * _LEAVE:
                        break
                    self._disk.unlink(path)
                    total -= size
        self._there, self._added = total, wanted

    def _copies(self) -> Iterator[tuple[int, int, Path]]:
        for shard in self._blobs.iterdir() if self._blobs.is_dir() else ():
            for path in shard.iterdir():
                with contextlib.suppress(OSError):
                    found = path.lstat()
                    yield found.st_atime_ns, found.st_size, path


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[bool]:
    """Whether no other process removes copies now."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(fd)
