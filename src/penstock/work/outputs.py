"""What a step returned, as its named outputs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from penstock.errors import CodecError, DeclarationError
from penstock.model.artifact import Stored
from penstock.model.code import Code
from penstock.model.step import Entry
from penstock.model.task import Fanout, Input, Task
from penstock.ports import Codecs, Sink
from penstock.work.context import Each

__all__ = ["Target", "encode_all", "fan_out", "named", "numbers"]


class Target(NamedTuple):
    """A function that items are handed to: how a worker finds it, its closure, its arguments without a default."""

    entry: Entry
    code: Code
    arguments: tuple[str, ...]
    name: str


def named(task: Task, result: Any) -> tuple[Any, ...]:
    """The values of the task's outputs, in order.

    Several outputs come as a dict with just their names, or as a tuple or list of just their number. Raises
    `DeclarationError` naming what was expected and what came.
    """
    names = task.outputs
    if names == ("",):
        return (result,)
    expected = ", ".join(names)
    dictionary = "{" + ", ".join(f'"{name}": …' for name in names) + "}"
    hint = f"Return {dictionary}, or a tuple in this order."
    if isinstance(result, Mapping):
        if set(result) == set(names):
            return tuple([result[name] for name in names])
        got = f"a dict with {', '.join(str(key) for key in result) or 'nothing'}"
    elif isinstance(result, tuple | list):
        if len(result) == len(names):
            return tuple(result)
        got = f"a {type(result).__name__} of {len(result)}"
    else:
        got = f"a {type(result).__name__}"
    raise DeclarationError(
        f"step `{task.step}` makes the outputs {expected} ({len(names)}); it returned {got}", hint=hint
    )


def numbers(task: Task, values: tuple[Any, ...]) -> dict[str, float]:
    """The numbers among what an evaluating step returned: those of a dict by their key, a number under its artifact."""
    found: dict[str, float] = {}
    for name, value in zip(task.outputs, values, strict=True):
        listed = value.items() if isinstance(value, Mapping) else [(name or task.step, value)]
        for key, one in listed:
            if isinstance(key, str) and not isinstance(one, bool | str | bytes) and hasattr(type(one), "__float__"):
                try:
                    found[key] = float(one)
                except (TypeError, ValueError, OverflowError):  # an array of many numbers, a number beyond range
                    continue
    return found


def encode_all(task: Task, values: tuple[Any, ...], codecs: Codecs, sink: Sink) -> tuple[Stored, ...]:
    """Store the outputs. Raises `CodecError` naming the output that can't be stored."""
    made = []
    for name, value in zip(task.outputs, values, strict=True):
        if isinstance(value, Path) and not _is_there(value):
            raise CodecError(
                f"output `{f'{task.step}.{name}' if name else task.step}`: the returned path {value} does not exist",
                hint="Write the file before its path is returned, in a folder that is still there then; return str(path) "
                "for a mere name.",
            )
        try:
            made.append(codecs.encode(value, sink))
        except CodecError as error:
            artifact = f"{task.step}.{name}" if name else task.step
            raise CodecError(f"output `{artifact}`: {error.what}", where=error.where, hint=error.hint) from None
    return tuple(made)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def fan_out(
    task: Task, grown: Each, target: Callable[[Callable[..., Any]], Target], codecs: Codecs, sink: Sink
) -> Fanout:
    """Store the items one by one, and what is shared once. Raises `DeclarationError` where the arguments don't fit."""
    entry, code, arguments, name = target(grown.step)
    free = [one for one in arguments if one not in grown.shared]
    if len(free) != 1:
        listed = ", ".join(free) or "none"
        raise DeclarationError(
            f"ps.each in step `{task.step}`: `{name}` must have exactly one argument left for the item, it has {listed}",
            hint="Give its other arguments by name: ps.each(items, step, other=value).",
        )
    shared = tuple(
        [Input(key, f"{task.step}.{key}", codecs.encode(value, sink)) for key, value in grown.shared.items()]
    )
    items = tuple([codecs.encode(item, sink) for item in grown.items])
    return Fanout(
        entry=entry,
        code=code,
        argument=free[0],
        items=items,
        shared=shared,
        name=name,
        most=grown.most,
        strict=grown.strict,
    )
