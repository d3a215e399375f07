"""Instants at which the world is cut in two: what was known then, and what was not yet."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from penstock.checks.facts import SourceFacts

__all__ = ["places", "told"]

_FAR = 9e18  # microseconds: beyond them numpy has no instants


def places(times: Any, border: float | None = None, *, many: bool = True, groups: Any = None) -> list[float]:
    """Instants to cut at, each the time of a row: spread over the rows, before the widest gap, before a period ends, at the last
    row of a group (`groups` numbers the rows' groups, below 0 for none), and at a border (of a split) if one is given. The
    earliest come with the rest, since the oldest rows are compared too."""
    known = np.unique(times[np.isfinite(times)])
    if known.size < 2:
        return []
    last = known.size - 2  # after the last row nothing is left to alter
    shares = (0.05, 0.25, 0.5, 0.75, 0.95) if many else (0.1, 0.5, 0.9)
    found = [known[min(round(share * (known.size - 1)), last)] for share in shares]
    if many:
        found.append(known[int(np.argmax(np.diff(known)))])  # before the widest gap
        found += _period(known)
        found += _group(times, groups, known[last]) if groups is not None else []
    if border is not None and np.isfinite(border):
        before = known[known <= border]
        if before.size:
            found.append(min(before[-1], known[last]))
    return [float(one) for one in dict.fromkeys(found)]


def _period(known: Any) -> list[float]:
    """The last instant of a month, where there are several, which ends a day as well; else of a day."""
    instants = known[np.abs(known) < _FAR]
    for unit in ("M", "D"):
        held = instants.astype("datetime64[us]").astype(f"datetime64[{unit}]")
        ends = np.flatnonzero(held[1:] > held[:-1])
        if ends.size:
            return [instants[ends[ends.size // 2]]]
    return []


def _group(times: Any, groups: Any, latest: float) -> list[float]:
    """The last instant of a group that ends before the others do."""
    there = np.isfinite(times) & (groups >= 0)
    if not there.any():
        return []
    ends = np.full(int(groups[there].max()) + 1, -np.inf)
    np.maximum.at(ends, groups[there], times[there])
    early = np.unique(ends[np.isfinite(ends) & (ends <= latest)])
    return [early[early.size // 2]] if early.size else []


def told(cut: float, source: SourceFacts) -> str:
    """A cut as people write it."""
    kind = source.records.column(source.contract.time).type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return f"{cut:g}"
    instant = datetime.fromtimestamp(cut / 1e6, UTC)
    zoned = pa.types.is_timestamp(kind) and kind.tz is not None
    return instant.isoformat(sep=" ") if zoned else instant.replace(tzinfo=None).isoformat(sep=" ")
