"""The importer of the user's project: what is in memory is what was hashed.

Python checks its own bytecode by the seconds and the size of a file, and so misses an edit in the same second that keeps the
size. Here the source is read, hashed, and its code and facts are taken from the shelf by that hash. Each pipeline
file has its own set of modules, so that two pipelines in one process never see each other's.
"""

import contextlib
import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from blake3 import blake3

from penstock.declare.facts import Facts, Shelf
from penstock.declare.folders import Folders
from penstock.declare.places import inside, place_of

__all__ = ["Loaded", "Project", "Session", "session_of"]

_Signature = tuple[int, int, int, int]
_LARGE = 1_000_000  # bytes: what is larger is data, and no part of the sources
_RACY = 2_000_000_000  # nanoseconds: coarser clocks of file systems than this are not in use


class Loaded:
    """A source file of the project as it was read: its bytes, facts and module."""

    __slots__ = ("data", "facts", "file", "late", "module", "name", "racy", "reads", "signature")

    def __init__(self, name: str, file: str, data: bytes, facts: Facts, signature: _Signature, racy: bool) -> None:
        self.name = name
        self.file = file
        self.data = data
        self.facts = facts
        self.signature = signature
        self.racy = racy
        self.module: ModuleType | None = None
        self.late = False
        self.reads: dict[str, tuple[int, bytes]] = {}  # path -> (line that read it, digest of its content)

    def differs(self) -> bool:
        """Whether the file's content is another than what was loaded."""
        signature = _signature(self.file)
        if signature == self.signature and not self.racy:
            return False
        try:
            data = Path(self.file).read_bytes()
        except OSError:
            return True
        if data != self.data:
            return True
        if signature is not None:
            self.signature, self.racy = signature, _is_racy(signature)
        return False


