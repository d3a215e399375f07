"""What an answer of a check stands on: the step, each split, and all that is above them; told once for a graph, step by step.

Of a training, what reads it shows in who predicts by it, so such an answer stands on all below as well, and on what is above that.
"""

from collections.abc import Iterable, Mapping

from penstock.graph.graph import Graph
from penstock.model.bench import Pair
from penstock.model.digest import combine
from penstock.model.run import Execution

__all__ = ["Grounds"]


class Grounds:
    """The digests of all that answers stand on, of the steps that were `done`."""

    def __init__(self, graph: Graph, done: Mapping[str, Execution]) -> None:
        self._graph = graph
        self._above: dict[str, str] = {}  # a step with all above it
        self._below: dict[str, str] = {}  # that, with all below it and what is above those
        self._missing: set[str] = set()
        for name, step in graph.steps.items():
            parents = graph.parents(name)
            if name not in done or any(one in self._missing for one in parents):
                self._missing.add(name)
            key = done[name].key if name in done else ""
            said = [name, key, repr(step.contract), repr(step.options.target)]
            self._above[name] = combine("above", [*said, *[self._above[one] for one in parents]])
        for name in reversed(graph.steps):
            children = [self._below[one] for one in graph.children(name)]
            self._below[name] = combine("below", [self._above[name], *children])
        self._splits = [name for name, step in graph.steps.items() if step.kind == "split"]
        self._split = combine("splits", [self._above[one] for one in self._splits])

    def whole(self, pair: Pair) -> bool:
        """Whether all that an answer stands on was done, the steps below a training apart."""
        return self._missing.isdisjoint([pair.step, *self._splits])

    def parts(self, pair: Pair, *, stacked: bool) -> Iterable[str]:
        """What the key of a pair is made of; of a training, with what is below it where its check is `stacked`."""
        trained = stacked and self._graph.steps[pair.step].kind == "train"
        return (self._below if trained else self._above)[pair.step], self._split
