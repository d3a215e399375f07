"""A worker: takes tasks one at a time, performs them, and is as it was before when it takes the next."""
# ruff: noqa: PTH109 - what a step may have changed of the process is checked between any two tasks

import faulthandler
import gc
import os
import resource
import select
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NoReturn

from msgspec import Struct
from msgspec.structs import replace

from penstock.executors.console import Redirected
from penstock.executors.processes import become_subreaper, children, descendants, kill_all, offer_to_oom
from penstock.executors.server import Fork
from penstock.executors.wire import (
    LINE_BROKEN,
    LINE_LOST,
    Again,
    Frames,
    FromRunner,
    Halt,
    Prepare,
    Spent,
    Work,
    frame,
)
from penstock.model.event import TaskEvent
from penstock.model.task import Ended, Failure, Task
from penstock.work.context import Stop
from penstock.work.failures import failure_of
from penstock.work.perform import Kit, NeedsFresh, perform

__all__ = ["State", "Worker", "sweep", "work"]

_GRACE = 0.2  # seconds for processes that a task left behind, between asking and killing
_TOKEN = 8  # bytes of a token: its number
# Threads of libraries that only look on, and what stands for threads of native code, by class.
_HARMLESS = frozenset({"TMonitor", "_DummyThread"})


def work(fork: Fork, compose: Callable[[Fork], Kit], bound: int) -> "Worker":
    """Become a worker; its `run` does what comes, until the runner closes the socket.

    `compose` makes what tasks are performed with; `bound` is the resident memory in bytes above which this process asks
    to be replaced.
    """
    become_subreaper()
    offer_to_oom()
    os.environ.update(fork.environment)
    faulthandler.enable(file=2, all_threads=False)
    gc.enable()
    line = _Line(fork)
    threading.Thread(target=_watch, args=(fork.alive,), daemon=True, name="penstock-watchdog").start()
    worker = Worker(line, compose(fork), bound)
    signal.signal(signal.SIGTERM, worker.asked)
    # A child of a step must end by SIGTERM as any other process does, from its first instruction on.
    os.register_at_fork(before=_hold_back, after_in_parent=_let_go, after_in_child=line.cut)
    return worker


def _hold_back() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _let_go() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _watch(alive: int) -> None:
    # The server kills workers when the runner dies. Should the server itself be killed, its end of the pipe closes.
    while True:
        try:
            select.select([alive], [], [])
        except (OSError, ValueError):  # the step closed what it should not: nothing is left to watch
            return
        os.killpg(0, signal.SIGKILL)


class _Line:
    """The socket to the runner, and what came by it. Threads of a step may speak at once."""

    def __init__(self, fork: Fork) -> None:
        self.halts: dict[str, str] = {}
        self.speaking = False  # in the main thread: no exception may break into half a message
        self._cut = False
        self._socket = fork.socket
        self._tokens = fork.tokens
        self._token = 0
        self._inbox: deque[Work | Prepare] = deque()
        self._frames = Frames(FromRunner)
        self._memory = memoryview(bytearray(1 << 18))
        self._lock = threading.RLock()
        os.set_blocking(fork.tokens, False)

    def cut(self) -> None:
        """In a process that a step forked: it is no worker, whatever it goes on to do."""
        self._cut = True
        self._lock = threading.RLock()
        self._socket.close()
        os.close(self._tokens)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _let_go()

    def say(self, *messages: Struct) -> None:
        """Send messages, whole. The process ends if nobody listens any more."""
        data = b"".join([frame(one) for one in messages])
        if self._cut:
            return
        main = threading.current_thread() is threading.main_thread()
        with self._lock:
            if main:
                self.speaking = True
            try:
                self._socket.sendall(data)
            except OSError:
                os._exit(LINE_LOST)
            finally:
                if main:
                    self.speaking = False

    def next(self) -> Work | Prepare:
        """Wait for the next message that is for this worker still."""
        if self._cut:  # a step forked, and its child came back from the step as well
            os._exit(0)
        while True:
            while self._inbox:
                message = self._inbox.popleft()
                if isinstance(message, Prepare) or self._claim(message.number):
                    return message
            self._take(self._socket.recv_into(self._memory))

    def look(self) -> None:
        """Take in what has come, without waiting."""
        try:
            self._take(self._socket.recv_into(self._memory, 0, socket.MSG_DONTWAIT))
        except BlockingIOError:
            pass

    def ignore(self) -> None:
        """Wait for something, and forget it."""
        if not self._socket.recv_into(self._memory):
            os._exit(0)

    def _take(self, size: int) -> None:
        if not size:
            os._exit(0)
        for message in self._frames.feed(self._memory[:size]):
            if isinstance(message, Halt):
                self.halts[message.task] = message.reason
            else:
                self._inbox.append(message)
        if self._frames.broken:  # a step read or wrote here: nothing that comes can be trusted
            os._exit(LINE_BROKEN)

    def _claim(self, number: int) -> bool:
        # The runner takes a token back to withdraw its task; whoever reads it has the task.
        if not self._token:
            try:
                self._token = int.from_bytes(os.read(self._tokens, _TOKEN), "little")
            except BlockingIOError:
                return False
        if self._token != number:
            return False
        self._token = 0
        return True


