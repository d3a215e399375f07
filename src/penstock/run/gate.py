"""A gate before steps that hand something to the outside: they wait until the checks have judged all that was made."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from penstock.model.event import Blocked
from penstock.run.commands import Judged
from penstock.run.engine import Engine

__all__ = ["GatedEngine"]

_GATE = "\x00gate"  # no step can bear this name


class GatedEngine(Engine):
    """An engine in which the `gated` steps wait for `Judged`, beside all that they need.

    While they wait for nothing else the engine is `done`: whoever drives it judges then. Where the judgement is
    against them, they and all below them are blocked, and the run has failed.
    """

    def __init__(
        self,
        parents: Mapping[str, Sequence[str]],
        children: Mapping[str, Sequence[str]],
        *,
        gated: Iterable[str],
        **options: Any,
    ) -> None:
        self._gated = tuple(gated)
        behind = {name: (*above, _GATE) if name in self._gated else above for name, above in parents.items()}
        super().__init__(behind, children, **options)
        self._handlers[Judged] = self._on_judged

    def _on_judged(self, fact: Judged) -> None:
        if fact.by:
            blocked = self._take_below(self._gated, "blocked")
            if blocked:
                self._failed = True
                self._say(Blocked(tuple(blocked), fact.by))
            return
        for name in self._gated:
            node = self._nodes[name]
            node.missing.discard(_GATE)
            if node.state == "pending" and not node.missing:
                self._ask(node)
