"""What a plan looks like where there is nothing to do, and what a difference looks like."""

from tests.report.test_board import shown

from penstock.report.documents import PlanDocument, WhyDocument
from penstock.report.plan_text import diff_lines, plan_lines, reason_words, why_lines


def test_nothing_to_do_is_said_in_a_line() -> None:
    plan: PlanDocument = {
        "steps": [{"step": "a", "kind": "step", "inputs": {}, "outputs": ["a"], "decision": "reuse", "reasons": []}],
        "findings": [],
        "checks": [],
    }
    assert shown(plan_lines(plan, "p"))[-1] == "✓ Nothing to do: every step would be reused."
    assert shown(plan_lines({"steps": [], "findings": [], "checks": []}, "p"))[0] == "p  0 steps: 0 to run, 0 reused"


def test_an_unknown_decision_names_what_it_hangs_on() -> None:
    why: WhyDocument = {
        "step": "b", "kind": "step", "decision": "unknown", "reasons": [], "key": "", "where": "p.py:3",
        "parents": ["a"], "last": None,
    }  # fmt: skip
    assert shown(why_lines(why))[-1] == "  It is reused if what comes from a turns out equal."


def test_a_difference_is_coloured_by_line_and_can_not_steer() -> None:
    assert diff_lines("--- a\n+++ b\n@@ -1 +1 @@\n-x\x1b[2J\n+y\n z\n") == [
        [("@@ -1 +1 @@", "dim")], [("-x\\x1b[2J", "remove")], [("+y", "add")], [(" z", "")],
    ]  # fmt: skip


def test_a_reason_has_its_place() -> None:
    assert reason_words({"kind": "code", "what": "it changed", "where": "a.py:1"})[1] == ("  a.py:1", "code")


def test_what_would_be_asked() -> None:
    plan: PlanDocument = {
        "steps": [{"step": "a", "kind": "step", "inputs": {}, "outputs": ["a"], "decision": "run", "reasons": []}],
        "findings": [],
        "checks": [
            {"check": "as-of", "step": "a", "quick": "ask", "full": "ask"},
            {"check": "odd", "step": "a", "quick": "no", "full": "ask"},
            {"check": "odd", "step": "b", "quick": "known", "full": "known"},
        ],
    }
    assert shown(plan_lines(plan, "p"))[-2:] == [
        "  to check  a  as-of",
        "            1 known, 1 left for penstock check",
    ]
    assert shown(plan_lines(plan, "p", checked=False))[-1] == "  to check  2 left for penstock check"
    plan["checks"] = plan["checks"][2:]
    assert "check" not in shown(plan_lines(plan, "p"))[-1]
