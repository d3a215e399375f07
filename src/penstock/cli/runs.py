"""`penstock runs` and `penstock show`."""

import time
from pathlib import Path

import click

from penstock.app.counting import add_rows
from penstock.app.settings import Settings, open_store
from penstock.app.tracing import Tracing, lightly
from penstock.cli.options import file_option, json_option, reading
from penstock.cli.output import columns
from penstock.cli.output import show as show_document
from penstock.report.check_text import finding_lines
from penstock.report.metric_history import metric_lines, metric_view
from penstock.report.row_text import moved_lines, rows_lines
from penstock.report.row_views import rows_view
from penstock.report.run_text import run_lines, runs_lines
from penstock.report.step_text import step_lines
from penstock.report.views import previous_metrics, run_view, runs_view, step_view

__all__ = ["runs", "show"]


@click.command()
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=None, metavar="N", help="How many (20; with --metric 50)."
)
@click.option("--metric", metavar="METRIC", help="A metric over these runs, as a chart.")
@click.option("--tag", metavar="TAG", help="Only runs that bear this tag.")
@file_option
@json_option
def runs(limit: int | None, metric: str | None, tag: str | None, file: str | None, as_json: bool) -> None:
    """List runs, newest first, or follow a metric through them.

    METRIC is `step.name`, or its end where that is unique.
    """
    with reading(file) as (settings, ledger):
        pipeline = settings.pipeline if file else ""
        if metric is not None:
            history = metric_view(ledger, metric, limit or 50, pipeline, tag or "")
            show_document(history, metric_lines(history, time.time(), columns()), as_json=as_json)
            return
        document = runs_view(ledger, limit or 20, pipeline, tag or "", now=time.time())
    show_document(document, runs_lines(document, time.time(), columns()), as_json=as_json)


@click.command()
@click.argument("run", default="last")
@click.option("--step", metavar="STEP", help="One step of the run: its inputs, outputs and reasons.")
@click.option("--rows", is_flag=True, help="Count the rows that each step kept, dropped, multiplied and made.")
@file_option
@json_option
def show(run: str, step: str | None, rows: bool, file: str | None, as_json: bool) -> None:
    """Show a run, or one step of it.

    RUN is its id or the beginning of it, its name, a tag, or `last`, which it is if none is given.
    """
    with reading(file) as (settings, ledger):
        if rows:
            with lightly():
                tracing = Tracing(settings, ledger, run)
                accounts, findings = (tracing.accounts([step]), []) if step else tracing.counted()[:2]
                counted = rows_view(tracing.run.id, accounts, findings)
            show_document(counted, rows_lines(counted), as_json=as_json)
            return
        if step is not None:
            details = step_view(ledger, run, step, lambda digest: _file_of(settings, digest), now=time.time())
            show_document(details, step_lines(details), as_json=as_json)
            return
        document = run_view(ledger, run, now=time.time())
        before_run, before = (
            previous_metrics(ledger, document["pipeline"], document["run"]) if document["metrics"] else ("", {})
        )
        add_rows(settings, ledger, document, look=True)
    lines = run_lines(document, before, before_run, columns())
    lines += moved_lines(document["rows"]) if "rows" in document else []
    show_document(document, [*lines, *finding_lines(document["checks"]["findings"])], as_json=as_json)


def _file_of(settings: Settings, digest: str) -> str:
    """The file of the store that holds a blob, as people would write it from here."""
    store = open_store(settings)
    if not store.has(digest):
        return ""
    path = store.path(digest)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
