"""Plans as documents."""

import pytest
from tests.report.samples import execution
from tests.report.test_board import shown
from tests.strategies import make_step

from penstock.errors import UnknownName
from penstock.graph.graph import build
from penstock.model.run import Decision, Reason
from penstock.plan.plan import Plan
from penstock.report.plan_text import plan_lines, why_lines
from penstock.report.plans import plan_view, why_view

CHANGED = Reason("code", "helper `clean_name` changed", "features.py:41", "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n")


@pytest.fixture
def plan() -> Plan:
    graph = build(
        [
            make_step("raw"),
            make_step("clean", ("raw",)),
            make_step("sides", ("clean",), ("train", "test")),
            make_step("model", ("train",)),
        ]
    )
    decisions = (
        Decision("raw", "reuse", (Reason("same", "nothing changed"),), "k0", execution("raw", "r7")),
        Decision("clean", "run", (CHANGED, Reason("package", "polars 1 → 2")), "k1"),
        Decision("sides", "unknown", (Reason("upstream", "waits for `clean`"),)),
        Decision("model", "unknown", (Reason("upstream", "waits for `sides`"),)),
    )
    return Plan(graph, {}, decisions)


def test_a_plan_names_every_step_with_its_artifacts(plan: Plan) -> None:
    steps = plan_view(plan)["steps"]
    assert [(one["step"], one["decision"]) for one in steps] == [
        ("raw", "reuse"), ("clean", "run"), ("sides", "unknown"), ("model", "unknown"),
    ]  # fmt: skip
    assert steps[2]["outputs"] == ["sides.train", "sides.test"]
    assert steps[3]["inputs"] == {"train": "sides.train"}, "bound to the full name"
    assert set(steps[1]["reasons"][0]) == {"kind", "what", "where"}


def test_why_has_the_difference(plan: Plan) -> None:
    why = why_view(plan, "clean")
    assert why["reasons"][0]["diff"].endswith("+new\n")
    assert (why["decision"], why["key"], why["last"], why["parents"]) == ("run", "k1", None, ["raw"])
    assert why_view(plan, "raw")["last"] == "r7"
    with pytest.raises(UnknownName) as caught:
        why_view(plan, "claen")
    assert "`clean`" in caught.value.hint


def test_a_plan_reads_like_this(plan: Plan) -> None:
    assert shown(plan_lines(plan_view(plan), "flights")) == [
        "flights  4 steps: 1 to run, 1 reused, 2 known once these have run",
        "",
        "↺ raw    reuse",
        "▶ clean  run      helper `clean_name` changed  features.py:41 and 1 more",
        "? sides  unknown  waits for `clean`",
        "? model  unknown  waits for `sides`",
    ]


def test_what_waits_and_has_changed_tells_both(plan: Plan) -> None:
    waits = Reason("upstream", "waits for `sides`")
    own = Decision("model", "unknown", (Reason("file", "`path` has other content (d.csv)", "d.csv"), waits))
    more = Decision("model", "unknown", (CHANGED, *own.reasons))
    both = [plan_lines(plan_view(Plan(plan.graph, {}, (*plan.decisions[:3], one))), "f")[-1] for one in (own, more)]
    assert shown(both) == [
        "? model  unknown  `path` has other content (d.csv)  d.csv; waits for `sides`",
        "? model  unknown  helper `clean_name` changed  features.py:41 and 1 more; waits for `sides`",
    ]
    why = shown(why_lines(why_view(Plan(plan.graph, {}, (*plan.decisions[:3], own)), "model")))
    assert why[-1] == "  It runs, unless just this was done before with what comes from above."


def test_reasons_read_like_this(plan: Plan) -> None:
    assert shown(why_lines(why_view(plan, "clean"))) == [
        "▶ clean would run  pipeline.py:5",
        "  • helper `clean_name` changed  features.py:41",
        "      @@ -1 +1 @@",
        "      -old",
        "      +new",
        "  • polars 1 → 2",
    ]
