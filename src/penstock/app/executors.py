"""Executors by name: those of Penstock, and those that installed packages offer."""

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from penstock.app.places import LOCAL, is_remote
from penstock.app.settings import Settings
from penstock.declare.load import Declared
from penstock.errors import MissingExtra, SettingsError, did_you_mean
from penstock.executors.lanes import Room
from penstock.model.code import Code
from penstock.model.step import Step
from penstock.model.task import Task
from penstock.ports import Executor, Store
from penstock.work.holding import held, keys_of

__all__ = ["BUILT_IN", "checked_name", "cores", "executor_names", "make_executor"]

_GLANCE = 0.005  # seconds; an in-line step begins this soon after the one before has ended

BUILT_IN = ("container", "inline", "local", "ray")
_GROUP = "penstock.executors"


def make_executor(
    name: str,
    settings: Settings,
    store: Store,
    *,
    workers: int | None = None,
    step_of: Callable[[str], Step],
    isolations: frozenset[str] = frozenset(),
    loaded: Declared | None = None,
) -> Executor:
    """The executor of a name, not started.

    `workers` is how many processes (None or 0: the setting, else as many as cores); `step_of` finds a step for work in
    this process; `isolations` are those that steps ask for. Raises `SettingsError` with close matches.
    """
    if name == "inline":
        return _inline(settings, store, step_of, loaded)
    make = {"container": _all_containers, "local": _routed, "ray": _on_ray}.get(name)
    if make is not None:
        return make(settings, store, workers or settings.workers or cores(), step_of, isolations, loaded)
    for entry in _entry_points():
        if entry.name == name:
            try:
                made = entry.load()(settings=settings, store=store, workers=workers)
            except ImportError as error:
                raise MissingExtra(
                    f"executor `{name}` needs {error.name or error}", hint=f"Install `{error.name}`."
                ) from None
            return made  # type: ignore[no-any-return]
    raise _unknown(name)


def _all_containers(
    settings: Settings,
    store: Store,
    workers: int,
    step_of: Callable[[str], Step],
    isolations: frozenset[str],
    loaded: Declared | None,
) -> Executor:
    """Containers for all steps but those that can't leave this process."""
    boxes = _containers(settings, store, workers, Room(workers, settings.memory or None, int(settings.gpus)))
    if "inline" not in isolations:
        return boxes
    from penstock.executors.routing import Routed

    return Routed({"inline": _inline(settings, store, step_of, loaded), "": boxes}, name="container")


def _routed(
    settings: Settings,
    store: Store,
    workers: int,
    step_of: Callable[[str], Step],
    isolations: frozenset[str],
    loaded: Declared | None,
) -> Executor:
    """Local processes, and what single steps ask for beside them."""
    room = Room(workers, settings.memory or None, int(settings.gpus))
    local = _local(settings, workers, room)
    if isolations <= {"worker", "fresh"}:
        return local
    from penstock.executors.routing import Routed

    # What is named here is what there is: a step that asks for something else fails rather than runs without it.
    named: dict[str, Executor] = {"worker": local, "fresh": local}
    if "inline" in isolations:
        named["inline"] = _inline(settings, store, step_of, loaded)
    if "env" in isolations:
        named["env"] = _environments(settings, workers, room)
    if "container" in isolations:
        named["container"] = _containers(settings, store, workers, room)
    return Routed(named, name="local")


def _on_ray(
    settings: Settings,
    store: Store,
    workers: int,
    step_of: Callable[[str], Step],
    isolations: frozenset[str],
    loaded: Declared | None,
) -> Executor:
    """A Ray cluster, but for steps that can't leave this process."""
    from penstock.executors.routing import Routed

    cluster = _ray(settings, store, workers, loaded)
    named: dict[str, Executor] = {"worker": cluster, "fresh": cluster, "env": cluster}
    if "inline" in isolations:
        named["inline"] = _inline(settings, store, step_of, loaded)
    return Routed(named, name="ray")


def executor_names() -> list[str]:
    """Every executor that can be asked for."""
    return sorted({*BUILT_IN, *(entry.name for entry in _entry_points())})


def checked_name(name: str) -> str:
    """A name, if it is that of an executor. Raises `SettingsError` with close matches."""
    if name not in BUILT_IN and name not in executor_names():
        raise _unknown(name)
    return name


