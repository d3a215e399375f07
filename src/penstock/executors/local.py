"""The default executor: warm processes on this machine, forked by a server; a task that dies, dies alone."""

import atexit
import os
import select
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from weakref import WeakSet

from penstock.errors import ExecutorError
from penstock.executors import vigil
from penstock.executors.console import log_size
from penstock.executors.deaths import ended_by_death, ended_by_stop
from penstock.executors.lanes import Room, environment_of, lane_of
from penstock.executors.pool import Hand, Job, Server
from penstock.executors.wire import Again, Gone, Ready, Spawned, Spent
from penstock.model.event import Begun, TaskEvent
from penstock.model.task import Ended, Failure, LogSpan, Task, Usage

__all__ = ["LocalExecutor"]

_GRACE = 2.0  # seconds between asking a task to stop and killing it
_STOPPED = frozenset({"cancelled", "failed"})
_RESTARTS = 3  # of a server that died
_TRY = 0.01  # seconds after which a task that could not be withdrawn is tried again


class LocalExecutor:
    """Runs up to `workers` tasks at once (counted by their cpus) in processes on this machine.

    `launch` starts the server; the number of its control socket is appended. `state` is the state folder, `root` the
    project's; `memory` (bytes) and `gpus` bound what runs together. Workers load `pipeline` ahead where it is given.
    Executors that share one `room` bound together what runs.
    `pid_of` finds the number that a process of the server's mark has here, where it counts them in another way.
    """

    name = "local"

    def __init__(
        self,
        launch: Sequence[str],
        *,
        workers: int,
        state: Path,
        root: Path,
        memory: int | None = None,
        gpus: int = 0,
        pipeline: Path | None = None,
        room: Room | None = None,
        pid_of: Callable[[str, int], int] | None = None,
    ) -> None:
        self.workers = max(1, workers)
        self._launch = tuple(launch)
        self._state, self._root, self._pipeline = state, root, pipeline
        self._pid_of = pid_of
        self._room = room or Room(self.workers, memory, gpus)
        self._queue: deque[Job] = deque()
        self._jobs: dict[str, Job] = {}
        self._hands: dict[int, Hand] = {}
        self._by_socket: dict[int, Hand] = {}
        self._numbers = 0
        self._server: Server | None = None
        self._poll = select.poll()
        self._ready: list[TaskEvent] = []
        self._host = socket.gethostname()
        self._owner = 0
        self._restarts = 0
        self._stuck = False
        self._barren = 0  # workers that ended before they began anything, since one did

    def start(self) -> None:
        """Start the server and the first workers, in the background."""
        if self._server is not None:
            return
        atexit.register(self.close)
        _open.add(self)
        self._owner = os.getpid()
        self._server = Server(self._launch, self._state, self._root)
        self._poll.register(self._server.channel.socket, select.POLLIN)
        for _ in range(self.workers - len(self._hands)):
            self._spawn("1")

    def submit(self, task: Task) -> None:
        """Take a task; it begins when there is room."""
        if self._server is None:
            self.start()
        job = Job(task)
        self._jobs[task.id] = job
        self._queue.append(job)
        self._dispatch()

    def events(self, timeout: float | None) -> Sequence[TaskEvent]:
        """What has happened. Waits up to `timeout` seconds (None: until something does, if there is anything to wait for)."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            self._listen(self._patience(end))
            self._overdue()
            self._dispatch()
            if self._ready or not self._jobs or (end is not None and time.monotonic() >= end):
                made, self._ready = self._ready, []
                return made

    def cancel(self, task: str, reason: str = "", grace: float = _GRACE) -> None:
        """Stop a task: forgotten if it has not begun; else asked, and after `grace` seconds killed."""
        job = self._jobs.get(task)
        if job is None or job.asked or self._server is None:
            return
        if job in self._queue:
            self._queue.remove(job)
            self._end(job, Ended(task, "cancelled", reason=reason))
            return
        for hand in self._hands.values():
            if hand.head is job:
                self._ask(hand, job, "cancel", reason, grace)
                return
            if hand.following is job:
                job.asked, job.why = "cancel", reason
                self._server.halt(hand, task, reason, loud=False)
                self._rebalance()
                return

    def close(self) -> None:
        """Kill everything that came of this executor. May be called twice, and at exit it is."""
        server, self._server = self._server, None
        if self._owner != os.getpid():
            return
        self._queue.clear()
        self._jobs.clear()
        for hand in list(self._hands.values()):
            self._drop(hand)
        if server is not None:
            self._poll.unregister(server.channel.socket)
            server.close()
        self._owner = 0
        atexit.unregister(self.close)

    # --- handing out ---------------------------------------------------------------------------------------------

    def _dispatch(self) -> None:
        while self._queue:
            job = self._queue[0]
            wanted = job.task.resources
            if self._room.fits(wanted):
                self._queue.popleft()
                job.devices = self._room.take(wanted)
                self._give(self._free(job), job)
            else:
                hand = self._busy(lane_of(wanted)) if job.task.isolation != "fresh" and not wanted.gpus else None
                if hand is None:
                    return
                self._queue.popleft()
                hand.give(job)
                self._register(hand)
        self._rebalance()

    def _rebalance(self) -> None:
        """Nothing waits, but a task may be stuck behind a long one while there is room elsewhere, or is not wanted."""
        self._stuck = False
        for hand in list(self._hands.values()):
            job = hand.following
            if job is None or not (job.asked or self._room.fits(job.task.resources)):
                continue
            if not hand.withdraw():
                self._stuck = True
            elif job.asked:
                self._end(job, Ended(job.task.id, "cancelled", reason=job.why))
            else:
                job.devices = self._room.take(job.task.resources)
                self._give(self._free(job), job)

    def _free(self, job: Job) -> Hand:
        """A worker that can take the task now: a warm one of its lane, else a new one."""
        lane = lane_of(job.task.resources, job.devices)
        if job.task.isolation == "fresh":
            return self._fresh(lane)
        for hand in self._hands.values():
            if hand.idle and hand.lane == lane and not hand.fresh:
                return hand
        idle = [hand for hand in self._hands.values() if hand.idle]
        if len(idle) >= self.workers:  # of other lanes: the one that was made first makes way
            self._retire(idle[0], "")
        return self._spawn(lane)

    def _fresh(self, lane: str) -> Hand:
        """A worker that has done nothing yet and will do nothing else. Another is then made ready for the next task of
        this kind, so that the user's imports cost it no time."""
        unused = [one for one in self._hands.values() if one.idle and one.lane == lane and not one.used]
        found = unused[0] if unused else self._spawn(lane)
        found.fresh = True
        if len(unused) < 2 and self._pipeline is not None:
            self._spawn(lane)
        return found

    def _busy(self, lane: str) -> Hand | None:
        """A worker that can keep a task of this lane ready, to save the time in which it would wait for one."""
        for hand in self._hands.values():
            if (
                hand.lane == lane
                and hand.head is not None
                and hand.following is None
                and not (hand.spent or hand.closing or hand.fresh or hand.head.asked)
            ):
                return hand
        return None

    def _spawn(self, lane: str) -> Hand:
        assert self._server is not None
        self._numbers += 1
        hand = self._server.spawn(self._numbers, lane, environment_of(lane))
        self._hands[hand.id] = hand
        descriptor = hand.channel.socket.fileno()
        self._by_socket[descriptor] = hand
        self._poll.register(descriptor, select.POLLIN)
        if self._pipeline is not None:
            self._server.prepare(hand, str(self._pipeline), str(self._root))
        return hand

    def _give(self, hand: Hand, job: Job) -> None:
        hand.give(job)
        self._register(hand)
        self._begin(hand)

    def _register(self, hand: Hand) -> None:
        if hand.channel.waiting:
            self._poll.modify(hand.channel.socket, select.POLLIN | select.POLLOUT)

    def _begin(self, hand: Hand, before: LogSpan | None = None, *, heard: bool = False) -> None:
        """The head's time runs from now, if its process is there: the server says so, or (`heard`) it does itself, which
        on a busy machine comes first. `before`: where the task before it printed."""
        job = hand.head
        if job is None or job.begun or not (hand.pid or heard):
            return
        task = job.task
        vigil.begin(job, time.monotonic())
        # A worker goes on to the next task by itself, and may print before it is asked here how long its log is.
        after = before.start + before.size if before is not None and before.file == task.log else None
        job.log_start = job.log_size = log_size(task.log) if after is None else after
        span = LogSpan(task.log, job.log_start, 0) if task.log else None
        self._ready.append(Begun(task.id, task.step, task.attempt, hand.pid, self._host, span))

    # --- what comes back -------------------------------------------------------------------------------------------

    def _listen(self, patience: float | None) -> None:
        for descriptor, flags in self._poll.poll(None if patience is None else max(0.0, patience) * 1000):
            hand = self._by_socket.get(descriptor)
            if hand is not None:
                if flags & select.POLLOUT:
                    hand.channel.flush()
                    if not hand.channel.waiting:
                        self._poll.modify(descriptor, select.POLLIN)
                if flags & ~select.POLLOUT:
                    self._hear(hand)
            elif self._server is not None and descriptor == self._server.channel.socket.fileno():
                self._hear_server(self._server)

    def _hear(self, hand: Hand) -> None:
        for message in hand.channel.hear():
            if isinstance(message, Ended):
                self._ended(hand, message)
            elif isinstance(message, Again):
                self._again(hand, message)
            elif isinstance(message, Spent):
                hand.spent = True
                self._unfollow(hand)
            else:
                self._begin(hand, heard=True)
                if hand.head is not None:
                    vigil.hear(hand.head, time.monotonic())
                self._ready.append(message)
        if hand.channel.broken and not hand.words and hand.id in self._hands:
            # The step wrote on what is not its own.
            self._retire(hand, f"wrote to a descriptor that is not its own ({hand.channel.broken}), and was killed")
        if not hand.channel.open and not hand.closing and hand.id in self._hands:
            hand.closing = True
            self._forget_socket(hand)
            if self._server is not None:
                self._server.kill(hand, patient=True)

    def _ended(self, hand: Hand, ended: Ended) -> None:
        job = hand.head
        if job is None or job.task.id != ended.task:
            return
        if not job.begun and ended.status != "cancelled":
            self._begin(hand, LogSpan(ended.log.file, ended.log.start, 0) if ended.log else None, heard=True)
        hand.head = None
        self._barren = 0
        self._settle(job, ended_by_stop(job, ended) if job.asked and ended.status in _STOPPED else ended)
        if hand.fresh or hand.spent:
            self._retire(hand, "")
        elif hand.following is not None:
            job, hand.head, hand.following = hand.following, hand.following, None
            job.devices = self._room.take(job.task.resources)
            self._begin(hand, ended.log)
            if job.asked:
                self._ask(hand, job, job.asked, job.why, _GRACE)

    def _again(self, hand: Hand, message: Again) -> None:
        job = hand.head
        hand.spent = True
        if job is not None and job.task.id == message.task:
            hand.head = None
            self._put_back(job)
        self._retire(hand, "")

    def _settle(self, job: Job, ended: Ended) -> None:
        self._room.give_back(job.task.resources, job.devices)
        self._end(job, ended)

    def _end(self, job: Job, ended: Ended) -> None:
        del self._jobs[job.task.id]
        self._ready.append(ended)

    def _put_back(self, job: Job) -> None:
        """A task that could not run where it was: it takes its place at the front again."""
        self._room.give_back(job.task.resources, job.devices)
        job.devices = ()
        vigil.rest(job)
        self._queue.appendleft(job)

    def _hear_server(self, server: Server) -> None:
        for message in server.channel.hear():
            if isinstance(message, Ready):
                server.ready = True
                continue
            hand = self._hands.get(message.id)
            if hand is None:
                continue
            if isinstance(message, Gone):
                self._gone(hand, message)
            elif isinstance(message, Spawned) and message.pid:
                hand.pid = message.pid if self._pid_of is None else self._pid_of(server.mark, message.pid)
                self._begin(hand)
            else:
                self._lost(hand, Failure("ExecutorError", message.reason, hint=ExecutorError.hint_default))
        if not server.channel.open:
            self._server_died(server)

    # --- endings ---------------------------------------------------------------------------------------------------

    def _retire(self, hand: Hand, words: str) -> None:
        """End a worker that takes no more. What it was to do next goes back to the queue."""
        hand.spent = True
        hand.words = hand.words or words
        self._unfollow(hand)
        if self._server is not None:
            self._server.kill(hand)
        if hand.head is None:
            self._drop(hand)

    def _unfollow(self, hand: Hand) -> None:
        job, hand.following = hand.following, None
        if job is None:
            return
        if job.asked:
            self._end(job, Ended(job.task.id, "cancelled", reason=job.why))
        else:
            self._queue.appendleft(job)

    def _gone(self, hand: Hand, message: Gone) -> None:
        """A worker ended: its task with it, unless it had not begun."""
        if hand.channel.open:
            self._hear(hand)  # what it said before
        if hand.id in self._hands:
            self._left(hand, lambda job: self._death(hand, job, message))

    def _left(self, hand: Hand, end: Callable[[Job], Ended]) -> None:
        """A worker is no more: what it had not begun goes back to the queue."""
        unbegun = hand.unbegun - (hand.following is not None)
        job, hand.head = hand.head, None
        self._unfollow(hand)
        if job is not None:
            if unbegun > 0 and not job.asked and self._barren < 2 * self.workers + 2:
                self._barren += 1
                self._put_back(job)
            else:
                self._settle(job, end(job))
        self._drop(hand)

    def _death(self, hand: Hand, job: Job, message: Gone) -> Ended:
        usage = Usage(seconds=time.monotonic() - job.begun if job.begun else 0.0)
        return ended_by_death(job, message, hand.words, hand.closing, usage)

    def _lost(self, hand: Hand, failure: Failure) -> None:
        job, hand.head = hand.head, None
        self._unfollow(hand)
        if job is not None:
            self._settle(job, Ended(job.task.id, "failed", failure=failure))
        self._drop(hand)

    def _drop(self, hand: Hand) -> None:
        self._forget_socket(hand)
        self._hands.pop(hand.id, None)
        hand.close()

    def _forget_socket(self, hand: Hand) -> None:
        descriptor = hand.channel.socket.fileno()
        if self._by_socket.get(descriptor) is hand:
            del self._by_socket[descriptor]
            self._poll.unregister(descriptor)

    def _server_died(self, server: Server) -> None:
        """Its workers are killed; what they did has failed, what waits goes on with a new server."""
        self._server = None
        self._poll.unregister(server.channel.socket)
        words = server.last_words()
        never = not server.ready and not server.was_killed()
        server.close(0.0)
        for hand in list(self._hands.values()):
            if hand.channel.open:
                self._hear(hand)
            what = "the process that starts workers ended" + (f": {words.splitlines()[-1]}" if words else "")
            failure = Failure("WorkerDied", what, hint=ExecutorError.hint_default, traceback=words)
            self._left(hand, lambda job, failure=failure: Ended(job.task.id, "failed", failure=failure))  # type: ignore[misc]
        self._restarts += 1
        if self._queue and (never or self._restarts > _RESTARTS):
            for job in list(self._queue):
                what = (
                    "workers can't be started"
                    if never
                    else f"the process that starts workers ended {self._restarts} times"
                )
                what += f": {words.splitlines()[-1]}" if words else ""
                failure = Failure("ExecutorError", what, hint=ExecutorError.hint_default, traceback=words)
                self._end(job, Ended(job.task.id, "failed", failure=failure))
            self._queue.clear()
        elif self._queue:
            self.start()

    # --- time ------------------------------------------------------------------------------------------------------

    def _patience(self, end: float | None) -> float | None:
        if self._ready or not self._jobs:
            return 0.0
        if self._stuck:
            soon = time.monotonic() + _TRY
            end = soon if end is None else min(soon, end)
        first = vigil.first_due([hand.head for hand in self._hands.values()], end)
        return None if first is None else first - time.monotonic()

    def _overdue(self) -> None:
        now = time.monotonic()
        due = [(hand, hand.head) for hand in self._hands.values() if hand.head is not None and hand.head.due <= now]
        for hand, job in due:
            why, words = vigil.overdue(job, now)
            if why == "kill":
                if self._server is not None:
                    self._server.kill(hand)
            elif why:
                self._ask(hand, job, why, words, _GRACE)
            elif (seen := vigil.sample(job, hand.pid, now)) is not None:
                self._ready.append(seen)

    def _ask(self, hand: Hand, job: Job, asked: str, why: str, grace: float) -> None:
        job.asked, job.why = asked, why
        vigil.stop(job, time.monotonic(), grace)
        if self._server is None:
            return
        if grace > 0:
            self._server.halt(hand, job.task.id, why)
        else:
            self._server.kill(hand, signal.SIGKILL)

    def forget(self) -> None:
        """In a fork of the runner: the sockets must close when the runner dies, so a copy may not keep them open."""
        for hand in self._hands.values():
            hand.close()
        if self._server is not None:
            self._server.channel.close()
        self._hands, self._by_socket, self._jobs, self._server, self._owner = {}, {}, {}, None, 0
        self._queue.clear()
        atexit.unregister(self.close)


_open: "WeakSet[LocalExecutor]" = WeakSet()


def _forget_all() -> None:
    for one in list(_open):
        one.forget()


os.register_at_fork(after_in_child=_forget_all)
