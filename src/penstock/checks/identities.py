"""Which row of which source each row of an artifact is, in the base world and found again in others.

A table's rows are told by what they bear of a source (its key, an index, content, their order), or else by the table that they
were made of, whose rows are known. The sides of a split are put together again as they were (`pinning`), and so known as well.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from penstock.checks.circuit import Circuit, Failed, called
from penstock.checks.facts import Identity, SourceFacts, identify, identify_again, in_place, occurrence
from penstock.checks.flow import Flow
from penstock.checks.pinning import Assigned, assembled, assigned, chosen_rows, groups, like, roles
from penstock.checks.view import Node
from penstock.checks.worlds import flip
from penstock.rows.evidence import contradicting, numbered, witnesses
from penstock.rows.relation import relate
from penstock.values.alike import equal
from penstock.values.alter import stacked, take
from penstock.values.compare import compare
from penstock.values.records import Records, records

if TYPE_CHECKING:
    from penstock.checks.bench import Bench

__all__ = ["UNPINNED", "Identities", "composed", "rows_of"]

_SAMPLE = 400  # rows on which it is tried whether a step keeps the order
_FEW, _SHARE = 20, 0.2  # rows that must be told apart by their values, if not all are
_TRIED = 8  # rows that are altered alone
UNPINNED = "the rows of the sides can't be told apart"
"""How it begins what is said of a split whose sides could not be put together again."""


class _Side(NamedTuple):
    """How the sides of one group are told: by a source, or (`parent`) by the input that their rows were taken of; what each gets."""

    artifacts: tuple[str, ...]
    identity: Identity
    held: Records
    parent: str
    said: Assigned


class _Places(NamedTuple):
    """A side that is a mask or positions: of which input, and which rows."""

    parent: str
    at: Any


class Identities:
    """Rows told apart, for one bench. `recorded` gives for sides of a split the rows of the main source that they held in the run."""

    def __init__(self, bench: "Bench", recorded: Mapping[str, Any] | None = None) -> None:
        self.bench = bench
        self.recorded = dict(recorded or {})
        self.parents: dict[str, tuple[str, str]] = {}
        self.unpinned: dict[str, str] = {}
        self._found: dict[str, Identity | None] = {}
        self._sides: dict[str, list[_Side]] = {}
        self._places: dict[str, _Places] = {}

    @property
    def circuit(self) -> Circuit:
        """The steps whose artifacts these are."""
        return self.bench.circuit

    # the base world

    def of(self, artifact: str) -> Identity | None:
        """Which rows of which source an artifact's rows are; None where nothing tells."""
        if artifact not in self._found:
            self._found[artifact] = self._identify(artifact)
        return self._found[artifact]

    def _identify(self, artifact: str) -> Identity | None:
        held = self.bench.records(artifact)
        if held is None or not held.rows:
            return None
        if artifact in self.bench.base.pinned:
            pinned: Identity | None = self.bench.base.pinned[artifact]
            return pinned
        sources = self.bench.sources
        if artifact in sources:
            rows = np.arange(held.rows, dtype=np.int64)
            return Identity(sources[artifact].leader, rows, np.zeros_like(rows), "position")
        above = [one for name, one in sources.items() if name in self.circuit.sources_above(artifact)]
        above.sort(key=lambda one: one is not self.bench.main)
        found = identify(held, above)
        if found is None or found.method == "content":
            for one in above:
                if (
                    one.rows == held.rows
                    and one.leader == one.name
                    and (self.bench.in_order or self._in_order(artifact, one))
                ):
                    return identify(held, [one], aligned_rows=True)
            return self._by_parent(artifact, held) or found or _by_cells(held, above)
        return found

    def _in_order(self, artifact: str, source: SourceFacts) -> bool:
        """Whether the rows of an artifact are in the order of a source."""
        together = [name for name, one in self.bench.sources.items() if one.leader == source.name]

        def taken(rows: Any) -> Any:
            altered = {name: take(self.circuit.values[name], rows) for name in together}
            value = Flow(self.circuit, altered, self.bench.base, seed=self.bench.seed).value(artifact)
            return None if isinstance(value, Failed) else value

        def alone(row: int) -> Any:
            altered = {name: _one_row(self.bench.sources[name], self.circuit.values[name], row) for name in together}
            value = Flow(self.circuit, altered, self.bench.base, seed=self.bench.seed).value(artifact)
            return None if isinstance(value, Failed) else value

        return _keeps_order(taken, source.rows) or _moves_own_row(self.bench.base.value(artifact), alone, source.rows)

    def _by_parent(self, artifact: str, held: Records) -> Identity | None:
        """By the rows of an input that are known: through what was kept of it, or the order."""
        node = self.circuit.makers[artifact]
        for parent in node.inputs.values():
            given = self.bench.records(parent) if parent not in self.bench.sources else None
            known = self.of(parent) if given is not None else None
            if given is None or known is None:
                continue
            related = relate(given, held)
            if related.method in ("index", "position", "content"):
                found = composed(known, related.above, related.below)
                if found is not None:
                    self.parents[artifact] = parent, related.method
                    return found._replace(method=related.method, by=related.by)
            elif given.rows == held.rows and self._step_in_order(node, artifact, parent, given.rows):
                self.parents[artifact] = parent, "position"
                return known._replace(method="position", by=())
        return None

    def _step_in_order(self, node: Node, artifact: str, parent: str, rows: int) -> bool:
        base = {argument: self.bench.base.value(one) for argument, one in node.inputs.items()}
        together = [
            argument
            for argument, one in node.inputs.items()
            if one == parent or ((held := self.bench.records(one)) is not None and held.rows == rows)
        ]

        def taken(at: Any) -> Any:
            inputs = {**base, **{one: take(base[one], at) for one in together}}
            made = called(node.name, self.circuit.calls[node.name], inputs, self.bench.seed)
            return None if isinstance(made, Failed) else made.get(artifact)

        return _keeps_order(taken, rows)

    # other worlds

    def again(self, flow: Flow, artifact: str, other: Records) -> Identity | None:
        """The same artifact's rows in another world."""
        base, before = self.of(artifact), self.bench.records(artifact)
        if base is None or before is None:
            return None
        if artifact in self.bench.base.pinned:
            return flow.pinned.get(artifact)
        if artifact in self.parents:
            parent, method = self.parents[artifact]
            given = self._records(flow, parent)
            known = self._known(flow, parent, given)
            if given is None or known is None:
                return None
            if method == "position":
                if other.rows != given.rows:
                    return None
                told = in_place(given, other) if base.by else np.ones(other.rows, bool)
                return None if told is None else known._replace(at=np.where(told, known.at, -1), method="position")
            related = relate(given, other)
            if related.method not in ("index", "position", "content"):
                return None
            return composed(known, related.above, related.below)
        source = self.bench.leader(base.source)
        altered = flow.altered.get(source.name)
        above = records(altered) if altered is not None and base.method in ("content", "position") else None
        return identify_again(base, before, other, source, flow.kept.get(source.name), above)

    def _records(self, flow: Flow, artifact: str) -> Records | None:
        if flow.base is None or flow.same(artifact):
            return self.bench.records(artifact)
        return rows_of(flow.value(artifact))

    def _known(self, flow: Flow, artifact: str, held: Records | None) -> Identity | None:
        if flow.base is None or flow.same(artifact):
            return self.of(artifact)
        return self.again(flow, artifact, held) if held is not None else None

    # sides

    def pin(self, flow: Flow, step: str, found: dict[str, Any]) -> dict[str, Any]:
        """The sides of a split as they were. `Failed` in a world where that can't be told."""
        if any(isinstance(one, Failed) for one in found.values()):
            return found
        first = flow is self.bench.base
        if first:
            self._tell(step, found)
        elif step not in self._sides and isinstance(failed := self.bench.base.value(next(iter(found))), Failed):
            return dict.fromkeys(found, failed)
        if step in self.unpinned:
            return found if flow.base is None else dict.fromkeys(found, Failed(step, self.unpinned[step]))
        try:
            return self._again(flow, step, found)
        except (TypeError, ValueError, KeyError, IndexError) as error:
            if first:
                self.unpinned[step] = f"{UNPINNED} ({error})"
                return found
            return dict.fromkeys(found, Failed(step, UNPINNED))

    def _tell(self, step: str, found: Mapping[str, Any]) -> None:
        """In the base world: how the sides are told, and which rows each gets."""
        main, node = self.bench.main, self.circuit.nodes[step]
        self._sides[step] = []
        rest = dict(found)
        for artifact, value in found.items():
            place = self._place(node, artifact, value)
            if place is not None:
                self._places[artifact] = place
                del rest[artifact]
        told = [one for one in node.outputs if one in self.recorded]
        known = main is not None and all(one in self.recorded or not _has_rows(found[one]) for one in found)
        for together in groups(rest):
            union = stacked([found[one] for one in together])
            held = records(union)
            identity, parent = self._rows(node, held) if held is not None and held.rows else (None, "")
            if held is None or identity is None:
                self.unpinned[step] = f"{UNPINNED}: declare `key=`, the columns that name a row"
                return
            wanted = {one: self.recorded.get(one, np.zeros(0, np.int64)) for one in together} if known else None
            if wanted is not None and (main is None or identity.source != main.name):
                wanted = None
            sizes = [len(range(_size(found[one]))) for one in together]
            said = assigned(together, sizes, identity, wanted)
            if wanted is not None and not all(
                said.rows[one][0].size
                for one in together
                if node.outputs[one] in ("train", "test") and one in told and self.recorded[one].size
            ):
                said = assigned(together, sizes, identity, None)
            self._sides[step].append(_Side(tuple(together), identity, held, parent, said))

    def _place(self, node: Node, artifact: str, value: Any) -> _Places | None:
        held, main = rows_of(value), self.bench.main
        if held is None or main is None:
            return None
        if str(getattr(value, "name", "") or "") in main.contract.key:
            return None
        for parent in node.inputs.values():
            given = self.bench.records(parent)
            rows = chosen_rows(value, held, given.rows) if given is not None else None
            known = self.of(parent) if rows is not None else None
            if rows is None or known is None:
                continue
            if artifact in self.recorded and known.source == main.name:
                there = np.flatnonzero(np.isin(known.at, self.recorded[artifact]) & (known.at >= 0))
                rows = there if there.size else rows
            return _Places(parent, rows)
        return None

    def _rows(self, node: Node, held: Records) -> tuple[Identity | None, str]:
        """Which rows these are: by a source, else by the input that they were taken of."""
        names = {name for one in node.inputs.values() for name in self.circuit.sources_above(one)}
        above = [one for name, one in self.bench.sources.items() if name in names]
        above.sort(key=lambda one: one is not self.bench.main)
        found = identify(held, above)
        if found is not None and found.method in ("key", "index"):
            return found, ""
        for parent in node.inputs.values():
            given = self.bench.records(parent)
            known = self.of(parent) if given is not None else None
            if given is None or known is None:
                continue
            related = relate(given, held)
            if related.method in ("index", "position", "content"):
                return composed(known, related.above, related.below), parent
        return None, ""

    def _again(self, flow: Flow, step: str, found: dict[str, Any]) -> dict[str, Any]:
        made = dict(found)
        for artifact, value in found.items():
            place = self._places.get(artifact)
            if place is None:
                continue
            given, before = self._records(flow, place.parent), self.bench.records(place.parent)
            if given is None or before is None or given.rows != before.rows:
                raise ValueError("rows are gone")
            made[artifact] = like(value, place.at, given.rows)
        for side in self._sides[step]:
            values = {one: found[one] for one in side.artifacts}
            held = records(stacked(list(values.values())))
            if held is None:
                raise TypeError("a side has no rows")
            if flow is self.bench.base:
                identity: Identity | None = side.identity
            elif side.parent:
                given = self._records(flow, side.parent)
                known = self._known(flow, side.parent, given)
                related = relate(given, held) if given is not None and known is not None else None
                identity = (
                    composed(known, related.above, related.below)
                    if related is not None and given is not None and known is not None and related.above is not None
                    else None
                )
            else:
                source = self.bench.leader(side.identity.source)
                identity = identify_again(side.identity, side.held, held, source, flow.kept.get(source.name))
            if identity is None:
                raise ValueError("a side can't be told")
            sizes = [_size(values[one]) for one in side.artifacts]
            sides, told = assembled(values, sizes, identity, side.said)
            made.update(sides)
            flow.pinned.update(told)
        return made

    def sides(self, first: str = "") -> tuple[Any, frozenset[str]]:
        """The role of each row of the main source, and the sides that teach and hold rows of the test (`pinning.roles`), as the split `first` says it
        (the first one that says anything, if none is named)."""
        main = self.bench.main
        if main is None:
            return None, frozenset()
        found: dict[str, Any] = {}
        for node in self.circuit.nodes.values():
            for artifact in node.outputs if node.kind == "split" else ():
                if isinstance(self.bench.base.value(artifact), Failed):
                    continue
                place, pinned = self._places.get(artifact), self.bench.base.pinned.get(artifact)
                known = self.of(place.parent) if place is not None else pinned
                if known is not None and known.source == main.name:
                    at = known.at[place.at] if place is not None else known.at
                    found[artifact] = at[at >= 0]
        return roles(self.circuit.nodes, {**self.recorded, **found}, main.rows, first)