def _unknown(name: str) -> SettingsError:
    return SettingsError(f"there is no executor `{name}`", hint=did_you_mean(name, executor_names()))


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _entry_points() -> Any:
    from importlib.metadata import entry_points

    return entry_points(group=_GROUP)


def _containers(settings: Settings, store: Store, workers: int, room: Room) -> Executor:
    """An executor of warm containers, one for each image and size."""
    from penstock.app import images
    from penstock.executors.container import ContainerExecutor
    from penstock.executors.engines import find_engine
    from penstock.stores.local import LocalStore
    from penstock.stores.outbox import empty

    def lend(digests: Iterable[str], folder: Path) -> None:
        inbox = LocalStore(folder)
        for one in digests:
            if not inbox.has(one):
                inbox.adopt(store.path(one))
        inbox.sync()

    folder = None if is_remote(settings.store) or settings.store == LOCAL else Path(settings.store)
    return ContainerExecutor(
        find_engine,
        images.find,
        workers=workers,
        state=settings.state,
        root=settings.root,
        outbox_of=LocalStore,
        take=lambda outbox: empty(outbox, store),
        store=folder,
        lend=lend if is_remote(settings.store) else None,
        room=room,
        pipeline=_python_file(settings),
    )


def _ray(settings: Settings, store: Store, workers: int, loaded: Declared | None) -> Executor:
    """An executor on a Ray cluster. Raises `SettingsError` for commands, which run here or in containers."""
    import penstock
    from penstock.app import environments
    from penstock.app.ray_node import pack
    from penstock.app.recording import environment
    from penstock.executors.ray_cluster import RayExecutor

    if settings.file is not None and settings.file.suffix != ".py":
        raise SettingsError(
            f"{settings.file.name}: commands do not run on Ray",
            hint="Use `--executor local` or `--executor container`.",
        )
    return RayExecutor(
        [sys.executable, "-P", "-m", "penstock.app.ray_agent"],
        address=settings.address,
        workers=workers,
        gpus=int(settings.gpus),
        root=settings.root,
        state=settings.state,
        store=store,
        place=str(settings.state / "store") if settings.store == LOCAL else settings.store,
        cache=settings.store_cache,
        sources=loaded.sources if loaded is not None else dict,
        pack=pack,
        versions=environment(),
        penstock=penstock.__version__,
        lock_of=environments.text_of,
    )


def _python_file(settings: Settings) -> Path | None:
    return settings.file if settings.file is not None and settings.file.suffix == ".py" else None


def _environments(settings: Settings, workers: int, room: Room) -> Executor:
    """An executor of warm workers for each environment that a step asks for."""
    from penstock.app import environments
    from penstock.executors.placed import Placed

    def make(place: str) -> Executor:
        return _local(settings, workers, room, environments.launch(environments.build(place)))

    return Placed(make, "env", workers, "waits until its environment is built")


def _local(settings: Settings, workers: int, room: Room, launch: Sequence[str] = ()) -> Executor:
    from penstock.executors.local import LocalExecutor

    return LocalExecutor(
        # -P: files beside the pipeline may bear any name
        [*(launch or [sys.executable, "-P", "-m", "penstock.app.worker"]), settings.store, str(settings.store_cache)],
        workers=workers,
        state=settings.state,
        root=settings.root,
        room=room,
        pipeline=_python_file(settings),
    )


def _inline(settings: Settings, store: Store, step_of: Callable[[str], Step], loaded: Declared | None) -> Executor:
    from penstock.app.edited import Edited
    from penstock.app.worker import Loaded, kit_of
    from penstock.executors.inline import InlineExecutor

    found = Loaded(settings.state / "cache", _GLANCE, settings.state)
    if loaded is not None:
        found.adopt(loaded)

    def resolve(task: Task) -> tuple[Callable[..., Any], Code | None]:
        # A function of this process needs no pickle, so it may hold what can't be pickled.
        if task.entry.kind == "pickle" and "[" not in task.step:
            step = step_of(task.step)
            return held(step, keys_of([step]), str(settings.root)), None
        if task.entry.kind == "check" and not task.entry.path:
            from penstock.app.benches import benching

            return benching(task, lambda one: step_of(one.name).function, found.recorded), None
        return edited.resolve(task)

    edited = Edited(found, settings.state / "cache")
    kit = kit_of(found, store, settings.state)._replace(resolve=resolve, changed=edited.changed)
    return InlineExecutor(kit)