class Worker:
    """A process that does tasks, one at a time."""

    def __init__(self, line: _Line, kit: Kit, bound: int) -> None:
        self._line = line
        self._prepare = kit.prepare
        self._resolve = kit.resolve
        self._kit = kit._replace(resolve=self._resolved)
        self._bound = bound
        self._console = Redirected()
        self._running = ""
        self._stopping = False
        self._signalled = False
        self._loaded: set[str] = set()
        self._state = State()

    def run(self) -> NoReturn:
        """Do what comes."""
        while True:
            message = self._line.next()
            if isinstance(message, Prepare):
                self._prepared(message)
                continue
            if self._do(message.task):
                self._rest()

    def asked(self, number: int, stack: Any) -> None:  # noqa: ARG002
        """SIGTERM: the runner wants a task stopped; which one, it has said by the socket."""
        if not self._running:  # the main thread may just be listening itself
            self._signalled = True
            return
        self._line.look()
        if self._running not in self._line.halts:
            return
        if self._line.speaking:
            self._stopping = True
        else:
            raise Stop(self._line.halts[self._running])

    def _emit(self, event: TaskEvent) -> None:
        self._line.say(event)
        if self._stopping and threading.current_thread() is threading.main_thread():
            self._stopping = False
            raise Stop(self._line.halts.get(self._running, ""))

    def _resolved(self, task: Task) -> Any:
        # What loading the pipeline sets (environment, threads, signals) belongs to it; what a task sets does not.
        found = self._resolve(task)
        if task.entry.kind == "pickle" or task.entry.path not in self._loaded:
            self._loaded.add(task.entry.path)
            self._state.take()
        return found

    def _prepared(self, message: Prepare) -> None:
        if self._prepare is None:
            return
        try:
            self._prepare(message.path, message.root)
        except BaseException:  # it will come again with the task, and be told then
            pass
        self._state.take()

    def _do(self, task: Task) -> bool:
        """Do a task and tell how it ended. Whether this process is spent."""
        if self._signalled:
            self._signalled = False
            self._line.look()
        if task.id in self._line.halts:
            self._line.say(Ended(task.id, "cancelled", reason=self._line.halts.pop(task.id)))
            return False
        try:
            self._console.begin(task.log)
            _go(task.root)
        except OSError as error:
            self._line.say(Ended(task.id, "failed", failure=failure_of(error, task.root)))
            return False
        self._stopping = False
        try:
            self._running = task.id
            ended = perform(task, self._kit, self._emit)
            self._running = ""
        except NeedsFresh as why:
            self._running = ""
            self._line.say(Again(task.id, str(why)))
            self._rest()
        except Stop as signal_:
            self._running = ""
            ended = Ended(task.id, "cancelled", reason=str(signal_))
        except BaseException as error:  # a fault of ours: it must not take the worker away from other tasks
            self._running = ""
            ended = Ended(task.id, "failed", failure=failure_of(error, task.root))
        self._line.halts.pop(task.id, None)
        left = sweep()
        spent = self._state.mend() or left or self._grown(ended)
        try:
            ended = replace(ended, log=self._console.end())
        except OSError as error:  # the disk is full, the folder gone: the result does not depend on it
            spent = spent or f"its log can't be written: {error.strerror}"
        last = [Spent(spent)] if spent else []  # first of the two, so that nothing more is given to this process
        try:
            self._line.say(*last, ended)
        except Exception as error:  # a description that can't travel
            failure = Failure(type(error).__name__, f"how the step ended can't be told: {error}")
            self._line.say(*last, Ended(task.id, "failed", failure=failure, usage=ended.usage, log=ended.log))
        return bool(spent)

    def _grown(self, ended: Ended) -> str:
        if ended.usage.peak_memory <= self._bound:
            return ""
        gc.collect()
        return "it holds too much memory" if _own_memory() > self._bound else ""

    def _rest(self) -> NoReturn:
        """Take nothing more; the runner has this process killed."""
        while True:
            self._line.ignore()


