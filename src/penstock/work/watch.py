"""Hidden inputs: files that a step reads and nobody declared, and what it asks of the folders around them.

An audit hook sees every `open` of Python; light wrappers see the readers of polars and pyarrow, which open files in
native code (pandas goes through one or the other). A file that is tried and not there, and a folder that the user's own
code lists, count as well: what is not there now may be there later. Code, installed packages, system files, the state folder, declared
`Path` parameters, and what the task itself wrote are not hidden inputs. Reads by other native code are not seen.
"""
# ruff: noqa: PTH100, PTH110, PTH111, PTH116, PTH118, PTH120, PTH206, PTH207, PLW0603 - this runs at each open: paths are text; what is watched is a matter of the process

import os
import re
import sys
import time
from collections.abc import Callable, Iterable
from functools import wraps
from types import FrameType, ModuleType
from typing import Any

from penstock.work.environ import Asked, notice
from penstock.work.failures import is_user_file, relative
from penstock.work.imports import after_import

__all__ = ["Watch", "install"]

_CODE = (".py", ".pyc", ".pyi", ".so", ".pyd", ".dylib", ".pth", ".dll")
_SYSTEM = ("/proc/", "/sys/", "/dev/", "/etc/", "/usr/", "/lib/", "/lib64/", "/bin/", "/sbin/", "/run/", "/nix/store/")
_WRITING = os.O_CREAT | os.O_TRUNC
_GRAIN = 20_000_000  # ns: clocks of file systems lag behind
_MAGIC = re.compile(r"[*?[]")
# Through these the user's own code lists folders.
_WALKERS = re.compile(r"(^<frozen os>|[/\\](os|glob|pathlib|shutil|fnmatch|genericpath)\.py|[/\\]pathlib[/\\]\w+\.py)$")
_PATTERNS = re.compile(r"[/\\](glob|pathlib)\.py$|[/\\]pathlib[/\\]\w+\.py$")
_PLAIN = ("iterdir", "walk")

_watch: "Watch | None" = None
_installed = False


_Signature = tuple[int, int, int]  # size, time of change in ns and inode: equal as long as nobody touched it


class Watch:
    """Notices reads while it is entered. `found` maps each path to the user's line that read it first.

    `beside` does so for files of the project that were tried and not there, and for listings of folders, as patterns;
    `asked` for environment variables.
    `ignored` are folders and files that don't count, nor does any path `beginning` so.
    """

    def __init__(self, root: str, ignored: Iterable[str] = (), beginning: str = "") -> None:
        self.found: dict[str, str] = {}
        self.beside: dict[str, str] = {}
        self.asked = Asked(root)
        self._signed: dict[str, _Signature] = {}
        self._begun = time.time_ns()
        self._root = root
        self._written: set[str] = set()
        own = [_plain_path(one) for one in ignored if one]
        self._own = set(own)
        self._ignored = (*_places(), *[f"{one}{os.sep}" for one in own], *([beginning] if beginning else []))

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
        self.read(name, tried=True)

    def read(self, name: Any, *, tried: bool = False) -> None:
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
            self._note(path, self._line())
            return
        if path in self.found or path in self._written or path in self._own:
            return
        if path.startswith(self._ignored) or path.endswith(_CODE):
            return
        if any(part in path for part in ("/site-packages/", "/dist-packages/", "/__pycache__/")):
            return
        signature = _signature(path)
        if signature is not None:
            self._signed[path] = signature
            self.found[path] = self._line()
        elif tried and self._root and path.startswith(self._root.rstrip(os.sep) + os.sep):
            self.beside.setdefault(path, self._line())

    def listed(self, folder: Any, pattern: str = "*", *, below: bool = False) -> None:
        """A folder is being listed; `below` by its pattern alone, where what walks it would be seen as well."""
        line = _lister(below)
        if line:
            import glob

            text = os.path.abspath(os.fsdecode(folder if folder is not None else "."))
            self._note(os.path.join(glob.escape(text), pattern), line)

    def matched(self, pattern: Any) -> None:
        """`glob.glob` looks for a pattern."""
        line = _lister(True)
        if line:
            self._note(os.path.abspath(os.fsdecode(pattern)), line)

    def _note(self, pattern: str, line: str) -> None:
        base = _base(pattern)
        inner = base[len(self._root) :] if self._root and base.startswith(self._root) else ""
        if pattern in self.beside or base in self._own or f"{base}{os.sep}".startswith(self._ignored):
            return
        if any(part.startswith(".") or part == "__pycache__" for part in inner.split(os.sep)):
            return
        signature = _signature(base)
        if signature is not None:
            self._signed[pattern] = signature
            self.beside[pattern] = line

    def moved(self, path: str) -> bool:
        """Whether somebody else altered what was read, since it was read."""
        before = self._signed.get(path)
        place = _base(path) if path in self.beside else path
        after = _signature(place)
        if before == after:
            return False
        inside = place + os.sep
        return not any(one == path or one.startswith(inside) for one in self._written)

    def passing(self, path: str) -> bool:
        """Whether what was read is gone, and was made after the step began: its own temporary file or folder."""
        before = self._signed.get(path)
        place = _base(path) if path in self.beside else path
        return before is not None and before[1] >= self._begun - _GRAIN and not os.path.lexists(place)

    def _line(self) -> str:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            file = frame.f_code.co_filename
            if is_user_file(file):
                return f"{relative(file, self._root)}:{frame.f_lineno}"
            frame = frame.f_back
        return ""


