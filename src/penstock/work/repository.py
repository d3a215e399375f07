"""The files of a repository that a command can read: which they are, what they hold, and a copy to run in."""

import fnmatch
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from blake3 import blake3

from penstock.model.code import Code, Piece
from penstock.model.digest import PREFIX, combine

__all__ = ["copy_file", "listing", "pieces_of", "with_files"]

_CHUNK = 4 << 20
_MOST = 400  # files that are told one by one; of more, each folder is one piece
_NEVER = frozenset({".git", ".penstock", ".valohai", "__pycache__", ".venv", "node_modules", ".pytest_cache"})


def listing(root: Path, patterns: Sequence[str] = (), ignored: Iterable[str] = ()) -> list[str]:
    """The names of the files that count, sorted, relative to `root`.

    In a git repository, those that it tracks or does not ignore; elsewhere all but hidden folders and caches. `patterns`
    narrow them (`src/**`, `*.py`, a folder); what lies in `ignored` (absolute) is left out.
    """
    names = _tracked(root)
    if names is None:
        names = list(_walk(root))
    base = str(root)
    out = tuple(os.path.join(one, "") for one in ignored)  # noqa: PTH118 - text, with a separator at its end
    kept = []
    for name in set(names):
        if any(part in _NEVER for part in name.split("/")[:-1]) or f"{base}/{name}".startswith(out):
            continue
        if patterns and not any(_fits(name, one) for one in patterns):
            continue
        kept.append(name)
    return sorted(kept)


def _fits(name: str, pattern: str) -> bool:
    pattern = pattern.removeprefix("./").rstrip("/")
    return (
        fnmatch.fnmatchcase(name, pattern)
        or name.startswith(f"{pattern}/")
        or fnmatch.fnmatchcase(name, pattern.replace("**/", ""))
    )


def _tracked(root: Path) -> list[str] | None:
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    if done.returncode != 0:
        return None
    found: list[str] = []
    for one in os.fsdecode(done.stdout).split("\0"):
        name, path = one.rstrip("/"), root / one
        if not name:
            continue
        if path.is_dir() and not path.is_symlink():  # a submodule, or a repository inside this one
            inner = _tracked(path) if (path / ".git").exists() else None
            found += [f"{name}/{each}" for each in (inner if inner is not None else _walk(path))]
        elif path.is_symlink() or path.is_file():  # a file that was deleted is still tracked
            found.append(name)
    return found


def _walk(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        inner = os.path.relpath(folder, root)
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one not in _NEVER)
        folders[:] = [one for one in folders if not os.path.exists(os.path.join(folder, one, "pyvenv.cfg"))]  # noqa: PTH110, PTH118
        for one in files:
            path = os.path.join(folder, one)  # noqa: PTH118
            if os.path.isfile(path) or os.path.islink(path):  # noqa: PTH113, PTH114 - no sockets, no pipes
                yield one if inner == "." else f"{inner}/{one}"


def pieces_of(root: Path, names: Sequence[str], target: Path | None = None, unread: str = "") -> tuple[Piece, ...]:
    """What these files hold, as pieces of a closure; with `target`, while they are copied there.

    `unread` is copied and does not count: the file that declares the step, whose own lines count already.
    """
    digests: dict[str, str] = {}
    for name in names:
        try:
            digest = _take(root / name, target / name if target is not None else None)
        except FileNotFoundError:  # gone since it was listed
            continue
        if name != unread:
            digests[name] = digest
    if len(digests) <= _MOST:
        return tuple([Piece("repository", name, digest, name) for name, digest in digests.items()])
    folders: dict[str, list[str]] = {}
    for name, digest in digests.items():
        folder = "/".join(name.split("/")[:-1][:2]) or "."
        folders.setdefault(folder, []).extend([name, digest])
    return tuple([Piece("repository", f"{name}/", combine("folder", parts)) for name, parts in sorted(folders.items())])


def with_files(declared: Piece, files: tuple[Piece, ...]) -> Code:
    """The closure of a command: what declares it, and the files that it can read."""
    pieces = (declared, *files)
    return Code(combine("command", [text for one in pieces for text in (one.kind, one.name, one.digest)]), pieces)


def _take(source: Path, target: Path | None) -> str:
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        link = str(source.readlink())
        if target is not None:
            target.symlink_to(link)
        return combine("link", [link])
    mode = source.stat().st_mode & 0o777
    digest = copy_file(source, target)
    if target is not None:
        target.chmod(mode | 0o200)
    return combine("program", [digest]) if mode & 0o100 else digest


def copy_file(source: Path, target: Path | None) -> str:
    """The digest of a file's content, which goes to `target` where there is one."""
    hasher = blake3()
    with source.open("rb", buffering=0) as file:
        if target is None:
            while chunk := file.read(_CHUNK):
                hasher.update(chunk)
        else:
            with target.open("wb") as copy:
                while chunk := file.read(_CHUNK):
                    hasher.update(chunk)
                    copy.write(chunk)
            shutil.copystat(source, target, follow_symlinks=True)
    return PREFIX + hasher.hexdigest()
