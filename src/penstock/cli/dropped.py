"""`penstock dropped`."""

import click

from penstock.app.tracing import Tracing, lightly
from penstock.cli.options import file_option, json_option, reading
from penstock.cli.output import show
from penstock.report.row_text import dropped_lines
from penstock.report.row_views import dropped_view

__all__ = ["dropped"]


@click.command()
@click.argument("source")
@click.option("--run", "run", metavar="RUN", default="last", show_default=True, help="The run to look at.")
@file_option
@json_option
def dropped(source: str, run: str, file: str | None, as_json: bool) -> None:
    """Count the lost rows of a source by step, with reasons."""
    with reading(file) as (settings, ledger), lightly():
        tracing = Tracing(settings, ledger, run)
        rows, accounts = tracing.losses(source)
        mine = {one.step for one in accounts} | {source}
        findings = [one for one in tracing.findings(accounts) if one.step in mine]
        document = dropped_view(source, tracing.run.id, rows, accounts, findings)
    show(document, dropped_lines(document), as_json=as_json)
