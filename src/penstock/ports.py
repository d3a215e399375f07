"""Protocols: what the engine asks of executors, stores, codecs, ledgers, runners and clocks.

Each is small on purpose. A backend is one class that fits, one entry-point line, and one contract-test class from
`penstock.testing`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple, Protocol, runtime_checkable

from penstock.model.artifact import Description, Stored
from penstock.model.code import Code
from penstock.model.event import Event, Record, TaskEvent
from penstock.model.holdings import Faults, Holdings, Retired
from penstock.model.run import Execution, Run
from penstock.model.task import Ended, Task

__all__ = [
    "Blob",
    "BlobWriter",
    "Clock",
    "Codec",
    "Codecs",
    "Executor",
    "Lack",
    "Lease",
    "Ledger",
    "Reader",
    "Runner",
    "Shares",
    "Sink",
    "Store",
]


class Clock(Protocol):
    """Time, so that tests can hold it."""

    def now(self) -> float:
        """Seconds since 1970 (UTC): for records, never for intervals."""

    def monotonic(self) -> float:
        """Seconds that never go back: for intervals, time limits and leases."""


class Blob(NamedTuple):
    """Bytes: their address (a digest) and their number.

    Where they are few, `data` holds them and they are NOT in the store: whoever made the blob carries them along
    (in `Stored.data` for the root of a value, inside the root for a part).
    """

    digest: str
    size: int
    data: bytes | None = None


class Sink(Protocol):
    """Where a codec puts bytes. Bytes are hashed while they are written; few bytes come back in `Blob.data`."""

    def blob(self, write: Callable[[BinaryIO], object]) -> Blob:
        """Make one blob of what `write` writes to the binary file that it is given."""

    def file(self, path: Path) -> Blob:
        """Make one blob of a file's content."""


class Reader(Protocol):
    """Where a codec gets bytes back, verified against their digest."""

    def data(self, digest: str) -> memoryview:
        """The bytes, memory-mapped where they lie in a file. Valid as long as something refers to the view."""

    def path(self, digest: str) -> Path:
        """A file holding the bytes, which must not be altered."""


@runtime_checkable
class Codec(Protocol):
    """Value ↔ bytes. `name` is stored with each value and finds the codec again."""

    name: str

    def accepts(self, value: Any) -> bool:
        """Whether this codec takes the value. Must not import a library that is not imported already."""

    def encode(self, value: Any, sink: Sink) -> Stored:
        """Write the value's bytes to `sink` and say how it is stored, description included.

        Equal content must give an equal `digest`, across processes and days.
        """

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """The value again: equal in content and type, memory-mapped where the library allows."""

    def describe(self, value: Any) -> Description:
        """What is worth knowing of the value without loading it; `encode` puts it into `Stored.about`."""


class Codecs(Protocol):
    """All codecs together: the first that accepts a value encodes it, its name finds it again."""

    def encode(self, value: Any, sink: Sink) -> Stored:
        """Store a value. Raises `CodecError` naming the type and the place inside the value that can't be stored."""

    def decode(self, stored: Stored, reader: Reader) -> Any:
        """The value again. Raises `Corrupt` or `CodecError`."""


class BlobWriter(Protocol):
    """A new blob while it is written: hashed on the way, visible to readers of this run after `finish`,
    durable after the store's `sync`."""

    def write(self, data: Any, /) -> int:
        """Append bytes (anything with the buffer protocol); how many."""

    def flush(self) -> None:
        """Nothing to do; libraries call it."""

    def tell(self) -> int:
        """How many bytes were written."""

    def finish(self) -> Blob:
        """The blob of all that was written. It can be read in this run from now on."""


