"""The runner's side of server and workers: their sockets, what they are doing, and how they are started and ended."""

import array
import contextlib
import fcntl
import math
import os
import signal
import socket
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from penstock.errors import ExecutorError
from penstock.executors.processes import MARK, kill_marked, new_mark
from penstock.executors.wire import Frames, FromServer, FromWorker, Halt, Hello, Kill, Prepare, Spawn, Work, frame
from penstock.model.task import Task

__all__ = ["Channel", "Hand", "Job", "Server"]

_TOKEN = 8


class Job:
    """A task in the executor: waiting, prefetched or running."""

    __slots__ = (
        "asked",
        "begun",
        "cpu",
        "devices",
        "due",
        "given",
        "heard",
        "kill_at",
        "log_size",
        "log_start",
        "look_at",
        "looked",
        "silent_at",
        "stop_at",
        "task",
        "why",
    )

    def __init__(self, task: Task) -> None:
        self.task = self.given = task
        self.devices: tuple[int, ...] = ()
        self.begun = 0.0  # monotonic; 0 while it has not begun
        self.asked = ""  # what it was asked to stop for: "timeout", "silence" or "cancel"
        self.why = ""
        self.stop_at = 0.0  # when to ask it to stop, 0 for never
        self.silent_at = 0.0  # when to look whether it has said anything, 0 for never
        self.kill_at = 0.0  # when to kill it, 0 for never
        self.log_start = 0
        self.log_size = 0
        self.heard = 0.0  # when it last printed or said something
        self.look_at = 0.0  # when to look what it uses
        self.due = math.inf  # the first of these
        self.looked = 0.0  # when that was done last, and the processor seconds that it had used then
        self.cpu = 0.0


class Channel:
    """A socket that never blocks: what can't be sent now is sent when there is room."""

    def __init__(self, sock: socket.socket, kind: Any) -> None:
        sock.setblocking(False)
        self.socket = sock
        self.open = True
        self._frames = Frames(kind)
        self._out = bytearray()
        # Made once: taking memory from the system for each message would cost more than the message.
        self._memory = memoryview(bytearray(1 << 16))

    def say(self, message: Struct) -> None:
        """Send a message, now or later."""
        data = frame(message)
        if self._out:
            self._out += data
            return
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # the other side is gone: reading tells
        if sent < len(data):
            self._out += data[sent:]

    @property
    def waiting(self) -> bool:
        """Whether something is still to be sent."""
        return bool(self._out)

    def flush(self) -> None:
        """Send what there is room for."""
        try:
            while self._out:
                del self._out[: self.socket.send(self._out)]
        except BlockingIOError:
            pass
        except OSError:
            self._out.clear()

    def hear(self) -> list[Any]:
        """What has come. `open` is False after the other side closed, `broken` says what it did wrong."""
        found: list[Any] = []
        for _ in range(32):  # others want to be heard as well
            if not self.open:
                break
            try:
                size = self.socket.recv_into(self._memory)
            except BlockingIOError:
                break
            except OSError:
                size = 0
            if not size:
                self.open = False
                break
            found += self._frames.feed(self._memory[:size])
            if size < len(self._memory):
                break
        return found

    @property
    def broken(self) -> str:
        """Why nothing more can be understood; "" while all is well."""
        return self._frames.broken

    def close(self) -> None:
        """Let go of the socket."""
        self.open = False
        self.socket.close()


class Hand:
    """A worker, as the runner sees it: `head` is what it does, `following` what it does next unless withdrawn."""

    def __init__(self, number: int, lane: str, channel: Channel, tokens: tuple[int, int]) -> None:
        self.id = number
        self.lane = lane
        self.channel = channel
        self.fresh = False
        self.pid = 0
        self.used = False
        self.head: Job | None = None
        self.following: Job | None = None
        self.spent = False
        self.closing = False  # its socket is closed; the server was asked to see to it
        self.words = ""  # why it is being ended, if that is not its own doing
        self._numbers = 0
        self._read, self._write = tokens

    @property
    def idle(self) -> bool:
        """Whether it can take a task at once."""
        return self.head is None and not self.spent and not self.closing

    def give(self, job: Job) -> None:
        """Hand it a task, to do at once or after the one it is doing."""
        self.used = True
        self._numbers += 1
        if job.given.log.endswith("/"):
            job.task = replace(job.given, log=f"{job.given.log}worker-{self.id}.log")
        os.write(self._write, self._numbers.to_bytes(_TOKEN, "little"))
        self.channel.say(Work(job.task, self._numbers))
        if self.head is None:
            self.head = job
        else:
            self.following = job

    @property
    def unbegun(self) -> int:
        """How many of its tasks it has not begun: their tokens are still in the pipe, in order."""
        waiting = array.array("i", [0])
        fcntl.ioctl(self._read, termios.FIONREAD, waiting)
        return waiting[0] // _TOKEN

    def withdraw(self) -> bool:
        """Take back the following task, if it has not been begun. Not while the head has not been begun either."""
        if self.unbegun != 1:
            return False
        try:
            taken = bool(os.read(self._read, _TOKEN))
        except BlockingIOError:  # it has been begun meanwhile
            return False
        if taken:
            self.following = None
        return taken

    def close(self) -> None:
        """Let go of sockets and pipes."""
        self.channel.close()
        for end in (self._read, self._write):
            if end >= 0:
                os.close(end)
        self._read = self._write = -1


