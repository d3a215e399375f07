"""Containers: each holds the workers of one image and one size, is started once, and takes one task after the other.

A container sees the project and the store read-only. What a step makes lies in a folder of its container, is hashed anew
here, and only then counts. Everything inside is as on local processes: the same server and workers run there.
"""

import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from penstock.errors import Corrupt, ExecutorError, PenstockError
from penstock.executors import bridge
from penstock.executors.engines import Engine, Mount
from penstock.executors.lanes import Room
from penstock.executors.local import LocalExecutor
from penstock.executors.processes import MARK, inner_pids
from penstock.executors.server import OUTBOX
from penstock.model.event import Begun, Produced, TaskEvent
from penstock.model.task import Ended, Failure, Status, Task
from penstock.ports import Store
from penstock.work.room import ROOM

__all__ = ["ContainerExecutor", "Image"]

_TURN = 0.005  # seconds that each of several containers may wait for news
_SOCKET = "/penstock/line/socket"
_PLACE = "/valohai"


class Image(Struct, frozen=True):
    """What tasks of a place run in: `reference` names the image to the engine, `python` is the interpreter inside, `before`
    and `after` folders that its workers import from first and last, `mounts` what of this machine it needs to see."""

    reference: str
    name: str
    python: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    mounts: tuple[str, ...] = ()


