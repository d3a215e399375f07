"""Events: everything that happens in a run. Executors emit some, the engine's loop the others; the ledger keeps them."""

from typing import Any, Literal

from msgspec import Struct

from penstock.model.artifact import Stored
from penstock.model.bench import Depth, Pair
from penstock.model.run import Decision, Execution, Run
from penstock.model.task import Ended, Failure, LogSpan
from penstock.model.verdict import CheckResult, Finding
from penstock.model.waiver import Waived

__all__ = [
    "Approved",
    "Begun",
    "Blocked",
    "Cancelled",
    "Checked",
    "Committed",
    "Decided",
    "Event",
    "Expected",
    "Failed",
    "Grown",
    "Held",
    "Judging",
    "Labelled",
    "Measured",
    "Noted",
    "Produced",
    "Progressed",
    "Queued",
    "Record",
    "Retrying",
    "RunEnded",
    "RunStarted",
    "RunStatus",
    "Sampled",
    "Skipped",
    "Stopping",
    "TaskEvent",
    "Warned",
]

RunStatus = Literal["running", "succeeded", "failed", "cancelled", "waiting"]


class RunStarted(Struct, frozen=True, tag=True):
    """A run began (or, for a run that the ledger knows already, was resumed)."""

    run: Run


class Decided(Struct, frozen=True, tag=True):
    """What will happen to some steps, and why. Steps that are reused are done with it."""

    decisions: tuple[Decision, ...]


class Begun(Struct, frozen=True, tag=True, omit_defaults=True):
    """A process began to work on a task."""

    task: str
    step: str
    attempt: int
    pid: int = 0
    host: str = ""
    log: LogSpan | None = None


class Progressed(Struct, frozen=True, tag=True, omit_defaults=True):
    """A task came along: `done` of `total` (0 where it is not known)."""

    task: str
    done: float
    total: float = 0.0
    text: str = ""


class Sampled(Struct, frozen=True, tag=True, omit_defaults=True):
    """A look at a task that has run for `seconds`: `cpu` processors in use since the look before, `memory` resident bytes
    of all its processes, and `silent` seconds since it printed or reported anything."""

    task: str
    seconds: float
    cpu: float = 0.0
    memory: int = 0
    silent: float = 0.0


class Expected(Struct, frozen=True, tag=True):
    """How long earlier attempts at a step took, in seconds: the `typical` (median) and the `longest` of the last `count`
    that succeeded. Said of an attempt that takes so long that people may wonder."""

    task: str
    typical: float
    longest: float
    count: int


class Queued(Struct, frozen=True, tag=True):
    """A task waits before it begins: for a named limit (`what` says which, and who has it), or for its place to be made."""

    task: str
    step: str
    what: str


class Measured(Struct, frozen=True, tag=True, omit_defaults=True):
    """A task measured something: one point of the series `name`."""

    task: str
    name: str
    value: float
    index: int = 0


class Noted(Struct, frozen=True, tag=True, omit_defaults=True):
    """A task wrote a note (markdown), or drew a figure (then `figure` holds it)."""

    task: str
    markdown: str = ""
    name: str = ""
    figure: Stored | None = None


class Produced(Struct, frozen=True, tag=True):
    """A task's outputs can be read in this run, while their fsync is still under way."""

    task: str
    outputs: tuple[Stored, ...]


class Committed(Struct, frozen=True, tag=True):
    """A task's outputs are durable and its work is in the ledger: the step succeeded."""

    execution: Execution


class Retrying(Struct, frozen=True, tag=True):
    """An attempt failed and another will follow after `delay` seconds."""

    step: str
    attempt: int
    delay: float
    failure: Failure


class Failed(Struct, frozen=True, tag=True, omit_defaults=True):
    """A step failed for good."""

    step: str
    attempt: int
    failure: Failure
    ended: Ended | None = None


class Blocked(Struct, frozen=True, tag=True):
    """Steps will not run because `by` failed (or lies behind what failed)."""

    steps: tuple[str, ...]
    by: str


class Skipped(Struct, frozen=True, tag=True):
    """A step asked to be skipped, and its descendants with it (`steps` holds all of them, itself first)."""

    steps: tuple[str, ...]
    reason: str


class Cancelled(Struct, frozen=True, tag=True):
    """Steps were stopped, or never began, because the run was interrupted."""

    steps: tuple[str, ...]
    reason: str = ""


class Stopping(Struct, frozen=True, tag=True, omit_defaults=True):
    """People asked the run to stop, and how; `steps` are under way and are given a moment to end by themselves."""

    reason: str
    steps: tuple[str, ...] = ()


class Held(Struct, frozen=True, tag=True):
    """A step waits for `penstock approve`; its descendants wait with it."""

    step: str
    question: str


class Approved(Struct, frozen=True, tag=True, omit_defaults=True):
    """Someone approved a step that was held."""

    step: str
    by: str = ""


class Labelled(Struct, frozen=True, tag=True, omit_defaults=True):
    """People gave a run another name ("" for none, None to leave it), or tags, or took tags away."""

    name: str | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class Grown(Struct, frozen=True, tag=True):
    """A step became `children` and will hold their gathered result."""

    step: str
    children: tuple[str, ...]


class Warned(Struct, frozen=True, tag=True, omit_defaults=True):
    """Something that people should know and that fails nothing: a hidden input, a silent step."""

    step: str
    kind: str
    what: str
    where: str = ""
    hint: str = ""


class Judging(Struct, frozen=True, tag=True, omit_defaults=True):
    """Checks came along: `done` of `total` that were not known before; `text` names the last one."""

    done: int
    total: int
    text: str = ""


class Checked(Struct, frozen=True, tag=True, omit_defaults=True):
    """Checks judged the run, as far as `depth` asks: what each came to (`reused` of them were known before), what they found, what became of waivers, and
    the stored counter-examples (`evidence`) by finding. `left` are pairs that the time allowed did not reach; `seconds`
    is what the checks took, `budget` what they might have taken (0: as long as it takes)."""

    depth: Depth
    results: tuple[CheckResult, ...] = ()
    findings: tuple[Finding, ...] = ()
    waivers: tuple[Waived, ...] = ()
    evidence: dict[str, Stored] = {}
    left: tuple[Pair, ...] = ()
    reused: int = 0
    seconds: float = 0.0
    budget: float = 0.0


class RunEnded(Struct, frozen=True, tag=True, omit_defaults=True):
    """A run came to its end. `seconds` is its wall time."""

    status: RunStatus
    seconds: float
    details: dict[str, Any] = {}


TaskEvent = Queued | Begun | Progressed | Sampled | Measured | Noted | Produced | Ended

Event = (
    RunStarted
    | Decided
    | Queued
    | Begun
    | Expected
    | Progressed
    | Sampled
    | Measured
    | Noted
    | Produced
    | Ended
    | Committed
    | Retrying
    | Failed
    | Blocked
    | Skipped
    | Stopping
    | Cancelled
    | Held
    | Approved
    | Labelled
    | Grown
    | Warned
    | Judging
    | Checked
    | RunEnded
)


class Record(Struct, frozen=True):
    """An event as the ledger keeps it: its number in the run, and the time in seconds since 1970 (UTC)."""

    number: int
    time: float
    event: Event