def _go(root: str) -> None:
    if root and os.getcwd() != root:
        os.chdir(root)


def _own_memory() -> int:
    """Resident bytes that are this process's own (not mapped files)."""
    try:
        with open("/proc/self/statm", "rb", buffering=0) as file:  # noqa: PTH123
            pages = file.read().split()
        return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def sweep() -> str:
    """End the processes that a task left behind; why the worker is spent then ("" where there were none)."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return ""
    _bury()
    left = _strays()
    if not left:
        return ""
    kill_all(left, signal.SIGTERM)
    end = time.monotonic() + _GRACE
    while left and time.monotonic() < end:
        time.sleep(0.002)
        _bury()
        left = _strays()
    while left:
        kill_all(left, signal.SIGKILL)
        time.sleep(0.001)
        _bury()
        left = _strays()
    return "a task left processes behind"


def _strays() -> list[int]:
    # The tracker of shared memory ends by itself when this process does, and cleans up: killing it would leak.
    return [pid for pid in descendants(os.getpid()) if pid not in _trackers()]


def _trackers() -> set[int]:
    found = set()
    for pid in children(os.getpid()):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123
                if b"resource_tracker" in file.read():
                    found.add(pid)
        except OSError:
            pass
    return found


def _bury() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


class State:
    """What of the process a task must leave as it found it."""

    def __init__(self) -> None:
        self.take()

    def take(self) -> None:
        """Remember how things are."""
        self._environment: dict[Any, Any] = dict(_raw_environment())
        self._threads = set(threading.enumerate())
        self._limit = sys.getrecursionlimit()
        self._handlers = [(number, _getsignal(number)) for number in _SIGNALS]
        self._limits = _limits()
        self._umask = os.umask(0o077)
        os.umask(self._umask)

    def mend(self) -> str:
        """Put back what can be put back; why the worker is spent, if something can't ("" if all is well)."""
        if _raw_environment() != self._environment:
            wanted = {os.fsdecode(key): os.fsdecode(value) for key, value in self._environment.items()}
            for name in set(os.environ) - set(wanted):
                del os.environ[name]
            os.environ.update(wanted)
        if sys.getrecursionlimit() != self._limit:
            sys.setrecursionlimit(self._limit)
        for number, handler in self._handlers:
            if _getsignal(number) is not handler and handler is not None:
                signal.signal(number, handler)
        if not gc.isenabled():
            gc.enable()
        signal.setitimer(signal.ITIMER_REAL, 0)
        os.umask(self._umask)
        if _limits() != self._limits:  # what was lowered for good can't be raised again
            return "a task limited what its process may use"
        for thread in threading.enumerate():
            if thread not in self._threads and type(thread).__name__ not in _HARMLESS:
                return "a task left a thread running"
        return ""


_SIGNALS = [
    int(one) for one in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGALRM, signal.SIGHUP, signal.SIGPIPE)
]
_LIMITS = (
    resource.RLIMIT_AS, resource.RLIMIT_DATA, resource.RLIMIT_STACK, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE,
    resource.RLIMIT_NOFILE, resource.RLIMIT_CORE,
)  # fmt: skip
# The function below `signal.getsignal`, which converts to enums, at ten times the cost.
_getsignal: Callable[[int], Any] = getattr(sys.modules.get("_signal"), "getsignal", signal.getsignal)


def _limits() -> list[tuple[int, int]]:
    return [resource.getrlimit(one) for one in _LIMITS]


def _raw_environment() -> Any:
    # The mapping below os.environ compares in a microsecond, and os.environ itself in thirty.
    return getattr(os.environ, "_data", None) or dict(os.environ)
