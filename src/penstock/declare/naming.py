"""From names to nodes: what the text of a unit reads, resolved in live namespaces, or in text where nothing is imported."""

import builtins
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from penstock.declare.effects import Effects
from penstock.declare.facts import Shelf, Unit
from penstock.declare.nodes import Node
from penstock.declare.packages import Packages
from penstock.declare.places import place_of
from penstock.declare.programs import plugins
from penstock.declare.project import Session
from penstock.declare.sources import Sources
from penstock.declare.states import State
from penstock.declare.texts import named_in
from penstock.declare.views import View, absolute_module
from penstock.model.code import Piece, PieceKind
from penstock.model.digest import digest_bytes

__all__ = ["Names", "class_at"]

_MISSING: Any = object()
_DEFAULTED = re.compile(r'\["D", "(\w+)"')  # arguments by whose defaults a path is named
_FOREIGN = -2  # in place of a unit's index: what is not the project's
_BUILTINS = frozenset(dir(builtins))
# Decorators that do not look at hints or docstrings; those of the project are followed, any other is taken to look.
_PLAIN_DECORATORS = frozenset(
    (
        *("property", "staticmethod", "classmethod", "setter", "getter", "deleter", "abstractmethod", "dataclass"),
        *("wraps", "lru_cache", "cache", "cached_property", "total_ordering", "singledispatch", "singledispatchmethod"),
        *("contextmanager", "asynccontextmanager", "overload", "final", "override", "no_type_check", "unique"),
        *("njit", "jit", "fixture"),
    )
)


