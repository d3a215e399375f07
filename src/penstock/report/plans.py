"""Plans as documents: what would happen, and why one step would run."""

from collections.abc import Iterable

from penstock.errors import UnknownName, did_you_mean
from penstock.model.verdict import Finding
from penstock.plan.plan import Plan
from penstock.report.check_documents import ForeseenDocument
from penstock.report.check_views import finding_view
from penstock.report.documents import PlanDocument, WhyDocument
from penstock.report.views import reasons_view

__all__ = ["plan_view", "why_view"]


def plan_view(plan: Plan, findings: Iterable[Finding] = (), checks: Iterable[ForeseenDocument] = ()) -> PlanDocument:
    """What will happen to each step, in the order of the graph, what was found in the graph itself, and what would be asked."""
    steps = plan.graph.steps
    return {
        "steps": [
            {
                "step": one.step,
                "kind": steps[one.step].kind,
                "inputs": {argument: artifact for argument, (_, artifact) in plan.graph.inputs(one.step).items()},
                "outputs": list(steps[one.step].artifacts),
                "decision": one.action,
                "reasons": reasons_view(one.reasons),
                "parameters": _shown(plan, one.step),
            }
            for one in plan.decisions
        ],
        "findings": [finding_view(one) for one in findings],
        "checks": list(checks),
    }


def _shown(plan: Plan, step: str) -> dict[str, str]:
    work = plan.works.get(step)
    return {one.name: one.shown for one in work.settings} if work is not None else {}


def why_view(plan: Plan, step: str) -> WhyDocument:
    """Why a step will run or be reused, with the difference of its code. Raises `UnknownName` with close matches."""
    decision = next((one for one in plan.decisions if one.step == step), None)
    if decision is None:
        raise UnknownName(f"there is no step `{step}`", hint=did_you_mean(step, plan.graph.steps))
    declared = plan.graph.steps[step]
    return {
        "step": step,
        "kind": declared.kind,
        "decision": decision.action,
        "reasons": [
            {"kind": one.kind, "what": one.what, "where": one.where, "diff": one.diff} for one in decision.reasons
        ],
        "key": decision.key,
        "where": declared.where,
        "parents": list(plan.graph.parents(step)),
        "last": decision.execution.run if decision.execution else None,
    }
