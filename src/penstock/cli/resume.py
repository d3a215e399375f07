"""`penstock resume`, `penstock cancel` and `penstock approve`."""

import sys
from pathlib import Path

import click

from penstock.app.answering import approve as approve_step
from penstock.app.answering import decline
from penstock.app.launching import cancel as cancel_run
from penstock.app.pipeline import Pipeline
from penstock.cli.options import file_option, json_option, reading
from penstock.cli.output import only_json, show
from penstock.cli.watching import Watched, closing, run_watched
from penstock.errors import PipelineNotFound
from penstock.report.documents import ApproveDocument
from penstock.report.tally import Tally, done_before
from penstock.report.views import find_step

__all__ = ["approve", "cancel", "resume"]


@click.command()
@click.argument("run")
@click.option(
    "--executor",
    metavar="NAME",
    help="Where steps run (default: as set now; where they ran, if in containers or on Ray).",
)
@click.option("--address", metavar="ADDRESS", help="Of a Ray cluster, for `--executor ray`.")
@click.option("--workers", type=click.IntRange(min=0), metavar="N", help="How many processes (0: as many as cores).")
@click.option("--max-parallel", type=click.IntRange(min=0), metavar="N", help="How many steps at once (0: no limit).")
@click.option(
    "--keep-going/--fail-fast", default=None, help="After a failure: run what does not depend on it (default), or stop."
)
@file_option
@json_option
def resume(
    run: str,
    executor: str | None,
    address: str | None,
    workers: int | None,
    max_parallel: int | None,
    keep_going: bool | None,
    file: str | None,
    as_json: bool,
) -> int:
    """Go on with a run that failed or was stopped.

    Targets, parameters and seed are those of the run; what it has done is reused. RUN is its id or the beginning of it,
    its name, a tag, or `last`.
    """
    with reading(file) as (settings, ledger):
        earlier = ledger.run(run)
        tally = Tally(done_before(ledger.steps(earlier.id)))
    path = file or _pipeline_of(earlier.file, earlier.root, settings.file)
    with only_json(as_json):
        # In a container the same step is other work: what is done could not be kept elsewhere.
        there = executor or (earlier.executor if earlier.executor in ("container", "ray") else None)
        pipeline = Pipeline.load(path, **earlier.choice, executor=there, address=address, state=str(settings.state))
        inline = pipeline.settings.executor == "inline"

        def go(watched: Watched) -> str:
            return pipeline.run(
                resume=earlier.id,
                workers=workers,
                keep_going=keep_going,
                max_parallel=max_parallel,
                on_event=watched,
                command=("penstock", *sys.argv[1:]),
            ).run

        tally = run_watched(go, redraw=not inline, as_json=as_json, tally=tally)
    return closing(pipeline.settings, tally, as_json=as_json)


@click.command()
@click.argument("run", default="last")
@file_option
@json_option
def cancel(run: str, file: str | None, as_json: bool) -> None:
    """Stop a run of another terminal, or of the page.

    It is asked to stop as by Ctrl-C: steps that run are ended, what is done stays done; asked again, it stops at once. RUN is its
    id or the beginning of it, its name, a tag, or `last`. It must go on on this machine; one that waits for approval ends at once.
    """
    with reading(file) as (settings, ledger):
        waits = ledger.status(ledger.run(run).id) == "waiting"
        document = cancel_run(settings, run)
    lines = [
        [
            ("✓ ", "good"),
            (f"run {document['run']} {'waits no more: it is cancelled' if waits else 'was asked to stop'}", ""),
        ],
        [("  go on:   ", "dim"), (document["next"], "code")],
    ]
    show(document, lines, as_json=as_json)


@click.command()
@click.argument("run")
@click.argument("step")
@click.option("--decline", "no", is_flag=True, help="Say no: the run ends as failed.")
@file_option
@json_option
def approve(run: str, step: str, no: bool, file: str | None, as_json: bool) -> None:
    """Let a step go on that waits for approval, or decline it.

    RUN is a run's id or the beginning of it, its name, a tag, or `last`. The run itself goes on with `penstock resume RUN`.
    """
    with reading(file) as (_, ledger):
        found = ledger.run(run).id
        find_step(ledger, found, step)
        by = decline(ledger, found, step) if no else ""
        if not no:
            approve_step(ledger, found, step)
    follow = f"penstock resume {found}"
    document: ApproveDocument = {"run": found, "step": step, "approved": not no, "next": follow}
    if no:
        lines = [
            [("✗ ", "bad"), (step, "name"), (f" of run {found} was declined by {by}: the run has failed", "")],
            [("  ask again: ", "dim"), (follow, "code")],
        ]
        show(document, lines, as_json=as_json)
        return
    show(
        document,
        [
            [("✓ ", "good"), (step, "name"), (f" of run {found} may go on", "")],
            [("  go on:   ", "dim"), (follow, "code")],
        ],
        as_json=as_json,
    )


def _pipeline_of(file: str, root: str, found: Path | None) -> str:
    """Where the pipeline of a run is now: where it was, or beside the state folder that it was found by."""
    if not file:
        raise PipelineNotFound(
            "this run came from a pipeline composed in Python", hint="Resume it there: `run(resume=…)`."
        )
    path = Path(root) / file
    if path.is_file() or found is None:
        return str(path)
    return str(found)
