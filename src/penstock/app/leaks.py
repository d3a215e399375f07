"""A pipeline checked for leaks: what is not up to date is run, and all that was made is judged."""

from collections.abc import Callable
from typing import Any

from penstock.app.checking import Judge
from penstock.app.counting import with_rows
from penstock.app.executors import make_executor
from penstock.app.failing import failing_of
from penstock.app.recording import graph_record
from penstock.app.workspace import Workspace
from penstock.checks.pairs import judgeable
from penstock.checks.report import Report
from penstock.errors import CodeChanged, NotFound
from penstock.graph.graph import Graph
from penstock.model.bench import Asked
from penstock.model.event import Checked, Event
from penstock.model.run import Execution, Run
from penstock.model.verdict import Finding
from penstock.plan.plan import Plan
from penstock.ports import Ledger
from penstock.report.check_documents import CheckedDocument
from penstock.report.check_html import check_fragment
from penstock.report.check_text import checked_lines
from penstock.report.check_views import checked_view, merged
from penstock.report.paint import ansi, plain

__all__ = ["LeakReport", "checked_of", "counted", "failing", "judge_run", "left_out", "up_to_date"]


class LeakReport(Report):
    """What the checks found of a pipeline's run (`run` is its id), and what was tried.

    Prints itself as the command line does; shows itself in notebooks, with the counter-examples.
    """

    __slots__ = ("checked", "failing", "pipeline", "run")

    def __init__(self, run: str, pipeline: str, checked: Checked | None, graph: Graph | None = None) -> None:
        super().__init__(checked.findings if checked else (), checked.results if checked else ())
        self.run, self.pipeline, self.checked = run, pipeline, checked
        self.failing = tuple(failing_of(checked, graph_record(graph)) if graph is not None else self.proven)

    def raise_if_proven(self) -> None:
        """Raise `LeakProven` if any finding is PROVEN that fails a run: of `rows` and `schema`, where a contract says so."""
        if self.failing:
            super().raise_if_proven()

    def document(self) -> dict[str, Any]:
        """The report as plain values, as `penstock check --json` writes them."""
        found: CheckedDocument = {"run": self.run, "pipeline": self.pipeline, **checked_view(self.checked)}
        return dict(found)

    @property
    def verdict(self) -> Any:
        """The worst of all that was not waived: PROVEN, SUSPECT, UNKNOWN, then CLEAN."""
        return checked_view(self.checked)["verdict"]

    def __str__(self) -> str:
        lines = checked_lines(checked_view(self.checked), self.pipeline)
        return "\n".join([plain(line).rstrip() for line in lines])

    def _repr_html_(self) -> str:
        return check_fragment(checked_view(self.checked))

    def __rich__(self) -> Any:
        from rich.text import Text

        lines = checked_lines(checked_view(self.checked), self.pipeline)
        return Text.from_ansi("\n".join([ansi(line).rstrip() for line in lines]))


def failing(graph: Graph, report: LeakReport) -> list[Finding]:
    """The findings that fail the run: what is proven and was not waived; of `rows` and `schema`, where a contract says so."""
    return failing_of(report.checked, graph_record(graph))


def left_out(graph: Graph) -> list[str]:
    """The steps that hand something to the outside, and those below: no check begins them."""
    below = graph.below([name for name, step in graph.steps.items() if step.kind == "deploy"])
    return [name for name in graph.steps if name in below]


def up_to_date(work: Workspace, plan: Plan) -> str:
    """The last run of the pipeline, if it did just what the plan would reuse; else ""."""
    if plan.runs:
        return ""
    newest = work.ledger.runs(1, work.settings.pipeline)
    if not newest:
        return ""
    keys = {row["step"]: row["key"] for row in work.ledger.steps(newest[0]["run"])}
    same = all(keys.get(one.step) == one.key for one in plan.decisions)
    return str(newest[0]["run"]) if same else ""


def judge_run(
    work: Workspace,
    plan: Plan,
    run: str,
    asked: Asked,
    *,
    executor: str = "",
    workers: int | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> Checked | None:
    """Judge what a run made, by the steps as they are now; what was found is written down with the run.

    Raises `CodeChanged` for a step that would come out otherwise than it did in that run.
    """
    found = work.ledger.run(run)
    done = _done(work.ledger, found, plan)
    settings = work.settings
    running = make_executor(
        executor or settings.executor, settings, work.store, workers=workers, step_of=plan.graph.steps.__getitem__
    )
    checked: Checked | None = None
    try:
        judge = Judge(settings, work.ledger, work.store, plan, found, running, asked, work.waivers())
        for event in judge(done):
            if isinstance(event, Checked):
                checked = event
                work.ledger.record(found.id, [event])
            if on_event is not None:
                on_event(event)
    finally:
        running.close()
    return checked


def counted(work: Workspace, run: str, asked: Asked, checked: Checked | None) -> Checked | None:
    """What checks said of a run, with what became of its rows, where that was asked for. None where nothing can be judged."""
    if (asked.only and "rows" not in asked.only) or not judgeable(work.whole.steps.values()):
        return checked
    if checked is None:
        checked = Checked(depth=asked.depth)
    return with_rows(work.settings, work.ledger, run, checked, work.waivers(), asked.steps)


def _done(ledger: Ledger, run: Run, plan: Plan) -> dict[str, Execution]:
    """What each step did in a run. Raises `CodeChanged` where its work has another key now, `NotFound` where none did any."""
    done: dict[str, Execution] = {}
    for row in ledger.steps(run.id):
        name, execution = row["step"], row["execution"]
        if execution is None or name not in plan.works:
            continue
        now = plan[name]
        if now.key and now.key != execution.key:
            reason = now.reasons[0].what if now.reasons else "it changed"
            raise CodeChanged(
                f"step `{name}` is not what it was in run {run.id}: {reason}",
                where=plan.graph.steps[name].where,
                hint="Check the pipeline as it is now: `penstock check`.",
            )
        done[name] = execution
    if not done:
        raise NotFound(f"run {run.id} made nothing that could be checked", hint=f"See `penstock show {run.id}`.")
    return done


def checked_of(ledger: Ledger, run: str) -> Checked | None:
    """What the checks said of a run (whole id); None where nothing was asked."""
    return merged([one.event for one in ledger.events(run, kinds=[Checked]) if isinstance(one.event, Checked)])