def composed(known: Identity, above: Any, below: Any) -> Identity | None:
    """The identity of rows that are those of a table whose rows are known: `above` and `below` bear equal numbers for the same row."""
    size = int(max(above.max(initial=-1), below.max(initial=-1))) + 2  # the last for -1
    first = np.full(size, -1, np.int64)
    there = np.flatnonzero(above >= 0)[::-1]
    first[above[there]] = there
    counts = np.bincount(above[above >= 0], minlength=size)
    if (counts[below[below >= 0]] > 1).any():
        return None
    place = np.where(below >= 0, first[below], -1)
    at = np.where(place >= 0, known.at[place], -1)
    if known.nth.any():
        if np.unique(place[place >= 0]).size != (place >= 0).sum():
            return None
        return known._replace(at=at, nth=np.where(place >= 0, known.nth[place], 0))
    return known._replace(at=at, nth=occurrence(at))


def _by_cells(held: Records, sources: list[SourceFacts]) -> Identity | None:
    """Of an array, the rows that whole columns of a source tell, which it holds in the source's order; the others are not known."""
    for one in sources:
        told = in_place(one.records, held) if one.leader == one.name else None
        if told is not None and told.sum() >= max(_FEW, _SHARE * held.rows):
            rows = np.arange(held.rows, dtype=np.int64)
            named = tuple([pair.below for pair in witnesses(one.records, held)])
            if not contradicting(one.records, held, None, named):
                return Identity(one.name, np.where(told, rows, -1), np.zeros_like(rows), "position", named)
    return None


