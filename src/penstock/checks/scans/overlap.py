"""`overlap`: no row, no copy of one, and no group stands on both sides of a split.

PROVEN are facts alone: a row that its source's declared key names, or a declared group, is on both sides. Equal and nearly
equal rows and texts under other names are SUSPECT, where chance does not bring them about.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from penstock.checks.likeness import (
    Alike,
    columns_of,
    different,
    equal_rows,
    labelled,
    matrix_columns,
    near_numbers,
    places,
)
from penstock.checks.sides import Side, fetched, named, own_columns, root, sides
from penstock.checks.texts import near_texts, telling
from penstock.checks.view import Node, Outcome, Scan, View, sources_above
from penstock.model.verdict import CheckResult, Finding, Verdict, worst
from penstock.rows.codes import aligned, encode
from penstock.values.records import Records, value_at

__all__ = ["SCAN"]

_FEW = 5
_WIDE = 256  # columns from which on a matrix is compared by sums of its columns


def _scan(view: View) -> Outcome:
    found = sides(view)
    name = view.step.name
    if not found.pairs:
        return [], CheckResult("overlap", name, "UNKNOWN", f"the sides can't be compared: {found.unpaired}")
    findings: list[Finding] = []
    tried: list[str] = []
    verdicts: list[Verdict] = []
    for pair in found.pairs:
        one = _Overlap(view, *pair)
        one.look()
        findings += one.findings
        verdicts += one.verdicts
        tried.append(f"{pair[0].role} and {pair[1].role}: {'; '.join(one.tried)}")
    if found.unpaired:
        verdicts.append("UNKNOWN")
        tried.append(found.unpaired)
    rows = sum({side.artifact: side.rows.rows for pair in found.pairs for side in pair}.values())
    verdict = worst([*verdicts, *[one.verdict for one in findings], "CLEAN"])
    return findings, CheckResult("overlap", name, verdict, ". ".join(tried), rows=rows)


class _Overlap:
    """Two sides, and what they share."""

    def __init__(self, view: View, early: Side, late: Side) -> None:
        self.view, self.early, self.late = view, early, late
        self.findings: list[Finding] = []
        self.tried: list[str] = []
        self.verdicts: list[Verdict] = []

    def look(self) -> None:
        if not self.early.rows.rows or not self.late.rows.rows:
            self.tried.append("one of them is empty")
            return
        shared = self.ids()
        self.groups()
        if not shared:
            self.content()

    # rows, by name

    def ids(self) -> bool:
        """Whether rows of one name are on both sides; what is said of them."""
        inputs = {one: rows for one in self.view.step.inputs.values() if (rows := self.view.records(one)) is not None}
        if not inputs:
            self.tried.append("the split has no table as input")
            self.verdicts.append("UNKNOWN")
            return False
        known = False
        sources = {one.name: one for artifact in inputs for one in self.view.sources(artifact) if one.contract.key}
        for source in sources.values():
            told = self._by_key(source, list(inputs.values()))
            if told:
                return True
            known = known or told is not None
        if known:
            return False
        for artifact, table in inputs.items():
            told = self._by_place(artifact, table)
            if told is not None:
                return told
        self.tried.append("rows can't be recognised (declare a source's `key`, and keep its columns)")
        self.verdicts.append("UNKNOWN")
        return False

    def _by_key(self, source: Node, inputs: Sequence[Records]) -> bool | None:
        """By a source's key: whether it says that a row is on both sides; None where it does not name these rows."""
        bearing = [(one, own_columns(self.view, one, source, source.contract.key)) for one in inputs]
        tables = [(one, columns) for one, columns in bearing if columns is not None]
        for side in (self.early, self.late):
            columns = own_columns(self.view, side.rows, source, source.contract.key)
            if columns is None or not tables:
                return None
            tables.append((side.rows, columns))
        codes = _coded([one for one, _ in tables], [columns for _, columns in tables])
        if codes is None:
            return None
        *above, early, late = codes
        size = int(max([one.max(initial=-1) for one in codes])) + 1
        counts = np.max([np.bincount(one[one >= 0], minlength=size) for one in above], axis=0)
        both = _shared(early[early >= 0], late[late >= 0])
        once = both[counts[both] == 1]  # not a table's that was looked up in: there, many rows bear one key
        words = ", ".join(source.contract.key)
        if once.size:
            self._row_finding(source, early, late, once, "PROVEN", f"key {words} of `{source.name}`")
            return True
        if not both.size:
            if counts.max(initial=0) > 1:
                return None
            self.tried.append(f"no {words} of `{source.name}` is on both")
            return False
        if not self._is_main(source):
            return None
        copies = self._copies(early, both)
        if copies.size:
            how = f"key {words} of `{source.name}`, copied before the split"
            self._row_finding(source, early, late, copies, "PROVEN", how)
            return True
        how = f"key {words} of `{source.name}`, which became several rows before the split"
        self._row_finding(source, early, late, both, "SUSPECT", how)
        return True

    def _is_main(self, source: Node) -> bool:
        """Whether the rows of the split are this source's: it alone declares a label, and its key names its rows."""
        labelled = [one for one in self.view.sources(self.late.artifact) if one.contract.label]
        whole = root(self.view, source)
        if [one.name for one in labelled] != [source.name] or whole is None:
            return False
        codes = encode([whole.column(name) for name in source.contract.key], nulls=False)
        return bool(different(codes).size == codes.size)

    def _copies(self, early: Any, both: Any) -> Any:
        """Those of the keys on both sides whose rows there are equal in every column."""
        columns = [one for one in self.late.rows.columns if one in self.early.rows]
        codes = _coded((self.early.rows, self.late.rows), [columns, columns], nulls=True)
        if codes is None or len(columns) < 2 or len(columns) < len(self.late.rows.columns):
            return both[:0]
        equal = _shared(codes[0], codes[1])
        here = np.isin(codes[0], equal) & np.isin(early, both)
        return different(early[here])

    def _by_place(self, artifact: str, table: Records) -> bool | None:
        """By the place in the split's input that each row came from, where that is known and the values agree."""
        found = self._places(table)
        if found is None:
            return None
        both = _shared(*found)
        if not both.size:
            self.tried.append(f"no row of `{artifact}` is on both")
            return False
        numbers = [f"#{int(one)}" for one in both[:_FEW]]
        self._tell(
            "PROVEN",
            "",
            [numbers, numbers],
            f"{both.size:,} rows of `{artifact}` are in {self._words()}, such as row {int(both[0])}",
            hint="Each row belongs to one side: split by rows that are disjoint, and sample or copy rows after the split.",
        )
        return True

    def _places(self, table: Records) -> tuple[Any, Any] | None:
        for how in (places, labelled):
            for names in zip(self.early.artifacts, self.late.artifacts, strict=False):
                held = [self.view.records(one) for one in names]
                early, late = (how(table, one) if one is not None else None for one in held)
                if early is not None and late is not None:
                    return early, late
        return None

    def _row_finding(self, source: Node, early: Any, late: Any, codes: Any, verdict: Verdict, how: str) -> None:
        rows = [np.flatnonzero(np.isin(one, codes)) for one in (early, late)]
        first = [rows[0][np.argsort(early[rows[0]], kind="stable")], rows[1][np.argsort(late[rows[1]], kind="stable")]]
        names = [named(self.view, side, at) for side, at in zip((self.early, self.late), first, strict=True)]
        self._tell(
            verdict,
            ", ".join(source.contract.key),
            names,
            f"{codes.size:,} rows of `{source.name}` are in {self._words()} ({how}), such as {names[1][0]}",
            hint="Each row belongs to one side: split first, and copy, join or resample rows of the training side only."
            if verdict == "PROVEN"
            else f"Split by `{', '.join(source.contract.key)}`, or declare `group=` where that is meant; rows that come of one "
            f"row of `{source.name}` share its label.",
        )

    # groups

    def groups(self) -> None:
        for source in self.view.sources(self.late.artifact):
            if source.contract.group:
                self._group(source, source.contract.group)

    def _group(self, source: Node, group: Sequence[str]) -> None:
        words = ", ".join(group)
        held = [[fetched(self.view, side.rows, source, name) for name in group] for side in (self.early, self.late)]
        if any(one is None for listed in held for one in listed):
            self.tried.append(f"group {words} can't be had for these rows (keep it, or the key of `{source.name}`)")
            self.verdicts.append("UNKNOWN")
            return
        pairs = [aligned(one, other) for one, other in zip(*held, strict=True)]
        if any(one is None for one in pairs):
            self.tried.append(f"group {words} has another type on each side")
            self.verdicts.append("UNKNOWN")
            return
        numbers = encode([pa.chunked_array([*_chunks(one[0]), *_chunks(one[1])]) for one in pairs if one], nulls=False)
        early, late = numbers[: self.early.rows.rows], numbers[self.early.rows.rows :]
        both = _shared(early[early >= 0], late[late >= 0])
        if not both.size:
            self.tried.append(f"no {words} is on both")
            return
        rows = [np.flatnonzero(np.isin(one, both)) for one in (early, late)]
        first = rows[1][0]
        twin = rows[0][early[rows[0]] == late[first]]
        value = "/".join([str(value_at(one, int(first))) for one in held[1]])
        self._tell(
            "PROVEN",
            words,
            [named(self.view, self.early, twin), named(self.view, self.late, rows[1][late[rows[1]] == late[first]])],
            f"{both.size:,} values of {words} are in {self._words()}, such as {value}; "
            f"they are {rows[1].size / self.late.rows.rows:.1%} of the {self.late.role} rows",
            hint=f"Split by {words}, so that all rows of one are on one side (scikit-learn: GroupShuffleSplit, GroupKFold).",
        )

    # content

    def content(self) -> None:
        natives = self._matrices()
        if natives is not None:
            exact, near = matrix_columns(*natives)
        else:
            exact = near = columns_of(self.early.rows, self.late.rows, self._names())
        if not exact:
            self.tried.append("they have no columns in common to compare")
            self.verdicts.append("UNKNOWN")
            return
        copies = "Remove duplicates before the split, or put all copies of a row on one side (declare what they share as `group=`)."
        self._alike(equal_rows(exact), "", "equal rows", f"equal a {self.early.role} row but for their names", copies)
        self._alike(near_numbers(near), "", "nearly equal rows", f"nearly equal a {self.early.role} row", copies)
        for name in self.late.rows.columns if natives is None else ():
            if name in self._names() or name not in self.early.rows or not telling(self.late.rows.column(name)):
                continue
            pair = aligned(self.early.rows.column(name), self.late.rows.column(name))
            if pair is None:
                continue
            found, share = near_texts(*pair)
            sampled = f" (of {share:.0%} of them that were looked at)" if share < 1 else ""
            what = f"say nearly the same in {name} as a {self.early.role} row{sampled}"
            self._alike(found, name, "nearly equal texts", what, copies)

    def _matrices(self) -> tuple[Any, Any] | None:
        """The values themselves, where both sides are wide matrices of numbers."""
        held = [self.view.value(side.artifact) for side in (self.early, self.late)]
        for one in held:
            if isinstance(one, Records) or not hasattr(one, "dtype") or len(getattr(one, "shape", ())) != 2:
                return None
            if one.dtype.kind not in "fiub" or one.shape[1] <= _WIDE or one.shape[1] != held[0].shape[1]:
                return None
        return held[0], held[1]

    def _names(self) -> set[str]:
        """Columns that tell a row's name, time or group, which copies need not share."""
        found: set[str] = set()
        for one in self.view.sources(self.late.artifact):
            found |= {*one.contract.key, one.contract.time, *one.contract.group}
        return found

    def _alike(self, found: Alike, column: str, kind: str, what: str, hint: str) -> None:
        if not found.late.size:
            self.tried.append(f"no {kind}{f' in {column}' if column else ''}")
            return
        count = f"{found.late.size:,} of {self.late.rows.rows:,} {self.late.role} rows {what}"
        if found.chance:
            self.tried.append(f"{count}, which is normal here: {found.chance}")
            return
        names = [named(self.view, self.early, found.early), named(self.view, self.late, found.late)]
        world = f"{count}, such as {names[1][0]} and {names[0][0]}"
        self._tell("SUSPECT", column or kind, names, world, hint=hint)

    def _words(self) -> str:
        return f"both {self.early.role} and {self.late.role}"

    def _tell(
        self,
        verdict: Verdict,
        column: str,
        names: Sequence[Sequence[str]],
        world: str,
        *,
        hint: str,
    ) -> None:
        first = names[1][0] if names[1] else ""
        self.tried.append(world)
        self.findings.append(
            Finding(
                "overlap",
                verdict,
                self.view.step.name,
                self.late.artifact,
                column,
                first,
                before=list(names[0]),
                after=list(names[1]),
                world=world,
                where=self.view.step.where,
                hint=hint,
                replay=f"penstock trace '{first}'" if first and not first.startswith("#") else "",
            )
        )


