"""The server: a lean process with one thread that forks workers, and outlives no runner.

A fork copies what the server has imported, so it is quick; and since the server has a single thread and uses no
library with threads of its own, it is safe. Whatever comes of the server is its descendant: as a subreaper it also
inherits what daemonised. When the runner goes, by whatever death, the control socket closes and all of it is killed.
"""

import gc
import os
import select
import signal
import socket
import sys
import time
from typing import NamedTuple, NoReturn

from penstock.executors.processes import become_subreaper, children, kill_all, kill_group, out_of_memory_kills
from penstock.executors.wire import Frames, Gone, Hello, Kill, Ready, Spawn, Spawned, ToServer, frame

__all__ = ["OUTBOX", "Fork", "claim", "serve"]

OUTBOX = "PENSTOCK_OUTBOX"
"""Environment variable in a container: the folder for what is made there."""

_GRACE = 0.05  # seconds in which orphans may end by themselves (trackers of shared memory clean up then)


class Fork(NamedTuple):
    """What a forked worker has: the runner's socket, the pipe of tokens, a pipe that closes with the server."""

    hello: Hello
    socket: socket.socket
    tokens: int
    alive: int
    environment: dict[str, str]


class _Server:
    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.hello = Hello("", "", "")
        self._frames = Frames(ToServer)
        self._descriptors: list[int] = []
        self._workers: dict[int, int] = {}  # id → pid
        self._ids: dict[int, int] = {}  # pid → id
        self._killed: set[int] = set()
        self._impatient: dict[int, float] = {}  # id → when to kill it
        self._orphans_at = 0.0  # when to kill orphans, 0 for never
        self._starved = out_of_memory_kills()
        self._alive, self._life = os.pipe()  # the second end is open here alone: it closes when this process ends
        self._woken, self._waker = os.pipe()
        for end in (self._woken, self._waker):
            os.set_blocking(end, False)

    def run(self) -> Fork:
        """Serve. Returns in each forked child only."""
        become_subreaper()
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        self._say(Ready())
        gc.collect()
        gc.freeze()  # what is shared with the children stays shared
        while True:
            for descriptor, _ in poll.poll(self._patience()):
                if descriptor == self._woken:
                    os.read(self._woken, 4096)
                    self._reap()
                else:
                    child = self._listen()
                    if child is not None:
                        return child
            self._due()

    def _patience(self) -> float | None:
        times = [*self._impatient.values()]
        if self._orphans_at:
            times.append(self._orphans_at)
        return max(0.0, min(times) - time.monotonic()) * 1000 + 1 if times else None

    def _due(self) -> None:
        now = time.monotonic()
        for worker in [one for one, when in self._impatient.items() if when <= now]:
            del self._impatient[worker]
            self._kill(worker)
        if self._orphans_at and self._orphans_at <= now:
            self._orphans_at = 0.0
            orphans = self._orphans()
            kill_all(orphans)
            if orphans:  # theirs come to us in turn
                self._orphans_at = now + 0.01

    def _orphans(self) -> list[int]:
        return [pid for pid in children(os.getpid()) if pid not in self._ids]

    def _listen(self) -> Fork | None:
        try:
            data, descriptors, _, _ = socket.recv_fds(self.control, 1 << 16, 64)
        except OSError:
            data, descriptors = b"", []
        if not data:
            self._end()
        self._descriptors += descriptors
        for message in self._frames.feed(data):
            if isinstance(message, Spawn):
                child = self._spawn(message)
                if child is not None:
                    return child
            elif isinstance(message, Kill):
                self._signal(message)
            elif isinstance(message, Hello):
                self.hello = message
        return None

    def _spawn(self, message: Spawn) -> Fork | None:
        ours, tokens = self._descriptors[:2]
        del self._descriptors[:2]
        try:
            pid = os.fork()
        except OSError as error:
            os.close(ours)
            os.close(tokens)
            self._say(Spawned(message.id, 0, f"a worker can't be started: {error.strerror}"))
            return None
        if pid == 0:
            return self._forked(ours, tokens, message)
        os.close(ours)
        os.close(tokens)
        self._workers[message.id] = pid
        self._ids[pid] = message.id
        self._say(Spawned(message.id, pid))
        return None

    def _forked(self, ours: int, tokens: int, message: Spawn) -> Fork:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.control.close()
        for end in (self._life, self._woken, self._waker, *self._descriptors):
            os.close(end)
        return Fork(self.hello, socket.socket(fileno=ours), tokens, self._alive, message.environment)

    def _signal(self, message: Kill) -> None:
        pid = self._workers.get(message.id)
        if pid is None:
            return  # reported already
        if message.patient:
            self._impatient[message.id] = time.monotonic() + 0.02
        elif message.signal == signal.SIGKILL:
            self._kill(message.id)
        else:
            kill_all([pid], message.signal)

    def _kill(self, worker: int) -> None:
        pid = self._workers.get(worker)
        if pid is not None:
            self._reap()
            if worker in self._workers:
                self._killed.add(worker)
                kill_group(pid)

    def _reap(self) -> None:
        while True:
            try:
                info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if info is None:
                return
            worker = self._ids.get(info.si_pid)
            if worker is not None:
                kill_group(info.si_pid)  # while the dead leader still keeps the group's number from others
            _, status = os.waitpid(info.si_pid, 0)
            if worker is None:
                continue
            del self._ids[info.si_pid], self._workers[worker]
            self._impatient.pop(worker, None)
            starved = False
            if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
                before, self._starved = self._starved, out_of_memory_kills()
                starved = self._starved > before
            killed = worker in self._killed
            self._killed.discard(worker)
            self._say(Gone(worker, status, killed and not starved, starved))
            if not self._orphans_at and self._orphans():
                self._orphans_at = time.monotonic() + _GRACE

    def _say(self, message: Ready | Spawned | Gone) -> None:
        try:
            self.control.sendall(frame(message))
        except OSError:
            self._end()

    def _end(self) -> NoReturn:
        """The runner is gone, or wants us to go: leave nothing behind."""
        for pid in self._ids:
            kill_group(pid)
        end = time.monotonic() + 5.0
        while time.monotonic() < end:
            try:
                while True:
                    info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                    if info is None:
                        break
                    if info.si_pid in self._ids:
                        kill_group(info.si_pid)
                    os.waitpid(info.si_pid, 0)
            except ChildProcessError:
                break  # no children at all
            kill_all(children(os.getpid()))
            time.sleep(0.001)
        os._exit(0)


def claim(path: str) -> int:
    """In a container: the descriptor of the runner's socket, which is handed over at this path (see `bridge`)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(path)
        _, descriptors, _, _ = socket.recv_fds(line, 1, 1)
    return descriptors[0]


def serve(descriptor: int) -> Fork:
    """Be the server behind this control socket. Returns in forked children; the server itself ends by exiting."""
    control = socket.socket(fileno=descriptor)
    control.set_inheritable(False)
    try:
        return _Server(control).run()
    except Exception:
        # A server that is broken must not leave workers without anyone to answer for them.
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
        kill_all(children(os.getpid()))
        os._exit(70)
