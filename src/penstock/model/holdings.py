"""What a ledger holds, as far as keeping and removing blobs goes: executions and figures with their blobs, and runs."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

__all__ = ["Faults", "Figure", "Holding", "Holdings", "LostSource", "Retired", "RunHolding"]


class Holding(Struct, frozen=True, gc=False):
    """An execution: `blobs` maps each blob that it has in the store (parts of values too) to its artifact.

    `state`: offered for reuse; `uncached`, which is never offered and belongs to its run; or forgotten. `named` where
    people gave one of its artifacts a name. `started` is told only of work outside a run (seconds since 1970).
    """

    sequence: int
    key: str
    pipeline: str
    step: str
    run: str
    state: Literal["offered", "forgotten", "uncached"]
    blobs: Mapping[str, str] = {}
    named: bool = False
    started: float = 0.0


class RunHolding(Struct, frozen=True, gc=False):
    """A run: `executions` are the sequences of those that its steps made or reused, `open` the keys of steps that are
    not done.

    `started` and `active` (its newest event) are in seconds since 1970. `status` is what was written down last; `live`
    while a process holds its lease; `named` where it has a name or tags. `root` is where its sources lie.
    """

    id: str
    pipeline: str
    started: float
    active: float
    status: str = "succeeded"
    live: bool = False
    named: bool = False
    executions: frozenset[int] = frozenset()
    open: frozenset[str] = frozenset()
    root: str = ""


class Figure(Struct, frozen=True, gc=False):
    """A blob that belongs to a run and to no execution: of a figure `name`."""

    run: str
    name: str
    blob: str


class Holdings(Struct, frozen=True):
    """What a ledger holds at one moment: executions by sequence, runs by id, and the figures that lie in the store."""

    executions: dict[int, Holding] = {}
    runs: dict[str, RunHolding] = {}
    figures: tuple[Figure, ...] = ()


class Retired(Struct, frozen=True):
    """What a ledger is to offer and to count on no longer: executions by sequence, figures, and small values whose
    bytes are damaged."""

    executions: frozenset[int] = frozenset()
    figures: frozenset[Figure] = frozenset()
    smalls: frozenset[str] = frozenset()


class Faults(Struct, frozen=True):
    """What is damaged inside a ledger and can be named: `executions` by sequence whose record can't be read, `smalls`
    (small values) that do not match their digest or are `missing`, each with the sequences of the executions that need
    it, and `sources`: pieces of runs' source snapshots that are gone or damaged."""

    executions: frozenset[int] = frozenset()
    smalls: dict[str, tuple[int, ...]] = {}
    missing: frozenset[str] = frozenset()
    sources: dict[str, "LostSource"] = {}


class LostSource(Struct, frozen=True):
    """A source file of the snapshot of some runs that can't be read; `path` is "" for the list of files itself."""

    snapshot: str
    runs: tuple[str, ...]
    path: str
