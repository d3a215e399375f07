"""Hidden inputs: files that a step reads and nobody declared.

An audit hook sees every `open` of Python; light wrappers see the readers of polars and pyarrow, which open files in
native code (pandas goes through one or the other). Code, installed packages, system files, the state folder, declared
`Path` parameters, and what the task itself wrote are not hidden inputs. Reads by other native code are not seen.
"""
# ruff: noqa: PTH100, PTH110, PTH111, PTH120, PTH207, PLW0603 - this runs at each open: paths are text; what is watched is a matter of the process

import os
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from types import FrameType, ModuleType
from typing import Any

from penstock.work.failures import is_user_file, relative
from penstock.work.imports import after_import

__all__ = ["Watch", "install"]

_CODE = (".py", ".pyc", ".pyi", ".so", ".pyd", ".dylib", ".pth", ".dll")
_SYSTEM = ("/proc/", "/sys/", "/dev/", "/etc/", "/usr/", "/lib/", "/lib64/", "/bin/", "/sbin/", "/run/", "/nix/store/")
_WRITING = os.O_CREAT | os.O_TRUNC

_watch: "Watch | None" = None
_installed = False


class Watch:
    """Notices reads while it is entered. `found` maps each path to the user's line that read it first.

    `ignored` are folders and files that don't count.
    """

    def __init__(self, root: str, ignored: Iterable[str] = ()) -> None:
        self.found: dict[str, str] = {}
        self._root = root
        self._written: set[str] = set()
        own = [os.path.abspath(one) for one in ignored if one]
        self._own = set(own)
        self._ignored = (*_places(), *[f"{one}{os.sep}" for one in own])

    def __enter__(self) -> "Watch":
        global _watch
        self._outer, _watch = _watch, self
        return self

    def __exit__(self, *_: object) -> None:
        global _watch
        _watch = self._outer

    def opened(self, name: Any, flags: Any) -> None:
        """A file is being opened by Python."""
        if name.__class__ is not str:
            if isinstance(name, int):
                return
            name = os.fsdecode(name)
        if name.endswith(_CODE) or name.startswith(self._ignored):
            return
        if isinstance(flags, int):
            access = flags & os.O_ACCMODE
            if access == os.O_WRONLY or flags & _WRITING:
                self._written.add(os.path.abspath(name))
                return
        self.read(name)

    def read(self, name: Any) -> None:
        """A file or folder is being read; patterns are expanded, addresses of other machines passed over."""
        if isinstance(name, list | tuple | set | frozenset):
            for one in name:
                self.read(one)
            return
        try:
            text = os.fsdecode(os.fspath(name))
        except TypeError:
            return  # an open file: seen when it was opened; or bytes in memory
        if "://" in text:
            if not text.startswith("file://"):
                return
            text = text[len("file://") :]
        path = os.path.abspath(os.path.expanduser(text))
        if any(mark in path for mark in "*?[") and not os.path.exists(path):
            import glob

            self.read(glob.glob(path, recursive=True))
            return
        if path in self.found or path in self._written or path in self._own:
            return
        if path.startswith(self._ignored) or path.endswith(_CODE):
            return
        if any(part in path for part in ("/site-packages/", "/dist-packages/", "/__pycache__/")):
            return
        if os.path.exists(path):
            self.found[path] = self._line()

    def _line(self) -> str:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            file = frame.f_code.co_filename
            if is_user_file(file):
                return f"{relative(file, self._root)}:{frame.f_lineno}"
            frame = frame.f_back
        return ""


def install() -> None:
    """Watch from now on, whenever a `Watch` is entered. Once per process; an audit hook can't be taken away."""
    global _installed
    if _installed:
        return
    _installed = True
    sys.addaudithook(_audit)
    for module, names in _READERS.items():
        after_import(module, _wrapping(names))


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    watch = _watch
    if watch is None:
        return
    if event == "open":
        try:
            watch.opened(arguments[0], arguments[2])
        except Exception:  # what is watched must not fail because it is watched
            pass
    elif event == "sqlite3.connect":
        try:
            watch.read(arguments[0])
        except Exception:
            pass


_places_seen: tuple[str, ...] = ()


def _places() -> tuple[str, ...]:
    global _places_seen
    if not _places_seen:
        home = os.path.expanduser("~")
        own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        folders = {sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.dirname(os.__file__), own}
        # A prefix of "/" (or the like) would hide everything.
        folders = {folder for folder in folders if len(folder) > len(os.sep) and folder not in {"/usr", home}}
        settings = {
            f"{home}/{name}/" for name in (".cache", ".config", ".local", ".ipython", ".jupyter", ".matplotlib")
        }
        _places_seen = (*_SYSTEM, *[folder.rstrip(os.sep) + os.sep for folder in sorted(folders)], *sorted(settings))
    return _places_seen


_READERS = {
    "polars": ("read_* scan_*",),
    "pyarrow.parquet": (
        "read_table",
        "read_pandas",
        "read_metadata",
        "read_schema",
        "ParquetFile",
        "ParquetDataset",
    ),
    "pyarrow.csv": ("read_csv", "open_csv"),
    "pyarrow.json": ("read_json", "open_json"),
    "pyarrow.feather": ("read_table", "read_feather"),
    "pyarrow.orc": ("read_table", "ORCFile"),
    "pyarrow.dataset": ("dataset",),
    "pyarrow": ("memory_map",),
}


def _wrapping(names: tuple[str, ...]) -> Callable[[ModuleType], None]:
    def wrap_all(module: ModuleType) -> None:
        listed = names
        if listed == ("read_* scan_*",):
            listed = tuple([name for name in vars(module) if name.startswith(("read_", "scan_"))])
        for name in listed:
            reader = module.__dict__.get(name)
            try:
                if isinstance(reader, type):
                    reader.__init__ = _noticing(reader.__init__, 1)  # type: ignore[misc]
                elif callable(reader):
                    setattr(module, name, _noticing(reader, 0))
            except (TypeError, AttributeError):  # a class in native code can't be wrapped
                pass

    return wrap_all


def _noticing(reader: Callable[..., Any], place: int) -> Callable[..., Any]:
    @wraps(reader)
    def read(*args: Any, **kwargs: Any) -> Any:
        watch = _watch
        if watch is not None:
            try:
                if len(args) > place:
                    watch.read(args[place])
                elif kwargs:
                    watch.read(next(iter(kwargs.values())))
            except Exception:
                pass
        return reader(*args, **kwargs)

    return read
