"""Running while people watch: progress, then the closing words or the document, then the exit code."""

import contextlib
import sys
from collections.abc import Callable

from penstock.app.settings import Settings, open_ledger
from penstock.cli.output import show
from penstock.model.event import Event
from penstock.report.documents import ErrorBody, RunDocument
from penstock.report.live import Watch
from penstock.report.summary import closing_from, summary
from penstock.report.tally import Tally
from penstock.report.views import previous_metrics, run_view, warnings_view

__all__ = ["Watched", "closing", "run_watched"]

Watched = Callable[[Event], None]
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
    with contextlib.suppress(BrokenPipeError):
        _close(settings, tally, as_json=as_json)
    return _CODES.get(tally.status, 1)


def _close(settings: Settings, tally: Tally, *, as_json: bool) -> None:
    if as_json:
        show(_document(settings, tally), [], as_json=True)
        return
    end = closing_from(tally)
    before: dict[str, float | None] = {}
    before_run = ""
    if end.metrics:
        ledger = open_ledger(settings)
        before_run, before = previous_metrics(ledger, end.pipeline, end.run)
        ledger.close()
    show({}, summary(end, before, before_run), as_json=False)


def _document(settings: Settings, tally: Tally) -> RunDocument:
    assert tally.run is not None
    ledger = open_ledger(settings)
    try:
        document = run_view(ledger, tally.run.id, warnings_view(tally.warnings))
    finally:
        ledger.close()
    error = _error(document)
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
