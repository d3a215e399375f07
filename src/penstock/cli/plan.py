"""`penstock plan` and `penstock why`."""

import click

from penstock.app.foreseen import foreseen
from penstock.app.pipeline import Pipeline
from penstock.app.recording import graph_record
from penstock.checks.nodes import nodes_of
from penstock.checks.wiring import wiring
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
from penstock.cli.output import note, only_json, show
from penstock.errors import UnknownName, did_you_mean
from penstock.report.plan_text import plan_lines, why_lines
from penstock.report.plans import plan_view, why_view

__all__ = ["plan", "why"]


@click.command()
@targets
@setting_option
@executor_option
@seed_option
@forced
@file_option
@pipeline_option
@step_option
@stub_option
@json_option
def plan(
    targets: tuple[str, ...],
    sets: tuple[str, ...],
    executor: str | None,
    seed: int | None,
    force: tuple[str, ...],
    file: str | None,
    pipeline: str,
    step: str,
    stub_inputs: bool,
    as_json: bool,
) -> None:
    """Say what would run, and why, before anything runs.

    TARGET names steps or artifacts: the plan is for them and all that they need. Without one, it is for everything. A container's
    image is part of a step's work, so name the executor of the run that is meant where it is not the one that is set.
    Leaks that the graph alone tells of are named as well, and the checks that would be asked.
    """
    given = parameters(sets)
    with only_json(as_json):
        loaded = Pipeline.load(file, pipeline=pipeline, step=step, stub_inputs=stub_inputs, executor=executor)
        plan = loaded.plan(targets, parameters=given, force=force, seed=seed, say=note)
        document = plan_view(plan, wiring(nodes_of(graph_record(loaded.graph)))[0], foreseen(loaded, plan))
    lines = plan_lines(document, loaded.settings.pipeline, checked=loaded.settings.checks != "off")
    show(document, lines, as_json=as_json)


@click.command()
@click.argument("step")
@setting_option
@executor_option
@seed_option
@forced
@file_option
@pipeline_option
@click.option("--step", "only", metavar="NAME", default="", help="Of a valohai.yaml: this one step or task.")
@stub_option
@json_option
def why(
    step: str,
    sets: tuple[str, ...],
    executor: str | None,
    seed: int | None,
    force: tuple[str, ...],
    file: str | None,
    pipeline: str,
    only: str,
    stub_inputs: bool,
    as_json: bool,
) -> None:
    """Say why one step would run, with the difference of its code."""
    given = parameters(sets)
    with only_json(as_json):
        loaded = Pipeline.load(file, pipeline=pipeline, step=only, stub_inputs=stub_inputs, executor=executor)
        steps = loaded.graph.steps
        if step not in steps:
            raise UnknownName(f"there is no step `{step}`", hint=did_you_mean(step, steps))
        made = loaded.plan((step,), parameters=given, force=force, seed=seed, say=note)
        document = why_view(made, step)
    show(document, why_lines(document), as_json=as_json)
