"""A Ray cluster. The runner speaks to an agent, a process of its own that speaks to Ray: should Ray, its head or its driver
go down, the agent does, and another takes up what had not ended. Nothing of Ray is imported here.

Data goes through the store, which every node must see; so does the project, as an archive by its content. A node that
does a task does it in a local executor of its own, in processes of Penstock, so that all that holds there holds on nodes.
"""

import contextlib
import os
import select
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from penstock.errors import ExecutorError, PenstockError
from penstock.executors.pool import Channel
from penstock.executors.wire import Halt
from penstock.model.event import Begun, Measured, Noted, Produced, Progressed, Queued, Sampled, TaskEvent
from penstock.model.task import Ended, Failure, LogSpan, Task
from penstock.ports import Store

__all__ = ["Anew", "FromAgent", "News", "Order", "Plain", "RayExecutor", "Site", "ToAgent", "Up", "Where"]

_RESTARTS = 5  # of agents, without any task ending in between
_GRACE = 2.0
_ENDING = 15.0  # seconds that an agent has to end what it ordered
_PATIENCE = 120.0  # seconds in which a cluster that was there once may come back


class Site(Struct, frozen=True):
    """What every task of a run needs on a node: the store's address and the bytes that copies of it may take, the project's
    archive by its digest, versions of Penstock and of what is installed where it was planned, and a file whose presence
    tells that the state folder is this one (`mark`)."""

    place: str
    cache: int
    project: str
    penstock: str
    versions: dict[str, str]
    mark: str
    state: str


class Where(Struct, frozen=True, tag=True):
    """Runner to agent, first of all: the address of a cluster ("" for one on this machine with so many `cpus`), and for how
    many seconds to wait for it."""

    address: str
    cpus: int
    gpus: int
    site: Site
    patience: float = 0.0


class Order(Struct, frozen=True, tag=True):
    """Do a task. `fence` grows with each time that it is ordered: what comes of earlier ones is not heard. `files` are the
    data that it declares, by their paths in the project, each with the digest of its blob; `lock` is that of its
    environment."""

    task: Task
    fence: int
    files: tuple[tuple[str, str], ...] = ()
    lock: str = ""


class Up(Struct, frozen=True, tag=True):
    """Agent to runner: connected to so many nodes, with so many processors."""

    nodes: int
    cpus: float


class Plain(Struct, frozen=True, tag=True):
    """Agent to runner: it can't go on, in words that people understand; another agent could not either."""

    words: str
    hint: str


class News(Struct, frozen=True, tag=True):
    """Agent to runner: what happened to a task that was ordered with this fence; `log` is what it printed, where the node
    can't write to its log itself. Both begin at a place (`first`, `at`) counted from the task's own beginning, since what is
    told in between may be late or lost: the last news of a task holds all. What is said of a task from outside has no such
    place (`first` is -1)."""

    task: str
    fence: int
    events: tuple[Begun | Progressed | Measured | Noted | Produced | Queued | Sampled | Ended, ...]
    log: bytes = b""
    first: int = 0
    at: int = 0


class Anew(Struct, frozen=True, tag=True):
    """Agent to runner: Ray lost the task, and it was ordered again with this fence. What was told before counts no more."""

    task: str
    fence: int


ToAgent = Where | Order | Halt
FromAgent = Up | Plain | Anew | News


