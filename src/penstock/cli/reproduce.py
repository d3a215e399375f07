"""`penstock reproduce`."""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from penstock.app.rebuilding import rebuild
from penstock.app.recording import environment
from penstock.app.reproducing import Compared, Reproduction
from penstock.app.reproducing import reproduce as do_again
from penstock.app.settings import Settings, open_store
from penstock.app.since import changed_packages
from penstock.cli.options import file_option, json_option, reading, targets
from penstock.cli.output import note, only_json, show
from penstock.cli.watching import Watched, run_watched
from penstock.model.run import Run
from penstock.report.history_documents import ComparedDocument, ReproduceDocument
from penstock.report.moved_metrics import moved_metric
from penstock.report.reproduce_text import reproduce_lines
from penstock.report.run_diff import imported_packages, why_reasons
from penstock.report.units import plural
from penstock.report.views import failure_view

__all__ = ["reproduce"]


@click.command()
@click.argument("run")
@targets
@click.option("--executor", metavar="NAME", help="Where steps run (default: where they ran then).")
@click.option("--workers", type=click.IntRange(min=0), metavar="N", help="How many processes (0: as many as cores).")
@click.option("--rebuild", "built", is_flag=True, help="Build the recorded environment with uv first, and run in it.")
@click.option("--keep", is_flag=True, help="Keep the folder in which it happens, and name it.")
@file_option
@json_option
def reproduce(
    run: str,
    targets: tuple[str, ...],
    executor: str | None,
    workers: int | None,
    built: bool,
    keep: bool,
    file: str | None,
    as_json: bool,
) -> int:
    """Do a run again from what it stored, and compare the digests.

    Sources come from the run's snapshot, not from the project as it is now; nothing of the project or its ledger
    changes. A step whose raw file has changed since is taken from the store. Says what differs: in the results, in the
    environment, and in the project's code since then. Ends with 1 where the results are not equal, or none could be
    compared.

    RUN is its id or the beginning of it, its name, a tag, or `last`. TARGET names steps or artifacts, if only a part is
    to be done again.
    """
    with reading(file) as (settings, ledger):
        found = ledger.run(run)
        if built and (differing := changed_packages(found, environment())):
            note(f"not as it was then: {plural(len(differing), 'package')}")
            return _elsewhere(settings, found)
        if built:
            note("the environment is that of the run already")
        outcome: list[Reproduction] = []
        with only_json(as_json):

            def go(watched: Watched) -> str:
                outcome.append(
                    do_again(
                        settings, ledger, open_store(settings), found.id, targets, executor=executor, workers=workers,
                        keep=keep, on_event=watched,
                    )
                )  # fmt: skip
                return found.id

            redraw = executor != "inline" and found.executor != "inline"
            named = ["-f", file] if file else []
            words = shlex.join(["reproduce", run, *targets, *named])  # no run is left that could be resumed
            run_watched(go, redraw=redraw, as_json=as_json, again=f"penstock {words}")
        done = [row["execution"] for row in ledger.steps(found.id) if row["execution"] is not None]
        document = _document(outcome[0], imported_packages(ledger, done))
    show(document, reproduce_lines(document), as_json=as_json)
    return 0 if document["status"] == "equal" else 1


def _elsewhere(settings: Settings, run: Run) -> int:
    """Call the same command in the environment of the run."""
    with tempfile.TemporaryDirectory(prefix="penstock-environment-") as folder:
        interpreter = rebuild(run.environment, Path(folder), note)
        words = [word for word in sys.argv[1:] if word != "--rebuild"]
        command = [str(interpreter), "-P", "-m", "penstock.cli", *words]
        done = subprocess.run(command, env={**os.environ, "PENSTOCK_STATE": str(settings.state)}, check=False)
        return done.returncode


def _document(made: Reproduction, imported: set[str]) -> ReproduceDocument:
    return {
        "run": made.run.id,
        "pipeline": made.run.pipeline,
        "status": made.status,
        "seconds": made.seconds,
        "artifacts": [_compared(one) for one in made.artifacts],
        "figures": [_compared(one) for one in made.figures],
        "metrics": [moved_metric(name, *pair) for name, pair in made.metrics.items()],
        "failures": [
            {"step": step, "before": failure_view(then), "after": failure_view(now)}
            for step, (then, now) in made.failures.items()
        ],
        "given": list(made.given),
        "left": list(made.left),
        "files": [
            {"step": one.step, "path": one.path, "parameter": one.parameter, "gone": one.gone} for one in made.files
        ],
        "moved": list(made.moved),
        "environment": [
            {"package": name, "before": before, "after": after, "reached": name in imported}
            for name, before, after in made.packages
        ],
        "machine": {"before": made.machine[0], "after": made.machine[1]},
        "since": [{"step": step, "reasons": why_reasons(reasons)} for step, reasons in made.code.items()],
        "commits": list(made.commit),
        "folder": made.folder,
    }


def _compared(one: Compared) -> ComparedDocument:
    return {
        "step": one.step,
        "artifact": one.artifact,
        "verdict": one.verdict,
        "before": one.before,
        "after": one.after,
        "bytes_differ": one.bytes_differ,
        "reasons": why_reasons(one.reasons),
    }
