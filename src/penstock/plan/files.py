"""The content of files and folders as digests, re-checked cheaply."""

import glob
import os
import time
from collections.abc import MutableMapping
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from blake3 import blake3

from penstock.errors import ParameterError
from penstock.model.digest import PREFIX, combine

__all__ = ["Stats", "digest_path", "settled"]

Stats = MutableMapping[str, tuple[int, int, int, str]]
"""What is known of files: absolute path → (size, time of change in ns, inode, digest).

The time is the inode's change time: unlike mtime, nobody can set it back after an edit.
"""

_CHUNK = 16 << 20
_OWN = frozenset({".penstock", "__pycache__"})  # what a run itself writes beside a pipeline
_SETTLED = 2_000_000_000  # ns: a file altered within the last two seconds may be altered again within the clock's grain


def digest_path(path: Path, stats: Stats | None = None, *, patterns: bool = False) -> str:
    """The digest of a file's content, or of a folder's names and contents (links are followed, order is fixed).

    In folders, `.penstock` and `__pycache__` do not count: what a run writes must not alter what it read.

    With `patterns`, a path with wildcards that is no file gives the digest of the names that match it.
    A file whose size, change time and inode are as `stats` remembers is not read again, unless it was altered just before it
    was hashed. Raises `ParameterError` where there is nothing, or something that is neither file nor folder.
    """
    known: Stats = {} if stats is None else stats
    try:
        info = path.stat()
    except OSError as error:
        if patterns and (listing := _listing(str(path))):
            return listing
        raise ParameterError(
            f"{path} can't be read: {error.strerror or error}", hint="Give an existing file or folder."
        ) from None
    if S_ISREG(info.st_mode):
        return _file(str(path.absolute()), info, known)
    if not S_ISDIR(info.st_mode):
        raise ParameterError(f"{path} is neither a file nor a folder", hint="Give an existing file or folder.")
    return _folder(path, known)


def settled(path: Path) -> tuple[int, ...]:
    """Size, change time (ns) and inode of a file that nobody altered for two seconds; empty for all else."""
    try:
        info = path.stat()
    except OSError:
        return ()
    if not S_ISREG(info.st_mode) or time.time_ns() - info.st_ctime_ns <= _SETTLED:
        return ()
    return (info.st_size, info.st_ctime_ns, info.st_ino)


def _listing(pattern: str) -> str:
    """The digest of the names that match a pattern, "" if it is none."""
    if not glob.has_magic(pattern):
        return ""
    found = glob.glob(pattern, recursive="**" in pattern)  # noqa: PTH207 - the pattern may begin anywhere
    base = os.path.dirname(pattern[: next(place for place, one in enumerate(pattern) if one in "*?[")])  # noqa: PTH120
    names = [os.path.relpath(one, base or ".") for one in found if "__pycache__" not in one]
    return combine("listing", sorted(names))


def _folder(path: Path, known: Stats) -> str:
    parts: list[str] = []
    base = path.absolute()
    for name, info in _walk(path):
        if info is None:
            parts += [name, "folder" if name.endswith("/") else "broken link"]
        else:
            parts += [name, _file(f"{base}/{name}", info, known)]
    return combine("folder", parts)


def _walk(folder: Path) -> list[tuple[str, os.stat_result | None]]:
    found: list[tuple[str, os.stat_result | None]] = []
    seen: set[tuple[int, int]] = set()
    todo = [("", str(folder))]
    while todo:
        prefix, where = todo.pop()
        info = Path(where).stat()
        if (info.st_dev, info.st_ino) in seen:  # a link back to a folder above
            continue
        seen.add((info.st_dev, info.st_ino))
        with os.scandir(where) as entries:
            for entry in entries:
                name = prefix + entry.name
                if entry.is_dir():
                    if entry.name in _OWN:
                        continue
                    found.append((f"{name}/", None))
                    todo.append((f"{name}/", entry.path))
                elif entry.is_file():
                    found.append((name, entry.stat()))
                elif entry.is_symlink():
                    found.append((name, None))
    return sorted(found, key=lambda one: one[0])


def _file(path: str, info: os.stat_result, known: Stats) -> str:
    seen = (info.st_size, info.st_ctime_ns, info.st_ino)
    remembered = known.get(path)
    if remembered is not None and remembered[:3] == seen:
        return remembered[3]
    hasher = blake3(max_threads=blake3.AUTO)
    with Path(path).open("rb", buffering=0) as file:
        # Read rather than map: a file that someone truncates meanwhile must not kill this process.
        while chunk := file.read(_CHUNK):
            hasher.update(chunk)
    digest = PREFIX + hasher.hexdigest()
    if time.time_ns() - info.st_ctime_ns > _SETTLED:
        known[path] = (*seen, digest)
    else:
        known.pop(path, None)
    return digest