class Session:
    """One pipeline file with the project modules that loading it brought in."""

    def __init__(self, root: Path, file: Path, shelf: Shelf) -> None:
        self.root = str(root)
        self.file = str(file)
        self.shelf = shelf
        self.loaded: dict[str, Loaded] = {}
        self.watched: dict[str, Loaded] = {}  # modules known by their text alone
        self._listed: list[Loaded] | None = None
        self.main = ""
        self.paths: list[str] = []  # where this session's modules are imported from
        self.added: list[str] = []  # those of them that were not on `sys.path` before
        self.stack: list[str] = []
        self.loading = False
        self.pending: list[Loaded] = []
        self.graph: Any = None  # what `closure` knows of this session
        self.settled: Callable[[Session, Sequence[Loaded]], None] | None = None
        self._specs: dict[str, ModuleSpec | None] = {}
        self._folders: Folders | None = None

    # --- what other parts ask

    def is_project(self, file: str) -> bool:
        """Whether a source file is the user's own."""
        return place_of(file) == "project"

    def spec_of(self, name: str) -> ModuleSpec | None:
        """Where a module would be found, without importing anything."""
        if name not in self._specs:
            self._specs[name] = self._find(name)
        return self._specs[name]

    def _find(self, name: str) -> ModuleSpec | None:
        parent = name.rpartition(".")[0]
        folders: Any = None
        if parent:
            above = self.spec_of(parent)
            if above is None or above.submodule_search_locations is None:
                return None
            folders = list(above.submodule_search_locations)
        with contextlib.suppress(ImportError, AttributeError, ValueError):
            for finder in sys.meta_path:
                if not isinstance(finder, _Finder):
                    found = finder.find_spec(name, folders)
                    if found is not None:
                        return found
        return None

    # --- loading

    def load(self) -> ModuleType:
        """The pipeline's module, imported now."""
        self.forget()
        _activate(self)
        importlib.invalidate_caches()
        self._specs.clear()
        name, folder = _module_name(Path(self.file))
        self._add_paths(folder)
        self.main = name
        self.loading = True
        try:
            spec = ModuleSpec(name, _Loader(name, self.file), origin=self.file)
            spec.has_location = True
            module = self._run(spec)
        except BaseException:
            self.forget()
            raise
        finally:
            self.loading = False
        packages = [one.file for one in self.loaded.values() if one.file.endswith("/__init__.py")]
        self._folders = Folders([*self.paths, *[file.rpartition("/")[0] for file in packages]])
        self.settle()
        return module

    def _run(self, spec: ModuleSpec) -> ModuleType:
        if "." in spec.name:
            importlib.import_module(spec.name.rpartition(".")[0])
        module = module_from_spec(spec)
        sys.modules[spec.name] = module
        assert spec.loader is not None
        try:
            spec.loader.exec_module(module)
        except BaseException:
            sys.modules.pop(spec.name, None)
            raise
        return sys.modules.get(spec.name, module)

    def forget(self) -> None:
        """Take this session's modules out of the process."""
        for one in self.loaded.values():
            if sys.modules.get(one.name) is one.module and one.module is not None:
                del sys.modules[one.name]
        self.loaded.clear()
        self.watched.clear()
        self._listed = None
        self.pending.clear()
        self.graph = None

    def restore(self) -> None:
        """Put this session's modules back where imports find them."""
        for one in self.loaded.values():
            if one.module is not None:
                sys.modules[one.name] = one.module
        self._put_paths()

    def retire(self) -> None:
        """Take modules and folders out of the way of another session."""
        for one in self.loaded.values():
            if one.module is not None and sys.modules.get(one.name) is one.module:
                del sys.modules[one.name]
        for folder in self.added:
            with contextlib.suppress(ValueError):
                sys.path.remove(folder)
        self.added.clear()

    def _add_paths(self, folder: str) -> None:
        wanted = [folder, self.root]
        if (Path(self.root) / "src").is_dir() and not (Path(self.root) / "src" / "__init__.py").exists():
            wanted.append(f"{self.root}/src")
        # All of them, whoever put them on the path: a worker, started in another way, must find the same modules.
        self.paths = list(dict.fromkeys(wanted))
        self._put_paths()

    def _put_paths(self) -> None:
        for one in reversed(self.paths):
            if one not in sys.path:
                sys.path.insert(0, one)
                self.added.append(one)

    # --- called by the loader

    def source(self, name: str, file: str) -> tuple[Loaded, Any]:
        """Read a source file for import."""
        before = time.time_ns()
        signature = _signature(file) or (0, 0, 0, 0)
        data = Path(file).read_bytes()
        facts, code = self.shelf.read(data, file)
        loaded = Loaded(name, file, data, facts, signature, signature[1] > before - _RACY)
        loaded.late = not self.loading
        if name in self.loaded:
            self.graph = None  # reloaded: what was known of it is no longer so
        self.loaded[name] = loaded
        self._listed = None
        return loaded, code

    def watch(self, name: str, file: str) -> Loaded:
        """Read a source file that is not imported (yet), and notice from now on when it changes."""
        known = self.watched.get(name)
        if known is None:
            before = time.time_ns()
            signature = _signature(file) or (0, 0, 0, 0)
            data = Path(file).read_bytes()
            racy = signature[1] > before - _RACY
            self._listed = None
            known = self.watched[name] = Loaded(name, file, data, self.shelf.facts(data, file), signature, racy)
        return known

    @contextlib.contextmanager
    def executing(self, name: str) -> Iterator[None]:
        """While a module of the project runs: what it opens is noted."""
        self.stack.append(name)
        try:
            yield
        finally:
            self.stack.pop()
            if not self.stack and not self.loading:
                self.settle()

    def settle(self) -> None:
        """Importing is over and no step has run yet: the time to look at the modules' values."""
        pending, self.pending = self.pending, []
        if pending and self.settled is not None:
            self.settled(self, pending)

    def opened(self, path: str) -> None:
        """A file was opened for reading while a module of the project was being imported."""
        file = os.path.realpath(path)
        if file.endswith((".py", ".pyc", ".pyi", ".so", ".pyd", ".pth")) or not Path(file).is_file():
            return
        if place_of(file) != "project" or file.startswith(("/proc/", "/sys/", "/dev/", "/etc/", "/usr/", "/run/")):
            return
        if self.shelf.folder is not None and inside(file, os.path.realpath(self.shelf.folder)):
            return
        frame: Any = sys._getframe(2)
        while frame is not None:
            if frame.f_code.co_name == "<module>":
                loaded = self.loaded.get(frame.f_globals.get("__name__", ""))
                if loaded is not None and frame.f_code.co_filename == loaded.file:
                    break
            frame = frame.f_back
        if frame is None or loaded is None or file in loaded.reads:
            return
        stack, self.stack = self.stack, []  # reading it ourselves is not the module's doing
        try:
            loaded.reads[file] = (frame.f_lineno, blake3(Path(file).read_bytes()).digest())
        except OSError:
            pass
        finally:
            self.stack = stack

    def changed(self) -> list[Path]:
        """Source files whose content is another than what was loaded, and those that appeared or went."""
        found = list(dict.fromkeys([Path(one.file) for one in self._files() if one.differs()]))
        if self._folders is not None:
            found += [one for one in self._folders.changed() if one not in found]
        return found

    def _files(self) -> list[Loaded]:
        """Each source file, once for each content that it was read with: what a step imports may be another than what its
        closure was made of, and one of the two then differs for good. Made anew only after something was read."""
        if self._listed is None:
            files = {(one.file, one.data): one for one in [*self.watched.values(), *self.loaded.values()]}
            self._listed = list(files.values())
        return self._listed

    def read_files(self) -> Iterator[tuple[str, bytes]]:
        """The files of at most a megabyte that import read, as it read them."""
        for one in self.loaded.values():
            for path, (_, digest) in one.reads.items():
                with contextlib.suppress(OSError):
                    if (
                        Path(path).stat().st_size <= _LARGE
                        and blake3(data := Path(path).read_bytes()).digest() == digest
                    ):
                        yield path, data

    def read_again(self) -> bool:
        """Whether a file that import read has other content now."""
        for one in self.loaded.values():
            for path, (_, digest) in one.reads.items():
                try:
                    if blake3(Path(path).read_bytes()).digest() != digest:
                        return True
                except OSError:
                    return True
        return False


