"""A step as the engine sees it."""

from collections import deque
from collections.abc import Sequence

from penstock.model.event import Decided
from penstock.model.task import Ended, Failure

__all__ = ["DONE", "ENDS", "UNDER_WAY", "Node"]

ENDS = frozenset({"reused", "succeeded", "failed", "blocked", "skipped", "cancelled", "held"})
"""The states in which nothing more happens by itself."""

DONE = frozenset({"reused", "succeeded", "produced"})
"""Those in which the outputs can be read."""

UNDER_WAY = frozenset({"submitted", "running", "produced", "grown"})
"""Those of an attempt that has its inputs."""


class Node:
    """What is known of one step so far; `Engine` draws its states."""

    __slots__ = (
        "attempt", "backoff", "children", "early", "failure", "kids", "late", "loose", "missing", "most", "name", "open",
        "owner", "reopened", "retries", "stale", "state", "stops", "strict", "told", "tries", "waiting",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        missing: set[str],
        children: Sequence[str],
        retries: int = 0,
        backoff: float = 0.0,
        stops: bool = False,
    ) -> None:
        self.name = name
        self.state = "pending"
        self.missing = missing
        self.children = children
        self.attempt = 0
        self.tries = 0
        self.retries = retries
        self.backoff = backoff
        self.stops = stops  # its failure stops the run
        self.reopened = 0
        self.told = False  # whether the children know that this step's outputs are there
        self.early = False  # they know it before its attempt has ended
        self.loose: set[str] = set()  # the parents whose attempts have not ended: what these made may yet be lost
        self.late: Ended | Decided | None = None  # what is not acted upon while parents are loose
        self.stale = False  # it began on outputs that have since become others
        self.owner = ""  # the step that grew this one
        self.kids: tuple[str, ...] = ()
        self.open = 0  # kids that have not come to their end
        self.waiting: deque[str] = deque()  # kids that may not begin yet
        self.most = 0  # so many kids at once; 0: all
        self.strict = False  # the first kid that fails ends the others
        self.failure: Failure | None = None
