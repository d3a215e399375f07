"""One run, straight through: declare, bind, plan, drive. The composition root of the runner's process."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from penstock.app.interrupts import Interrupts
from penstock.app.limits import check_limits, gated
from penstock.app.placing import Placing
from penstock.app.recording import GitState, as_text, environment, graph_record, machine, new_run_id, snapshot
from penstock.app.settings import Settings, open_ledger, open_store
from penstock.checks.pairs import judgeable
from penstock.declare.load import Declared, Sourced
from penstock.declare.waivers import waivers_in
from penstock.errors import LedgerError, UnknownName, did_you_mean
from penstock.graph.graph import Graph
from penstock.model.bench import Asked
from penstock.model.event import Approved
from penstock.model.run import Execution, Run
from penstock.model.waiver import Waiver
from penstock.plan.decide import Work
from penstock.plan.files import Stats
from penstock.plan.memory import Past
from penstock.plan.parameters import seed_of, settings_of, split_overrides
from penstock.plan.plan import Plan, make
from penstock.ports import Executor, Ledger
from penstock.run.clock import SystemClock
from penstock.run.drive import Judge, Means
from penstock.run.engine import Engine
from penstock.run.gate import GatedEngine
from penstock.run.leases import Leases
from penstock.run.stalls import Stalls
from penstock.work.task import Site

__all__ = ["Conduct", "Request", "Workspace"]


class Request(NamedTuple):
    """What people ask of a plan or a run. `parameters` maps `step.parameter` to a value or text; `seed` None: the setting. `marks` are tags for
    artifacts, as `artifact@tag`; `given` are results of steps that need not be done, whatever they would read now. `checks`
    is how the run is to be checked (None: not at all)."""

    targets: Sequence[str] = ()
    parameters: Mapping[str, object] = {}
    force: Sequence[str] = ()
    seed: int | None = None
    resume: str = ""
    name: str = ""
    tags: Sequence[str] = ()
    marks: Sequence[str] = ()
    command: Sequence[str] = ()
    keep_going: bool | None = None
    max_parallel: int | None = None
    given: Mapping[str, Execution] = {}
    checks: Asked | None = None


class Conduct(NamedTuple):
    """A run that is about to be driven. `resumed` are the steps that this very run had finished before."""

    run: Run
    engine: Engine
    means: Means
    resumed: frozenset[str]


class Workspace:
    """The ledger and the store of one state folder, and the pipeline that is planned and run against them."""

    def __init__(self, settings: Settings, graph: Graph, loaded: Sourced | None, ledger: Ledger | None = None) -> None:
        self.settings = settings
        self.whole = graph
        self.loaded = loaded
        self.ledger = ledger or open_ledger(settings, create=True)
        self.store = open_store(settings)

    def plan(
        self,
        request: Request,
        on_work: Callable[[], None] | None = None,
        *,
        making: bool = False,
        say: Callable[[str], None] | None = None,
    ) -> tuple[Plan, Past]:
        """What will happen and why. `on_work` is called early if it is certain that something will run; with `making`, images
        that steps will need are made, and `say` is told."""
        settings, graph = self.settings, self.whole.only(request.targets)
        for one in request.force:
            if one not in self.whole.steps:
                raise UnknownName(f"there is no step `{one}` to force", hint=did_you_mean(one, self.whole.steps))
        seed = settings.seed if request.seed is None else request.seed
        overrides = split_overrides(self.whole, request.parameters)
        known = self.ledger.stats()
        stats: Stats = dict(known)
        past = Past(self.ledger, self.store, settings.pipeline, stats, str(settings.root))
        for row in self.ledger.steps(self.ledger.run(request.resume).id) if request.resume else ():
            if row["status"] == "tolerated":  # the run goes on from what failed: nobody asked for it again
                past.redone(row["execution"])
        if on_work is not None and not past.knows(graph.steps):
            on_work()  # let workers start while the plan is made
        forced = frozenset(request.force)
        placing = Placing(settings, self.loaded, say or (lambda _: None), making=making)

        def work_of(name: str) -> Work:
            step = graph.steps[name]
            if name in request.given:
                return Work(step, seed=seed_of(seed, name))
            step = placing(step)
            given = settings_of(step, overrides.get(name, {}), seed, settings.root, stats) if step.parameters else ()
            return Work(step, given, seed_of(seed, name), name in forced, past.hidden(name))

        plan = make(graph, work_of, past, given=request.given)
        learnt = {path: seen for path, seen in stats.items() if known.get(path) != seen}
        if learnt:
            self.ledger.save_stats(learnt)
        return plan, past

    def resumed(self, request: Request) -> tuple[Request, Run | None]:
        """A request to resume a run, filled with what was asked of it then."""
        if not request.resume:
            return request, None
        earlier = self.ledger.run(request.resume)
        asked = request._replace(
            targets=request.targets or earlier.targets,
            parameters={**earlier.overrides, **request.parameters},
            seed=earlier.seed if request.seed is None else request.seed,
        )
        return asked, earlier

    def record(self, request: Request, plan: Plan, earlier: Run | None, executor: Executor, git: GitState) -> Run:
        """The run as the ledger will keep it."""
        settings = self.settings
        commit, dirty, diff = git.read()
        sources = self.loaded.sources() if self.loaded is not None else {}
        return Run(
            id=earlier.id if earlier is not None else new_run_id(),
            pipeline=settings.pipeline,
            started=SystemClock().now() if earlier is None else earlier.started,
            file=str(settings.file.relative_to(settings.root)) if settings.file is not None else "",
            root=str(settings.root),
            targets=tuple(request.targets),
            steps=tuple(plan.graph.steps),
            graph=graph_record(plan.graph, self.waivers()),
            parameters={
                name: {one.name: one.shown for one in work.settings}
                for name, work in plan.works.items()
                if work.settings
            },
            overrides={name: as_text(value) for name, value in request.parameters.items()},
            seed=settings.seed if request.seed is None else request.seed,
            executor=executor.name,
            workers=getattr(executor, "workers", 1),
            command=tuple(request.command),  # of who drives it now: `cancel` signals no Python program
            commit=commit,
            dirty=dirty,
            diff=diff,
            snapshot=snapshot(sources, self.ledger) if sources else "",
            environment=environment(),
            machine=machine(),
            tags=tuple(request.tags) or (earlier.tags if earlier is not None else ()),
            name=request.name or (earlier.name if earlier is not None else ""),
            marks=tuple(request.marks) or (earlier.marks if earlier is not None else ()),
            part=self.loaded.part if self.loaded is not None else "",
        )

    @contextmanager
    def conduct(self, run: Run, plan: Plan, past: Past, executor: Executor, request: Request) -> Iterator[Conduct]:
        """Hold the run's lease and watch for signals while it is driven. Raises `LedgerError` if another process drives it."""
        settings, graph = self.settings, plan.graph
        check_limits(graph.steps.values(), settings.limits)
        leases = Leases(self.ledger, run.id, settings.lease)
        if not leases.begin():
            raise LedgerError(
                f"run {run.id} is still going in another process", hint=f"Follow it with `penstock show {run.id}`."
            )
        try:
            attempts, finished, approved = self._earlier(run.id) if request.resume else ({}, frozenset(), frozenset())
            judged = request.checks is not None and judgeable(graph.steps.values())
            deploys = [name for name, step in graph.steps.items() if step.kind == "deploy"] if judged else []
            engine = (partial(GatedEngine, gated=deploys) if deploys else Engine)(
                {name: graph.parents(name) for name in graph.steps},
                {name: graph.children(name) for name in graph.steps},
                maker=graph.maker,
                # Who says --keep-going means it, whatever the pipeline's file says of single steps.
                retries={
                    name: (step.options.retries, step.options.backoff, step.options.stops and not request.keep_going)
                    for name, step in graph.steps.items()
                    if step.options.retries or step.options.stops
                },
                attempts=attempts,
                approved=approved,
                keep_going=settings.keep_going if request.keep_going is None else request.keep_going,
            )
            state = settings.state
            site = Site(
                run.id, settings.pipeline, str(settings.root), str(state / "logs" / run.id), str(state / "checkpoints")
            )
            with Interrupts(inline=executor.name == "inline") as interrupts:
                stalls = Stalls(
                    lambda step: self.ledger.timings(settings.pipeline, step), settings.silent, settings.slow
                )
                most = settings.max_parallel if request.max_parallel is None else request.max_parallel
                executor = gated(executor, graph.steps.values(), settings, leases, most)
                judge = self._judge(run, plan, executor, request, interrupts.reason) if judged else None
                means = Means(
                    self.ledger, past, executor, leases, SystemClock(), site, interrupts.reason, stalls, judge
                )
                kept = frozenset(one.step for one in plan.decisions if one.action == "reuse" and one.step in finished)
                yield Conduct(run, engine, means, kept)
        finally:
            leases.close()

    def _judge(
        self, run: Run, plan: Plan, executor: Executor, request: Request, interrupted: Callable[[], str]
    ) -> Judge:
        from penstock.app import checking

        assert request.checks is not None
        settings, asked, waivers = self.settings, request.checks, self.waivers()
        return checking.Judge(settings, self.ledger, self.store, plan, run, executor, asked, waivers, interrupted)

    def waivers(self) -> tuple[Waiver, ...]:
        """What the pipeline's files waive of findings."""
        namespaces = [getattr(step.function, "__globals__", {}) for step in self.whole.steps.values()]
        own = self.loaded.namespace if isinstance(self.loaded, Declared) else {}
        return waivers_in({id(one): one for one in [own, *namespaces]}.values(), str(self.settings.root))

    def _earlier(self, run: str) -> tuple[dict[str, int], frozenset[str], frozenset[str]]:
        """Of a run that is resumed: attempts by step, steps that were done, steps that people approved."""
        rows = self.ledger.steps(run)
        attempts = {row["step"]: row["attempts"] or 0 for row in rows}
        finished = frozenset(row["step"] for row in rows if row["status"] in {"succeeded", "tolerated", "reused"})
        events = [one.event for one in self.ledger.events(run)]
        return attempts, finished, frozenset(event.step for event in events if isinstance(event, Approved))
