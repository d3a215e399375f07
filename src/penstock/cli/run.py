"""`penstock run`."""

import sys

import click

from penstock.app.labels import bearers
from penstock.app.pipeline import Pipeline
from penstock.app.settings import Settings, open_ledger
from penstock.cli.options import (
    executor_option,
    file_option,
    forced,
    json_option,
    parameters,
    pipeline_option,
    seed_option,
    setting_option,
    step_option,
    stub_option,
    targets,
)
from penstock.cli.output import note, only_json
from penstock.cli.watching import Watched, closing, run_watched
from penstock.errors import NotFound
from penstock.report.version_text import name_elsewhere, taken_name

__all__ = ["run"]


@click.command()
@targets
@setting_option
@executor_option
@click.option(
    "--address", metavar="ADDRESS", help="Of a Ray cluster, with `--executor ray` (a new one here, if not given)."
)
@click.option("--workers", type=click.IntRange(min=0), metavar="N", help="How many processes (0: as many as cores).")
@click.option("--max-parallel", type=click.IntRange(min=0), metavar="N", help="How many steps at once (0: no limit).")
@seed_option
@forced
@click.option(
    "--keep-going/--fail-fast", default=None, help="After a failure: run what does not depend on it (default), or stop."
)
@click.option(
    "--checks",
    type=click.Choice(["quick", "full", "off"]),
    help="How much to check for leaks: quick (default) takes a tenth of the time, full as long as it takes.",
)
@click.option("--name", metavar="NAME", default="", help="A name for the run, by which it can be shown.")
@click.option(
    "--tag",
    "tags",
    metavar="TAG",
    multiple=True,
    help="A tag for the run, or ARTIFACT@TAG for what it makes; may be given again.",
)
@file_option
@pipeline_option
@step_option
@stub_option
@click.option("--mount", is_flag=True, help="Of a valohai.yaml: commands find their folders under /valohai (Linux).")
@json_option
def run(
    targets: tuple[str, ...],
    sets: tuple[str, ...],
    executor: str | None,
    address: str | None,
    workers: int | None,
    max_parallel: int | None,
    seed: int | None,
    force: tuple[str, ...],
    keep_going: bool | None,
    checks: str | None,
    name: str,
    tags: tuple[str, ...],
    file: str | None,
    pipeline: str,
    step: str,
    stub_inputs: bool,
    mount: bool,
    as_json: bool,
) -> int:
    """Run what has to run, and reuse the rest.

    TARGET names steps or artifacts: they are made, with all that they need. Without one, everything is.
    """
    given = parameters(sets)
    with only_json(as_json):
        loaded = Pipeline.load(
            file,
            pipeline=pipeline,
            step=step,
            stub_inputs=stub_inputs,
            mount=mount,
            executor=executor,
            address=address,
        )
        inline = loaded.settings.executor == "inline"
        before = _bearer(loaded.settings, name) if name else ""

        def go(watched: Watched) -> str:
            return loaded.run(
                targets,
                parameters=given,
                force=force,
                workers=workers,
                seed=seed,
                keep_going=keep_going,
                max_parallel=max_parallel,
                name=name,
                tags=tags,
                on_event=watched,
                command=("penstock", *sys.argv[1:]),
                checks=checks,
                say=note,
            ).run

        tally = run_watched(go, redraw=not inline, as_json=as_json)
    code = closing(loaded.settings, tally, as_json=as_json)
    if name and tally.run is not None:
        now = _bearer(loaded.settings, name)
        if now not in ("", tally.run.id):
            note(name_elsewhere(name, now, tally.run.id))
        elif before:
            note(taken_name(name, before))
    return code


def _bearer(settings: Settings, name: str) -> str:
    """The run that bears a name now, "" if none does."""
    try:
        ledger = open_ledger(settings)
    except NotFound:  # nothing has run here yet
        return ""
    try:
        return next(iter(bearers(ledger, name)), "")
    finally:
        ledger.close()
