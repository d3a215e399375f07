"""One row, followed through the artifacts of a run."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import numpy as np

from penstock.model.trace import Feature, Prediction, Stop, Trace
from penstock.rows.account import fates
from penstock.rows.keys import key_text
from penstock.rows.reasons import reason_of
from penstock.trace.lineage import Lineage, Node
from penstock.trace.locate import output_of
from penstock.values.alike import same

__all__ = ["Follower", "follow"]

_SHOWN = 20  # rows whose values are told where one became many
_ROWS = 100  # positions that are remembered


def follow(lineage: Lineage, source: str, key: str, rows: Any) -> Trace:
    """The way of a row (`rows` are its positions in the source) through the whole run."""
    return Follower(lineage, source, rows).trace(key)


class Follower:
    """Where one row of a source is, artifact by artifact."""

    def __init__(self, lineage: Lineage, source: str, rows: Any) -> None:
        self.lineage, self.source = lineage, source
        self.pact = lineage.pacts[source]
        root = output_of(lineage, source)
        held = lineage.records(root)
        assert held is not None
        self.root, self.origin = root, held.row(int(rows[0]))
        self.at: dict[str, Any] = {root: np.asarray(rows)}  # positions of the row, for artifacts where they are known
        self.stops: dict[str, Stop] = {}
        self.many: set[str] = set()  # artifacts whose row stands for many, this one among them
        self.dropped: dict[str, None] = {}  # the steps that dropped it, on whatever way
        self.lost: dict[
            str, tuple[str, ...]
        ] = {}  # for artifacts without it, the steps that dropped it on the way there
        self.beside: dict[str, str] = {}  # for artifacts without it, the one of the same step that has it
        self.seen: dict[str, str] = {}  # artifacts without rows that were computed from the row, and how
        self._walk()

    def _walk(self) -> None:
        for node in self.lineage.order:
            if node.name == self.source:
                self._set(node, self.root, "present", self.at[self.root], how="the source's own row")
                continue
            mine = {a: one for a, one in node.inputs.items() if self.source in self.lineage.sources_of(one)}
            if not mine:
                continue
            for output in node.outputs:
                self._visit(node, output, mine)
            self._judge(node, mine)

    def _visit(self, node: Node, output: str, mine: Mapping[str, str]) -> None:
        lineage = self.lineage
        if output not in lineage.stored:
            self._stop(node, output, "absent", reason=f"the step {_ended(node)}")
            return
        held = lineage.records(output)
        if held is None:
            self._whole(node, output, mine)
            return
        tables = {argument: one for argument, one in mine.items() if lineage.records(one) is not None}
        here = {argument: one for argument, one in tables.items() if len(self.at.get(one, ()))}
        if not here:
            self._elsewhere(node, output, tables)
            return
        # What stands for many rows, this one among them, tells less of it than what is the row itself.
        self._related(node, output, {a: one for a, one in here.items() if one not in self.many} or here)

    def _related(self, node: Node, output: str, here: Mapping[str, str]) -> None:
        relations = {argument: self.lineage.relation(node, argument, output) for argument in here}
        reasons = [one.why for one in relations.values() if one.method == "unknown"]
        known = {argument: one for argument, one in relations.items() if one.method not in ("unknown", "group")}
        rows = [relation.rows_below(self.at[here[argument]]) for argument, relation in known.items()]
        found = np.unique(np.concatenate(rows)) if rows else np.zeros(0, np.int64)
        # Rows of the output that came from none of these may have come from one of which that is not known.
        if known and (found.size or not reasons or any(one.whole() for one in known.values())):
            if all(here[argument] in self.many for argument in known):
                self.many.add(output)
            self._found(node, output, found, here, next(iter(known.values())).why)
            return
        for argument, relation in relations.items():
            if relation.method == "group":
                rows_below = relation.rows_below(self.at[here[argument]])
                many = len(relation.rows_above(rows_below)) if len(rows_below) else 0
                self.many.add(output)
                said = f"one of {many:,} rows that its row stands for"
                self._found(node, output, rows_below, here, relation.why, said)
                return
        self._stop(node, output, "unknown", reason=reasons[0] if reasons else "nothing tells its rows apart")

    def _elsewhere(self, node: Node, output: str, tables: Mapping[str, str]) -> None:
        unknown = [one for one in tables.values() if one not in self.at]
        stopped = [self.stops[one] for one in unknown if one in self.stops]
        if any(one.state == "unknown" for one in stopped):
            self._stop(node, output, "unknown", reason=f"it is not known where the row is in `{unknown[0]}`")
            return
        reason = self._lost_on_the_way(node, output)
        seen = [(one, self.seen[one]) for one in node.inputs.values() if one in self.seen]
        if seen:
            reason = f"{reason or 'no row of it'}; `{seen[0][0]}` {seen[0][1]}"
        self.at[output] = np.zeros(0, np.int64)
        self._stop(node, output, "absent", reason=reason)

    def _whole(self, node: Node, output: str, mine: Mapping[str, str]) -> None:
        """An artifact without rows of its own: a model, a number, a figure."""
        tables = [one for one in mine.values() if len(self.at.get(one, ()))]
        through = [one for one in mine.values() if one in self.seen]
        if output in self.lineage.missing:
            self._stop(node, output, "unknown", reason=self.lineage.missing[output])
        elif tables:
            held = self.lineage.records(tables[0])
            many = held.rows if held is not None else 0
            said = "was trained on it" if node.kind == "train" else "was computed from it"
            self.seen[output] = said
            self._stop(node, output, "present", reason=f"{said}, one of {many:,} rows of `{tables[0]}`")
        elif through:
            self.seen[output] = self.seen[through[0]]
            self._stop(node, output, "present", reason=f"through `{through[0]}`, which {self.seen[through[0]]}")
        else:
            unsure = [one for one in mine.values() if one in self.stops and self.stops[one].state == "unknown"]
            if unsure:
                self._stop(node, output, "unknown", reason=f"it is not known where the row is in `{unsure[0]}`")
            else:
                inputs = " or ".join([f"`{one}`" for one in mine.values()])
                reason = self._lost_on_the_way(node, output)
                lost = output in self.lost
                self._stop(node, output, "absent", reason=reason if lost else f"not a row of {inputs}")

    def _lost_on_the_way(self, node: Node, output: str) -> str:
        """Why it is not in an artifact, by the ways that lead there: other ways may have kept it."""
        above = list(node.inputs.values())
        lost = dict.fromkeys([step for one in above for step in self.lost.get(one, ())])
        if lost:
            self.lost[output] = tuple(lost)
            return f"dropped by {' and '.join([f'`{one}`' for one in lost])}"
        beside = [self.beside[one] for one in above if one in self.beside]
        if beside:
            self.beside[output] = beside[0]
            return f"it is in `{beside[0]}`"
        return ""

    def _found(self, node: Node, output: str, rows: Any, here: Mapping[str, str], how: str, reason: str = "") -> None:
        before = max([len(self.at[one]) for one in here.values()], default=0)
        self.at[output] = rows
        if len(rows) == 0 and before:
            self._stop(node, output, "dropped", how=how)
        elif len(rows) == 0:
            self._elsewhere(node, output, {})
        elif len(rows) > before:
            words = f"{before or 'no'} row{'' if before == 1 else 's'} became {len(rows)}"
            self._set(node, output, "multiplied", rows, here, how=how, reason=reason or words)
        else:
            fewer = f"{before} rows became {len(rows)}" if before > len(rows) else ""
            self._set(node, output, "present", rows, here, how=how, reason=reason or fewer)

    def _judge(self, node: Node, mine: Mapping[str, str]) -> None:
        """Once all outputs are known: on which of them the row is, or that the step dropped it."""
        stops = [self.stops[one] for one in node.outputs if one in self.stops]
        lost = [one for one in stops if one.state == "dropped"]
        if not lost:
            return
        kept = [one for one in stops if one.state in ("present", "multiplied")]
        if kept:
            for one in lost:
                self.beside[one.artifact] = kept[0].artifact
                self._stop(node, one.artifact, "absent", reason=f"it is in `{kept[0].artifact}`", how=one.how)
            return
        if any(one.state == "unknown" for one in stops):
            return
        argument, artifact = next((a, one) for a, one in mine.items() if len(self.at.get(one, ())))
        reason = self._why(node, argument, artifact) or "no single column tells why"
        self.dropped[node.name] = None
        for one in lost:
            self.lost[one.artifact] = (node.name,)
            self._stop(node, one.artifact, "dropped", reason=reason, how=one.how)

    def kept_in(self) -> tuple[str, ...]:
        """The artifacts at the ends of the graph that hold it as a row of its own."""
        taken = {one for node in self.lineage.order for one in node.inputs.values()}
        ends = [one for one, rows in self.at.items() if len(rows) and one not in taken and one not in self.many]
        return tuple([one for one in ends if one != self.root])

    def _why(self, node: Node, argument: str, artifact: str) -> str:
        above = self.lineage.records(artifact)
        relations = [self.lineage.relation(node, argument, output) for output in node.outputs]
        known = [one for one in relations if one.method not in ("unknown", "group")]
        if above is None or not known:
            return ""
        gone = fates(known).became == 0
        others = {one: held for one in node.inputs.values() if one != artifact and (held := self.lineage.records(one))}
        row = int(self.at[artifact][0])
        skip = [name for name in self.pact.key if name != self.pact.time]
        return reason_of(above, gone, row, others, skip) if gone[row] else ""

    # stops

    def _stop(self, node: Node, output: str, state: Any, *, reason: str = "", how: str = "") -> None:
        self.stops[output] = Stop(
            node.name,
            output,
            node.kind,
            state,
            reason=reason,
            how=how,
            role=node.outputs.get(output, ""),
            where=node.where,
        )

    def _set(
        self,
        node: Node,
        output: str,
        state: Any,
        rows: Any,
        here: Mapping[str, str] | None = None,
        *,
        how: str = "",
        reason: str = "",
    ) -> None:
        held = self.lineage.records(output)
        assert held is not None
        all_values = tuple([held.row(int(row)) for row in rows[:_SHOWN]])
        changed: dict[str, tuple[Any, Any]] = {}
        new: tuple[str, ...] = ()
        if here:
            before: dict[str, Any] = {}
            for artifact in here.values():
                above = self.lineage.records(artifact)
                if above is not None:
                    before.update(above.row(int(self.at[artifact][0])))
            new = tuple([name for name in all_values[0] if name not in before or node.kind == "predict"])
            if node.kind != "predict":  # what is said of a column is not a change of it
                changed = {
                    name: (before[name], value)
                    for name, value in all_values[0].items()
                    if name in before and not same(before[name], value)
                }
        self.stops[output] = Stop(
            node.name,
            output,
            node.kind,
            state,
            len(rows),
            all_values[0],
            all_values if len(rows) > 1 else (),
            changed,
            new,
            reason,
            how,
            node.outputs.get(output, ""),
            node.where,
            tuple(np.asarray(rows)[:_ROWS].tolist()),
        )

    # the whole

    def trace(self, key: str) -> Trace:
        """All of it."""
        lineage = self.lineage
        stops = tuple(self.stops.values())
        sides = [one for one in stops if one.kind == "split" and one.rows]
        side = (sides[0].role or sides[0].artifact.rpartition(".")[2]) if sides else ""
        asked = self.origin.get(self.pact.time) if self.pact.time else None
        table, features = self._features(asked)
        return Trace(
            key,
            self.source,
            lineage.run.id,
            lineage.run.pipeline,
            stops,
            next(iter(self.dropped), "") if not self.kept_in() else "",
            side,
            tuple(self._predictions()),
            table,
            features,
            asked,
            tuple(self._advice()),
            dropped_by=tuple(self.dropped),
            kept_in=self.kept_in() if self.dropped else (),
        )

    def _predictions(self) -> Iterable[Prediction]:
        label = self.pact.label[0] if self.pact.label else ""
        truth = self.origin.get(label) if label else None
        for stop in self.stops.values():
            if stop.kind != "predict" or not stop.rows:
                continue
            node = self.lineage.nodes[stop.step]
            value: Any = dict(stop.values)
            own = {name: one for name, one in value.items() if name not in self.pact.key}
            value = next(iter(own.values())) if len(own) == 1 else own
            fitted = [one for one in node.inputs.values() if self.lineage.records(one) is None]
            model = self.lineage.stored.get(fitted[0]) if fitted else None
            number = isinstance(value, int | float) and isinstance(truth, int | float)
            yield Prediction(
                stop.step,
                stop.artifact,
                value,
                truth,
                float(value) - float(truth) if number and truth is not None else None,
                model.digest if model is not None else "",
                fitted[0] if fitted else "",
            )

    def _features(self, asked: Any) -> tuple[str, tuple[Feature, ...]]:
        """The table that a model is trained on or asked about, and when each value of the row's in it became known."""
        for kind in ("train", "predict"):
            for node in self.lineage.order:
                for artifact in node.inputs.values() if node.kind == kind else ():
                    stop = self.stops.get(artifact)
                    if stop is not None and stop.rows:
                        found = [self._feature(name, value, asked) for name, value in stop.values.items()]
                        return artifact, tuple([one for one in found if one is not None])
        return "", ()

    def _feature(self, name: str, value: Any, asked: Any) -> Feature | None:
        pact, origin = self.pact, self.origin
        if name in pact.key or name == pact.time:
            return None
        label = name in pact.label
        if name not in origin or not same(origin[name], value):
            return Feature(name, value, label=label)
        clock = pact.clock(name)
        if clock is None:
            return Feature(name, value, name, label=label)
        try:
            known = asked + clock if isinstance(clock, timedelta) else origin.get(clock)
            if known is None:
                return Feature(name, value, name, late=not label and value is not None, never=True, label=label)
            late = not label and asked is not None and value is not None and known > asked
        except TypeError:
            return Feature(name, value, name, label=label)
        return Feature(name, value, name, known, bool(late), label=label)

    def _advice(self) -> Iterable[str]:
        pact = self.pact
        if not pact.key:
            yield f"Declare what names a row of `{self.source}`: `@ps.source(key=…)`; rows are then found by it wherever it is kept."
        if not pact.time and any(node.kind in ("train", "predict") for node in self.lineage.order):
            yield f"Declare `time=` and `known_at=` on `{self.source}`: trace then tells which values came after the decision."
        unknown = [one for one in self.stops.values() if one.state == "unknown"]
        if unknown and pact.key:
            names = ", ".join([f"`{one.artifact}`" for one in unknown[:3]])
            yield f"Keep {key_text(pact.key).replace('/', ', ')} in {names}, or the index of pandas, to follow the row there."


def _ended(node: Node) -> str:
    return f"has {node.status}" if node.status in ("failed",) else f"was {node.status or 'not run'}"
