"""The documents that `--json` prints, as types. Their JSON Schemas under docs/reference/schemas are generated from here.

Additions are allowed, renames are not. Times are ISO 8601 in UTC, durations in seconds, memory and sizes in bytes.
"""

from typing import Any, Literal, NotRequired, TypedDict

from penstock.model.event import RunStatus
from penstock.model.run import Action
from penstock.model.step import Kind
from penstock.report.check_documents import (
    CheckedDocument,
    ChecksDocument,
    FindingDocument,
    ForeseenDocument,
    ReplayDocument,
)
from penstock.report.contract_documents import ContractDiffDocument, FreezeDocument
from penstock.report.row_documents import CellDocument, DroppedDocument, ForwardDocument, RowsDocument, TraceDocument

__all__ = [
    "DOCUMENTS",
    "ApproveDocument",
    "ArtifactDocument",
    "CancelDocument",
    "CodeDocument",
    "DamageDocument",
    "DecisionDocument",
    "DoctorDocument",
    "EndpointDocument",
    "ErrorBody",
    "ErrorDocument",
    "ExaminationDocument",
    "FailureDocument",
    "FigureDocument",
    "GcDocument",
    "GoneDocument",
    "InitDocument",
    "InputDocument",
    "LintDocument",
    "LogsDocument",
    "OutputDocument",
    "PileDocument",
    "PlanDocument",
    "ReasonDocument",
    "RunDocument",
    "RunLine",
    "RunsDocument",
    "SeedsDocument",
    "StepDetails",
    "StepDocument",
    "StepStatus",
    "UnderwayDocument",
    "UserDocument",
    "VerifyDocument",
    "WarningDocument",
    "WhyDocument",
    "WhyReason",
]

StepStatus = Literal[
    "succeeded", "reused", "failed", "tolerated", "blocked", "skipped", "cancelled", "running", "waiting"
]  # fmt: skip


class ErrorBody(TypedDict):
    """What went wrong (`kind` is the name of the error's class), where in the user's file, and what to do next."""

    kind: str
    message: str
    where: str
    hint: str


class ErrorDocument(TypedDict):
    """What any command prints with `--json` when it can't do what it was asked."""

    error: ErrorBody


class ReasonDocument(TypedDict):
    """Why a step runs or is reused."""

    kind: str
    what: str
    where: str


class WhyReason(ReasonDocument):
    """A reason with the unified diff of the code that changed ("" where there is none)."""

    diff: str


class InputDocument(TypedDict):
    """The artifact that an argument got."""

    artifact: str
    digest: str


class OutputDocument(TypedDict):
    """An artifact that a step made."""

    artifact: str
    digest: str
    bytes: int
    rows: int | None
    codec: str


class FailureDocument(ErrorBody):
    """Why a step failed: the user's own frames, and the parameters' values."""

    traceback: str
    parameters: dict[str, str]


class UnderwayDocument(TypedDict):
    """A step while it runs, or waits for a named limit (`waits` says which). `done` of `total` is its progress; `cpu`
    (processors) and `memory` are what it used when it was `looked` at, `silent` the seconds for which it had said nothing;
    `typical` and `longest` are the seconds that earlier attempts took; `left` and `ends` when it may end. None: not known."""

    attempt: int
    elapsed: float
    done: float
    total: float
    text: str
    cpu: float | None
    memory: int | None
    silent: float | None
    looked: str | None
    typical: float | None
    longest: float | None
    left: float | None
    ends: str | None
    host: str
    pid: int
    waits: str


class StepDocument(TypedDict):
    """One step of a run. `parent` is the step that grew it while the run was on, else ""; `note` is the question of a step
    that waits, the reason of one that was skipped, or what blocks it. `underway` is there while it runs."""

    step: str
    parent: str
    kind: Kind
    status: StepStatus
    reasons: list[ReasonDocument]
    key: str
    attempts: int
    started: str | None
    seconds: float
    cpu_seconds: float
    peak_memory: int
    inputs: dict[str, InputDocument]
    outputs: list[OutputDocument]
    metrics: dict[str, float | None]
    error: FailureDocument | None
    note: str
    underway: UnderwayDocument | None


