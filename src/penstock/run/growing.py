"""Steps that grew: which of their parts may begin, and what becomes of the whole."""

from collections import deque
from collections.abc import Mapping, MutableMapping

from penstock.model.code import Code
from penstock.model.step import Entry
from penstock.model.task import Failure, Fanout
from penstock.run.nodes import Node

__all__ = ["NOTHING", "due", "outcome", "spread"]

NOTHING = Fanout(Entry("gather"), Code(""), "", ())
"""What a step grew to that told nothing."""


def spread(owner: Node, nodes: MutableMapping[str, Node], fanout: Fanout) -> None:
    """A step has grown: give it its parts, each waiting for its turn."""
    owner.state = "grown"
    owner.kids = tuple([f"{owner.name}[{index}]" for index in range(len(fanout.items))])
    owner.open, owner.most, owner.strict = len(owner.kids), fanout.most, fanout.strict
    owner.waiting = deque(owner.kids)
    for name in owner.kids:
        kid = nodes.get(name)
        if kid is None:
            kid = nodes[name] = Node(name, set(), (), owner.retries, owner.backoff)
        kid.owner, kid.state, kid.told = owner.name, "pending", False


def due(owner: Node) -> list[str]:
    """The parts whose turn it is; they wait no more."""
    free = owner.most - (owner.open - len(owner.waiting)) if owner.most else len(owner.waiting)
    return [owner.waiting.popleft() for _ in range(min(max(free, 0), len(owner.waiting)))]


def outcome(owner: Node, nodes: Mapping[str, Node]) -> Failure | tuple[str, ...] | None:
    """What all parts came to: a failure, the names of those whose results are to be collected, or None for an end before that."""
    states = {name: nodes[name].state for name in owner.kids}
    failed = [name for name, state in states.items() if state == "failed"]
    if failed:
        first = nodes[failed[0]].failure
        ended = sum(state == "cancelled" for state in states.values())
        many = f"{len(failed)} of {len(states)} items failed, first `{failed[0]}`"
        many += f" ({ended} {'was' if ended == 1 else 'were'} ended because of it)" if ended and owner.strict else ""
        message = f"{many}: {first.message}" if first else many
        return Failure(first.kind if first else "Failed", message, first.where if first else "")
    if any(state not in {"reused", "succeeded", "skipped"} for state in states.values()):
        return None
    return tuple([name for name, state in states.items() if state != "skipped"]) or ("",)