def _plain_path(path: str) -> str:
    """The absolute path; most are that already."""
    plain = path.startswith("/") and not any(part in path for part in ("//", "/./", "/../"))
    return path.rstrip("/") or path if plain and not path.endswith(("/.", "/..")) else os.path.abspath(path)


def _signature(path: str) -> _Signature | None:
    try:
        info = os.stat(path)
    except (OSError, ValueError):
        return None
    return info.st_size, info.st_ctime_ns, info.st_ino


def _base(pattern: str) -> str:
    """The folder that a pattern begins with."""
    parts = pattern.split(os.sep)
    plain = next((place for place, part in enumerate(parts) if _MAGIC.search(_unescaped(part))), len(parts))
    return os.sep.join([re.sub(r"\[([*?[])\]", r"\1", part) for part in parts[:plain]]) or os.sep


def _unescaped(part: str) -> str:
    return re.sub(r"\[[*?[]\]", "", part)


def _lister(whole: bool) -> str:
    """The user's line that lists a folder by the means of the standard library; "" if a library does.

    A library that looks around is not what the step computes. Without `whole`, the walk behind a pattern does not count.
    """
    frame: FrameType | None = sys._getframe(3)
    walks = False
    while frame is not None:
        file, name = frame.f_code.co_filename, frame.f_code.co_name
        if is_user_file(file):
            return "" if walks else f"{relative(file, _watch._root if _watch is not None else '')}:{frame.f_lineno}"
        if not _WALKERS.search(file):
            return ""
        if not whole and _PATTERNS.search(file):
            walks = name not in _PLAIN
            whole = not walks
        frame = frame.f_back
    return ""


def install() -> None:
    """Watch from now on, whenever a `Watch` is entered. Once per process; an audit hook can't be taken away."""
    global _installed
    if _installed:
        return
    _installed = True
    sys.addaudithook(_audit)
    notice(lambda: _watch.asked if _watch is not None else None)
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
    elif event in _OTHERS:
        try:
            if event == "sqlite3.connect":
                watch.read(arguments[0])
            elif event == "glob.glob":
                watch.matched(arguments[0])
            elif event.startswith("pathlib"):
                pattern = os.fspath(arguments[1])
                deep = event.endswith("rglob")
                watch.listed(arguments[0], f"**{os.sep}{pattern}" if deep else pattern, below=True)
            else:
                watch.listed(arguments[0])
        except Exception:
            pass


_OTHERS = frozenset(
    ("sqlite3.connect", "glob.glob", "os.listdir", "os.scandir", "pathlib.Path.glob", "pathlib.Path.rglob")
)


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
