"""`penstock check` and `penstock replay`."""

import contextlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import click

import penstock
from penstock.app.leaks import failing
from penstock.app.pipeline import Pipeline
from penstock.app.replaying import replay as replay_finding
from penstock.app.scripts import BUDGET, LIMIT, check_script, is_script
from penstock.cli.options import file_option, json_option, parameters, rows_options, said, seed_option, setting_option
from penstock.cli.output import Counter, columns, note, only_json, show
from penstock.model.event import Event, Judging, RunStarted
from penstock.report.check_documents import CheckedDocument
from penstock.report.check_html import check_page
from penstock.report.check_text import checked_lines, replay_lines
from penstock.report.check_views import checked_view
from penstock.report.junit import junit
from penstock.report.live import Watch
from penstock.report.sarif import sarif
from penstock.report.script_text import script_lines

__all__ = ["check", "replay"]

_Files = tuple[str | None, str | None, str | None]
"""Where SARIF, JUnit XML and the page go."""


@click.command()
@click.argument("targets", metavar="[TARGET]...", nargs=-1)
@rows_options
@click.option("--only", metavar="CHECK", multiple=True, help="Ask only this check; may be given again.")
@click.option("--run", "run", metavar="RUN", default="", help="Check what this run made, and run nothing.")
@click.option(
    "--budget", type=float, metavar="SECONDS", help="How long checks may take (default: as long as it takes)."
)
@click.option(
    "--limit",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long a plain script may run (default: an hour; 0: as long as it takes).",
)
@click.option("--executor", metavar="NAME", help="Where steps run: local (processes), or inline (here, for debuggers).")
@click.option("--workers", type=click.IntRange(min=0), metavar="N", help="How many processes (0: as many as cores).")
@click.option("--sarif", "sarif_file", metavar="FILE", help="Write the findings as SARIF 2.1.0, for code scanning.")
@click.option("--junit", "junit_file", metavar="FILE", help="Write what each check came to as JUnit XML.")
@click.option("--html", metavar="FILE", help="Write the report as one self-contained page.")
@setting_option
@seed_option
@file_option
@json_option
def check(
    targets: tuple[str, ...],
    key: tuple[str, ...],
    time: str,
    known_at: tuple[str, ...],
    label: tuple[str, ...],
    group: tuple[str, ...],
    test: str,
    only: tuple[str, ...],
    run: str,
    budget: float | None,
    limit: float | None,
    executor: str | None,
    workers: int | None,
    sarif_file: str | None,
    junit_file: str | None,
    html: str | None,
    sets: tuple[str, ...],
    seed: int | None,
    file: str | None,
    as_json: bool,
) -> int:
    """Run what is not up to date, and look for proof of leaks.

    TARGET names steps or artifacts to check; without one, all are checked. Steps that deploy are never begun. The exit code is 1 if a
    finding is PROVEN and not waived.

    A plain script or a notebook as the first TARGET (`penstock check notebook.ipynb`) is run once, in a process of its own, and its
    functions that take tables are asked; what follows -- are the script's own arguments.
    """
    given = parameters(sets)
    declared = said(key=key, time=time, known_at=known_at, label=label, group=group, test=test)
    if targets and is_script(targets[0]):
        return _script(
            targets, declared, only, (budget, limit), file or "", (sarif_file, junit_file, html), as_json=as_json
        )
    targets, file = _pipeline_of(targets, file)
    if limit is not None:
        raise _usage("`--limit` is for plain scripts and notebooks", "A step of a pipeline has `timeout=`.")
    if declared:
        raise _usage(
            f"`{declared[0]}` is for plain scripts and notebooks", "A pipeline declares it at its `@ps.source`."
        )
    with only_json(as_json):
        pipeline = Pipeline.load(file, executor=executor)
        with _Progress() as progress:
            report = pipeline.check(
                targets,
                only=only,
                run=run,
                parameters=given,
                seed=seed,
                budget=budget,
                workers=workers,
                on_event=progress.on,
                command=("penstock", *sys.argv[1:]),
            )
    document: CheckedDocument = {"run": report.run, "pipeline": report.pipeline, **checked_view(report.checked)}
    graph = pipeline.graph
    edges = [(above, name) for name in graph.steps for above in graph.parents(name)]
    _written(document, edges, {name: step.kind for name, step in graph.steps.items()}, (sarif_file, junit_file, html))
    show(document, checked_lines(document, report.pipeline, columns()), as_json=as_json)
    return 1 if failing(pipeline.graph, report) else 0


