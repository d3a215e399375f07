"""The store in a local folder.

    blobs/ab/<hex>    durable blobs: whoever finds one here may rely on its bytes having been fsynced
    tmp/              files being written, and private names of readers
    pending/<hex>     finished and not durable yet: for readers of this run, while the fsync is under way
    quarantine/       blobs that did not match their digest

A blob comes to its final name by: write `tmp` (hashing) → fsync the file → rename → fsync the folder. See
docs/explanation/storage.md for what each step is worth.
"""

import contextlib
import errno
import fcntl
import mmap
import os
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from penstock.errors import Corrupt, StoreError
from penstock.model.digest import PREFIX, is_digest, short
from penstock.ports import Blob
from penstock.stores.disk import Disk, Names, hash_file, locked, owner_alive, store_error
from penstock.stores.writing import Finished, Writer

__all__ = ["LocalStore"]

_OPEN_MOST = 64  # finished blobs are kept open until `sync`; more than this are made durable on the way
_THREADS = 8  # fsyncs at once: the file system commits many of them together

_Identity = tuple[int, int, int, int]  # device, inode, size, mtime in ns

_verified: dict[str, _Identity] = {}  # what this process has hashed and found good, whatever store object asked
_names = Names()


class LocalStore:
    """Content-addressed blobs in a folder, which several processes may use at once.

    `recheck` makes a writer hash a blob that is there already, and replace it if it is damaged (its size is compared
    in any case). `disk` makes the system calls. Folders are made when the first blob is written, for this user only.
    """

    def __init__(self, folder: Path | str, *, recheck: bool = False, disk: Disk | None = None) -> None:
        self.folder = Path(folder).absolute()
        self.location = str(self.folder)
        self._blobs = self.folder / "blobs"
        self._tmp = self.folder / "tmp"
        self._pending = self.folder / "pending"
        self._quarantine = self.folder / "quarantine"
        self._recheck = recheck
        self._disk = disk or Disk()
        self._lock = threading.Lock()
        self._finished: list[Finished] = []
        self._known: set[str] = set()  # shards whose own entry in blobs/ is durable, as far as this process knows
        self._trusted: set[str] = set()
        self._private: dict[str, Path] = {}
        self._ready = False
        self._pid = os.getpid()

    # writing

    def writer(self) -> Writer:
        """A binary file to write a new blob to, in a `with` block. Left without `finish`, nothing remains of it."""
        self._own()
        self._make_folders()
        return Writer(self._disk, self._tmp / _names.next(), self.folder, self._finish)

    def adopt(self, path: Path) -> Blob:
        """Make a blob of a file's content (by reflink or copy; never a link to the user's file). Durable after
        `sync()`. Raises `StoreError` if it is no regular file or can't be read."""
        try:
            source = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise StoreError(f"{path} can't be read: {error.strerror}", hint="Check that the file exists.") from error
        try:
            found = os.fstat(source)
            if not stat.S_ISREG(found.st_mode):
                raise StoreError(f"{path} is not a regular file", hint="Only files' contents can be stored as blobs.")
            with self.writer() as writer:
                return writer.take(source, found.st_size)
        finally:
            os.close(source)

    def sync(self) -> None:
        """Make every blob that this object finished durable. Raises `StoreError` if that can't be said of one: its
        file is then removed, and must be written again."""
        self._own()
        with self._lock:
            batch, self._finished = self._finished, []
        self._settle(batch)

    def trust(self, digest: str) -> None:
        """Read this blob without hashing it: it was written in this very run."""
        self._trusted.add(digest)

    def _finish(self, blob: Finished) -> None:
        final = self._final(blob.digest)
        try:
            blob.known = self._good(final, blob)
            if not blob.known:
                self._publish(blob)
        except OSError as error:
            self._drop(blob)
            raise store_error(error, "Finishing a blob", self.folder) from error
        with self._lock:
            self._finished.append(blob)
            if len(self._finished) < _OPEN_MOST:
                return
            batch, self._finished = self._finished, []
        self._settle(batch)

    def _good(self, final: Path, blob: Finished) -> bool:
        try:
            fd = self._disk.open(final)
        except OSError:
            return False
        try:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode) or found.st_size != blob.size:
                return False
            if self._recheck and PREFIX + hash_file(fd, blob.size) != blob.digest:
                return False
            with locked(fd, fcntl.LOCK_SH):
                os.utime(fd, ns=(found.st_atime_ns, found.st_mtime_ns))  # a new ctime: see `age`
                return os.fstat(fd).st_nlink > 0  # not if a collector was just before us: see `collect`
        finally:
            os.close(fd)

    def _publish(self, blob: Finished) -> None:
        """Give a finished file its name in `pending`, taking it from another process's file of the same content:
        that one may be removed as leftover at any time."""
        pending = self._pending / blob.digest.removeprefix(PREFIX)
        try:
            self._disk.link(blob.path, pending)
        except FileExistsError:
            other = self._pending / _names.next()
            self._disk.link(blob.path, other)
            self._disk.rename(other, pending)

    def _settle(self, batch: list[Finished]) -> None:
        """fsync each file → rename each → fsync each folder once (the first commits the renames of all)."""
        if not batch:
            return
        placed: list[Finished] = []
        new = [blob for blob in batch if not self._placed(blob)]
        failures = self._secure_all(new)
        try:
            for blob in [one for one in new if one.synced]:
                final = self._final(blob.digest)
                self._shard(final.parent)
                if final.is_dir():
                    self._put_aside(final, 0)  # a folder is no blob, and no file takes its place
                self._disk.rename(blob.path, final)
                placed.append(blob)
            # What was there already is fsynced too: whoever renamed it may not have come to fsync the folder.
            # After an error here the blobs stay: another process may rely on them and have fsynced the folder itself.
            self._fsync_folders({self._final(blob.digest).parent for blob in batch})
        except OSError as error:
            failures.append(error)
        for blob in batch:
            if blob in placed:
                self._unpublish(blob)
                self._close(blob)
            else:
                self._drop(blob)
        if failures:
            raise self._told(failures[0], len(batch)) from failures[0]

    def _told(self, error: OSError | StoreError, count: int) -> StoreError:
        return (
            error if isinstance(error, StoreError) else store_error(error, f"Making {count} blobs durable", self.folder)
        )

    def _placed(self, blob: Finished) -> bool:
        """Whether a blob that was there at `finish` still is: a collector may have removed it meanwhile."""
        return blob.known and self._final(blob.digest).exists()

    def _secure(self, blob: Finished) -> None:
        """Make a finished blob's bytes durable."""
        self._disk.fsync(blob.fd)

    def _secure_all(self, blobs: list[Finished]) -> list[OSError | StoreError]:
        """Make blobs durable, several at a time; the errors. (Plain threads: a pool would import logging into every run.)"""
        failures: list[OSError | StoreError] = []
        todo = iter(blobs)  # shared by the threads: `next` on a list's iterator is atomic

        def work() -> None:
            for blob in todo:
                try:
                    self._secure(blob)
                    blob.synced = True
                except (OSError, StoreError) as error:
                    failures.append(error)

        threads = [threading.Thread(target=work, daemon=True) for _ in range(min(_THREADS, len(blobs)) - 1)]
        for thread in threads:
            thread.start()
        work()
        for thread in threads:
            thread.join()
        return failures

    def _fsync_folders(self, folders: set[Path]) -> None:
        if not self._ready:
            self._disk.fsync_folder(self.folder.parent)
            self._disk.fsync_folder(self.folder)
        shards = {folder.name for folder in folders} - self._known
        if shards:  # new, perhaps, made by us or by another process a moment ago
            self._disk.fsync_folder(self._blobs)
        for folder in sorted(folders):
            self._disk.fsync_folder(folder)
        self._known |= shards
        self._ready = True

    def _drop(self, blob: Finished) -> None:
        """Leave nothing of a blob whose bytes can't be relied on."""
        with contextlib.suppress(OSError):
            self._unpublish(blob)
        with contextlib.suppress(OSError):
            self._disk.unlink(blob.path)
        self._close(blob)

    def _unpublish(self, blob: Finished) -> None:
        pending = self._pending / blob.digest.removeprefix(PREFIX)
        try:
            ours = blob.fd >= 0 and os.fstat(blob.fd).st_ino == pending.lstat().st_ino
        except OSError:
            return
        if ours:
            self._disk.unlink(pending)

    def _close(self, blob: Finished) -> None:
        fd, blob.fd = blob.fd, -1
        if fd >= 0:
            with contextlib.suppress(OSError):
                os.close(fd)

    # reading

    def data(self, digest: str) -> memoryview:
        """The bytes, memory-mapped, hashed once in this process (not at all if trusted). Raises `Corrupt` where they
        are gone or do not match; these are quarantined."""
        fd = self._verified_file(digest, trusted=digest in self._trusted)[1]
        try:
            size = os.fstat(fd).st_size
            if size == 0:
                return memoryview(b"")
            return memoryview(mmap.mmap(fd, size, access=mmap.ACCESS_READ))
        except OSError as error:
            raise store_error(error, "Reading a blob", self.folder) from error
        finally:
            os.close(fd)

    def path(self, digest: str) -> Path:
        """A read-only file holding the bytes, which stays as long as the blob does. Raises `Corrupt` like `data`."""
        path, fd = self._verified_file(digest, trusted=digest in self._trusted)
        os.close(fd)
        if path.parent != self._pending:
            return path
        return self._lent(digest, path)  # `sync` in another process will take this name away

    def _lent(self, digest: str, path: Path) -> Path:
        """A name of our own for a blob's file, which no other process takes away."""
        private = self._private.get(digest)
        if private is None or not private.exists():
            private = self._tmp / _names.next()
            try:
                self._disk.link(path, private)
            except FileNotFoundError:
                return self.path(digest)
            except OSError as error:
                raise store_error(error, "Reading a blob", self.folder) from error
            self._private[digest] = private
        return private

    def has(self, digest: str) -> bool:
        """Whether a durable blob of this address is there (not whether it is intact)."""
        return self._final(digest).is_file()

    def verify(self, digest: str) -> bool:
        """Whether the bytes match, hashed anew; a blob that does not is quarantined. False as well if it is gone."""
        _verified.pop(digest, None)
        try:
            _, fd = self._verified_file(digest, trusted=False)
        except Corrupt:
            return False
        os.close(fd)
        return True

    def digests(self) -> Iterator[str]:
        """All durable blobs, in order."""
        if not self._blobs.is_dir():
            return
        for shard in sorted(self._blobs.iterdir()):
            if len(shard.name) == 2 and shard.is_dir():
                for name in sorted([path.name for path in shard.iterdir()]):
                    if is_digest(PREFIX + name) and name.startswith(shard.name):
                        yield PREFIX + name

    def remove(self, digest: str) -> int:
        """Delete a blob; the bytes that this freed (0 if it was not there)."""
        final = self._final(digest)
        try:
            size = final.lstat().st_size
            self._disk.unlink(final)
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise store_error(error, "Removing a blob", self.folder) from error
        _verified.pop(digest, None)
        return size

    def size(self, digest: str) -> int:
        """The bytes that a blob takes; 0 if it is not there."""
        try:
            return self._final(digest).lstat().st_size
        except FileNotFoundError:
            return 0

    def collect(self, digest: str, younger: float) -> int:
        """Delete a blob, unless its `age` is below `younger` seconds; the bytes freed.

        It is locked meanwhile: a writer that finds it at this very moment makes it young in time, or sees that it is
        gone and writes it anew."""
        try:
            fd = self._disk.open(self._final(digest))
        except FileNotFoundError:
            return 0
        except OSError as error:
            raise store_error(error, "Removing a blob", self.folder) from error
        try:
            with locked(fd, fcntl.LOCK_EX):
                found = os.fstat(fd)
                old = time.time() - found.st_ctime >= younger
                return self.remove(digest) if old and found.st_nlink else 0  # else it was replaced just now
        finally:
            os.close(fd)

    def inspect(self, digest: str) -> Literal["good", "damaged", "gone"]:
        """Whether the bytes match, hashed anew; nothing is moved. Raises `StoreError` where they can't be read."""
        try:
            fd = self._disk.open(self._final(digest))
        except FileNotFoundError:
            return "gone"
        except OSError as error:
            if error.errno == errno.ELOOP:
                return "damaged"  # a symbolic link is no blob
            raise store_error(error, "Reading a blob", self.folder) from error
        try:
            found = os.fstat(fd)
            sound = stat.S_ISREG(found.st_mode) and PREFIX + hash_file(fd, found.st_size) == digest
        except OSError as error:
            raise store_error(error, "Reading a blob", self.folder) from error
        finally:
            os.close(fd)
        return "good" if sound else "damaged"

    def age(self, digest: str) -> float:
        """Seconds since a blob was written, or last found to be there already by someone who then relied on it.

        A collector must leave young blobs alone: their execution may not be committed yet. 0.0 for one that is gone."""
        try:
            return max(0.0, time.time() - self._final(digest).lstat().st_ctime)
        except FileNotFoundError:
            return 0.0

    def clean(self, older_than: float = 3600.0) -> int:
        """Remove what dead processes left in `tmp` and `pending` more than `older_than` seconds ago; the bytes freed.
        A file whose process still runs on this machine is kept, however old."""
        freed = 0
        for path, size in self.leftovers(older_than):
            try:
                self._disk.unlink(path)
            except OSError as error:
                raise store_error(error, "Cleaning", self.folder) from error
            freed += size
        return freed

    def leftovers(self, older: float) -> list[tuple[Path, int]]:
        """What `clean` would remove, and the bytes that removing each would free (none while it has another name)."""
        left, now = [], time.time()
        for folder in (self._tmp, self._pending):
            for path in sorted(folder.iterdir()) if folder.is_dir() else []:
                try:
                    found = path.lstat()
                except FileNotFoundError:
                    continue
                except OSError as error:
                    raise store_error(error, "Cleaning", self.folder) from error
                if now - found.st_mtime >= older and not (folder == self._tmp and owner_alive(path.name)):
                    left.append((path, found.st_size if found.st_nlink == 1 else 0))
        return left

    def quarantined(self) -> list[Path]:
        """The files that were put aside because they did not match their digest, whose name they begin with."""
        return sorted(self._quarantine.iterdir()) if self._quarantine.is_dir() else []

    def close(self) -> None:
        """Remove what this object finished and never synced, and the private names that it gave out."""
        self._own()
        with self._lock:
            batch, self._finished = self._finished, []
            private, self._private = self._private, {}
        for blob in batch:
            self._drop(blob)
        for path in private.values():
            with contextlib.suppress(OSError):
                self._disk.unlink(path)

    def _verified_file(self, digest: str, *, trusted: bool) -> tuple[Path, int]:
        path, fd = self._open(digest)
        try:
            found = os.fstat(fd)
            identity = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
            if trusted or _verified.get(digest) == identity:
                return path, fd
            if stat.S_ISREG(found.st_mode) and PREFIX + hash_file(fd, found.st_size) == digest:
                _verified[digest] = identity
                return path, fd
        except OSError as error:
            os.close(fd)
            raise store_error(error, "Reading a blob", self.folder) from error
        os.close(fd)
        self._put_aside(path, found.st_ino)
        if path.parent != self._pending and (self._pending / path.name).exists():  # somebody has just written it anew
            return self._verified_file(digest, trusted=trusted)
        raise Corrupt(
            f"The stored blob {short(digest)} does not match its digest ({found.st_size} bytes); it was moved to {self._quarantine}"
        )

    def _open(self, digest: str) -> tuple[Path, int]:
        final = self._final(digest)
        # A blob moves from `pending` to its final name at any moment: look there once more before giving up.
        for path in (final, self._pending / final.name, final):
            try:
                return path, self._disk.open(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                if error.errno != errno.ELOOP:
                    raise store_error(error, "Reading a blob", self.folder) from error
                self._put_aside(path, 0)  # a symbolic link is no blob
        raise Corrupt(f"The blob {short(digest)} is gone from the store {self.folder}")

    def _put_aside(self, path: Path, inode: int) -> None:
        aside = self._quarantine / f"{path.name}.{_names.next()}"
        try:
            self._disk.mkdir(self._quarantine)
            self._disk.rename(path, aside)
            if (
                inode and aside.lstat().st_ino != inode
            ):  # a good copy took its place while we were hashing: put that back
                self._disk.rename(aside, path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise Corrupt(f"The blob {path.name[:10]} is damaged and can't be moved away: {error.strerror}") from error

    # places

    def _name(self) -> str:
        return _names.next()

    def _vouch(self, digest: str, fd: int) -> None:
        """This process has just hashed an open file and found it good."""
        found = os.fstat(fd)
        _verified[digest] = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)

    def _final(self, digest: str) -> Path:
        if not is_digest(digest):
            raise StoreError(f"{digest!r} is not a digest", hint="A digest is `blake3:` and 64 hexadecimal digits.")
        name = digest[len(PREFIX) :]
        return self._blobs / name[:2] / name

    def _make_folders(self) -> None:
        if self._ready or self._tmp.is_dir():
            return
        try:
            # `tmp` last: where it is, the others are, wherever the process that made them was killed.
            for folder in (self.folder, self._blobs, self._pending, self._tmp):
                self._disk.mkdir(folder)
        except OSError as error:
            raise store_error(error, "Making its folders", self.folder) from error

    def _shard(self, folder: Path) -> None:
        if folder.name not in self._known:
            self._disk.mkdir(folder)

    def _own(self) -> None:
        """Forget what a parent process finished before it forked: it is the parent's to make durable."""
        if self._pid != os.getpid():
            self._pid = os.getpid()
            self._lock = threading.Lock()
            self._finished, self._private = [], {}
