"""The identity of a step's code: the closure of everything that it reaches, as one digest and its pieces.

The digest is that of the graph as it is walked from the function: each node's own token, and for each name that it
reads the number of the node behind it. So wiring counts, module names and the order of definitions do not.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import FunctionType
from typing import Any

from blake3 import blake3

from penstock.declare.facts import Shelf
from penstock.declare.nodes import Node
from penstock.declare.packages import Packages
from penstock.declare.project import Loaded, Project, Session, session_of
from penstock.declare.reach import Graph
from penstock.declare.views import View
from penstock.model.code import Code, Piece
from penstock.model.digest import PREFIX

__all__ = ["Closures", "graph_of", "reachable_sources", "settle"]

_PYTHON = "{}.{}".format(*sys.version_info[:2])
_python_piece = Piece("python", "python", _PYTHON)
_shelf = Shelf(None)


class Closures:
    """Closures of functions: of a project's steps, or (without a project) of functions in a notebook or a test.

    Files and environment variables that the code names are looked at anew by each object of this class.
    """

    def __init__(self, project: Project | None) -> None:
        self.project = project
        self._root = str(project.root) if project is not None else str(Path.cwd())
        self._inputs: dict[str, tuple[str, Piece | None]] = {}
        self._fresh: set[int] = set()
        self._namespace: object = None
        self._graph_of: _Graph | None = None

    def code_of(self, function: Callable[..., Any], *, declared: Sequence[Piece] = ()) -> Code:
        """The closure of a function, a partial, a callable object or a class; `declared` pieces are added as they are."""
        walked = self._walked(function)
        if not declared:
            return Code(walked.digest, walked.pieces)
        parts = [walked.digest, *[f"{one.kind}:{one.name}:{one.digest}" for one in declared]]
        digest = PREFIX + blake3("\x00".join(parts).encode()).hexdigest()
        return Code(digest, (*declared, *walked.pieces))

    def _walked(self, function: Callable[..., Any]) -> "_Walked":
        graph = self._graph(function)
        if isinstance(function, FunctionType):
            root = graph.function(function, as_root=True)
        else:
            root = Node("root")
            root.edges = [("", one) for one in graph.anything(function)]
        known = graph.walked.get(root)
        if known is not None and (not known.inputs or id(known) in self._fresh):
            return known
        found = self._walk(graph, root)
        graph.walked[root] = found
        self._fresh.add(id(found))
        return found

    def _graph(self, function: Callable[..., Any]) -> "_Graph":
        namespace = getattr(_innermost(function), "__globals__", None)
        if self._graph_of is not None and namespace is self._namespace:
            return self._graph_of
        session = session_of(namespace) if namespace is not None else None
        if session is None and self.project is not None:
            session = self.project.session
        if session is None:
            return _Graph(None, self._root, _shelf, Packages())
        self._namespace, self._graph_of = namespace, graph_of(session)
        return self._graph_of

    def _walk(self, graph: "_Graph", root: Node) -> "_Walked":
        order, text = _walk(graph, root)
        looks = 0
        inputs: list[Node] = []
        wrote: set[str] = set()
        pieces: dict[tuple[str, str, str], Piece] = {}
        for node in order:
            piece = node.piece
            if piece is not None:
                pieces[(piece.name, piece.kind, piece.digest)] = piece
            elif node.input:
                inputs.append(node)
            looks = max(looks, node.looks)
            if node.wrote:
                wrote.update(node.wrote)
        pieces[("python", "python", "")] = _python_piece
        parts = [_PYTHON, text]
        if looks:
            parts += [node.exact for node in order]
        if looks > 1:
            parts += [node.piece.text for node in order if node.piece is not None]
        for node in inputs:
            if node.input not in wrote:
                digest, seen = self._input(graph, node.input)
                named = node.input.replace(graph.root, "", 1)  # `!run:` and its like stand before a path
                parts.append(f"{named}={digest}")
                if seen is not None:
                    pieces[(seen.name, seen.kind, seen.digest)] = seen
        whole = "\x00".join(parts).encode("utf-8", "surrogatepass")
        return _Walked(PREFIX + blake3(whole).hexdigest(), tuple([pieces[key] for key in sorted(pieces)]), bool(inputs))

    def _input(self, graph: "_Graph", name: str) -> tuple[str, Piece | None]:
        known = self._inputs.get(name)
        if known is None:
            if name.startswith("!plugins:"):
                digest, piece = graph.inputs.plugins(name.removeprefix("!plugins:"))
            elif name.startswith("!run:"):
                digest, piece = graph.inputs.program(name.removeprefix("!run:"))
            elif name == "!project":
                digest = graph.project_digest()
                piece = Piece("project", "project", digest)
            elif name.startswith("$"):
                digest = graph.inputs.variable(name[1:])
                piece = Piece("variable", name[1:], digest or "unset")
            else:
                digest, shown = graph.inputs.content(name), graph.inputs.relative(name)
                piece = Piece("file", shown, digest, shown)
            known = self._inputs[name] = (digest, piece if digest or name[0] == "$" else None)
        return known


class _Walked:
    __slots__ = ("digest", "inputs", "pieces")

    def __init__(self, digest: str, pieces: tuple[Piece, ...], inputs: bool) -> None:
        self.digest = digest
        self.pieces = pieces
        self.inputs = inputs


class _Graph(Graph):
    """A graph with what was walked over it."""

    def __init__(self, session: Session | None, root: str, shelf: Shelf, packages: Packages) -> None:
        super().__init__(session, root, shelf, packages)
        self.walked: dict[Node, _Walked] = {}


def _walk(graph: _Graph, root: Node) -> tuple[list[Node], str]:
    """All nodes that a root reaches, and the text of that graph: the same in every process, however files are named."""
    order = [root]
    numbers = {root: "0"}
    parts: list[str] = []
    views: dict[int, View] = {}
    last: View | None = None
    loads: dict[str, None] = {}
    place = 0
    while True:
        while place < len(order):
            node = order[place]
            place += 1
            if node.fill is not None:
                fill, node.fill = node.fill, None
                fill(node)
            view = node.view
            if view is not None and view is not last:
                views[id(view)] = last = view
            if node.loads:
                loads.update(dict.fromkeys(node.loads))
            parts.append(node.token)
            parts.append(str(len(node.edges)))
            for label, other in node.edges:
                number = numbers.get(other)
                if number is None:
                    number = numbers[other] = str(len(order))
                    order.append(other)
                parts.append(label)
                parts.append(number)
        effects = graph.effects
        found = effects.of(views.values(), loads) if loads or len(views) != 1 or last is None else effects.alone(last)
        more = [one for one in found if one not in numbers]
        if not more:
            return order, "\x00".join(parts)
        for one in more:
            numbers[one] = str(len(order))
            order.append(one)


def _innermost(function: Any) -> Any:
    for _ in range(50):
        if isinstance(function, FunctionType):
            return function
        inner = getattr(function, "__func__", None) or getattr(function, "func", None)
        inner = inner or getattr(function, "__wrapped__", None)
        if inner is None:
            return type(function).__call__
        function = inner
    return function


def graph_of(session: Session) -> _Graph:
    """The graph of a session, which lives as long as its modules."""
    if session.graph is None:
        session.graph = _Graph(session, session.root, session.shelf, Packages(session.shelf.folder))
    graph: _Graph = session.graph
    return graph


def settle(session: Session, pending: Iterable[Loaded]) -> None:
    """Look at the values of modules right after their import, before a step can change them."""
    graph = graph_of(session)
    for loaded in pending:
        if loaded.module is None or loaded.late or session.loaded.get(loaded.name) is not loaded:
            continue
        view = graph.view(loaded.name)
        if view is None or view.namespace is None:
            continue
        waiting: list[Any] = []
        for name, indexes in view.facts.names.items():
            value = view.namespace.get(name)
            units = [view.facts.units[one] for one in indexes]
            if any(one.kind == "assign" or one.decorators for one in units) and not isinstance(value, type):
                waiting.extend(graph.snap(view, name).refs)
            waiting.append(value)
        seen: set[int] = set()
        while waiting:
            value = waiting.pop()
            if id(value) in seen:
                continue
            seen.add(id(value))
            if (isinstance(value, FunctionType) and _has_state(value)) or (
                isinstance(value, type) and value.__module__ == loaded.name
            ):
                waiting.extend(graph.state(value).refs.values())


def _has_state(function: FunctionType) -> bool:
    return bool(function.__closure__ or function.__kwdefaults__ or function.__dict__ or function.__defaults__)


def reachable_sources(session: Session) -> dict[str, bytes]:
    """The sources of a session's modules, and of the project's modules that they import inside functions."""
    found = {one.file: one.data for one in session.loaded.values()}
    for view in graph_of(session).all_views():
        if view.loaded is not None:
            found.setdefault(view.file, view.loaded.data)
    return found
