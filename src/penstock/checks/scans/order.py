"""`order`: where a split is by time, no training label became known after the first test row was asked about.

Whether a split is by time is learnt from the data. Where all rows of one side are before all of the next, it is: then a label
that matured later is a fact, and PROVEN. Where nearly all pairs of rows are in order, it is meant to be, and the rows that are
not are SUSPECT. Where the sides lie mixed in time, it is not, and there is nothing to judge.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np

from penstock.checks.facts import ticks
from penstock.checks.nodes import Node, sources_above
from penstock.checks.sides import Side, fetched, named, sides
from penstock.checks.view import Outcome, Scan, View
from penstock.model.verdict import CheckResult, Finding, Verdict, worst
from penstock.rows.keys import key_value
from penstock.values.records import value_at

__all__ = ["SCAN"]

_LEAST = 10  # rows with a time that each side must have
_MEANT = 0.95  # share of pairs in order from which on a split is meant to be by time


class _Clock(NamedTuple):
    """When the rows of a side were asked about: the column, and numbers that can be compared (NaN for none)."""

    column: Any
    at: Any

    def text(self, row: int) -> str:
        return key_value(value_at(self.column, row))


def _scan(view: View) -> Outcome:
    name = view.step.name
    found = sides(view)
    if not found.pairs:
        return [], CheckResult("order", name, "UNKNOWN", f"the sides can't be compared: {found.unpaired}")
    findings: list[Finding] = []
    verdicts: list[Verdict] = ["CLEAN"]
    said = []
    for early, late in found.pairs:
        verdict, what, more = _judge(view, early, late)
        verdicts.append(verdict)
        findings += more
        said.append(f"{early.role} and {late.role}: {what}")
    rows = sum({side.artifact: side.rows.rows for pair in found.pairs for side in pair}.values())
    return findings, CheckResult("order", name, worst(verdicts), ". ".join(dict.fromkeys(said)), rows=rows)


def _judge(view: View, early: Side, late: Side) -> tuple[Verdict, str, list[Finding]]:
    if not early.rows.rows or not late.rows.rows:
        return "CLEAN", "one of them is empty", []
    known = _clocks(view, early, late)
    if isinstance(known, str):
        return "UNKNOWN", known, []
    source, one, other = known
    before, after = one.at[np.isfinite(one.at)], other.at[np.isfinite(other.at)]
    if min(before.size, after.size) < _LEAST:
        return "UNKNOWN", f"fewer than {_LEAST} of their rows have a {source.contract.time}", []
    first = int(np.nanargmin(other.at))
    start = float(other.at[first])
    order = _in_order(before, after)
    if before.max() <= start and before.min() < after.max():
        return _labels(view, early, late, known, first)
    if order <= 1 - _MEANT:
        what = f"{early.role} is later than {late.role}: in {1 - order:.1%} of all pairs of their rows"
        row = int(np.nanargmax(one.at))
        hint = "What is measured on the past says little about the future: test on the latest rows."
        finding = _finding(
            view, early, [row], source.contract.time, one.text(row), other.text(first), what, hint, "SUSPECT"
        )
        return "SUSPECT", what, [finding]
    if order < _MEANT:
        what = f"not split by time ({early.role} rows are earlier in {order:.0%} of all pairs), so there is no order to keep"
        return "CLEAN", what, []
    rows = np.flatnonzero(one.at > start)
    rows = rows[np.argsort(-one.at[rows], kind="stable")]
    what = (
        f"split by time ({order:.1%} of all pairs of rows are in order), but {rows.size:,} {early.role} rows are later than "
        f"the first {late.role} row, {other.text(first)}"
    )
    hint = f"End `{early.artifact}` before `{late.artifact}` begins: compare `{source.contract.time}` with one and the same instant, in one time zone."
    finding = _finding(
        view, early, rows, source.contract.time, one.text(int(rows[0])), other.text(first), what, hint, "SUSPECT"
    )
    return "SUSPECT", what, [finding]


def _in_order(before: Any, after: Any) -> float:
    """The share of all pairs of an early and a late row in which the early one is not later, ties as half."""
    ordered = np.sort(after)
    below, upto = np.searchsorted(ordered, before, "left"), np.searchsorted(ordered, before, "right")
    return float(1 - (below + upto).mean() / 2 / ordered.size)


def _clocks(view: View, early: Side, late: Side) -> tuple[Node, _Clock, _Clock] | str:
    """The times of both sides by one source's clock: the labelled one's, if it has one."""
    timed = [one for one in view.sources(late.artifact) if one.contract.time]
    if not timed:
        return "no source declares `time=`, the instant at which a prediction is asked for"
    for source in sorted(timed, key=lambda one: not one.contract.label):
        held = [_clock(view, side, source, source.contract.time) for side in (early, late)]
        if held[0] is not None and held[1] is not None:
            return source, held[0], held[1]
    names = " or ".join([f"`{one.contract.time}`" for one in timed])
    return f"the times of their rows can't be had (keep {names}, or the key of `{timed[0].name}`)"


def _clock(view: View, side: Side, source: Node, column: str) -> _Clock | None:
    found = fetched(view, side.rows, source, column)
    at = ticks(found) if found is not None else None
    return None if at is None else _Clock(found, at)


def _labels(
    view: View, early: Side, late: Side, known: tuple[Node, _Clock, _Clock], first: int
) -> tuple[Verdict, str, list[Finding]]:
    source, one, other = known
    contract = source.contract
    start = float(other.at[first])
    apart = f"all {early.role} rows are before all {late.role} rows"
    findings: list[Finding] = []
    said = [apart]
    verdict: Verdict = "CLEAN"
    for label in contract.label:
        clock = contract.clock(label)
        if clock is None:
            said.append(f"`{label}` is declared as known from the start")
            continue
        matured = _matured(view, early, source, one, clock)
        if matured is None:
            verdict = worst([verdict, "UNKNOWN"])
            said.append(f"when `{label}` became known can't be had (keep `{clock}`, or the key of `{source.name}`)")
            continue
        at, text = matured
        rows = np.flatnonzero(at > start)
        if not rows.size:
            said.append(f"every {early.role} `{label}` was known by then")
            continue
        rows = rows[np.argsort(-at[rows], kind="stable")]
        worst_row = int(rows[0])
        what = (
            f"{apart}, but the `{label}` of {rows.size:,} {early.role} rows became known after the first {late.role} row was "
            f"asked about, at {other.text(first)}"
        )
        certain: Verdict = "PROVEN" if (early.role, late.role) == ("train", "test") else "SUSPECT"
        hint = f"Train on rows whose `{label}` was known when `{late.artifact}` begins: leave out the last ones before it (an embargo)."
        findings.append(_finding(view, early, rows, label, text(worst_row), other.text(first), what, hint, certain))
        verdict = worst([verdict, certain])
        said[0] = what
    return verdict, ", ".join(said), findings


def _matured(view: View, side: Side, source: Node, asked: _Clock, clock: str | timedelta) -> Any:
    """For each row when its label became known, and how that is written; None where it can't be had."""
    if isinstance(clock, timedelta):
        column = asked.column
        scale = 1.0 if _instants(column) else np.nan
        at = asked.at + clock / timedelta(microseconds=1) * scale
        return (at, lambda row: _later(value_at(column, row), clock)) if np.isfinite(at).any() else None
    found = _clock(view, side, source, clock)
    return None if found is None else (found.at, found.text)


