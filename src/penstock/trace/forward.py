"""Everything that a source row reached: as rows of its own, in aggregates, in models and in what these said of others."""

from collections.abc import Iterable
from typing import Any

from penstock.errors import NotFound
from penstock.model.trace import Forward, Reached
from penstock.trace.follow import Follower
from penstock.trace.lineage import Lineage
from penstock.trace.locate import locate

__all__ = ["forward"]


def forward(lineages: Iterable[Lineage], text: str, source: str = "") -> Forward:
    """What a row reached in these runs, newest first: each artifact once, in the first run that holds it.

    Raises `NotFound` where no run holds the row.
    """
    reached: dict[tuple[str, str], Reached] = {}
    models: dict[str, None] = {}
    unknown: dict[str, None] = {}
    runs, key, miss = 0, "", None
    for lineage in lineages:
        runs += 1
        try:
            source_here, key_here, rows = locate(lineage, text, source)
        except NotFound as error:
            miss = miss or error
            continue
        key, source = key or key_here, source or source_here
        follower = Follower(lineage, source_here, rows)
        for one in _of(lineage, follower, unknown):
            known = reached.setdefault((one.artifact, one.digest), one)
            if known is one and lineage.nodes[lineage.maker[one.artifact]].kind == "train" and "trained" in one.how:
                models[one.digest] = None
    if not key:
        raise miss or NotFound(f"no run holds a row with the key `{text}`")
    return Forward(key, source, tuple(reached.values()), tuple(models), runs, tuple(unknown))


def _of(lineage: Lineage, follower: Follower, unknown: dict[str, None]) -> Iterable[Reached]:
    touched: dict[str, str] = {}  # artifacts that hold it or may hold something of it, and how
    for node in lineage.order:
        for artifact in node.outputs:
            stop = follower.stops.get(artifact)
            stored = lineage.stored.get(artifact)
            if stored is None or stop is None:
                continue
            how, rows = _how(node.inputs.values(), stop, touched)
            if stop.state == "unknown":
                unknown[artifact] = None
            if not how:
                continue
            touched[artifact] = how
            yield Reached(artifact, rows, lineage.run.id, how, stored.digest)


def _how(inputs: Iterable[str], stop: Any, touched: dict[str, str]) -> tuple[str, int]:
    if stop.rows and "stands for" not in stop.reason:
        return "the row itself", stop.rows
    if stop.rows:
        return f"an aggregate of it: {stop.reason}", 0
    if stop.state == "present":
        return stop.reason, 0
    above = [one for one in inputs if one in touched]
    if not above:
        return "", 0
    said = touched[above[0]]
    if "trained" in said or "model" in said:
        return f"through `{above[0]}`, which learnt from it", 0
    return f"perhaps: computed from `{above[0]}`", 0