class CodeDocument(TypedDict):
    """The state of the project's code; `snapshot` is the digest of the stored sources."""

    commit: str
    dirty: bool
    snapshot: str


class SeedsDocument(TypedDict):
    """The seed of the run, and what each step drew from it."""

    run: int
    steps: dict[str, int]


class WarningDocument(TypedDict):
    """Something that people should know and that failed nothing."""

    step: str
    kind: str
    what: str
    where: str
    hint: str


class RunDocument(TypedDict):
    """A run: its steps, metrics, checks and warnings, and with what code, parameters, seeds and environment it ran.

    `rows` are there where they were counted: by `show RUN`, or before."""

    run: str
    pipeline: str
    name: str
    tags: list[str]
    status: RunStatus
    started: str
    seconds: float
    steps: list[StepDocument]
    metrics: dict[str, float | None]
    checks: ChecksDocument
    warnings: list[WarningDocument]
    file: str
    targets: list[str]
    executor: str
    workers: int
    code: CodeDocument
    environment: dict[str, str]
    machine: dict[str, Any]
    parameters: dict[str, dict[str, str]]
    seeds: SeedsDocument
    error: NotRequired[ErrorBody]
    rows: NotRequired[RowsDocument]


class ArtifactDocument(OutputDocument):
    """An artifact as its codec described it at commit."""

    type: str
    role: str | None
    shape: list[int]
    columns: list[dict[str, Any]]
    head: list[list[Any]]
    text: str
    details: dict[str, Any]
    pickled: bool


class FigureDocument(TypedDict):
    """A figure that a step drew. `type` is what it holds; `file` has it, "" where the ledger keeps it."""

    name: str
    digest: str
    bytes: int
    type: str
    file: str


class StepDetails(TypedDict):
    """One step as in its run's document, and what its outputs look like.

    `made_in` is the run that did the work, another one where the step was reused.
    """

    run: str
    pipeline: str
    made_in: str
    step: StepDocument
    parameters: dict[str, str]
    artifacts: list[ArtifactDocument]
    notes: list[str]
    figures: list[FigureDocument]
    code: str
    seed: int | None


class RunLine(TypedDict):
    """One run among others; `tolerated` is the number of its steps that failed while what follows went on."""

    run: str
    pipeline: str
    name: str
    tags: list[str]
    status: RunStatus
    started: str
    seconds: float
    tolerated: int
    metrics: dict[str, float | None]


class RunsDocument(TypedDict):
    """Runs, newest first."""

    runs: list[RunLine]


class DecisionDocument(TypedDict):
    """What will happen to one step, and the values of its parameters as they are shown."""

    step: str
    kind: Kind
    inputs: dict[str, str]
    outputs: list[str]
    decision: Action
    reasons: list[ReasonDocument]
    parameters: dict[str, str]


class PlanDocument(TypedDict):
    """What would happen to each step, in the order of the graph, what the graph alone tells of leaks, and the `checks` that
    would be asked."""

    steps: list[DecisionDocument]
    findings: list[FindingDocument]
    checks: list[ForeseenDocument]


class WhyDocument(TypedDict):
    """Why one step would run or be reused.

    `key` is "" while it is unknown; `last` is the run that made what would be reused."""

    step: str
    kind: Kind
    decision: Action
    reasons: list[WhyReason]
    key: str
    where: str
    parents: list[str]
    last: str | None


class LogsDocument(TypedDict):
    """What one attempt printed; `run` is where the work was done."""

    run: str
    step: str
    attempt: int
    attempts: list[int]
    status: StepStatus
    file: str
    text: str


class LintDocument(TypedDict):
    """Every problem of a pipeline; `ok` when there is none. Also what is doubtful (as leaks that the graph alone tells of, which
    are `findings` as well), and of a `valohai.yaml` what has no effect."""

    ok: bool
    file: str
    pipeline: str
    steps: list[str]
    problems: list[ErrorBody]
    warnings: list[ErrorBody]
    notes: list[ErrorBody]
    findings: list[FindingDocument]


class ExaminationDocument(TypedDict):
    """One thing that `doctor` looked at."""

    name: str
    verdict: Literal["good", "warning", "bad"]
    what: str
    hint: str


class DoctorDocument(TypedDict):
    """What was looked at; `ok` unless something is bad."""

    ok: bool
    examined: list[ExaminationDocument]


