"""Which checks would be asked of which steps, and which of them are known already: before anything runs."""

from typing import get_args

from penstock.app.checking import Judge
from penstock.app.pipeline import Pipeline
from penstock.app.settings import open_store, reading_ledger
from penstock.checks.pairs import CHECKS, offered, pairs
from penstock.model.bench import Asked, Depth, Pair
from penstock.model.run import Run
from penstock.plan.plan import Plan
from penstock.report.check_documents import ForeseenDocument

__all__ = ["foreseen"]


def foreseen(pipeline: Pipeline, plan: Plan) -> list[ForeseenDocument]:
    """Each check and step that `penstock run` (quick) or `penstock check` (full) would ask about, and whether the answer is known. Of
    a step that runs, or whose work is not known before others have run, no answer is."""
    done = {one.step: one.execution for one in plan.decisions if one.action == "reuse" and one.execution is not None}
    known: dict[Depth, set[Pair]] = {}
    with reading_ledger(pipeline.settings) as ledger:
        store = open_store(pipeline.settings)
        for depth in get_args(Depth):
            judge = Judge(pipeline.settings, ledger, store, plan, _NOBODY, None, Asked(depth))
            known[depth] = judge.foreseen(done)
    found: list[ForeseenDocument] = []
    quick = set(pairs(plan.graph, CHECKS))
    for pair in pairs(plan.graph, {**CHECKS, **offered()}):
        found.append(
            {
                "check": pair.check,
                "step": pair.step,
                "quick": ("known" if pair in known["quick"] else "ask") if pair in quick else "no",
                "full": "known" if pair in known["full"] else "ask",
            }
        )
    return found


_NOBODY = Run(id="", pipeline="", started=0.0)  # nothing is written down for it