class Names(Sources, ABC):
    """What names stand for. Live functions, classes and variables are the subclass's."""

    def __init__(self, session: Session | None, root: str, shelf: Shelf, packages: Packages) -> None:
        super().__init__(session, root, shelf, packages)
        self.effects = Effects(self)
        self.units: dict[tuple[int, int], Node] = {}
        self.modules: dict[int, Node] = {}
        self.chains: dict[tuple[int, str], list[Node]] = {}
        self._open: set[tuple[int, str]] = set()
        self._cut = False
        self._filled: dict[tuple[int, int], Node] = {}

    @abstractmethod
    def function(self, function: FunctionType, *, as_root: bool = False) -> Node:
        """The node of a live function; `as_root` for a step's own, whose defaults are parameters."""

    @abstractmethod
    def klass(self, cls: type) -> list[Node]:
        """The nodes of a live class."""

    @abstractmethod
    def variable(self, view: View, name: str) -> Node:
        """The node of a live variable."""

    def unit(self, view: View, index: int) -> Node:
        """The node of a statement, function or class by its text alone."""
        key = (id(view), index)
        node = self.units.get(key)
        if node is None:
            node = self.units[key] = self.of_unit(view, index)
            node.fill = lambda made: self.fill_unit(made, view, index)
        return node

    def of_unit(self, view: View, index: int, state: State | None = None, *, as_root: bool = False) -> Node:
        """A new node for a unit, with what a live function or class of its text carries besides."""
        unit = view.facts.units[index]
        digest = unit.bare if as_root and unit.bare else unit.digest
        text = view.text(unit)
        kind: PieceKind
        if unit.kind in ("def", "lambda"):
            kind, name = "function", unit.name
        elif unit.kind == "class":
            kind, name = "class", unit.name
        else:
            kind = "effect" if unit.kind == "do" else "constant"
            name = ", ".join(unit.binds) or text.strip().partition("\n")[0][:60]
        exact = unit.exact or digest
        token = state.root_token if as_root and state is not None else state.token if state is not None else ""
        if token:
            digest, exact = digest_bytes((digest + token).encode("utf-8", "surrogatepass")), exact + token
            text += "".join([f"# {one}\n" for one in (state.shown if state is not None else ())])
        node = Node(digest, Piece(kind, f"{view.name}.{name}", digest, view.relative, unit.line, text), view)
        node.index = index
        node.exact = exact
        node.looks = 2 if "!source" in unit.reads else 1 if "!exact" in unit.reads else 0
        return node

    def fill_unit(self, node: Node, view: View, index: int, free: tuple[str, ...] = ()) -> None:
        """Find where a unit's text leads. `free` are names that a function's cells hold."""
        unit = view.facts.units[index]
        if unit.parent == -1 or not view.keeps:
            self._fill(node, view, index, free)
            return
        # Functions inside others are made many times over, in factories and loops.
        key = (id(view), index)
        known = self._filled.get(key)
        if known is None:
            known = self._filled[key] = Node("")
            known.index = index
            self._fill(known, view, index, free)
        node.edges.extend(known.edges)
        node.token += known.token
        node.loads = known.loads
        node.wrote = known.wrote

    def _fill(self, node: Node, view: View, index: int, free: tuple[str, ...]) -> None:
        unit, loads = view.facts.units[index], []
        edges = node.edges
        for chain in unit.reads:
            if chain[0] == "+":
                loads.append(self.absolute(view, chain[1:]))
            elif chain[0] == "!":
                self._widen(node, view, index, chain)
            elif chain[0] == "?":
                self._spoken(node, view, chain)
            elif not free or chain.partition(".")[0] not in free:
                edges.extend([(chain, one) for one in self.chain(view, chain)])
        node.loads = tuple(loads)
        if unit.under != -1:
            edges.append(("under", self.unit(view, unit.under)))
        for one in (unit, *[view.facts.units[at] for at in view.decorated.get(index, ())]):
            for name in one.decorators:
                if name.rpartition(".")[2] not in _PLAIN_DECORATORS and not self._own_decorator(view, name):
                    node.token += one.exact
        if unit.files or unit.wrote or unit.variables or (view.loaded is not None and view.loaded.reads):
            self._inputs(node, view, unit)

    def _own_decorator(self, view: View, name: str) -> bool:
        nodes = [] if name.endswith(".register") else self.chain(view, name)
        return bool(nodes) and all(one.index != _FOREIGN for one in nodes)

    def _inputs(self, node: Node, view: View, unit: Unit) -> None:
        def value_of(chain: str) -> Any:
            if chain[0] == "@":  # the folder of a package of the project
                package = self.view(chain[1:])
                return package.file.rpartition("/")[0] if package is not None else ""
            return self.value_at(view, chain)

        for name in unit.variables:
            more = "*" if name[0] == "$" and name[-1] == "*" else ""  # all variables that begin so
            shown = value_of(name[1:].removesuffix("*")) if name[0] == "$" else name
            if isinstance(shown, str):
                shown += more
                node.edges.append((f"${name}", self.input(f"${shown}")))
        wrote = [path for one in unit.wrote for path in self.inputs.paths(one, view.file, value_of)]
        node.wrote = tuple(wrote)
        if view.loaded is not None:
            read = view.loaded.reads.items()
            node.edges.extend(
                [("read", self.input(path)) for path, (line, _) in read if unit.line <= line <= unit.last]
            )
        for one in unit.files:
            arguments = ",".join(_DEFAULTED.findall(one))
            paths = self.inputs.paths(one, view.file, value_of)
            node.edges.extend([(f"file:{arguments}", self.input(path)) for path in paths])

    def input(self, name: str) -> Node:
        """A file or environment variable, asked anew for each closure."""
        found = self.leaves.get(name)
        if found is None:
            found = self.leaves[name] = Node("")
            found.input = name
        return found

    def _widen(self, node: Node, view: View, index: int, mark: str) -> None:
        if mark == "!module":
            node.edges.append((mark, self.module(view)))
        elif mark == "!subclasses":
            self._subclasses(node, view)
        elif mark == "!project":
            node.edges.append((mark, self.project()))
        elif mark == "!query":
            self._quoted(node, view, view.facts.units[index])
        elif mark.startswith("!run:"):
            self._program(node, view, mark.removeprefix("!run:"))
        elif mark.startswith("!plugins:"):
            self._plugins(node, view, mark.removeprefix("!plugins:"))
        elif mark.startswith("!under:"):
            package = absolute_module(0, mark.removeprefix("!under:"), "")
            found = [name for name in self.module_names() if name == package or name.startswith(package + ".")]
            nodes = [self.module(one) for name in found if (one := self.view(name)) is not None]
            node.edges.extend([(mark, one) for one in nodes] or [(mark, one) for one in self._outside(package)])

    def _program(self, node: Node, view: View, name: str) -> None:
        """A program of the project that is started: `-m module`, or a path below the root or beside the code."""
        if name.startswith("-m "):
            found = self.view(f"{name[3:]}.__main__") or self.view(name[3:])
            places = [Path(found.file)] if found is not None else []
        else:
            places = [Path(one, name) for one in (self.root, Path(view.file).parent)]
        for place in places:
            if place_of(str(place)) == "project" and place.is_file() and str(place) != view.file:
                node.edges.append(("!run", self.input(f"!run:{place}")))

    def _plugins(self, node: Node, view: View, group: str) -> None:
        """What is registered under a group of entry points, and the code behind it where that is the project's."""
        node.edges.append(("!plugins", self.input(f"!plugins:{group}")))
        for one in plugins(group):
            if self.top_owner(one.module) in ("project", ""):
                target = f"@0:{one.module}:{one.attribute}"
                node.edges.extend([("!plugin", made) for made in self.imported(view, target)])

    def _spoken(self, node: Node, view: View, mark: str) -> None:
        """A name that a text speaks of, if it is one of the module's; texts in its variables speak as well."""
        name = mark.lstrip("?=")
        units = [view.facts.units[one] for one in view.facts.names.get(name, ())]
        if units and (mark[1] != "=" or any(one.kind == "assign" for one in units)):
            node.edges.extend([(mark, one) for one in self.chain(view, name)])

    def _quoted(self, node: Node, view: View, unit: Unit) -> None:
        """The names in texts that a query gets from variables."""
        if view.namespace is None:
            node.edges.append(("!query", self.module(view)))
            return
        texts = [self.value_at(view, one) for one in unit.reads if one[0] not in "@+!?"]
        for mark in named_in([one for one in texts if isinstance(one, str)]):
            self._spoken(node, view, mark)

    def _subclasses(self, node: Node, view: View) -> None:
        """All classes that `X.__subclasses__()` may give: those of the classes named, else the project is the reach."""
        unit = view.facts.units[node.index]
        named = [one.removesuffix(".__subclasses__") for one in unit.reads if one.endswith(".__subclasses__")]
        found = [self.value_at(view, one) for one in named]
        if unit.kind == "class":
            found.append(class_at(view, unit.name))
        waiting: list[type] = [one for one in found if isinstance(one, type)]
        if not waiting:
            node.edges.append(("!subclasses", self.project()))
        seen: set[type] = set()
        while waiting:
            below: list[type] = type.__subclasses__(waiting.pop())
            for cls in below:
                if cls not in seen and self.owned(cls):
                    seen.add(cls)
                    waiting.append(cls)
        for cls in sorted(seen, key=lambda each: (each.__module__, each.__qualname__)):
            node.edges.extend([("!subclasses", made) for made in self.klass(cls)])

    def value_at(self, view: View, chain: str) -> Any:
        found: Any = view.namespace
        for part in chain.split("."):
            found = found.get(part) if isinstance(found, dict) else getattr(found, part, None)
        return found

    def _outside(self, package: str) -> list[Node]:
        owner = self.top_owner(package)
        return [self.project()] if owner in ("project", "") else self.package(package) if owner != "stdlib" else []

    def chain(self, view: View, chain: str) -> list[Node]:
        """What a name with its attributes stands for in a module."""
        key = (id(view), chain)
        found = self.chains.get(key)
        if found is not None:
            return found
        if key in self._open:
            self._cut = True  # modules import from each other in circles
            return []
        self._open.add(key)
        found = self._chain(view, chain)
        self._open.discard(key)
        if view.keeps and not (self._cut and self._open):
            self.chains[key] = found
        self._cut = self._cut and bool(self._open)
        return found

    def _chain(self, view: View, chain: str) -> list[Node]:
        if chain[0] == "@":
            return self.imported(view, chain)
        name, _, rest = chain.partition(".")
        indexes = view.facts.names.get(name)
        units = [view.facts.units[one] for one in indexes or ()]
        targets = [read for unit in units if unit.kind == "import" for read in unit.reads if read[0] == "@"]
        if any(unit.kind != "import" for unit in units):
            targets = []
        elif targets and not any(self.is_project(one) for one in targets):
            return [node for one in targets for node in self.imported(view, _extended(one, rest))]
        value = view.namespace.get(name, _MISSING) if view.namespace is not None else _MISSING
        if value is _MISSING:
            builtin = indexes is None and name in _BUILTINS
            return [] if builtin and view.namespace is not None else self._chain_in_text(view, name, rest, indexes)
        if isinstance(value, ModuleType):
            return self.module_object(value, rest)
        assigned = any(unit.kind == "assign" for unit in units)
        if isinstance(value, FunctionType) and not assigned:
            nodes = [self.function(value)]
            return nodes if self._is_def_of(view, value, indexes) else [*nodes, *self._definitions(view, indexes)]
        if isinstance(value, type):
            nodes = self.klass(value)
            if not assigned:
                return nodes
            # A class made by a call (`namedtuple`, `make_dataclass`, `type`) has no text but the statement that made it.
            made = [] if any(one.index >= 0 for one in nodes) else self._definitions(view, indexes)
            return [self.variable(view, name), *nodes, *made]
        if targets:
            return [node for one in targets for node in self.imported(view, _extended(one, rest))]
        star = self.star_home(view, name) if indexes is None else None
        return self.chain(star, chain) if star is not None else [self.variable(view, name)]

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
            star = self.star_home(view, name)
            if star is not None:
                found.extend(self.chain(star, f"{name}.{rest}" if rest else name))
            else:
                for index in view.facts.stars:
                    target = view.facts.units[index].reads
                    found.extend([node for read in target if read[0] == "@" for node in self.imported(view, read)])
        return found

    def imported(self, view: View, target: str) -> list[Node]:
        """What `@level:module:name.attribute` stands for."""
        level, module, rest = target[1:].split(":", 2)
        name = absolute_module(int(level), module, view.package)
        if self.top_owner(name) in ("project", ""):
            found = self.inside(name, "" if rest == "*" else rest)
            return [*self.beside(name), *(found or self._made(name, sys.modules.get(name)))]
        return [self.alias(name, rest)]

    def alias(self, module: str, rest: str) -> Node:
        """A name of somebody else's module: which one counts, beside the version of its distribution."""
        key = f"{module}:{rest}"
        node = self.leaves.get(key)
        if node is None:
            node = self.leaves[key] = Node(key)
            node.index = _FOREIGN
            if self.top_owner(module) in ("installed", "loose"):
                node.edges = [("", one) for one in self.package(module)]
        return node

    def inside(self, module: str, rest: str) -> list[Node]:
        """A name inside a module of the project; the whole module where no name is given or none is found."""
        while True:
            view = self.view(module)
            first, _, after = rest.partition(".")
            if view is not None and first:
                known = first in view.facts.names or (view.namespace is not None and first in view.namespace)
                if known or self.star_home(view, first) is not None:
                    return self.chain(view, rest)
            if first and (self.view(f"{module}.{first}") is not None or self.is_folder(f"{module}.{first}")):
                module, rest = f"{module}.{first}", after
                continue
            if view is None:
                compiled = self.compiled_file(module)
                return [self.input(compiled)] if compiled else []
            if first and "__getattr__" in view.facts.names:
                return [*self.chain(view, "__getattr__"), self.module(view)]
            return [self.module(view)]

    def module_object(self, module: ModuleType, rest: str) -> list[Node]:
        """A live module, or a name inside it."""
        name = module.__name__
        if self.top_owner(name) in ("project", "") or name == "__main__":
            return [*self.beside(name), *(self.inside(name, rest) or self._made(name, module))]
        return [self.alias(name, rest)]

    def _made(self, name: str, module: ModuleType | None) -> list[Node]:
        """What a live module is known by that no import of a file made: nobody can tell who put what into it."""
        if module is None or name == "__main__" or hasattr(module, "__path__") or self.view(name) is not None:
            return []
        return [self.project()]

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
                made.edges.extend([("*", self.module(star)) for star in self.stars(view)])
                for index, unit in enumerate(facts.units):
                    if unit.parent == -1 and unit.kind == "do":
                        made.edges.append(("", self.unit(view, index)))

            node.fill = fill
        return node

    def project(self) -> Node:
        """The whole project: all its sources, normalised."""
        return self.input("!project")


def class_at(view: View, name: str) -> type | None:
    found: Any = view.namespace
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else getattr(found, "__dict__", {}).get(part)
        if found is None:
            return None
    return found if isinstance(found, type) else None


def _extended(target: str, rest: str) -> str:
    if not rest:
        return target
    return target + rest if target.endswith(":") else f"{target}.{rest}"
