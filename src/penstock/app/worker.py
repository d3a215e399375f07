"""The worker's process: `python -m penstock.app.worker [STORE CACHE] DESCRIPTOR` is the server that forks workers. In a container, a
socket's path stands for the descriptor, which is handed over there.

A composition root: here the worker's kit is put together, of the pipeline's declarations, codecs and a store.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from penstock.app.places import CACHE, LOCAL, store_at
from penstock.codecs.paths import unpacked
from penstock.codecs.registry import Codecs
from penstock.declare import load as declare
from penstock.declare.python import Seed, declaration_of
from penstock.errors import MissingExtra, NotFound, StoreError, extra_hint
from penstock.executors.server import OUTBOX, Fork, claim, serve
from penstock.executors.worker import work
from penstock.model.artifact import Stored
from penstock.model.bench import Bench, BenchStep
from penstock.model.code import Code
from penstock.model.digest import digest_bytes
from penstock.model.step import Entry
from penstock.model.task import Task
from penstock.plan.files import Stats, digest_path
from penstock.ports import Store
from penstock.stores.local import LocalStore
from penstock.stores.outbox import Outbox
from penstock.values.functions import dumps
from penstock.work.context import Changed
from penstock.work.holding import held, keys_of
from penstock.work.outputs import Target
from penstock.work.perform import Kit, NeedsFresh

__all__ = ["Loaded", "kit_of", "main"]

_LEAST_BOUND = 1 << 30  # bytes: a worker may hold this much between tasks on any machine


class Loaded:
    """The pipelines that this process has loaded, and what it knows of their code.

    `glance` is for how many seconds one look at the files is good enough to begin another task; `state` the folder of
    ledger and store.
    """

    def __init__(self, cache: Path | None, glance: float = 0.0, state: Path | None = None) -> None:
        self._cache, self._state = cache, state or Path(".penstock").absolute()
        self._glance = glance
        self._pipelines: dict[tuple[str, str], declare.Declared] = {}
        self._functions: dict[bytes, Callable[..., Any]] = {}
        self._current: declare.Declared | None = None
        self._stats: Stats = {}
        self._looked: tuple[declare.Declared | None, float] = (None, 0.0)  # whose files were found unchanged, and when

    def prepare(self, path: str, root: str) -> None:
        """Load a pipeline file of a project."""
        if (path, root) not in self._pipelines:
            self._pipelines[path, root] = declare.load(path, root or None, self._cache)

    def adopt(self, loaded: declare.Declared) -> None:
        """Use what is loaded already."""
        self._pipelines[str(loaded.file), str(loaded.project.root)] = loaded

    def resolve(self, task: Task, *, edited: bool = False) -> tuple[Callable[..., Any], Code | None]:
        """A task's function and its closure. Raises `NeedsFresh` where what is loaded is no longer what the files say, unless
        that is known (`edited`)."""
        entry = task.entry
        if entry.commands:
            from penstock.work.jobs import job_of

            self._same({}, task)
            return job_of(task, self._state, _bucket)
        pipeline = self._current = self._loaded(entry.path, task.root, edited) if entry.path else None
        if task.files and pipeline is not None:
            self._same(pipeline.sources(), task)
        if entry.kind == "gather":
            return _gathered, None
        if entry.kind == "again":
            from penstock.app.asking import answering

            return answering(pipeline, task, self._unpickled)
        if entry.kind == "check":
            from penstock.app.apart import elsewhere
            from penstock.app.benches import benching

            function_of = partial(self._bench_function, pipeline)
            return benching(task, function_of, self.recorded, elsewhere(task)), None
        if entry.kind == "pickle" or pipeline is None:
            if task.root and task.root not in sys.path:  # a notebook's functions may import what lies beside it
                sys.path.insert(0, task.root)
            return self._unpickled(entry.data), None
        if ":" in entry.name:
            return _for_item(entry.name, task.seed), pipeline.closures.code_of(_function(_found(entry.name)))
        step = pipeline.step(entry.name)
        return held(step, keys_of(pipeline.steps), task.root), step.code

    def called(self, task: Task) -> Callable[[str, Mapping[str, Any]], dict[str, Any]]:
        """What calls the steps that a bench's task holds, by name."""
        import msgspec

        from penstock.app.benches import caller

        pipeline = self._loaded(task.entry.path, task.root, edited=True) if task.entry.path else None
        asked = msgspec.msgpack.decode(task.entry.data, type=Bench)
        call = caller(task, asked, partial(self._bench_function, pipeline))
        steps = {one.name: one for one in asked.steps}
        return lambda step, inputs: call(steps[step], inputs)

    def _same(self, loaded: Mapping[Path, bytes], task: Task) -> None:
        """Raise `Changed` if files are no longer as they were planned: another Python has no closure to compare."""
        for name, digest in task.files.items():
            data = loaded.get(Path(name))
            try:
                found = digest_bytes(data if data is not None else Path(task.root, name).read_bytes())
            except OSError:
                found = ""
            if found != digest:
                raise Changed(f"`{name}` was edited after it was planned")

    def recorded(self, stored: Stored) -> Any:
        """A stored value. What is loaded knows no store: see `kit_of`."""
        raise StoreError(f"nothing can be loaded here: {stored.digest}")

    def _bench_function(self, pipeline: declare.Declared | None, step: BenchStep) -> Callable[..., Any]:
        from penstock.app.benches import declared_function

        if pipeline is None or step.entry.kind == "pickle":
            return self._unpickled(step.entry.data)
        return declared_function(pipeline, step)

    def _loaded(self, path: str, root: str, edited: bool) -> declare.Declared:
        pipeline = self._pipelines.get((path, root))
        if pipeline is None:
            self.prepare(path, root)
            return self._pipelines[path, root]
        # What is edited just after a look at the files is found when the step has ended, and then not committed.
        last, looked = self._looked
        if edited or (last is pipeline and time.monotonic() - looked < self._glance):
            return pipeline
        if changed := pipeline.changed():
            raise NeedsFresh(f"{changed[0].name} was edited")
        self._looked = pipeline, time.monotonic()
        return pipeline

    def _unpickled(self, data: bytes) -> Callable[..., Any]:
        found = self._functions.get(data)
        if found is None:
            import cloudpickle

            found = cloudpickle.loads(data)
            assert callable(found)
            self._functions[data] = found
        return found

    def changed(self) -> list[str]:
        """Source files edited since they were loaded, relative to the project."""
        if self._current is None:
            return []
        root = self._current.project.root
        found = [os.path.relpath(path, root) for path in self._current.changed()]
        self._looked = None if found else self._current, time.monotonic()
        return found

    def digest(self, path: Path) -> str:
        """The digest of a file's or folder's content, or of the names that match a pattern."""
        return digest_path(path, self._stats, patterns=True)

    def target(self, function: Callable[..., Any]) -> Target:
        """How a worker finds a function that `ps.each` hands items to."""
        if hasattr(function, "command"):
            from penstock.work.jobs import target_of

            return target_of(function)
        declared = declaration_of(function)
        inner = declared.function if declared is not None else function
        name = declared.name if declared is not None else getattr(function, "__name__", "each")
        arguments = tuple(declared.inputs) if declared is not None else _needed(inner)
        pipeline = self._current
        path = str(pipeline.file) if pipeline is not None else ""
        place = f"{getattr(inner, '__module__', '')}:{getattr(inner, '__qualname__', '')}"
        if pipeline is not None and _function(_found(place)) is inner:
            return Target(Entry("file", path, place), pipeline.closures.code_of(inner), arguments, name)
        data = dumps(inner)
        # Without a file there is no closure to follow: the pickle stands for the code, and may differ without need.
        code = pipeline.closures.code_of(inner) if pipeline is not None else Code(digest_bytes(data))
        return Target(Entry("pickle", path, name, data), code, arguments, name)


