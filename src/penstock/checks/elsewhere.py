"""What a step makes in another process than the bench's, which has another hash seed and may have its clock moved.

Who can begin processes hands in `Elsewhere`; the bench gives it inputs that can be carried there.
"""

import pickle
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from penstock.checks.circuit import Call, Failed, called
from penstock.checks.judge import moved_value

__all__ = ["CLOCK", "PROCESS", "Elsewhere", "Errand", "Return", "same_carried", "words_of"]

CLOCK = "the same inputs and seeds, with the clock 403 days later"
PROCESS = "the same inputs and seeds, in a new process with another hash seed"
"""The worlds that are told of what came out another way."""


class Errand(NamedTuple):
    """One step on its way: its inputs and seed, and the `kinds` of clock under which it is done (`moved`, `still`)."""

    step: str
    inputs: Mapping[str, Any]
    seed: int
    kinds: tuple[str, ...] = ("moved", "still")


class Return(NamedTuple):
    """What a step made, by the kind of clock: its outputs by artifact, or why there are none."""

    step: str
    made: Mapping[str, Mapping[str, Any] | Failed]


Elsewhere = Callable[[list[Errand], float], dict[str, Return]]
"""Do errands in one new process within so many seconds: what came back, by step. What did not come back is not in it."""


def words_of(kind: str) -> str:
    """The world of a kind of clock."""
    return CLOCK if kind == "moved" else PROCESS


def same_carried(call: Call, errand: Errand, base: Mapping[str, Any]) -> bool:
    """Whether a step makes the same here of inputs that were carried as of those that were not, and what it made can be carried."""
    try:
        inputs = pickle.loads(pickle.dumps(dict(errand.inputs)))
        made = called(errand.step, call, inputs, errand.seed)
        if isinstance(made, Failed):
            return False
        there = {one: pickle.loads(pickle.dumps(value)) for one, value in made.items() if one in base}
        return all(not moved_value(one, base[one], value).hits for one, value in there.items())
    except Exception:  # values of the user's own that can't be carried or compared
        return False
