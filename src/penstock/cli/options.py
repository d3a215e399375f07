"""Options that several commands share, and the pipeline or ledger that they name."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from penstock.app.settings import Settings, find_settings, open_ledger
from penstock.errors import PipelineNotFound
from penstock.ports import Ledger

__all__ = [
    "file_option",
    "forced",
    "json_option",
    "parameters",
    "reading",
    "reading_settings",
    "seed_option",
    "setting_option",
    "targets",
]

F = TypeVar("F", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
file_option = click.option("-f", "--file", metavar="FILE", help="The pipeline file.")
setting_option = click.option(
    "--set", "sets", metavar="STEP.PARAMETER=VALUE", multiple=True, help="Set a parameter; may be given again."
)
seed_option = click.option("--seed", type=int, help="The run's seed (default: 0, or as set).")
forced = click.option(
    "--force", metavar="STEP", multiple=True, help="Run this step whatever is known; may be given again."
)
targets = click.argument("targets", metavar="[TARGET]...", nargs=-1)


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


def reading_settings(file: str | None) -> Settings:
    """The settings of the pipeline, or of the state folder that is here."""
    try:
        return find_settings(file)
    except PipelineNotFound:
        here = Path.cwd()
        state = Path(os.environ.get("PENSTOCK_STATE") or here / ".penstock").absolute()
        if file is not None or not (state / "ledger.db").exists():
            raise
        return Settings(root=here, file=None, state=state, pipeline="")
