"""A step done again on altered inputs, many times in one process: what stands behind a value, and whether order is kept.

The altered inputs are made of the recorded ones in memory and never stored: a bisection asks hundreds of times, and of
each answer only one value is looked at. What is asked, and what came of it, is stored like the task of any step.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from penstock.model.question import CellQuestion, OrderQuestion, Question
from penstock.rows.keys import rows_of
from penstock.rows.search import Spent, contributors, masked, one_of
from penstock.values.alter import exchange, take
from penstock.values.compare import TOLERANCE, compare
from penstock.values.donors import others
from penstock.values.records import Records, records, value_at

__all__ = ["Call", "ask"]

Call = Callable[[Mapping[str, Any]], Any]
"""The step, called with inputs by argument: the value of the output in question. Each call draws the same random numbers."""


def ask(question: Question, call: Call, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a question, as plain values."""
    if isinstance(question, OrderQuestion):
        return {"aligned": _aligned(question, call, inputs)}
    return _Cell(question, call, inputs).answer()


# --- position


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


# --- what stands behind a value


_AS_IT_WAS: Any = object()  # the value as it was, with nothing altered
_TRIED = 3  # rows that are given another value to see what was hidden
_DOUBLES = 3  # rows that are looked for by their values, for those that others stand in for


class _Gone(Exception):
    """The row that is watched is not there any more."""


