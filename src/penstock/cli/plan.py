"""`penstock plan` and `penstock why`."""

import click

from penstock.app.pipeline import Pipeline
from penstock.cli.options import file_option, forced, json_option, parameters, seed_option, setting_option, targets
from penstock.cli.output import only_json, show
from penstock.errors import UnknownName, did_you_mean
from penstock.report.plan_text import plan_lines, why_lines
from penstock.report.plans import plan_view, why_view

__all__ = ["plan", "why"]


@click.command()
@targets
@setting_option
@seed_option
@forced
@file_option
@json_option
def plan(
    targets: tuple[str, ...],
    sets: tuple[str, ...],
    seed: int | None,
    force: tuple[str, ...],
    file: str | None,
    as_json: bool,
) -> None:
    """Say what would run, and why, before anything runs.

    TARGET names steps or artifacts: the plan is for them and all that they need. Without one, it is for everything.
    """
    given = parameters(sets)
    with only_json(as_json):
        pipeline = Pipeline.load(file)
        document = plan_view(pipeline.plan(targets, parameters=given, force=force, seed=seed))
    show(document, plan_lines(document, pipeline.settings.pipeline), as_json=as_json)


@click.command()
@click.argument("step")
@setting_option
@seed_option
@forced
@file_option
@json_option
def why(
    step: str, sets: tuple[str, ...], seed: int | None, force: tuple[str, ...], file: str | None, as_json: bool
) -> None:
    """Say why one step would run, with the difference of its code."""
    given = parameters(sets)
    with only_json(as_json):
        pipeline = Pipeline.load(file)
        steps = pipeline.graph.steps
        if step not in steps:
            raise UnknownName(f"there is no step `{step}`", hint=did_you_mean(step, steps))
        document = why_view(pipeline.plan((step,), parameters=given, force=force, seed=seed), step)
    show(document, why_lines(document), as_json=as_json)
