"""What became of a stored value: both versions loaded and held against each other."""

from collections.abc import Sequence
from typing import Any

from penstock.app.values import load_value
from penstock.codecs.describe import json_safe, type_name
from penstock.model.artifact import Stored
from penstock.ports import Ledger, Store
from penstock.report.history_documents import DataChange, PartChange
from penstock.values.compare import Comparison, Moved, compare
from penstock.values.difference import TableDifference, difference, is_rows

__all__ = ["Comparer", "data_change"]

_PARTS = 20
_TEXT, _AROUND = 56, 20  # characters of a text that are shown, and before the first that differs


class Comparer:
    """Compares versions of artifacts that a ledger and a store hold."""

    def __init__(self, ledger: Ledger, store: Store) -> None:
        self._ledger, self._store = ledger, store

    def __call__(self, before: Stored, after: Stored, keys: Sequence[Sequence[str]]) -> DataChange:
        """What became of a value. Raises `Corrupt` where its bytes are gone, `CodecError` where it can't be read."""
        values = [load_value(one, self._ledger, self._store) for one in (before, after)]
        found = data_change(values[0], values[1], keys)
        if found["by"] or any(one["part"] for one in found["parts"]):
            return found
        # A model, say: its fitted state is another; what was written down of it may tell in what.
        told = compare(before.about.details, after.about.details).moved[:_PARTS]
        found["parts"] += [_part(one, "", "") for one in told]
        return found


def data_change(before: Any, after: Any, keys: Sequence[Sequence[str]] = ()) -> DataChange:
    """The difference of two values as a document: of tables by rows and columns, of all else by parts."""
    if is_rows(before) and is_rows(after):
        return _table(difference(before, after, keys))
    return _parts(compare(before, after), before, after)


def _table(found: TableDifference) -> DataChange:
    return {
        "by": found.by,
        "key": list(found.key),
        "rows": list(found.rows),
        "columns_added": list(found.columns_added),
        "columns_gone": list(found.columns_gone),
        "added": found.added,
        "gone": found.gone,
        "changed": found.changed,
        "reordered": found.reordered,
        "added_examples": [_record(row) for row in found.added_examples],
        "gone_examples": [_record(row) for row in found.gone_examples],
        "columns": [
            {
                "column": one.column,
                "count": one.count,
                "examples": [
                    {"row": json_safe(row), "before": before, "after": after}
                    for row, was, now in one.examples
                    for before, after in [_shown(was, now)]
                ],
                "types": list(one.types or ()),
            }
            for one in found.moved
        ],
        "parts": [],
    }


def _record(row: dict[str, Any]) -> dict[str, Any]:
    return {name: json_safe(value) for name, value in row.items()}


def _parts(found: Comparison, before: Any, after: Any) -> DataChange:
    parts = [_part(one, before, after) for one in found.moved[:_PARTS]]
    if found.shape:
        parts.insert(0, _part(Moved("", 1), before, after))
    return {
        "by": "", "key": [], "rows": [], "columns_added": [], "columns_gone": [], "added": 0, "gone": 0,
        "changed": len(found.moved), "reordered": False, "added_examples": [], "gone_examples": [], "columns": [],
        "parts": parts,
    }  # fmt: skip


def _part(moved: Moved, before: Any, after: Any) -> PartChange:
    if moved.before and moved.after:
        one, other = _shown(moved.before[0], moved.after[0])
    elif _is_plain(before) and _is_plain(after):
        one, other = _shown(before, after)
    else:
        one, other = type_name(before), type_name(after)
    return {"part": moved.column, "before": one, "after": other}


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)


def _shown(before: Any, after: Any) -> tuple[Any, Any]:
    """Two values for a document; of long texts, what is around the first place in which they differ."""
    if isinstance(before, str) and isinstance(after, str) and max(len(before), len(after)) > _TEXT:
        pairs = enumerate(zip(before, after, strict=False))
        same = next((place for place, (one, other) in pairs if one != other), min(len(before), len(after)))
        start = max(0, same - _AROUND)
        before, after = (f"{'…' if start else ''}{one[start : start + _TEXT]}" for one in (before, after))
    return json_safe(before), json_safe(after)
