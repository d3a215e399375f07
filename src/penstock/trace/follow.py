"""One row, followed through the artifacts of a run."""

import math
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import numpy as np

from penstock.errors import ContractError, NotFound, UnknownName, did_you_mean
from penstock.model.trace import Feature, Prediction, Stop, Trace
from penstock.rows.account import fates
from penstock.rows.keys import exactly, find, key_text, keys_at, missing, rows_of
from penstock.rows.reasons import reason_of
from penstock.trace.lineage import Lineage, Node, Pact

__all__ = ["Follower", "follow", "locate"]

_SHOWN = 20  # rows whose values are told where one became many
_ROWS = 100  # positions that are remembered


def locate(lineage: Lineage, text: str, source: str = "") -> tuple[str, str, Any]:
    """The source, full key and rows that a text names. Raises `NotFound` with candidates or close matches,
    `ContractError` where the key of the source names several rows, `UnknownName` for a source that is not there."""
    pacts = lineage.pacts
    if source and source not in pacts:
        raise UnknownName(f"run {lineage.run.id} has no source `{source}`", hint=did_you_mean(source, pacts))
    names = [source] if source else list(pacts)
    keyed: list[tuple[str, Any]] = []
    for name in names:
        held = lineage.records(_output(lineage, name))
        if held is None:
            continue
        pact = pacts[name]
        if not pact.key:
            rows = _numbered(text, held.rows)
            if rows is not None and (source or len(names) == 1):
                return name, text.removeprefix("#"), rows
            continue
        absent = [column for column in pact.key if column not in held]
        if not absent:
            keyed.append((name, held))
        elif len(names) == 1:
            raise ContractError(
                f"the key of source `{name}` names `{absent[0]}`, which is no column of it",
                where=lineage.nodes[name].where,
                hint=did_you_mean(absent[0], held.columns) or f"It has {', '.join(held.columns[:12])}.",
            )
    hits = [(name, found) for name, held in keyed if (found := exactly(held, pacts[name].key, text)).key]
    if len(hits) > 1:
        listed = " and ".join([f"`{name}`" for name, _ in hits])
        raise NotFound(
            f"{hits[0][1].key} is the key of a row of {listed}", hint=f"Say of which: `--source {hits[0][0]}`."
        )
    if hits:
        name, found = hits[0]
        if len(found.rows) > 1:
            raise _not_one(lineage, name, pacts[name], found.key, found.rows)
        return name, found.key, found.rows
    return _by_position(lineage, text, names, keyed)


def _output(lineage: Lineage, source: str) -> str:
    return next(iter(lineage.nodes[source].outputs))


def _by_position(lineage: Lineage, text: str, names: list[str], keyed: list[tuple[str, Any]]) -> tuple[str, str, Any]:
    """A row of the one source that is meant, by `#` and its position. Raises `ContractError` where it has no key, or one that others have,
    `NotFound` where that is not what the text is."""
    rows = _numbered(text, keyed[0][1].rows) if text.startswith("#") and len(keyed) == 1 else None
    if rows is None:
        raise _miss(lineage, text, names, [(name, find(held, lineage.pacts[name].key, text)) for name, held in keyed])
    name, held = keyed[0]
    pact = lineage.pacts[name]
    absent = [column for column in pact.key if missing(held.row(int(rows[0]))[column])]
    if absent:
        raise ContractError(
            f"row {int(rows[0])} of source `{name}` has no key: `{absent[0]}` is missing, and nothing else names it",
            where=lineage.nodes[name].where,
            hint="Declare a key that names each row (`key=[…]` takes several columns), or drop rows without one in the source.",
        )
    (key,) = keys_at(held, pact.key, rows)
    found = exactly(held, pact.key, key)
    if len(found.rows) > 1:
        raise _not_one(lineage, name, pact, key, found.rows)
    return name, key, rows


def _numbered(text: str, rows: int) -> Any:
    digits = text.removeprefix("#")
    if digits.isdigit() and int(digits) < rows:
        return np.array([int(digits)])
    return None


def _not_one(lineage: Lineage, name: str, pact: Pact, key: str, rows: Any) -> ContractError:
    held = lineage.records(_output(lineage, name))
    assert held is not None
    shown = "; ".join([f"row {int(row)}: {_brief(held.row(int(row)), pact.key)}" for row in rows[:3]])
    more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
    return ContractError(
        f"the key {', '.join(pact.key)} of source `{name}` does not name one row: {len(rows)} rows are {key}: {shown}{more}",
        where=lineage.nodes[name].where,
        hint="Declare a key that names each row (`key=[…]` takes several columns), or drop the repeats in the source.",
    )


def _brief(values: Mapping[str, Any], skip: Iterable[str]) -> str:
    kept = [f"{name} {value}" for name, value in values.items() if name not in skip]
    return ", ".join(kept[:4])


