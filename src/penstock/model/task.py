"""Tasks: steps ready to do, complete in themselves and serialisable; and how one try at a task ended."""

from typing import Any, Literal

from msgspec import Struct

from penstock.model.artifact import Stored
from penstock.model.code import Code, Piece
from penstock.model.step import Entry, Isolation, Kind, ParameterKind, Resources

__all__ = [
    "ABSENT",
    "PREPARED",
    "Ended",
    "Failure",
    "Fanout",
    "HiddenInput",
    "Input",
    "LogSpan",
    "Setting",
    "Status",
    "Task",
    "Usage",
]

Status = Literal["succeeded", "failed", "skipped", "held", "grown", "cancelled", "changed", "corrupt"]


class Input(Struct, frozen=True, gc=False):
    """The stored value that a task gets for an argument."""

    argument: str
    artifact: str
    stored: Stored


class Setting(Struct, frozen=True, gc=False, omit_defaults=True):
    """A parameter's value: pickled in `data` for the call, `shown` to people, `digest` for the key.

    For `kind="path"`, `shown` is the path as given and `digest` that of the file's or folder's content; `stat` is the
    file's (size, change time in ns, inode) when that digest was known to be true, so that it need not be read again.
    `within`: the paths that a value of another kind holds (a list of paths, a data class with one), each with its digest.
    """

    name: str
    kind: ParameterKind
    shown: str
    digest: str
    data: bytes = b""
    stat: tuple[int, ...] = ()
    within: tuple[tuple[str, str], ...] = ()


class Task(Struct, frozen=True, omit_defaults=True):
    """One step ready to do, complete in itself.

    `id` is `run/step/attempt`; `key` the hash of the work; `code` the digest of the closure that the plan saw, which
    the worker compares with its own before it calls the function ("" to trust it: notebooks), and `source` that of its
    pieces but values (`Code.source`): where only values differ, the task runs all the same. `outputs` are the names
    of the step's outputs in order ("" for the single one). `seed` is drawn from the run's seed and the step's name.
    `root` is the project's folder; `log` the file that takes what the task prints (or, with a `/` at its
    end, the folder in which each process of the executor keeps one); `checkpoint` a folder that survives
    a retry. `network`: whether its container has one. `place` is the digest of the environment or the image that the step asks for; `files` are the digests of the
    project's files, relative to it, that another interpreter must find as they were planned. `approved` tells a held step that people said yes; of a step of kind `evaluate`, returned numbers are
    metrics. `timeout` is in seconds, 0 for none. `limits` are its shares of named limits, which it has when it begins.
    """

    id: str
    run: str
    step: str
    attempt: int
    key: str
    code: str
    entry: Entry
    inputs: tuple[Input, ...] = ()
    settings: tuple[Setting, ...] = ()
    outputs: tuple[str, ...] = ("",)
    seed: int = 0
    isolation: Isolation = "worker"
    resources: Resources = Resources()
    timeout: float = 0.0
    no_output_timeout: float = 0.0
    image: str = ""
    env: tuple[str, ...] = ()
    root: str = ""
    log: str = ""
    checkpoint: str = ""
    approved: bool = False
    kind: Kind = "step"
    source: str = ""
    limits: dict[str, int] = {}
    network: bool = False
    place: str = ""
    files: dict[str, str] = {}


class LogSpan(Struct, frozen=True, gc=False):
    """Where a task's printed output lies: `size` bytes of `file` from `start`."""

    file: str
    start: int
    size: int


class Usage(Struct, frozen=True, gc=False, omit_defaults=True):
    """What one attempt took: seconds of wall and processor time, peak resident bytes, bytes and rows in and out."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    rows_in: int = 0
    rows_out: int = 0


class Failure(Struct, frozen=True, gc=False, omit_defaults=True):
    """Why an attempt failed: the error's `kind` (class name), `message`, place in the user's file, advice,
    the `traceback` with the user's frames only, and the parameters' values as shown. What is `asked` about is tolerated once
    people said so."""

    kind: str
    message: str
    where: str = ""
    hint: str = ""
    traceback: str = ""
    parameters: dict[str, str] = {}
    asked: bool = False


ABSENT = "absent"
"""The digest of a file that is not there."""


PREPARED = frozenset(
    (
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
        *("NUMEXPR_NUM_THREADS", "NUMEXPR_MAX_THREADS", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS"),
        *("LOKY_MAX_CPU_COUNT", "CUDA_VISIBLE_DEVICES"),
    )
)
"""Environment variables that executors set for workers. They follow from a step's `resources`, and are nobody's input."""


class HiddenInput(Struct, frozen=True, gc=False, omit_defaults=True):
    """A file, or (`$name`) an environment variable, that the step read and nobody declared; `where` is the user's line
    that read it."""

    path: str
    where: str = ""
    digest: str = ""


class Fanout(Struct, frozen=True):
    """What a task that grew asks for: `entry` (whose closure is `code`) called once on each stored item.

    `argument` takes the item; `shared` inputs are the same for all; their results, in order, become the artifact. So many
    as `most` are under way at once (0: as many as there are); if `strict`, the first that fails ends the others.
    """

    entry: Entry
    code: Code
    argument: str
    items: tuple[Stored, ...]
    shared: tuple[Input, ...] = ()
    name: str = "each"
    most: int = 0
    strict: bool = False


class Ended(Struct, frozen=True, tag=True, omit_defaults=True):
    """One attempt has ended; with `succeeded`, every blob of `outputs` is durable, and a `failure` is one that is tolerated.

    `pieces` are those pieces of the worker's own closure that differ from the plan's only in a *value* (a constant
    that is another in every process); the work is then committed under the key of what really ran.
    """

    task: str
    status: Status
    outputs: tuple[Stored, ...] = ()
    failure: Failure | None = None
    reason: str = ""
    usage: Usage = Usage()
    metrics: dict[str, float] = {}
    notes: tuple[str, ...] = ()
    figures: dict[str, Stored] = {}
    hidden: tuple[HiddenInput, ...] = ()
    pieces: tuple[Piece, ...] = ()
    fanout: Fanout | None = None
    log: LogSpan | None = None
    lost: tuple[str, ...] = ()
    extra: dict[str, Any] = {}