class ContainerExecutor:
    """Runs up to `workers` tasks at once, each in a container. `image_of` finds the image of a place; `outbox_of` opens a
    folder as a store, and `take` has what lies in one taken over. `store` is the folder of the store (that of the state, if
    not given); of one that is none, `lend` brings blobs into a folder before they are needed. `state` and `root` are seen at the same places inside;
    with `open_project`, steps may write to the project's folder (a test may have to)."""

    name = "container"

    def __init__(
        self,
        engine: Callable[[], Engine],
        image_of: Callable[[str], Image],
        *,
        workers: int,
        state: Path,
        root: Path,
        outbox_of: Callable[[Path], Store],
        take: Callable[[Store], object],
        store: Path | None = None,
        lend: Callable[[Iterable[str], Path], None] | None = None,
        room: Room | None = None,
        pipeline: Path | None = None,
        open_project: bool = False,
        main: str = "penstock.app.worker",
    ) -> None:
        self.workers = max(1, workers)
        self._engine, self._image_of = engine, image_of
        self._state, self._root, self._pipeline = state, root, pipeline
        self._outbox_of, self._take = outbox_of, take
        self._store, self._lend = store or state / "store", lend
        self._room = room or Room(self.workers, None, 0)
        self._open, self._main = open_project, main
        self._queue: deque[Task] = deque()
        self._boxes: list[_Box] = []
        self._ready: list[TaskEvent] = []
        self._count = 0

    def start(self) -> None:
        """Nothing to make ready: which images will be asked for is not known."""

    def submit(self, task: Task) -> None:
        """Take a task; it begins when there is room."""
        self._queue.append(task)
        self._dispatch()

    def events(self, timeout: float | None) -> Sequence[TaskEvent]:
        """What has happened; waits up to `timeout` seconds (None: until something does)."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            busy = [one for one in self._boxes if one.task is not None]
            for box in busy:
                left = None if end is None else max(0.0, end - time.monotonic())
                turn = left if len(busy) == 1 else _TURN if left is None else min(_TURN, left)
                for event in box.executor.events(0.0 if self._ready else turn):
                    self._hear(box, event)
            self._dispatch()
            waiting = self._queue or any(one.task is not None for one in self._boxes)
            if self._ready or not waiting or (end is not None and time.monotonic() >= end):
                made, self._ready = self._ready, []
                return made
            if not busy:  # others have all the room
                time.sleep(_TURN if end is None else max(0.0, min(_TURN, end - time.monotonic())))

    def cancel(self, task: str, reason: str = "", grace: float = 2.0) -> None:
        """Stop a task: forgotten if it has not begun; else asked, and after `grace` seconds killed."""
        for one in self._queue:
            if one.id == task:
                self._queue.remove(one)
                self._ready.append(Ended(task, "cancelled", reason=reason))
                return
        for box in self._boxes:
            if box.task is not None and box.task.id == task:
                box.executor.cancel(task, reason, grace)

    def close(self) -> None:
        """Stop everything: containers end when nobody speaks to them any more."""
        self._queue.clear()
        boxes, self._boxes = self._boxes, []
        # An engine takes a tenth of a second to remove each.
        closing = [threading.Thread(target=box.close) for box in boxes[1:]]
        for one in closing:
            one.start()
        for box in boxes[:1]:
            box.close()
        for one in closing:
            one.join()

    def _dispatch(self) -> None:
        while self._queue and self._room.fits(self._queue[0].resources):
            task = self._queue.popleft()
            try:
                box = self._box(task)
            except PenstockError as error:
                failure = Failure(error.kind, error.what, where=error.where, hint=error.hint)
                self._ready.append(Ended(task.id, "failed", failure=failure))
                continue
            box.devices = self._room.take(task.resources)
            box.task = task
            try:
                self._bring(box, task)
            except PenstockError as error:
                lost = tuple([one.artifact for one in task.inputs]) if isinstance(error, Corrupt) else ()
                status: Status = "corrupt" if lost else "failed"
                told = None if lost else Failure(error.kind, error.what, hint=error.hint)
                self._hear(box, Ended(task.id, status, failure=told, reason=error.what, lost=lost))
                continue
            box.executor.submit(box.given(task))

    def _box(self, task: Task) -> "_Box":
        """A container that can take the task now: a warm one of its kind, else a new one."""
        key = (task.place, task.network, task.resources, task.log.rpartition("/")[0], self._outside(task))
        idle = [one for one in self._boxes if one.task is None]
        for box in idle:
            if box.key == key:
                return box
        if len(self._boxes) >= 2 * self.workers and idle:  # of other kinds: the one that was made first makes way
            self._boxes.remove(idle[0])
            idle[0].close()
        self._count += 1
        box = _Box(key, f"penstock-{os.getpid()}-{os.urandom(4).hex()}-{self._count}")
        try:
            self._furnish(box, task)
        except BaseException:
            box.close()
            raise
        self._boxes.append(box)
        return box

    def _bring(self, box: "_Box", task: Task) -> None:
        """Have the blobs of a task's inputs where its container sees them."""
        if self._lend is None:
            return
        blobs = [digest for one in task.inputs for digest in (one.stored.blob, *one.stored.parts) if digest]
        small = {one.stored.blob for one in task.inputs if one.stored.data is not None}
        self._lend([one for one in blobs if one not in small], box.home / "in")

    def _furnish(self, box: "_Box", task: Task) -> None:
        engine, image = self._engine(), self._image_of(task.place)
        box.image = image
        home = self._state / "containers" / box.name
        if self._count == 1:
            _sweep(home.parent)
        box.home, box.logs = home, Path(task.log.rpartition("/")[0] or str(home)) / box.name
        out, place, scratch = home / "out", home / "room", home / "tmp"
        kept = [
            home / "in" if self._lend is not None else self._store,
            self._state / "cache",
            self._state / "checkpoints",
        ]
        for folder in (out, place, scratch, box.logs, *kept):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        box.line = Path(tempfile.mkdtemp(prefix="penstock-"))
        mounts = [
            Mount(str(self._root), str(self._root), self._open),
            *[Mount(one, one) for one in (*image.mounts, *self._outside(task))],
            Mount(str(kept[0]), str(kept[0])),
            Mount(str(kept[1]), str(kept[1])),
            Mount(str(kept[2]), str(kept[2]), True),
            Mount(str(box.logs), str(box.logs), True),
            Mount(str(out), "/penstock/out", True),
            Mount(str(place), _PLACE, True),
            Mount(str(scratch), "/tmp", True),  # noqa: S108 - its own
            Mount(str(box.line), "/penstock/line"),
        ]
        wanted = task.resources
        variables = {"HOME": "/tmp", "TMPDIR": "/tmp", OUTBOX: "/penstock/out", ROOM: _PLACE}  # noqa: S108 - its own
        options = engine.kept(
            box.name,
            mounts,
            variables,
            network=task.network,
            cpus=wanted.cpus,
            memory=wanted.memory,
            gpus=wanted.gpus,
        )
        begin = f"import sys; sys.path[:0] = {list(image.before)!r}; sys.path += {list(image.after)!r}; "
        begin += f"from {self._main} import main; main()"
        inside = [image.python, "-P", "-c", begin, str(kept[0]), "0", _SOCKET]
        command = engine.containing([*options, f"--env={MARK}"], image.reference, inside)
        launch = [
            sys.executable,
            "-I",
            "-S",
            bridge.__file__,
            str(box.line / "socket"),
            *command,
        ]  # a file: it starts sooner
        box.executor = LocalExecutor(
            launch,
            workers=1,
            state=self._state,
            root=self._root,
            pipeline=self._pipeline,
            room=Room(wanted.cpus or 1, None, 0),
            pid_of=inner_pids,
        )
        box.outbox = self._outbox_of(out)

    def _outside(self, task: Task) -> tuple[str, ...]:
        """Files and folders that parameters name and that lie outside of the project."""
        named = [one.shown for one in task.settings if one.kind == "path"]
        named += [path for one in task.settings for path, _ in one.within]
        there = {os.path.realpath(self._root / one) for one in named}
        return tuple(sorted([one for one in there if not Path(one).is_relative_to(self._root) and Path(one).exists()]))

    def _hear(self, box: "_Box", event: TaskEvent) -> None:
        if isinstance(event, Produced):
            return  # it is not in the store yet: that is told with its end
        if isinstance(event, Begun):
            event = replace(event, host=f"{socket.gethostname()}/{box.name}")
        if isinstance(event, Ended) and box.task is not None:
            task, box.task = box.task, None
            self._room.give_back(task.resources, box.devices)
            event = self._taken(box, task, event)
        self._ready.append(event)

    def _taken(self, box: "_Box", task: Task, ended: Ended) -> Ended:
        """How a task ended, once what it made is in the store. Files that it read of the image count by the image."""
        outside = self._outside(task)
        ended = replace(
            ended,
            hidden=tuple([one for one in ended.hidden if one.path[:1] not in "/$" or one.path.startswith(outside)]),
        )
        if ended.failure is not None:
            return replace(ended, failure=_explained(ended.failure, task, box))
        try:
            self._take(box.outbox)
        except (PenstockError, OSError) as error:
            failure = Failure(
                "StoreError", f"what the container made can't be stored: {error}", hint=ExecutorError.hint_default
            )
            return replace(ended, status="failed", failure=failure, outputs=(), fanout=None)
        return ended


