"""The rows of a run, put into its document: those that were counted before, and those that are counted at once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from msgspec.structs import replace

from penstock.app.settings import Settings
from penstock.app.tracing import Counted, Tracing, lightly, rows_known
from penstock.checks.waiving import waived
from penstock.errors import ContractBroken
from penstock.model.event import Checked
from penstock.model.run import Run
from penstock.model.verdict import CheckResult, Finding
from penstock.model.waiver import Waiver
from penstock.ports import Ledger
from penstock.report.check_views import joined
from penstock.report.documents import RunDocument
from penstock.report.row_views import rows_view
from penstock.report.units import plural

__all__ = ["LIGHT", "add_rows", "broken", "broken_error", "judged", "with_rows"]

LIGHT = 32 * 2**20
"""Rows are counted for who only shows a run if all it made is no more than so many bytes: that takes a moment."""


def judged(settings: Settings, ledger: Ledger, run: Run) -> list[Finding]:
    """The findings that fail a run which succeeded otherwise. Its rows are counted only if a contract says `fail_on`.

    Raises `MissingExtra` where pyarrow is not installed.
    """
    if not any("rows" in (step.get("contract") or {}).get("fail_on", ()) for step in run.graph.values()):
        return []
    with lightly():
        return broken(Tracing(settings, ledger, run.id).counted().findings, run.graph)


def broken(findings: Iterable[Finding], graph: Mapping[str, Any]) -> list[Finding]:
    """Those of the findings that fail a run, by the contracts of the sources above the step (as the run recorded its graph)."""
    return [
        one for one in findings if one.verdict == "PROVEN" and not one.waived and one.check in _graded(graph, one.step)
    ]


def with_rows(
    settings: Settings, ledger: Ledger, run: str, checked: Checked, waivers: Sequence[Waiver], steps: Sequence[str] = ()
) -> Checked:
    """What checks said of a run, and what the `rows` check says of it (of these `steps`, if any are named): its rows are counted if they were
    not before. What is waived is what the pipeline waives now."""
    counted = _look(settings, ledger, run)
    if counted is None:
        why = "its rows could not be counted"
        return replace(checked, results=(*checked.results, CheckResult("rows", "", "UNKNOWN", why)))
    results = [one for one in counted.checks if not steps or one.step in steps]
    mine = [one for one in waivers if one.check == "rows"]
    there = ledger.run(run).graph
    found, told = waived(
        [replace(one, waived="") for one in counted.findings if not steps or one.step in steps],
        results,
        mine,
        date.today(),  # noqa: DTZ011 - a waiver's day is a day where its people are
        steps=there,
        checks=["rows"],
    )
    others = [one for one in checked.waivers if one.waiver.check != "rows"]
    return replace(
        checked,
        results=(*checked.results, *results),
        findings=(*checked.findings, *found),
        waivers=(*others, *told),
    )


def broken_error(findings: Sequence[Finding]) -> ContractBroken:
    """What a program is told of the findings that fail a run: the first, and how many there are."""
    one = findings[0]
    more = f" (and {plural(len(findings) - 1, 'finding')} more)" if len(findings) > 1 else ""
    what = f"the check `{one.check}` proved of `{one.step}`: {one.world}{more}"
    return ContractBroken(what, where=one.where, hint=one.hint)


def _graded(graph: Mapping[str, Any], step: str) -> set[str]:
    """The checks that the contracts of all sources above a step, or of itself, say `fail_on` of."""
    maker = {artifact: name for name, said in graph.items() for artifact in (said.get("outputs") or {name: None})}
    found: set[str] = set()
    seen: set[str] = set()
    todo = [step]
    while todo:
        name = todo.pop()
        if name in seen or name not in graph:
            continue
        seen.add(name)
        found.update((graph[name].get("contract") or {}).get("fail_on", ()))
        todo += [maker.get(artifact, "") for artifact in graph[name].get("inputs", {}).values()]
    return found


def add_rows(
    settings: Settings, ledger: Ledger, document: RunDocument, *, look: bool, made: Mapping[str, str] | None = None
) -> None:
    """Put the rows of a run and what the `rows` check says of them into its document, where they are known already
    (which costs nothing), or where `look`ing is short work. `made` are the digests of all its artifacts, where the document lacks steps."""
    run = ledger.run(document["run"])
    if made is None:
        of = [one for each in document["steps"] if not each["parent"] for one in each["outputs"]]
        made = {one["artifact"]: one["digest"] for one in of}
    known = rows_known(settings, run, made)
    if known is None and look and document["status"] != "running":
        sizes = {one["digest"]: one["bytes"] for each in document["steps"] for one in each["outputs"]}
        known = _look(settings, ledger, run.id) if sum(sizes.values()) <= LIGHT else None
    if known is not None:
        document["rows"] = rows_view(run.id, known.accounts, known.findings)
        document["checks"] = joined(document["checks"], known.checks, known.findings)


def _look(settings: Settings, ledger: Ledger, run: str) -> Counted | None:
    """Nothing where it can't be done: what was asked for is the run."""
    try:
        with lightly():
            return Tracing(settings, ledger, run).counted()
    except Exception:  # a count that goes wrong must not hide the run
        return None
