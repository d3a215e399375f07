"""One value, watched while its step is done again on altered inputs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from penstock.model.question import CellQuestion
from penstock.rows.keys import rows_of
from penstock.rows.search import Spent
from penstock.values.alike import same
from penstock.values.alter import take
from penstock.values.compare import TOLERANCE
from penstock.values.records import Records, records, value_at
from penstock.values.variants import variants, vary

__all__ = ["ABSENT", "Altered", "Call"]

Call = Callable[[Mapping[str, Any]], Any]
"""The step, called with inputs by argument: the value of the output in question. Each call draws the same random numbers."""

ABSENT: Any = object()
"""What the value of a row is that is not there."""


class _Gone(Exception):
    """The row that is watched is not there any more."""


class Altered:
    """The step, its recorded `inputs`, and the value that the question is of: what it was (`before`) and how far it may move
    by rounding (`limit`). `reruns` counts how often the step was done, `done` how often it did not fail; from `most` on, `Spent` is raised. Inputs that have rows are in
    `tables`, with the ways in which each of their columns is altered in `tries`."""

    def __init__(self, question: CellQuestion, call: Call, inputs: Mapping[str, Any]) -> None:
        self.question, self.call, self.inputs = question, call, dict(inputs)
        self.reruns, self.most = 0, question.budget
        self.done = 0
        self.failed = ""
        self.tables = {argument: one for argument, value in inputs.items() if (one := records(value)) is not None}
        self.tries = {
            argument: {name: variants(one.column(name)) for name in one.columns}
            for argument, one in self.tables.items()
        }
        held = records(self.rerun({}))
        assert held is not None
        self.names = [value_at(held.column(name), question.row) for name in question.by]
        self.label = _label(held, question.row) if question.label else None
        column = held.column(question.column)
        self.before = value_at(column, question.row)
        self.limit = _limit(column)

    def rerun(self, changes: Mapping[str, Any]) -> Any:
        if self.reruns >= self.most:
            raise Spent
        self.reruns += 1
        return self.call({**self.inputs, **changes})

    def seen(self, changes: Mapping[str, Any], names: Sequence[Any] | None = None) -> Any:
        """The value that comes of altered inputs. Raises `_Gone` where its row is not there."""
        held = records(self.rerun(changes))
        self.done += 1
        if held is None or self.question.column not in held:
            raise _Gone
        return self.cell(held, self.names if names is None else names)

    def moves(self, changes: Mapping[str, Any]) -> bool:
        """Whether the value is another than it was, or may be: also where the step fails."""
        try:
            return not same(self.before, self.seen(changes), self.limit)
        except _Gone:
            return True
        except Spent:
            raise
        except Exception as error:  # the user's own code, on input that it may not expect
            self.failed = _words(error)
            return True

    def surely(self, changes: Mapping[str, Any]) -> bool:
        """Whether the value is another than it was. False where the step fails: on a value that it does not expect."""
        return not same(self.before, self.outcome(changes), self.limit)

    def absent(self, argument: str, rows: Any) -> bool:
        """Whether the value is another without some rows. False where the step fails, and then that is remembered."""
        try:
            return not same(self.before, self.seen(self.without(argument, rows)), self.limit)
        except _Gone:
            return True
        except Spent:
            raise
        except Exception as error:  # the user's own code, on input that it may not expect
            self.failed = _words(error)
            return False

    def outcome(self, changes: Mapping[str, Any] | None, names: Sequence[Any] | None = None) -> Any:
        """The value that comes of altered inputs: what it was where none is altered or the step fails."""
        try:
            return self.before if changes is None else self.seen(changes, names)
        except _Gone:
            return ABSENT
        except Spent:
            raise
        except Exception:  # the user's own code, on input that it may not expect
            return self.before

    def cell(self, held: Records, names: Sequence[Any]) -> Any:
        row = self.question.row
        if self.question.by:
            if not all(name in held for name in self.question.by):
                raise _Gone
            rows = rows_of(held, self.question.by, names)
            if not rows.size:
                raise _Gone
            column = held.column(self.question.column)
            # An altered key may have become this very one: then its own row is still among these.
            alike = [row for row in rows.tolist() if same(self.before, value_at(column, row), self.limit)]
            row = alike[0] if alike else int(rows[0])
        elif self.question.label:
            row = _labelled(held, self.label)
        elif row >= held.rows:
            raise _Gone
        return value_at(held.column(self.question.column), row)

    def without(self, argument: str, rows: Any) -> dict[str, Any]:
        """The inputs without some rows of one."""
        stay = np.ones(self.tables[argument].rows, bool)
        stay[rows] = False
        return {argument: take(self.inputs[argument], np.flatnonzero(stay))}

    def altered(self, argument: str, rows: Any, names: Sequence[str], turn: int) -> dict[str, Any] | None:
        """The inputs with the cells of some rows of one altered in these columns, in the `turn`th way of each. None where none is."""
        value = self.inputs[argument]
        done = False
        for name in names:
            tries = self.tries[argument][name]
            if turn < len(tries):
                made = vary(value, name, self.tables[argument].column(name), rows, tries[turn])
                value, done = (value, done) if made is None else (made, True)
        return {argument: value} if done else None

    def turns(self, argument: str, names: Sequence[str]) -> range:
        """In how many ways some columns are altered."""
        return range(max([len(self.tries[argument][name]) for name in names], default=0))

    def any_turn(self, argument: str, rows: Any, names: Sequence[str]) -> bool:
        """Whether other values in these columns of these rows move the value."""
        worlds = (self.altered(argument, rows, names, turn) for turn in self.turns(argument, names))
        return any(self.surely(changes) for changes in worlds if changes is not None)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]


def _label(held: Records, row: int) -> Any:
    return row if held.index is None else held.index[row].as_py()


def _labelled(held: Records, label: Any) -> int:
    """The one row of a label of a pandas index. Raises `_Gone`."""
    if held.index is None:
        if not held.ordinal or not isinstance(label, int) or label >= held.rows:
            raise _Gone
        return label
    at = [number for number, one in enumerate(held.index.to_pylist()) if one == label]
    if len(at) != 1:
        raise _Gone
    return at[0]


def _limit(column: Any) -> float:
    """How far a number may move by rounding: a fraction of its column's deviation."""
    if not pa.types.is_floating(column.type):
        return 0.0
    numbers = column.to_numpy()
    numbers = numbers[np.isfinite(numbers)]
    if not numbers.size:
        return 0.0
    spread = float(numbers.std())
    return TOLERANCE * (spread if spread > 0 else float(np.abs(numbers).max()))
