"""Rows of the runs of a ledger, for commands and notebooks: stored tables are read, the pipeline is not imported."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from penstock.app.again import Redo, asking_task
from penstock.app.answers import Answers
from penstock.app.settings import Settings, open_store
from penstock.app.values import LedgerReader, load_value
from penstock.checks.waiving import waived
from penstock.errors import MissingExtra, PenstockError, UnknownName, did_you_mean, extra_hint
from penstock.model.account import Account
from penstock.model.artifact import Stored
from penstock.model.question import KeyQuestion, OrderQuestion, Question
from penstock.model.run import Run
from penstock.model.step import Step
from penstock.model.task import Input, Task
from penstock.model.trace import BUDGET, Cell, Forward, Trace
from penstock.model.verdict import CheckResult, Finding
from penstock.model.waiver import Waiver
from penstock.ports import Ledger, Store
from penstock.trace.findings import checks, findings

__all__ = ["Counted", "Tracing", "lightly", "rows_known"]

_ROWED = ("polars", "pandas", "arrow", "numpy", "sparse", "plain", "tree")


class Counted(NamedTuple):
    """The rows of a run by step, what of it people should look at, and what the `rows` check says of each step."""

    accounts: list[Account]
    findings: list[Finding]
    checks: list[CheckResult]


def rows_known(settings: Settings, run: Run, made: Mapping[str, str]) -> Counted | None:
    """The rows of a run that has `made` these artifacts (name → digest), where they were counted before: of it, or of another run that
    made the same by the same graph. None if nobody has asked. Imports nothing heavy."""
    folder = _folder(settings)
    if not folder.is_dir():
        return None
    answers = Answers(folder)
    known = answers.get(_of_run(answers, run, made))
    try:
        found = msgspec.msgpack.decode(known, type=tuple[list[Account], list[Finding]]) if known is not None else None
    except msgspec.MsgspecError:
        return None
    return _counted(run, *found) if found is not None else None


def _counted(run: Run, accounts: list[Account], findings: list[Finding]) -> Counted:
    return Counted(accounts, _let_pass(run, [_again(one, run) for one in findings]), checks(accounts, findings))


def _let_pass(run: Run, findings: Sequence[Finding]) -> list[Finding]:
    """The findings, with the reasons of those that the pipeline waived as it was when it ran."""
    waivers = [msgspec.convert(one, Waiver) for said in run.graph.values() for one in said.get("waivers", ())]
    found, _ = waived(findings, (), waivers, date.today(), steps=run.graph, checks=["rows"])  # noqa: DTZ011 - a day where people are
    return list(found)


def _again(finding: Finding, run: Run) -> Finding:
    """A finding whose command shows it again when other runs came after."""
    return msgspec.structs.replace(finding, replay=f"{finding.replay} --run {run.id}") if finding.replay else finding


def _of_run(answers: Answers, run: Run, made: Mapping[str, str]) -> str:
    steps = {name: {one: what for one, what in said.items() if one != "waivers"} for name, said in run.graph.items()}
    graph = msgspec.json.encode(steps, order="deterministic").decode()
    return answers.key("run", graph, *[one for pair in sorted(made.items()) for one in pair])


def _folder(settings: Settings) -> Path:
    return settings.state / "cache" / "rows"


class _Absent:
    """Finds no pandas while it stands first among the finders."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:  # noqa: ARG002
        if name == "pandas":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


_ABSENT = _Absent()


@contextmanager
def lightly() -> Iterator[None]:
    """For a command that only reads: let pyarrow not import pandas, which it does wherever it makes a value, and which
    takes longer than the look itself."""
    sys.meta_path.insert(0, _ABSENT)
    try:
        yield
    finally:
        _allow_pandas()


def _allow_pandas() -> None:
    if _ABSENT in sys.meta_path:
        sys.meta_path.remove(_ABSENT)


