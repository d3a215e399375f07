"""A pipeline in the hand: load it, plan it, run it, take its values."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from msgspec.structs import replace

from penstock.app.answering import approve, decline
from penstock.app.counting import judged
from penstock.app.executors import checked_name, make_executor
from penstock.app.labels import checked, split_tags, tag_made, take_name
from penstock.app.placing import Placing
from penstock.app.recording import GitState, graph_record
from penstock.app.result import RunResult
from penstock.app.settings import Settings, cache_folder, find_settings, open_ledger, reading_ledger, unbound_settings
from penstock.app.workspace import Request, Workspace
from penstock.declare.closure import Closures
from penstock.declare.load import Declared, Sourced, from_dict, load, steps_of
from penstock.declare.python import Declaration, declaration_of
from penstock.errors import DeclarationError, PipelineNotFound, SettingsError, did_you_mean
from penstock.graph.graph import Graph, build
from penstock.model.bench import Asked, Depth
from penstock.model.event import Event
from penstock.model.run import Execution
from penstock.model.step import Step
from penstock.plan.plan import Plan
from penstock.report.units import plural
from penstock.run.drive import drive

if TYPE_CHECKING:
    from penstock.app.leaks import LeakReport
    from penstock.declare.valohai import ValohaiFile

__all__ = ["Pipeline"]


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
        if callable(steps):
            raise DeclarationError(f"{steps!r} is no list of steps", hint="Write `ps.Pipeline([step, …])`.")
        self.__penstock_steps__ = tuple([_declared(one) for one in steps])
        self._settings: Settings | None = None
        self._name, self._said = name, settings
        self._graph: Graph | None = None
        self._loaded: Declared | None = None
        self._given: Mapping[str, Execution] = {}  # see `reproducing`
        self._valohai: ValohaiFile | None = None

    @classmethod
    def load(
        cls,
        file: str | Path | None = None,
        *,
        pipeline: str = "",
        step: str = "",
        stub_inputs: bool = False,
        mount: bool = False,
        **settings: Any,
    ) -> "Pipeline":
        """Load a pipeline file (or the one in the current folder). Settings override what files and environment say.

        Of a `valohai.yaml`, `pipeline` or `step` says which; the only one need not be named; with `stub_inputs` its remote inputs
        are empty files of their names, with `mount` commands find their folders under /valohai. Raises `PipelineNotFound`, `DeclarationError` or `GraphError`, with file and line.
        """
        found = find_settings(file, **settings)
        assert found.file is not None
        one = cls([])
        if found.file.suffix.lower() in {".yaml", ".yml"}:
            from penstock.declare.valohai import load_valohai

            one._valohai = load_valohai(
                found.file, found.root, found.state, pipeline=pipeline, step=step, stub_inputs=stub_inputs, mount=mount
            )
            one._settings = replace(found, pipeline=one._valohai.name)
            one._graph = build(one._valohai.steps)
            return one
        if pipeline or step:
            raise PipelineNotFound(
                f"{found.file.name} is one pipeline",
                hint="--pipeline and --step choose in a valohai.yaml; name steps as targets.",
            )
        one._settings = found
        one._loaded = load(found.file, found.root, cache_folder(found))
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

        Raises `CycleError`, `UnknownName` (with close matches) or `DeclarationError`.

        >>> Pipeline.from_dict({"a": [], "b": ["a"]}, steps={"a": lambda: 1, "b": lambda a: a + 1}).graph.parents("b")
        ('a',)
        """
        one = cls([], name=name, **settings)
        one.__penstock_steps__ = tuple(from_dict(graph, steps))
        build(steps_of(one.__penstock_steps__, Closures(None), Path.cwd()))  # circles and misspelt names are told here
        return one

    def __repr__(self) -> str:
        loaded = self._loaded or self._valohai
        if loaded is not None:
            return f"<pipeline {self.settings.pipeline}: {plural(len(loaded.steps), 'step')}>"
        return f"<pipeline {self._name or 'pipeline'}: {plural(len(self.__penstock_steps__), 'step')}>"

    def _repr_html_(self) -> str:
        from penstock.report.notebook_html import graph_fragment

        graph = self.graph
        edges = [(one, name) for name in graph.steps for one in graph.parents(name)]
        name = self.settings.pipeline if self._loaded or self._valohai else self._name or "pipeline"
        return graph_fragment(name, graph_record(graph), edges)

    @property
    def settings(self) -> Settings:
        """Where the pipeline lives and how it runs."""
        if self._settings is None:
            self._settings = unbound_settings(self._name or "pipeline", **self._said)
        return self._settings

    @property
    def graph(self) -> Graph:
        """The steps, bound. A composed pipeline reads its functions anew each time, as a notebook may have changed them.

        A cell of a notebook that declares a step again replaces it.
        """
        if self._graph is not None:
            return self._graph
        root = self.settings.root
        return build(steps_of([_newest(one) for one in self.__penstock_steps__], Closures(None), root))

    @property
    def sourced(self) -> Sourced | None:
        """What it was loaded from; None for one composed in Python."""
        return self._loaded or self._valohai

    def plan(
        self,
        targets: Sequence[str] = (),
        *,
        parameters: Mapping[str, Any] | None = None,
        force: Sequence[str] = (),
        seed: int | None = None,
        say: Callable[[str], None] | None = None,
    ) -> Plan:
        """What would run and why, before anything runs. Nothing is written but what was learnt of files' content; only an
        image that a Containerfile names is built, as it can't be known before. `say` is told what takes long."""
        checked_name(self.settings.executor)
        with reading_ledger(self.settings) as ledger:
            work = Workspace(self.settings, self.graph, self.sourced, ledger)
            return work.plan(
                Request(_names(targets), self._parameters(parameters), _names(force), _whole("seed", seed)), say=say
            )[0]

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
        max_parallel: int | None = None,
        name: str = "",
        tags: Sequence[str] = (),
        resume: str = "",
        on_event: Callable[[Event], None] | None = None,
        command: Sequence[str] = (),
        checks: str | Asked | None = None,
        say: Callable[[str], None] | None = None,
    ) -> RunResult:
        """Run what has to run, and reuse the rest.

        `targets` are steps or artifacts (all, if none are named); `parameters` maps `step.parameter` to a value or
        to text; `tags` are tags of the run, or of what it makes (`model@candidate`); `force` names steps to run whatever
        the ledger knows; `max_parallel` is how many steps may run at once (0: as many as there is room for; None: the
        setting); `resume` continues an earlier run; `checks` is how much is checked for leaks (`quick`, `full` or `off`; None: the setting);
        `on_event` is called with every event, in this thread; `say` is told what takes long before the first (an image). A failed step does not raise: see `RunResult.status`,
        and `RunResult.raise_if_failed()`.
        """
        _whole("workers", workers, least=0)
        _whole("max_parallel", max_parallel, least=0)
        settings, graph = self.settings, self.graph
        if executor:
            settings = replace(settings, executor=executor)
        labels, artifacts = split_tags(_names(tags))
        for one in artifacts:
            graph.maker(one.rpartition("@")[0])
        if name:
            checked(name)
        asked = Request(
            targets=_names(targets),
            parameters=self._parameters(parameters),
            force=_names(force),
            seed=_whole("seed", seed),
            resume=resume,
            name=name,
            tags=labels,
            marks=artifacts,
            command=command,
            keep_going=keep_going,
            max_parallel=max_parallel,
            given=self._given,
            checks=_asked(checks if checks is not None else settings.checks),
        )
        git = GitState(settings.root)
        work = Workspace(settings, graph, self.sourced)
        running = make_executor(
            settings.executor,
            settings,
            work.store,
            workers=workers,
            step_of=graph.steps.__getitem__,
            isolations=frozenset(_isolation(step) for step in graph.steps.values()),
            loaded=self._loaded,
        )
        try:
            asked, earlier = work.resumed(asked)
            plan, past = work.plan(asked, running.start, making=True, say=say)
            run = work.record(asked, plan, earlier, running, git)
            with work.conduct(run, plan, past, running, asked) as conduct:
                # Between this line and the step's own function lie at most four frames of Penstock.
                for event in drive(run, plan, conduct.engine, conduct.means, resumed=conduct.resumed):
                    if on_event is not None:
                        on_event(event)
            tag_made(work.ledger, run)
            take_name(work.ledger, run.id, name)
            status = conduct.engine.status
            broken = judged(settings, work.ledger, run) if status == "succeeded" else []
            return RunResult(
                run.id, status, work.ledger, work.store, settings, broken, None if run.file else graph.steps
            )
        except BaseException:
            work.ledger.close()
            raise
        finally:
            running.close()

    def check(
        self,
        steps: Sequence[str] = (),
        *,
        only: Sequence[str] = (),
        run: str = "",
        parameters: Mapping[str, Any] | None = None,
        seed: int | None = None,
        budget: float | None = None,
        executor: str | None = None,
        workers: int | None = None,
        on_event: Callable[[Event], None] | None = None,
        command: Sequence[str] = (),
    ) -> "LeakReport":
        """Run what is not up to date, all but what deploys, and check it for leaks: every check of every step, or of `steps`
        and `only` the checks that are named. What is known of before is not asked again.

        With `run`, what that run made is checked, and nothing is run. `budget` is how many seconds checks may take (None: as long as it
        takes). Raises `UnknownName` with close matches, `StepFailed` where the pipeline itself fails, `CodeChanged` for a
        `run` whose code is not there any more.
        """
        from penstock.app.leaks import LeakReport, checked_of, counted, judge_run, left_out, up_to_date

        graph = self.graph
        asked = Asked("full", _names(only), [_step_of(graph, one) for one in _names(steps)], budget)
        settings, out = self.settings, left_out(graph)
        kept = [name for name in graph.steps if name not in out] if out else []
        asking = Request(kept, self._parameters(parameters), seed=_whole("seed", seed), given=self._given)
        work = Workspace(settings, graph, self.sourced)
        try:
            plan, _ = work.plan(asking)
            ready = run or up_to_date(work, plan)
            if ready:
                name = work.ledger.run(ready).id
                checked = judge_run(
                    work, plan, name, asked, executor=executor or "", workers=workers, on_event=on_event
                )
                return LeakReport(name, settings.pipeline, counted(work, name, asked, checked), graph)
        finally:
            work.ledger.close()
        done = self.run(
            kept,
            parameters=parameters,
            seed=seed,
            executor=executor,
            workers=workers,
            on_event=on_event,
            command=command,
            checks=asked,
        )
        try:
            done.raise_if_steps_failed()
            work = Workspace(settings, graph, self.sourced)
            try:
                checked = counted(work, done.run, asked, checked_of(work.ledger, done.run))
            finally:
                work.ledger.close()
            return LeakReport(done.run, settings.pipeline, checked, graph)
        finally:
            done.close()

    def _parameters(self, parameters: Mapping[str, Any] | None) -> Mapping[str, Any]:
        given = parameters or {}
        return self._valohai.given(given) if self._valohai is not None else given

    def image(
        self, env: Sequence[str] = (), tag: str = "", say: Callable[[str], None] | None = None
    ) -> tuple[str, list[str]]:
        """Make the container image of what this pipeline's files import, and of `env`, where it is not there yet; its
        name, and the packages in it. Raises `MissingExtra` without uv or an engine."""
        return Placing(self.settings, self._loaded or self._valohai, say or (lambda _: None)).image(_names(env), tag)

    def approve(self, run: str, step: str) -> None:
        """Approve a step that a run holds; `run(resume=…)` then continues it. Raises `NotFound` where nothing waits."""
        ledger = open_ledger(self.settings)
        try:
            approve(ledger, run, step)
        finally:
            ledger.close()

    def decline(self, run: str, step: str) -> None:
        """Say no to a step that a run holds: the run has failed then. Raises `NotFound` where nothing waits."""
        ledger = open_ledger(self.settings)
        try:
            decline(ledger, run, step)
        finally:
            ledger.close()


