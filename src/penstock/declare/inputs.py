"""Files and environment variables that code names by constants: what they hold now."""

import contextlib
import glob
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import Any

import msgspec
from blake3 import blake3

from penstock.declare.places import inside, place_of
from penstock.declare.programs import plugins_digest, program_digest
from penstock.errors import ParameterError
from penstock.model.code import Piece
from penstock.model.digest import PREFIX, combine, digest_variable
from penstock.model.task import PREPARED
from penstock.plan.files import digest_path

__all__ = ["Inputs"]

_SKIPPED = {"node_modules", "__pycache__", "site-packages", "dist-packages", "venv", "env", "build", "dist"}
_LARGE = 1 << 20
_stats: dict[str, tuple[int, int, int, str]] = {}
_loaded: set[str] = set()


class Inputs:
    """What lies around the code of a project. `root` is the project's folder, `cache` one that remembers large files."""

    def __init__(self, root: str, cache: Path | None = None) -> None:
        self.root = root
        self.keep = cache / "files" if cache is not None else None

    def paths(self, expression: str, file: str, value_of: Callable[[str], Any]) -> list[str]:
        """The absolute paths that an expression may mean: one, or none where it can't be told."""
        found = _evaluated(json.loads(expression), file, value_of)
        if not found or "\n" in found or "\0" in found or len(found) > 1000:
            return []
        return [str(Path(self.root, found))]

    def content(self, path: str) -> str:
        """The digest of a regular file as it is now, "" where there is none that counts."""
        try:
            if any(one in path for one in "*?["):
                return self._matching(path)
            if not Path(path).is_file() or place_of(path) != "project" or path.startswith(("/dev/", "/proc/", "/sys/")):
                return ""
            return self.file(path)
        except (OSError, ParameterError):
            return ""

    def file(self, path: str) -> str:
        """The digest of a file's content; large files are hashed once and then known by their size and time of change."""
        self._load()
        known = _stats.get(path)
        digest = digest_path(Path(path), _stats)
        fresh = _stats.get(path)
        if self.keep is not None and fresh is not None and fresh != known and fresh[0] >= _LARGE:
            large = {name: one for name, one in _stats.items() if one[0] >= _LARGE}
            beside = self.keep.with_name(f".{self.keep.name}.{os.getpid()}")
            with contextlib.suppress(OSError):
                beside.write_bytes(msgspec.json.encode(large))
                beside.replace(self.keep)
        return digest

    def _load(self) -> None:
        if self.keep is None or str(self.keep) in _loaded:
            return
        _loaded.add(str(self.keep))
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            held = msgspec.json.decode(self.keep.read_bytes(), type=dict[str, tuple[int, int, int, str]])
            for path, one in held.items():
                _stats.setdefault(path, one)

    def _matching(self, pattern: str) -> str:
        base = pattern[: min(pattern.find(one) for one in "*?[" if one in pattern)].rpartition("/")[0]
        if "**" in pattern and inside(self.root, base):
            return ""  # all of the project and more: code and state are in there
        found = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - the pattern may begin anywhere
        parts = [f"{self.relative(one)}:{self.file(one)}" for one in found if Path(one).is_file()]
        return PREFIX + blake3("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def variable(self, name: str) -> str:
        """The digest of an environment variable's value, "" without it; of all that begin alike for `PREFIX*`."""
        if name.endswith("*"):
            found = sorted([(key, value) for key, value in os.environ.items() if key.startswith(name[:-1])])
            return combine("variables", [one for pair in found for one in pair])
        value = None if name in PREPARED else os.environ.get(name)
        return "" if value is None else digest_variable(value)

    def program(self, path: str) -> tuple[str, Piece]:
        """A program that is started, with all of the project that it imports."""
        try:
            digest = program_digest(Path(path), Path(self.root))
        except OSError:
            digest = ""
        shown = self.relative(path)
        return digest, Piece("file", shown, digest, shown)

    def plugins(self, group: str) -> tuple[str, Piece]:
        """What is registered under a group of entry points."""
        digest = plugins_digest(group)
        return digest, Piece("value", f"entry points {group}".strip(), digest)

    def relative(self, path: str) -> str:
        """A path as it is shown: below the root where it lies there."""
        return os.path.relpath(path, self.root) if inside(path, self.root) else path

    def sources(self) -> Iterator[str]:
        """All Python sources below the root, sorted."""
        for folder, names, files in os.walk(self.root):
            names[:] = sorted([one for one in names if one not in _SKIPPED and not one.startswith(".")])
            for one in sorted(files):
                if one.endswith(".py"):
                    yield f"{folder}/{one}"

    def module_names(self, folders: list[str]) -> list[str]:
        """The names by which the sources below the root can be imported."""
        found = []
        for file in self.sources():
            for folder in folders:
                if inside(file, folder):
                    parts = list(PurePath(file).relative_to(folder).with_suffix("").parts)
                    if parts[-1] == "__init__":
                        parts.pop()
                    if parts:
                        found.append(".".join(parts))
        return sorted(set(found))

    def folder_of(self, module: str) -> str:
        """The digest of an installed module that belongs to no distribution: of its files."""
        file = getattr(sys.modules.get(module), "__file__", None)
        if not file:
            return ""
        place = Path(file)
        files = sorted(place.parent.rglob("*.py")) if place.name == "__init__.py" else [place]
        parts = []
        for one in files:
            try:
                parts.append(f"{one.name}:{blake3(one.read_bytes()).hexdigest()}")
            except OSError:
                parts.append(f"{one.name}:")
        return PREFIX + blake3("\n".join(parts).encode()).hexdigest()


def _evaluated(expression: Any, file: str, value_of: Callable[[str], Any]) -> str:
    kind = expression[0]
    if kind == "s":
        return str(expression[1])
    if kind == "F":
        return file
    if kind == "D":
        return _evaluated(expression[2], file, value_of)
    if kind == "n":
        value = value_of(expression[1])
        return os.fspath(value) if isinstance(value, str | PurePath) else ""
    if kind == "i":
        value = value_of(expression[1])
        try:
            value = value[expression[2]] if isinstance(value, dict | list | tuple) else None
        except (KeyError, IndexError, TypeError):
            value = None
        return os.fspath(value) if isinstance(value, str | PurePath) else ""
    if kind == "p":
        return value_of(f"@{expression[1]}") or ""
    parts = [_evaluated(one, file, value_of) for one in expression[1:]]
    if not all(parts):
        return ""
    if kind == "d":
        return str(PurePath(parts[0]).parent)
    return str(PurePath(*parts)) if kind == "/" else "".join(parts)
