from tests.report.test_board import shown

from penstock.model.frozen import Breach
from penstock.report.contract_text import contract_diff_lines, freeze_lines
from penstock.report.contract_views import diffed_view


def test_what_was_frozen_and_what_is_left_to_do() -> None:
    one = {"source": "orders", "file": "o.yaml", "columns": 3, "rows": 1, "written": True, "declared": False}
    same = {**one, "source": "shops", "file": "s.yaml", "written": False, "declared": True}
    assert shown(freeze_lines({"run": "r", "sources": [one, same]})) == [
        "✓ o.yaml  3 columns of 1 row of `orders`",
        "· s.yaml  3 columns of 1 row of `shops`, as before",
        '  hold later rows of `orders` to it: @ps.source(…, contract="o.yaml")',
    ]


def test_differences() -> None:
    changes = [
        ("a", "least", 0, -5),
        ("b", "column", None, "text"),
        ("c", "column", "text", None),
        ("d", "values", [str(n) for n in range(9)], None),
        ("", "rows", {"least": 1}, {"least": 2, "most": 9}),
    ]
    bad = diffed_view("orders", "o.yaml", 9, [Breach("a", "`a` is -5 in a row")], changes)
    good = diffed_view("shops", "s.yaml", 1, [], [])
    assert shown(contract_diff_lines({"run": "r", "held": False, "sources": [bad, good]})) == [
        "✗ o.yaml  9 rows of `orders`: 1 breach",
        "    ✗ `a` is -5 in a row",
        "    written now, it would say otherwise:",
        "      a least  0 → -5",
        "      b  new column (text)",
        "      c  no longer there (text)",
        "      d values  [0, 1, 2, 3, 4, 5, 6, 7 …] → none",
        "      rows  least 1 → least 2, most 9",
        "✓ s.yaml  1 row of `shops`: as it says",
    ]
