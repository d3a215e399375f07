"""What stands behind a value: a step done again on its recorded inputs with rows left out and cells altered.

Rows of an input are searched by their absence; which columns of them matter, and which of the row's own (it can't be absent:
then the value is not there), by other values. `penstock.values.variants` says which are tried. What is said to be exact was tried row by
row; what could not be told is among the reasons (`why`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from penstock.model.question import CellQuestion
from penstock.rows.keys import rows_of
from penstock.rows.search import Spent, contributors, least
from penstock.values.alike import same
from penstock.values.alter import take
from penstock.values.records import records, value_at
from penstock.values.variants import Variant, nudges, vary
from penstock.work.altered import ABSENT, Altered, Call

__all__ = ["Cell"]

_TURNS = 4  # ways in which a column is altered in all rows that were found at once
_FEW = 16  # rows that are left out one by one, where no more are left to look at
_LARGE = 10_000  # rows from which on fewer of those left are left out at random
_PARTS = (
    2,
    4,
    8,
    2,
    16,
    3,
)  # one in so many of the rows that are left is left out at random, each more often in a small table
_WIDE = 3  # columns of the own row that are altered one by one; more are altered together first
_KEYS = 2  # other names that a row is given
_JOINT = range(10)  # ways in which several columns are altered together
_MIXES = 6  # times that such columns are altered together, each in another way
_ROUNDS = 400  # re-executions at most to look for rows that are used though their absence alone changes nothing


class _Rows:
    """What is known of the rows of one input: those that matter (`at`), with the `columns` that do, those that do `together` only,
    and those that only hold a place."""

    def __init__(self, mine: Iterable[int]) -> None:
        self.mine = np.array(sorted(mine), np.int64)
        self.at = np.zeros(0, np.int64)
        self.together: list[int] = []
        self.places = np.zeros(0, np.int64)
        self.columns: list[str] = []
        self.takes_out: set[str] = set()  # columns of which a little more or less is as if the row were not there
        self.searched = False

    def kept(self) -> Any:
        return np.unique(np.concatenate([self.mine, self.at, self.places, np.array(self.together, np.int64)]))


class Cell:
    """A question, being answered."""

    def __init__(self, question: CellQuestion, call: Call, inputs: Mapping[str, Any]) -> None:
        self.step = Altered(question, call, inputs)
        self.question, self.inputs, self.tables = question, self.step.inputs, self.step.tables
        self.why: list[str] = []
        self.notes: list[str] = []
        self.rows = {argument: _Rows(question.own.get(argument, ())) for argument in self.tables}
        self.own: dict[str, list[str]] = {argument: [] for argument in self.tables}
        self.firm: dict[str, list[str]] = {}
        self.quiet: dict[
            tuple[str, str], dict[str, Any]
        ] = {}  # by column of the own row, a world in which the value is the same

    def answer(self) -> dict[str, Any]:
        """All of it: `rows` are positions by argument, with the columns that matter of them together and those rows
        that do so only `together`; `own` the columns that matter of the row's own rows; `firm` those in `question.made` of which any other value moves it."""
        steady = not self.step.surely({})
        if not steady:
            self.why.append("the step gives another value when it is done again")
        spent = False
        steps = (
            self.search,
            self.find_columns,
            self.settle,
            self.alter_own,
            self.find_used,
            self.find_stand_ins,
            self.tell_others,
            self.find_firm,
        )
        for step in steps:
            try:
                for argument in self.tables:
                    step(argument)
            except Spent:
                spent = True
        if not spent:
            spent = self.conclude()
        if spent:
            self.why.append("the budget was spent before all was looked at")
        if self.step.failed:
            self.why.append(f"the step failed on some altered inputs ({self.step.failed})")
        return {
            "value": _plain(self.step.before),
            "steady": steady,
            "rows": {
                argument: {
                    "at": sorted({*one.at.tolist(), *one.together}),
                    "columns": one.columns,
                    **({"together": one.together} if one.together else {}),
                    **({"places": one.places.tolist()} if one.places.size else {}),
                }
                for argument, one in self.rows.items()
                if one.at.size or one.together
            },
            "own": self.own,
            "firm": self.firm,
            "why": list(dict.fromkeys(self.why)),
            "notes": self.notes,
            "reruns": self.step.reruns,
        }

    def conclude(self) -> bool:
        """Whether what was found suffices. True where the budget is spent."""
        if (
            not self.why
            and not any(self.own.values())
            and not any(one.at.size or one.together for one in self.rows.values())
        ):
            self.why.append("nothing that was tried moves it: it is a constant, or takes values that were not tried")
        try:
            if any(one.searched for one in self.rows.values()) and not self.why and self.step.moves(self.small()):
                self.why.append("without all other rows together the value is another")
        except Spent:
            return True
        return False

    # worlds

    def small(self, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The inputs (with these changes) without the rows that were found not to matter."""
        whole = {**self.inputs, **(changes or {})}
        return {argument: take(whole[argument], one.kept()) for argument, one in self.rows.items() if one.searched}

    # rows

    def search(self, argument: str) -> None:
        """The rows of an input, other than the row's own, that the value depends on: by leaving them out, or, where they can't be
        (others are aligned with them), by other values in them.

        What was found not to matter is left out meanwhile; `settle` asks of each row with everything else in place.
        """
        known = self.rows[argument]
        places = np.setdiff1d(np.arange(self.tables[argument].rows), known.mine)
        if not places.size:
            return
        if argument in self.question.fixed:
            self.search_fixed(argument, places)
            return

        def moves(some: Any) -> bool:
            return self.step.moves({**self.small(), **self.step.without(argument, places[some])})

        said = contributors(places.size, moves, lambda _: True)
        known.at = places[said.rows]
        if said.why:
            raise Spent
        known.searched = True

    def search_fixed(self, argument: str, places: Any) -> None:
        """Rows that can't be left out: those of which other values move the value."""
        known, names, done = self.rows[argument], self.tables[argument].columns, self.step.done
        for turn in self.step.turns(argument, names):
            rest = np.setdiff1d(places, known.at)

            def moves(some: Any, turn: int = turn, rest: Any = rest) -> bool:
                changes = self.step.altered(argument, rest[some], names, turn)
                return changes is not None and self.step.surely({**self.small(), **changes})

            said = contributors(rest.size, moves, lambda _: True)
            known.at = np.union1d(known.at, rest[said.rows])
            if said.why:
                raise Spent
        if self.step.done == done:
            self.why.append(f"the step fails whenever other rows of `{argument}` are altered")

    def find_columns(self, argument: str) -> None:
        """The columns that move the value when they are altered in all of the rows that were found."""
        known = self.rows[argument]
        if known.at.size:
            known.columns = [
                name
                for name in self.tables[argument].columns
                if name in known.columns or self.in_all(argument, known.at, name)
            ]

    def in_all(self, argument: str, rows: Any, name: str) -> bool:
        """Whether other values in a column of all of these rows move the value, where no others are."""
        turns = range(1 if name in self.question.by and self.rows[argument].mine.size else _TURNS)
        worlds = (self.step.altered(argument, rows, [name], turn) for turn in turns)
        return any(self.step.surely({**changes, **self.small(changes)}) for changes in worlds if changes is not None)

    def settle(self, argument: str) -> None:
        """Keep the rows of which each alone moves the value, everything else in place: left out, or with another value in a
        column that matters. Of those found because others were left out, it is looked for what they stand in for."""
        known = self.rows[argument]
        found = known.at
        if not found.size:
            return
        if argument in self.question.fixed:
            known.at = np.array([one for one in found if self.by_value(argument, int(one))], np.int64)
            if known.at.size < found.size:
                self.why.append(f"of `{argument}`, some rows move it only together")
            return
        alone = [int(one) for one in found if self.step.absent(argument, [one])]
        valued = [one for one in alone if self.by_value(argument, one)]
        missed = np.setdiff1d(alone, valued)
        if missed.size and known.columns and not self.step.any_turn(argument, missed, known.columns):
            self.notes.append(
                f"{missed.size} more of `{argument}` matter only by being there: without one of them, others take its place"
            )
            known.at, known.places = np.array(valued, np.int64), missed
        else:
            known.at = np.array(alone, np.int64)
        if len(alone) < found.size:
            self.settle_tied(argument)

    def by_value(self, argument: str, row: int) -> bool:
        """Whether other values in this row alone move the value: in all columns that matter, or in one of them (all others may
        take a row out of where another with the same value stays)."""
        columns = self.rows[argument].columns
        one_by_one = [[name] for name in columns] if len(columns) > 1 else []
        return bool(columns) and any(
            self.step.any_turn(argument, np.array([row]), names) for names in (columns, *one_by_one)
        )

    def settle_tied(self, argument: str) -> None:
        """Rows that stand in for one another: none moves the value by its absence alone, all of them do. Of those the value is made of
        the ones whose values move it; where there are none, of all."""
        known = self.rows[argument]
        rest = np.setdiff1d(np.arange(self.tables[argument].rows), known.kept())

        def moves(some: Any) -> bool:
            return self.step.absent(argument, some)

        if rest.size and moves(rest):
            self.name_tied(argument, rest, moves)

    def name_tied(self, argument: str, rest: Any, moves: Callable[[Any], bool]) -> None:
        known, table = self.rows[argument], self.tables[argument]
        tied = least(rest, moves)
        if tied is None or any(moves(np.setdiff1d(rest, [one])) for one in tied):
            self.why.append(f"of `{argument}`, many rows move it only together: which, depends on the others")
            known.together = [] if tied is None else tied.tolist()
            return
        names = [name for name in table.columns if self.step.any_turn(argument, tied, [name])]
        used = [
            one for one in tied.tolist() if any(self.step.any_turn(argument, np.array([one]), [name]) for name in names)
        ]
        known.columns = [name for name in table.columns if name in names or name in known.columns]
        if used:
            known.at = np.union1d(known.at, used)
        else:
            known.together = tied.tolist()
            self.why.append(f"{tied.size} rows of `{argument}` stand in for one another: only together they move it")

    # rows that are used, though the value is the same without them

    def find_used(self, argument: str) -> None:
        """Add the rows of which the search has not seen that they are used: they cancel each other, or the value is the same
        without each (a zero in a sum, in a mean a value like it): a little more in them moves it, and a little less."""
        known = self.rows[argument]
        if argument in self.question.fixed or not known.searched:
            return
        self.step.most = min(self.question.budget, self.step.reruns + _ROUNDS)
        try:
            self.by_nudge(argument)
            self.by_absence(argument)
        finally:
            self.step.most = self.question.budget

    def left(self, argument: str) -> Any:
        return np.setdiff1d(np.arange(self.tables[argument].rows), self.rows[argument].kept())

    def by_absence(self, argument: str) -> None:
        """Rows that matter alone and cancel each other when all are left out: each is left out where they are few. Else parts of them are, at
        random, and where one matters it is said that not all that do may be named."""
        known, rest = self.rows[argument], self.left(argument)
        if rest.size <= _FEW:
            more = np.array([one for one in rest if self.step.absent(argument, [one])], np.int64)
            if more.size:
                known.at = np.union1d(known.at, more)
                self.find_columns(argument)
            return
        draw = np.random.default_rng(0)
        for part in _PARTS * (1 if self.tables[argument].rows >= _LARGE else 2):
            some = rest[draw.random(rest.size) < 1 / part]
            if some.size and self.step.absent(argument, some):
                self.why.append(
                    f"of `{argument}`, rows that cancel each other move it, and not all of them may be named"
                )
                return

    def by_nudge(self, argument: str) -> None:
        """Rows of which a little more and a little less moves the value."""
        known = self.rows[argument]
        for name in self.tables[argument].columns:
            pair = nudges(self.tables[argument].column(name))
            if pair is None or not self.counts(argument, name, pair):
                continue
            rest = self.left(argument)

            def moves(some: Any, name: str = name, pair: Any = pair, rest: Any = rest) -> bool:
                return self.nudged(argument, name, rest[some], pair[0])

            said = contributors(rest.size, moves, lambda _: True)
            if said.why:
                raise Spent
            more = [int(one) for one in rest[said.rows] if all(self.nudged(argument, name, [one], by) for by in pair)]
            if more:
                known.at = np.union1d(known.at, more)
                if name not in known.columns:
                    known.columns = [one for one in self.tables[argument].columns if one in (*known.columns, name)]

    def nudge(self, argument: str, name: str, rows: Any, by: Variant) -> dict[str, Any] | None:
        held = np.array(rows, np.int64)
        made = vary(self.inputs[argument], name, self.tables[argument].column(name), held, by)
        return None if made is None else {argument: made}

    def nudged(self, argument: str, name: str, rows: Any, by: Variant) -> bool:
        changes = self.nudge(argument, name, rows, by)
        return changes is not None and self.step.surely(changes)

    def counts(self, argument: str, name: str, pair: tuple[Variant, Variant]) -> bool:
        """Whether the value is made of the numbers of this column: a little more or less in a row that matters moves it, and otherwise than
        if the row were not there."""
        known = self.rows[argument]
        if name in known.columns and known.at.size:
            rows = known.at[:2]
        elif name in self.own[argument] and not known.at.size and known.mine.size:
            rows = known.mine[:1]
        else:
            return False
        for one in rows.tolist():
            more = self.step.outcome(self.nudge(argument, name, [one], pair[0]))
            if same(more, self.step.before, self.step.limit):
                continue
            if one not in known.mine and same(
                more, self.step.outcome(self.step.without(argument, [one])), self.step.limit
            ):
                known.takes_out.add(name)
                continue
            if self.nudged(argument, name, [one], pair[1]):
                return True
        return False

    # the own row

    def alter_own(self, argument: str) -> None:
        """The columns of the row's own rows of which other values move the value."""
        rows = self.rows[argument].mine
        if not rows.size:
            return
        table, done = self.tables[argument], self.step.done
        kept = dict(zip(self.question.by, self.step.names, strict=True))
        keys = [
            name
            for name in table.columns
            if name in kept and same(kept[name], value_at(table.column(name), int(rows[0])))
        ]
        names = [name for name in table.columns if name not in keys]
        mine = [name for name in keys if name == self.question.column or self.by_key(argument, name, rows)]
        if len(names) > _WIDE:
            shown = [name for name in names if self.by_turns(argument, rows, name, range(2))]
            hidden = [name for name in names if name not in shown]
            mine += shown
            names = hidden if self.jointly(argument, rows, hidden) else []
        mine += [name for name in names if self.by_turns(argument, rows, name, self.step.turns(argument, [name]))]
        hidden = [name for name in table.columns if name not in mine and name not in keys]
        if len(hidden) > 1 and len(table.columns) <= _WIDE and self.jointly(argument, rows, hidden):
            self.why.append(f"columns of its own row in `{argument}` move it only together: {', '.join(hidden[:6])}")
        if self.step.done == done and len(table.columns) > len(keys):
            self.why.append(f"the step fails whenever its own row of `{argument}` is altered")
        self.own[argument] = [name for name in table.columns if name in mine]

    def by_turns(self, argument: str, rows: Any, name: str, turns: range) -> bool:
        """Whether other values in a column of the own row move the value; a world in which they do not is remembered."""
        for turn in turns:
            done, changes = self.step.done, self.step.altered(argument, rows, [name], turn)
            if changes is not None and self.step.surely(changes):
                return True
            if changes is not None and self.step.done > done:
                self.quiet.setdefault((argument, name), changes)
        return False

    def find_stand_ins(self, argument: str) -> None:
        """Add the rows that stand in for the own one: where it has another value, and only with them there, the value is the same."""
        known = self.rows[argument]
        nothing = not any(self.own.values()) and not any(one.at.size for one in self.rows.values())
        for name in self.tables[argument].columns if known.searched and not self.why else ():
            world = self.quiet.get((argument, name))
            rest = self.left(argument)
            if world is None or not rest.size or not (nothing or name in self.own[argument]):
                continue

            def moves(some: Any, world: Any = world) -> bool:
                stay = np.setdiff1d(np.arange(self.tables[argument].rows), some)
                return self.step.surely({argument: take(world[argument], stay)})

            if moves(rest):
                self.name_tied(argument, rest, moves)

    def tell_others(self, argument: str) -> None:
        """Say so where rows that the value is not made of would move it with other numbers: as a new greatest one would."""
        known, table = self.rows[argument], self.tables[argument]
        rest = self.left(argument) if known.searched else known.at[:0]
        found = []
        for name in [one for one in table.columns if one not in known.takes_out] if rest.size else ():
            kind = table.column(name).type
            if name in self.own[argument] or (known.at.size and name in known.columns):
                turns = range(2, 4) if pa.types.is_boolean(kind) or nudges(table.column(name)) is not None else ()
                worlds = (self.step.altered(argument, rest, [name], turn) for turn in turns)
                if any(self.step.surely(changes) for changes in worlds if changes is not None):
                    found.append(name)
        if found:
            self.notes.append(f"other rows of `{argument}` would move it too, with other values in {', '.join(found)}")

    def jointly(self, argument: str, rows: Any, names: Sequence[str]) -> bool:
        """Whether other values in several columns at once move the value."""
        worlds = (self.step.altered(argument, rows, names, turn) for turn in _JOINT)
        if any(self.step.surely(changes) for changes in worlds if changes is not None):
            return True
        draw = np.random.default_rng(0)
        column = self.tables[argument].column
        for _ in range(_MIXES if len(names) > 1 else 0):
            value = self.inputs[argument]
            for name in names:
                tries = self.step.tries[argument][name]
                made = vary(value, name, column(name), rows, tries[draw.integers(len(tries))])
                value = value if made is None else made
            if self.step.surely({argument: value}):
                return True
        return False

    def by_key(self, argument: str, name: str, rows: Any) -> bool:
        """Whether another value in a column that names the row moves the value: the row is looked for by its new name."""
        place = self.question.by.index(name)
        column = self.tables[argument].column(name)
        new = [one for one in self.step.tries[argument][name] if one.kind == "value" and one.what is not None]
        for turn in (
            new[-_KEYS:] if pa.types.is_large_string(column.type) or pa.types.is_string(column.type) else new[:_KEYS]
        ):
            made = vary(self.inputs[argument], name, column, rows, turn)
            held = records(made) if made is not None else None
            if held is None:
                continue
            names = list(self.step.names)
            names[place] = value_at(held.column(name), int(rows[0]))
            if rows_of(held, [name], [names[place]]).size != rows.size:
                continue  # the name of another row
            found = self.step.outcome({argument: made}, names)
            if found is not ABSENT and not same(self.step.before, found, self.step.limit):
                return True
        return False

    def find_firm(self, argument: str) -> None:
        """Of the columns that another step computed: those of which whatever other value moves the value."""
        known = self.rows[argument]
        for name in self.question.made.get(argument, ()):
            rows = known.mine if name in self.own[argument] else known.at if name in known.columns else known.at[:0]
            if not rows.size:
                continue
            column = self.tables[argument].column(name)
            tries = nudges(column) or self.step.tries[argument][name]
            made = [one for by in tries if (one := vary(self.inputs[argument], name, column, rows, by)) is not None]
            if made and all(self.step.surely({argument: one}) for one in made):
                self.firm.setdefault(argument, []).append(name)


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str | type(None)) else str(value)
