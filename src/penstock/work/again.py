"""A step done again on altered inputs, many times in one process: what stands behind a value, and whether order is kept.

The altered inputs are made of the recorded ones in memory and never stored: a bisection asks hundreds of times, and of
each answer only one value is looked at. What is asked, and what came of it, is stored like the task of any step.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from penstock.model.question import KeyQuestion, OrderQuestion, Question
from penstock.values.alter import take
from penstock.values.compare import compare
from penstock.values.records import records
from penstock.work.altered import Call
from penstock.work.behind import Cell
from penstock.work.relabelled import relabelled

__all__ = ["ask"]


def ask(question: Question, call: Call, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a question, as plain values."""
    if isinstance(question, OrderQuestion):
        return {"aligned": _aligned(question, call, inputs)}
    if isinstance(question, KeyQuestion):
        return {"carried": relabelled(question, call, inputs)}
    return Cell(question, call, inputs).answer()


_FEW = 50  # rows below which an order drawn at random may come out of another one by chance


def _aligned(question: OrderQuestion, call: Call, inputs: Mapping[str, Any]) -> bool | None:
    """Whether rows in another order come out in that order. None where that can't be told: the step fails on a sample, or
    makes equal rows of all, or there are less than three.

    The input alone is put into another order first. An output that stays as it is was looked up in it, or counts on another order. Only
    where it changes otherwise, because other inputs stand beside its rows, are those put into that order together with it.
    """
    held = {argument: one for argument, value in inputs.items() if (one := records(value)) is not None}
    rows = held[question.argument].rows
    together = [argument for argument, one in held.items() if one.rows == rows]
    draw = np.random.default_rng(0)
    sample = np.sort(draw.choice(rows, min(rows, question.rows), replace=False))
    if sample.size < 3:
        return None  # of two, each order is the other one backwards
    orders = [draw.permutation(sample.size)]
    if sample.size < _FEW:  # these two make every other order: what keeps both, keeps all
        orders += [np.roll(np.arange(sample.size), 1), np.r_[1, 0, np.arange(2, sample.size)]]
    try:
        plain = call({**inputs, **{one: take(inputs[one], sample) for one in together}})
        found = [_kept(question.argument, together, call, inputs, plain, sample, order) for order in orders]
    except Exception:  # the user's own code, on input that it may not expect
        return None
    told = [one for one in found if one is not None]
    return all(told) if told else None


def _kept(
    argument: str, together: Sequence[str], call: Call, inputs: Mapping[str, Any], plain: Any, sample: Any, order: Any
) -> bool | None:
    one = records(plain)
    if one is None or one.rows != sample.size:
        return False
    wanted = take(plain, order)
    if compare(wanted, plain).equal:
        return None

    def mixed(arguments: Sequence[str]) -> Any:
        changed = {name: take(inputs[name], sample[order] if name in arguments else sample) for name in together}
        return call({**inputs, **changed})

    alone = mixed([argument])
    other = records(alone)
    if other is None or other.rows != sample.size:
        return False
    if len(together) == 1 or compare(wanted, alone).equal:
        return bool(compare(wanted, alone).equal)
    if compare(plain, alone).equal:
        return False
    both = mixed(together)
    held = records(both)
    return held is not None and held.rows == sample.size and bool(compare(wanted, both).equal)