@runtime_checkable
class Store(Protocol):
    """Content-addressed blobs. Writing is atomic, reading verified."""

    location: str

    def writer(self) -> "AbstractContextManager[BlobWriter]":
        """A binary file to write a new blob to. Left without `finish`, nothing remains of it."""

    def adopt(self, path: Path) -> Blob:
        """Make a blob of a file's content (by reflink or copy; the file stays as it is). Durable after `sync()`."""

    def sync(self) -> None:
        """Make every blob that this object finished durable; raise `StoreError` if that can't be said."""

    def data(self, digest: str) -> memoryview:
        """The bytes, memory-mapped. Raises `Corrupt` where they are gone or do not match (and quarantines them)."""

    def path(self, digest: str) -> Path:
        """A read-only file holding the bytes. Raises `Corrupt` like `data`."""

    def has(self, digest: str) -> bool:
        """Whether a durable blob of this address is there (not whether it is intact)."""

    def verify(self, digest: str) -> bool:
        """Whether the bytes match; a blob that does not is quarantined."""

    def digests(self) -> Iterator[str]:
        """All durable blobs."""

    def remove(self, digest: str) -> int:
        """Delete a blob; the bytes that this freed (0 if it was not there)."""

    # keeping house

    def size(self, digest: str) -> int:
        """The bytes that a blob takes; 0 if it is not there."""

    def age(self, digest: str) -> float:
        """Seconds since a blob was written, or last found by a writer of the same bytes; 0.0 if it is not there."""

    def collect(self, digest: str, younger: float) -> int:
        """Delete a blob, unless its `age` is below `younger` seconds; the bytes freed. A writer that finds the blob at
        this very moment either makes it young in time or writes it anew."""

    def inspect(self, digest: str) -> Literal["good", "damaged", "gone"]:
        """Whether the bytes match, hashed anew; nothing is moved. Raises `StoreError` where they can't be read."""

    def leftovers(self, older: float) -> list[tuple[Path, int]]:
        """What dead processes left more than `older` seconds ago, and the bytes that removing each would free."""

    def clean(self, older_than: float) -> int:
        """Remove these leftovers; the bytes freed."""

    def quarantined(self) -> list[Path]:
        """The files that were put aside because they did not match their digest."""


class Lease(NamedTuple):
    """The right to do the work of a key: held by `owner` until `expires`; `fence` grows with each new holder."""

    key: str
    owner: str
    fence: int
    expires: float