class Project:
    """The user's project: its root folder, and the modules that pipelines load from it.

    `cache` is a folder for compiled code and facts; None keeps them in memory.
    """

    def __init__(self, root: Path, cache: Path | None) -> None:
        self.root = Path(root).absolute()
        self.cache = cache
        self.session: Session | None = None

    def load(self, file: Path) -> ModuleType:
        """Import a pipeline file: anew if anything it loaded was edited since, else the same module again.

        Raises what the file itself raises.
        """
        file = Path(file).absolute()
        key = (str(self.root), str(file))
        session = _sessions.get(key)
        if session is None:
            session = _sessions[key] = Session(self.root, file, _shelf(self.cache))
        self.session = session
        known = session.loaded.get(session.main)
        if known is not None and known.module is not None and not session.changed() and not session.read_again():
            _activate(session)
            return known.module
        from penstock.declare.closure import settle

        session.settled = settle
        return session.load()

    def changed(self) -> list[Path]:
        """The project's source files, imported so far, that were edited since they were loaded."""
        return self.session.changed() if self.session is not None else []

    def sources(self) -> dict[Path, bytes]:
        """The project's own source files by path relative to the root: those loaded, those that they reach, and other files
        of the project that import read, unless they are large."""
        if self.session is None:
            return {}
        from penstock.declare.closure import reachable_sources

        found: dict[Path, bytes] = {}
        for file, data in reachable_sources(self.session).items():
            inside_root = inside(file, str(self.root))
            found[Path(file).relative_to(self.root) if inside_root else Path(file)] = data
        for file, data in self.session.read_files():
            if inside(file, str(self.root)):
                found.setdefault(Path(file).relative_to(self.root), data)
        return found


