"""Instants at which the world is cut in two: what was known then, and what was not yet."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from penstock.checks.facts import SourceFacts

__all__ = ["places", "told"]

_DAY = 86_400_000_000


def places(times: Any, border: float | None = None, *, many: bool = True) -> list[float]:
    """Instants to cut at, each the time of a row: spread over the rows, before the widest gaps, before a period ends, and
    at a border (of a split) if one is given. The earliest come with the rest, since the oldest rows are compared too."""
    known = np.unique(times[np.isfinite(times)])
    if known.size < 2:
        return []
    last = known.size - 2  # after the last row nothing is left to alter
    shares = (0.05, 0.25, 0.5, 0.75, 0.95) if many else (0.1, 0.5, 0.9)
    found = [known[min(round(share * (known.size - 1)), last)] for share in shares]
    if many:
        found.append(known[int(np.argmax(np.diff(known)))])  # before the widest gap
        days = np.flatnonzero(np.floor(known[1:] / _DAY) > np.floor(known[:-1] / _DAY))
        if days.size:
            found.append(known[days[days.size // 2]])  # the last of a day
    if border is not None and np.isfinite(border):
        before = known[known <= border]
        if before.size:
            found.append(min(before[-1], known[last]))
    return [float(one) for one in dict.fromkeys(found)]


def told(cut: float, source: SourceFacts) -> str:
    """A cut as people write it."""
    kind = source.records.column(source.contract.time).type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return f"{cut:g}"
    instant = datetime.fromtimestamp(cut / 1e6, UTC)
    zoned = pa.types.is_timestamp(kind) and kind.tz is not None
    return instant.isoformat(sep=" ") if zoned else instant.replace(tzinfo=None).isoformat(sep=" ")
