"""On a node of a Ray cluster: the project from its archive, the store by its address, and a local executor that does tasks.

`perform` is what Ray calls. It lives as long as a task does; the executor behind it is kept by Ray's process for the next.
"""

import contextlib
import io
import os
import pickle
import shutil
import socket
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

import penstock
from penstock.app import environments
from penstock.app.places import store_at
from penstock.app.recording import environment
from penstock.errors import ExecutorError, PenstockError
from penstock.executors.local import LocalExecutor
from penstock.executors.ray_cluster import News, Order, Site
from penstock.model.digest import combine
from penstock.model.task import Ended, Failure, Setting, Task
from penstock.plan.within import with_paths
from penstock.ports import Store

__all__ = ["pack", "perform"]

_EARLY = (1980, 1, 1, 0, 0, 0)
_LIVE = 0.5  # seconds after which a task tells how it goes, and how often
_KEPT = 7 * 86400.0  # seconds that a project stays on a node after it was last asked for
_MOST = 64 << 20  # bytes of a log that travel by themselves


def pack(sources: Mapping[Path, bytes]) -> bytes:
    """A project's files as an archive, the same for the same files."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(sources):
            if not path.is_absolute() and ".." not in path.parts:
                archive.writestr(zipfile.ZipInfo(path.as_posix(), _EARLY), sources[path], zipfile.ZIP_DEFLATED)
    return whole.getvalue()


def perform(ordered: bytes, spot: bytes, tell: Callable[[bytes], Any] | None = None) -> bytes:
    """Do an order and return its news. What happens while it lasts longer is told by `tell`.

    A `KeyboardInterrupt` (Ray's way to cancel) stops the task; what was kept warm is then given up.
    """
    order, site = _orders.decode(ordered), _sites.decode(spot)
    try:
        place = _place(order, site)
        task, shared = place.given(order, site)
        return _do(place, order, task, shared, tell)
    except KeyboardInterrupt:
        for one in list(_places.values()):
            one.close()
        _places.clear()
        raise
    except PenstockError as error:
        failure = Failure(error.kind, error.what, where=error.where, hint=error.hint)
        return _news.encode(
            News(order.task.id, order.fence, (Ended(order.task.id, "failed", failure=failure),), first=-1)
        )


def _do(place: "_Place", order: Order, task: Task, shared: bool, tell: Callable[[bytes], Any] | None) -> bytes:
    place.executor.submit(task)
    kept: list[Any] = []
    begun, told, sent = time.monotonic(), 0, 0
    while True:
        kept += place.executor.events(_LIVE)
        if kept and isinstance(kept[-1], Ended):
            break
        if tell is not None and time.monotonic() - begun > _LIVE and not any(isinstance(one, Ended) for one in kept):
            data = b"" if shared else _read(task.log, sent)
            if kept[told:] or data:
                with contextlib.suppress(Exception):  # nobody takes it yet, or any more
                    news = News(order.task.id, order.fence, tuple(kept[told:]), data, told, sent)
                    tell(_news.encode(news))
                    told, sent = len(kept), sent + len(data)
    data = b"" if shared else _read(task.log, 0)
    events = tuple([_seen(place, one, shared) for one in kept])
    if not shared and task.log:
        with contextlib.suppress(OSError):
            Path(task.log).unlink()
    return _news.encode(News(order.task.id, order.fence, events, data))


def _seen(place: "_Place", event: Any, shared: bool) -> Any:
    if isinstance(event, Ended):
        if not shared:
            event = replace(event, log=None)
        if event.status == "changed" and place.other:
            named = ", ".join(place.other[:5])
            failure = Failure(
                "ExecutorError",
                f"node {socket.gethostname()} has other packages than the plan was made with: {named}",
                hint="Install the same versions on every node, or give the step an `env=`.",
            )
            event = replace(event, status="failed", failure=failure, reason="")
    return event


def _read(path: str, start: int) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            file.seek(start)
            return file.read(_MOST)
    except OSError:
        return b""


class _Place:
    """What a node keeps for tasks of one project in one environment: its files, and a local executor of one worker."""

    def __init__(self, root: Path, state: Path, executor: LocalExecutor, other: list[str]) -> None:
        self.root, self.state, self.executor, self.other = root, state, executor, other

    def given(self, order: Order, site: Site) -> tuple[Task, bool]:
        """The task as it is done here; and whether the runner's state folder is seen here."""
        task = order.task
        shared = Path(site.mark).exists()
        log = task.log
        if not shared and log:
            log = str(self.state / f"{os.getpid()}-{order.fence}.log")
            with contextlib.suppress(OSError):
                Path(log).unlink()
        checkpoint = task.checkpoint
        if not shared and checkpoint:
            checkpoint = str(self.state / "checkpoints" / Path(checkpoint).name)
        entry, root = task.entry, str(self.root)
        if entry.path:
            entry = replace(entry, path=str(self.root / os.path.relpath(entry.path, task.root)))
        elif shared and Path(task.root).is_dir():
            root = task.root  # a function without a file is at home where it was made
        # What else was asked for, Ray has seen to.
        wanted = replace(task.resources, gpus=0, memory=0, custom=())
        moved = replace(
            task,
            root=root,
            entry=entry,
            settings=tuple([_moved(one, task.root, Path(root)) for one in task.settings]),
            log=log,
            checkpoint=checkpoint,
            resources=wanted,
            limits={},
        )
        return moved, shared

    def close(self) -> None:
        """End its processes."""
        self.executor.close()


def _moved(one: Setting, before: str, root: Path) -> Setting:
    """A setting whose paths in the project lead to where that is here."""
    if (one.kind != "path" and not one.within) or str(root) == before:
        return one

    def here(path: Path) -> Path:
        return root / path.relative_to(before) if path.is_relative_to(before) else path

    try:
        value = pickle.loads(one.data)
    except Exception:  # of a class that only the project's own process knows
        return one
    return replace(one, data=pickle.dumps(with_paths(value, here), 5), stat=())


_places: dict[str, _Place] = {}
_orders = msgspec.msgpack.Decoder(Order)
_sites = msgspec.msgpack.Decoder(Site)
_news = msgspec.msgpack.Encoder()


def _place(order: Order, site: Site) -> _Place:
    devices = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    key = combine(
        "place", [site.place, site.project, order.lock, devices, *[text for one in order.files for text in one]]
    )
    found = _places.get(key)
    if found is None:
        if len(_places) > 3:  # of other data: the one that was made first makes way
            _places.pop(next(iter(_places))).close()
        found = _places[key] = _made(order, site, key)
    return found


def _made(order: Order, site: Site, key: str) -> _Place:
    host = socket.gethostname()
    if penstock.__version__ != site.penstock:
        raise ExecutorError(
            f"node {host} has Penstock {penstock.__version__}, and this is {site.penstock}",
            hint=f"pip install 'penstock[ray]=={site.penstock}' on every node.",
        )
    base = Path(tempfile.gettempdir()) / f"penstock-ray-{os.getuid()}"
    base.mkdir(exist_ok=True, mode=0o700)
    if base.lstat().st_uid != os.getuid() or base.is_symlink():
        raise ExecutorError(
            f"{base} on node {host} belongs to somebody else", hint="Remove it, or give the node another TMPDIR."
        )
    state = base / combine("state", [site.place])[7:19]
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = store_at(site.place, state, site.cache)
    if not store.has(site.project):
        raise ExecutorError(
            f"node {host} can't see the store {site.place}: the project is not in it",
            hint='Keep values where every node reaches them: store = "s3://…", or a shared folder (docs/shared.md).',
        )
    root = _unpacked(store, site.project, order.files, base / "projects" / key.partition(":")[2][:24])
    launch = [sys.executable, "-P", "-m", "penstock.app.worker"]
    if order.lock:
        launch = environments.launch(environments.build(environments.accept(order.lock)))
    here = environment()
    other = [
        f"{name} {here.get(name, 'missing')} (planned with {version})"
        for name, version in site.versions.items()
        if here.get(name) != version and name != "platform"
    ]
    entry = order.task.entry.path
    file = root / os.path.relpath(entry, order.task.root) if entry else None
    executor = LocalExecutor(
        [*launch, site.place, str(site.cache)],
        workers=1,
        state=state,
        root=root,
        pipeline=file if _is_file(file) else None,
    )
    executor.start()
    return _Place(root, state, executor, other)


def _is_file(file: Path | None) -> bool:
    return file is not None and file.is_file()


def _unpacked(store: Store, project: str, files: tuple[tuple[str, str], ...], home: Path) -> Path:
    """The project's folder on this node, made once for its content. Names that lead out of it are not followed."""
    with contextlib.suppress(OSError):
        os.utime(home)
        return home
    for other in home.parent.iterdir() if home.parent.is_dir() else ():
        if time.time() - other.lstat().st_mtime > _KEPT:  # also what a process left that was killed
            shutil.rmtree(other, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = Path(tempfile.mkdtemp(dir=home.parent, prefix="making-"))
    with zipfile.ZipFile(io.BytesIO(store.data(project))) as archive:
        for one in archive.infolist():
            _target(made, one.filename).write_bytes(archive.read(one))
    for name, digest in files:
        target, source = _target(made, name), store.path(digest)
        try:
            target.hardlink_to(source)
        except OSError:
            shutil.copyfile(source, target)
    try:
        made.rename(home)
    except OSError:  # another process of this node was faster
        shutil.rmtree(made, ignore_errors=True)
    return home


def _target(home: Path, name: str) -> Path:
    target = home / name
    if not target.resolve().is_relative_to(home.resolve()):
        raise ExecutorError(f"the project's archive names {name!r}, which lies outside of it")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target
