"""A step done again on altered inputs, many times in one process: what stands behind a value, and whether order is kept.

The altered inputs are made of the recorded ones in memory and never stored: a bisection asks hundreds of times, and of
each answer only one value is looked at. What is asked, and what came of it, is stored like the task of any step.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from penstock.model.question import OrderQuestion, Question
from penstock.values.alter import take
from penstock.values.compare import compare
from penstock.values.records import records
from penstock.work.altered import Call
from penstock.work.behind import Cell

__all__ = ["ask"]


def ask(question: Question, call: Call, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a question, as plain values."""
    if isinstance(question, OrderQuestion):
        return {"aligned": _aligned(question, call, inputs)}
    return Cell(question, call, inputs).answer()


def _aligned(question: OrderQuestion, call: Call, inputs: Mapping[str, Any]) -> bool | None:
    """Whether rows in another order come out in that order. None where that can't be told: the step fails on a sample, or
    makes equal rows of all."""
    held = {argument: one for argument, value in inputs.items() if (one := records(value)) is not None}
    rows = held[question.argument].rows
    together = [argument for argument, one in held.items() if one.rows == rows]
    draw = np.random.default_rng(0)
    sample = np.sort(draw.choice(rows, min(rows, question.rows), replace=False))
    order = draw.permutation(sample.size)
    try:
        plain = call({**inputs, **{one: take(inputs[one], sample) for one in together}})
        mixed = call({**inputs, **{one: take(inputs[one], sample[order]) for one in together}})
        one, other = records(plain), records(mixed)
        if one is None or other is None or one.rows != sample.size or other.rows != sample.size:
            return False
        if compare(take(plain, order), plain).equal:
            return None
        return compare(take(plain, order), mixed).equal
    except Exception:  # the user's own code, on input that it may not expect
        return None