class _Box:
    """A container, and the one task that it does."""

    executor: LocalExecutor
    outbox: Store
    image: Image

    def __init__(self, key: object, name: str) -> None:
        self.key = key
        self.name = name
        self.task: Task | None = None
        self.devices: tuple[int, ...] = ()
        self.home = self.line = self.logs = Path()

    def given(self, task: Task) -> Task:
        """The task as this container is given it: to print where it may."""
        log = f"{self.logs}/" if task.log else ""
        return replace(task, log=log, isolation="worker", limits={})

    def close(self) -> None:
        """End the container, and remove what it had to itself but its logs."""
        if hasattr(self, "executor"):
            self.executor.close()
        for folder in (self.home, self.line):
            if folder != Path():
                shutil.rmtree(folder, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove what runners left that were killed: their containers ended with them."""
    for one in folder.iterdir() if folder.is_dir() else ():
        number = one.name.split("-")[1] if one.name.startswith("penstock-") else ""
        if not number.isdigit():
            continue
        try:
            os.kill(int(number), 0)
        except ProcessLookupError:
            shutil.rmtree(one, ignore_errors=True)
        except PermissionError:
            continue


def _explained(failure: Failure, task: Task, box: _Box) -> Failure:
    """A failure, with what only a container can be the reason of."""
    memory = task.resources.memory
    if "out of memory" in failure.message and memory:
        words = failure.message.replace(
            "probably out of memory", f"out of memory: its container may use {memory:,} bytes"
        )
        return replace(failure, message=words, hint="Raise resources={'memory': …}, or work in parts.")
    if "workers can't be started" in failure.message:
        return replace(
            failure,
            message=f"the container of image {box.image.name} can't be started: {failure.message.partition(': ')[2]}",
            hint="Try the image by hand; `penstock doctor` says which engine is used.",
        )
    if "Read-only file system" in failure.message:
        return replace(
            failure,
            hint="In a container, the project and the store can't be written to: return what the step makes, or use /tmp.",
        )
    return failure
