"""The graph: steps in topological order, each input bound to the artifact that it names."""

from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush

from penstock.errors import CycleError, DuplicateName, UnknownName, did_you_mean
from penstock.graph.bind import Bound, bind, names
from penstock.model.step import Step

__all__ = ["Graph", "build"]


class Graph:
    """Steps and edges, never altered. `steps` is in topological order; ties keep the order of declaration."""

    def __init__(self, steps: dict[str, Step], bound: dict[str, Bound]) -> None:
        self.steps = steps
        self.bound = bound
        self._parents: dict[str, tuple[str, ...]] = {}
        self._children: dict[str, list[str]] = {name: [] for name in steps}
        for name in steps:
            above = tuple(dict.fromkeys([maker for maker, _ in bound[name].values()]))
            self._parents[name] = above
            for parent in above:
                self._children[parent].append(name)

    def parents(self, step: str) -> tuple[str, ...]:
        """The steps that make this step's inputs, in the order of its arguments."""
        return self._parents[step]

    def children(self, step: str) -> Sequence[str]:
        """The steps that read what this step makes."""
        return self._children[step]

    def inputs(self, step: str) -> Bound:
        """For each argument of a step: (the step that makes it, the full name of the artifact)."""
        return self.bound[step]

    def maker(self, artifact: str) -> str:
        """The step that makes an artifact. Raises `UnknownName` with close matches."""
        known = names(self.steps.values())
        if artifact in known:
            return known[artifact][0]
        raise UnknownName(f"no step makes `{artifact}`", hint=did_you_mean(artifact, [*known, *self.steps]))

    def above(self, steps: Iterable[str]) -> set[str]:
        """These steps and all that they need."""
        return _reach(steps, self._parents)

    def below(self, steps: Iterable[str]) -> set[str]:
        """These steps and all that needs them."""
        return _reach(steps, self._children)

    def only(self, targets: Sequence[str]) -> "Graph":
        """The part of the graph that makes some steps or artifacts; all of it, if none are named."""
        if not targets:
            return self
        wanted = [one if one in self.steps else self.maker(one) for one in targets]
        kept = self.above(wanted)
        steps = {name: step for name, step in self.steps.items() if name in kept}
        return Graph(steps, {name: self.bound[name] for name in steps})


def build(steps: Iterable[Step]) -> Graph:
    """Bind steps to a graph.

    Raises `DuplicateName`, `UnknownName` (with close matches) or `CycleError` (with the circle), each with file and line.
    """
    listed: dict[str, Step] = {}
    for one in steps:
        if one.name in listed:
            raise DuplicateName(
                f"two steps are named `{one.name}`: here and at {listed[one.name].where}", where=one.where
            )
        listed[one.name] = one
    bound = bind(listed)
    order = _order(listed, bound)
    return Graph({name: listed[name] for name in order}, bound)


def _order(steps: Mapping[str, Step], bound: Mapping[str, Bound]) -> list[str]:
    place = {name: index for index, name in enumerate(steps)}
    listed = list(steps)
    waiting: dict[str, int] = {}
    children: dict[str, list[str]] = {name: [] for name in steps}
    for name in steps:
        above = {maker for maker, _ in bound[name].values()}
        waiting[name] = len(above)
        for parent in above:
            children[parent].append(name)
    ready = [place[name] for name, count in waiting.items() if not count]
    heapify(ready)
    order: list[str] = []
    while ready:
        name = listed[heappop(ready)]
        order.append(name)
        for child in children[name]:
            waiting[child] -= 1
            if not waiting[child]:
                heappush(ready, place[child])
    if len(order) < len(steps):
        _circle(steps, bound, {name for name, count in waiting.items() if count})
    return order


def _circle(steps: Mapping[str, Step], bound: Mapping[str, Bound], left: set[str]) -> None:
    # Walk upwards from any step that is left: every one has a parent that is left, so the walk must meet itself.
    name = next(name for name in steps if name in left)
    path: list[str] = []
    while name not in path:
        path.append(name)
        name = next(maker for maker, _ in bound[name].values() if maker in left)
    circle = [*path[path.index(name) :], name][::-1]
    raise CycleError(
        "these steps need each other: " + " → ".join(f"`{one}`" for one in circle), where=steps[name].where
    )


def _reach(start: Iterable[str], edges: Mapping[str, Sequence[str]]) -> set[str]:
    found: set[str] = set()
    todo = list(start)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo.extend(edges[name])
    return found
