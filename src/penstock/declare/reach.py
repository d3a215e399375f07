"""The reach of code as a graph of nodes: from a live function or class, by what its text reads, to what those names are.

Names are resolved in the live namespaces of imported modules, so that aliases, re-exports, star imports, conditional
definitions, wrappers and patches are what they really are; where a module is not imported (imports inside functions), the
text alone is followed. Nodes are filled when they are first visited, without recursion.
"""

from pathlib import PurePath
from types import FunctionType, MethodType, ModuleType
from typing import Any

from penstock.declare.facts import Shelf
from penstock.declare.naming import Names, class_at
from penstock.declare.nodes import Node
from penstock.declare.packages import Packages
from penstock.declare.places import place_of
from penstock.declare.project import Session
from penstock.declare.states import State, bytecode_token, names_of, rebound_in, state_of_class, state_of_function
from penstock.declare.values_of import Snapshot, attribute_of, pickled_token, snapshot
from penstock.declare.views import View
from penstock.model.code import Piece
from penstock.model.digest import PREFIX, digest_bytes

__all__ = ["Graph"]

_MISSING: Any = object()
_CODE = (FunctionType, type, ModuleType, MethodType)


class Graph(Names):
    """All nodes of one session (or of one question, in a notebook)."""

    def __init__(self, session: Session | None, root: str, shelf: Shelf, packages: Packages) -> None:
        super().__init__(session, root, shelf, packages)
        self.variables: dict[tuple[int, str], Node] = {}
        self.classes: dict[int, Node] = {}
        self.copies: dict[tuple[int, ...], Node] = {}
        self.states: dict[int, State] = {}
        self.held: list[Any] = []  # what is remembered by its address must stay alive

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
        wrapped = attribute_of(value, "__wrapped__")
        if wrapped is not None and wrapped is not value:
            return self.node_of(wrapped)
        module = attribute_of(value, "__module__") or getattr(type(value), "__module__", "")
        name = attribute_of(value, "__qualname__") or attribute_of(value, "__name__") or type(value).__qualname__
        return [self.alias(module, name)] if isinstance(module, str) and self.top_owner(module) != "project" else []

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
            return self._library(function, place)
        view = self.view_for(function)
        found = view.index_of(function.__code__) if view is not None else []
        if view is None or not found:
            return self._from_bytecode(function)
        state = self.state(function)
        node = self.of_unit(view, found[0], state, as_root=as_root)
        if len(found) > 1:
            node.token += "".join(view.facts.units[one].digest for one in found[1:])
        node.fill = lambda made: self._fill_function(made, view, found[0], function, state, as_root)
        return node

    def _library(self, function: FunctionType, place: str) -> Node:
        """A function of a library, which may wrap one of the project: what it holds of the project counts."""
        if place == "penstock":
            wrapped = function.__dict__.get("__wrapped__")
            refs = [wrapped] if wrapped is not None else []
            packages: list[Node] = []
            node = Node("penstock")
        else:
            refs = [one for one in self.state(function).refs.values() if not isinstance(one, ModuleType)]
            home = function.__globals__.get("__name__", "")  # `functools.wraps` copies `__module__`
            packages = self.package(home) if place == "installed" else []
            node = Node(f"library:{home}.{function.__code__.co_qualname}")

        def fill(made: Node) -> None:
            made.edges.extend([("", one) for one in packages])
            made.edges.extend([(str(at), one) for at, ref in enumerate(refs) for one in self.anything_in_code(ref)])

        node.fill = fill
        return node

    def anything_in_code(self, value: Any) -> list[Node]:
        """What a library's wrapper holds of the project: code only, its own data is its own business."""
        if isinstance(value, _CODE):
            return self.node_of(value)
        return [one for ref in self.look(value).refs for one in self.node_of(ref)]

    def _homes(self, view: View) -> list[View]:
        """Where a function may have been made: its own module, and the pipeline's file."""
        main = self.view(self.session.main) if self.session is not None else None
        return [view] if main is None or main is view else [view, main]

    def _fill_function(
        self, node: Node, view: View, index: int, function: FunctionType, state: State, as_root: bool
    ) -> None:
        unit = view.facts.units[index]
        free = function.__code__.co_freevars
        self.fill_unit(node, view, index, free)
        if as_root and unit.files:
            declared = {f"file:{name}" for name in _path_arguments(function)}
            node.edges = [one for one in node.edges if one[0] not in declared]
        edges = node.edges
        for chain in unit.reads if state.modules else ():
            root, _, rest = chain.partition(".")
            held = state.modules.get(root)
            if held is not None:
                edges.extend([(chain, one) for one in self.module_object(held, rest)])
        for label, ref in state.refs.items():
            edges.extend([(label, one) for one in self.node_of(ref)])
        if state.opaque or state.changing:
            edges.append(("around", self.unit(view, view.top(index))))
        if state.opaque or (state.changing and as_root):
            edges.extend([("module", self.module(one)) for one in self._homes(view)])
        above = unit.parent
        if above != -1 and view.facts.units[above].kind == "class":
            owner = class_at(view, view.facts.units[above].name)
            edges.extend([("class", one) for one in (self.klass(owner) if owner else [self.unit(view, above)])])
        if state.attributed:
            name = function.__name__
            edges.extend([("touched", self.unit(other, one)) for other, one in self.effects.touching(view, name)])

    def _from_bytecode(self, function: FunctionType) -> Node:
        """A function without source: what its code object says, and every global name that it could mean."""
        state = self.state(function)
        token = bytecode_token(function.__code__)
        piece = Piece("function", f"{function.__module__}.{function.__qualname__}", PREFIX + token)
        node = Node(f"bytecode:{token}{state.token}", piece)

        def fill(made: Node) -> None:
            for name in names_of(function.__code__):
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
                known = state_of_class(value, self.look, bodied=bool(self._class_units(value)[1]))
            else:
                known = state_of_function(value, self.look, self._rebound(value))
            if self.session is not None:
                self.states[id(value)] = known
                self.held.append(value)
        return known

    def _rebound(self, function: FunctionType) -> tuple[str, ...]:
        code = function.__code__
        if not code.co_freevars or place_of(code.co_filename) != "project":
            return ()
        view = self.view_for(function)
        found = view.index_of(code) if view is not None else []
        return view.facts.units[found[0]].state if view is not None and found else rebound_in(code)

    def klass(self, cls: type) -> list[Node]:
        """The nodes of a live class."""
        known = self.classes.get(id(cls))
        if known is not None:
            return [known]
        module = cls.__module__ if isinstance(cls.__module__, str) else ""
        owner = self.top_owner(module)
        if owner not in ("project", "") and module != "__main__":
            return [self.alias(module, cls.__qualname__)]
        view, found = self._class_units(cls)
        state = self.state(cls)
        if view is not None and found:
            node = self.of_unit(view, found[0], state)
            node.token += "".join([view.facts.units[one].digest for one in found[1:]])
        else:
            digest = digest_bytes(state.token.encode("utf-8", "surrogatepass"))
            node = Node(f"class:{cls.__qualname__}:{digest}", Piece("class", f"{module}.{cls.__qualname__}", digest))
        self.classes[id(cls)] = node
        self.held.append(cls)

        def fill(made: Node) -> None:
            for one in found if view is not None else ():
                assert view is not None
                self.fill_unit(made, view, one)
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

    def _class_units(self, cls: type) -> tuple[View | None, list[int]]:
        """The text of a class: one unit, or several where a condition chooses between them."""
        view = self.view(cls.__module__) if isinstance(cls.__module__, str) else None
        if view is None:
            return None, []
        found = view.scopes.get(cls.__qualname__, [])
        lines = [
            one.__code__.co_firstlineno
            for one in vars(cls).values()
            if isinstance(one, FunctionType) and one.__code__.co_filename == view.file
        ]
        units = view.facts.units
        chosen = [at for at in found if any(units[at].line <= line <= units[at].last for line in lines)]
        return view, chosen or found

    def snap(self, view: View, name: str) -> Snapshot:
        """The value of a module's variable: as it was right after import, or (in notebooks) as it is now."""
        known = view.snaps.get(name)
        if known is None:
            assert view.namespace is not None
            value = view.namespace.get(name)
            known = self.look(value)
            if known.opaque and not view.keeps and "__file__" not in view.namespace:
                # In a notebook no file says how a value came about.
                known = Snapshot(pickled_token(value), known.refs)
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
        code = any(one.kind in ("def", "class") for one in units) or any(
            isinstance(ref, FunctionType) and (ref.__closure__ is not None and self.state(ref).changing)
            for ref in snap.refs
        )
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
            # What was done to a value is in it, unless it can't be told or is only done when a function imports something.
            made.edges.extend(
                [
                    ("touched", self.unit(other, one))
                    for other, one in self.effects.touching(view, name)
                    if snap.opaque or code or other.namespace is None
                ]
            )
            if snap.opaque and not indexes:
                made.edges.extend([("module", self.module(view))])

        node.fill = fill
        return node


def _path_arguments(function: FunctionType) -> list[str]:
    """The arguments that a step declares as paths: their content is hashed with its settings."""
    code, defaults = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount]
    given = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True)) | (function.__kwdefaults__ or {})
    hints = function.__annotations__
    return [name for name, value in given.items() if isinstance(value, PurePath) or "Path" in str(hints.get(name, ""))]
