"""What the engine asks for (commands), and what it is told besides events (facts)."""

from msgspec import Struct

from penstock.model.event import Decided, Event, TaskEvent
from penstock.model.task import Ended

__all__ = [
    "Busy",
    "Command",
    "Commit",
    "Decide",
    "Drop",
    "Fact",
    "Forget",
    "Interrupted",
    "Judged",
    "Replaced",
    "Say",
    "Settled",
    "Stop",
    "Submit",
    "Wake",
    "Woken",
]


class Decide(Struct, frozen=True):
    """Ask whether a step, whose inputs are all there, is to be reused or run; answer with `Decided`."""

    step: str


class Submit(Struct, frozen=True):
    """Hand a step to the executor (or answer `Busy`); `gather` collects the results of its children."""

    step: str
    attempt: int
    gather: tuple[str, ...] = ()
    approved: bool = False


class Commit(Struct, frozen=True):
    """Write what a step made into the ledger; answer with `Settled`."""

    step: str
    ended: Ended


class Stop(Struct, frozen=True):
    """Cancel a step's task."""

    step: str
    attempt: int


class Drop(Struct, frozen=True):
    """Forget an attempt, however it ends: it worked on inputs that were lost before they were committed."""

    step: str
    attempt: int


class Wake(Struct, frozen=True):
    """Answer with `Woken` after some seconds."""

    step: str
    seconds: float


class Forget(Struct, frozen=True):
    """Stop offering what the ledger holds of a step for reuse: its outputs are lost."""

    step: str


class Say(Struct, frozen=True):
    """Record an event."""

    event: Event


class Busy(Struct, frozen=True):
    """Another run is doing the same work now."""

    step: str


class Woken(Struct, frozen=True):
    """The time that a `Wake` asked for has passed."""

    step: str


class Settled(Struct, frozen=True):
    """A commit was done, or (`refused`) another run had taken the work over."""

    step: str
    refused: bool = False


class Replaced(Struct, frozen=True):
    """The outputs of a step became others than those that could be read before: another run had taken its work over and
    came to something else, or it had to be done again."""

    step: str


class Interrupted(Struct, frozen=True):
    """People asked to stop."""

    reason: str = "interrupted"


class Judged(Struct, frozen=True):
    """The checks have judged what was made: what waits for their word may begin, or must not because of `by`."""

    by: str = ""


Command = Decide | Submit | Commit | Stop | Drop | Wake | Forget | Say
Fact = Decided | TaskEvent | Busy | Woken | Settled | Replaced | Interrupted | Judged
