"""A pipeline held in memory, such that any part of it can be called again: steps as plain calls, sources as values.

It is made of a plain function, of an estimator, or of a graph whose functions `app` hands in. Whatever a call does (raise,
exit, alter its inputs, draw random numbers, print) stays inside of it: a failure is a value like others.
"""

import contextlib
import io
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from penstock.checks.view import Node
from penstock.model.contract import Contract
from penstock.values.alter import fresh
from penstock.values.records import records
from penstock.values.table import is_table
from penstock.work.failures import place_of
from penstock.work.seeds import seed_generators

__all__ = ["Call", "Circuit", "Failed", "called", "is_fitted", "of_function", "spread"]

Call = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""A step: its inputs by argument to its outputs by artifact. The same inputs draw the same random numbers."""


_PATIENCE, _SLOWER = 20.0, 30.0  # seconds that any call may take, and how many times as long as on its own inputs


class Failed(NamedTuple):
    """A value that could not be made: the error of the step that raised it."""

    step: str
    error: str
    where: str = ""


class Circuit(NamedTuple):
    """Steps in topological order; `calls` for those that can be done again; `values` of the sources by artifact, as recorded.

    `leaders`: sources whose rows are those of another source, position by position (`y` beside `X`).
    """

    nodes: dict[str, Node]
    calls: dict[str, Call]
    values: dict[str, Any]
    leaders: dict[str, str] = {}

    @property
    def makers(self) -> dict[str, Node]:
        """The step that makes each artifact."""
        return {artifact: node for node in self.nodes.values() for artifact in node.outputs}

    def sources_above(self, artifact: str) -> tuple[str, ...]:
        """The sources that an artifact descends from, in the order of the graph."""
        makers = self.makers
        todo, seen = [artifact], set()
        while todo:
            node = makers.get(todo.pop())
            if node is not None and node.name not in seen:
                seen.add(node.name)
                todo.extend(node.inputs.values())
        return tuple([one for one, node in self.nodes.items() if one in seen and node.kind == "source"])


class _Late(BaseException):
    """Raised in a call that does not come back. Nobody's `except Exception` is meant by it."""


@contextlib.contextmanager
def _within(seconds: float) -> Iterator[None]:
    """End what takes longer. Only in the main thread, and where nobody else's alarm is nearer: elsewhere it is waited for."""
    free = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
    theirs, every = signal.getitimer(signal.ITIMER_REAL) if free else (0.0, 0.0)
    if not free or seconds == float("inf") or 0 < theirs <= seconds:
        yield
        return
    begun = time.monotonic()

    def ring(*_: object) -> None:
        raise _Late(f"it had not come back after {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)  # again each second, should the call have caught the first
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if theirs:
            signal.setitimer(signal.ITIMER_REAL, max(theirs - (time.monotonic() - begun), 0.001), every)


@contextlib.contextmanager
def _apart(seed: int) -> Iterator[None]:
    """Seeded generators, silence and no warnings; afterwards the generators go on as if nothing had been."""
    numpy = sys.modules.get("numpy")
    before = random.getstate()
    held = numpy.random.get_state() if numpy is not None else None
    seed_generators(seed)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        random.setstate(before)
        if numpy is not None and held is not None:
            numpy.random.set_state(held)


def called(step: str, call: Call, inputs: Mapping[str, Any], seed: int = 0) -> Mapping[str, Any] | Failed:
    """Call a step on fresh copies of its inputs. Only an interrupt leaves it."""
    try:
        with _apart(seed):
            return call({name: fresh(value) for name, value in inputs.items()})
    except KeyboardInterrupt:
        raise
    except _Late as error:
        return Failed(step, str(error), place_of(error, ""))
    except BaseException as error:  # the user's own code, on input that it may not expect
        return Failed(step, f"{type(error).__name__}: {error}"[:300], place_of(error, ""))


def is_fitted(value: Any) -> bool:
    """Whether a value is an object that was fitted: a model, a scaler, an encoder."""
    if is_table(value) or isinstance(value, list | tuple | dict | str | bytes | int | float | bool | type(None) | type):
        return False
    return any(callable(getattr(value, name, None)) for name in ("predict", "transform", "get_booster", "state_dict"))


def _parts(value: Any) -> dict[str, Any] | None:
    """The parts of a tuple or dictionary that are tables or fitted objects; None where it is one value."""
    if isinstance(value, tuple | list):
        pairs = {str(number): one for number, one in enumerate(value)}
    elif isinstance(value, dict) and not is_table(value) and all(isinstance(name, str) for name in value):
        pairs = value
    else:
        return None
    if isinstance(value, list) and records(value) is not None and not any(map(_is_part, value)):
        return None
    return pairs if any(_is_part(one) or _parts(one) for one in pairs.values()) else None


def _is_part(value: Any) -> bool:
    return (is_table(value) and not isinstance(value, dict)) or is_fitted(value)


def spread(name: str, value: Any) -> dict[str, Any]:
    """What a function returned, as artifacts: one, or `name.part` for each part of a tuple or dictionary.

    >>> spread("scaled", {"mean": 1.0})
    {'scaled': {'mean': 1.0}}
    """
    parts = _parts(value)
    if parts is None:
        return {name: value}
    found: dict[str, Any] = {}
    for part, one in parts.items():
        found.update(spread(f"{name}.{part}", one))
    return found


def of_function(
    function: Callable[..., Any],
    name: str,
    where: str,
    inputs: Mapping[str, Any],
    contracts: Mapping[str, Contract],
    target: tuple[str, ...] = (),
) -> tuple[Circuit, Mapping[str, Any] | Failed]:
    """A circuit of one step that takes all inputs as sources, and what the step made of them as they are.

    A call on altered inputs that takes thirty times as long as that on its own (twenty seconds at least) is given up: odd numbers in a loop
    may never end. Inputs without rows are not altered by any world. An input that has as many rows as the first table, and neither key nor
    time of its own, is taken to hold more of the same rows.
    """

    limit = float("inf")  # of the first call nobody knows how long it takes

    def call(given: Mapping[str, Any]) -> Mapping[str, Any]:
        with _within(limit):
            return spread(name, function(**given))

    begun = time.monotonic()
    made = called(name, call, inputs)
    limit = max(_PATIENCE, _SLOWER * (time.monotonic() - begun))
    held = {one: found for one, value in inputs.items() if (found := records(value)) is not None}
    leaders: dict[str, str] = {}
    first = next(iter(held), "")
    for one, found in held.items():
        own = contracts.get(one, Contract())
        if one != first and not own.key and not own.time and found.rows == held[first].rows:
            leaders[one] = first
    outputs = {} if isinstance(made, Failed) else dict.fromkeys(made, "")
    nodes = {one: Node(one, "source", where, {}, {one: ""}, contracts.get(one, Contract())) for one in inputs}
    nodes[name] = Node(name, "step", where, {one: one for one in inputs}, outputs, Contract(), target)
    return Circuit(nodes, {name: call}, dict(inputs), leaders), made
