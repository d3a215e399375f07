"""A counter-example done again: one step, on its inputs as they were and with one thing altered."""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from penstock.app.checking import bench_steps
from penstock.app.executors import make_executor
from penstock.app.pipeline import Pipeline
from penstock.app.scripts import is_script, kept_findings, replay_script
from penstock.app.settings import Settings, open_ledger, reading_settings
from penstock.app.values import load_value
from penstock.app.workspace import Request, Workspace
from penstock.errors import NotFound, PenstockError, StepFailed, UnknownName, did_you_mean
from penstock.model.artifact import Stored
from penstock.model.bench import Bench, Replayed, ReplayRequest
from penstock.model.digest import combine
from penstock.model.event import Checked
from penstock.model.run import Run
from penstock.model.step import Entry
from penstock.model.task import Ended, Task
from penstock.model.verdict import Finding
from penstock.ports import Executor, Ledger
from penstock.report.check_documents import ReplayDocument
from penstock.report.check_views import finding_view

__all__ = ["replay"]

_LIMIT = 600.0  # seconds for two calls of one step


def replay(file: str | None, finding: str) -> ReplayDocument:
    """Do the counter-example of a finding again, by the code as it is now. `file` is the pipeline's, where it must be said.

    Raises `NotFound` with close matches for a finding that no run has, or whose counter-example is not kept any more;
    `UnknownName` where its step is no longer there. A finding of a plain script or notebook is done again by running that once more.
    """
    scripted = kept_findings(file)
    named = [name for name in scripted if name.startswith(finding)]
    if len(named) == 1:
        return replay_script(named[0], scripted[named[0]])
    if scripted and (file is None or is_script(file)) and not _has_ledger(file):
        raise NotFound(
            f"no script here has a finding `{finding}`", hint=did_you_mean(finding, scripted) or "Check it anew."
        )
    settings = reading_settings(file)
    ledger = open_ledger(settings)
    try:
        run, found, evidence = _find(ledger, finding)
    finally:
        ledger.close()
    pipeline = Pipeline.load(file or _file_of(run, settings), **run.choice, state=str(settings.state))
    graph = pipeline.graph
    if found.step not in graph.steps:
        raise UnknownName(
            f"the pipeline has no step `{found.step}` any more", hint=did_you_mean(found.step, graph.steps)
        )
    work = Workspace(pipeline.settings, graph, pipeline.sourced)
    try:
        told = _asked(work, run, found, evidence)
    finally:
        work.ledger.close()
    if told.reason.startswith("the step fails"):
        raise StepFailed(f"finding {found.id} can't be done again: {told.reason}", hint="Mend the step, and ask again.")
    return {
        "finding": finding_view(found),
        "run": run.id,
        "moved": told.moved,
        "before": told.before,
        "after": told.after,
        "reason": told.reason,
    }


def _has_ledger(file: str | None) -> bool:
    try:
        open_ledger(reading_settings(file)).close()
    except PenstockError:
        return False
    return True


def _asked(work: Workspace, run: Run, found: Finding, evidence: Stored) -> Replayed:
    settings = work.settings
    plan, _ = work.plan(Request(parameters=run.overrides, seed=run.seed))
    steps = bench_steps(plan, {})
    path = next((one.entry.path for one in steps if one.entry.kind == "file"), "")
    data = msgspec.msgpack.encode(Bench(tuple(steps), ReplayRequest(found.id, evidence)))
    task = Task(
        id=f"{run.id}/replay {found.id}/1",
        run=run.id,
        step=f"replay {found.id}",
        attempt=1,
        key=combine("replay", [run.id, found.id, str(time.time_ns())]),
        code="",
        entry=Entry("check", path, "replay", data),
        seed=run.seed,
        root=str(settings.root),
        log=str(settings.state / "logs" / "again") + "/",
        timeout=_LIMIT,
    )
    executor = make_executor(settings.executor, settings, work.store, workers=1, step_of=plan.graph.steps.__getitem__)
    try:
        ended = _done(executor, task)
    finally:
        executor.close()
    if ended.status != "succeeded":
        failure = ended.failure
        raise StepFailed(
            f"finding {found.id} can't be done again: "
            + (f"{failure.kind}: {failure.message}" if failure is not None else ended.reason or ended.status),
            where=failure.where if failure is not None else "",
            hint="Ask anew with `penstock check`.",
        )
    return msgspec.msgpack.decode(load_value(ended.outputs[0], work.ledger, work.store), type=Replayed)


def _done(executor: Executor, task: Task) -> Ended:
    executor.submit(task)
    while True:
        for event in executor.events(1.0):
            if isinstance(event, Ended) and event.task == task.id:
                return event


def _find(ledger: Ledger, name: str) -> tuple[Run, Finding, Stored]:
    """The newest finding of an id (or of the beginning of one), its run and its counter-example."""
    known: dict[str, None] = {}
    for run, checked in _judged(ledger):
        for one in checked.findings:
            if one.id and one.id.startswith(name):
                evidence = checked.evidence.get(one.id)
                if evidence is None:
                    raise NotFound(
                        f"finding {one.id} ({one.check}, step `{one.step}`) has no counter-example to do again",
                        hint=f"It is told by `penstock show {run}`.",
                    )
                return ledger.run(run), one, evidence
            known[one.id] = None
    hint = did_you_mean(name, [one for one in known if one]) or "`penstock check` finds anew, and names what it finds."
    raise NotFound(f"no run has a finding `{name}`", hint=hint)


def _judged(ledger: Ledger) -> Iterator[tuple[str, Checked]]:
    for row in ledger.runs(1_000_000):
        events = [one.event for one in ledger.events(row["run"], kinds=[Checked]) if isinstance(one.event, Checked)]
        for event in reversed(events):
            yield row["run"], event


def _file_of(run: Run, settings: Settings) -> str | None:
    path = Path(run.root or settings.root) / run.file
    return str(path) if run.file and path.is_file() else None