def _miss(lineage: Lineage, text: str, names: list[str], misses: list[tuple[str, Any]]) -> NotFound:
    shown = ", ".join([f"`{name}`" for name in names]) or "any source"
    for name, found in misses:
        if found.partial:
            listed = ", ".join(found.candidates)
            more = " …" if found.many > len(found.candidates) else ""
            return NotFound(
                f"`{text}` is a part of {found.many:,} {'key' if found.many == 1 else 'keys'} of `{name}`",
                hint=f"Give one in full: {listed}{more}",
            )
    close = [f"{one} (of `{name}`)" for name, found in misses for one in found.candidates]
    if close:
        return NotFound(f"no row of {shown} has the key `{text}`", hint=f"Did you mean {' or '.join(close[:5])}?")
    if not misses:
        hint = "Declare one: `@ps.source(key=…)`; until then name a row by its position, as in `penstock trace '#0' --source NAME`."
        return NotFound(f"no source of run {lineage.run.id} declares a key whose rows can be read", hint=hint)
    said = "; ".join([f"`{name}`: {'/'.join(lineage.pacts[name].key)}" for name, _ in misses])
    return NotFound(f"no row of {shown} has the key `{text}`", hint=f"Keys are written as {said}.")


def follow(lineage: Lineage, source: str, key: str, rows: Any) -> Trace:
    """The way of a row (`rows` are its positions in the source) through the whole run."""
    return Follower(lineage, source, rows).trace(key)


class Follower:
    """Where one row of a source is, artifact by artifact."""

    def __init__(self, lineage: Lineage, source: str, rows: Any) -> None:
        self.lineage, self.source = lineage, source
        self.pact = lineage.pacts[source]
        root = _output(lineage, source)
        held = lineage.records(root)
        assert held is not None
        self.root, self.origin = root, held.row(int(rows[0]))
        self.at: dict[str, Any] = {root: np.asarray(rows)}  # positions of the row, for artifacts where they are known
        self.stops: dict[str, Stop] = {}
        self.dropped_at = ""
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
        columns = lineage.column_of(output, self.source)
        if columns is not None and (here or any(one in self.at for one in tables.values())):
            rows = rows_of(held, columns, [self.origin[name] for name in self.pact.key])
            words = ", ".join(columns)
            self._found(node, output, rows, here, f"key {words}")
            return
        if not here:
            self._elsewhere(node, output, tables)
            return
        self._related(node, output, here)

    def _related(self, node: Node, output: str, here: Mapping[str, str]) -> None:
        reasons = []
        for argument, artifact in here.items():
            relation = self.lineage.relation(node, argument, output)
            if relation.method == "unknown":
                reasons.append(relation.why)
                continue
            rows = relation.rows_below(self.at[artifact])
            if relation.method == "group":
                held = self.lineage.records(artifact)
                many = len(relation.rows_above(rows)) if held is not None and len(rows) else 0
                self._found(node, output, rows, here, relation.why, f"one of {many:,} rows that its row stands for")
            else:
                self._found(node, output, rows, here, relation.why)
            return
        self._stop(node, output, "unknown", reason=reasons[0] if reasons else "nothing tells its rows apart")

    def _elsewhere(self, node: Node, output: str, tables: Mapping[str, str]) -> None:
        unknown = [one for one in tables.values() if one not in self.at]
        stopped = [self.stops[one] for one in unknown if one in self.stops]
        if any(one.state == "unknown" for one in stopped):
            self._stop(node, output, "unknown", reason=f"it is not known where the row is in `{unknown[0]}`")
            return
        reason = f"dropped by `{self.dropped_at}`" if self.dropped_at else ""
        sides = [one.artifact for one in self.stops.values() if one.kind == "split" and one.rows]
        if not reason and sides:
            reason = f"it is in `{sides[0]}`"
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
            elif self.dropped_at:
                self._stop(node, output, "absent", reason=f"dropped by `{self.dropped_at}`")
            else:
                inputs = " or ".join([f"`{one}`" for one in mine.values()])
                self._stop(node, output, "absent", reason=f"not a row of {inputs}")

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
                self._stop(node, one.artifact, "absent", reason=f"it is in `{kept[0].artifact}`", how=one.how)
            return
        if any(one.state == "unknown" for one in stops):
            return
        argument, artifact = next((a, one) for a, one in mine.items() if len(self.at.get(one, ())))
        reason = self._why(node, argument, artifact) or "no single column tells why"
        for one in lost:
            self._stop(node, one.artifact, "dropped", reason=reason, how=one.how)
        if not self.dropped_at:
            self.dropped_at = node.name

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
                    if name in before and not _same(before[name], value)
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
            self.dropped_at,
            side,
            tuple(self._predictions()),
            table,
            features,
            asked,
            tuple(self._advice()),
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
        if name not in origin or not _same(origin[name], value):
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


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    try:
        return bool(one == other) or (_is_nan(one) and _is_nan(other))
    except (TypeError, ValueError):
        return str(one) == str(other)


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
