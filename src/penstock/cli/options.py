"""Options that several commands share, and the pipeline or ledger that they name."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from penstock.app.settings import Settings, open_ledger, reading_settings
from penstock.ports import Ledger

__all__ = [
    "file_option",
    "forced",
    "json_option",
    "parameters",
    "pipeline_option",
    "reading",
    "seed_option",
    "setting_option",
    "step_option",
    "stub_option",
    "targets",
]

F = TypeVar("F", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
file_option = click.option("-f", "--file", metavar="FILE", help="The pipeline file.")
setting_option = click.option(
    "--set", "sets", metavar="STEP.PARAMETER=VALUE", multiple=True, help="Set a parameter; may be given again."
)
seed_option = click.option("--seed", type=int, metavar="N", help="The run's seed (default: 0, or as set).")
forced = click.option(
    "--force", metavar="STEP", multiple=True, help="Run this step whatever is known; may be given again."
)
pipeline_option = click.option("--pipeline", metavar="NAME", default="", help="Of a valohai.yaml: this pipeline.")
stub_option = click.option(
    "--stub-inputs", is_flag=True, help="Of a valohai.yaml: inputs that are not here are empty files, to try its shape."
)
step_option = click.option("--step", metavar="NAME", default="", help="Of a valohai.yaml: this one step or task.")


def _no_files(context: click.Context, _: click.Parameter, named: tuple[str, ...]) -> tuple[str, ...]:
    for one in named:
        if one.endswith((".py", ".yaml", ".yml")):
            error = click.UsageError(f"`{one}` is a file, not a step or an artifact", ctx=context)
            error.hint = f"Write `{context.command_path} -f {one}`."  # type: ignore[attr-defined]
            raise error
    return named


targets = click.argument("targets", metavar="[TARGET]...", nargs=-1, callback=_no_files)


def parameters(sets: tuple[str, ...]) -> dict[str, str]:
    """`STEP.PARAMETER=VALUE` texts as a mapping. Raises a usage error for one without `=`."""
    found: dict[str, str] = {}
    for one in sets:
        name, equals, value = one.partition("=")
        if not equals or not name.strip():
            error = click.UsageError(f"--set {one}: there is no `=` after a parameter's name")
            error.hint = "Write `--set STEP.PARAMETER=VALUE`, as in `--set model.learning_rate=0.2`."  # type: ignore[attr-defined]
            raise error
        found[name.strip()] = value
    return found


@contextmanager
def reading(file: str | None) -> Iterator[tuple[Settings, Ledger]]:
    """The ledger that a reading command asks, and the settings that name it. The pipeline is not imported.

    Where a folder holds several pipelines, they share one ledger: which of them is meant need not be said.
    """
    settings = reading_settings(file)
    ledger = open_ledger(settings)
    try:
        yield settings, ledger
    finally:
        ledger.close()
