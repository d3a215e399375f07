"""What a bench is given, what it is asked, and what it answers.

A bench is one process that holds a pipeline's steps as callables and the values that a run recorded of them, and that
computes altered worlds in memory: a check asks it about pairs of a check and a step.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from penstock.model.artifact import Stored
from penstock.model.contract import Contract, contract_of_record
from penstock.model.step import Entry, Kind, Output
from penstock.model.task import Setting
from penstock.model.verdict import CheckResult, Finding

__all__ = [
    "Asked",
    "Bench",
    "BenchAnswer",
    "BenchRequest",
    "BenchStep",
    "Depth",
    "Kept",
    "Pair",
    "ReplayRequest",
    "Replayed",
]

Depth = Literal["quick", "full"]


class Asked(NamedTuple):
    """How people want a run checked: `only` these checks, of `steps` only (all where none is named), within `budget`
    seconds (None: as the depth says)."""

    depth: Depth = "quick"
    only: Sequence[str] = ()
    steps: Sequence[str] = ()
    budget: float | None = None


class Pair(NamedTuple):
    """What is asked, kept and never asked twice: one check of one step ("" for a check of the graph as a whole)."""

    check: str
    step: str


class BenchRequest(Struct, frozen=True, tag=True, omit_defaults=True):
    """Ask these pairs, in order, until `seconds` are spent (0: as long as it takes).

    `depth`: `quick` asks fewer worlds and cuts than `full`. `unsteady` are the steps that came out another way when
    they were done again: what depends on them can't be judged. `weigh` are findings whose severity is wanted, and then nothing else is.
    """

    pairs: tuple[Pair, ...]
    depth: Depth = "full"
    seconds: float = 0.0
    unsteady: tuple[str, ...] = ()
    weigh: tuple[Finding, ...] = ()


class ReplayRequest(Struct, frozen=True, tag=True):
    """Do a stored counter-example again: the finding `id` among those that `evidence` holds."""

    id: str
    evidence: Stored


class BenchStep(Struct, frozen=True, omit_defaults=True):
    """A step as a bench gets it: how its function is found and called (`entry`, `settings`, `seed`), the digests of the
    closure that the plan saw (`code`, and `source` without values), what is declared of it (`contract` as a run records
    it), and `recorded`, its artifacts as the run stored them."""

    name: str
    kind: Kind
    entry: Entry
    inputs: dict[str, str] = {}
    outputs: tuple[Output, ...] = (Output(),)
    contract: dict[str, Any] = {}
    target: tuple[str, ...] = ()
    where: str = ""
    settings: tuple[Setting, ...] = ()
    seed: int = 0
    code: str = ""
    source: str = ""
    recorded: dict[str, Stored] = {}

    @property
    def declared(self) -> Contract:
        """The contract of a source; an empty one of other steps."""
        return contract_of_record(self.contract)

    @property
    def artifacts(self) -> tuple[str, ...]:
        """The full names of all artifacts of this step, in order."""
        return tuple([f"{self.name}.{one.name}" if one.name else self.name for one in self.outputs])


class Bench(Struct, frozen=True):
    """Steps in the order of the graph, and what is asked of them."""

    steps: tuple[BenchStep, ...]
    request: BenchRequest | ReplayRequest


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


class Kept(Struct, frozen=True, omit_defaults=True):
    """What is kept of a pair, so that it is never asked twice: `evidence` holds the counter-examples by finding."""

    result: CheckResult
    findings: tuple[Finding, ...] = ()
    evidence: Stored | None = None
