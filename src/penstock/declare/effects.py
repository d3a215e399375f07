"""Module-level statements that change something when a module is imported, and what they change.

A statement that changes a variable, class or function of the project belongs to whoever reaches that. A statement
whose effect can't be tied to one (`np.seterr(...)`, a call that ends in such) belongs to every step that imports its module.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from penstock.declare.facts import Unit
from penstock.declare.values_of import is_scalar
from penstock.declare.views import View

if TYPE_CHECKING:
    from penstock.declare.naming import Names
    from penstock.declare.nodes import Node

__all__ = ["Effects"]

# What these change is not what steps compute: output, warnings, the search path (its outcome is what imports resolve to).
_HARMLESS = frozenset(
    {"logging", "sys", "typing", "warnings", "argparse", "atexit", "faulthandler", "threading", "pprint"}
)
_FOREIGN = ("installed", "loose", "stdlib")

# Names of what libraries offer to be extended by.
_REGISTERS = re.compile(r"regist|extend|implements|overload|hook|accessor|namespace|subscribe|listen")

_Place = tuple[View, str]


class Effects:
    """The effects of importing the modules of a graph."""

    def __init__(self, graph: "Names") -> None:
        self.graph = graph
        self._own: dict[int, tuple[Any, ...]] = {}
        self._imported: dict[int, tuple[View, ...]] = {}
        self._touching: dict[tuple[int, str], list[tuple[View, int]]] = {}
        self._indexed: set[int] = set()
        self._alone: dict[int, list[Node]] = {}

    # --- what belongs to everybody who imports a module

    def of(self, views: Iterable[View], loads: Collection[str]) -> "list[Node]":
        """The effects of importing these modules, and all that they import; in order of module and line."""
        return self._all(views, loads)

    def alone(self, view: View) -> "list[Node]":
        """The effects of importing one module, and all that it imports."""
        found = self._alone.get(id(view))
        if found is None:
            found = self._alone[id(view)] = self._all((view,), ())
        return found

    def _all(self, views: Iterable[View], loads: Iterable[str]) -> "list[Node]":
        reached: dict[int, View] = {}
        for view in [*views, *[one for name in loads for one in self.graph.views_along(name)]]:
            if id(view) not in reached:
                for one in self._closure(view):
                    reached[id(one)] = one
        return [node for view in sorted(reached.values(), key=lambda one: one.name) for node in self.own(view)]

    def _closure(self, view: View) -> tuple[View, ...]:
        """A module and all modules of the project that importing it imports."""
        known = self._imported.get(id(view))
        if known is not None:
            return known
        found: dict[int, View] = {}
        waiting = [view, *self.graph.views_along(view.package)]
        while waiting:
            one = waiting.pop()
            if id(one) in found:
                continue
            found[id(one)] = one
            for target in one.facts.imports:
                if self.graph.is_project(target):
                    waiting.extend(self.graph.views_along(self.graph.absolute(one, target)))
        self._imported[id(view)] = tuple(found.values())
        return self._imported[id(view)]

    def own(self, view: View) -> "tuple[Node, ...]":
        """The statements of one module that belong to everybody who imports it."""
        known = self._own.get(id(view))
        if known is None:
            self._own[id(view)] = ()  # while it is worked out: modules import each other in circles
            found = [
                self.graph.unit(view, index)
                for index, unit in _statements(view)
                if any(one is None for one in self._places(view, unit))
            ]
            known = self._own[id(view)] = tuple(found)
        return known

    # --- what belongs to a variable, class or function

    def touching(self, view: View, name: str) -> list[tuple[View, int]]:
        """The statements, in any module imported so far, that change a name of a module."""
        for other in [view, *self.graph.all_views()]:
            if id(other) not in self._indexed:
                self._indexed.add(id(other))
                for index, unit in _statements(other):
                    for place in self._places(other, unit):
                        if place is not None:
                            listed = self._touching.setdefault(self._key(place), [])
                            if (other, index) not in listed:
                                listed.append((other, index))
        return self._touching.get(self._key((view, name)), [])

    def _key(self, place: _Place) -> tuple[int, str]:
        """Names of one live object share their key: what is changed by an alias is changed."""
        view, name = place
        value = view.namespace.get(name) if view.namespace is not None else None
        shared = value is not None and not is_scalar(value) and not isinstance(value, tuple | frozenset)
        return (id(value), "") if shared else (id(view), name)

    # --- what a statement changes

    def _places(self, view: View, unit: Unit) -> Iterator[_Place | None]:
        """The names that a statement changes; None for what is nobody's in the project."""
        calls = unit.calls
        if unit.kind in ("def", "class"):
            calls = unit.decorators
        else:
            for act in unit.acts:
                if act[0] == "=":
                    yield from self._changed(view, act[1:])
                elif act == "!error" or self._foreign(view, act):
                    yield None
                else:
                    yield from self._changed(view, act, called=True)
            if unit.kind == "assign" and calls:
                yield from self._perhaps(view, unit)
        if any(_REGISTERS.search(name) and self._foreign(view, name) for name in calls):
            yield None
        yield from self._called(view, calls)

    def _perhaps(self, view: View, unit: Unit) -> Iterator[_Place | None]:
        """The variables that a statement with calls reads: `fitted = MODEL.fit(rows)` changes `MODEL`."""
        for read in unit.reads:
            name = read.partition(".")[0]
            if name.isidentifier() and name not in unit.binds:
                place = self._origin(view, name)
                found = place[0].facts.names.get(place[1], ()) if place is not None else ()
                if place is not None and any(place[0].facts.units[one].kind == "assign" for one in found):
                    yield place

    def _called(self, view: View, calls: Iterable[str]) -> Iterator[_Place | None]:
        """What functions of the project change, and those that they call."""
        waiting = [node for name in calls for node in self.graph.chain(view, name)]
        seen: set[Any] = set()
        while waiting:
            node = waiting.pop()
            if node in seen or node.index < 0 or node.view is None:
                continue
            seen.add(node)
            inner = node.view.facts.units[node.index]
            if inner.kind in ("def", "class", "lambda"):
                for act in inner.acts:
                    if act[0] == "=":
                        yield from self._changed(node.view, act[1:])
                    elif act == "!error" or self._foreign(node.view, act):
                        yield None
                waiting.extend([one for name in inner.calls for one in self.graph.chain(node.view, name)])

    def _changed(self, view: View, chain: str, *, called: bool = False) -> Iterator[_Place | None]:
        made, chain = chain.endswith("()"), chain.removesuffix("()")
        if made:
            # Something set on what a call returned: on a new object if a class was called, else perhaps on a shared one.
            if self._foreign(view, chain) and not self._is_class(view, chain):
                yield None
            return
        if self._foreign(view, chain):
            yield None
            return
        place = self._origin(view, chain)
        if place is None or (called and "." not in chain):
            return
        yield place
        owner, name = place
        if "." in chain and not called:
            for index in owner.facts.names.get(name, ()):
                unit = owner.facts.units[index]
                if unit.kind == "assign" and any(
                    self._foreign(owner, call) and not self._is_class(owner, call) for call in unit.calls
                ):
                    yield None

    def _foreign(self, view: View, chain: str) -> bool:
        """Whether a name leads into a library (or the standard library) whose state matters."""
        if chain[0] == "@":
            return self._is_foreign(chain)
        for index in view.facts.names.get(chain.partition(".")[0], ()):
            unit = view.facts.units[index]
            if unit.kind == "import" and any(self._is_foreign(read) for read in unit.reads if read[0] == "@"):
                return True
        return False

    def _is_foreign(self, target: str) -> bool:
        if self.graph.is_project(target):
            return False
        module = target[1:].split(":", 2)[1]
        return self.graph.top_owner(module) in _FOREIGN and module.partition(".")[0] not in _HARMLESS

    def _is_class(self, view: View, chain: str) -> bool:
        if view.namespace is None or chain[0] == "@":
            return False
        found: Any = view.namespace
        for part in chain.split("."):
            found = found.get(part) if isinstance(found, dict) else getattr(found, part, None)
        return isinstance(found, type)

    def _origin(self, view: View, chain: str) -> _Place | None:
        """The module and name where what a chain begins with is bound."""
        for _ in range(50):
            if chain[0] != "@":
                root, _dot, rest = chain.partition(".")
                imports = [
                    read
                    for index in view.facts.names.get(root, ())
                    if view.facts.units[index].kind == "import"
                    for read in view.facts.units[index].reads
                    if read[0] == "@"
                ]
                if not imports:
                    star = self.graph.star_home(view, root) if root not in view.facts.names else None
                    return (star or view), root
                target = imports[0]
                chain = (target + rest if target.endswith(":") else f"{target}.{rest}") if rest else target
            module = self.graph.absolute(view, chain)
            rest = chain[1:].split(":", 2)[2]
            owner = self.graph.view(module)
            if owner is None:
                return None
            first, _dot, after = rest.partition(".")
            if first and module.endswith(f".{first}") and first not in owner.facts.names:
                first, _dot, after = after.partition(".")
            while first and first not in owner.facts.names and (inner := self.graph.view(f"{owner.name}.{first}")):
                owner = inner
                first, _dot, after = after.partition(".")
            if not first:
                return None
            view, chain = owner, f"{first}.{after}" if after else first
        return None


def _statements(view: View) -> Iterator[tuple[int, Unit]]:
    for index, unit in enumerate(view.facts.units):
        if unit.parent == -1 and unit.kind not in ("import", "header"):
            if unit.kind in ("def", "class") and not unit.decorators:
                continue
            if unit.acts or unit.calls or unit.decorators:
                yield index, unit
