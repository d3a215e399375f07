"""`power`: no single column explains the label nearly by itself.

Each column of a training table is asked alone: it is cut into bins, a half of a sample tells what to expect of the label in
each, the other half how much of the label that explains, and the other way round. The same with the label shuffled is what
chance allows; the highest of all columns and shuffles counts, so that asking many columns finds nothing the more easily
(P. H. Westfall and S. S. Young, "Resampling-based multiple testing", 1993). A column that explains nearly all may be a good
one, or was stored after the outcome: a finding is never more than SUSPECT.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.checks.facts import ticks
from penstock.checks.nodes import Node, sources_above
from penstock.checks.sides import fetched, own_columns
from penstock.checks.view import Outcome, Scan, View
from penstock.model.verdict import CheckResult, Finding
from penstock.rows.codes import encode
from penstock.values.records import Records

__all__ = ["SCAN"]

_SAMPLE = 20_000
_LEAST = 50  # rows with a label
_CLASSES = 20
_SHUFFLES = 20
_NEARLY = 0.9  # of the label, by one column
_MUCH = 0.7  # by one column, where no other explains half as much
_ALL = 0.99  # where it is the only column: what else should explain the label?
_COLUMNS = 500


class _Label(NamedTuple):
    """The label of the sampled rows: classes (whole numbers) or measured values."""

    name: str
    values: Any
    classes: int


def _scan(view: View) -> Outcome:
    name = view.step.name
    found = _table(view)
    if isinstance(found, str):
        return [], CheckResult("power", name, "UNKNOWN", found)
    artifact, rows, label_name, column, source = found
    known = np.flatnonzero(np.asarray(pc.is_valid(column)))
    if known.size < _LEAST:
        return [], CheckResult("power", name, "UNKNOWN", f"only {known.size} rows have a `{label_name}`")
    draw = np.random.default_rng(0)
    at = np.sort(draw.choice(known, _SAMPLE, replace=False)) if known.size > _SAMPLE else known
    label = _labels(label_name, column.take(pa.array(at)))
    if label is None:
        return [], CheckResult("power", name, "UNKNOWN", f"`{label_name}` is neither a number nor one of a few classes")
    bins = {
        one: made
        for one in _features(view, artifact, rows, source)
        if (made := _bins(rows.column(one).take(pa.array(at)))) is not None
    }
    if not bins:
        return [], CheckResult("power", name, "UNKNOWN", f"`{artifact}` has no columns to ask beside `{label_name}`")
    halves = draw.random(at.size) < 0.5
    told = {one: _told(made, label, halves) for one, made in bins.items()}
    chance = _chance(bins, label, halves, draw)
    own_past = _own_past(view, rows, source, at, label, halves)
    findings, passed = [], []
    ranked = sorted(told, key=lambda one: -told[one])
    for one in ranked:
        next_best = next((told[other] for other in ranked if other != one), 0.0)
        if len(ranked) == 1:
            much = told[one] >= _ALL
        else:
            much = told[one] >= _NEARLY or (told[one] >= _MUCH and 2 * next_best <= told[one])
        if not much or told[one] <= chance:
            break
        if own_past >= 0.95 * told[one]:
            passed.append(f"`{one}` {told[one]:.0%}, no more than the `{label.name}` of the row before")
            continue
        findings.append(_finding(view, artifact, one, told[one], next_best, chance, label, at.size))
    best = f"the best, `{ranked[0]}`, explains {max(told[ranked[0]], 0):.0%}"
    said = f"{len(bins)} columns of `{artifact}`, each alone against `{label.name}`, on {at.size:,} rows; {best}; chance allows {max(chance, 0):.0%}"
    said += f"; passed over: {', '.join(passed)}" if passed else ""
    return findings, CheckResult("power", name, "SUSPECT" if findings else "CLEAN", said, rows=int(at.size))


def _table(view: View) -> tuple[str, Records, str, Any, Node] | str:
    """The table that is trained on, with the label of each row: its artifact, rows, the label's name and values."""
    held = {one: rows for one in view.step.inputs.values() if (rows := view.records(one)) is not None and rows.rows}
    if not held:
        return "it takes no table"
    why = "no source above declares `label=`"
    for artifact in sorted(held, key=lambda one: -len(held[one].columns)):
        for source in view.sources(artifact):
            for label in source.contract.label:
                why = f"`{label}` can't be had for the rows of `{artifact}`"
                for beside in (
                    artifact,
                    *[one for one in held if held[one].rows == held[artifact].rows and one != artifact],
                ):
                    column = fetched(view, held[beside], source, label)
                    if column is not None:
                        return artifact, held[artifact], label, column, source
    return why


def _features(view: View, artifact: str, rows: Records, source: Node) -> list[str]:
    """The columns that may be features: not those that say which row it is or when, nor the label or what is declared to
    come of it. The key of a table that was looked up in may well be a feature."""
    contract = source.contract
    no = {one for node in view.nodes.values() for one in node.target}
    no |= {*contract.key, contract.time, *contract.group, *contract.label}
    no |= {one for one in contract.known_at.values() if isinstance(one, str)}
    for other in view.sources(artifact):
        no |= set(own_columns(view, rows, other, other.contract.label) or ())
    no |= set(own_columns(view, rows, source, contract.key) or ())
    return [one for one in rows.columns if one not in no][:_COLUMNS]


