"""What code inside a step may say and ask: metrics, progress, figures, notes, and how the task goes on."""
# ruff: noqa: PLW0603 - one task at a time is the current one of a process

import time
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TypeVar

from penstock.model.artifact import Stored
from penstock.model.event import Measured, Noted, Progressed, TaskEvent
from penstock.model.task import Failure, Task

__all__ = [
    "Changed",
    "Context",
    "Each",
    "Hold",
    "Signal",
    "Skip",
    "Stop",
    "active",
    "checkpoint",
    "current",
    "each",
    "figure",
    "hold",
    "metric",
    "note",
    "progress",
    "skip",
]

T = TypeVar("T")

_EVERY, _SELDOM = 0.1, 5.0  # seconds between two reports of progress: of a young loop, and at most
_SHARE = 200  # and so many of them in the time that the loop has taken so far


class Signal(BaseException):
    """The way out of a step that is not an error: not an `Exception`, so that `except Exception` lets it pass."""


class Skip(Signal):
    """The step asked to be skipped; with `everything`, and all of the run that has not ended with it."""

    def __init__(self, reason: str = "", *, everything: bool = False) -> None:
        super().__init__(reason)
        self.everything = everything


class Changed(Signal):
    """What the step was planned with is no longer what it was."""


class Hold(Signal):
    """The step waits until people say yes."""


class Stop(Signal):
    """Whoever runs the task wants it to end."""


class Each:
    """What `each` returns: do `step` once for each of `items`; their results become this step's artifact.

    `most` and `strict` are those of `Fanout`.
    """

    def __init__(
        self,
        items: Iterable[Any],
        step: Callable[..., Any],
        shared: dict[str, Any],
        *,
        most: int = 0,
        strict: bool = False,
    ) -> None:
        self.items = items
        self.step = step
        self.shared = shared
        self.most, self.strict = most, strict

    def __reduce__(self) -> Any:
        raise TypeError("what ps.each gives must be returned by itself, not inside of another value")


class Context:
    """A task while it runs: what it said so far."""

    def __init__(
        self, task: Task, emit: Callable[[TaskEvent], None], store_figure: Callable[[Any], Stored] | None = None
    ) -> None:
        self.task = task
        self.metrics: dict[str, float] = {}
        self.notes: list[str] = []
        self.figures: dict[str, Stored] = {}
        self.checkpointed = False
        self.failure: Failure | None = None  # what failed, and is tolerated
        self._counts: dict[str, int] = {}
        self._emit = emit
        self._store_figure = store_figure

    def metric(self, name: str, value: float, step: int | None) -> None:
        """One point of a series; the last one is the task's metric."""
        index = self._counts.get(name, 0) if step is None else step
        self._counts[name] = index + 1
        self.metrics[name] = value
        self._emit(Measured(self.task.id, name, value, index))

    def note(self, markdown: str) -> None:
        """A note of the task."""
        self.notes.append(markdown)
        self._emit(Noted(self.task.id, markdown=markdown))

    def figure(self, drawn: Any, name: str) -> None:
        """A figure of the task, stored."""
        if self._store_figure is None:
            return
        stored = self._store_figure(drawn)
        self.figures[name] = stored
        self._emit(Noted(self.task.id, name=name, figure=stored))

    def progress(self, done: float, total: float, text: str) -> None:
        """How far the task came."""
        self._emit(Progressed(self.task.id, done, total, text))


_CONTEXT: ContextVar[Context | None] = ContextVar("penstock_context", default=None)
_process: Context | None = None  # threads of the user's start with an empty context: they find the task here


class active:  # noqa: N801 - reads as `with active(context):`
    """Make a context the current one."""

    __slots__ = ("_before", "_context", "_token")

    def __init__(self, context: Context) -> None:
        self._context = context

    def __enter__(self) -> Context:
        global _process
        self._before, _process = _process, self._context
        self._token = _CONTEXT.set(self._context)
        return self._context

    def __exit__(self, *_: object) -> None:
        global _process
        _CONTEXT.reset(self._token)
        _process = self._before