class UserDocument(TypedDict):
    """Whose a stored value is: an artifact of a step, made in a run ("" for what is not known or not of any)."""

    pipeline: str
    artifact: str
    step: str
    run: str


class DamageDocument(TypedDict):
    """Something that is not as it was written; `name` is its digest, the key of a record, or the path of a source file.

    `outcome`: restored from another copy; forgotten, so that the next run makes it again; lost, where nothing can make
    it again; put aside, where nothing needs it; left, where nothing was or could be repaired."""

    what: Literal["blob", "small value", "record", "source"]
    name: str
    state: Literal["damaged", "missing", "unreadable"]
    outcome: Literal["restored", "forgotten", "lost", "put aside", "left"]
    users: list[UserDocument]


class PileDocument(TypedDict):
    """How many things of one sort there are, and their bytes."""

    count: int
    bytes: int


class VerifyDocument(TypedDict):
    """What was checked and found damaged. `ok` when nothing was; `repair` unless it was not to be; `ledger` says in
    words what is wrong with the ledger; `blobs` were hashed; `quarantined` files had been put aside before."""

    ok: bool
    repair: bool
    ledger: list[str]
    damaged: list[DamageDocument]
    blobs: PileDocument
    quarantined: int
    leftovers: PileDocument


class GoneDocument(PileDocument):
    """The blobs of one artifact that go ("" for those that no execution names: work that was never committed)."""

    pipeline: str
    artifact: str


class GcDocument(TypedDict):
    """What went, or would go (`done` tells which). `runs` that are kept; `executions` that are not offered any more;
    `bytes` of all that goes; of the blobs that stay, `kept` are needed and `young` too new to be judged."""

    done: bool
    keep_days: float
    runs: int
    executions: int
    bytes: int
    artifacts: list[GoneDocument]
    logs: PileDocument
    checkpoints: PileDocument
    quarantine: PileDocument
    downloads: PileDocument
    leftovers: PileDocument
    kept: PileDocument
    young: PileDocument


class InitDocument(TypedDict):
    """The files that were written and the commands to try next."""

    folder: str
    files: list[str]
    next: list[str]


class EndpointDocument(TypedDict):
    """An endpoint that is being served: where, and with which files (name → path below `folder`) of which run."""

    endpoint: str
    url: str
    run: str
    folder: str
    files: dict[str, str]


class ApproveDocument(TypedDict):
    """What was approved or declined, and the command with which the run goes on, or asks again."""

    run: str
    step: str
    approved: bool
    next: str


class CancelDocument(TypedDict):
    """A run that was asked to stop, and the command with which it goes on."""

    run: str
    asked: bool
    next: str


DOCUMENTS: dict[str, tuple[type, str]] = {
    "approve": (ApproveDocument, "approve RUN STEP"),
    "cancel": (CancelDocument, "cancel RUN"),
    "check": (CheckedDocument, "check"),
    "cell": (CellDocument, "trace KEY --cell ARTIFACT.COLUMN"),
    "contract-diff": (ContractDiffDocument, "contract diff"),
    "contract-freeze": (FreezeDocument, "contract freeze"),
    "doctor": (DoctorDocument, "doctor"),
    "dropped": (DroppedDocument, "dropped SOURCE"),
    "endpoint": (EndpointDocument, "serve-endpoint NAME"),
    "error": (ErrorDocument, "any command that can't do what it was asked"),
    "forward": (ForwardDocument, "trace KEY --forward"),
    "gc": (GcDocument, "gc"),
    "init": (InitDocument, "init [DIR]"),
    "lint": (LintDocument, "lint"),
    "logs": (LogsDocument, "logs RUN STEP"),
    "plan": (PlanDocument, "plan"),
    "replay": (ReplayDocument, "replay FINDING"),
    "rows": (RowsDocument, "show RUN --rows"),
    "run": (RunDocument, "run, resume, show RUN"),
    "runs": (RunsDocument, "runs"),
    "step": (StepDetails, "show RUN --step STEP"),
    "trace": (TraceDocument, "trace KEY"),
    "verify": (VerifyDocument, "verify"),
    "why": (WhyDocument, "why STEP"),
}
"""The documents by the name of their schema, and which commands print them."""