class Server:
    """The server process, as the runner sees it."""

    def __init__(self, launch: Sequence[str], state: Path, root: Path) -> None:
        import subprocess

        self.mark = new_mark()
        self.ready = False
        ours, theirs = socket.socketpair()
        self._errors = _nameless()
        try:
            self._process = subprocess.Popen(
                [*launch, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=self._errors,
                stderr=self._errors,
                pass_fds=(theirs.fileno(),),
                env={**os.environ, MARK: self.mark},
                start_new_session=True,  # Ctrl-C is the runner's business
            )
        except OSError as error:
            ours.close()
            os.close(self._errors)
            raise ExecutorError(f"workers can't be started: {error}") from error
        finally:
            theirs.close()
        self.channel = Channel(ours, FromServer)
        self._tell(Hello(str(state), str(root), self.mark))

    def spawn(self, number: int, lane: str, environment: dict[str, str]) -> Hand:
        """Have a worker forked."""
        ours, theirs = socket.socketpair()
        read, write = os.pipe()
        os.set_blocking(read, False)
        os.set_blocking(write, False)
        self._tell(Spawn(number, environment), theirs.fileno(), read)
        theirs.close()
        return Hand(number, lane, Channel(ours, FromWorker), (read, write))

    def _tell(self, message: Struct, *descriptors: int) -> None:
        # Few and small messages go this way and the server always listens, so this may wait.
        with contextlib.suppress(OSError):  # the server is gone: reading tells
            self.channel.socket.setblocking(True)
            socket.send_fds(self.channel.socket, [frame(message)], descriptors)
        self.channel.socket.setblocking(False)

    def kill(self, hand: Hand, number: int = signal.SIGKILL, *, patient: bool = False) -> None:
        """Signal a worker; with SIGKILL, all that came of it."""
        self._tell(Kill(hand.id, number, patient))

    def was_killed(self) -> bool:
        """Whether it was ended by a signal, now that its socket is closed: another one may well live."""
        end = time.monotonic() + 1.0
        while (code := self._process.poll()) is None and time.monotonic() < end:
            time.sleep(0.001)
        return code is not None and code < 0

    def last_words(self) -> str:
        """What the server printed, for people to see why it ended."""
        try:
            size = os.fstat(self._errors).st_size
            return os.pread(self._errors, 4096, max(0, size - 4096)).decode("utf-8", "replace").strip()
        except OSError:
            return ""

    def close(self, patience: float = 3.0) -> None:
        """End it, with all that came of it: it does so when its socket closes, and is made to if it does not."""
        self.channel.socket.setblocking(True)
        self.channel.socket.settimeout(patience)
        try:
            self.channel.socket.shutdown(socket.SHUT_WR)
            while self.channel.socket.recv(1 << 16):
                pass
            clean = True
        except OSError:
            clean = False
        self.channel.close()
        end = time.monotonic() + (0.5 if clean else 0.0)
        while self._process.poll() is None and time.monotonic() < end:
            time.sleep(0.0005)
        if self._process.poll() != 0:  # killed, or broken: what came of it may live
            self._process.kill()
            self._process.wait()
            kill_marked(self.mark)
        os.close(self._errors)

    def prepare(self, hand: Hand, path: str, root: str) -> None:
        """Have a worker load a pipeline file ahead of its tasks."""
        hand.channel.say(Prepare(path, root))

    def halt(self, hand: Hand, task: str, reason: str, *, loud: bool = True) -> None:
        """Ask a worker to stop a task; not `loud`, to pass over one that it has not begun."""
        hand.channel.say(Halt(task, reason))
        if loud:
            self.kill(hand, signal.SIGTERM)


def _nameless() -> int:
    """A descriptor of a file without a name, for what a server prints."""
    import tempfile

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
