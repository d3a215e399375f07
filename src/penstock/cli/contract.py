"""`penstock contract freeze` and `penstock contract diff`."""

import click

from penstock.app.contracts import differences, freeze_run
from penstock.app.tracing import Tracing, lightly
from penstock.cli.options import file_option, json_option, reading
from penstock.cli.output import show
from penstock.report.contract_documents import ContractDiffDocument, FreezeDocument
from penstock.report.contract_text import contract_diff_lines, freeze_lines
from penstock.report.contract_views import diffed_view, frozen_view

__all__ = ["contract"]


@click.group()
def contract() -> None:
    """Freeze what rows look like, and hold later runs to it."""


_sources = click.argument("sources", metavar="[SOURCE]...", nargs=-1)
_run = click.option("--run", "run", metavar="RUN", default="last", show_default=True, help="The run to look at.")


@contract.command("freeze")
@_sources
@_run
@click.option("-o", "--output", metavar="FILE", default="", help="The file, for one source, relative to the pipeline.")
@click.option("--force", is_flag=True, help="Write over a file that says otherwise.")
@file_option
@json_option
def _freeze(sources: tuple[str, ...], run: str, output: str, force: bool, file: str | None, as_json: bool) -> None:
    """Write types, ranges, categories, null rates, uniqueness, row counts and freshness of a run's sources into files.

    Each SOURCE (all, if none is named) gets the file that it declares (`contract=`), else NAME.contract.yaml, beside the
    pipeline. Review it: ranges are wider than what was seen, categories are not.
    """
    with reading(file) as (settings, ledger), lightly():
        tracing = Tracing(settings, ledger, run)
        made = freeze_run(tracing, sources, file=output, overwrite=force)
        rows = {
            one.source: tracing.lineage.records(next(iter(tracing.lineage.nodes[one.source].outputs))) for one in made
        }
        document: FreezeDocument = {
            "run": tracing.run.id,
            "sources": [
                frozen_view(
                    one.table,
                    one.file,
                    held.rows if (held := rows[one.source]) is not None else 0,
                    written=one.changed,
                    declared=one.declared,
                )
                for one in made
            ],
        }
    show(document, freeze_lines(document), as_json=as_json)


@contract.command("diff")
@_sources
@_run
@file_option
@json_option
def _diff(sources: tuple[str, ...], run: str, file: str | None, as_json: bool) -> int:
    """Hold the sources of a run against their frozen contracts, and say what a new one would say otherwise.

    Ends with 1 where rows are not as a contract says.
    """
    with reading(file) as (settings, ledger), lightly():
        tracing = Tracing(settings, ledger, run)
        found = [diffed_view(*one) for one in differences(tracing, sources)]
        document: ContractDiffDocument = {
            "run": tracing.run.id,
            "held": not any(one["breaches"] for one in found),
            "sources": found,
        }
    show(document, contract_diff_lines(document), as_json=as_json)
    return 0 if document["held"] else 1
