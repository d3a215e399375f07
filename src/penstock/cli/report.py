"""`penstock report`."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from penstock.app.counting import add_rows
from penstock.app.pictures import pictures_of
from penstock.app.settings import Settings, open_store
from penstock.cli.options import file_option, json_option, reading
from penstock.cli.output import show
from penstock.model.task import LogSpan
from penstock.ports import Ledger
from penstock.report.history_documents import WrittenDocument
from penstock.report.logs import read_log
from penstock.report.run_diff import artifact_step, figures_of, side_of
from penstock.report.run_html import run_page
from penstock.report.units import size
from penstock.report.views import previous_metrics, run_view, steps_view

__all__ = ["report", "write_page"]

_TOLD = 300  # steps that are told one by one
_LOG = 60_000  # bytes of the end of a log


@click.command()
@click.argument("run", default="last")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write it (default: report-RUN.html).",
)
@click.option(
    "--html", "page", metavar="[FILE]", is_flag=False, flag_value="", help="The same, as other commands call it."
)
@file_option
@json_option
def report(run: str, output: Path | None, page: str | None, file: str | None, as_json: bool) -> None:
    """Write a run down as one HTML file.

    It tells graph, steps, logs, metrics, figures, code and environment. The file needs nothing else and can be sent around: it holds its pictures, and neither a script nor anything from
    another place. RUN is its id or the beginning of it, its name, a tag, or `last`, which it is if none is given.
    """
    with reading(file) as (settings, ledger):
        side = side_of(ledger, run)
        document = run_view(ledger, side.run.id, now=time.time())
        add_rows(settings, ledger, document, look=True)
        wanted = [one for one in document["steps"] if not one["parent"] or one["status"] == "failed"]
        telling = sorted(wanted, key=lambda one: one["status"] != "failed")[:_TOLD]
        details = steps_view(ledger, side.run.id, {one["step"] for one in telling})
        before_run, before = (
            previous_metrics(ledger, side.run.pipeline, side.run.id) if document["metrics"] else ("", {})
        )
        text = run_page(
            document,
            details,
            edges=[
                (artifact_step(side, artifact), name)
                for name, about in side.run.graph.items()
                for artifact in about.get("inputs", {}).values()
            ],
            logs=_logs(ledger, settings, side.run.id, {one["step"]["step"]: one["made_in"] for one in details}),
            pictures=pictures_of(figures_of(ledger, side), ledger, open_store(settings)),
            before=before,
            before_run=before_run,
            diff=side.run.diff,
        )
    output = output or (Path(page) if page else None)
    write_page(output or Path(f"report-{document['run']}.html"), text, [document["run"]], as_json=as_json)


def write_page(path: Path, text: str, runs: list[str], *, as_json: bool) -> None:
    """Write a page down and say so."""
    data = text.encode("utf-8", "replace")
    path.write_bytes(data)
    document: WrittenDocument = {"file": str(path), "bytes": len(data), "runs": runs}
    show(document, [[("✓ ", "good"), (str(path), "code"), (f"  {size(len(data))}", "dim")]], as_json=as_json)


def _logs(ledger: Ledger, settings: Settings, run: str, made_in: Mapping[str, str]) -> dict[str, str]:
    """What each step printed where it was done: the end of it, where it is long."""
    rows: dict[str, dict[str, Any]] = {}
    for one in {run, *made_in.values()} - {""}:
        rows[one] = {row["step"]: row for row in ledger.steps(one)}
    found = {}
    for step, where in made_in.items():
        row = rows.get(where or run, {}).get(step) or rows[run][step]
        span: LogSpan | None = row["log"]
        if span is None:
            continue
        start = max(span.size - _LOG, 0)
        text = b"".join(read_log(span, settings.state, start)).decode("utf-8", "replace")
        found[step] = f"… {size(start)} before this …\n{text}" if start else text
    return found