def _script(
    targets: Sequence[str],
    declared: Sequence[str],
    only: Sequence[str],
    times: tuple[float | None, float | None],
    pipeline: str,
    files: _Files,
    *,
    as_json: bool,
) -> int:
    """Check a plain script or notebook."""
    if pipeline:
        raise _usage("-f names a pipeline, and a script was named as well", "Name one of the two.")
    budget, limit = times
    with Counter(sys.stderr) as counter:
        document = check_script(
            targets[0],
            said=declared,
            arguments=targets[1:],
            only=only,
            budget=BUDGET if budget is None else budget,
            limit=LIMIT if limit is None else limit,
            say=counter.say,
        )
    script = document["script"]
    asked = {one["function"]: "function" for one in script["functions"] if one["asked"]}
    edges = [(above, below) for above, below in script["edges"] if above in asked and below in asked]
    _written(document, edges, asked, files)
    show(document, script_lines(document, columns()), as_json=as_json)
    proven = any(one["verdict"] == "PROVEN" for one in document["findings"])
    return 1 if proven or any(one["failed"] for one in script["notes"]) else 0


def _pipeline_of(targets: tuple[str, ...], file: str | None) -> tuple[tuple[str, ...], str | None]:
    """The steps that were named, and the pipeline's file where it was named first, as a script would be."""
    if targets and targets[0].endswith((".py", ".yaml", ".yml")) and file is None:
        return targets[1:], targets[0]
    return targets, file


def _usage(text: str, hint: str) -> click.UsageError:
    error = click.UsageError(text)
    error.hint = hint  # type: ignore[attr-defined]
    return error


def _written(
    document: CheckedDocument, edges: Sequence[tuple[str, str]], kinds: Mapping[str, str], files: _Files
) -> None:
    written = {}
    sarif_file, junit_file, html = files
    if sarif_file:
        written[sarif_file] = sarif(document, penstock.__version__)
    if junit_file:
        written[junit_file] = junit(document)
    if html:
        written[html] = check_page(document, edges=edges, kinds=kinds)
    for path, text in written.items():
        Path(path).write_text(text, encoding="utf-8")
        note(f"written to {path}")


class _Progress:
    """Shows the run where one is needed, and how far the checks are; all of it on standard error."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._counter = self._stack.enter_context(Counter(sys.stderr))
        self._watch: Watch | None = None

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    def on(self, event: Event) -> None:
        """Take an event of the run or of the checks."""
        if isinstance(event, RunStarted):
            self._watch = self._stack.enter_context(Watch(sys.stderr, redraw=event.run.executor != "inline"))
        if self._watch is not None:
            self._watch.on(event)
        elif isinstance(event, Judging):
            self._counter.say(f"checked {event.done} of {event.total}: {event.text}")


@click.command()
@click.argument("finding")
@file_option
@json_option
def replay(finding: str, file: str | None, as_json: bool) -> int:
    """Do the counter-example of a finding again.

    FINDING is the id that a report gives. One step is called twice, by the code as it is now: on its inputs as they were, and with one thing altered. The
    exit code is 1 if the cell still moves, and 0 if the code was mended so that it does not.
    """
    with only_json(as_json):
        document = replay_finding(file, finding)
    show(document, replay_lines(document), as_json=as_json)
    return 1 if document["moved"] else 0
