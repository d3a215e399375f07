"""Which derived columns are the label by another name: functions of the row's own label and of nothing else."""

from typing import Any

import numpy as np

from penstock.checks.bench import Bench
from penstock.checks.worlds import World, donors, flip

__all__ = ["is_target"]

_HELD = 50


def is_target(bench: Bench, artifact: str, column: str) -> bool | None:
    """Whether a column of an artifact holds while everything but the labels is altered, and, in some rows, while the labels of all
    others are. None where neither can be told."""
    known = bench.kept.get((artifact, column))
    if known is None:
        bench.kept[artifact, column] = known = (_ask(bench, artifact, column),)
    return known[0]


def _ask(bench: Bench, artifact: str, column: str) -> bool | None:
    main, identity = bench.main, bench.identity(artifact)
    if main is None or identity is None or not any(bench.label_columns().values()):
        return False
    rest: dict[str, Any] = {}
    others: dict[str, Any] = {}
    labels: dict[str, Any] = {}
    few = np.zeros(main.rows, bool)
    few[np.random.default_rng(0).choice(main.rows, min(_HELD, max(main.rows // 10, 1)), replace=False)] = True
    for name, source in bench.sources.items():
        value = bench.circuit.values[name]
        every = np.ones(source.rows, bool)
        told = source.contract.label
        masks = {one: every for one in source.records.columns if one not in source.fixed and one not in told}
        rest[name] = donors(source, flip(source, value, masks), masks, seed=5)
        if source.leader == main.name and told:
            others[name] = flip(source, value, dict.fromkeys(told, ~few))
            labels[name] = flip(source, value, dict.fromkeys(told, every))
    mine = identity.at >= 0
    if not _moves(bench, artifact, column, labels, mine):
        return False
    for altered, hold in ((rest, mine), (others, few[identity.at] & mine)):
        moves = _moves(bench, artifact, column, altered, hold) if hold.any() else False
        if moves is None or moves:
            return None if moves is None else False
    return True


def _moves(bench: Bench, artifact: str, column: str, altered: dict[str, Any], hold: Any) -> bool | None:
    world = World("", altered)
    moved = bench.judge(bench.flow(world), world, artifact, hold)
    if moved is None or not moved.rows:
        return None
    return any(hit.column == column for hit in moved.hits)
