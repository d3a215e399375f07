"""`penstock logs`."""

import sys
import time
from pathlib import Path

import click

from penstock.cli.options import json_option, reading
from penstock.cli.output import note, show
from penstock.errors import NotFound
from penstock.ports import Ledger
from penstock.report.logs import find_log, logs_view, read_log
from penstock.report.units import plural

__all__ = ["logs"]

_PAUSE = 0.2  # seconds between two looks at a log that grows


@click.command()
@click.argument("run")
@click.argument("step")
@click.option("-f", "--follow", is_flag=True, help="Go on printing until the step has ended.")
@click.option(
    "--attempt", type=click.IntRange(min=1), default=None, metavar="N", help="Which attempt (default: the last)."
)
@click.option("--file", metavar="FILE", help="The pipeline file.")
@json_option
def logs(run: str, step: str, follow: bool, attempt: int | None, file: str | None, as_json: bool) -> None:
    """Print what a step printed.

    RUN is a run's id or the beginning of it, its name, or `last`. Where the step was reused, the output of the run that
    did the work is printed.
    """
    with reading(file) as (settings, ledger):
        if follow:
            _follow(ledger, run, step, attempt or 0, settings.state, quiet=as_json)
        log = find_log(ledger, run, step, attempt or 0)
        if as_json:
            show(logs_view(log, settings.state), [], as_json=True)
        elif not follow:
            printed = 0
            for piece in read_log(log.span, settings.state):
                printed += len(piece)
                _write(piece)
            parts = [row["step"] for row in ledger.steps(log.run) if row["step"].startswith(f"{step}[")]
            if parts:
                note(f"`{step}` became {plural(len(parts), 'part')}: see `penstock logs {run} '{parts[0]}'`, and so on")
            elif not printed:
                note(f"`{step}` printed nothing")


def _follow(ledger: Ledger, run: str, step: str, attempt: int, state: Path, *, quiet: bool) -> None:
    """Print a log as it grows, from its beginning, until its attempt has ended. With `quiet`, only wait."""
    found = ledger.run(run).id  # `last` may be another one later
    printed, shown = 0, 0
    while True:
        try:
            log = find_log(ledger, found, step, attempt)
        except NotFound:
            if attempt or ledger.status(found) != "running" or step not in {row["step"] for row in ledger.steps(found)}:
                raise
            time.sleep(_PAUSE)  # it has not begun
            continue
        if log.attempt != shown:
            printed, shown = 0, log.attempt
        for piece in read_log(log.span, state, printed):
            printed += len(piece)
            if not quiet:
                _write(piece)
        if log.over or ledger.status(found) != "running":
            return
        time.sleep(_PAUSE)


def _write(data: bytes) -> None:
    """Bytes as they were printed, which may be no UTF-8."""
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(data.decode("utf-8", "replace"))
    else:
        sys.stdout.flush()
        buffer.write(data)
        buffer.flush()
