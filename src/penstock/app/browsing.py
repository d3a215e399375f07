"""Stored tables as pages and profiles, read from their columns; nothing is unpickled and no table is held whole where its file can be mapped."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from penstock.app.result import find_stored
from penstock.app.values import LedgerReader, load_value
from penstock.errors import NotFound, ParameterError, did_you_mean
from penstock.model.artifact import Stored
from penstock.ports import Ledger, Store
from penstock.report.browse_documents import (
    BinDocument,
    ColumnProfileDocument,
    ProfileDocument,
    ShareDocument,
    TablePageDocument,
)
from penstock.report.check_views import json_value
from penstock.values.records import Records

__all__ = ["profile_view", "rows_of_stored", "table_page"]

_MOST = 1_000  # rows of a page
_LOOKED = 50_000  # rows of a profile
_BINS, _TOP = 24, 12
_LEAST = 0.0005  # a share that an empty bin counts as, in the stability index


def rows_of_stored(stored: Stored, artifact: str, ledger: Ledger, store: Store) -> Records:
    """The rows of a stored value. Raises `NotFound` for what has none, or what only unpickling could read."""
    from penstock.codecs.glance import glance
    from penstock.values.records import records

    if stored.about.pickled:
        raise NotFound(
            f"`{artifact}` can only be read by unpickling, which this does not",
            hint=f'Look at it in Python: `ps.load("{artifact}")`.',
        )
    found = glance(stored, LedgerReader(stored, ledger, store))
    if found is None and stored.codec != "paths":
        found = records(load_value(stored, ledger, store))
    if found is None:
        raise NotFound(f"`{artifact}` is a {stored.about.type or 'value'} and has no rows")
    return found


def table_page(
    ledger: Ledger,
    store: Store,
    run: str,
    artifact: str,
    offset: int = 0,
    limit: int = 100,
    columns: Sequence[str] = (),
) -> TablePageDocument:
    """Rows of an artifact of a run, from `offset` on (from the end where it is negative), at most `limit` and 1,000.

    Raises `NotFound` with close matches, `ParameterError` for a column that is not there.
    """
    name, stored = _find(ledger, run, artifact)
    held = rows_of_stored(stored, name, ledger, store)
    shown = _columns(held, name, columns)
    first = max(offset + held.rows, 0) if offset < 0 else min(offset, held.rows)
    many = max(min(limit, _MOST, held.rows - first), 0)
    slices = [held.column(one).slice(first, many) for one in shown]
    cells = [[json_value(_plain(cell)) for cell in one] for one in slices]
    return {
        "artifact": name,
        "digest": stored.digest,
        "rows": held.rows,
        "offset": first,
        "columns": shown,
        "types": [str(one.type) for one in slices],
        "values": [list(row) for row in zip(*cells, strict=True)] if cells else [],
    }


def profile_view(
    ledger: Ledger, store: Store, run: str, artifact: str, columns: Sequence[str] = (), against: str = ""
) -> ProfileDocument:
    """Histograms, nulls and frequent values of the columns of an artifact; with `against`, another run, beside its own."""
    name, stored = _find(ledger, run, artifact)
    held = rows_of_stored(stored, name, ledger, store)
    other = None
    if against:
        against = ledger.run(against).id
        other = rows_of_stored(_find(ledger, against, artifact)[1], name, ledger, store)
    return {
        "artifact": name,
        "digest": stored.digest,
        "rows": held.rows,
        "looked": min(held.rows, _LOOKED),
        "against": against,
        "columns": [
            _profile(one, held, other if other is not None and one in other else None)
            for one in _columns(held, name, columns)
        ],
    }


def _find(ledger: Ledger, run: str, artifact: str) -> tuple[str, Stored]:
    found = ledger.run(run).id
    return find_stored(found, ledger.steps(found), artifact)


def _columns(held: Records, artifact: str, wanted: Sequence[str]) -> list[str]:
    for one in wanted:
        if one not in held:
            raise ParameterError(f"`{artifact}` has no column `{one}`", hint=did_you_mean(one, held.columns))
    return list(wanted or held.columns)


def _plain(cell: Any) -> Any:
    try:
        return cell.as_py()
    except (ValueError, ImportError, OverflowError):  # what Python has no form for, as nanoseconds
        return str(cell)


def _some(held: Records, name: str) -> Any:
    """A column, or rows of it evenly spaced where it is long, in one piece."""
    import numpy as np
    import pyarrow as pa

    column = held.column(name)
    if held.rows > _LOOKED:
        column = column.take(pa.array(np.linspace(0, held.rows - 1, _LOOKED).astype(np.int64)))
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _profile(name: str, held: Records, other: Records | None) -> ColumnProfileDocument:
    import pyarrow.types as kinds

    mine = _some(held, name)
    theirs = _some(other, name) if other is not None else None
    if theirs is not None and theirs.type != mine.type:
        theirs = None
    found: ColumnProfileDocument = {
        "column": name,
        "type": str(mine.type),
        "nulls": held.column(name).null_count,
        "distinct": None,
        "least": None,
        "greatest": None,
        "mean": None,
        "bins": [],
        "top": [],
        "drift": None,
    }
    kind = mine.type
    if kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_decimal(kind) or kinds.is_temporal(kind):
        _numbers(found, mine, theirs)
    elif not kinds.is_nested(kind):
        _values(found, mine, theirs)
    return found


def _floats(column: Any) -> Any:
    """A column's numbers, instants as their count of units, without what is missing or no finite number."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.types as kinds

    column = column.drop_null()
    if kinds.is_temporal(column.type):
        wide = pa.int32() if column.type.bit_width == 32 else pa.int64()
        column = column.view(wide)
    numbers = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return numbers[np.isfinite(numbers)]


