"""Facts of a source file, told by its text alone, and the folder that keeps them beside the compiled code.

An entry is named by the content's digest, the file's path, the version of Python and the scheme of these facts, and
carries its own checksum: a damaged or foreign entry is a miss, never an error.
"""

import contextlib
import marshal
import os
import sys
from pathlib import Path
from types import CodeType

import msgspec
from blake3 import blake3
from msgspec import Struct

__all__ = ["SCHEME", "Facts", "Shelf", "Unit"]

SCHEME = "facts-3"
"""Another number makes every kept entry a miss."""


class Unit(Struct, array_like=True, gc=False):
    """A module-level statement, or a function, lambda or class at any depth.

    `kind`: `def`, `lambda`, `class`, `import`, `assign` (binds names), `do` (binds nothing), `header` (the condition
    over other units). `name` is the qualified name of a scope; `binds` the module-level names that it binds.
    `digest` is of the normalised source, `exact` with docstrings and type hints too, `bare` without literal defaults.
    `reads` are the free names with their attributes (`np.mean`), imports resolved as `@level:module:name.attribute`,
    marks that begin with `!`, and names that texts speak of (`?name`, `?=name` for a variable). `calls` are those that it calls, `acts` what it changes (`=name`) or calls for effect alone
    (`name`). `files` are expressions of paths that it reads, `wrote` of those it writes; `variables` names of the environment.
    `state` are free variables of the enclosing function that somebody rebinds.
    """

    kind: str
    name: str
    binds: tuple[str, ...]
    parent: int
    under: int
    line: int
    last: int
    column: int
    digest: str
    exact: str
    bare: str
    reads: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    wrote: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    literal: bool = False


class Facts(Struct, array_like=True):
    """What a source file's text tells. `names` maps a module-level name to the units that bind it; `stars` are the
    units of star imports; `imports` the modules that importing it imports (`@level:module:name`); `normal` the digest of all of it,
    normalised, and `exact` with docstrings and hints."""

    units: tuple[Unit, ...]
    names: dict[str, tuple[int, ...]]
    stars: tuple[int, ...]
    imports: tuple[str, ...]
    normal: str
    exact: str


class _Entry(Struct, array_like=True):
    facts: Facts
    code: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Entry).decode
_PYTHON = f"{sys.implementation.cache_tag}-{sys.flags.optimize}"


class Shelf:
    """Facts and compiled code of source files by content, in memory and (with a folder) between processes."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._held: dict[tuple[str, bytes], tuple[Facts, CodeType]] = {}

    def read(self, data: bytes, path: str) -> tuple[Facts, CodeType]:
        """Facts and code of a source. Raises `SyntaxError` or `ValueError` as compiling does."""
        return self._both(data, path, blake3(data).digest())

    def facts(self, data: bytes, path: str) -> Facts:
        """The facts alone."""
        return self.read(data, path)[0]

    def _both(self, data: bytes, path: str, digest: bytes) -> tuple[Facts, CodeType]:
        key = (path, digest)
        held = self._held.get(key)
        if held is not None:
            return held
        name = blake3(b"\0".join([digest, path.encode(), SCHEME.encode(), _PYTHON.encode()])).hexdigest()[:40]
        found = self._load(name)
        if found is None:
            from penstock.declare.reading import read_source

            found = read_source(data, path)
            self._save(name, found)
        self._held[key] = found
        return found

    def _load(self, name: str) -> tuple[Facts, CodeType] | None:
        if self.folder is None:
            return None
        try:
            held = (self.folder / name[:2] / name).read_bytes()
            body = memoryview(held)[32:]
            if held[:32] != blake3(body).digest():
                return None
            entry = _decode(body)
            code = marshal.loads(entry.code)  # noqa: S302 - our own folder, checked above
        except (OSError, ValueError, EOFError, TypeError, msgspec.MsgspecError):
            return None
        return (entry.facts, code) if isinstance(code, CodeType) else None

    def _save(self, name: str, found: tuple[Facts, CodeType]) -> None:
        if self.folder is None:
            return
        body = _encode(_Entry(found[0], marshal.dumps(found[1])))
        place = self.folder / name[:2] / name
        beside = place.with_name(f".{name}.{os.getpid()}")
        # A folder that can't be written costs time, not correctness.
        with contextlib.suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(blake3(body).digest() + body)
            beside.replace(place)