def _bucket(place: str) -> Any:
    """The object store at an address. Raises `MissingExtra`."""
    try:
        from penstock.stores.objects import Objects
    except ImportError:
        raise MissingExtra(f"reading {place} needs `obstore`", hint=extra_hint("object-store")) from None
    return Objects(place)


def _gathered(values: list[Any]) -> list[Any]:
    return values


def _found(place: str) -> Any:
    """The function at `module:name`, declared or not; None if there is none."""
    module, _, name = place.partition(":")
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def _function(found: Any) -> Any:
    """The function itself, of what may be a declared one."""
    declared = declaration_of(found)
    return declared.function if declared is not None else found


def _for_item(place: str, seed: int) -> Callable[..., Any]:
    """A function that gets items; a seed that it asks for is bound, for nothing else could give it."""
    found = _found(place)
    if found is None:
        raise NotFound(f"there is no function `{place}` any more", hint="Run again.")
    function: Callable[..., Any] = _function(found)
    declared = declaration_of(found)
    seeds = [one.name for one in declared.parameters if one.kind == "seed"] if declared is not None else []
    return partial(function, **dict.fromkeys(seeds, Seed(seed))) if seeds else function


def _needed(function: Callable[..., Any]) -> tuple[str, ...]:
    """The arguments of a function that have no default."""
    import inspect

    variadic = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    return tuple(
        [
            name
            for name, one in inspect.signature(function).parameters.items()
            if one.default is one.empty and one.kind not in variadic
        ]
    )


def kit_of(loaded: Loaded, store: Store, state: Path) -> Kit:
    """What tasks are performed with in this process."""
    codecs = Codecs()
    loaded.recorded = lambda stored: codecs.decode(stored, store)  # type: ignore[method-assign]
    return Kit(
        codecs=codecs,
        store=store,
        resolve=loaded.resolve,
        changed=loaded.changed,
        digest=loaded.digest,
        target=loaded.target,
        ignored=(str(state), store.location),
        unpacked=unpacked(),
        prepare=loaded.prepare,
    )


def _compose(place: str, cache: int, fork: Fork) -> Kit:
    state = Path(fork.hello.state)
    outbox = os.environ.get(OUTBOX)
    if outbox:  # in a container, which sees the store's folder and nothing else of it
        return kit_of(Loaded(state / "cache", state=state), Outbox(Path(outbox), LocalStore(place)), state)
    return kit_of(Loaded(state / "cache", state=state), store_at(place, state, cache), state)


def _bound() -> int:
    try:
        return max(
            _LEAST_BOUND, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // (4 * (os.cpu_count() or 1))
        )
    except (OSError, ValueError):
        return _LEAST_BOUND


def main() -> None:
    """Serve until the runner is gone; each forked worker comes back here and works."""
    *named, control = sys.argv[1:]
    place, cache = named or (LOCAL, str(CACHE))
    fork = serve(int(control) if control.isdigit() else claim(control))
    work(fork, partial(_compose, place, int(cache)), _bound()).run()


if __name__ == "__main__":
    main()
