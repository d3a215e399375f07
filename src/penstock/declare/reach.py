"""The reach of code as a graph of nodes: from a live function or class, by what its text reads, to what those names are.

Names are resolved in the live namespaces of imported modules, so that aliases, re-exports, star imports, conditional
definitions, wrappers and patches are what they really are; where a module is not imported (imports inside functions), the
text alone is followed. Nodes are filled when they are first visited, without recursion.
"""

import builtins
import sys
from collections.abc import Callable, Iterable
from types import FunctionType, MethodType, ModuleType
from typing import Any

from blake3 import blake3

from penstock.declare.effects import Effects
from penstock.declare.facts import Shelf, Unit
from penstock.declare.inputs import Inputs
from penstock.declare.packages import Packages
from penstock.declare.places import owner_of, place_of
from penstock.declare.project import Session, session_of
from penstock.declare.states import State, bytecode_token, state_of_class, state_of_function
from penstock.declare.values_of import Snapshot, snapshot
from penstock.declare.views import View, absolute_module, cell_source
from penstock.model.code import Piece, PieceKind
from penstock.model.digest import PREFIX

__all__ = ["Graph", "Node"]

_MISSING: Any = object()
_CODE = (FunctionType, type, ModuleType, MethodType)
_BUILTINS = frozenset(dir(builtins))
_INTROSPECTION = frozenset(
    "signature getsource getsourcelines getdoc getfullargspec get_annotations get_type_hints getcomments "
    "getcallargs".split()
)
_PLAIN_DECORATORS = frozenset(
    "property staticmethod classmethod wraps lru_cache cache cached_property total_ordering contextmanager "
    "asynccontextmanager abstractmethod overload final override no_type_check setter getter deleter singledispatch "
    "singledispatchmethod dataclass unique njit jit fixture".split()
)


class Node:
    """One thing that code reaches. `token` is its own identity; `fill` finds where it leads when that is asked.

    `exact` is the token with docstrings and hints; `wants_exact` says that what reaches this reads those.
    `loads` are modules that it imports, for their effects; `view` the module it is in.
    """

    __slots__ = ("edges", "exact", "fill", "index", "input", "loads", "piece", "token", "view", "wants_exact", "wrote")

    def __init__(self, token: str, piece: Piece | None = None, view: View | None = None) -> None:
        self.token = token
        self.exact = ""
        self.piece = piece
        self.view = view
        self.edges: list[tuple[str, Node]] = []
        self.fill: Callable[[Node], None] | None = None
        self.index = -1  # of its unit in the view
        self.wants_exact = False
        self.loads: tuple[str, ...] = ()
        self.input = ""  # a file's path or `$` and an environment variable: its content is asked each time
        self.wrote: tuple[str, ...] = ()


