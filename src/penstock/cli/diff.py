"""`penstock diff`."""

import time
from pathlib import Path

import click

from penstock.app.differing import Comparer
from penstock.app.pictures import pictures_of
from penstock.app.settings import open_store
from penstock.cli.options import file_option, json_option, reading
from penstock.cli.output import show
from penstock.cli.report import write_page
from penstock.errors import NotFound, did_you_mean
from penstock.report.diff_html import diff_page
from penstock.report.diff_text import diff_lines
from penstock.report.run_diff import diff_view, figures_of, side_of

__all__ = ["diff"]


@click.command()
@click.argument("before")
@click.argument("after", default="last")
@click.option(
    "--artifact",
    "artifacts",
    metavar="ARTIFACT",
    multiple=True,
    help="Look only into this one's data; may be given again.",
)
@click.option(
    "--data/--no-data", default=True, help="Whether to look into artifacts that differ (default), or only name them."
)
@click.option(
    "--html",
    "html",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it to one HTML file, figures side by side.",
)
@file_option
@json_option
def diff(
    before: str, after: str, artifacts: tuple[str, ...], data: bool, html: Path | None, file: str | None, as_json: bool
) -> None:
    """Hold two runs against each other.

    Says what differs in parameters, code (as a diff by step), environment, data (rows and columns added, gone and
    changed, with examples), metrics and figures. BEFORE and AFTER are runs: an id or the beginning of it, a name, a
    tag, or `last`, which AFTER is if it is not given.
    """
    with reading(file) as (settings, ledger):
        one, other = side_of(ledger, before), side_of(ledger, after)
        known = [*other.made, *[name for name in one.made if name not in other.made]]
        for name in artifacts:
            if name not in known:
                raise NotFound(f"neither run has an artifact `{name}`", hint=did_you_mean(name, known))
        store = open_store(settings)
        compare = Comparer(ledger, store) if data else None
        document = diff_view(ledger, one, other, compare, artifacts=artifacts, now=time.time())
        if html is not None:
            drawn = [pictures_of(figures_of(ledger, side), ledger, store) for side in (one, other)]
            text = diff_page(document, drawn[0], drawn[1])
    if html is not None:
        write_page(html, text, [one.run.id, other.run.id], as_json=as_json)
        return
    show(document, diff_lines(document), as_json=as_json)
