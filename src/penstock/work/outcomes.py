"""What the failure of a command's node leads to: the end of the run, the end of what follows, a question, or nothing."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from msgspec.structs import replace

from penstock.errors import PenstockError, StepFailed
from penstock.model.command import Command
from penstock.model.task import Failure
from penstock.work.conditions import holds
from penstock.work.context import current, note
from penstock.work.failures import failure_of
from penstock.work.inputs import say

__all__ = ["Outcome", "hold_all"]

_ENDS = frozenset({"stop-pipeline", "error-pipeline"})


def hold_all(conditions: Sequence[str], metadata: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether all conditions of an action hold; why one can't be judged is said in the log."""
    for one in conditions:
        good, why = holds(one, metadata, values)
        if why:
            say(f"condition `{one}` can't be judged: {why}; it does not hold")
        if not good:
            return False
    return True


class Outcome:
    """Used as `with outcome:` around what may fail. What is raised inside goes on if nothing tolerates it; else it is
    written down (`failed`), and so are `metadata` and `values`, by which the node's actions for failures are judged.

    Of a task, `good` are its executions that did not fail: their metadata as lists is the task's.
    """

    def __init__(self, command: Command, good: Sequence[Mapping[str, Any]] = ()) -> None:
        self.command = command
        self.failed = ""
        names = dict.fromkeys([name for one in good for name in one["metadata"]])
        self.metadata: dict[str, Any] = {name: [one["metadata"].get(name) for one in good] for name in names}
        self.values: Mapping[str, Any] = {}

    @property
    def told(self) -> dict[str, str]:
        """What a node's `settings` say of its failure. Where people are asked about it, they are asked in each run."""
        context = current()
        asks = any("require-approval" in one.then for one in self.command.errors)
        run = {"run": context.task.run} if asks and context is not None else {}
        return {"failed": self.failed, **run} if self.failed else {}

    def judge(self, values: Sequence[Mapping[str, Any]], base: Mapping[str, Any]) -> None:
        """Look at the executions of a task. Raises `StepFailed` where some failed and the task itself does not bear it."""
        self.values = base
        bad = [one for one in values if one["failed"]]
        if not bad:
            return
        first = f"`{self.command.name}[{bad[0]['index']}]`: {bad[0]['failed']}"
        words = f"{len(bad)} of {len(values)} executions failed, first {first}"
        sweep = self.command.sweep
        if sweep is not None and sweep.lenient and not self.command.lenient:
            _bear(Failure("StepFailed", words, self.command.where))
            return
        raise StepFailed(words, where=self.command.where, hint="What each printed is in its log.")

    def __enter__(self) -> "Outcome":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        command = self.command
        held = [one for one in command.errors if hold_all(one.conditions, self.metadata, self.values)]
        thens = {then for one in held for then in one.then}
        if thens & _ENDS:
            where = next(one.where for one in held if _ENDS & set(one.then))
            raise StepFailed(
                f"{_words(error)}; an action ends the pipeline then",
                where=getattr(error, "where", "") or where,
                hint=getattr(error, "hint", ""),
                traceback=getattr(error, "traceback", ""),
                stops=True,
            ) from None
        context = current()
        tried = context is None or context.task.attempt % command.tries == 0
        if not tried or not (command.lenient or "require-approval" in thens):
            return False
        root = context.task.root if context is not None else ""
        shown = {one.name: one.shown for one in context.task.settings} if context is not None else {}
        _bear(replace(failure_of(error, root, shown), asked=not command.lenient))
        self.failed = _words(error)
        return True


def _words(error: Exception) -> str:
    return error.what if isinstance(error, PenstockError) else f"{type(error).__name__}: {error}"


def _bear(failure: Failure) -> None:
    follows = "waits for people's word" if failure.asked else "goes on all the same"
    note(f"It failed ({failure.message}); what follows {follows}, as its node says.")
    context = current()
    if context is not None:
        context.failure = failure