def _one_row(source: SourceFacts, value: Any, row: int) -> Any:
    mask = np.arange(source.rows) == row
    return flip(source, value, {name: mask for name in source.records.columns if name not in source.fixed}, turn=1)


def _keeps_order(taken: Callable[[Any], Any], total: int) -> bool:
    """Whether rows in another order come out in that order, or the first rows alone come out as the first of all."""
    rows = min(total, _SAMPLE)
    if rows < 4:
        return False
    mixed = np.random.default_rng(0).permutation(rows)
    try:
        plain, other = taken(np.arange(rows)), taken(mixed)
        if plain is None or other is None or _size(plain) != rows or _size(other) != rows:
            return False
        if compare(plain, other).equal:
            return False  # sorted by something, or all alike
        if compare(take(plain, mixed), other).equal:
            return True
        if _sorted(plain, other):
            return False
        for part in (rows // 2, rows * 3 // 4, rows - 1):
            first = taken(np.arange(part))
            if first is None or _size(first) != part:
                return False
            if _agreement(first, take(plain, np.arange(part))) < 0.5:
                return False
    except (TypeError, ValueError, KeyError, IndexError):
        return False
    return True


def _sorted(plain: Any, other: Any) -> bool:
    """Whether some column comes out the same of rows in another order: they are sorted by it, and only ties tell."""
    one, two = rows_of(plain), rows_of(other)
    if one is None or two is None or one.columns != two.columns:
        return True
    kept = [name for name in one.columns if equal(one.column(name), two.column(name))]
    return any(not numbered(one.column(name)) and len(one.column(name).unique()) > 1 for name in kept)


def _moves_own_row(base: Any, alone: Callable[[int], Any], total: int) -> bool:
    """Whether of all rows the one that moves furthest, with the cells of one row altered, is that row: so of nearly all that are tried."""
    held, hits, asked = rows_of(base), 0, 0
    if held is None or held.rows != total or total < _TRIED:
        return False
    before = _numbers(held)
    for row in np.linspace(0, total - 1, _TRIED).astype(int).tolist() if before is not None else ():
        try:
            other = rows_of(alone(row))
        except (TypeError, ValueError, KeyError, IndexError):
            return False
        after = _numbers(other) if other is not None and other.columns == held.columns else None
        if after is None or after.shape != before.shape:
            return False
        asked += 1
        moves = np.nansum(np.abs(after - before) / _spread(before), axis=1)
        hits += bool(moves[row] > 0 and int(np.argmax(moves)) == row)
    return asked > 0 and hits >= asked - 1


def _numbers(held: Records) -> Any:
    """All columns that hold numbers, side by side; None where none does."""
    columns = [held.column(name) for name in held.columns]
    found = [
        np.asarray(one.cast(pa.float64(), safe=False).to_numpy(), np.float64)
        for one in columns
        if pa.types.is_integer(one.type) or pa.types.is_floating(one.type)
    ]
    return np.stack(found, axis=1) if found else None


def _spread(numbers: Any) -> Any:
    spread = np.nanstd(numbers, axis=0)
    return np.where(spread > 0, spread, 1.0)


def _agreement(one: Any, other: Any) -> float:
    """The share of rows that are equal in both, of the columns that agree least."""
    found = compare(one, other)
    if found.shape:
        return 0.0
    rows = max(_size(one), 1)
    return 1.0 - max([moved.count for moved in found.moved], default=0) / rows


def rows_of(value: Any) -> Records | None:
    """The rows of whatever a step made; None for what has none."""
    try:
        return None if isinstance(value, Failed) else records(value)
    except Exception:  # a value of the user's own that looks like a table and is none
        return None


def _size(value: Any) -> int:
    held = rows_of(value)
    return held.rows if held is not None else 0


def _has_rows(value: Any) -> bool:
    return _size(value) > 0