def _instants(column: Any) -> bool:
    return any(word in str(column.type) for word in ("timestamp", "date", "string"))


def _later(value: Any, delay: timedelta) -> str:
    try:
        return key_value(value + delay)
    except TypeError:
        return f"{key_value(value)} + {delay}"


def _finding(
    view: View, side: Side, rows: Any, column: str, late: str, start: str, what: str, hint: str, verdict: Verdict
) -> Finding:
    names = named(view, side, rows)
    return Finding(
        "order",
        verdict,
        view.step.name,
        side.artifact,
        column,
        names[0],
        before=late,
        after=start,
        world=f"{what}; such as {', '.join(names[:3])} ({column} known at {late})"
        if verdict == "PROVEN"
        else f"{what}; such as {', '.join(names[:3])}",
        where=view.step.where,
        hint=hint,
        replay=f"penstock trace '{names[0]}'" if not names[0].startswith("#") else "",
    )


def _needs(nodes: Mapping[str, Node], step: str) -> list[str]:
    node = nodes[step]
    found = list(node.outputs)
    for artifact in node.outputs:
        found += [
            next(iter(one.outputs)) for one in sources_above(nodes, artifact) if one.contract.time or one.contract.key
        ]
    return list(dict.fromkeys(found))


SCAN = Scan("order", ("split",), _scan, _needs)
"""Registered in `penstock.checks.scans.registry`."""
