"""`penstock trace`."""

from pathlib import Path

import click

from penstock.app.tracing import Tracing, lightly
from penstock.cli.options import file_option, json_option, reading
from penstock.cli.output import note, only_json, show
from penstock.model.trace import BUDGET
from penstock.report.row_html import trace_page
from penstock.report.row_text import cell_lines, forward_lines, trace_lines
from penstock.report.row_views import cell_view, forward_view, trace_view

__all__ = ["trace"]

_GIVEN = click.core.ParameterSource.COMMANDLINE


@click.command()
@click.argument("key")
@click.option(
    "--source", metavar="SOURCE", default="", help="The source that the key is of; needed where several have it."
)
@click.option(
    "--run", "run", metavar="RUN", help="The run to look at: the last, if none is named; with --forward, all."
)
@click.option("--cell", metavar="ARTIFACT.COLUMN", help="Name the source rows behind one value of the row.")
@click.option(
    "--budget",
    type=click.IntRange(min=1),
    default=BUDGET,
    show_default=True,
    metavar="N",
    help="With --cell: do steps again at most so often.",
)
@click.option("--forward", is_flag=True, help="List all that the row reached in every run, models included.")
@click.option("--html", metavar="FILE", help="Write the way of the row to one self-contained page.")
@click.option("--all", "everything", is_flag=True, help="Show every value, not the first few.")
@file_option
@json_option
@click.pass_context
def trace(
    context: click.Context,
    key: str,
    source: str,
    run: str | None,
    cell: str | None,
    budget: int,
    forward: bool,
    html: str | None,
    everything: bool,
    file: str | None,
    as_json: bool,
) -> None:
    """Follow one row through every step of a run.

    KEY is the row's key as its source declares it, several columns joined by `/`; a part of one lists those that
    hold it. Without a declared key, `#N` with --source names a row by its position.

    With --cell, steps are done again on their recorded inputs, altered in memory, to see what moves the value; nothing
    of that is kept. Otherwise stored tables are read, and a step is done again only where nothing else tells whether
    it keeps the order of its rows.
    """
    _refuse(context, cell=cell is not None, forward=forward)
    with reading(file) as (settings, ledger), lightly():
        tracing = Tracing(settings, ledger, run or "last")
        if forward:
            reached = forward_view(tracing.forward(key, source, every_run=run is None))
            show(reached, forward_lines(reached), as_json=as_json)
            return
        with only_json(as_json):  # steps that are done again may print
            if cell is not None:
                behind = cell_view(tracing.cell(key, cell, source, budget))
            else:
                document = trace_view(tracing.trace(key, source))
    if cell is not None:
        show(behind, cell_lines(behind), as_json=as_json)
        return
    if html:
        Path(html).write_text(trace_page(document), encoding="utf-8")
        note(f"written to {html}")
    show(document, trace_lines(document, wide=everything), as_json=as_json)


def _refuse(context: click.Context, *, cell: bool, forward: bool) -> None:
    """Raise `UsageError` for options that ask for two things at once, or for something that has no such option."""
    if cell and forward:
        raise click.UsageError(
            "--cell tells what stands behind a value, --forward what a row reached: ask for one of them."
        )
    given = {name for name in ("html", "everything", "budget") if context.get_parameter_source(name) is _GIVEN}
    if given & {"html", "everything"} and (cell or forward):
        option = "--html" if "html" in given else "--all"
        raise click.UsageError(
            f"{option} is for the way of a row: leave it out, or leave out {'--cell' if cell else '--forward'}."
        )
    if "budget" in given and not cell:
        raise click.UsageError("--budget bounds how often --cell does steps again: it needs --cell ARTIFACT.COLUMN.")
