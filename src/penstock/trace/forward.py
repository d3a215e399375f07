"""Everything that a source row reached: as rows of its own, in aggregates, in models and in what these said of others."""

from collections.abc import Iterable, Mapping

from penstock.errors import NotFound
from penstock.model.trace import Forward, Reached, Stop
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
            if known is one and one.artifact in follower.seen and _kind(lineage, one.artifact) == "train":
                models[one.digest] = None
    if not key:
        raise miss or NotFound(f"no run holds a row with the key `{text}`")
    return Forward(key, source, tuple(reached.values()), tuple(models), runs, tuple(unknown))


def _kind(lineage: Lineage, artifact: str) -> str:
    return lineage.nodes[lineage.maker[artifact]].kind


def _of(lineage: Lineage, follower: Follower, unknown: dict[str, None]) -> Iterable[Reached]:
    touched: dict[str, bool] = {}  # artifacts that hold it or may hold something of it, and whether they learnt from it
    for node in lineage.order:
        for artifact in node.outputs:
            stop = follower.stops.get(artifact)
            stored = lineage.stored.get(artifact)
            if stored is None or stop is None:
                continue
            if stop.state == "unknown":
                unknown[artifact] = None
            above = [one for one in node.inputs.values() if one in touched]
            how = _how(stop, above[0] if above else "", touched, many=artifact in follower.many)
            if not how:
                continue
            fitted = artifact in follower.seen and node.kind == "train"
            touched[artifact] = fitted or (not stop.rows and any(touched[one] for one in above))
            yield Reached(
                artifact, stop.rows if artifact not in follower.many else 0, lineage.run.id, how, stored.digest
            )


def _how(stop: Stop, above: str, touched: Mapping[str, bool], *, many: bool) -> str:
    """How an artifact was reached, of which `above` is the first input that was; "" where it was not."""
    if stop.rows:
        return f"an aggregate of it: {stop.reason}" if many else "the row itself"
    if stop.state == "present":
        return stop.reason
    if not above:
        return ""
    return f"through `{above}`, which learnt from it" if touched[above] else f"perhaps: computed from `{above}`"
