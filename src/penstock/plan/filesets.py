"""The files that an input's addresses name: here by content, elsewhere by address."""

import glob
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from penstock.errors import ParameterError
from penstock.model.command import FileRef, Files
from penstock.model.digest import combine
from penstock.plan.files import Stats, digest_path

__all__ = ["STAND_INS", "addresses", "digest_of", "find_files", "is_elsewhere", "is_remote"]

STAND_INS = ".valohai/inputs"
"""Where files lie that stand in for remote ones: STAND_INS/STEP/INPUT, as valohai-utils keeps them."""

_SCHEME = re.compile(r"([A-Za-z_][\w+.-]*)://")
_PLACE = re.compile(r"\{parameter(?:-value)?:([^}]+)\}")


def is_remote(uri: str) -> bool:
    """Whether an address is of another machine or store.

    >>> is_remote("azure-blob://store/key"), is_remote("file:///a"), is_remote("data/a.csv")
    (True, False, False)
    """
    scheme = _SCHEME.match(uri)
    return scheme is not None and scheme[1] != "file"


def is_elsewhere(uri: str, root: Path) -> bool:
    """Whether nothing on this machine is named by an address: it is of another machine, or no file is at its path."""
    if is_remote(uri):
        return True
    path = root / Path(_path_of(uri, root)).expanduser()
    return not _PLACE.search(uri) and not path.exists() and not glob.glob(str(path), recursive=True)  # noqa: PTH207


def addresses(value: Any) -> tuple[str, ...]:
    """The addresses in a parameter's value: a list, or text with one to a line or separated by commas outside of URLs.

    >>> addresses("a.csv, b.csv"), addresses(["a,b"]), addresses(None)
    (('a.csv', 'b.csv'), ('a,b',), ())
    """
    if isinstance(value, Files):
        return value.uris
    if value is None:
        return ()
    if isinstance(value, str | os.PathLike):
        text = os.fspath(value)
        parts = text.splitlines() if "://" in text else [one for line in text.splitlines() for one in line.split(",")]
        return tuple([one.strip() for one in parts if one.strip()])
    return tuple([str(one) for one in value if one is not None and str(one).strip()])


def find_files(
    uris: Sequence[str], root: Path, stats: Stats | None = None, *, values: Mapping[str, Any], stand_in: str = ""
) -> Files:
    """What the addresses name now. Paths begin at `root`; patterns are expanded; folders give all that lies in them.

    `{parameter:NAME}` in an address becomes the parameter's value. Where all addresses are remote and the folder
    `stand_in` holds files, these are taken. Raises `ParameterError` for a path that names nothing.
    """
    listed = [_filled(one, values) for one in uris]
    if listed and stand_in and all(is_remote(one) for one in listed) and (root / stand_in).is_dir():
        local = _local(f"{glob.escape(stand_in)}/**", root, stats)
        if local:
            return Files(tuple(uris), local)
    found: list[FileRef] = []
    for uri in listed:
        if is_remote(uri):
            path = uri.partition("://")[2].partition("?")[0]
            name = path.rstrip("/").rpartition("/")[2] or "index"
            found.append(FileRef(uri, name, path.partition("/")[2] or name, name))
            continue
        local = _local(_path_of(uri, root), root, stats)
        if not local:
            raise ParameterError(f"{uri} names no file", hint="Put it there, or name another.")
        found += local
    return Files(tuple(uris), tuple(found))


def digest_of(files: Files) -> str:
    """The digest of what an input holds: names and contents of files here, addresses of those elsewhere."""
    parts: list[str] = []
    for one in files.files:
        parts += [one.name, one.full, one.suffix, one.digest or one.uri]
    return combine("files", parts)


def _filled(uri: str, values: Mapping[str, Any]) -> str:
    def value(match: re.Match[str]) -> str:
        found = values.get(match[1])
        return match[0] if found is None else str(found)

    return _PLACE.sub(value, uri)


def _path_of(uri: str, root: Path) -> str:
    """The path that an address of this machine names: behind `file://`, `%20` and its like stand for what they encode."""
    if not uri.startswith("file://"):
        return uri
    text = uri.removeprefix("file://").removeprefix("localhost/" if uri.startswith("file://localhost/") else "")
    text = f"/{text}" if uri.startswith("file://localhost/") else text
    plain = unquote(text)
    if plain == text or (root / text).exists():  # a name may hold a `%` as it is
        return text
    # What was encoded is meant as it is, not as a pattern.
    return (
        glob.escape(plain)
        if glob.has_magic(plain) and not glob.has_magic(text) and not (root / plain).exists()
        else plain
    )


def _local(text: str, root: Path, stats: Stats | None) -> tuple[FileRef, ...]:
    path = Path(os.path.expanduser(text))  # noqa: PTH111 - the pattern stays text
    full = path if path.is_absolute() else root / path
    if full.is_file():
        return (_reference(full, root, full.parent, text, stats),)
    if full.is_dir():
        pattern, base = f"{glob.escape(str(full))}/**", full
    elif glob.has_magic(text):
        pattern, base = str(full), _fixed(full)
        if "**" in pattern and not pattern.endswith("**") and "/**/" not in pattern:
            pattern = pattern.replace("**", "**/*")  # `**.jpg`: at any depth
    else:
        return ()
    names = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - the pattern may begin anywhere
    return tuple([_reference(Path(one), root, base, text, stats) for one in names if Path(one).is_file()])


def _fixed(path: Path) -> Path:
    """The folder that a pattern begins with."""
    parts: list[str] = []
    for part in path.parts:
        if glob.has_magic(part):
            break
        parts.append(part)
    return Path(*parts)


def _reference(path: Path, root: Path, base: Path, text: str, stats: Stats | None) -> FileRef:
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - links stay what they are called
    inside = absolute.is_relative_to(root)
    full = str(absolute.relative_to(root)) if inside else str(absolute).lstrip("/")
    suffix = str(path.relative_to(base)) if path.is_relative_to(base) else path.name
    return FileRef(text, path.name, full, suffix, str(absolute), digest_path(absolute, stats))