def _labels(name: str, column: Any) -> _Label | None:
    kind = column.type
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    distinct = pc.count_distinct(column).as_py()
    if distinct < 2:
        return None
    if numeric and distinct > _CLASSES:
        values = column.cast(pa.float64(), safe=False).to_numpy()
        return _Label(name, values, 0) if np.isfinite(values).all() else None
    if distinct > _CLASSES or pa.types.is_nested(kind) or pa.types.is_temporal(kind):
        return None
    codes = np.unique(encode([column], nulls=False), return_inverse=True)[1]
    return _Label(name, codes, int(codes.max()) + 1)


def _bins(column: Any) -> Any:
    """A number for each row, equal ones for about equal values; None for what is no feature (instants, one value only)."""
    kind = column.type
    if pa.types.is_temporal(kind) or pa.types.is_nested(kind):
        return None
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        values = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        known = np.isfinite(values)
        if not known.any():
            return None
        count = int(np.clip(known.sum() / 25, 4, 100))
        edges = np.unique(np.quantile(values[known], np.linspace(0, 1, count + 1)[1:-1]))
        codes = np.where(known, np.searchsorted(edges, np.where(known, values, 0), "right"), edges.size + 1)
    else:
        codes = encode([column], nulls=True)
    codes = np.unique(codes, return_inverse=True)[1]
    size = int(codes.max()) + 1
    return codes if 1 < size <= max(codes.size / 3, 2) else None


def _told(codes: Any, label: _Label, halves: Any) -> float:
    """How much of the label is explained, from 0 (nothing; below, worse than that) to 1."""
    return float(np.mean([_half(codes, label, here) for here in (halves, ~halves)]))


def _half(codes: Any, label: _Label, here: Any) -> float:
    size = int(codes.max()) + 1
    counts = np.bincount(codes[here], minlength=size)
    if label.classes:
        joint = np.bincount(codes[here] * label.classes + label.values[here], minlength=size * label.classes)
        base = (np.bincount(label.values[here], minlength=label.classes) + 0.5) / (here.sum() + 0.5 * label.classes)
        shares = (joint.reshape(size, label.classes) + base) / (counts[:, None] + 1.0)
        said = -np.log(shares[codes[~here], label.values[~here]]).mean()
        whole = -np.log(base[label.values[~here]]).mean()
        return float(1 - said / whole) if whole > 0 else 0.0
    best = -np.inf
    for values in (label.values, np.argsort(np.argsort(label.values, kind="stable"), kind="stable").astype(float)):
        middle = values[here].mean()
        sums = np.bincount(codes[here], weights=values[here] - middle, minlength=size)
        guess = middle + (sums / (counts + 1.0))[codes[~here]]
        whole = ((values[~here] - middle) ** 2).mean()
        if whole > 0:
            best = max(best, float(1 - ((values[~here] - guess) ** 2).mean() / whole))
    return best if np.isfinite(best) else 0.0


def _chance(bins: Mapping[str, Any], label: _Label, halves: Any, draw: Any) -> float:
    """The most that any column explains of a shuffled label, in all shuffles. Fewer rows are enough, and err to the safe side."""
    few = min(halves.size, 2000)
    codes = [np.unique(one[:few], return_inverse=True)[1] for one in bins.values()]
    most = 0.0
    for _ in range(_SHUFFLES):
        shuffled = label._replace(values=draw.permutation(label.values)[:few])
        most = max([most, *[_told(one, shuffled, halves[:few]) for one in codes]])
    return most


def _own_past(view: View, rows: Records, source: Node, at: Any, label: _Label, halves: Any) -> float:
    """How much of the label its value in the row before explains: in a slow series, much, and so do columns of its past."""
    orders = [np.arange(at.size)]
    time = fetched(view, rows, source, source.contract.time) if source.contract.time else None
    clock = ticks(time.take(pa.array(at))) if time is not None else None
    if clock is not None:
        orders.append(np.argsort(clock, kind="stable"))
    most = 0.0
    for order in orders:
        before = np.empty_like(label.values)
        before[order] = np.roll(label.values[order], 1)
        codes = _bins(pa.chunked_array([pa.array(before)]))
        if codes is not None:
            most = max(most, _told(codes, label, halves))
    return most


def _finding(
    view: View, artifact: str, column: str, told: float, next_best: float, chance: float, label: _Label, rows: int
) -> Finding:
    kind = "uncertainty" if label.classes else "variance"
    return Finding(
        "power",
        "SUSPECT",
        view.step.name,
        artifact,
        column,
        before=round(max(chance, 0.0), 4),
        after=round(told, 4),
        world=f"`{column}` alone explains {told:.0%} of the {kind} of `{label.name}` (cross-validated on {rows:,} rows; the next best "
        f"column {max(next_best, 0):.0%}, chance at most {max(chance, 0):.0%})",
        where=view.step.where,
        hint=f"If `{column}` is written down after the outcome, leave it out, or declare when it is known (`known_at`) and let "
        f"`penstock check` ask; if it comes of the label, declare it as `target=`.",
    )


def _needs(nodes: Mapping[str, Node], step: str) -> list[str]:
    found = list(nodes[step].inputs.values())
    for artifact in nodes[step].inputs.values():
        found += [
            next(iter(one.outputs)) for one in sources_above(nodes, artifact) if one.contract.label or one.contract.key
        ]
    return list(dict.fromkeys(found))


SCAN = Scan("power", ("train",), _scan, _needs)
"""Registered in `penstock.checks.scans.registry`."""
