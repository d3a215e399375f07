"""The one decision: reuse or run, with its reasons. Asked by the planner, and again when inputs become known."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from penstock.model.code import Code
from penstock.model.run import Consumed, Decision, Execution, Reason
from penstock.model.step import Step
from penstock.model.task import Failure, HiddenInput, Setting
from penstock.plan.changes import changes
from penstock.plan.fingerprint import work_key

__all__ = ["History", "Memories", "Memory", "Work", "decide", "decide_by", "key_of", "may_reuse", "own_reasons"]


class Work(Struct, frozen=True):
    """A step with everything but its inputs: what it is called with, its seed, and whether it must run.

    `hidden` are the files that it read last time without declaring them, with the digests that they have now.
    """

    step: Step
    settings: tuple[Setting, ...] = ()
    seed: int = 0
    forced: bool = False
    hidden: tuple[HiddenInput, ...] = ()


class History(Protocol):
    """What reasons ask of the past."""

    def last(self, step: str) -> Execution | None:
        """The newest execution of a step."""

    def ended(self, step: str) -> Reason | None:
        """How a step that was never committed came to nothing last time."""

    def code(self, digest: str) -> Code | None:
        """A closure of old."""

    def lost(self, key: str) -> bool:
        """Whether the work of a key was done, but its outputs are no longer there."""


class Memory(History, Protocol):
    """What a decision asks of the past."""

    def find(self, key: str) -> Execution | None:
        """The committed execution of a key, if it may be reused and its outputs are all there."""


class Memories(Memory, Protocol):
    """What a plan asks of the past: a ledger may be a journey away."""

    def find_all(self, keys: Sequence[str]) -> Mapping[str, Execution]:
        """The committed executions of these keys that may be reused, asked for at once."""


def decide(work: Work, inputs: Mapping[str, Consumed], memory: Memory, *, explain: bool = True) -> Decision:
    """Reuse or run. With `explain=False` a step that runs gets no diff (it may cost more than the step)."""
    key = key_of(work, inputs)
    return decide_by(work, inputs, key, memory.find(key) if may_reuse(work) else None, memory, explain=explain)


def key_of(work: Work, inputs: Mapping[str, Consumed]) -> str:
    """What identifies the work with these inputs."""
    step = work.step
    return work_key(step.name, step.code.digest, work.settings, work.seed, inputs, work.hidden)


def may_reuse(work: Work) -> bool:
    """Whether what is known of earlier work can matter."""
    return not work.forced and work.step.options.cache


def decide_by(
    work: Work,
    inputs: Mapping[str, Consumed],
    key: str,
    found: Execution | None,
    memory: History,
    *,
    explain: bool = True,
) -> Decision:
    """The same, where the key and what `memory` finds by it are known."""
    step = work.step
    if work.forced:
        return Decision(step.name, "run", (Reason("forced", "forced"),), key)
    if not step.options.cache:
        return Decision(step.name, "run", (Reason("uncached", "cache=False: it always runs", step.where),), key)
    if found is not None:
        return Decision(step.name, "reuse", _SAME, key, found)
    last = memory.last(step.name)
    if last is not None and last.key == key and last.failure is not None:
        return Decision(step.name, "run", (_tolerated(last.failure),), key)
    if memory.lost(key):
        return Decision(step.name, "run", (Reason("lost", "its stored output was lost or damaged"),), key)
    return Decision(step.name, "run", _reasons(work, inputs, memory, explain), key)


_SAME = (Reason("same", "nothing changed"),)


def _tolerated(failure: Failure) -> Reason:
    borne = "people were asked about" if failure.asked else "was tolerated"
    return Reason("failed", f"it failed last time, which {borne}: {failure.message}", failure.where)


def _reasons(work: Work, inputs: Mapping[str, Consumed], memory: History, explain: bool) -> tuple[Reason, ...]:
    last = memory.last(work.step.name)
    if last is None:
        return (memory.ended(work.step.name) or Reason("never-ran", "never ran"),)
    reasons = _own(last, work, memory, explain)
    reasons += _inputs(last, inputs)
    return tuple(reasons) or (Reason("lost", "its earlier result is not offered for reuse"),)


def own_reasons(work: Work, memory: History, *, explain: bool = True) -> tuple[Reason, ...]:
    """What of a step differs from its last execution, its inputs aside; nothing, if it never ran."""
    last = memory.last(work.step.name)
    return tuple(_own(last, work, memory, explain)) if last is not None else ()


def _own(last: Execution, work: Work, memory: History, explain: bool) -> list[Reason]:
    reasons: list[Reason] = []
    if last.code != work.step.code.digest:
        reasons += _code(last, work.step, memory.code, explain)
    reasons += _settings(last, work)
    reasons += _hidden(last, work)
    if last.seed != work.seed:
        reasons.append(Reason("parameter", f"seed {last.seed} → {work.seed}"))
    return reasons


def _code(last: Execution, step: Step, code: Callable[[str], Code | None], explain: bool) -> list[Reason]:
    old = code(last.code) if explain else None
    found = list(changes(old, step.code, getattr(step.function, "__name__", ""))) if old is not None else []
    return found or [Reason("code", "its code changed", step.where)]


def _settings(last: Execution, work: Work) -> list[Reason]:
    reasons = []
    now = {one.name: one for one in work.settings}
    for name, one in now.items():
        before = last.settings.get(name)
        if before is None:
            reasons.append(Reason("parameter", f"parameter `{name}` is new ({one.shown})", work.step.where))
        elif before[1] != one.digest:
            if one.kind == "path":
                what = f"`{name}` has other content ({one.shown})"
                if before[0] != one.shown:
                    what = f"`{name}`: {before[0]} → {one.shown}, with other content"
                reasons.append(Reason("file", what, one.shown))
            elif one.within and before[0] == one.shown:
                reasons.append(Reason("file", f"what `{name}` names has other content ({one.shown})", work.step.where))
            else:
                reasons.append(Reason("parameter", f"parameter `{name}` {before[0]} → {one.shown}"))
    gone = [name for name in last.settings if name not in now]
    reasons += [Reason("parameter", f"parameter `{name}` is gone", work.step.where) for name in gone]
    return reasons


def _inputs(last: Execution, inputs: Mapping[str, Consumed]) -> list[Reason]:
    reasons = []
    for argument, one in inputs.items():
        before = last.inputs.get(argument)
        if before is None:
            reasons.append(Reason("input", f"input `{argument}` is new"))
        elif before.identity != one.identity:
            if before.artifact != one.artifact:
                what = f"input `{argument}` is now `{one.artifact}`, was `{before.artifact}`"
            elif before.digest == one.digest:
                what = f"input `{one.artifact}` is of another type"
            else:
                what = f"input `{one.artifact}` has other content"
            reasons.append(Reason("input", what))
    reasons += [Reason("input", f"input `{name}` is gone") for name in last.inputs if name not in inputs]
    return reasons


def _hidden(last: Execution, work: Work) -> list[Reason]:
    now = {one.path: one.digest for one in work.hidden}
    return [
        Reason("variable", f"environment variable `{one.path[1:]}` is another", one.where)
        if one.path[0] == "$"
        else Reason("file", f"`{one.path}`, which it reads without declaring it, has other content", one.where)
        for one in last.hidden
        if now.get(one.path, one.digest) != one.digest
    ]
