"""`penstock trace`."""

from pathlib import Path

import click

from penstock.app.tracing import Tracing, lightly
from penstock.cli.options import file_option, json_option, reading
from penstock.cli.output import note, show
from penstock.report.row_html import trace_page
from penstock.report.row_text import trace_lines
from penstock.report.row_views import trace_view

__all__ = ["trace"]


@click.command()
@click.argument("key")
@click.option(
    "--source", metavar="SOURCE", default="", help="The source that the key is of; needed where several have it."
)
@click.option("--run", "run", metavar="RUN", default="last", show_default=True, help="The run to look at.")
@click.option("--html", metavar="FILE", help="Write the whole of it to one self-contained page.")
@click.option("--all", "everything", is_flag=True, help="Show every value, not the first few.")
@file_option
@json_option
def trace(key: str, source: str, run: str, html: str | None, everything: bool, file: str | None, as_json: bool) -> None:
    """Follow one row through every step of a run.

    KEY is the row's key as its source declares it, several columns joined by `/`; a part of one lists those that
    hold it. Without a declared key, `#N` with --source names a row by its position.
    """
    with reading(file) as (settings, ledger), lightly():
        document = trace_view(Tracing(settings, ledger, run).trace(key, source))
    if html:
        Path(html).write_text(trace_page(document), encoding="utf-8")
        note(f"written to {html}")
    show(document, trace_lines(document, wide=everything), as_json=as_json)