class Graph:
    """All nodes of one session (or of one question, in a notebook)."""

    def __init__(self, session: Session | None, root: str, shelf: Shelf, packages: Packages) -> None:
        self.session = session
        self.root = root
        self.shelf = shelf
        self.packages = packages
        self.inputs = Inputs(root)
        self.views: dict[str, View | None] = {}
        self.foreign: dict[tuple[str, int], View | None] = {}
        self.units: dict[tuple[int, int], Node] = {}
        self.variables: dict[tuple[int, str], Node] = {}
        self.objects: dict[int, Node] = {}
        self.copies: dict[tuple[int, ...], Node] = {}
        self.states: dict[int, State] = {}
        self.leaves: dict[str, Node] = {}
        self.modules: dict[int, Node] = {}
        self.chains: dict[tuple[int, str], list[Node]] = {}
        self.tops: dict[str, str] = {}
        self.sides: dict[str, list[Node]] = {}
        self.effects = Effects(self)
        self.held: list[Any] = []  # what is remembered by its address must stay alive

    # --- modules

    def view(self, name: str) -> View | None:
        """A module of the project: live if the pipeline's import brought it in, else as text. None if it is not the project's."""
        if name in self.views:
            return self.views[name]
        found = self.views[name] = self._view(name)
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
            source = cell_source(file) if module is not None else _bytes(file)
            if source is None:
                return None
            facts = self.shelf.facts(source, file)
        except (OSError, SyntaxError, ValueError):
            return None
        namespace = vars(module) if module is not None else None
        return View(name, file, facts, source, namespace, self.root, keeps=False)

    def live_views(self) -> list[View]:
        """The modules of this session that are imported."""
        names = list(self.session.loaded) if self.session is not None else []
        return [view for name in names if (view := self.view(name)) is not None and view.namespace is not None]

    def view_for(self, function: FunctionType) -> View | None:
        """The view of the module or cell that a live function was compiled from."""
        namespace, file = function.__globals__, function.__code__.co_filename
        view = self.view(namespace.get("__name__", ""))
        if view is not None and view.namespace is namespace and view.file == file:
            return view
        key = (file, id(namespace))
        if key not in self.foreign:
            self.foreign[key] = self._foreign(function, file)
        return self.foreign[key]

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
        if session is None and not _holds_code(code, function.__code__):
            return None
        return view

    def top_owner(self, module: str) -> str:
        """Whose a module's top-level package is: `project`, `installed`, `stdlib`, `penstock` or `` (nobody's)."""
        top = module.partition(".")[0]
        found = self.tops.get(top)
        if found is None:
            found = owner_of(top)
            if not found:
                spec = self.session.spec_of(top) if self.session is not None else None
                if spec is not None:
                    folders = list(spec.submodule_search_locations or ())
                    place = spec.origin if spec.has_location and spec.origin else (f"{folders[0]}/" if folders else "")
                    found = place_of(place) if place else "stdlib"
            if found == "installed" and not self.packages.of(top):
                found = "loose"
            self.tops[top] = found
        return found

    def owned(self, cls: type) -> bool:
        """Whether a class is the project's own."""
        return self.top_owner(getattr(cls, "__module__", "") or "") in ("project",) or cls.__module__ == "__main__"

    # --- leaves

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

    # --- live objects

    def node_of(self, value: Any) -> list[Node]:
        """The nodes of a live piece of code: a function, class, module, or something that wraps them."""
        if isinstance(value, FunctionType):
            return [self.function(value)]
        if isinstance(value, type):
            return self.klass(value)
        if isinstance(value, ModuleType):
            return self.module_object(value, "")
        if isinstance(value, MethodType):
            return [*self.node_of(value.__func__), *self.anything(value.__self__)]
        wrapped = getattr(value, "__wrapped__", None)
        if wrapped is not None and wrapped is not value:
            return self.node_of(wrapped)
        module = getattr(value, "__module__", None) or getattr(type(value), "__module__", "")
        if isinstance(module, str) and self.top_owner(module) in ("installed", "loose"):
            return self.package(module)
        return []

    def anything(self, value: Any) -> list[Node]:
        """The nodes of any live object: code as it is, data by its value."""
        if isinstance(value, _CODE):
            return self.node_of(value)
        snap = self.look(value)
        return [self.data(snap)]

    def data(self, snap: Snapshot) -> Node:
        """A node for a value without a name."""
        node = Node(f"data:{snap.token}")
        node.edges = [(str(place), one) for place, ref in enumerate(snap.refs) for one in self.node_of(ref)]
        return node

    def look(self, value: Any) -> Snapshot:
        """A value as it is now."""
        return snapshot(value, self.root, self.owned)

    def function(self, function: FunctionType, *, as_root: bool = False) -> Node:
        """The node of a live function."""
        plain = self._copy_key(function)
        key = (*plain, int(as_root))
        node = self.copies.get(key)
        if node is None:
            node = self.copies[key] = self._function(function, as_root)
            self.held.append(function)
        return node

    def _copy_key(self, function: FunctionType) -> tuple[int, ...]:
        more = function.__dict__
        own = id(function) if len(more) > 1 or (more and "__penstock__" not in more) else 0
        return (
            id(function.__code__), id(function.__globals__), id(function.__closure__), id(function.__defaults__),
            id(function.__kwdefaults__), own,
        )  # fmt: skip

    def _function(self, function: FunctionType, as_root: bool) -> Node:
        place = place_of(function.__code__.co_filename)
        if place != "project":
            node = Node(f"library:{function.__module__}.{function.__qualname__}")
            state = self.state(function)
            refs = [one for one in state.refs.values() if not isinstance(one, ModuleType)]
            if place == "penstock":
                wrapped = function.__dict__.get("__wrapped__")
                refs = [wrapped] if wrapped is not None else []
                node.token = "penstock"
            node.fill = lambda made: made.edges.extend(
                [
                    *[("", one) for one in (self.package(function.__module__ or "") if place == "installed" else [])],
                    *[(str(at), one) for at, ref in enumerate(refs) for one in self.anything_in_code(ref)],
                ]
            )
            return node
        view = self.view_for(function)
        found = view.index_of(function.__code__) if view is not None else []
        if view is None or not found:
            return self._from_bytecode(function)
        unit = view.facts.units[found[0]]
        node = self._of_unit(view, found[0], as_root)
        if len(found) > 1:
            node.token += "".join(view.facts.units[one].digest for one in found[1:])
        state = self.state(function)
        if not (as_root and state.bare):
            node.token += state.token if not as_root else state.root_token
            node.exact += (state.token if not as_root else state.root_token) if node.exact else ""
        node.fill = lambda made: self._fill_function(made, view, found[0], function, state)
        if unit.parent != -1 or state.opaque:
            node.view = view
        return node

    def anything_in_code(self, value: Any) -> list[Node]:
        """What a library's wrapper holds of the project: code only, its own data is its own business."""
        if isinstance(value, _CODE):
            return self.node_of(value)
        return [one for ref in self.look(value).refs for one in self.node_of(ref)]

    def _fill_function(self, node: Node, view: View, index: int, function: FunctionType, state: State) -> None:
        unit = view.facts.units[index]
        free = function.__code__.co_freevars
        self._fill_unit(node, view, index, frozenset(free))
        edges = node.edges
        for chain in unit.reads:
            root, _, rest = chain.partition(".")
            held = state.modules.get(root)
            if held is not None:
                edges.extend([(chain, one) for one in self.module_object(held, rest)])
        for label, ref in state.refs.items():
            edges.extend([(label, one) for one in self.node_of(ref)])
        if state.opaque or (unit.state and any(name in unit.state for name in free)):
            top = view.top(index)
            if top != index:
                edges.append(("around", self.unit(view, top)))
            if state.opaque:
                edges.append(("module", self.module(view)))
        above = unit.parent
        if above != -1 and view.facts.units[above].kind == "class":
            owner = self._class_at(view, view.facts.units[above].name)
            edges.extend([("class", one) for one in (self.klass(owner) if owner else [self.unit(view, above)])])
        if state.attributed:
            name = function.__name__
            edges.extend([("touched", self.unit(other, one)) for other, one in self.effects.touching(view, name)])

    def _class_at(self, view: View, name: str) -> type | None:
        found: Any = view.namespace
        for part in name.split("."):
            found = found.get(part) if isinstance(found, dict) else getattr(found, "__dict__", {}).get(part)
            if found is None:
                return None
        return found if isinstance(found, type) else None

    def _from_bytecode(self, function: FunctionType) -> Node:
        """A function without source: what its code object says, and every global name that it could mean."""
        state = self.state(function)
        token = bytecode_token(function.__code__)
        piece = Piece("function", f"{function.__module__}.{function.__qualname__}", PREFIX + token)
        node = Node(f"bytecode:{token}{state.token}", piece)

        def fill(made: Node) -> None:
            for name in sorted(state.names):
                value = function.__globals__.get(name, _MISSING)
                if value is not _MISSING and not name.startswith("__"):
                    made.edges.extend([(name, one) for one in self.anything(value)])
            for label, ref in state.refs.items():
                made.edges.extend([(label, one) for one in self.node_of(ref)])

        node.fill = fill
        return node

    def state(self, value: FunctionType | type) -> State:
        """What a function's cells and defaults, or a class's attributes, held when they were first looked at."""
        known = self.states.get(id(value))
        if known is None:
            if isinstance(value, type):
                known = state_of_class(value, self.look)
            else:
                known = state_of_function(value, self.look)
            if self.session is not None:
                self.states[id(value)] = known
                self.held.append(value)
        return known

    def klass(self, cls: type) -> list[Node]:
        """The nodes of a live class."""
        known = self.objects.get(id(cls))
        if known is not None:
            return [known]
        module = cls.__module__ if isinstance(cls.__module__, str) else ""
        owner = self.top_owner(module)
        if owner in ("installed", "loose"):
            return self.package(module)
        if owner in ("stdlib", "penstock") and module != "__main__":
            return []
        view = self.view(module)
        found = view.scopes.get(cls.__qualname__, []) if view is not None else []
        if view is not None and not found and "<locals>" in cls.__qualname__:
            found = view.scopes.get(cls.__qualname__.rpartition(".")[2], [])
        state = self.state(cls)
        if view is not None and found:
            node = self._of_unit(view, found[0])
            node.token += "".join(view.facts.units[one].digest for one in found[1:]) + state.token
        else:
            piece = Piece("class", f"{module}.{cls.__qualname__}", PREFIX + state.token) if state.token else None
            node = Node(f"class:{cls.__qualname__}:{state.token}", piece)
        self.objects[id(cls)] = node
        self.held.append(cls)

        def fill(made: Node) -> None:
            for one in found if view is not None else ():
                assert view is not None
                self._fill_unit(made, view, one, frozenset())
            for base in cls.__bases__:
                made.edges.extend([("base", one) for one in self.klass(base) if base is not object])
            if type(cls) is not type:
                made.edges.extend([("metaclass", one) for one in self.klass(type(cls))])
            for label, ref in state.refs.items():
                made.edges.extend([(label, one) for one in self.node_of(ref)])
            if view is not None:
                touched = self.effects.touching(view, cls.__qualname__.partition(".")[0])
                made.edges.extend([("touched", self.unit(other, one)) for other, one in touched])

        node.fill = fill
        return [node]

    # --- text

    def unit(self, view: View, index: int) -> Node:
        """The node of a statement, function or class by its text alone."""
        key = (id(view), index)
        node = self.units.get(key)
        if node is None:
            node = self.units[key] = self._of_unit(view, index)
            node.fill = lambda made: self._fill_unit(made, view, index, frozenset())
        return node

    def _of_unit(self, view: View, index: int, as_root: bool = False) -> Node:
        unit = view.facts.units[index]
        digest = unit.bare if as_root and unit.bare else unit.digest
        kind: PieceKind
        if unit.kind in ("def", "lambda"):
            kind, name = "function", unit.name
        elif unit.kind == "class":
            kind, name = "class", unit.name
        elif unit.kind == "do":
            kind, name = "effect", f"line {unit.line}"
            name = view.text(unit).strip().partition("\n")[0][:60]
        else:
            kind, name = "constant", ", ".join(unit.binds) or view.text(unit).strip().partition("\n")[0][:60]
        piece = Piece(kind, f"{view.name}.{name}", digest, view.relative, unit.line, view.text(unit))
        node = Node(digest, piece, view)
        node.index = index
        node.exact = unit.exact or digest
        if "!exact" in unit.reads:
            node.wants_exact = True
        return node

    def _fill_unit(self, node: Node, view: View, index: int, skip: frozenset[str]) -> None:
        unit = view.facts.units[index]
        edges = node.edges
        loads = []
        for chain in unit.reads:
            first = chain[0]
            if first == "+":
                loads.append(chain[1:])
            elif first == "!":
                self._widen(node, view, chain)
            elif not skip or chain.partition(".")[0] not in skip:
                edges.extend([(chain, one) for one in self.chain(view, chain)])
                if chain.rpartition(".")[2] in _INTROSPECTION:
                    node.wants_exact = True
        if loads:
            node.loads = tuple([self.absolute(view, one) for one in loads])
        if unit.under != -1:
            edges.append(("under", self.unit(view, unit.under)))
        for name in unit.decorators:
            if name.rpartition(".")[2] not in _PLAIN_DECORATORS and not self._own_decorator(view, name):
                node.token += unit.exact
        if unit.files or unit.wrote or unit.variables:
            self._inputs(node, view, unit)
        if view.loaded is not None:
            for path, (line, _) in view.loaded.reads.items():
                if unit.line <= line <= unit.last:
                    edges.append(("read", self.input(path)))

    def _own_decorator(self, view: View, name: str) -> bool:
        if name.endswith(".register"):
            return False
        return all(one.piece is None or one.piece.kind != "package" for one in self.chain(view, name)) and bool(
            self.chain(view, name)
        )

    def _inputs(self, node: Node, view: View, unit: Unit) -> None:
        def value_of(chain: str) -> Any:
            return self._value_at(view, chain)

        for name in unit.variables:
            shown = value_of(name[1:]) if name[0] == "$" else name
            if isinstance(shown, str):
                node.edges.append((f"${name}", self.input(f"${shown}")))
        wrote = [path for one in unit.wrote for path in self.inputs.paths(one, view.file, value_of)]
        node.wrote = tuple(wrote)
        for one in unit.files:
            node.edges.extend([("file", self.input(path)) for path in self.inputs.paths(one, view.file, value_of)])

    def input(self, name: str) -> Node:
        """A file or environment variable, asked anew for each closure."""
        found = self.leaves.get(name)
        if found is None:
            found = self.leaves[name] = Node("")
            found.input = name
        return found

    def _widen(self, node: Node, view: View, mark: str) -> None:
        if mark == "!exact":
            node.wants_exact = True
        elif mark == "!module":
            node.edges.append((mark, self.module(view)))
        elif mark == "!subclasses":
            self._subclasses(node, view)
        elif mark == "!project":
            node.edges.append((mark, self.project()))
        elif mark.startswith("!under:"):
            package = absolute_module(0, mark.removeprefix("!under:"), "")
            found = [name for name in self.module_names() if name == package or name.startswith(package + ".")]
            nodes = [self.module(one) for name in found if (one := self.view(name)) is not None]
            node.edges.extend([(mark, one) for one in nodes] or [(mark, one) for one in self._outside(package)])

    def _subclasses(self, node: Node, view: View) -> None:
        """All classes that `X.__subclasses__()` may give: those of the classes named, else the project is the reach."""
        unit = view.facts.units[node.index]
        named = [one.removesuffix(".__subclasses__") for one in unit.reads if one.endswith(".__subclasses__")]
        found = [self._value_at(view, one) for one in named]
        if unit.kind == "class":
            found.append(self._class_at(view, unit.name))
        waiting = [one for one in found if isinstance(one, type)]
        if not waiting:
            node.edges.append(("!subclasses", self.project()))
        seen: set[type] = set()
        while waiting:
            for one in waiting.pop().__subclasses__():
                if one not in seen and self.owned(one):
                    seen.add(one)
                    waiting.append(one)
        for one in sorted(seen, key=lambda cls: (cls.__module__, cls.__qualname__)):
            node.edges.extend([("!subclasses", made) for made in self.klass(one)])

    def _value_at(self, view: View, chain: str) -> Any:
        found: Any = view.namespace
        for part in chain.split("."):
            found = found.get(part) if isinstance(found, dict) else getattr(found, part, None)
        return found

    def _outside(self, package: str) -> list[Node]:
        owner = self.top_owner(package)
        return [self.project()] if owner in ("project", "") else self.package(package) if owner != "stdlib" else []

    # --- names

    def chain(self, view: View, chain: str) -> list[Node]:
        """What a name with its attributes stands for in a module."""
        key = (id(view), chain)
        found = self.chains.get(key)
        if found is None:
            found = self._chain(view, chain)
            if view.keeps:
                self.chains[key] = found
        return found

    def _chain(self, view: View, chain: str) -> list[Node]:
        if chain[0] == "@":
            return self.imported(view, chain)
        name, _, rest = chain.partition(".")
        indexes = view.facts.names.get(name)
        units = view.facts.units
        imports = [units[one].reads for one in indexes or () if units[one].kind == "import"]
        if imports and indexes is not None and len(imports) == len(indexes):
            targets = [read for reads in imports for read in reads if read[0] == "@"]
            if not any(self.is_project(view, one) for one in targets):
                return [node for one in targets for node in self.imported(view, _extended(one, rest))]
        else:
            targets = []
        if view.namespace is None:
            return self._chain_in_text(view, name, rest, indexes)
        value = view.namespace.get(name, _MISSING)
        if value is _MISSING:
            if indexes is None and name in _BUILTINS:
                return []
            return self._chain_in_text(view, name, rest, indexes)
        if isinstance(value, ModuleType):
            return self.module_object(value, rest)
        if isinstance(value, FunctionType):
            nodes = [self.function(value)]
            return nodes if self._is_def_of(view, value, indexes) else [*nodes, *self._definitions(view, indexes)]
        if isinstance(value, type):
            nodes = self.klass(value)
            return (
                nodes if indexes and units[indexes[0]].kind == "class" else [*nodes, *self._assigned(view, name, value)]
            )
        if targets:
            return [node for one in targets for node in self.imported(view, _extended(one, rest))]
        if indexes is None:
            for star in self.stars(view):
                if name in star.facts.names:
                    return self.chain(star, chain)
        return [self.variable(view, name)]

    def _assigned(self, view: View, name: str, value: type) -> list[Node]:
        # A class made by a call (`namedtuple`, `make_dataclass`, `type`) has no text but the statement that made it.
        if self.owned(value) and id(value) in self.objects and self.objects[id(value)].view is None:
            return [
                self.unit(view, one) for one in view.facts.names.get(name, ()) if view.facts.units[one].kind != "import"
            ]
        return []

    def _is_def_of(self, view: View, function: FunctionType, indexes: Iterable[int] | None) -> bool:
        line = function.__code__.co_firstlineno
        if indexes is None or function.__code__.co_filename != view.file:
            return all(view.facts.units[one].kind == "import" for one in indexes or ())
        return any(view.facts.units[one].line == line for one in indexes) or all(
            view.facts.units[one].kind == "import" for one in indexes
        )

    def _definitions(self, view: View, indexes: Iterable[int] | None) -> list[Node]:
        return [self.unit(view, one) for one in indexes or () if view.facts.units[one].kind != "import"]

    def _chain_in_text(self, view: View, name: str, rest: str, indexes: tuple[int, ...] | None) -> list[Node]:
        found: list[Node] = []
        for index in indexes or ():
            unit = view.facts.units[index]
            if unit.kind == "import":
                for read in unit.reads:
                    if read[0] == "@":
                        found.extend(self.imported(view, _extended(read, rest)))
            else:
                found.append(self.unit(view, index))
        found.extend([self.unit(other, one) for other, one in self.effects.touching(view, name)])
        if indexes is None and name not in _BUILTINS:
            for star in self.stars(view):
                if name in star.facts.names or star.facts.stars:
                    found.extend(self.chain(star, f"{name}.{rest}" if rest else name))
            if not found:
                for index in view.facts.stars:
                    target = view.facts.units[index].reads
                    found.extend([node for read in target if read[0] == "@" for node in self.imported(view, read)])
        return found

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

    def is_project(self, view: View, target: str) -> bool:
        """Whether an import leads into the project."""
        level, module, _ = target[1:].split(":", 2)
        return level != "0" or self.top_owner(module) in ("project", "")

    def imported(self, view: View, target: str) -> list[Node]:
        """What `@level:module:name.attribute` stands for."""
        level, module, rest = target[1:].split(":", 2)
        name = absolute_module(int(level), module, view.package)
        owner = self.top_owner(name)
        if owner in ("stdlib", "penstock"):
            return []
        if owner in ("installed", "loose"):
            return self.package(name)
        return [*self.beside(name), *self.inside(name, "" if rest == "*" else rest)]

    def beside(self, module: str) -> list[Node]:
        """A distribution outside of `site-packages` whose metadata lies beside its modules: its version counts as well."""
        top = module.partition(".")[0]
        known = self.sides.get(top)
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
            self.sides[top] = known
        return known

    def inside(self, module: str, rest: str) -> list[Node]:
        """A name inside a module of the project; the whole module where no name is given or none is found."""
        while True:
            view = self.view(module)
            first, _, after = rest.partition(".")
            if view is not None and first:
                known = first in view.facts.names or (view.namespace is not None and first in view.namespace)
                if known or any(first in star.facts.names for star in self.stars(view)):
                    return self.chain(view, rest)
            if first and (self.view(f"{module}.{first}") is not None or self._is_folder(f"{module}.{first}")):
                module, rest = f"{module}.{first}", after
                continue
            if view is None:
                return []
            if first and "__getattr__" in view.facts.names:
                return [*self.chain(view, "__getattr__"), self.module(view)]
            return [self.module(view)]

    def _is_folder(self, name: str) -> bool:
        if self.session is None:
            return name in sys.modules
        spec = self.session.spec_of(name)
        return spec is not None and spec.submodule_search_locations is not None

    def module_object(self, module: ModuleType, rest: str) -> list[Node]:
        """A live module, or a name inside it."""
        name = module.__name__
        owner = self.top_owner(name)
        if owner in ("stdlib", "penstock") and name != "__main__":
            return []
        if owner in ("installed", "loose"):
            return self.package(name)
        return [*self.beside(name), *self.inside(name, rest)]

    # --- variables and wholes

    def snap(self, view: View, name: str) -> Snapshot:
        """The value of a module's variable: as it was right after import, or (in notebooks) as it is now."""
        known = view.snaps.get(name)
        if known is None:
            assert view.namespace is not None
            known = self.look(view.namespace.get(name))
            if view.keeps:
                view.snaps[name] = known
        return known

    def variable(self, view: View, name: str) -> Node:
        """The node of a live variable: its value, and where that can't be told the statements that make it."""
        key = (id(view), name)
        node = self.variables.get(key)
        if node is not None:
            return node
        snap = self.snap(view, name)
        indexes = view.facts.names.get(name, ())
        units = [view.facts.units[one] for one in indexes]
        node = Node(f"value:{snap.token}", None, view)
        self.variables[key] = node
        code = any(one.kind in ("def", "class") for one in units)
        if not snap.opaque:
            literal = len(units) == 1 and units[0].literal
            text = "".join([view.text(one) for one in units])
            node.piece = Piece(
                "constant" if literal else "value", f"{view.name}.{name}", PREFIX + snap.token, view.relative,
                units[0].line if units else 0, text,
            )  # fmt: skip

        def fill(made: Node) -> None:
            made.edges.extend([(str(at), one) for at, ref in enumerate(snap.refs) for one in self.node_of(ref)])
            if snap.opaque or code:
                made.edges.extend(
                    [("made", self.unit(view, one)) for one in indexes if view.facts.units[one].kind != "import"]
                )
                made.edges.extend(
                    [("touched", self.unit(other, one)) for other, one in self.effects.touching(view, name)]
                )
            if snap.opaque and not indexes:
                made.edges.extend([("module", self.module(view))])

        node.fill = fill
        return node

    def module(self, view: View) -> Node:
        """A whole module: where reach inside it can't be known."""
        node = self.modules.get(id(view))
        if node is None:
            facts = view.facts
            piece = Piece("module", view.name, facts.normal, view.relative, 1, "".join(view.lines))
            node = self.modules[id(view)] = Node(facts.normal, piece, view)
            node.exact = facts.exact

            def fill(made: Node) -> None:
                for name in facts.names:
                    made.edges.extend([(name, one) for one in self.chain(view, name) if one is not made])
                for index, unit in enumerate(facts.units):
                    if unit.parent == -1 and unit.kind == "do":
                        made.edges.append(("", self.unit(view, index)))

            node.fill = fill
        return node

    def module_names(self) -> list[str]:
        """All modules that the project's folders hold."""
        return self.inputs.module_names(self.session.paths if self.session is not None else [self.root])

    def project(self) -> Node:
        """The whole project: all its sources, normalised."""
        node = self.leaves.get("!project")
        if node is None:
            parts = []
            for file in self.inputs.sources():
                try:
                    parts.append(f"{file.removeprefix(self.root)}:{self.shelf.facts(_bytes(file), file).normal}")
                except (OSError, SyntaxError, ValueError):
                    parts.append(f"{file.removeprefix(self.root)}:{blake3(_bytes(file)).hexdigest()}")
            digest = PREFIX + blake3("\n".join(parts).encode()).hexdigest()
            node = self.leaves["!project"] = Node(digest, Piece("project", "project", digest))
        return node


def _extended(target: str, rest: str) -> str:
    if not rest:
        return target
    return target + rest if target.endswith(":") else f"{target}.{rest}"


def _bytes(file: str) -> bytes:
    with open(file, "rb") as opened:  # noqa: PTH123 - a text path, many times
        return opened.read()


def _holds_code(code: Any, wanted: Any) -> bool:
    waiting = [code]
    while waiting:
        one = waiting.pop()
        if one == wanted:
            return True
        waiting.extend([const for const in one.co_consts if hasattr(const, "co_code")])
    return False
