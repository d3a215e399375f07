"""Files and folders that a step made: a returned `Path` that exists is stored by content, under its own name.

It is read back as a path in a folder of this process, which holds links to the store's read-only files (copies, where
this process could write through a link). A folder's links are followed and their targets stored as files. A `Path` that
does not exist is a plain value and stays one.
"""

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from penstock.codecs import plain
from penstock.codecs.bytesio import blob_of, read, stored
from penstock.errors import CodecError, Corrupt
from penstock.model.artifact import Description, Stored
from penstock.model.digest import digest_bytes
from penstock.ports import Blob, Reader, Sink

__all__ = ["PathCodec", "unpacked"]

_PREFIX = "penstock-paths-"
_YOUNG = 600.0  # seconds: whoever makes a folder locks it a moment later

_SHOWN = 20


def unpacked() -> str:
    """How the paths begin that this codec reads back."""
    return str(Path(tempfile.gettempdir()) / _PREFIX)


@lru_cache(maxsize=1)
def _room() -> "tempfile.TemporaryDirectory[str]":
    """This process's own folder for the paths that it reads; it goes when the process ends, or if it is killed, when
    another needs such a folder: a lock tells that somebody lives in it."""
    _sweep(Path(tempfile.gettempdir()))
    made = tempfile.TemporaryDirectory(prefix=_PREFIX)
    fcntl.flock(os.open(made.name, os.O_RDONLY), fcntl.LOCK_EX)  # held until the process ends, however it does
    return made


def _sweep(parent: Path) -> None:
    """Remove the folders of processes that are gone."""
    for path in parent.glob(f"{_PREFIX}*"):
        try:
            found = path.lstat()
            if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode) or time.time() - found.st_ctime < _YOUNG:
                continue
            held = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError:  # gone meanwhile
            continue
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
        except OSError:  # somebody lives there
            continue
        finally:
            os.close(held)


class PathCodec:
    """Existing files and folders."""

    name = "path"

    def accepts(self, value: Any) -> bool:
        """A `Path` that exists."""
        if not isinstance(value, Path):
            return False
        try:
            return value.exists()
        except (OSError, ValueError):
            return False

    def encode(self, value: Any, sink: Sink) -> Stored:
        """Copy the content. What lies in it counts, and its name; where it lies, and when it was made, does not."""
        name = _name(value)
        entries: list[list[Any]] = []
        parts: dict[str, int] = {}
        for relative, path in _files(value):
            if path is None:
                entries.append([relative, None, False, 0, None])
                continue
            blob = _take(path, sink)
            runs = bool(path.stat().st_mode & stat.S_IXUSR)
            entries.append([relative, blob.digest, runs, blob.size, blob.data])
            if blob.data is None:
                parts[blob.digest] = blob.size
        # Whether a blob is small enough to travel in the root is the sink's choice, not the content's.
        digest = digest_bytes(plain.encode([value.is_dir(), name, [one[:4] for one in entries]]))
        root = blob_of(sink, plain.encode([value.is_dir(), name, entries]))
        about = self._describe(value, entries)
        return stored(self.name, root, about, digest=digest, parts=tuple(parts), extra=sum(parts.values()))

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """A read-only path of the same name and content."""
        is_folder, name, entries = plain.decode(read(stored, reader))
        place = Path(tempfile.mkdtemp(dir=_room().name)) / _safe(name)
        if is_folder:
            place.mkdir()
        for relative, digest, runs, _, data in entries:
            target = place / _safe_relative(relative) if relative else place
            if digest is None:
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            _put(target, digest, data, runs, reader)
        return place

    def describe(self, value: Any) -> Description:
        """Name, number of files and bytes."""
        entries = [[name, "", False, path.stat().st_size if path else 0, None] for name, path in _files(value)]
        return self._describe(value, entries)

    def _describe(self, value: Path, entries: list[list[Any]]) -> Description:
        files = [one for one in entries if one[1] is not None]
        size = sum(one[3] for one in files)
        name = _name(value)
        kind = "folder" if value.is_dir() else "file"
        text = f"{kind} {name}, {size:,} bytes" + (f" in {len(files)} files" if kind == "folder" else "")
        details: dict[str, Any] = {"kind": kind, "name": name, "bytes": size, "files": len(files)}
        if kind == "folder":
            details["names"] = [one[0].encode("utf-8", "backslashreplace").decode() for one in files[:_SHOWN]]
        return Description("pathlib.Path", text=text.encode("utf-8", "backslashreplace").decode(), details=details)


def _name(path: Path) -> str:
    return path.name or path.resolve().name


def _files(value: Path) -> Iterator[tuple[str, Path | None]]:
    """Each file of a folder with its relative path, sorted; folders with nothing in them with None."""
    if not value.is_dir():
        yield "", _regular(value)
        return
    here = Path.cwd()
    real = value.resolve()
    if real == here or real in here.parents:
        raise CodecError(
            f"the folder {value} is, or holds, the working folder, and would be copied whole",
            hint="Return a file or a folder that the step made; give a place as text (`str(path)`).",
        )
    found: list[tuple[str, Path | None]] = []
    open_folders = {real}

    def walk(folder: Path, relative: str) -> None:
        entries = sorted(folder.iterdir())
        if not entries and relative:
            found.append((relative, None))
        for one in entries:
            name = f"{relative}/{one.name}" if relative else one.name
            if one.is_dir():
                target = one.resolve()
                if target in open_folders:
                    raise CodecError(f"the folder {value} holds a link to a folder around it: {one}")
                open_folders.add(target)
                walk(one, name)
                open_folders.discard(target)
            else:
                found.append((name, _regular(one)))

    walk(value, "")
    yield from found


def _regular(path: Path) -> Path:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise CodecError(f"the file {path} can't be read: {error.strerror}") from None
    if not stat.S_ISREG(mode):
        raise CodecError(f"{path} is neither a file nor a folder (a socket, pipe or device)")
    return path


def _take(path: Path, sink: Sink) -> Blob:
    try:
        return sink.file(path)
    except PermissionError as error:
        raise CodecError(f"the file {path} can't be read: {error.strerror}") from None


def _safe(name: str) -> str:
    """A name that stays in the folder it is put into."""
    if not name or name in (".", "..") or "/" in name or "\x00" in name or ("\\" in name and os.name == "nt"):
        raise Corrupt(f"a stored path has the name {name!r}")
    return name


def _safe_relative(relative: str) -> Path:
    return Path(*[_safe(part) for part in relative.split("/")])


def _put(target: Path, digest: str, data: bytes | None, runs: bool, reader: Reader) -> None:
    if data is not None:
        if digest_bytes(data) != digest:
            raise Corrupt(f"the bytes of a stored file do not match their digest {digest}")
        target.write_bytes(data)
    else:
        source = reader.path(digest)
        if not os.access(source, os.W_OK) and not runs:
            target.symlink_to(source)
            return
        shutil.copyfile(source, target)
    target.chmod(0o555 if runs else 0o444)
