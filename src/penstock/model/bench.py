"""What a bench is asked and what it answers: pairs of a check and a step, whose worlds one process computes in memory."""

from typing import Any, Literal, NamedTuple

from msgspec import Struct

from penstock.model.verdict import CheckResult, Finding

__all__ = ["BenchAnswer", "BenchRequest", "Depth", "Pair", "Replayed"]

Depth = Literal["quick", "full"]


class Pair(NamedTuple):
    """What is asked, kept and never asked twice: one check of one step ("" for a check of the graph as a whole)."""

    check: str
    step: str


class BenchRequest(Struct, frozen=True, omit_defaults=True):
    """Ask these pairs, in order, until `seconds` are spent (0: as long as it takes).

    `depth`: `quick` asks fewer worlds and cuts than `full`. `unsteady` are the steps that came out another way when
    they were done again: what depends on them can't be judged.
    """

    pairs: tuple[Pair, ...]
    depth: Depth = "full"
    seconds: float = 0.0
    unsteady: tuple[str, ...] = ()


class BenchAnswer(Struct, frozen=True, omit_defaults=True):
    """One result for each pair, what was found, and the counter-example of each PROVEN finding, by its id: any value
    that can be stored. A pair that time did not allow is UNKNOWN with a reason that begins with `not reached`."""

    results: tuple[CheckResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    evidence: dict[str, Any] = {}


class Replayed(Struct, frozen=True, omit_defaults=True):
    """A counter-example done again: whether its cell still moves, from what to what; `reason` where it can't be done."""

    moved: bool
    before: Any = None
    after: Any = None
    reason: str = ""