def _step_of(graph: Graph, name: str) -> str:
    """The step of a name, or the one that makes the artifact of that name. Raises `UnknownName` with close matches."""
    return name if name in graph.steps else graph.maker(name)


def _asked(checks: str | Asked) -> Asked | None:
    """How a run is to be checked; None for not at all. Raises `SettingsError` with close matches."""
    if isinstance(checks, Asked):
        return checks
    if checks not in (*get_args(Depth), "off"):
        raise SettingsError(f"checks={checks!r} is not known", hint=did_you_mean(checks, (*get_args(Depth), "off")))
    return Asked(checks) if checks != "off" else None  # type: ignore[arg-type]


def _isolation(step: Step) -> str:
    """Where a step wants to be done: among local processes, in an environment or container of its own, or in this process."""
    options = step.options
    if options.isolation == "inline":
        return "inline"
    if options.isolation == "container" or (options.image and not step.entry.commands):
        return "container"
    return "env" if options.env else options.isolation


def _names(given: Sequence[str]) -> Sequence[str]:
    """One name is a name, not a sequence of letters."""
    return (given,) if isinstance(given, str) else given


def _whole(name: str, value: int | None, least: int | None = None) -> int | None:
    if value is None or (type(value) is int and (least is None or value >= least)):
        return value
    wanted = "a whole number" if least is None else f"a whole number from {least}"
    raise SettingsError(f"{name}={value!r} is not {wanted}")


def _newest(one: Declaration) -> Declaration:
    """A step as a notebook has it now. In files, and where another step took the name, the one that was composed."""
    namespace = getattr(one.function, "__globals__", {})
    if namespace.get("__name__") != "__main__" or declaration_of(one.function) is not one:
        return one
    if Path(str(namespace.get("__file__", ""))).is_file():  # what Python reads from a pipe calls itself `<stdin>`
        return one
    now = declaration_of(namespace.get(one.function.__name__))
    return now if now is not None and now.name == one.name else one


def _declared(function: Callable[..., Any]) -> Declaration:
    found = declaration_of(function)
    if found is None:
        name = getattr(function, "__name__", repr(function))
        raise DeclarationError(
            f"`{name}` is not declared", hint="Decorate it with `@ps.step`, or another kind of step."
        )
    return found
