"""`penstock logs`."""

import shlex
import sys
import time

import click

from penstock.cli.options import json_option, reading
from penstock.cli.output import note, show
from penstock.report.following import Follower
from penstock.report.logs import find_log, logs_view, read_log
from penstock.report.units import plural

__all__ = ["logs"]

_PAUSE = 0.2  # seconds between two looks at a log that grows
_WORDS = {
    "tolerated": "failed, which is tolerated: see `penstock show {run} --step {step}`",
    "failed": "failed: see `penstock show {run} --step {step}`",
    "cancelled": "was stopped; go on with `penstock resume {run}`",
    "died": "stands still: the process that ran it died; go on with `penstock resume {run}`",
    "held": "waits for approval: `penstock approve {run} {step}`",
}


@click.command()
@click.argument("run")
@click.argument("step")
@click.option("-f", "--follow", is_flag=True, help="Go on printing until the step has ended, through all attempts.")
@click.option(
    "--attempt", type=click.IntRange(min=1), default=None, metavar="N", help="Which attempt (default: the last)."
)
@click.option("--file", metavar="FILE", help="The pipeline file.")
@json_option
def logs(run: str, step: str, follow: bool, attempt: int | None, file: str | None, as_json: bool) -> None:
    """Print what a step printed.

    RUN is a run's id or the beginning of it, its name, a tag, or `last`. Where the step was reused, the output of the run that
    did the work is printed. With -f, the run may go on in another process, and the step may not have begun.
    """
    with reading(file) as (settings, ledger):
        if follow and _follow(Follower(ledger, run, step, settings.state, attempt or 0), step, quiet=as_json):
            return
        log = find_log(ledger, run, step, attempt or 0)
        if as_json:
            show(logs_view(log, settings.state), [], as_json=True)
            return
        printed = 0
        for piece in read_log(log.span, settings.state, growing=not log.over):
            printed += len(piece)
            _write(piece)
        parts = [row["step"] for row in ledger.steps(log.run) if row["step"].startswith(f"{step}[")]
        if parts:
            made_in = (
                run if log.run == ledger.run(run).id else log.run
            )  # where it was reused, the parts are of that run
            note(f"`{step}` became {plural(len(parts), 'part')}: see `penstock logs {made_in} '{parts[0]}'`, and so on")
        elif not printed:
            note(f"`{step}` printed nothing")


def _follow(follower: Follower, step: str, *, quiet: bool) -> bool:
    """Print what comes, until nothing more does (with `quiet`, only wait); False where it is to be found elsewhere."""
    waiting, shown = True, 0
    while True:
        for number, piece in follower.look():
            if number != shown and number > 1 and not quiet:
                note(f"attempt {number} of `{step}`")
            shown = number
            if not quiet:
                _write(piece)
        if follower.done:
            break
        if not follower.current and waiting and not quiet:
            waiting = False
            note(f"`{step}` has not begun: waiting for it")
        time.sleep(_PAUSE)
    if quiet or not follower.current:
        return False
    if not shown:
        note(f"`{step}` printed nothing")
    if follower.state in _WORDS:
        words = _WORDS[follower.state].format(run=follower.run, step=shlex.quote(step))
        note(f"`{step}` {words}")
    return True


def _write(data: bytes) -> None:
    """Bytes as they were printed, which may be no UTF-8."""
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(data.decode("utf-8", "replace"))
    else:
        sys.stdout.flush()
        buffer.write(data)
        buffer.flush()