class RayExecutor:
    """Runs tasks on a Ray cluster. `launch` starts an agent; the number of its socket is appended. `sources` gives the
    project's files, `store` is what `place` (an address) opens; `lock_of` gives the lock of an environment by its digest."""

    name = "ray"

    def __init__(
        self,
        launch: Sequence[str],
        *,
        address: str,
        workers: int,
        gpus: int,
        root: Path,
        state: Path,
        store: Store,
        place: str,
        cache: int,
        sources: Callable[[], Mapping[Path, bytes]],
        pack: Callable[[Mapping[Path, bytes]], bytes],
        versions: Mapping[str, str],
        penstock: str,
        lock_of: Callable[[str], str],
    ) -> None:
        self.workers = max(1, workers)
        self._launch = tuple(launch)
        self._address, self._gpus = address, gpus
        self._root, self._state = root, state
        self._store, self._place, self._cache = store, place, cache
        self._sources, self._pack, self._lock_of = sources, pack, lock_of
        self._versions, self._penstock = dict(versions), penstock
        self._agent: _Agent | None = None
        self._site: Site | None = None
        self._jobs: dict[str, Order] = {}
        self._asked: dict[str, str] = {}
        self._begun: set[str] = set()
        self._logs: dict[str, int] = {}
        self._passed: dict[str, int] = {}  # how many events of an order were passed on
        self._written: dict[str, int] = {}  # how many bytes of its log were written down
        self._shipped: dict[str, tuple[tuple[int, int, int], str]] = {}
        self._ready: list[TaskEvent] = []
        self._restarts = 0
        self._up = False  # whether the agent is connected
        self._reached = False  # whether one was
        self._mark = state / f"ray-{os.getpid()}-{os.urandom(6).hex()}"

    def start(self) -> None:
        """Start the agent, which connects in the background."""
        if self._agent is not None:
            return
        if self._site is None:
            self._site = self._prepared()
        self._agent = _Agent(self._launch)
        patience = _PATIENCE if self._reached else 0.0
        self._agent.channel.say(Where(self._address, self.workers, self._gpus, self._site, patience))
        for order in self._jobs.values():
            self._agent.channel.say(order)

    def submit(self, task: Task) -> None:
        """Take a task; Ray says where and when it begins."""
        try:
            order = self._ordered(task)
            self.start()
        except PenstockError as error:
            failure = Failure(error.kind, error.what, where=error.where, hint=error.hint)
            self._ready.append(Ended(task.id, "failed", failure=failure))
            return
        self._jobs[task.id] = order
        self._say(order)

    def events(self, timeout: float | None) -> Sequence[TaskEvent]:
        """What has happened; waits up to `timeout` seconds (None: until something does)."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            if not self._ready and self._jobs:
                left = None if end is None else max(0.0, end - time.monotonic())
                self._listen(left)
            if self._ready or not self._jobs or (end is not None and time.monotonic() >= end):
                made, self._ready = self._ready, []
                return made

    def cancel(self, task: str, reason: str = "", grace: float = _GRACE) -> None:  # noqa: ARG002 - the node's own
        """Stop a task, wherever it is."""
        if task in self._jobs and task not in self._asked:
            self._asked[task] = reason
            if self._up:
                self._say(Halt(task, reason))
            else:  # nothing can have begun, or all of it is lost; and an agent that connects does not listen
                self._pass(self._jobs[task].task, Ended(task, "cancelled"))

    def close(self) -> None:
        """Stop everything: the agent ends what it ordered, and goes."""
        agent, self._agent = self._agent, None
        self._jobs.clear()
        if agent is not None:  # while it connects to a cluster elsewhere, it hears nothing and has nothing to end
            agent.close(0.2 if self._address and not self._up else _ENDING)
        self._up = False
        with contextlib.suppress(OSError):
            self._mark.unlink()

    # --- what goes out

    def _prepared(self) -> Site:
        """The project in the store, and the mark in the state folder."""
        with self._store.writer() as writer:
            writer.write(self._pack(self._sources()))
            blob = writer.finish()
        self._store.sync()
        self._state.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._mark.touch()
        return Site(
            self._place, self._cache, blob.digest, self._penstock, self._versions, str(self._mark), str(self._state)
        )

    def _ordered(self, task: Task) -> Order:
        files: dict[str, str] = {}
        for one in task.settings:
            for path in [one.shown] if one.kind == "path" else [path for path, _ in one.within]:
                files.update(self._shipped_of(path))
        if files:
            self._store.sync()
        log = task.log
        if log.endswith("/"):
            log = f"{log}ray-{task.step.replace('/', '_')}-{task.attempt}.log"
        lock = self._lock_of(task.place) if task.env and task.place else ""
        return Order(replace(task, log=log), 1, tuple(sorted(files.items())), lock)

    def _shipped_of(self, path: str) -> dict[str, str]:
        """The files of a declared path that lies in the project, each as a blob of the store."""
        place = self._root / path
        if Path(path).is_absolute() or ".." in Path(path).parts:
            return {}  # every node must see it where it is
        found = {}
        for one in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if not one.is_file():
                continue
            seen = one.stat()
            identity = (seen.st_size, seen.st_mtime_ns, seen.st_ino)
            known = self._shipped.get(str(one))
            if known is None or known[0] != identity:
                known = self._shipped[str(one)] = identity, self._store.adopt(one).digest
            found[str(one.relative_to(self._root))] = known[1]
        return found

    # --- what comes back

    def _listen(self, patience: float | None) -> None:
        agent = self._agent
        if agent is None:
            return
        poll = select.poll()
        poll.register(agent.channel.socket, select.POLLIN | (select.POLLOUT if agent.channel.waiting else 0))
        for _, flags in poll.poll(None if patience is None else patience * 1000):
            if flags & select.POLLOUT:
                agent.channel.flush()
            if flags & ~select.POLLOUT:
                for message in agent.channel.hear():
                    self._hear(message)
        if not agent.channel.open and self._agent is agent:
            self._fallen(agent)

    def _hear(self, message: Up | Plain | Anew | News) -> None:
        if isinstance(message, Plain):
            self._give_up(Failure("ExecutorError", message.words, hint=message.hint))
        elif isinstance(message, Anew):
            order = self._jobs.get(message.task)
            if order is not None and order.fence < message.fence:
                self._jobs[message.task] = self._anew(order, message.fence)
        elif isinstance(message, News):
            order = self._jobs.get(message.task)
            if order is None or order.fence != message.fence:
                return  # of an attempt that was given up
            self._log(order.task, message)
            for event in self._unheard(message):
                self._pass(order.task, event)
        else:
            self._up = self._reached = True
            self.workers = max(1, int(message.cpus))

    def _anew(self, order: Order, fence: int) -> Order:
        """An order that is given again. What comes of it begins anew: it may tell less than before."""
        self._passed.pop(order.task.id, None)
        self._written.pop(order.task.id, None)
        return replace(order, fence=fence)

    def _unheard(self, news: News) -> Sequence[TaskEvent]:
        """What of these news was not passed on before."""
        if news.first < 0:
            return news.events
        passed = self._passed.get(news.task, 0)
        if news.first > passed:
            return ()  # what came before it is lost, or to come: the last news holds all
        self._passed[news.task] = max(passed, news.first + len(news.events))
        return news.events[passed - news.first :]

    def _pass(self, task: Task, event: TaskEvent) -> None:
        if isinstance(event, Begun):
            if task.id in self._begun:
                return  # it was begun anew on another node
            self._begun.add(task.id)
        if isinstance(event, Ended):
            del self._jobs[task.id]
            self._restarts = 0
            asked = self._asked.pop(task.id, None)
            self._begun.discard(task.id)
            self._passed.pop(task.id, None)
            self._written.pop(task.id, None)
            if task.id in self._logs:
                event = replace(event, log=_span(task.log, self._logs.pop(task.id)))
            if asked is not None and event.status in ("failed", "cancelled"):
                event = replace(event, status="cancelled", reason=asked, failure=None)
        self._ready.append(event)

    def _say(self, message: Order | Halt) -> None:
        if self._agent is not None:
            self._agent.channel.say(message)

    def _log(self, task: Task, news: News) -> None:
        """Write down what a node sent that can't write to the log."""
        written = self._written.get(task.id, 0)
        data = news.log[max(0, written - news.at) :]
        if not data or not task.log or news.at > written:
            return
        self._written[task.id] = written + len(data)
        path = Path(task.log)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            self._logs.setdefault(task.id, file.tell())
            file.write(data)

    def _give_up(self, failure: Failure) -> None:
        for task in list(self._jobs):
            del self._jobs[task]
            self._ready.append(Ended(task, "failed", failure=failure))

    def _fallen(self, agent: "_Agent") -> None:
        """The agent is gone, with its cluster or alone: another orders what had not ended, and only that."""
        words = agent.last_words()
        agent.close()
        self._agent, self._up = None, False
        self._restarts += 1
        if self._restarts > _RESTARTS:
            last = words.splitlines()[-1] if words else "it said nothing"
            failure = Failure(
                "ExecutorError", f"the connection to Ray broke down again and again: {last}", traceback=words
            )
            self._give_up(replace(failure, hint="See that the cluster is up: `ray status`."))
            return
        if not self._jobs:
            return
        for task, reason in list(self._asked.items()):
            self._pass(self._jobs[task].task, Ended(task, "cancelled", reason=reason))
        for task, order in self._jobs.items():
            self._jobs[task] = self._anew(order, order.fence + 1)
            if self._restarts == 1:
                waits = f"waits for Ray{f' at {self._address}' if self._address else ''}: the connection is lost"
                self._ready.append(Queued(task, order.task.step, waits))
        time.sleep(min(0.2 * self._restarts, 1.0))
        self.start()


