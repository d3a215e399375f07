"""The source rows behind one value: from step to step upwards, by asking each step again where its output alone does not tell."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from penstock.errors import NotFound, StepFailed, did_you_mean
from penstock.model.question import CellQuestion, Question
from penstock.model.task import Task
from penstock.model.trace import Behind, Cell, Through
from penstock.ports import Runner
from penstock.rows.codes import aligned, distinct
from penstock.rows.keys import keys_at, rows_of
from penstock.trace.follow import Follower
from penstock.trace.lineage import Lineage, Node
from penstock.values.alike import equal

__all__ = ["TaskOf", "behind"]

TaskOf = Callable[[Node, Question], Task]
"""The task that asks a step a question."""

_NAMED = ("key", "index", "position", "content")


def behind(
    lineage: Lineage, runner: Runner, task_of: TaskOf, source: str, key: str, rows: Any, cell: str, budget: int
) -> Cell:
    """What stands behind a value of a row (`rows` are its positions in the source): `cell` is `ARTIFACT.COLUMN`.

    Steps are done again at most `budget` times. Raises `NotFound` where the row or the column is not in the artifact.
    """
    artifact, column = _parsed(lineage, cell)
    follower = Follower(lineage, source, rows)
    here = follower.at.get(artifact)
    if here is None or not len(here):
        stop = follower.stops.get(artifact)
        why = f"{stop.state}: {stop.reason}" if stop is not None and stop.reason else "not there"
        raise NotFound(f"row {key} of `{source}` is not in `{artifact}` ({why})", hint=f"See `penstock trace '{key}'`.")
    asked = follower.origin.get(follower.pact.time) if follower.pact.time else None
    search = _Search(lineage, runner, task_of, budget)
    search.value(artifact, int(here[0]), column)
    if len(here) > 1:
        search.notes.append(f"the row became {len(here)} in `{artifact}`: this is of the first")
    search.why.extend([why for one, why in search.doubted.items() if one not in search.sure])
    held = lineage.records(artifact)
    assert held is not None
    return Cell(
        f"{artifact}.{column}",
        key,
        held.row(int(here[0]))[column],
        search.sources(asked),
        exact=not search.why,
        reruns=search.reruns,
        why="; ".join(dict.fromkeys(search.why)),
        models=tuple(sorted({one.digest for one in search.through.values()})),
        asked=asked,
        run=lineage.run.id,
        note="; ".join(dict.fromkeys(search.notes)),
        through=tuple(search.through.values()),
    )


def _parsed(lineage: Lineage, cell: str) -> tuple[str, str]:
    parts = cell.split(".")
    for size in range(len(parts) - 1, 0, -1):
        name, column = ".".join(parts[:size]), ".".join(parts[size:])
        try:
            artifact = lineage.artifact(name)
        except NotFound:
            continue
        held = lineage.records(artifact)
        if held is None:
            raise NotFound(f"`{artifact}` has no rows: {lineage.missing.get(artifact, 'it is no table')}")
        if column not in held:
            raise NotFound(
                f"`{artifact}` has no column `{column}`",
                hint=did_you_mean(column, held.columns) or f"It has {', '.join(held.columns[:20])}.",
            )
        return artifact, column
    tables = [one for one in lineage.maker if lineage.records(one) is not None]
    near = did_you_mean(parts[0], [*lineage.maker, *[one.rpartition(".")[2] for one in lineage.maker]])
    listed = f"{', '.join(tables[:20])}{' …' if len(tables) > 20 else ''}"
    hint = f"Write ARTIFACT.COLUMN. The artifacts with rows are {listed}." if tables else "Write ARTIFACT.COLUMN."
    if len(parts) == 1 and cell in lineage.maker:
        held = lineage.records(cell)
        near = f"Write ARTIFACT.COLUMN, as in `{cell}.{held.columns[0]}`." if held is not None and held.columns else ""
    raise NotFound(f"`{cell}` names no cell of run {lineage.run.id}", hint=near or hint)


class _Search:
    def __init__(self, lineage: Lineage, runner: Runner, task_of: TaskOf, budget: int) -> None:
        self.lineage, self.runner, self.task_of = lineage, runner, task_of
        self.left = budget
        self.reruns = 0
        self.why: list[str] = []
        self.notes: list[str] = []
        self.through: dict[str, Through] = {}
        self.alone: set[tuple[str, int]] = set()  # rows that move it by themselves
        self.doubt = ""  # why rows that are named meanwhile may not move it alone
        self.doubted: dict[tuple[str, int], str] = {}
        self.sure: set[tuple[str, int]] = set()
        self.joined = False  # while rows are named that do only together with others
        self.found: dict[tuple[str, int], set[str]] = {}
        self.seen: set[tuple[str, int, str]] = set()
        self.mains: dict[str, dict[str, Any]] = {}
        self.copies: dict[tuple[str, str], tuple[str, Any] | None] = {}

    # what is behind

    def value(self, artifact: str, row: int, column: str) -> None:
        """What stands behind one value."""
        if (artifact, row, column) in self.seen:
            return
        self.seen.add((artifact, row, column))
        node = self.lineage.nodes[self.lineage.maker[artifact]]
        if node.kind == "source":
            self.name(node, row).add(column)
            return
        copied = self.copied(node, artifact, column)
        if copied is not None:
            above, places = copied
            self.value(above, int(places[row]), column)
            return
        self.ask(node, artifact, row, column)

    def name(self, source: Node, row: int) -> set[str]:
        """A row of a source is named; its columns that matter."""
        if not self.joined:
            self.alone.add((source.name, row))
        if self.doubt:
            self.doubted.setdefault((source.name, row), self.doubt)
        else:
            self.sure.add((source.name, row))
        return self.found.setdefault((source.name, row), set())

    def presence(self, artifact: str, row: int) -> None:
        """A row matters, and none of its values alone."""
        if (artifact, row, "") in self.seen:
            return
        self.seen.add((artifact, row, ""))
        node = self.lineage.nodes[self.lineage.maker[artifact]]
        if node.kind == "source":
            self.name(node, row)
            return
        held = self.lineage.records(artifact)
        assert held is not None
        for argument, above in node.inputs.items():
            if self.lineage.records(above) is None:
                continue
            relation = self.lineage.relation(node, argument, artifact)
            if relation.method in _NAMED:
                for one in relation.rows_above([row]):
                    self.presence(above, int(one))
                return
        self.why.append(f"which rows stand behind row {row} of `{artifact}` is not known")

    def copied(self, node: Node, artifact: str, column: str) -> tuple[str, Any] | None:
        """The input whose column this is, unchanged in every row, and the position there of each row."""
        if (artifact, column) not in self.copies:
            self.copies[artifact, column] = self._copied(node, artifact, column)
        return self.copies[artifact, column]

    def _copied(self, node: Node, artifact: str, column: str) -> tuple[str, Any] | None:
        held = self.lineage.records(artifact)
        assert held is not None
        mine = self.one_to_one(node, artifact)
        for argument, places in mine.items():
            above = node.inputs[argument]
            table = self.lineage.records(above)
            assert table is not None
            # Of two inputs whose rows are used once each, one may have been looked up by the other's values.
            pair = aligned(table.column(column), held.column(column)) if column in table and len(mine) == 1 else None
            if pair is not None and equal(pair[0].take(places), pair[1]):
                return above, places
        return None

    def one_to_one(self, node: Node, artifact: str) -> dict[str, Any]:
        """The inputs whose rows the rows of an output are, one each: the position there of every row, by argument."""
        if artifact not in self.mains:
            found: dict[str, Any] = {}
            for argument in self.lineage.tables(node):
                relation = self.lineage.relation(node, argument, artifact)
                places = relation.places() if relation.method in _NAMED else None
                if places is not None and distinct(places) == places.size:
                    found[argument] = places
            self.mains[artifact] = found
        return self.mains[artifact]

    # asking

    def ask(self, node: Node, artifact: str, row: int, column: str) -> None:
        """Do the step again, as often as it takes."""
        if self.left <= 0:
            self.why.append("the budget was spent before all was looked at")
            return
        question = self.question(node, artifact, row, column)
        answer = self.answer(node, question)
        self.left -= answer["reruns"]
        self.reruns += answer["reruns"]
        self.why.extend([f"{node.name}: {one}" for one in answer["why"]])
        self.notes.extend([f"{node.name}: {one}" for one in answer["notes"]])
        for above in node.inputs.values():
            if self.lineage.records(above) is None and above in self.lineage.stored:
                self.pass_through(above)
        for argument, columns in answer["own"].items():
            for one in question.own.get(argument, ()):
                self.go_up(node, argument, one, columns, question, answer)
        for argument, said in answer["rows"].items():
            joined = self.joined
            for one in said["at"]:
                self.joined = joined or one in said.get("together", ())
                self.go_up(node, argument, one, said["columns"], question, answer)
                if not said["columns"]:
                    self.presence(node.inputs[argument], one)
            self.joined = joined

    def go_up(
        self,
        node: Node,
        argument: str,
        row: int,
        columns: Iterable[str],
        question: CellQuestion,
        answer: dict[str, Any],
    ) -> None:
        """Ask what stands behind the cells of a row. What moves a computed cell may yet not move the value that was made of it: of rows that
        are behind such cells only, that is said."""
        above, doubt = node.inputs[argument], self.doubt
        weak = set(question.made.get(argument, ())) - set(answer["firm"].get(argument, ()))
        for name in sorted(columns, key=lambda one: one in weak):
            self.doubt = doubt
            if name in weak:
                said = f"not every other value of `{above}.{name}` moves it, so which of the rows behind that do alone is not known"
                self.doubt = doubt or f"{node.name}: {said}"
            self.value(above, row, name)
        self.doubt = doubt

    def pass_through(self, above: str) -> None:
        """A value was made with something that has no rows: a fitted model, a number. What it was made of is named, and not looked at."""
        lineage = self.lineage
        node = lineage.nodes[lineage.maker[above]]
        if node.kind == "source":
            self.notes.append(f"`{above}` has no rows: whether it moves the value was not asked")
            return
        rows = self.rows_of(above)
        self.through[above] = Through(above, node.name, node.kind, lineage.stored[above].digest, rows)
        told = " and ".join([f"{many:,} rows of `{table}`" for table, many in rows.items()]) or "what is not known"
        said = f"the model `{above}`, fitted on" if node.kind == "train" else f"`{above}`, computed of"
        self.why.append(f"the way goes through {said} {told}: which of them move it was not asked")

    def rows_of(self, artifact: str) -> dict[str, int]:
        """The nearest tables that something without rows was made of, and how many rows they have."""
        found: dict[str, int] = {}
        for one in self.lineage.nodes[self.lineage.maker[artifact]].inputs.values():
            held = self.lineage.records(one)
            found.update({one: held.rows} if held is not None else self.rows_of(one))
        return found

    def carried(self, artifact: str, column: str) -> bool:
        """Whether the cells of a column are those of a source, unchanged."""
        node = self.lineage.nodes[self.lineage.maker[artifact]]
        if node.kind == "source":
            return True
        copied = self.copied(node, artifact, column)
        return copied is not None and self.carried(copied[0], column)

    def answer(self, node: Node, question: CellQuestion) -> dict[str, Any]:
        """The answer to a question. Raises `StepFailed` where the step can't be done again."""
        (ended,) = self.runner.perform([self.task_of(node, question)])
        if ended.status == "succeeded":
            found: dict[str, Any] = self.runner.value(ended.outputs[0])
            return found
        failure = ended.failure
        words = f"{failure.kind}: {failure.message}" if failure is not None else ended.reason or ended.status
        hint = "Run again, and trace that run." if ended.status == "changed" else ""
        raise StepFailed(f"step `{node.name}` can't be done again: {words}", where=node.where, hint=hint)

    def question(self, node: Node, artifact: str, row: int, column: str) -> CellQuestion:
        """The question of what a value of an output depends on."""
        held = self.lineage.records(artifact)
        assert held is not None
        tables = self.lineage.tables(node)
        own: dict[str, tuple[int, ...]] = {}
        for argument in tables:
            relation = self.lineage.relation(node, argument, artifact)
            if relation.method in ("key", "index", "position"):
                up = relation.rows_above([row])
                if len(up) == 1:
                    own[argument] = (int(up[0]),)
        by = self.names(artifact, row)
        label = not by and held.index is not None and _once(held.index, row)
        counts = [found.rows for one in tables.values() if (found := self.lineage.records(one)) is not None]
        fixed = [
            argument
            for argument, one in tables.items()
            if (found := self.lineage.records(one)) is not None
            and ((not by and not label) or counts.count(found.rows) > 1)
        ]
        made = {
            argument: tuple([name for name in found.columns if not self.carried(one, name)])
            for argument, one in tables.items()
            if (found := self.lineage.records(one)) is not None
        }
        made = {argument: names for argument, names in made.items() if names}
        return CellQuestion(
            list(node.outputs).index(artifact), row, column, by, label, own, tuple(fixed), self.left, made
        )

    def names(self, artifact: str, row: int) -> tuple[str, ...]:
        """Columns that name this row among the others of its artifact: a key, or the group that an aggregate is of."""
        held = self.lineage.records(artifact)
        assert held is not None
        node = self.lineage.nodes[self.lineage.maker[artifact]]
        found = []
        for key in self.lineage.keys(artifact):
            columns = self.lineage.column_of(artifact, key.source)
            if columns is not None:
                found.append(columns)
        for argument in self.lineage.tables(node):
            relation = self.lineage.relation(node, argument, artifact)
            if relation.method == "group":
                found.append(relation.by)
        for columns in found:
            values = held.row(row)
            if rows_of(held, columns, [values[name] for name in columns]).size == 1:
                return tuple(columns)
        return ()

    # the whole

    def sources(self, asked: Any) -> tuple[Behind, ...]:
        """The source rows, in the order of the sources and their rows."""
        listed = []
        for (source, row), columns in sorted(self.found.items()):
            pact = self.lineage.pacts[source]
            held = self.lineage.records(next(iter(self.lineage.nodes[source].outputs)))
            assert held is not None
            names = pact.key if pact.key and all(name in held for name in pact.key) else ()
            key = keys_at(held, names, [row])[0] if names else f"#{row}"
            ordered = tuple([name for name in held.columns if name in columns])
            known = _newest(pact, held.row(row), ordered)
            listed.append(Behind(source, key, ordered, known, _later(known, asked), (source, row) not in self.alone))
        return tuple(listed)


def _once(index: Any, row: int) -> bool:
    """Whether a row's label in an index of pandas is that of no other row."""
    labels = index.to_pylist()
    return bool(labels.count(labels[row]) == 1)


def _newest(pact: Any, values: dict[str, Any], columns: tuple[str, ...]) -> Any:
    """When the newest of some cells of a row became known; None where all were from the start, or it is not said."""
    found = []
    for name in columns:
        clock = pact.clock(name)
        try:
            known = values[pact.time] + clock if isinstance(clock, timedelta) else values.get(clock)
        except (KeyError, TypeError):
            known = None
        if known is not None:
            found.append(known)
    try:
        return max(found) if found else None
    except TypeError:
        return None


def _later(known: Any, asked: Any) -> bool:
    try:
        return bool(known is not None and asked is not None and known > asked)
    except TypeError:
        return False