def _numbers(found: ColumnProfileDocument, mine: Any, theirs: Any) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.types as kinds

    temporal = kinds.is_temporal(mine.type)
    numbers = _floats(mine)
    other = _floats(theirs) if theirs is not None else None
    if not numbers.size:
        return
    found["distinct"] = int(np.unique(numbers).size)
    ends = [numbers.min(), numbers.max()]
    if other is not None and other.size:
        ends = [min(ends[0], other.min()), max(ends[1], other.max())]
    edges = np.linspace(ends[0], ends[1], _BINS + 1) if ends[0] < ends[1] else np.array([ends[0], ends[0]])

    def shown(number: float) -> Any:
        if not temporal:
            return int(number) if kinds.is_integer(mine.type) and float(number).is_integer() else float(number)
        wide = pa.int32() if mine.type.bit_width == 32 else pa.int64()
        return json_value(_plain(pa.array([int(number)], wide).view(mine.type)[0]))

    def counted(values: Any) -> Any:
        if edges.size == 2 and edges[0] == edges[1]:
            return np.array([(values == edges[0]).sum()])
        return np.histogram(values, edges)[0]

    counts = counted(numbers)
    against = counted(other) if other is not None else None
    found["least"], found["greatest"] = shown(numbers.min()), shown(numbers.max())
    found["mean"] = None if temporal else float(numbers.mean())
    bins: list[BinDocument] = []
    for at, count in enumerate(counts.tolist()):
        bins.append(
            {
                "low": shown(edges[at]),
                "high": shown(edges[at + 1]),
                "count": count,
                "against": int(against[at]) if against is not None else None,
            }
        )
    found["bins"] = bins
    if against is not None:
        found["drift"] = _stability(counts.tolist(), against.tolist())


def _values(found: ColumnProfileDocument, mine: Any, theirs: Any) -> None:
    counts = _counted(mine)
    against = _counted(theirs) if theirs is not None else None
    found["distinct"] = len(counts)
    shown = sorted(counts, key=lambda one: (-counts[one], str(one)))[:_TOP]
    top: list[ShareDocument] = [
        {
            "value": json_value(one),
            "count": counts[one],
            "against": against.get(one, 0) if against is not None else None,
        }
        for one in shown
    ]
    found["top"] = top
    if against is not None:
        rest = [sum(each.values()) - sum(each.get(one, 0) for one in shown) for each in (counts, against)]
        found["drift"] = _stability(
            [*[counts[one] for one in shown], rest[0]], [*[against.get(one, 0) for one in shown], rest[1]]
        )


def _counted(column: Any) -> Mapping[Any, int]:
    found = column.drop_null().value_counts()
    return dict(zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True))


def _stability(mine: Sequence[int], theirs: Sequence[int]) -> float | None:
    """The population stability index of two histograms over the same bins."""
    all_mine, all_theirs = sum(mine), sum(theirs)
    if not all_mine or not all_theirs:
        return None
    shares = [
        (max(one / all_mine, _LEAST), max(other / all_theirs, _LEAST))
        for one, other in zip(mine, theirs, strict=True)
        if one or other
    ]
    return sum((one - other) * math.log(one / other) for one, other in shares)