class Tracing:
    """What can be asked of the rows of one run. `steps` are those of a pipeline that no file holds.

    Raises `MissingExtra` where pyarrow is not installed, `NotFound` for a run that is not there.
    """

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        run: str = "last",
        store: Store | None = None,
        steps: Mapping[str, Step] | None = None,
    ) -> None:
        try:
            from penstock.trace.lineage import Lineage
        except ImportError as error:
            raise MissingExtra(
                f"following rows needs {error.name or 'pyarrow'}",
                hint=extra_hint("frames"),
            ) from None
        self.settings, self.ledger, self._steps = settings, ledger, steps
        self.store = store if store is not None else open_store(settings)
        self.answers = Answers(_folder(settings))
        self.run = ledger.run(run)
        self.lineage = Lineage(self.run, ledger.steps(self.run.id), self.load, self._aligned)
        self._runner: Redo | None = None

    def load(self, stored: Stored) -> Any:
        """The rows of a stored value; None where it has none."""
        from penstock.codecs.glance import glance
        from penstock.values.records import records

        if stored.codec not in _ROWED or stored.about.pickled:
            return None
        found = glance(stored, LedgerReader(stored, self.ledger, self.store))
        if found is None:
            _allow_pandas()  # its codec may need it
            found = records(load_value(stored, self.ledger, self.store))
        return found

    def _task(self, node: Any, question: Question) -> Task:
        """The task that asks a step a question about what it did in this run."""
        execution = node.execution
        inputs = [
            Input(argument, artifact, self.lineage.stored[artifact]) for argument, artifact in node.inputs.items()
        ]
        return asking_task(self.settings, self.ledger, self.run, execution, inputs, question, self._steps)

    def _redo(self) -> Redo:
        _allow_pandas()  # steps may run in this process
        return Redo(self.settings, self.ledger, self.store, self.answers)

    @contextmanager
    def probing(self) -> Iterator[None]:
        """While it lasts, whether a step keeps the order of its rows is tried where nothing else tells."""
        with self._redo() as runner:
            self._runner = runner
            try:
                yield
            finally:
                self._runner = None

    def _aligned(self, step: str, argument: str, output: str, key: tuple[str, ...] = ()) -> bool | None:
        """What a probe says of a step and the order of its rows, or their `key`; None without one, or where the step can't be done again."""
        node = self.lineage.nodes[step]
        if self._runner is None or node.execution is None or node.kind in ("source", "train", "evaluate"):
            return None
        at = list(node.outputs).index(output)
        question = KeyQuestion(at, argument, key) if key else OrderQuestion(at, argument)
        try:
            (ended,) = self._runner.perform([self._task(node, question)])
            answer = (
                self._runner.value(ended.outputs[0])["carried" if key else "aligned"]
                if ended.status == "succeeded"
                else None
            )
        except PenstockError:
            return None
        return None if answer is None else bool(answer)

    def cell(self, key: str, cell: str, source: str = "", budget: int = BUDGET) -> Cell:
        """The source rows behind one value, `cell` being `ARTIFACT.COLUMN`, by doing steps again at most `budget` times.

        Raises `NotFound` for a row or column that is not there, `StepFailed` where a step can't be done again."""
        from penstock.trace.cell import behind
        from penstock.trace.locate import locate

        name, full, rows = locate(self.lineage, key, source)
        with self.probing():
            assert self._runner is not None
            return behind(self.lineage, self._runner, self._task, name, full, rows, cell, budget)

    def forward(self, key: str, source: str = "", *, every_run: bool = True) -> Forward:
        """All that a row reached: in this run, or in every run of the pipeline."""
        from penstock.trace.forward import forward

        return forward(self._lineages() if every_run else [self.lineage], key, source)

    def _lineages(self) -> Iterator[Any]:
        """Runs of the pipeline, newest first, but those that hold nothing that another does not."""
        seen: set[str] = set()
        for row in self.ledger.runs(1_000_000, self.run.pipeline):
            one = Tracing(self.settings, self.ledger, row["run"], self.store)
            mine = {stored.identity for stored in one.lineage.stored.values()}
            if mine - seen:
                seen |= mine
                yield one.lineage

    def trace(self, key: str, source: str = "", *, probe: bool = True) -> Trace:
        """The way of a row. Raises `NotFound` with candidates or close matches, `ContractError` for a key that names
        several rows. Without `probe`, no step is done again, and what only that could tell is unknown."""
        from penstock.trace.follow import follow
        from penstock.trace.locate import locate

        name, full, rows = locate(self.lineage, key, source)
        with self.probing() if probe else nullcontext():
            return follow(self.lineage, name, full, rows)

    def accounts(self, steps: Sequence[str] = ()) -> list[Account]:
        """What became of the rows of each step's inputs (of `steps`, where given), found out once for equal content.

        Raises `UnknownName` for a step that the run has not."""
        for name in steps:
            if name not in self.lineage.nodes:
                raise UnknownName(
                    f"run {self.run.id} has no step `{name}`", hint=did_you_mean(name, self.lineage.nodes)
                )
        found: list[Account] = []
        for node in self.lineage.order:
            if not steps or node.name in steps:
                found.extend(self._accounts_of(node))
        return found

    def _accounts_of(self, node: Any) -> list[Account]:
        from penstock.trace.accounts import step_accounts

        if node.kind == "source" or node.execution is None:
            return []
        key = self.answers.key(*self._question(node))
        known = self.answers.get(key)
        if known is not None:
            try:
                return msgspec.msgpack.decode(known, type=list[Account])
            except msgspec.MsgspecError:
                pass
        found = step_accounts(self.lineage, node)
        if not self.lineage.missing:
            self.answers.put(key, msgspec.msgpack.encode(found))
        return found

    def _question(self, node: Any) -> list[str]:
        """All that the accounts of a step depend on: what went in and came out, its kind, and the contracts above."""
        parts = ["accounts", node.name, node.kind, node.where]
        for argument, artifact in node.inputs.items():
            stored = self.lineage.stored.get(artifact)
            parts += [argument, artifact, stored.identity if stored is not None else ""]
        for artifact, role in node.outputs.items():
            stored = self.lineage.stored.get(artifact)
            parts += [artifact, role, stored.identity if stored is not None else ""]
        above = sorted({one for artifact in node.inputs.values() for one in self.lineage.sources_of(artifact)})
        return [*parts, *[repr(self.lineage.pacts[one]) for one in above]]

    def findings(self, accounts: Sequence[Account]) -> list[Finding]:
        """What of the accounts people should look at, and sources whose key does not name their rows."""
        from penstock.trace.accounts import key_findings

        return _let_pass(
            self.run, [_again(one, self.run) for one in (*key_findings(self.lineage), *findings(accounts))]
        )

    def counted(self) -> Counted:
        """The accounts of every step and the findings, kept for who shows the run: see `rows_known`."""
        from penstock.trace.accounts import key_findings

        accounts = self.accounts()
        found = [*key_findings(self.lineage), *findings(accounts)]
        if not self.lineage.missing:
            made = {artifact: stored.digest for artifact, stored in self.lineage.stored.items()}
            self.answers.put(_of_run(self.answers, self.run, made), msgspec.msgpack.encode((accounts, found)))
        return _counted(self.run, accounts, found)

    def losses(self, source: str) -> tuple[int, list[Account]]:
        """How many rows a source has, and the accounts of the steps that those rows pass. Raises `UnknownName`."""
        pacts = self.lineage.pacts
        if source not in pacts:
            raise UnknownName(f"run {self.run.id} has no source `{source}`", hint=did_you_mean(source, pacts))
        held = self.lineage.records(next(iter(self.lineage.nodes[source].outputs)))
        mine = []
        for one in self.accounts():
            if source in self.lineage.sources_of(one.artifact) and self._carries(one, source):
                mine.append(one)
        return held.rows if held is not None else 0, mine

    def _carries(self, account: Account, source: str) -> bool:
        """Whether the rows of an account's input are those of a source."""
        pact = self.lineage.pacts[source]
        if pact.key:
            return self.lineage.column_of(account.artifact, source) is not None
        return account.main or self.lineage.sources_of(account.artifact) == frozenset([source])
