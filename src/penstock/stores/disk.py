"""The few system calls that a local store is made of, in one place, so that tests can record them and make them fail."""

import contextlib
import errno
import fcntl
import mmap
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from blake3 import blake3

from penstock.errors import StoreError

__all__ = ["Disk", "Names", "hash_file", "hash_threads", "locked", "owner_alive", "store_error"]

_FICLONE = 0x40049409  # linux/fs.h: share the extents of another file (btrfs, xfs, bcachefs)
_WINDOW = 64 * 1024 * 1024  # bytes mapped at once while hashing: what bounds the memory of a 3 GiB blob
_LARGE = 1024 * 1024  # from here on more than one thread hashes faster than one


class Disk:
    """The operating system's calls. A test may subclass it to record or to fail any of them."""

    def create(self, path: Path) -> int:
        """A new file, for this user only; it must not exist."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)

    def open(self, path: Path) -> int:
        """A file to read; never through a symbolic link."""
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)

    def write(self, fd: int, data: memoryview) -> int:
        """Write some of `data`; how many bytes."""
        return os.write(fd, data)

    def seal(self, fd: int) -> None:
        """Make a file read-only."""
        os.fchmod(fd, 0o400)

    def fsync(self, fd: int) -> None:
        """Make a file's bytes durable. An error is final: the kernel may have dropped the pages that it could not
        write, and a second fsync would then say that all is well."""
        os.fsync(fd)

    def fsync_folder(self, path: Path) -> None:
        """Make a folder's entries durable."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def link(self, source: Path, target: Path) -> None:
        """A second name for a file."""
        os.link(source, target)

    def rename(self, source: Path, target: Path) -> None:
        """Another name for a file; what had that name is replaced."""
        os.rename(source, target)  # noqa: PTH104 - the system call itself

    def unlink(self, path: Path) -> None:
        """Remove a name; that it is gone already is no error."""
        path.unlink(missing_ok=True)

    def mkdir(self, path: Path) -> None:
        """A folder for this user only, with the folders above it; that it is there already is no error."""
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            pass
        except FileNotFoundError:
            self.mkdir(path.parent)
            self.mkdir(path)

    def copy(self, source: int, target: int, size: int) -> None:
        """Copy a whole file: shared extents where the file system can, else in the kernel, else by hand."""
        try:
            fcntl.ioctl(target, _FICLONE, source)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
                raise
        else:
            return
        self._copy_in_kernel(source, target, size)

    def _copy_in_kernel(self, source: int, target: int, size: int) -> None:
        done = 0
        try:
            while sent := os.copy_file_range(source, target, min(max(size - done, 1), 1 << 30)):
                done += sent
        except (OSError, AttributeError) as error:
            refused = (errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF)
            if isinstance(error, OSError) and error.errno not in refused:
                raise
        # Some file systems (and /proc) answer 0 for a file that is not empty: reading says when it really ends.
        os.lseek(source, done, os.SEEK_SET)
        os.lseek(target, done, os.SEEK_SET)
        while part := os.read(source, _LARGE):
            view = memoryview(part)
            while view:
                view = view[self.write(target, view) :]


_forked = False


def _after_fork() -> None:
    global _forked  # noqa: PLW0603 - a fact about the process
    _forked = True


os.register_at_fork(after_in_child=_after_fork)


def hash_threads() -> bool:
    """Whether this process may hash with many threads: not after a bare fork, which leaves blake3's pool dead."""
    return not _forked


def hash_file(fd: int, size: int) -> str:
    """The hexadecimal blake3 of an open file of `size` bytes, read by mapping it window by window."""
    hasher = blake3(max_threads=blake3.AUTO if size >= _LARGE and hash_threads() else 1)
    for offset in range(0, size, _WINDOW):
        with mmap.mmap(fd, min(_WINDOW, size - offset), access=mmap.ACCESS_READ, offset=offset) as window:
            hasher.update(window)
    return hasher.hexdigest()


def store_error(error: OSError, doing: str, folder: Path) -> StoreError:
    """An operating system's error in words: what failed, in which store, and what to do."""
    number = error.errno
    if number in (errno.ENOSPC, errno.EDQUOT):
        reason, hint = "the disk is full", f"Free some space for {folder}; then run again: what was committed is kept."
    elif number == errno.EROFS:
        reason, hint = (
            "it is on a read-only file system",
            f"Mount it for writing, or keep the state elsewhere: {folder}",
        )
    elif number in (errno.EACCES, errno.EPERM):
        reason, hint = "permission denied", f"Check owner and permissions of {folder} and of what is in it."
    elif number == errno.EIO:
        reason = "the disk reported an input/output error"
        hint = f"Check the disk under {folder} (see `dmesg`); then run `penstock verify`."
    elif number in (errno.EMFILE, errno.ENFILE):
        reason, hint = "too many files are open", "Raise the limit (`ulimit -n`) or lower `--workers`."
    else:
        reason, hint = error.strerror or str(error), ""
    return StoreError(f"{doing} failed in the store {folder}: {reason}", hint=hint)


class Names:
    """Names for temporary files that no other process or thread uses: `<pid>-<random>-<count>`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid = 0
        self._token = ""
        self._count = 0

    def next(self) -> str:
        """A new name."""
        with self._lock:
            if self._pid != os.getpid():  # a forked child must not draw the names of its parent
                self._pid, self._token, self._count = os.getpid(), os.urandom(6).hex(), 0
            self._count += 1
            return f"{self._pid}-{self._token}-{self._count}"


def owner_alive(name: str) -> bool:
    """Whether the process that made a temporary file of this name still runs on this machine."""
    try:
        os.kill(int(name.split("-", 1)[0]), 0)
    except (ValueError, ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


@contextlib.contextmanager
def locked(fd: int, how: int) -> Iterator[None]:
    """Hold a lock on a blob between writers that find it and a collector that removes it. (File systems without locks
    go without: there the age alone protects.)"""
    with contextlib.suppress(OSError):
        fcntl.flock(fd, how)
    yield  # closing the descriptor gives it back
