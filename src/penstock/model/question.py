"""Questions that are answered by doing one step again, many times, on its own recorded inputs altered in memory."""

from typing import Any

from msgspec import Struct

from penstock.model.step import Entry
from penstock.model.task import Setting

__all__ = ["Asking", "CellQuestion", "KeyQuestion", "OrderQuestion", "Question"]


class CellQuestion(Struct, frozen=True, tag=True):
    """Which rows and columns of a step's inputs stand behind one value of an output?

    `row` is the value's position in the recorded output; in an altered one its row is found by the columns `by`, which
    name it; with `label`, by its label in the index of pandas; else by position. `own` are the positions in each input (by argument) of the rows that this very row
    was; `fixed` are inputs whose rows may not be left out, because others are aligned with them: their cells are exchanged.
    `made` are columns (by argument) that another step computed: of those it is told whether any other value moves this one.
    `budget` bounds how often the step is done.
    """

    output: int
    row: int
    column: str
    by: tuple[str, ...] = ()
    label: bool = False
    own: dict[str, tuple[int, ...]] = {}
    fixed: tuple[str, ...] = ()
    budget: int = 600
    made: dict[str, tuple[str, ...]] = {}


class OrderQuestion(Struct, frozen=True, tag=True):
    """Does a step keep the order of an input (`argument`) in an output, row by row? Tried on a sample of `rows`."""

    output: int
    argument: str
    rows: int = 1000


class KeyQuestion(Struct, frozen=True, tag=True):
    """Do the values of a key (`columns` of the input `argument`) come out of a step in the rows that had them? Tried on a sample of `rows`."""

    output: int
    argument: str
    columns: tuple[str, ...]
    rows: int = 300


Question = CellQuestion | OrderQuestion | KeyQuestion
"""What can be asked."""


class Asking(Struct, frozen=True):
    """A question, and how the step is called: its own `entry`, the names of its `outputs`, the parameters that were given
    (`overrides`, by parameter), the run's seed, and the digest of each parameter's value as it was then. Where no file holds the
    step, its parameters come along as they were `given`."""

    entry: Entry
    question: Question
    outputs: tuple[str, ...]
    overrides: dict[str, Any]
    seed: int
    settings: dict[str, str]
    given: tuple[Setting, ...] = ()
