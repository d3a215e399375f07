"""Running while people watch: progress, then the closing words or the document, then the exit code."""

import contextlib
import sys
from collections.abc import Callable

from penstock.app.counting import add_rows, broken, broken_error
from penstock.app.failing import failing_of, leak_error
from penstock.app.settings import Settings, open_ledger
from penstock.app.tracing import rows_known
from penstock.cli.ending import body_of
from penstock.cli.output import show
from penstock.model.event import Checked, Event
from penstock.model.verdict import Finding
from penstock.report.check_text import brief_lines, finding_lines
from penstock.report.check_views import checked_view, finding_view, merged
from penstock.report.documents import ErrorBody, RunDocument
from penstock.report.live import Watch
from penstock.report.summary import closing_from, summary
from penstock.report.tally import Tally
from penstock.report.units import plural
from penstock.report.views import previous_metrics, run_view, warnings_view

__all__ = ["Watched", "closing", "run_watched"]

Watched = Callable[[Event], None]
_BROKEN = 1
_CODES = {"succeeded": 0, "waiting": 0, "failed": 1, "cancelled": 130}


def run_watched(
    go: Callable[[Watched], str], *, redraw: bool, as_json: bool, tally: Tally | None = None, again: str = ""
) -> Tally:
    """Run `go`, which gives every event to what it is handed, and show how it goes.

    With `as_json`, that goes to standard error. `tally` tells what a run that is resumed has done. A second
    Ctrl-C raises `KeyboardInterrupt`, after the way on was said: `again`, else to resume the run.
    """
    stream = sys.stderr if as_json else sys.stdout
    watch = Watch(stream, redraw=redraw, tally=tally)
    try:
        with watch:
            go(watch.on)
    except KeyboardInterrupt:
        if watch.tally.run is not None:
            sys.stderr.write(f"\nGo on with: {again or f'penstock resume {watch.tally.run.id}'}\n")
        raise
    return watch.tally


def closing(settings: Settings, tally: Tally, *, as_json: bool) -> int:
    """The closing words on a run, or its document; the exit code, which does not hang on whether anybody reads them."""
    assert tally.run is not None
    known = rows_known(settings, tally.run, _made(tally))
    findings = known.findings if known is not None else []
    failing = broken(findings, tally.run.graph) if tally.status == "succeeded" else []
    checked = merged(tally.checked)
    leaks = failing_of(checked, tally.run.graph)
    with contextlib.suppress(BrokenPipeError):
        if as_json:
            show(_document(settings, tally, failing, leaks), [], as_json=True)
        else:
            _close(settings, tally, checked, findings, failing)
    return _BROKEN if failing or (leaks and tally.status != "cancelled") else _CODES.get(tally.status, 1)


def _close(
    settings: Settings, tally: Tally, checked: Checked | None, findings: list[Finding], failing: list[Finding]
) -> None:
    end = closing_from(tally)
    before: dict[str, float | None] = {}
    before_run = ""
    if end.metrics:
        ledger = open_ledger(settings)
        before_run, before = previous_metrics(ledger, end.pipeline, end.run)
        ledger.close()
    lines = [*summary(end, before, before_run), *finding_lines([finding_view(one) for one in findings])]
    if failing:
        words = f"{plural(len(failing), 'finding')} that fail{'s' if len(failing) == 1 else ''} the run, as a contract says (`fail_on`)"
        lines += [[], [("✗ ", "bad"), (words, "error")]]
    if checked is not None:
        blocked = [(one.name, one.text) for one in tally.steps.values() if one.state == "blocked"]
        lines += brief_lines(checked_view(checked), [(name, text) for name, text in blocked if "PROVEN" in text])
    show({}, lines, as_json=False)


def _made(tally: Tally) -> dict[str, str]:
    """The artifacts of a run that was watched, with their digests."""
    assert tally.run is not None
    done = [step.execution for name, step in tally.steps.items() if step.execution and name in tally.run.graph]
    return {made.artifact: made.stored.digest for execution in done for made in execution.outputs}


def _document(settings: Settings, tally: Tally, failing: list[Finding], leaks: list[Finding]) -> RunDocument:
    assert tally.run is not None
    ledger = open_ledger(settings)
    try:
        document = run_view(ledger, tally.run.id, warnings_view(tally.warnings), tally.checked)
        add_rows(settings, ledger, document, look=False)
    finally:
        ledger.close()
    error = None if leaks and tally.status != "cancelled" else _error(document)
    if error is None and (failing or leaks):
        error = body_of(broken_error(failing) if failing else leak_error(leaks))
    if error is not None:
        document["error"] = error
    return document


def _error(run: RunDocument) -> ErrorBody | None:
    """What a program wants to know of a run that did not succeed, beside the steps themselves."""
    resume = f"Go on with `penstock resume {run['run']}`."
    if run["status"] == "cancelled":
        return {"kind": "Interrupted", "message": "the run was stopped", "where": "", "hint": resume}
    failed = [one for one in run["steps"] if one["status"] == "failed"]
    if run["status"] != "failed":
        return None
    names = ", ".join([f"`{one['step']}`" for one in failed[:10]]) + (" and more" if len(failed) > 10 else "")
    first = failed[0]["error"] if failed else None
    message = f"{'step' if len(failed) == 1 else 'steps'} {names} failed" if failed else "the run failed"
    if first is not None:
        message += f": {first['kind']}: {first['message']}"
    return {"kind": "StepFailed", "message": message, "where": first["where"] if first else "", "hint": resume}