def _span(path: str, start: int) -> LogSpan:
    return LogSpan(path, start, max(0, _size(path) - start))


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116
    except OSError:
        return 0


class _Agent:
    """The agent, as the runner sees it."""

    def __init__(self, launch: Sequence[str]) -> None:
        ours, theirs = socket.socketpair()
        with tempfile.TemporaryFile() as errors:
            self._errors = os.dup(errors.fileno())
        try:
            self._process = subprocess.Popen(
                [*launch, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=self._errors,
                stderr=self._errors,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # Ctrl-C is the runner's business
            )
        except OSError as error:
            ours.close()
            os.close(self._errors)
            raise ExecutorError(f"the agent of Ray can't be started: {error}") from error
        finally:
            theirs.close()
        self.channel = Channel(ours, FromAgent)

    def last_words(self) -> str:
        """What it printed at last."""
        size = os.fstat(self._errors).st_size
        return os.pread(self._errors, 4096, max(0, size - 4096)).decode("utf-8", "replace").strip()

    def close(self, patience: float = _ENDING) -> None:
        """Let it end: it does when its socket closes, and is made to if it does not."""
        self.channel.close()
        try:
            self._process.wait(patience)
        except Exception:
            self._process.kill()
            self._process.wait()
        os.close(self._errors)
