"""Which blobs, executions and runs stay and which may go: a pure question to what a ledger holds."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from penstock.model.holdings import Figure, Holding, Holdings, Retired

__all__ = ["DAY", "Keeping", "keeping", "makers"]

DAY = 86_400.0
_YOUNG = 3600.0  # seconds in which a blob's execution may be on its way to the ledger, where no run is known to work
_SETTLED = 60.0  # the same for a blob that was written before


class Keeping(Struct, frozen=True):
    """What stays: `runs` with all they need, `executions` by sequence, `blobs`; and what is to be `retired`.

    `sources` are the runs that stay or in which something that stays was made: their logs and figures stay. `young` is
    the age in seconds below which a blob that nothing names may not go, `settled` that for the others. `open` are the
    keys of work that may go on where it was left.
    """

    runs: frozenset[str]
    sources: frozenset[str]
    executions: frozenset[int]
    blobs: frozenset[str]
    retired: Retired
    young: float
    settled: float
    open: frozenset[str]


def keeping(held: Holdings, *, now: float, days: float, young: float = _YOUNG, settled: float = _SETTLED) -> Keeping:
    """Keep what the runs of the last `days` need, named and tagged runs and artifacts, runs under way or waiting, and
    the newest execution of each step of each pipeline. `now` is in seconds since 1970.

    An execution is retired only where that frees a blob: what shares all its blobs with others, or has none, costs
    nothing and is offered on.
    """
    since = now - days * DAY
    runs = {
        one.id
        for one in held.runs.values()
        if one.live
        or one.named
        or one.status == "waiting"
        or one.active >= since
        or _paused(one.status, one.active, now)
    }
    used = {number for run in runs for number in held.runs[run].executions}
    newest = _newest(held.executions.values())
    executions = {
        number
        for number, one in held.executions.items()
        if number in used
        or number in newest
        or one.named
        or one.run in runs
        or (one.run not in held.runs and one.started >= since)
    }
    sources = runs | {held.executions[number].run for number in executions}
    blobs = {blob for number in executions for blob in held.executions[number].blobs}
    blobs |= {one.blob for one in held.figures if one.run in sources}
    retired = frozenset(
        number
        for number, one in held.executions.items()
        if number not in executions and one.state != "forgotten" and not blobs.issuperset(one.blobs)
    )
    figures = frozenset(one for one in held.figures if one.run not in sources and one.blob not in blobs)
    # What runs under way have written and not committed yet, nobody knows: nothing written since they began may go.
    working = [one.started for one in held.runs.values() if one.live or _paused(one.status, one.active, now)]
    since_work = max([now - one + 1.0 for one in working], default=0.0)
    return Keeping(
        frozenset(runs),
        frozenset(sources),
        frozenset(executions),
        frozenset(blobs),
        Retired(retired, figures),
        max(young, since_work),
        max(settled, since_work),
        frozenset(key for run in runs for key in held.runs[run].open),
    )


def _paused(status: str, active: float, now: float) -> bool:
    """Whether a run without a lease may only be stopped for a while, on a machine that slept."""
    return status == "running" and now - active < DAY


def _newest(executions: Iterable[Holding]) -> set[int]:
    found: dict[tuple[str, str], int] = {}
    for one in executions:
        if one.state != "forgotten":
            step = (one.pipeline, one.step)
            found[step] = max(one.sequence, found.get(step, 0))
    return set(found.values())


def makers(held: Holdings) -> Mapping[str, list[tuple[Holding | Figure, str]]]:
    """For each blob, what has it and as which artifact; the newest first."""
    found: dict[str, list[tuple[Holding | Figure, str]]] = defaultdict(list)
    for number in sorted(held.executions, reverse=True):
        one = held.executions[number]
        for blob, artifact in one.blobs.items():
            found[blob].append((one, artifact))
    for figure in held.figures:
        found[figure.blob].append((figure, figure.name))
    return found