def session_of(namespace: dict[str, Any]) -> Session | None:
    """The session whose module has this namespace."""
    name = namespace.get("__name__", "")
    for session in ([_active] if _active else []) + list(_sessions.values()):
        loaded = session.loaded.get(name)
        if loaded is not None and loaded.module is not None and vars(loaded.module) is namespace:
            return session
    return None


class _Loader(SourceFileLoader):
    def get_code(self, fullname: str) -> Any:
        session = _active
        if session is None:
            return super().get_code(fullname)
        loaded, code = session.source(fullname, self.path)
        loaded.module = sys.modules.get(fullname)
        session.pending.append(loaded)
        return code

    def exec_module(self, module: ModuleType) -> None:
        session = _active
        if session is None:
            super().exec_module(module)
            return
        with session.executing(module.__name__):
            code = self.get_code(module.__name__)
            session.loaded[module.__name__].module = module
            try:
                exec(code, module.__dict__)  # noqa: S102 - what importing is
            except BaseException:
                session.loaded.pop(module.__name__, None)
                session.pending = [one for one in session.pending if one.name != module.__name__]
                raise


class _Finder:
    """Finds what others find, and loads the project's own sources through the shelf."""

    def __init__(self) -> None:
        self.busy = False

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if _active is None or self.busy:
            return None
        if path is None and name in sys.stdlib_module_names:
            return None
        self.busy = True
        try:
            for finder in sys.meta_path:
                if finder is self:
                    continue
                find = getattr(finder, "find_spec", None)
                spec = find(name, path, target) if find is not None else None
                if spec is not None:
                    return self._ours(spec)
        finally:
            self.busy = False
        return None

    def _ours(self, spec: ModuleSpec) -> ModuleSpec:
        if type(spec.loader) is SourceFileLoader and spec.origin and place_of(spec.origin) == "project":
            spec.loader = _Loader(spec.name, spec.origin)
            spec.cached = None
        return spec


_sessions: dict[tuple[str, str], Session] = {}
_shelves: dict[str, Shelf] = {}
_active: Session | None = None
_finder = _Finder()
_hooked = False


def _shelf(folder: Path | None) -> Shelf:
    key = str(folder) if folder is not None else ""
    if key not in _shelves:
        _shelves[key] = Shelf(folder)
    return _shelves[key]


def _activate(session: Session) -> None:
    global _active, _hooked  # noqa: PLW0603 - as sys.modules, there is one
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    if not _hooked:
        sys.addaudithook(_audit)
        _hooked = True
    if _active is session:
        session.restore()
        return
    if _active is not None:
        _active.retire()
    _active = session
    session.restore()


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event != "open" or _active is None or not _active.stack:
        return
    path, mode, flags = args
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if not isinstance(path, str):
        return
    if mode is None:
        if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR):
            return
    elif set(mode) & set("wax+"):
        return
    _active.opened(path)


def _signature(file: str) -> _Signature | None:
    try:
        found = os.stat(file)  # noqa: PTH116 - many times, for a text path
    except OSError:
        return None
    return (found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns)


def _is_racy(signature: _Signature) -> bool:
    return max(signature[1], signature[3]) > time.time_ns() - _RACY


def _module_name(file: Path) -> tuple[str, str]:
    """The name under which a pipeline file is imported, and the folder from which."""
    stem = file.stem if file.stem.isidentifier() else "".join(one if one.isalnum() else "_" for one in file.stem)
    parts, folder = [stem], file.parent
    while (folder / "__init__.py").is_file() and folder.name.isidentifier():
        parts.insert(0, folder.name)
        folder = folder.parent
    name = ".".join(parts)
    known = sys.modules.get(name)
    other = getattr(known, "__file__", None) if known is not None else None
    if (
        name in sys.stdlib_module_names
        or name == "penstock"
        or (known is not None and place_of(other or "<frozen") != "project")
    ):
        name = f"pipeline_{name}"
    return name, str(folder)
