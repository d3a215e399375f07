"""What runner, server and workers say to each other, and how it travels: frames of a length and a tagged struct."""

from typing import Any

import msgspec
from msgspec import Struct

from penstock.errors import ExecutorError
from penstock.model.event import Begun, Measured, Noted, Produced, Progressed
from penstock.model.task import Ended, Task

__all__ = [
    "LINE_BROKEN",
    "LINE_LOST",
    "Again",
    "Frames",
    "FromRunner",
    "FromServer",
    "FromWorker",
    "Gone",
    "Halt",
    "Hello",
    "Kill",
    "Prepare",
    "Ready",
    "Spawn",
    "Spawned",
    "Spent",
    "ToServer",
    "Work",
    "frame",
]

# A frame begins with these bytes and its length in four more, so that what a step writes by mistake is told at once.
_MAGIC = b"\xf7ps\x01"
_HEADER = 8
_LONGEST = (1 << 32) - 1

LINE_LOST, LINE_BROKEN = 71, 72
"""Exit codes of a worker that can't speak to the runner any more, or hears what is no message."""


class Hello(Struct, frozen=True, tag=True):
    """Runner to server, first of all: where state and project are, and the mark of all processes that come of it."""

    state: str
    root: str
    mark: str


class Spawn(Struct, frozen=True, tag=True):
    """Runner to server, with a socket and a pipe: fork worker `id` with these environment variables."""

    id: int
    environment: dict[str, str]


class Kill(Struct, frozen=True, tag=True):
    """Runner to server: send a signal to worker `id`, or (signal 9) to all of its processes.

    `patient`: its socket is closed; give it a moment to die by itself, so that its own end is what is reported.
    """

    id: int
    signal: int
    patient: bool = False


class Ready(Struct, frozen=True, tag=True):
    """Server to runner: forks from now on."""


class Spawned(Struct, frozen=True, tag=True):
    """Server to runner: worker `id` is process `pid`; 0 if it could not be forked, `reason` says why."""

    id: int
    pid: int
    reason: str = ""


class Gone(Struct, frozen=True, tag=True):
    """Server to runner: worker `id` ended with this wait status. `killed`: by a `Kill`; `starved`: the system killed
    processes for memory at that time."""

    id: int
    status: int
    killed: bool = False
    starved: bool = False


class Work(Struct, frozen=True, tag=True):
    """Runner to worker: do this task, if token `number` can still be taken from the pipe."""

    task: Task
    number: int


class Halt(Struct, frozen=True, tag=True):
    """Runner to worker, just before a SIGTERM: stop this task, no other."""

    task: str
    reason: str = ""


class Prepare(Struct, frozen=True, tag=True):
    """Runner to worker: load this pipeline file, tasks of it will come."""

    path: str
    root: str


class Again(Struct, frozen=True, tag=True):
    """Worker to runner: I hold old code, this task needs a new process. I take no more."""

    task: str
    reason: str = ""


class Spent(Struct, frozen=True, tag=True):
    """Worker to runner: I am no longer as I was, replace me. I take no more."""

    reason: str = ""


FromRunner = Work | Halt | Prepare
FromWorker = Begun | Progressed | Measured | Noted | Produced | Ended | Again | Spent
ToServer = Hello | Spawn | Kill
FromServer = Ready | Spawned | Gone

_encoder = msgspec.msgpack.Encoder()


def frame(message: Struct) -> bytes:
    """A message as bytes for the wire. Raises what msgspec raises for values that it can't encode."""
    body = bytearray(256)
    _encoder.encode_into(message, body, _HEADER)
    size = len(body) - _HEADER
    if size > _LONGEST:
        raise ExecutorError(f"a message of {size} bytes can't be sent", hint="Keep large values out of parameters.")
    body[:_HEADER] = _MAGIC + size.to_bytes(4, "little")
    return bytes(body)


class Frames:
    """Bytes as they come, taken apart into messages of one union of structs.

    `broken` says why nothing more can be read, once something came that is no message; what came before it counts.
    """

    def __init__(self, kind: Any) -> None:
        self.broken = ""
        self._decoder = msgspec.msgpack.Decoder(kind)
        self._buffer = bytearray()

    def feed(self, data: bytes | memoryview) -> list[Any]:
        """The messages that these bytes complete."""
        if self.broken:
            return []
        self._buffer += data
        found: list[Any] = []
        start, end = 0, len(self._buffer)
        while end - start >= _HEADER:
            if not self._buffer.startswith(_MAGIC, start):
                self.broken = "what came on the wire is no message"
                break
            size = int.from_bytes(self._buffer[start + 4 : start + _HEADER], "little")
            if end - start - _HEADER < size:
                break
            start += _HEADER + size
            with memoryview(self._buffer) as view, view[start - size : start] as body:
                try:
                    found.append(self._decoder.decode(body))
                except msgspec.MsgspecError as error:
                    self.broken = f"a message on the wire can't be read: {error}"
                    break
        del self._buffer[:start]
        return found

    @property
    def partial(self) -> bool:
        """Whether half a message is waiting for its rest."""
        return bool(self._buffer)
