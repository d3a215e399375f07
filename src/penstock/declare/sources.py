"""Whose a module is and what is known of it: views of the project's modules, packages of everybody else's."""

import sys
from types import CodeType, FunctionType, ModuleType

from penstock.declare.facts import Shelf
from penstock.declare.inputs import Inputs
from penstock.declare.nodes import Node
from penstock.declare.packages import Packages
from penstock.declare.places import owner_of, place_of
from penstock.declare.project import Session, session_of
from penstock.declare.views import View, absolute_module, cell_source
from penstock.model.code import Piece, PieceKind
from penstock.model.digest import digest_bytes

__all__ = ["Sources", "read_bytes"]


class Sources:
    """The modules around the code of one session (or, without one, around a notebook's functions)."""

    def __init__(self, session: Session | None, root: str, shelf: Shelf, packages: Packages) -> None:
        self.session = session
        self.root = root
        self.shelf = shelf
        self.packages = packages
        self.inputs = Inputs(root, shelf.folder)
        self.leaves: dict[str, Node] = {}
        self._views: dict[str, View | None] = {}
        self._foreign_views: dict[tuple[str, int], View | None] = {}
        self._owners: dict[str, str] = {}
        self._sides: dict[str, list[Node]] = {}
        self._reached: list[View] | None = None

    def view(self, name: str) -> View | None:
        """A module of the project: live if the pipeline's import brought it in, else as text. None if it is not the project's."""
        if name in self._views:
            return self._views[name]
        found = self._views[name] = self._view(name)
        return found

    def _view(self, name: str) -> View | None:
        session = self.session
        if session is not None:
            loaded = session.loaded.get(name)
            if loaded is not None and loaded.module is not None:
                namespace = None if loaded.late else vars(loaded.module)
                return View(name, loaded.file, loaded.facts, loaded.data, namespace, self.root, loaded)
            spec = session.spec_of(name)
            origin = spec.origin if spec is not None and spec.has_location else None
        else:
            origin = None
        module = sys.modules.get(name)
        file = getattr(module, "__file__", None) if module is not None else origin
        if not file or not file.endswith(".py") or place_of(file) != "project":
            return None
        try:
            if module is None and session is not None:
                loaded = session.watch(name, file)
                return View(name, file, loaded.facts, loaded.data, None, self.root, loaded)
            source = cell_source(file)
            if source is None:
                return None
            facts, code = self.shelf.read(source, file)
        except (OSError, SyntaxError, ValueError):
            return None
        # Text on disk may be newer than what is in memory: then it says nothing of what will run.
        if module is not None and not _codes(code).issuperset(_live_codes(module, file)):
            return None
        return View(name, file, facts, source, vars(module) if module is not None else None, self.root, keeps=False)

    def compiled_file(self, name: str) -> str:
        """The file of a module of the project that is not Python source, "" if there is none."""
        module = sys.modules.get(name)
        file = getattr(module, "__file__", None)
        if file is None and self.session is not None and (spec := self.session.spec_of(name)) is not None:
            file = spec.origin if spec.has_location else None
        return file if file and not file.endswith(".py") and place_of(file) == "project" else ""

    def project_digest(self) -> str:
        """The digest of all sources of the project as they are now, normalised."""
        parts = []
        for file in self.inputs.sources():
            name = file.removeprefix(self.root)
            try:
                data = read_bytes(file)
                parts.append(f"{name}:{self.shelf.facts(data, file).normal}")
            except OSError:
                parts.append(f"{name}:")
            except (SyntaxError, ValueError):
                parts.append(f"{name}:{digest_bytes(data)}")
        return digest_bytes("\n".join(parts).encode())

    def live_views(self) -> list[View]:
        """The modules of this session that are imported."""
        names = list(self.session.loaded) if self.session is not None else []
        return [view for name in names if (view := self.view(name)) is not None and view.namespace is not None]

    def all_views(self) -> list[View]:
        """The modules of the project that the pipeline's file reaches by imports of any kind, imports inside functions too."""
        if self._reached is None or self.session is None:
            found: dict[int, View] = {}
            waiting = self.live_views()
            while waiting:
                view = waiting.pop()
                if id(view) in found:
                    continue
                found[id(view)] = view
                for unit in view.facts.units:
                    for read in unit.reads:
                        if read[0] == "+" and self.is_project(read[1:]):
                            waiting.extend(self.views_along(self.absolute(view, read[1:])))
            self._reached = sorted(found.values(), key=lambda one: one.name)
        return self._reached

    def views_along(self, module: str) -> list[View]:
        """A module of the project and the packages around it, which importing it imports."""
        parts = module.split(".")
        found = [self.view(".".join(parts[: size + 1])) for size in range(len(parts))]
        return [one for one in found if one is not None]

    def view_for(self, function: FunctionType) -> View | None:
        """The view of the module or cell that a live function was compiled from."""
        namespace, file = function.__globals__, function.__code__.co_filename
        view = self.view(namespace.get("__name__", ""))
        if view is not None and view.namespace is namespace and view.file == file:
            return view
        key = (file, id(namespace))
        if key not in self._foreign_views:
            self._foreign_views[key] = self._foreign(function, file)
        return self._foreign_views[key]

    def _foreign(self, function: FunctionType, file: str) -> View | None:
        namespace = function.__globals__
        name = namespace.get("__name__", "")
        session = session_of(namespace)
        source = (
            session.loaded[name].data
            if session is not None and session.loaded[name].file == file
            else cell_source(file)
        )
        if source is None:
            return None
        try:
            facts, code = self.shelf.read(source, file)
        except (SyntaxError, ValueError):
            return None
        view = View(name, file, facts, source, namespace, self.root, keeps=False)
        # Text on disk may be newer than what is in memory: then it says nothing of this function.
        if session is None and function.__code__ not in _codes(code):
            return None
        return view

    def stars(self, view: View) -> list[View]:
        """The modules of the project that a module takes all names from."""
        found = []
        for index in view.facts.stars:
            for read in view.facts.units[index].reads:
                if read[0] == "+":
                    other = self.view(self.absolute(view, read[1:]))
                    if other is not None:
                        found.append(other)
        return found

    def star_home(self, view: View, name: str) -> View | None:
        """The module that a name comes from by star imports, of whatever depth."""
        waiting, seen = self.stars(view), {id(view)}
        while waiting:
            one = waiting.pop(0)
            if id(one) in seen:
                continue
            seen.add(id(one))
            if name in one.facts.names:
                return one
            waiting.extend(self.stars(one))
        return None

    def absolute(self, view: View, target: str) -> str:
        """The module of `@level:module:name`; the submodule, if `name` is one."""
        level, module, name = target[1:].split(":", 2)
        base = absolute_module(int(level), module, view.package)
        if name and name != "*":
            inner = f"{base}.{name.partition('.')[0]}"
            above = self.view(base)
            if (above is None or name.partition(".")[0] not in above.facts.names) and self.view(inner) is not None:
                return inner
        return base

    def is_project(self, target: str) -> bool:
        """Whether an import leads into the project."""
        level, module, _ = target[1:].split(":", 2)
        return level != "0" or self.top_owner(module) in ("project", "")

    def is_folder(self, name: str) -> bool:
        if self.session is None:
            return name in sys.modules
        spec = self.session.spec_of(name)
        return spec is not None and spec.submodule_search_locations is not None

    def module_names(self) -> list[str]:
        """All modules that the project's folders hold."""
        return self.inputs.module_names(self.session.paths if self.session is not None else [self.root])

    def top_owner(self, module: str) -> str:
        """Whose a module's top-level package is: `project`, `installed`, `stdlib`, `penstock` or `` (nobody's)."""
        top = module.partition(".")[0]
        found = self._owners.get(top)
        if found is None:
            found = owner_of(top)
            if not found:
                spec = self.session.spec_of(top) if self.session is not None else None
                if spec is not None:
                    folders = list(spec.submodule_search_locations or ())
                    place = spec.origin if spec.has_location and spec.origin else (f"{folders[0]}/" if folders else "")
                    found = place_of(place) if place else "stdlib"
                elif top in sys.stdlib_module_names:
                    found = "stdlib"
            if found == "installed" and not self.packages.of(top):
                found = "loose"
            self._owners[top] = found
        return found

    def owned(self, cls: type) -> bool:
        """Whether a class is the project's own."""
        return self.top_owner(getattr(cls, "__module__", "") or "") in ("project",) or cls.__module__ == "__main__"

    def leaf(self, kind: PieceKind, name: str, digest: str) -> Node:
        """A node without a way on: a package, the interpreter, a file, a variable."""
        key = f"{kind}:{name}"
        found = self.leaves.get(key)
        if found is None:
            found = self.leaves[key] = Node(f"{key}:{digest}", Piece(kind, name, digest))
        return found

    def package(self, module: str) -> list[Node]:
        """The distributions that a module comes from."""
        top = module.partition(".")[0]
        owner = self.top_owner(top)
        if owner == "loose":
            return [self.leaf("package", top, self.inputs.folder_of(top))]
        return [self.leaf("package", name, version) for name, version in self.packages.of(top)]

    def beside(self, module: str) -> list[Node]:
        """A distribution outside of `site-packages` whose metadata lies beside its modules: its version counts as well."""
        top = module.partition(".")[0]
        known = self._sides.get(top)
        if known is None:
            known = []
            loaded = sys.modules.get(top)
            file = getattr(loaded, "__file__", None) or ""
            if not file and self.session is not None and (spec := self.session.spec_of(top)) is not None:
                file = spec.origin or ""
            if file:
                folder = file.rpartition("/")[0]
                folder = folder.rpartition("/")[0] if file.endswith("/__init__.py") else folder
                known = [self.leaf("package", one, version) for one, version in self.packages.beside(top, folder)]
            self._sides[top] = known
        return known


def read_bytes(file: str) -> bytes:
    with open(file, "rb") as opened:  # noqa: PTH123 - a text path, many times
        return opened.read()


def _codes(code: CodeType) -> set[CodeType]:
    """A code object and all inside it."""
    found: set[CodeType] = set()
    waiting = [code]
    while waiting:
        one = waiting.pop()
        found.add(one)
        waiting.extend([const for const in one.co_consts if isinstance(const, CodeType)])
    return found


def _live_codes(module: ModuleType, file: str) -> set[CodeType]:
    """The code of a module's functions and methods that came from its file."""
    found: set[CodeType] = set()
    for value in vars(module).values():
        held = vars(value).values() if isinstance(value, type) else [value]
        found.update(
            [one.__code__ for one in held if isinstance(one, FunctionType) and one.__code__.co_filename == file]
        )
    return found
