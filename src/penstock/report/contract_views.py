"""What was frozen, and how rows differ from it, as documents."""

from collections.abc import Iterable
from typing import Any

from penstock.model.frozen import Breach, FrozenTable
from penstock.report.check_views import json_value
from penstock.report.contract_documents import BreachDocument, ChangeDocument, DiffedSource, FrozenSource

__all__ = ["diffed_view", "frozen_view"]


def frozen_view(table: FrozenTable, file: str, rows: int, *, written: bool, declared: bool) -> FrozenSource:
    """One source that was frozen."""
    return {
        "source": table.source,
        "file": file,
        "columns": len(table.columns),
        "rows": rows,
        "written": written,
        "declared": declared,
    }


def diffed_view(
    source: str, file: str, rows: int, breaches: Iterable[Breach], changes: Iterable[tuple[str, str, Any, Any]]
) -> DiffedSource:
    """One source against its file."""
    return {
        "source": source,
        "file": file,
        "rows": rows,
        "breaches": [_breach(one) for one in breaches],
        "changes": [_change(*one) for one in changes],
    }


def _breach(one: Breach) -> BreachDocument:
    return {
        "column": one.column,
        "what": one.what,
        "expected": json_value(one.expected),
        "found": json_value(one.found),
        "count": int(one.count),
        "rows": list(one.rows),
    }


def _change(column: str, what: str, then: Any, now: Any) -> ChangeDocument:
    return {"column": column, "what": what, "then": json_value(then), "now": json_value(now)}