def current() -> Context | None:
    """The task that this code runs in; None outside a run."""
    return _CONTEXT.get() or _process


def metric(name: str, value: float, step: int | None = None) -> None:
    """Record a number. Several of one name make a series, by `step` or in order; the last is the step's metric.

    Outside a run it is printed. Raises `TypeError` for what is not a number.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"metric {name!r} needs a number, {value!r} is a {type(value).__name__}") from None
    context = current()
    if context is None:
        print(f"{name} = {number:g}")  # noqa: T201 - called by hand, outside a run
    else:
        context.metric(str(name), number, step)


def progress(iterable: Iterable[T], total: float | None = None, text: str = "") -> Iterator[T]:
    """Iterate, and show how far it came. `total` is the length where that is known. Outside a run it only iterates.

    >>> list(progress([1, 2]))
    [1, 2]
    """
    context = current()
    if context is None:
        yield from iterable
        return
    if total is None:
        try:
            total = len(iterable)  # type: ignore[arg-type]
        except TypeError:
            total = 0
    done, began = 0, time.monotonic()
    due = began + _EVERY
    context.progress(0, total, text)
    for item in iterable:
        yield item
        done += 1
        now = time.monotonic()
        if now >= due:
            due = now + min(max((now - began) / _SHARE, _EVERY), _SELDOM)
            context.progress(done, total, text)
    context.progress(done, total or done, text)


def figure(fig: Any, name: str = "figure") -> None:
    """Keep a figure (matplotlib, plotly, or whatever a codec takes) with the run. Outside a run it does nothing."""
    context = current()
    if context is not None:
        context.figure(fig, str(name))


def note(markdown: str) -> None:
    """Keep a note with the run. Outside a run it is printed."""
    context = current()
    if context is None:
        print(markdown)  # noqa: T201 - called by hand, outside a run
    else:
        context.note(str(markdown))


def checkpoint() -> Path:
    """A folder of this step's own, for what it would need to go on if it were killed; outside a run, a temporary one.

    The next attempt at the same work (the same code, parameters and inputs) finds it as it was left, in this run or in a
    later one. Once the step's result is committed it is removed. Write a file under another name and rename it
    (`os.replace`): then a kill leaves the old one or the new one, never half of one.
    """
    context = current()
    if context is None or not context.task.checkpoint:
        import tempfile

        return Path(tempfile.mkdtemp(prefix="penstock-checkpoint-"))
    context.checkpointed = True
    folder = Path(context.task.checkpoint)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def skip(reason: str = "") -> Any:
    """End this step without a result: it and its descendants count as skipped, not failed.

    Does not return: `return ps.skip("no new rows")` and a bare call do the same.
    """
    raise Skip(reason)


def hold(question: str = "") -> bool:
    """Go on only when people said yes (`penstock approve RUN STEP`): True then; until then the step ends here.

    Outside a run the question is printed and taken for answered.
    """
    context = current()
    if context is None:
        print(f"{question} (outside a run: yes)")  # noqa: T201 - called by hand, outside a run
        return True
    if context.task.approved:
        return True
    raise Hold(question)


def each(items: Iterable[Any], step: Callable[..., Any], **shared: Any) -> Each:
    """Do `step` once for each item, as tasks of their own; return this from the step that fans out.

    The first argument of `step` without a default that is not in `shared` takes the item; `shared` values are the same
    for all. The list of results, in order of the items, becomes the artifact of the returning step.
    """
    if not callable(step):
        raise TypeError(f"ps.each(items, step): the second argument must be a function or a step, not {step!r}")
    if not isinstance(items, Iterable):
        raise TypeError(f"ps.each(items, step): the first argument must be items to go through, not {items!r}")
    return Each(items, step, shared)
