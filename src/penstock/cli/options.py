"""Options that several commands share, and the pipeline or ledger that they name."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from penstock.app.settings import Settings, open_ledger, reading_settings
from penstock.ports import Ledger

__all__ = [
    "executor_option",
    "file_option",
    "forced",
    "json_option",
    "parameters",
    "pipeline_option",
    "reading",
    "rows_options",
    "said",
    "seed_option",
    "setting_option",
    "step_option",
    "stub_option",
    "targets",
]

F = TypeVar("F", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
executor_option = click.option(
    "--executor", metavar="NAME", help="Where steps run: local (processes), container, ray, or inline (here, to debug)."
)
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


def rows_options(command: F) -> F:
    """Options that declare of the rows of a plain script what `ps.source` declares."""
    for name, many, words in reversed(
        (
            ("key", True, "the column that names a row; may be given again"),
            ("time", False, "the column with the instant at which the prediction is asked for"),
            (
                "known-at",
                True,
                "COLUMN=CLOCK, a column that becomes known later, and the column that says when; may be given again",
            ),
            ("label", True, "the column that is predicted; may be given again"),
            ("group", True, "a column whose rows must not be on both sides; may be given again"),
            ("test", False, "the column that is true in rows of the test"),
        )
    ):
        default: Any = () if many else ""
        command = click.option(
            f"--{name}", metavar="COLUMN", multiple=many, default=default, help=f"Of a plain script: {words}."
        )(command)
    return command


def said(**options: Any) -> tuple[str, ...]:
    """What such options declare, in the words of a comment. Raises a usage error for a `known_at` without a clock."""
    found = []
    for name, value in options.items():
        if not value:
            continue
        if name == "known_at":
            pairs = dict([_pair(one) for one in value])
            found.append(f"known_at={pairs!r}")
        else:
            one = value if isinstance(value, str) else value[0] if len(value) == 1 else list(value)
            found.append(f"{name}={one!r}")
    return tuple(found)


def _pair(text: str) -> tuple[str, str]:
    column, equals, clock = text.partition("=")
    if not equals or not column or not clock:
        error = click.UsageError(f"--known-at {text}: a column, `=`, and the column that says when it becomes known")
        error.hint = "Write `--known-at fare=dropoff_at`; a delay is said in the file: `# penstock: known_at={…}`."  # type: ignore[attr-defined]
        raise error
    return column, clock


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
