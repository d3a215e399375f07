"""What a run came to: its status, and its values."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from penstock.app.settings import Settings
from penstock.app.told import Told
from penstock.app.values import load_value
from penstock.errors import NotFound, StepFailed, did_you_mean
from penstock.model.artifact import Stored
from penstock.model.event import Checked, Noted
from penstock.model.step import Step
from penstock.model.task import Failure
from penstock.model.trace import BUDGET
from penstock.model.verdict import Finding
from penstock.ports import Ledger, Store
from penstock.report.check_views import merged
from penstock.report.views import run_view, untolerated

__all__ = ["RunResult", "find_stored"]


class RunResult:
    """A run that ended. `run` is its id, `status` one of succeeded, failed, cancelled, waiting."""

    def __init__(
        self,
        run: str,
        status: str,
        ledger: Ledger,
        store: Store,
        settings: Settings,
        broken: Sequence[Finding] = (),
        declared: Mapping[str, Step] | None = None,
    ) -> None:
        self.run = run
        self.status = status
        self._ledger, self._store, self._settings = ledger, store, settings
        self._broken = tuple(broken)
        self._declared = declared  # of a pipeline that no file holds
        self._steps: list[dict[str, Any]] | None = None
        self._drawn: dict[str, list[Noted]] = {}

    def _repr_html_(self) -> str:
        from penstock.report.graphs import graph_view
        from penstock.report.notebook_html import run_fragment

        document = run_view(self._ledger, self.run)
        graph = graph_view(self._ledger.run(self.run))
        return run_fragment(document, [(one["source"], one["target"]) for one in graph["edges"]])

    @property
    def steps(self) -> dict[str, dict[str, Any]]:
        """Each step's row, by name: status (of what failed and waits for people's word: failed), reasons, attempts, seconds, metrics, error and more."""
        if self._steps is None:
            rows = self._ledger.steps(self.run)
            asked = untolerated(rows)
            self._steps = [{**row, "status": "failed"} if row["step"] in asked else row for row in rows]
        return {row["step"]: row for row in self._steps}

    @property
    def metrics(self) -> dict[str, float]:
        """All metrics of the run, as `step.metric`."""
        found: dict[str, float] = {}
        for name, row in self.steps.items():
            for metric, value in (row["metrics"] or {}).items():
                found[f"{name}.{metric}"] = value
        return found

    def stored(self, artifact: str) -> Stored:
        """How an artifact of this run is stored. Raises `NotFound` with close matches."""
        return find_stored(self.run, self.steps.values(), artifact)[1]

    def __getitem__(self, artifact: str) -> Any:
        return load_value(self.stored(artifact), self._ledger, self._store)

    def figure(self, name: str) -> Any:
        """A figure, by `step.name`: `.data` holds its bytes and `.media_type` says of what; notebooks show it.

        Raises `NotFound` with close matches.
        """
        known: dict[str, Stored] = {}
        for step, row in self.steps.items():
            run = row["execution"].run if row["execution"] is not None else self.run
            if run not in self._drawn:
                self._drawn[run] = [one for one in _events(self._ledger, run) if one.figure is not None]
            for one in self._drawn[run]:
                # a task's id is run/step/attempt, and a step's name may hold a slash
                if one.figure is not None and one.task.partition("/")[2].rpartition("/")[0] == step:
                    known[f"{step}.{one.name}"] = one.figure
        if name not in known:
            hint = did_you_mean(name, known) or "`ps.figure(fig, name)` in a step keeps one."
            raise NotFound(f"run {self.run} drew no figure `{name}`", hint=hint)
        return load_value(known[name], self._ledger, self._store)

    def trace(self, key: str, source: str = "") -> Told:
        """The way of one row through every step, as `penstock trace --json` tells it; shown as a table, and as a page in
        notebooks. `source` names the source of the key where several have it.

        Raises `NotFound` with candidates or close matches, `ContractError` for a key that names several rows.
        """
        found: Told = self._followed().trace(key, source)
        return found

    def cell(self, key: str, cell: str, source: str = "", *, budget: int = BUDGET) -> Told:
        """The source rows behind one value of a row, `cell` being `ARTIFACT.COLUMN`, by doing steps again at most `budget`
        times; `exact` where each of them alone moves the value, and all others together do not.

        Raises `NotFound` for a row or column that is not there, `StepFailed` where a step can't be done again.
        """
        found: Told = self._followed().cell(key, cell, source, budget)
        return found

    def forward(self, key: str, source: str = "", *, every_run: bool = True) -> Told:
        """All that a row reached, models included: in every run of the pipeline, or in this one.

        Raises `NotFound` where no run holds the row.
        """
        found: Told = self._followed().forward(key, source, every_run=every_run)
        return found

    def rows(self, *steps: str) -> Told:
        """What became of the rows of each step's inputs (all steps, if none are named): kept, dropped, multiplied, new.

        Raises `UnknownName` for a step that the run has not.
        """
        found: Told = self._followed().rows(steps)
        return found

    def _followed(self) -> Any:
        from penstock.app.followed import Followed

        return Followed(self._settings, self._ledger, self.run, self._store, self._declared)

    def _tracing(self) -> Any:
        return self._followed().tracing

    def raise_if_failed(self) -> "RunResult":
        """This result, if the run succeeded. Raises `StepFailed` for the first step that failed, `LeakProven` where a check has
        proven a leak that is not waived, `ContractBroken` where one proved what the contract of a source says to fail on (`fail_on`)."""
        self.raise_if_steps_failed()
        checked = merged(
            [one.event for one in self._ledger.events(self.run, kinds=[Checked]) if isinstance(one.event, Checked)]
        )
        if checked is not None and checked.findings:
            from penstock.app.failing import failing_of, leak_error

            leaks = failing_of(checked, self._ledger.run(self.run).graph)
            if leaks:
                raise leak_error(leaks)
        if self._broken:
            from penstock.app.counting import broken_error

            raise broken_error(self._broken)
        return self

    def raise_if_steps_failed(self) -> None:
        """Raise `StepFailed` for the first step that failed, whatever checks say."""
        for name, row in self.steps.items():
            if row["status"] == "failed":
                error = row["error"] or Failure("Unknown", "it ended without a reason")
                raise StepFailed(
                    f"step `{name}` failed: {error.kind}: {error.message}",
                    where=error.where,
                    hint=f"Mend it and run again, or `penstock resume {self.run}`.",
                    traceback=error.traceback,
                )

    def close(self) -> None:
        """Let go of the ledger: values that were not asked for yet can't be loaded any more."""
        self._ledger.close()

    def __repr__(self) -> str:
        failed = [f"{name}: {_words(row['error'])}" for name, row in self.steps.items() if row["status"] == "failed"]
        more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        return f"<run {self.run} {self.status}{f' ({failed[0]}{more})' if failed else ''}>"