class _Cell:
    def __init__(self, question: CellQuestion, call: Call, inputs: Mapping[str, Any]) -> None:
        self.question, self.call, self.inputs = question, call, dict(inputs)
        self.reruns = 0
        self.failed = ""
        self.stay: dict[str, Any] = {}
        self.tables = {argument: one for argument, value in inputs.items() if (one := records(value)) is not None}

    def answer(self) -> dict[str, Any]:
        """All of it: `rows` are positions by argument, with the columns that matter of them together; `own` the columns
        that matter of the row's own rows."""
        made = self.rerun({})
        held = records(made)
        assert held is not None
        self.names = [value_at(held.column(name), self.question.row) for name in self.question.by]
        self.label = _label(held, self.question.row) if self.question.label else None
        column = held.column(self.question.column)
        self.before = value_at(column, self.question.row)
        self.limit = _limit(column)
        steady = not self.moved(self.rerun({}))
        found: dict[str, Any] = {
            "value": _plain(self.before),
            "steady": steady,
            "rows": {},
            "own": {},
            "why": [],
            "notes": [],
        }
        if not steady:
            found["why"].append("the step gives another value when it is done again")
        spent = False
        for step in (self.others, self.columns, self.hidden, self.alone, self.own):
            try:
                for argument in self.tables:
                    step(argument, found)
            except Spent:
                spent = True
        if not spent and self.stay and self.moves(self.small()):
            found["why"].append("without all other rows together the value is another")
        found["rows"] = {name: one for name, one in found["rows"].items() if one["at"]}
        if spent:
            found["why"].append("the budget was spent before all was looked at")
        if self.failed:
            found["why"].append(f"the step failed on some altered inputs ({self.failed})")
        found["reruns"] = self.reruns
        return found

    # worlds

    def rerun(self, changes: Mapping[str, Any]) -> Any:
        self.reruns += 1
        if self.reruns > self.question.budget:
            self.reruns -= 1
            raise Spent
        return self.call({**self.inputs, **changes})

    def moves(self, changes: Mapping[str, Any], base: Any = _AS_IT_WAS) -> bool:
        """Whether the value is another than it was, or than `base`."""
        try:
            return self.moved(self.rerun(changes), base)
        except Spent:
            raise
        except Exception as error:  # the user's own code, on input that it may not expect
            self.failed = f"{type(error).__name__}: {error}"[:200]
            return True

    def seen(self, changes: Mapping[str, Any]) -> Any:
        """The value that comes of altered inputs; what it was where none does."""
        try:
            held = records(self.rerun(changes))
            return self.cell(held) if held is not None and self.question.column in held else self.before
        except Spent:
            raise
        except Exception:  # the user's own code, on input that it may not expect
            return self.before

    def moved(self, made: Any, base: Any = _AS_IT_WAS) -> bool:
        held = records(made)
        if held is None or self.question.column not in held:
            return True
        try:
            now = self.cell(held)
        except _Gone:
            return True
        return not _same(self.before if base is _AS_IT_WAS else base, now, self.limit)

    def cell(self, held: Records) -> Any:
        row = self.question.row
        if self.question.by:
            if not all(name in held for name in self.question.by):
                raise _Gone
            rows = rows_of(held, self.question.by, self.names)
            if not rows.size:
                raise _Gone
            column = held.column(self.question.column)
            # An altered key may have become this very one: then its own row is still among these.
            same = [row for row in rows.tolist() if _same(self.before, value_at(column, row), self.limit)]
            row = same[0] if same else int(rows[0])
        elif self.question.label:
            row = _labelled(held, self.label)
        elif row >= held.rows:
            raise _Gone
        return value_at(held.column(self.question.column), row)

    # rows

    def others(self, argument: str, found: dict[str, Any]) -> None:
        """The rows of an input, other than the row's own, that the value depends on.

        What was found not to matter of the inputs before is left out meanwhile; but whether a row matters alone is
        asked with everything else in place.
        """
        table = self.tables[argument]
        mine = np.array(self.question.own.get(argument, ()), np.int64)
        places = np.setdiff1d(np.arange(table.rows), mine)
        if not places.size:
            return
        fixed = argument in self.question.fixed

        def moves(some: Any) -> bool:
            if fixed:
                return self.moves({**self.small(), argument: self.mixed(argument, places[some])})
            return self.moves({**self.small(), argument: self.without(argument, places[some])})

        said = contributors(places.size, moves, lambda _: True)
        rows = places[said.rows]
        found["rows"][argument] = {"at": rows.tolist(), "columns": []}
        if said.why:
            found["why"].append(f"of `{argument}`, {said.why}")
        if not fixed and "budget" not in said.why:
            self.stay[argument] = np.union1d(rows, mine)

    def hidden(self, argument: str, found: dict[str, Any]) -> None:
        """Add the rows that the search has not seen, since without all of them together the value is the same: in a mean, those
        with the mean of all. They show in a world where one of the others holds another value."""
        if argument in self.question.fixed or argument not in found["rows"] or any(found["why"]):
            return
        said = found["rows"][argument]
        rows = np.array(said["at"], np.int64)
        mine = np.array(self.question.own.get(argument, ()), np.int64)
        rest = np.setdiff1d(np.arange(self.tables[argument].rows), np.union1d(rows, mine))
        value, base = self.other_world(argument, said)
        table = self.inputs[argument] if value is None else value

        def moves(some: Any) -> bool:
            return self.moves({argument: _without(table, some)}, base)

        more = masked(rest, moves) if rows.size else masked(rest, moves, 1)
        if more.why:
            found["why"].append(f"of `{argument}`, {more.why}")
        if more.rows.size:
            said["at"] = np.union1d(rows, more.rows).tolist()
            self.stay[argument] = np.union1d(self.stay.get(argument, mine), more.rows)
            self.columns(argument, found)

    def other_world(self, argument: str, said: Mapping[str, Any]) -> tuple[Any, Any]:
        """An input in which a row that matters holds another value and still matters, and the value that comes of it;
        (None, ...) where there is none."""
        for row in said["at"][:_TRIED]:
            for name in said["columns"]:
                value = self.mixed(argument, np.array([row]), (name,))
                base = self.seen({argument: value})
                gone = {argument: _without(value, np.array([row]))}
                if not _same(base, self.before, self.limit) and self.moves(gone, base):
                    return value, base
        return None, _AS_IT_WAS

    def alone(self, argument: str, found: dict[str, Any]) -> None:
        """Keep the rows of which each alone moves the value: by another value in a column that matters, or, where none
        does, by its absence. The others were found because without them rows move up: that is told, and they are not named."""
        said = found["rows"].get(argument)
        if said is None or not said["at"]:
            return
        rows, columns = np.array(said["at"], np.int64), said["columns"]
        kept = [one for one in rows.tolist() if self.by_value(argument, np.array([one]), columns)]
        rest = np.setdiff1d(rows, kept).tolist()
        missed = [one for one in rest if self.moves({argument: self.without(argument, np.array([one]))})]
        if missed and columns and not self.any_turn(argument, np.array(missed), columns):
            found["notes"].append(
                f"{len(missed)} more of `{argument}` matter only by being there: without one of them, others take its place"
            )
        else:
            kept += missed
        doubles = [one for one in rest if one not in missed]  # for which others stand in, or which do for others
        if doubles:
            real = self.behind_doubles(argument, np.setdiff1d(rows, doubles), columns)
            kept += doubles if real is None else real
            if real is None:
                found["why"].append(f"of `{argument}`, some rows stand in for one another: none of them alone moves it")
        said["at"] = sorted(kept)

    def behind_doubles(self, argument: str, rows: Any, columns: Sequence[str]) -> list[int] | None:
        """The rows whose values move the value, and that with these `rows` make it what it is; None where none are found.

        The search leaves rows out, and a row with an equal value may have taken the place of the one that is used.
        """
        mine = np.array(self.question.own.get(argument, ()), np.int64)
        others = np.setdiff1d(np.arange(self.tables[argument].rows), np.union1d(rows, mine))
        before = self.stay.get(argument)
        for name in columns if before is not None else ():

            def moves(some: Any, name: str = name) -> bool:
                return self.any_turn(argument, some, (name,))

            found: list[int] = []
            while len(found) < _DOUBLES and moves(left := np.setdiff1d(others, found)):
                one = one_of(left, moves)
                if one is None:
                    break
                found.append(one)
                self.stay[argument] = np.union1d(np.union1d(rows, mine), found)
                if not self.moves(self.small()):
                    return found
        if before is not None:
            self.stay[argument] = before
        return None

    def by_value(self, argument: str, rows: Any, columns: Sequence[str]) -> bool:
        """Whether other values in these rows move the value: in all columns that matter, or in one of them (all others may
        take a row out of where another with the same value stays)."""
        if not columns:
            return False
        one_by_one = [(name,) for name in columns] if len(columns) > 1 else []
        return any(self.any_turn(argument, rows, names) for names in (columns, *one_by_one))

    def any_turn(self, argument: str, rows: Any, columns: Sequence[str]) -> bool:
        """Whether other values in these columns of these rows move the value, everything else in place."""
        return any(self.moves({argument: self.mixed(argument, rows, columns, turn)}) for turn in (0, 1))

    def without(self, argument: str, rows: Any) -> Any:
        """An input without some rows."""
        return _without(self.inputs[argument], rows)

    def small(self, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The inputs (with these changes) without the rows that were found not to matter."""
        whole = {**self.inputs, **(changes or {})}
        return {argument: take(whole[argument], rows) for argument, rows in self.stay.items()}

    def mixed(self, argument: str, rows: Any, names: Sequence[str] = (), turn: int = 0) -> Any:
        """An input with the cells of some rows exchanged for others: all of them, or those of these columns."""
        value = self.inputs[argument]
        for name in names or self.tables[argument].columns:
            donors = self.donors(argument, name, rows, turn)
            if donors is not None:
                value = _exchanged(value, name, rows, donors)
        return value

    # columns

    def donors(self, argument: str, name: str, rows: Any, turn: int = 0) -> Any:
        """For each row another one with another value in this column; None where the column has one value only."""
        return others(self.tables[argument].column(name), rows, turn)

    def altered(self, argument: str, name: str, rows: Any) -> Iterator[dict[str, Any]]:
        """The input with the cells of one column in these rows made those of others, in two ways."""
        for turn in (0, 1):
            donors = self.donors(argument, name, rows, turn)
            if donors is None:
                return
            try:
                yield {argument: exchange(self.inputs[argument], name, rows, donors)}
            except (TypeError, KeyError, ValueError):
                return

    def columns(self, argument: str, found: dict[str, Any]) -> None:
        """The columns that move the value when they are altered in all of the rows that were found."""
        if argument not in found["rows"]:
            return
        rows = np.array(found["rows"][argument]["at"], np.int64)
        if not rows.size:
            return
        for name in self.tables[argument].columns:
            if name in found["rows"][argument]["columns"]:
                continue  # it was seen before more rows were found
            if any(self.moves({**changes, **self.small(changes)}) for changes in self.altered(argument, name, rows)):
                found["rows"][argument]["columns"].append(name)

    def own(self, argument: str, found: dict[str, Any]) -> None:
        """The columns of the row's own rows that move the value; those that name it would take it away, and are left."""
        rows = np.array(self.question.own.get(argument, ()), np.int64)
        table = self.tables[argument]
        kept = dict(zip(self.question.by, self.names, strict=True))
        mine = found["own"][argument] = []
        hidden = []
        for name in table.columns if rows.size else ():
            if name in kept and _same(kept[name], value_at(table.column(name), int(rows[0])), 0.0):
                if name == self.question.column:
                    mine.append(name)
            elif self.stay and self.shows(argument, name, rows):
                mine.append(name)
            else:
                hidden.append(name)
        # What does not show without the rows that do not matter may need them: all such columns are altered at once.
        if hidden and any(self.moves({argument: self.mixed(argument, rows, hidden, turn)}) for turn in (0, 1)):
            mine.extend([name for name in hidden if any(self.moves(one) for one in self.altered(argument, name, rows))])
        found["own"][argument] = [name for name in table.columns if name in mine]

    def shows(self, argument: str, name: str, rows: Any) -> bool:
        """Whether altering a column in these rows moves the value when only rows that matter are there."""
        return any(self.moves({**one, **self.small(one)}) for one in self.altered(argument, name, rows))


def _without(value: Any, rows: Any) -> Any:
    held = records(value)
    assert held is not None
    stay = np.ones(held.rows, bool)
    stay[rows] = False
    return take(value, np.flatnonzero(stay))


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


def _exchanged(value: Any, name: str, rows: Any, donors: Any) -> Any:
    try:
        return exchange(value, name, rows, donors)
    except (TypeError, KeyError, ValueError):
        return value


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


def _same(one: Any, other: Any, limit: float) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        if math.isnan(one) or math.isnan(other):
            return math.isnan(one) and math.isnan(other)
        return one == other or abs(one - other) <= limit
    return bool(one == other)


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str | type(None)) else str(value)
