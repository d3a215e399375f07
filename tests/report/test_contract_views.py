from datetime import datetime

import msgspec

from penstock.model.frozen import Breach, FrozenColumn, FrozenTable
from penstock.report.contract_documents import DiffedSource, FrozenSource
from penstock.report.contract_views import diffed_view, frozen_view


def test_values_are_as_json_has_them() -> None:
    breach = Breach("at", "it is old", datetime(2026, 1, 1), float("nan"), 2, (0, 1))
    view = diffed_view("orders", "o.yaml", 9, [breach], [("at", "newest", None, datetime(2026, 1, 2))])
    assert view["breaches"] == [
        {
            "column": "at",
            "what": "it is old",
            "expected": "2026-01-01T00:00:00",
            "found": None,
            "count": 2,
            "rows": [0, 1],
        }
    ]
    assert view["changes"] == [{"column": "at", "what": "newest", "then": None, "now": "2026-01-02T00:00:00"}]
    assert msgspec.convert(view, DiffedSource) == view


def test_a_source_that_was_frozen() -> None:
    table = FrozenTable("orders", columns={"a": FrozenColumn("text")})
    view = frozen_view(table, "o.yaml", 7, written=True, declared=False)
    assert view == {"source": "orders", "file": "o.yaml", "columns": 1, "rows": 7, "written": True, "declared": False}
    assert msgspec.convert(view, FrozenSource) == view
