"""The values of every artifact in one world: made when they are asked for, and only where something moved.

A step whose inputs are those of the base world is not done again (training above all): nor is it done in the base world, if all
that is asked is whether it moved. What differs from the base world by no more than rounding is taken for the same: so a bit
that rounding flipped never reaches a model.
"""

from collections.abc import Callable, Mapping
from typing import Any

from penstock.checks.circuit import Circuit, Failed, called
from penstock.values.compare import compare

__all__ = ["Flow", "Pin"]

Pin = Callable[["Flow", str, dict[str, Any]], dict[str, Any]]
"""What puts the sides of a split together again as they were: the world, the split's name and its outputs, to its outputs."""


class Flow:
    """One world: the base world (`base` is None), or one in which some sources are `altered`.

    `made` are outputs that are known already. `seed` gives the global generators another beginning than the base world's.
    `kept` are the rows of a source that are there, where some are gone.
    """

    def __init__(
        self,
        circuit: Circuit,
        altered: Mapping[str, Any] | None = None,
        base: "Flow | None" = None,
        *,
        made: Mapping[str, Any] | None = None,
        pin: Pin | None = None,
        seed: int = 0,
        kept: Mapping[str, Any] | None = None,
    ) -> None:
        self.circuit, self.base, self.seed = circuit, base, seed
        self.reruns = 0
        self.failed: list[Failed] = []
        self.altered, self.kept = dict(altered or {}), dict(kept or {})
        self.pinned: dict[str, Any] = {}  # which rows the artifacts of a split hold here
        self.raw: dict[str, Any] = {}  # what a split made, before its sides were put together again
        self._makers = circuit.makers
        self._pin = pin
        self._held: dict[str, Any] = {**circuit.values, **self.altered, **(made or {})}
        self._same = {one for one in circuit.values if one not in self.altered} if base else set()

    def value(self, artifact: str) -> Any:
        """An artifact's value in this world: `Failed` where the step, or one above it, raised."""
        if artifact not in self._held:
            if self.base is None:
                self._make(artifact)
            elif self.same(artifact):  # which makes it, where it can't be told without
                self._held[artifact] = self.base.value(artifact)
        return self._held[artifact]

    def same(self, artifact: str) -> bool:
        """Whether an artifact is what it is in the base world, as far as rounding allows to tell."""
        if artifact in self._same:
            return True
        if self.base is None or artifact in self._held:
            return False
        node = self._makers[artifact]
        if self.seed == self.base.seed and all(map(self.same, node.inputs.values())):
            self._same.update(node.outputs)
        else:
            self._make(artifact)
        return artifact in self._same

    def returned(self, artifact: str) -> Any:
        """What a step itself made of an artifact here: of a split, the sides as it drew them."""
        value = self.value(artifact)
        return self.raw.get(artifact, self.base.returned(artifact) if self.base and self.same(artifact) else value)

    def _make(self, artifact: str) -> None:
        node = self._makers[artifact]
        inputs = {argument: self.value(name) for argument, name in node.inputs.items()}
        made: Mapping[str, Any] | Failed | None = next(
            (one for one in inputs.values() if isinstance(one, Failed)), None
        )
        if made is None:
            self.reruns += 1
            made = called(node.name, self.circuit.calls[node.name], inputs, self.seed)
            if isinstance(made, Failed):
                self.failed.append(made)
        if isinstance(made, Failed):
            self._held.update(dict.fromkeys(node.outputs, made))
            return
        found = {one: made.get(one, Failed(node.name, "it made no such output")) for one in node.outputs}
        if self._pin is not None and node.kind == "split":
            self.raw.update(found)
            if self.base is None or not all(_equal(self.base.raw.get(one), value) for one, value in found.items()):
                found = self._pin(self, node.name, found)
            else:
                found = {one: self.base.value(one) for one in found}
        for one, value in found.items():
            known = self.base.value(one) if self.base is not None else None
            if self.base is not None and not isinstance(known, Failed) and _equal(known, value):
                self._held[one] = known
                self._same.add(one)
            else:
                self._held[one] = value


def _equal(before: Any, after: Any) -> bool:
    try:
        return not isinstance(after, Failed) and compare(before, after).equal
    except Exception:  # values of the user's own classes may not bear being compared
        return False
