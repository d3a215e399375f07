"""Which artifacts a check judges, by the graph alone.

Scores and predictions may move with what they are made of, so nothing that descends from them is judged, but for what the test's labels choose, and predictions by `alone`.
What a training made is judged as fitted state. What descends from a model knows what the model was taught: of it, `as-of` says
nothing, and `own-label` only where another training takes it.
"""

from functools import cached_property

from penstock.checks.circuit import Circuit
from penstock.checks.nodes import Node

__all__ = ["Scope"]

_MODELS = ("train",)
_USES = ("predict", "evaluate", "deploy")
_STATES = ("test-blind", "test-label")


class Scope:
    """The kinds of steps above and below each artifact of a circuit. `foul` are sides of a split that teach and hold rows of the test."""

    def __init__(self, circuit: Circuit) -> None:
        self._nodes, self._makers = circuit.nodes, circuit.makers
        self.foul: frozenset[str] = frozenset()
        self._above: dict[str, frozenset[str]] = {}

    def above(self, artifact: str) -> frozenset[str]:
        """All artifacts that an artifact descends from."""
        if artifact not in self._above:
            found: set[str] = set()
            for one in self._makers[artifact].inputs.values():
                found |= {one, *(self.above(one) if one in self._makers else ())}
            self._above[artifact] = frozenset(found)
        return self._above[artifact]

    def kinds(self, artifact: str) -> frozenset[str]:
        """The kinds of the steps that an artifact descends from, its own left out."""
        return frozenset([self._makers[one].kind for one in self.above(artifact) if one in self._makers])

    @cached_property
    def split(self) -> bool:
        """Whether the circuit has a split."""
        return any(node.kind == "split" for node in self._nodes.values())

    def divided(self, artifact: str) -> bool:
        """Whether an artifact is a side of a split, or made of one."""
        return self._makers[artifact].kind == "split" or "split" in self.kinds(artifact)

    def feeds(self, artifact: str, *kinds: str) -> bool:
        """Whether a step of one of these kinds takes an artifact, or what is made of it."""
        return any(
            node.kind in kinds and any(artifact == one or artifact in self.above(one) for one in node.inputs.values())
            for node in self._nodes.values()
        )

    def judged(self, check: str, artifact: str) -> bool:
        """Whether a check judges an artifact."""
        maker, kinds = self._makers[artifact], self.kinds(artifact)
        if check == "alone":  # a prediction as well: there is no label in it yet
            if ({artifact} | self.above(artifact)) & self.foul:
                return False
            return maker.kind == "predict" or (maker.kind in ("step", "split") and not kinds & {"evaluate", "deploy"})
        if maker.kind in (*_USES, "source"):
            return False
        if check != "own-label" and ({artifact} | self.above(artifact)) & self.foul:
            return False
        if kinds & {*_USES} and check != "test-label":
            return False
        if maker.kind in _MODELS:
            return check in _STATES
        if self.taught(artifact):
            if check == "own-label":
                return self.feeds(artifact, "train")
            return check in _STATES
        return True

    def taught(self, artifact: str) -> bool:
        """Whether an artifact is what a training made, or made of that."""
        return self._makers[artifact].kind in _MODELS or bool(self.kinds(artifact) & {*_MODELS})

    def chosen(self, artifact: str) -> bool:
        """Whether an artifact is a value by which something is trained or handed on: settings, columns, a threshold."""
        maker: Node = self._makers[artifact]
        return maker.kind == "step" and self.feeds(artifact, "train", "deploy")

    def why_not(self, check: str, step: str) -> str:
        """Why a check has nothing to say of a step; "" if the graph does not tell."""
        for artifact in self._nodes[step].outputs:
            foul = sorted(({artifact} | self.above(artifact)) & self.foul)
            if foul and check != "own-label":
                return f"rows of the test are in `{foul[0]}` as well (another fold, or all rows)"
        return ""