def find_stored(run: str, steps: Iterable[Mapping[str, Any]], artifact: str) -> tuple[str, Stored]:
    """The full name of an artifact among the steps of a run, and how it is stored. Raises `NotFound` with close matches."""
    known: dict[str, Stored] = {}
    short: dict[str, list[str]] = {}
    states: dict[str, str] = {}
    failures: dict[str, Failure | None] = {}
    for row in steps:
        states[row["step"]] = row["status"]
        failures[row["step"]] = row.get("error")
        execution = row["execution"]
        for one in execution.outputs if execution is not None else ():
            known[one.artifact] = one.stored
            short.setdefault(one.artifact.rpartition(".")[2], []).append(one.artifact)
    if artifact in known:
        return artifact, known[artifact]
    if len(short.get(artifact, [])) == 1:
        return short[artifact][0], known[short[artifact][0]]
    what = f"run {run} made no `{artifact}`"
    if len(short.get(artifact, [])) > 1:
        what = f"run {run} made more than one `{artifact}`"
        raise NotFound(what, hint="Say which: " + ", ".join([f"`{one}`" for one in short[artifact]]) + ".")
    if states.get(artifact) in ("succeeded", "tolerated", "reused"):  # it has several outputs, each with a name
        parts = ", ".join([f"`{one}`" for one in known if one.startswith(f"{artifact}.")])
        raise NotFound(f"{what}: that step makes several artifacts", hint=f"Name one: {parts}.")
    state = states.get(artifact)
    if state == "failed":
        error = failures[artifact]
        what += f": that step failed: {_words(error)}"
        raise NotFound(what, where=error.where if error else "", hint=f"See `penstock logs {run} {artifact}`.")
    what += f": that step is {state}" if state else ""
    raise NotFound(what, hint=did_you_mean(artifact, known) or f"See `penstock show {run}`.")


def _words(error: Failure | None) -> str:
    """An error in a few words, on one line."""
    if error is None:
        return "it ended without a reason"
    return f"{error.kind}: {error.message}".strip().splitlines()[0][:300]


def _events(ledger: Ledger, run: str) -> list[Noted]:
    return [record.event for record in ledger.events(run, kinds=[Noted]) if isinstance(record.event, Noted)]
