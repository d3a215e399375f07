"""`penstock lint`."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from msgspec import structs

from penstock.app.limits import limit_problems
from penstock.app.recording import graph_record
from penstock.app.settings import Settings, cache_folder, find_settings
from penstock.checks.nodes import nodes_of
from penstock.checks.wiring import wiring
from penstock.cli.ending import body_of
from penstock.cli.options import file_option, json_option, parameters, setting_option
from penstock.cli.output import only_json, show
from penstock.declare.load import load
from penstock.declare.valohai import is_valohai, lint_valohai
from penstock.errors import ParameterError, PenstockError
from penstock.graph.bind import bind
from penstock.graph.graph import Graph, build
from penstock.model.step import Parameter, Step
from penstock.model.verdict import Finding
from penstock.plan.conversion import convert
from penstock.plan.parameters import settings_of, split_overrides
from penstock.report.check_views import finding_view
from penstock.report.documents import ErrorBody, LintDocument
from penstock.report.error_text import error_lines
from penstock.report.paint import Line, safe
from penstock.report.units import plural

__all__ = ["lint"]

_PLAIN: tuple[Any, ...] = (bool, float, int, str)


@click.command()
@setting_option
@file_option
@json_option
def lint(sets: tuple[str, ...], file: str | None, as_json: bool) -> int:
    """Load the pipeline and name every problem of it.

    Looks at declarations, at the binding of inputs, at circles, at limits that the settings say nothing of, and at
    parameters: those that must be given are problems unless --set gives them. Leaks that the graph alone tells of
    are warnings.
    """
    given = parameters(sets)
    settings = find_settings(file)
    assert settings.file is not None
    steps: Sequence[Step] = ()
    problems: list[PenstockError] = []
    warnings: list[PenstockError] = []
    notes: list[PenstockError] = []
    findings: list[Finding] = []
    with only_json(as_json):
        if is_valohai(settings.file):
            steps, problems, warnings, notes = lint_valohai(settings.file, settings.root, settings.state)
        else:
            try:
                steps = load(settings.file, settings.root, cache_folder(settings)).steps
            except PenstockError as error:
                problems.append(error)
            problems += _of_graph(steps)
            problems += limit_problems(steps, settings.limits)
            if not problems:
                graph = build(steps)
                findings, _ = wiring(nodes_of(graph_record(graph)))
                problems += _of_parameters(graph, given, settings)
    document: LintDocument = {
        "ok": not problems,
        "file": _shown(settings.file),
        "pipeline": settings.pipeline,
        "steps": [one.name for one in steps],
        "problems": [body_of(one) for one in problems],
        "warnings": [*[body_of(one) for one in warnings], *[_suspicion(one) for one in findings]],
        "notes": [body_of(one) for one in notes],
        "findings": [finding_view(one) for one in findings],
    }
    show(document, _lines(document), as_json=as_json)
    return 2 if problems else 0


def _suspicion(one: Finding) -> ErrorBody:
    return {"kind": one.check, "message": one.world, "where": one.where, "hint": one.hint}


def _of_graph(steps: Sequence[Step]) -> Iterator[PenstockError]:
    """Every input that nobody makes and every clash of names; circles once all inputs are bound."""
    try:
        build(steps)
        return
    except PenstockError as error:
        first = error
    bare = {one.name: structs.replace(one, inputs={}, parameters=()) for one in steps}
    found = False
    for one in steps if len(bare) == len(steps) else ():
        # Binding stops at the first problem: bind each step among the others' outputs alone.
        alone = one
        while True:
            try:
                bind({**bare, one.name: alone})
                break
            except PenstockError as error:
                found = True
                yield error
                rest = {name: wanted for name, wanted in alone.inputs.items() if f"`{wanted}`" not in error.what}
                if len(rest) == len(alone.inputs):
                    break
                alone = structs.replace(alone, inputs=rest)
    if not found:
        yield first


def _of_parameters(graph: Graph, given: Mapping[str, str], settings: Settings) -> Iterator[PenstockError]:
    try:
        said = split_overrides(graph, given)
    except PenstockError as error:
        yield error
        return
    for name, step in graph.steps.items():
        for one in step.parameters:
            try:
                if one.annotation in _PLAIN and one.default is not None and one.name not in said.get(name, {}):
                    _fits(step, one)
                settings_of(structs.replace(step, parameters=(one,)), said.get(name, {}), settings.seed, settings.root)
            except PenstockError as error:
                yield error


def _fits(step: Step, one: Parameter) -> None:
    # Only what `--set` would refuse as well; and only here, since Python lets a default be anything.
    try:
        convert(one.default, one.annotation)
    except ValueError as error:
        raise ParameterError(
            f"step `{step.name}`: the default of `{one.name}` is {one.default!r}: {error}",
            where=step.where,
            hint="Change the default or the annotation.",
        ) from None


def _lines(document: LintDocument) -> list[Line]:
    lines: list[Line] = []
    for mark, style, bodies in (("!", "warn", document["warnings"]), ("·", "dim", document["notes"])):
        for one in bodies:
            first, *rest = error_lines(one)
            lines += [[(f"{mark} ", style), *first[1:]], *rest]
    if document["ok"]:
        many = plural(len(document["steps"]), "step")
        said = "no problems" + (f", {plural(len(document['warnings']), 'warning')}" if document["warnings"] else "")
        return [*lines, [("✓ ", "good"), (safe(document["file"]), "name"), (f"  {many}, {said}", "")]]
    for one in document["problems"]:
        first, *rest = error_lines(one)
        lines += [[("✗ ", "bad"), *first[1:]], *rest]
    return [*lines, [], [(f"{plural(len(document['problems']), 'problem')} in {safe(document['file'])}", "dim")]]


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
