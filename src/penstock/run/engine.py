"""The engine: a pure state machine, `on(event) -> [command]`. It knows steps and their states; no data, clock or process.

States of a step: `pending` (waits for others), `busy` (another run does the same work), `submitted`, `running`,
`produced` (its outputs can be read, its commit is under way), `retrying`, `grown` (waits for its children), and the
ends: `reused`, `succeeded`, `failed`, `blocked`, `skipped`, `cancelled`, `held`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from penstock.errors import CodeChanged, UnknownName
from penstock.model.event import (
    Begun,
    Blocked,
    Cancelled,
    Decided,
    Event,
    Failed,
    Grown,
    Held,
    Measured,
    Noted,
    Produced,
    Progressed,
    Queued,
    Retrying,
    RunStatus,
    Sampled,
    Skipped,
    Stopping,
)
from penstock.model.run import Decision
from penstock.model.task import Ended, Failure, Fanout
from penstock.run.commands import (
    Busy,
    Command,
    Commit,
    Decide,
    Drop,
    Fact,
    Forget,
    Interrupted,
    Replaced,
    Say,
    Settled,
    Stop,
    Submit,
    Wake,
    Woken,
)
from penstock.run.growing import NOTHING, due, outcome, spread
from penstock.run.nodes import DONE, ENDS, UNDER_WAY, Node

__all__ = ["Engine"]

_REOPENED_AT_MOST = 3


class Engine:
    """What to do next in a run. Feed it facts with `on`; it answers with commands, and is `done` when none is left."""

    def __init__(
        self,
        parents: Mapping[str, Sequence[str]],
        children: Mapping[str, Sequence[str]],
        *,
        maker: Callable[[str], str],
        retries: Mapping[str, tuple[int, float] | tuple[int, float, bool]] | None = None,
        attempts: Mapping[str, int] | None = None,
        approved: Iterable[str] = (),
        keep_going: bool = True,
    ) -> None:
        self._nodes = {
            name: Node(name, set(above), children[name], *(retries or {}).get(name, ()))
            for name, above in parents.items()
        }
        for name, used in (attempts or {}).items():
            if name in self._nodes:
                self._nodes[name].attempt = used
        self._maker = maker
        self._approved = frozenset(approved)
        self._keep_going = keep_going
        self._active = 0  # steps that are neither pending nor at an end
        self._stopping = ""
        self._asked = False  # by people, to stop
        self._failed = False
        self._commands: deque[Command] = deque()
        self._handlers: dict[type, Callable[..., None]] = {
            Decided: self._on_decided,
            Begun: self._on_begun,
            Produced: self._on_produced,
            Ended: self._on_ended,
            Settled: self._on_settled,
            Replaced: self._on_replaced,
            Busy: self._on_busy,
            Woken: self._on_woken,
            Interrupted: self._on_interrupted,
            **dict.fromkeys((Queued, Progressed, Sampled, Measured, Noted), self._pass_on),
        }

    @property
    def done(self) -> bool:
        """Whether nothing is under way and nothing can begin."""
        return not self._active

    @property
    def states(self) -> dict[str, str]:
        """The state of every step."""
        return {name: node.state for name, node in self._nodes.items()}

    @property
    def status(self) -> RunStatus:
        """How the run stands: the worst that its steps came to."""
        found = {node.state for node in self._nodes.values()}
        if self._stopping and not self._failed:
            return "cancelled"
        if self._failed:
            return "failed"
        if not self.done:
            return "running"
        return "waiting" if "held" in found else "succeeded"

    def begin(self, decisions: Sequence[Decision]) -> list[Command]:
        """The plan's decisions, in the order of the graph: where everything starts."""
        for decision in decisions:
            if decision.action == "reuse":
                node = self._nodes[decision.step]
                node.state = "reused"
                node.told = True
                for name in node.children:
                    self._nodes[name].missing.discard(node.name)
        for decision in decisions:
            node = self._nodes[decision.step]
            if node.state == "pending" and not node.missing:
                if decision.key:
                    self._submit(node)
                else:
                    self._ask(node)
        return self._take()

    def on(self, fact: Fact) -> list[Command]:
        """Take a fact in; what is to be done about it. Facts about attempts that are over change nothing."""
        self._handlers[type(fact)](fact)
        return self._take()

    # facts

    def _on_decided(self, fact: Decided) -> None:
        for decision in fact.decisions:
            node = self._nodes[decision.step]
            if node.state != "deciding":
                continue
            if node.loose and decision.action == "reuse":
                node.late = Decided((decision,))
                continue
            self._leave(node)
            if decision.action == "reuse":
                node.state = "reused"
                self._tell(node)
                self._close(node)
            elif self._stopping:
                node.state = "pending"
                self._cancel([node])
            else:
                self._submit(node)

    def _on_begun(self, fact: Begun) -> None:
        node = self._current(fact.task)
        if node is not None and node.state == "submitted":
            node.state = "running"
            self._say(fact)

    def _on_produced(self, fact: Produced) -> None:
        node = self._current(fact.task)
        if node is not None and node.state in {"submitted", "running"}:
            node.state = "running"
            if not node.told and not node.loose:
                node.early = True
                for name in node.children:
                    self._nodes[name].loose.add(node.name)
                self._tell(node)

    def _on_ended(self, fact: Ended) -> None:
        node = self._current(fact.task)
        if node is None or node.state not in {"submitted", "running"}:
            return
        if node.loose:
            node.late = fact
            return
        early, node.early = node.early, False
        if fact.status == "succeeded":
            node.state = "produced"
            self._commands.append(Commit(node.name, fact))
            self._tell(node)
            if early:
                self._firm(node)
            return
        if early:
            self._retract(node)
        self._leave(node)
        if fact.status == "grown":
            self._grow(node, fact.fanout or NOTHING)
        elif fact.status == "skipped":
            self._skip(node, fact.reason, everything=bool(fact.extra.get("everything")))
        elif fact.status == "held":
            node.state = "held"
            self._say(Held(node.name, fact.reason))
            self._close(node)
        elif fact.status == "cancelled" or (self._stopping and fact.status == "corrupt"):
            self._cancel([node], fact.reason)
        elif fact.status == "corrupt":
            self._reopen(node, fact)
        else:
            self._fail_or_retry(node, fact)

    def _on_settled(self, fact: Settled) -> None:
        node = self._nodes[fact.step]
        if node.state != "produced":
            return
        self._leave(node)
        if fact.refused:
            node.state = "pending"
            self._ask(node)
        elif node.stale and not self._stopping:
            self._again(node)
        else:
            node.state = "succeeded"
            self._close(node)

    def _on_replaced(self, fact: Replaced) -> None:
        """Children that began on what is no longer there are asked again, once they have ended. What they made of the old
        is committed under a key of its own, and harms nobody."""
        for name in self._nodes[fact.step].children if not self._stopping else ():
            child = self._nodes[name]
            if child.state in UNDER_WAY:
                child.stale = True
            elif child.state in {"succeeded", "reused"}:
                self._again(child)

    def _on_busy(self, fact: Busy) -> None:
        node = self._nodes[fact.step]
        if node.state == "submitted":
            node.state = "busy"
            node.attempt -= 1
            node.tries -= 1
            self._commands.append(Wake(node.name, 0.1))

    def _on_woken(self, fact: Woken) -> None:
        node = self._nodes[fact.step]
        if node.state == "busy":
            self._leave(node)
            node.state = "pending"
            self._ask(node)
        elif node.state == "retrying":
            self._leave(node)
            self._submit(node)

    def _on_interrupted(self, fact: Interrupted) -> None:
        if not self._asked:
            self._asked = True
            going = [node.name for node in self._nodes.values() if node.state == "running"]
            self._say(Stopping(fact.reason, tuple(going)))
        self._stop(fact.reason)

    def _pass_on(self, fact: Queued | Progressed | Sampled | Measured | Noted) -> None:
        if self._current(fact.task) is not None:
            self._say(fact)

    # transitions

    def _ask(self, node: Node) -> None:
        if self._stopping:
            self._cancel([node])
            return
        node.state, node.stale = "deciding", False
        self._active += 1
        self._commands.append(Decide(node.name))

    def _again(self, node: Node) -> None:
        """Ask anew of a step that has ended. Those below that wait go on waiting; others hear if its outputs change."""
        node.told, node.state = False, "pending"
        for name in node.children:
            if self._nodes[name].state == "pending":
                self._nodes[name].missing.add(node.name)
        if not node.missing:
            self._ask(node)

    def _submit(self, node: Node, gather: tuple[str, ...] = ()) -> None:
        node.state = "submitted"
        node.attempt += 1
        node.tries += 1
        self._active += 1
        self._commands.append(Submit(node.name, node.attempt, gather, node.name in self._approved))

    def _leave(self, node: Node) -> None:  # noqa: ARG002 - reads as what happens to the node
        self._active -= 1

    def _tell(self, node: Node) -> None:
        """The outputs of a step can be read: its children may be complete now."""
        if node.told:
            return
        node.told = True
        for name in node.children:
            child = self._nodes[name]
            child.missing.discard(node.name)
            if not child.missing and child.state == "pending":
                self._ask(child)

    def _firm(self, node: Node) -> None:
        """What a step made is there to stay: what its children came to meanwhile counts."""
        for name in node.children:
            child = self._nodes[name]
            child.loose.discard(node.name)
            if not child.loose and child.late is not None:
                fact, child.late = child.late, None
                self._handlers[type(fact)](fact)

    def _retract(self, node: Node) -> None:
        """What a step made could be read, and then its attempt failed: its children begin anew, if it is tried again."""
        node.told = False
        for name in node.children:
            child = self._nodes[name]
            child.loose.discard(node.name)
            child.missing.add(node.name)
            if child.state in {"submitted", "running"}:
                if child.late is None:
                    self._commands.append(Stop(name, child.attempt))
                self._commands.append(Drop(name, child.attempt))
                child.tries -= 1
            elif child.state not in {"deciding", "busy", "retrying"}:
                continue
            self._leave(child)
            child.state, child.late = "pending", None

    def _fail_or_retry(self, node: Node, fact: Ended) -> None:
        kind, hint = ("CodeChanged", CodeChanged.hint_default) if fact.status == "changed" else ("ExecutorError", "")
        if node.stale and not self._stopping:
            node.state = "pending"
            self._ask(node)
            return
        failure = fact.failure or Failure(kind, fact.reason or "it ended without a reason", hint=hint)
        if fact.status == "failed" and node.tries <= node.retries and not self._stopping:
            delay = node.backoff * 2 ** (node.tries - 1)
            node.state = "retrying"
            self._active += 1
            self._say(Retrying(node.name, node.attempt, delay, failure))
            self._commands.append(Wake(node.name, delay))
            return
        self._fail(node, failure, fact)

    def _fail(self, node: Node, failure: Failure, ended: Ended | None = None) -> None:
        node.state, node.failure = "failed", failure
        self._failed = True
        self._say(Failed(node.name, node.attempt, failure, ended))
        if blocked := self._take_below(node.children, "blocked"):
            self._say(Blocked(tuple(blocked), node.name))
        node.stops = node.stops or (ended is not None and bool(ended.extra.get("stops")))
        if (not self._keep_going or node.stops) and not self._stopping:
            self._stop(f"`{node.name}` failed")
        self._close(node)

    def _skip(self, node: Node, reason: str, *, everything: bool = False) -> None:
        node.state = "skipped"
        idle = [one.name for one in self._nodes.values() if one.state == "pending" and not one.owner]
        self._say(Skipped((node.name, *self._take_below(idle if everything else node.children, "skipped")), reason))
        self._close(node)

    def _take_below(self, start: Iterable[str], state: str) -> list[str]:
        """Bring all that waits for a step, near or far, to an end."""
        taken: list[str] = []
        todo, seen = list(start), set[str]()
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            child = self._nodes[name]
            if child.state in {"submitted", "running"}:  # began on outputs that then could not be kept
                self._commands.append(Stop(name, child.attempt))
            if child.state not in {"pending", "deciding", "busy", "retrying"}:
                continue
            if child.state != "pending":
                self._leave(child)
            child.state = state
            taken.append(name)
            todo.extend(child.children)
        return [name for name in self._nodes if name in set(taken)] if len(taken) > 1 else taken

    def _reopen(self, node: Node, fact: Ended) -> None:
        makers = self._makers(fact.lost)
        if node.reopened >= _REOPENED_AT_MOST or not makers:
            lost = ", ".join(f"`{one}`" for one in fact.lost) or "an input"
            self._fail(node, fact.failure or Failure("Corrupt", f"{lost} was lost again and again"), fact)
            return
        node.reopened += 1
        kids = makers & set(node.kids)
        node.state, node.open = ("grown", len(kids)) if kids else ("pending", 0)
        self._active += bool(kids)
        for name in sorted(makers):
            maker = self._nodes[name]
            if maker.state in DONE:
                if maker.state == "produced":
                    self._leave(maker)
                maker.state = "pending"
                maker.told = False
                self._commands.append(Forget(name))
                for child in maker.children:
                    if self._nodes[child].state == "pending":
                        self._nodes[child].missing.add(name)
                self._ask(maker)
            elif maker.state not in ENDS:
                node.missing.add(name)
        if not kids and not node.missing:
            self._ask(node)

    def _makers(self, artifacts: Iterable[str]) -> set[str]:
        """The steps that make these, parts of steps that grew among them; an item that was handed to one has none."""
        found = set()
        for artifact in artifacts:
            with suppress(UnknownName):
                found.add(artifact if artifact in self._nodes else self._maker(artifact))
        return found

    def _grow(self, node: Node, fanout: Fanout) -> None:
        spread(node, self._nodes, fanout)
        self._active += 1
        self._say(Grown(node.name, node.kids))
        for name in due(node):
            self._ask(self._nodes[name])
        if not node.kids:
            self._leave(node)
            self._submit(node, gather=("",))

    def _close(self, node: Node) -> None:
        """A step came to its end; if it was grown by another, that one may now gather, or let other parts begin or end."""
        if not node.owner:
            return
        owner = self._nodes[node.owner]
        owner.open -= 1
        if owner.state != "grown":
            return
        if owner.open:
            if node.state == "failed" and owner.strict:
                self._halt([owner, *[self._nodes[name] for name in owner.kids]], f"`{node.name}` failed")
            for name in due(owner):
                self._ask(self._nodes[name])
            return
        self._leave(owner)
        came = outcome(owner, self._nodes)
        if isinstance(came, Failure):
            self._fail(owner, came)
        elif came is None:
            self._cancel([owner])
        else:
            self._submit(owner, gather=came)

    def _stop(self, reason: str) -> None:
        if not self._stopping:
            self._stopping = reason
            self._halt(list(self._nodes.values()), reason)

    def _halt(self, nodes: Iterable[Node], reason: str) -> None:
        """Bring these to an end, and let no part of theirs begin."""
        idle = []
        for node in nodes:
            node.waiting.clear()
            if node.state in {"submitted", "running"}:
                self._commands.append(Stop(node.name, node.attempt))
            elif node.state in {"pending", "busy", "retrying", "deciding"}:
                if node.state != "pending":
                    self._leave(node)
                idle.append(node)
        self._cancel(idle, reason)

    def _cancel(self, nodes: list[Node], reason: str = "") -> None:
        for node in nodes:
            node.state = "cancelled"
        if nodes:
            self._say(Cancelled(tuple([node.name for node in nodes]), reason or self._stopping))
        for node in nodes:
            self._close(node)
            below = self._take_below(node.children, "cancelled")
            if below:
                self._say(Cancelled(tuple(below), reason or self._stopping))

    # small things

    def _current(self, task: str) -> Node | None:
        _, step, attempt = task.rsplit("/", 2)
        node = self._nodes.get(step)
        return node if node is not None and node.attempt == int(attempt) else None

    def _say(self, event: Event) -> None:
        self._commands.append(Say(event))

    def _take(self) -> list[Command]:
        taken = list(self._commands)
        self._commands.clear()
        return taken