@runtime_checkable
class Ledger(Protocol):
    """The append-only memory of events, and the tables derived from it. Every write is one durable transaction."""

    location: str

    # writing
    def record(self, run: str, events: Sequence[Event]) -> None:
        """Append events of a run and bring the derived tables up to date. The first is `RunStarted`."""

    def commit(
        self,
        run: str,
        executions: Sequence[Execution],
        fences: Mapping[str, int],
        events: Sequence[Event] = (),
        replace: Iterable[str] = (),
    ) -> tuple[str, ...]:
        """Commit executions once each, release their leases and append `events` (and a `Committed` for each).

        Returns the keys refused because their fence is stale; for these nothing is written. Doing it again is harmless.
        An execution whose key is already committed by another run is kept as it is (first wins) and not an error,
        but for the keys in `replace`: work that people asked to do again.
        """

    def save_codes(self, codes: Iterable[Code]) -> None:
        """Keep closures; those already known are passed over cheaply."""

    def put(self, data: bytes) -> str:
        """Keep a small value outside an execution; its digest."""

    # asking
    def find(self, keys: Iterable[str]) -> dict[str, Execution]:
        """The committed executions of these keys; those that were forgotten are not among them."""

    def recent(self, pipeline: str) -> dict[str, Execution]:
        """The newest execution of each step of a pipeline, by step, forgotten ones included (for reasons);
        those that are not offered for reuse have `cached=False`."""

    def forget(self, keys: Iterable[str], reason: str) -> None:
        """Stop offering executions for reuse (their outputs were lost); history keeps them."""

    def code(self, digest: str) -> Code | None:
        """A closure, whole."""

    def data(self, digest: str) -> bytes | None:
        """A small value that the ledger itself keeps (an output's `Stored.data`, or from `put`)."""

    # leases
    def claim(self, keys: Sequence[str], owner: str, seconds: float) -> dict[str, Lease]:
        """Claim each key that nobody else holds; for the others, the lease of the one who does. Own leases are kept."""

    def claim_undone(
        self, keys: Sequence[str], owner: str, seconds: float
    ) -> tuple[dict[str, Lease], dict[str, Execution]]:
        """`claim` and `find` at one moment: the leases of these keys, and the executions that are offered for them."""

    def renew(self, owner: str, seconds: float) -> int:
        """Prolong all leases of an owner; how many it still holds."""

    def release(self, owner: str, keys: Iterable[str] | None = None) -> None:
        """Give leases back (all of them if no keys are named)."""

    def owner(self, key: str) -> str:
        """Who holds a key now; "" if nobody does. A run is driven by whoever holds `run:<id>`."""

    # history
    def runs(self, limit: int = 50, pipeline: str = "") -> list[dict[str, Any]]:
        """Newest first: `{"run", "pipeline", "status", "started", "seconds", "metrics", "name", "tags",
        "tolerated"}`, the last being the number of steps that failed and were tolerated (0 where very many runs are asked for)."""

    def run(self, prefix: str) -> Run:
        """The run of an id, of a unique prefix of one, of a name or tag (the newest), or of `last`. Raises `NotFound`
        with close matches."""

    def status(self, run: str) -> str:
        """The status of a run; one whose process died reads `failed` once its leases expired."""

    def steps(self, run: str) -> list[dict[str, Any]]:
        """Each step of a run: `{"step", "kind", "status", "reasons", "key", "attempts", "started", "seconds",
        "cpu_seconds", "peak_memory", "metrics", "error", "log", "execution"}`, in the order of the graph."""

    def timings(self, pipeline: str, step: str, limit: int = 20) -> list[float]:
        """The seconds that the last attempts at a step took which succeeded, newest first. The parts of a step that grew
        (`fit[3]`) do the same work: for one of them, those of all of them."""

    def events(self, run: str, after: int = 0, kinds: Collection[type] = ()) -> list[Record]:
        """The events of a run with a number above `after`, in order; only those of these classes, where any are given."""

    def executions(self, pipeline: str = "", step: str = "") -> Iterator[Execution]:
        """Executions, oldest first."""

    # names of artifacts, and of what else people name
    def tag(self, kind: str, target: str, name: str) -> None:
        """Let a name of a kind (`artifact` …) stand for a target, and no longer for what it stood for."""

    def untag(self, kind: str, name: str) -> bool:
        """Take a name away; whether it was there."""

    def tagged(self, kind: str) -> dict[str, str]:
        """The names of a kind, and what they stand for."""

    # keeping house
    def holdings(self) -> Holdings:
        """All executions, runs and figures, with the blobs that they have in the store, as they are at one moment."""

    def retire(self, choose: Callable[[Holdings], Retired], reason: str) -> Retired:
        """Stop offering the executions, and counting on the figures, that `choose` picks from what is held now; what
        it picked. Nobody can add to the ledger between its look and the change; history keeps both."""

    def faults(self) -> Faults:
        """Which executions, small values and source snapshots are damaged, so that each can be mended."""

    def check(self) -> list[str]:
        """What is wrong with the ledger, in words; nothing if it is sound."""

    # files whose content was hashed
    def stats(self) -> dict[str, tuple[int, int, int, str]]:
        """For each absolute path known: (size, mtime in ns, inode, digest), to re-check cheaply."""

    def save_stats(self, stats: Mapping[str, tuple[int, int, int, str]]) -> None:
        """Remember what was hashed."""

    def close(self) -> None:
        """Let go of files and connections."""


@runtime_checkable
class Executor(Protocol):
    """Where tasks run. It takes a task and yields events; it never sees the engine."""

    name: str

    def start(self) -> None:
        """Make ready, in the background where that takes time."""

    def submit(self, task: Task) -> None:
        """Take a task. It will be followed by events and by exactly one `Ended`, whatever happens."""

    def events(self, timeout: float | None) -> Sequence[TaskEvent]:
        """What has happened since the last call; waits up to `timeout` seconds (None: until something does)."""

    def cancel(self, task: str, reason: str = "", grace: float = 2.0) -> None:
        """Stop a task: ask, and after `grace` seconds kill it with its whole process group. `Ended` follows."""

    def close(self) -> None:
        """Stop everything, leaving no process behind. May be called twice."""


class Lack(NamedTuple):
    """What a task must wait for: a limit of which it can't have its shares now, and who has them, in words."""

    name: str
    words: str


class Shares(Protocol):
    """Named limits that count across runs."""

    def take(self, task: str, limits: Mapping[str, int]) -> Lack | None:
        """Take what a task needs of each limit: all of it, or nothing, and then what is lacking."""

    def give_back(self, task: str) -> None:
        """A task is over: others may have its shares."""


@runtime_checkable
class Runner(Protocol):
    """Who does work again for checks and traces: runs tasks outside a run, with cache, isolation and limits."""

    def perform(self, tasks: Sequence[Task]) -> Iterator[Ended]:
        """Do these tasks and yield how each ended, in the order in which they end."""

    def value(self, stored: Stored) -> Any:
        """Load a stored value in this process."""
