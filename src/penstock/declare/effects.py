"""Module-level statements that change something when a module is imported, and what they change.

A statement that changes a variable, class or function of the project belongs to whoever reaches that. A statement
whose effect can't be tied to one (`np.seterr(...)`, a call that ends in such) belongs to every step that imports its module.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from penstock.declare.facts import Unit
from penstock.declare.views import View

if TYPE_CHECKING:
    from penstock.declare.reach import Graph, Node

__all__ = ["Effects"]

_HARMLESS = frozenset(
    {"print", "len", "isinstance", "repr", "str", "int", "float", "sorted", "range", "list", "dict", "set", "tuple"}
)
_HARMLESS_MODULES = frozenset({"logging", "sys", "typing", "warnings", "argparse", "atexit", "faulthandler"})


class Effects:
    """The effects of importing the modules of a graph."""

    def __init__(self, graph: "Graph") -> None:
        self.graph = graph
        self._own: dict[int, tuple[Any, ...]] = {}
        self._imported: dict[int, tuple[View, ...]] = {}
        self._deep: dict[tuple[int, int], bool] = {}

    def of(self, views: Iterable[View], loads: Iterable[str]) -> "list[Node]":
        """The effects of importing these modules, and all that they import; in order of module and line."""
        reached: dict[int, View] = {}
        for view in [*views, *[one for name in loads for one in self._named(name)]]:
            for one in self._closure(view):
                reached[id(one)] = one
        found: list[Node] = []
        for view in sorted(reached.values(), key=lambda one: one.name):
            found.extend(self.own(view))
        return found

    def _named(self, name: str) -> list[View]:
        parts = name.split(".")
        found = [self.graph.view(".".join(parts[: size + 1])) for size in range(len(parts))]
        return [one for one in found if one is not None]

    def _closure(self, view: View) -> tuple[View, ...]:
        known = self._imported.get(id(view))
        if known is not None:
            return known
        found: dict[int, View] = {}
        waiting = [view, *self._named(view.package)]
        while waiting:
            one = waiting.pop()
            if id(one) in found:
                continue
            found[id(one)] = one
            for target in one.facts.imports:
                if self.graph.is_project(one, target):
                    waiting.extend(self._named(self.graph.absolute(one, target)))
        self._imported[id(view)] = tuple(found.values())
        return self._imported[id(view)]

    def own(self, view: View) -> "tuple[Node, ...]":
        """The statements of one module that belong to everybody who imports it."""
        known = self._own.get(id(view))
        if known is None:
            self._own[id(view)] = ()  # while it is worked out: modules import each other in circles
            found = []
            for index, unit in enumerate(view.facts.units):
                if unit.parent == -1 and unit.kind not in ("import", "header") and self._is_everybodys(view, unit):
                    found.append(self.graph.unit(view, index))
            known = self._own[id(view)] = tuple(found)
        return known

    def _is_everybodys(self, view: View, unit: Unit) -> bool:
        if unit.kind in ("def", "class"):
            return any(self._calls_out(view, name) for name in unit.decorators)
        for act in unit.acts:
            if act[0] == "=":
                if self._is_outside(view, act[1:]):
                    return True
            elif self._call_is_outside(view, act):
                return True
        return any(self._calls_out(view, name) for name in unit.calls)

    def _is_outside(self, view: View, chain: str) -> bool:
        """Whether what a statement changes is nobody's in the project (a library's setting, the environment)."""
        root = chain.partition(".")[0]
        if chain.startswith("@"):
            module = chain[1:].split(":", 2)[1]
            return (
                self.graph.top_owner(module) in ("installed", "loose", "stdlib")
                and module.partition(".")[0] not in _HARMLESS_MODULES
            )
        for index in view.facts.names.get(root, ()):
            for read in view.facts.units[index].reads:
                if read[0] == "@" and view.facts.units[index].kind == "import":
                    module = read[1:].split(":", 2)[1]
                    owner = self.graph.top_owner(module) if not self.graph.is_project(view, read) else "project"
                    if owner in ("installed", "loose", "stdlib") and module.partition(".")[0] not in _HARMLESS_MODULES:
                        return True
        return False

    def _call_is_outside(self, view: View, chain: str) -> bool:
        return chain not in _HARMLESS and self._is_outside(view, chain)

    def _calls_out(self, view: View, chain: str) -> bool:
        """Whether a call of a project's function ends in an effect outside of the project."""
        waiting = [node for node in self.graph.chain(view, chain)]
        seen: set[Any] = set()
        while waiting:
            node = waiting.pop()
            if node in seen or node.piece is None or node.piece.kind not in ("function", "class") or node.view is None:
                continue
            seen.add(node)
            where = [
                one
                for one in node.view.facts.units
                if one.line == node.piece.line and one.kind in ("def", "class", "lambda")
            ]
            for unit in where[:1]:
                for act in unit.acts:
                    if self._is_outside(node.view, act.lstrip("=")) and act not in _HARMLESS:
                        return True
                for name in unit.calls:
                    waiting.extend(self.graph.chain(node.view, name))
        return False
