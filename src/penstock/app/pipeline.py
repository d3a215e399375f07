"""A pipeline in the hand: load it, plan it, run it, take its values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import structs

from penstock.app.executors import make_executor
from penstock.app.interrupts import Interrupts
from penstock.app.recording import GitState, environment, graph_record, machine, new_run_id, snapshot
from penstock.app.result import RunResult
from penstock.app.settings import Settings, find_settings, open_ledger, open_store, unbound_settings
from penstock.declare.closure import Closures
from penstock.declare.load import Declared, from_dict, load, steps_of
from penstock.declare.python import Declaration, declaration_of
from penstock.errors import DeclarationError, LedgerError, NotFound, UnknownName, did_you_mean
from penstock.graph.graph import Graph, build
from penstock.model.event import Approved, Event
from penstock.model.run import Run
from penstock.plan.decide import Work
from penstock.plan.files import Stats
from penstock.plan.memory import Past
from penstock.plan.parameters import seed_of, settings_of, split_overrides
from penstock.plan.plan import Plan, make
from penstock.ports import Ledger, Store
from penstock.run.clock import SystemClock
from penstock.run.drive import Means, drive
from penstock.run.engine import Engine
from penstock.run.leases import Leases
from penstock.work.task import Site

__all__ = ["Pipeline", "approve"]


class Pipeline:
    """A pipeline: steps bound to a graph, with the settings of where it lives.

    Compose one from decorated functions, or load a file with `Pipeline.load`. A file that composes one in its
    namespace means that one.

    >>> import penstock as ps
    >>> @ps.step
    ... def two() -> int: return 2
    >>> @ps.step
    ... def four(two: int) -> int: return two * 2
    >>> sorted(ps.Pipeline([two, four]).graph.steps)
    ['four', 'two']
    """

    def __init__(self, steps: Sequence[Callable[..., Any]], *, name: str = "", **settings: Any) -> None:
        self.__penstock_steps__ = tuple([_declared(one) for one in steps])
        self._settings: Settings | None = None
        self._name, self._said = name, settings
        self._graph: Graph | None = None
        self._loaded: Declared | None = None

    @classmethod
    def load(cls, file: str | Path | None = None, **settings: Any) -> "Pipeline":
        """Load a pipeline file (or the one in the current folder). Settings override what files and environment say.

        Raises `PipelineNotFound`, `DeclarationError` or `GraphError`, with file and line.
        """
        found = find_settings(file, **settings)
        assert found.file is not None
        one = cls([])
        one._settings = found
        one._loaded = load(found.file, found.root, found.state / "cache")
        one._graph = build(one._loaded.steps)
        return one

    @classmethod
    def from_dict(
        cls,
        graph: Mapping[str, Sequence[str]],
        steps: Mapping[str, Callable[..., Any]],
        *,
        name: str = "",
        **settings: Any,
    ) -> "Pipeline":
        """The dictionary form: each step's name with the names of what it needs, and each step's function.

        >>> Pipeline.from_dict({"a": [], "b": ["a"]}, steps={"a": lambda: 1, "b": lambda a: a + 1}).graph.parents("b")
        ('a',)
        """
        one = cls([], name=name, **settings)
        one.__penstock_steps__ = tuple(from_dict(graph, steps))
        return one

    @property
    def settings(self) -> Settings:
        """Where the pipeline lives and how it runs."""
        if self._settings is None:
            self._settings = unbound_settings(self._name or "pipeline", **self._said)
        return self._settings

    @property
    def graph(self) -> Graph:
        """The steps, bound. A composed pipeline reads its functions anew each time, as a notebook may have changed them."""
        if self._loaded is not None and self._graph is not None:
            return self._graph
        root = self.settings.root
        return build(steps_of(self.__penstock_steps__, Closures(None), root))

    def plan(
        self,
        targets: Sequence[str] = (),
        *,
        parameters: Mapping[str, Any] | None = None,
        force: Sequence[str] = (),
        seed: int | None = None,
    ) -> Plan:
        """What would run and why, before anything runs. Nothing is written but what was learnt of files' content."""
        with self._memory() as (ledger, store):
            return self._plan(ledger, store, targets, parameters or {}, force, seed)[0]

    def run(
        self,
        targets: Sequence[str] = (),
        *,
        parameters: Mapping[str, Any] | None = None,
        force: Sequence[str] = (),
        executor: str | None = None,
        workers: int | None = None,
        seed: int | None = None,
        keep_going: bool | None = None,
        name: str = "",
        tags: Sequence[str] = (),
        resume: str = "",
        on_event: Callable[[Event], None] | None = None,
        command: Sequence[str] = (),
    ) -> RunResult:
        """Run what has to run, and reuse the rest.

        `targets` are steps or artifacts (all, if none are named); `parameters` maps `step.parameter` to a value or
        to text; `force` names steps to run whatever the ledger knows; `resume` continues an earlier run;
        `on_event` is called with every event, in this thread. A failed step does not raise: see `RunResult.status`,
        and `RunResult.raise_if_failed()`.
        """
        settings = self.settings
        git = GitState(settings.root)
        ledger = open_ledger(settings, create=True)
        store = open_store(settings)
        whole = self.graph
        running = make_executor(
            executor or settings.executor,
            settings,
            store,
            workers=workers,
            step_of=whole.steps.__getitem__,
            isolations=frozenset(step.options.isolation for step in whole.steps.values()),
            loaded=self._loaded,
        )
        try:
            earlier = ledger.run(resume) if resume else None
            given = dict(parameters or {})
            if earlier is not None:
                targets, given = targets or earlier.targets, {**earlier.overrides, **given}
                seed = earlier.seed if seed is None else seed
            chosen = settings.seed if seed is None else seed
            plan, past = self._plan(ledger, store, targets, given, force, chosen, running.start)
            run = self._record(plan, earlier, given, chosen, ledger, running, git, targets)
            run = _named(run, name, tags, command)
            status = self._drive(run, plan, past, ledger, running, earlier, keep_going, on_event)
            return RunResult(run.id, status, ledger, store, self.settings)
        except BaseException:
            ledger.close()
            raise
        finally:
            running.close()

    def approve(self, run: str, step: str) -> None:
        """Approve a step that a run holds; `run(resume=…)` then continues it. Raises `NotFound` where nothing waits."""
        with self._memory() as (ledger, _):
            approve(ledger, run, step)

    # how it is done

    @contextmanager
    def _memory(self) -> Iterator[tuple[Ledger, Store]]:
        ledger = open_ledger(self.settings, create=True)
        try:
            yield ledger, open_store(self.settings)
        finally:
            ledger.close()

    def _plan(
        self,
        ledger: Ledger,
        store: Store,
        targets: Sequence[str],
        given: Mapping[str, Any],
        force: Sequence[str],
        seed: int | None,
        on_work: Callable[[], None] | None = None,
    ) -> tuple[Plan, Past]:
        settings = self.settings
        whole = self.graph
        graph = whole.only(targets)
        for one in force:
            if one not in whole.steps:
                raise UnknownName(f"there is no step `{one}` to force", hint=did_you_mean(one, whole.steps))
        chosen = settings.seed if seed is None else seed
        overrides = split_overrides(whole, given)
        known = ledger.stats()
        stats: Stats = dict(known)
        past = Past(ledger, store, settings.pipeline, stats)
        if on_work is not None and not past.knows(graph.steps):
            on_work()  # something will run: let workers start while the plan is made
        forced = frozenset(force)

        def work_of(name: str) -> Work:
            step = graph.steps[name]
            return Work(
                step,
                settings_of(step, overrides.get(name, {}), chosen, settings.root, stats) if step.parameters else (),
                seed_of(chosen, name),
                name in forced,
                past.hidden(name),
            )

        plan = make(graph, work_of, past)
        learnt = {path: seen for path, seen in stats.items() if known.get(path) != seen}
        if learnt:
            ledger.save_stats(learnt)
        return plan, past

    def _record(
        self,
        plan: Plan,
        earlier: Run | None,
        given: Mapping[str, Any],
        seed: int,
        ledger: Ledger,
        executor: Any,
        git: GitState,
        targets: Sequence[str],
    ) -> Run:
        settings, graph = self.settings, plan.graph
        commit, dirty, diff = git.read()
        shown = {
            name: {one.name: one.shown for one in work.settings} for name, work in plan.works.items() if work.settings
        }
        sources = self._loaded.project.sources() if self._loaded is not None else {}
        file = settings.file.relative_to(settings.root) if settings.file is not None else ""
        return Run(
            id=earlier.id if earlier is not None else new_run_id(),
            pipeline=settings.pipeline,
            started=SystemClock().now() if earlier is None else earlier.started,
            file=str(file),
            root=str(settings.root),
            targets=tuple(targets),
            steps=tuple(graph.steps),
            graph=graph_record(graph),
            parameters=shown,
            overrides={name: str(value) for name, value in given.items()},
            seed=seed,
            executor=executor.name,
            workers=getattr(executor, "workers", 1),
            commit=commit,
            dirty=dirty,
            diff=diff,
            snapshot=snapshot(sources, ledger) if sources else "",
            environment=environment(),
            machine=machine(),
        )

    def _drive(
        self,
        run: Run,
        plan: Plan,
        past: Past,
        ledger: Ledger,
        executor: Any,
        earlier: Run | None,
        keep_going: bool | None,
        on_event: Callable[[Event], None] | None,
    ) -> str:
        settings = self.settings
        attempts: dict[str, int] = {}
        approved: set[str] = set()
        finished: set[str] = set()
        leases = Leases(ledger, run.id, settings.lease)
        if not leases.begin():
            raise LedgerError(
                f"run {run.id} is still going in another process", hint=f"Follow it with `penstock show {run.id}`."
            )
        try:
            if earlier is not None:
                for row in ledger.steps(run.id):
                    attempts[row["step"]] = row["attempts"] or 0
                    if row["status"] in {"succeeded", "reused"}:
                        finished.add(row["step"])
                approved = {one.event.step for one in ledger.events(run.id) if isinstance(one.event, Approved)}
            graph = plan.graph
            engine = Engine(
                {name: graph.parents(name) for name in graph.steps},
                {name: graph.children(name) for name in graph.steps},
                maker=graph.maker,
                retries={
                    name: (step.options.retries, step.options.backoff)
                    for name, step in graph.steps.items()
                    if step.options.retries
                },
                attempts=attempts,
                approved=approved,
                keep_going=settings.keep_going if keep_going is None else keep_going,
            )
            state = settings.state
            site = Site(
                run.id, settings.pipeline, str(settings.root), str(state / "logs" / run.id), str(state / "checkpoints")
            )
            with Interrupts(inline=executor.name == "inline") as interrupts:
                means = Means(ledger, past, executor, leases, SystemClock(), site, interrupts.reason)
                kept = frozenset(one.step for one in plan.decisions if one.action == "reuse" and one.step in finished)
                for event in drive(run, plan, engine, means, resumed=kept):
                    if on_event is not None:
                        on_event(event)
            return engine.status
        finally:
            leases.close()


def approve(ledger: Ledger, run: str, step: str) -> None:
    """Write down that people approved a held step. Raises `NotFound` where the run holds no such step."""
    found = ledger.run(run)
    held = [row["step"] for row in ledger.steps(found.id) if row["status"] == "waiting" and row.get("question")]
    if step not in held:
        hint = did_you_mean(step, held) or f"Run {found.id} holds no step."
        raise NotFound(f"run {found.id} does not wait for approval of `{step}`", hint=hint)
    ledger.record(found.id, [Approved(step)])


def _declared(function: Callable[..., Any]) -> Declaration:
    found = declaration_of(function)
    if found is None:
        name = getattr(function, "__name__", repr(function))
        raise DeclarationError(
            f"`{name}` is not declared", hint="Decorate it with `@ps.step`, or another kind of step."
        )
    return found


def _named(run: Run, name: str, tags: Sequence[str], command: Sequence[str]) -> Run:
    return structs.replace(
        run, name=name or run.name, tags=tuple(tags) or run.tags, command=tuple(command) or run.command
    )