def _shared(early: Any, late: Any) -> Any:
    return np.intersect1d(different(early), different(late), assume_unique=True)


def _chunks(column: Any) -> list[Any]:
    return list(column.chunks) if isinstance(column, pa.ChunkedArray) else [column]


def _coded(tables: Sequence[Records], columns: Sequence[Sequence[str]], *, nulls: bool = False) -> list[Any] | None:
    """Numbers of the rows of several tables by their columns, equal where rows are; None where types do not fit."""
    merged = []
    for names in zip(*columns, strict=True):
        held = [table.column(name) for table, name in zip(tables, names, strict=True)]
        for number in range(1, len(held)):
            pair = aligned(held[0], held[number])
            if pair is None:
                return None
            held[0], held[number] = pair
        held = [one if one.type == held[0].type else one.cast(held[0].type, safe=False) for one in held]
        merged.append(pa.chunked_array([chunk for one in held for chunk in one.chunks], type=held[0].type))
    numbers = encode(merged, nulls=nulls)
    ends = np.cumsum([table.rows for table in tables])[:-1]
    return list(np.split(numbers, ends))


def _needs(nodes: Mapping[str, Node], step: str) -> list[str]:
    node = nodes[step]
    found = [*node.outputs, *node.inputs.values()]
    for artifact in node.outputs:
        for source in sources_above(nodes, artifact):
            if source.contract.key or source.contract.group:
                found.append(next(iter(source.outputs)))
    return list(dict.fromkeys(found))


SCAN = Scan("overlap", ("split",), _scan, _needs)
"""Registered in `penstock.checks.scans.registry`."""
