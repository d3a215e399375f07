"""The documents of what compares and repeats runs, and of names, tags and versions: what their `--json` prints.

As in `documents.py`: additions are allowed, renames are not.
"""

from typing import Any, Literal, TypedDict

from penstock.model.event import RunStatus
from penstock.report.documents import FailureDocument, InputDocument, OutputDocument, RunLine, WhyReason

__all__ = [
    "HISTORY_DOCUMENTS",
    "ArtifactChange",
    "CellChange",
    "ChangedFileDocument",
    "ColumnChangeDocument",
    "ComparedDocument",
    "DataChange",
    "DiffDocument",
    "FailuresDocument",
    "FigureChange",
    "LedgerCopyDocument",
    "MetricHistoryDocument",
    "MetricPoint",
    "MovedMetricDocument",
    "PackageDocument",
    "ParameterChange",
    "PartChange",
    "ReproduceDocument",
    "StepChange",
    "StepChangesDocument",
    "TableDocument",
    "TagDocument",
    "TaggedDocument",
    "TagsDocument",
    "VersionDocument",
    "VersionsDocument",
    "WrittenDocument",
]


class MetricPoint(TypedDict):
    """A metric in one run; `value` is null where it was not finite, and `said` then tells what it was: `nan`, `inf` or
    `-inf`."""

    run: str
    pipeline: str
    name: str
    tags: list[str]
    status: RunStatus
    started: str
    value: float | None
    said: str


class MetricHistoryDocument(TypedDict):
    """A metric over runs, the oldest first: those among the newest runs that measured it."""

    metric: str
    points: list[MetricPoint]


class TagDocument(TypedDict):
    """What was named or tagged, and what it bears now. `artifact` and `digest` are "" where it is the run itself.
    `taken_from` is the run that had the name until now."""

    run: str
    name: str
    taken_from: str
    artifact: str
    digest: str
    tags: list[str]


class TaggedDocument(TypedDict):
    """A name or tag and what it stands for. `runs` are newest first; for an artifact, those that made the version."""

    kind: str
    pipeline: str
    artifact: str
    tag: str
    digest: str
    runs: list[str]


class TagsDocument(TypedDict):
    """All names and tags. `kind` is `name` (of a run), `run` (a tag of runs) or `artifact`."""

    tags: list[TaggedDocument]


class VersionDocument(OutputDocument):
    """One version of an artifact: the run that made it, from which inputs, with which parameters. `kept` while its
    bytes are in the store; `type` is that of its value."""

    run: str
    started: str
    step: str
    type: str
    tags: list[str]
    inputs: dict[str, InputDocument]
    parameters: dict[str, str]
    metrics: dict[str, float | None]
    kept: bool


class VersionsDocument(TypedDict):
    """The versions of an artifact, newest first."""

    artifact: str
    pipeline: str
    versions: list[VersionDocument]


class ComparedDocument(TypedDict):
    """An artifact then and now: their digests ("" for what is not there), and why they differ, as far as it is known.

    `given`: taken from the store and not made again; `missing`: made then, and not now. `bytes_differ` where only the
    library's own bytes are others, and the state is equal."""

    step: str
    artifact: str
    verdict: Literal["equal", "different", "missing", "given"]
    before: str
    after: str
    bytes_differ: bool
    reasons: list[WhyReason]


class MovedMetricDocument(TypedDict):
    """A metric that is another one. Where JSON has no number, `said` tells what null stands for: `absent` (not measured),
    `nan`, `inf` or `-inf`; "" otherwise."""

    metric: str
    before: float | None
    after: float | None
    said: list[str]


class FailuresDocument(TypedDict):
    """A step that failed then or now."""

    step: str
    before: FailureDocument | None
    after: FailureDocument | None


class ChangedFileDocument(TypedDict):
    """A file that a step read and that is another now, or gone. `parameter` is "" for one that it did not declare."""

    step: str
    path: str
    parameter: str
    gone: bool


class PackageDocument(TypedDict):
    """An installed distribution (or `python`, `platform`) that differs; "" where it is not installed. `reached` where
    the code of some step imports it."""

    package: str
    before: str
    after: str
    reached: bool


class StepChangesDocument(TypedDict):
    """What of the code that a step reaches differs ("" for what can't be said of any step)."""

    step: str
    reasons: list[WhyReason]


class ReproduceDocument(TypedDict):
    """What came of doing a run again. `equal` when every artifact is (`given` ones aside), `failed` when a step failed
    that did not fail then, `nothing` when there was nothing to compare.

    `figures` are told by their name as `artifact`, and decide nothing: a picture may hang on fonts.

    `given` steps were taken from the store because of `files`; `left` were not done again because they deploy; `moved`
    are source files outside of the project that have changed. `since` tells how the project's code differs now from
    that of the run, and `commits` the commits then and now. `folder` is "" unless it was kept."""

    run: str
    pipeline: str
    status: Literal["equal", "different", "failed", "nothing"]
    seconds: float
    artifacts: list[ComparedDocument]
    figures: list[ComparedDocument]
    metrics: list[MovedMetricDocument]
    failures: list[FailuresDocument]
    given: list[str]
    left: list[str]
    files: list[ChangedFileDocument]
    moved: list[str]
    environment: list[PackageDocument]
    machine: dict[str, dict[str, Any]]
    since: list[StepChangesDocument]
    commits: list[str]
    folder: str


class ParameterChange(TypedDict):
    """A parameter of a step that differs; null where the step or the parameter is not there. `content` where it names
    the same file, whose content is another."""

    step: str
    parameter: str
    before: str | None
    after: str | None
    content: bool


class CellChange(TypedDict):
    """One cell: the key (or position) of its row, its value before and after."""

    row: Any
    before: Any
    after: Any


class ColumnChangeDocument(TypedDict):
    """A column that changed in `count` rows that both have; `types` (before, after) where its type is another."""

    column: str
    count: int
    examples: list[CellChange]
    types: list[str]


class PartChange(TypedDict):
    """A part of a value that has no rows: its place inside the value ("" for the whole), before and after."""

    part: str
    before: Any
    after: Any


class DataChange(TypedDict):
    """What became of a value. Of a table, rows were held against each other `by` key, position or content; `added`, `gone`
    and `changed` count rows; the examples are rows as objects. Of other values, `parts` are what differs (`by` is "")."""

    by: Literal["key", "position", "content", ""]
    key: list[str]
    rows: list[int]
    columns_added: list[str]
    columns_gone: list[str]
    added: int
    gone: int
    changed: int
    reordered: bool
    added_examples: list[dict[str, Any]]
    gone_examples: list[dict[str, Any]]
    columns: list[ColumnChangeDocument]
    parts: list[PartChange]


class ArtifactChange(TypedDict):
    """An artifact of both runs, or of one (then a digest is ""). `data` is null where the two are equal or were not
    looked at; `why` then says why not."""

    step: str
    artifact: str
    state: Literal["equal", "changed", "added", "gone"]
    before: str
    after: str
    bytes: list[int]
    data: DataChange | None
    why: str


class FigureChange(TypedDict):
    """A figure that a step drew in either run; a digest is "" where it drew none of that name."""

    step: str
    name: str
    state: Literal["equal", "changed", "added", "gone"]
    before: str
    after: str


class StepChange(TypedDict):
    """A step of either run: its status ("" where it is not there) and seconds, before and after; `reasons` tell what of
    its code differs, with diffs."""

    step: str
    state: Literal["equal", "changed", "added", "gone"]
    status: list[str]
    seconds: list[float]
    reasons: list[WhyReason]


class DiffDocument(TypedDict):
    """Two runs held against each other: everything that differs, and all metrics, steps and artifacts."""

    before: RunLine
    after: RunLine
    commits: list[str]
    seeds: list[int]
    steps: list[StepChange]
    parameters: list[ParameterChange]
    environment: list[PackageDocument]
    artifacts: list[ArtifactChange]
    metrics: list[MovedMetricDocument]
    figures: list[FigureChange]


class WrittenDocument(TypedDict):
    """A page that was written: its file, and the runs that it tells of."""

    file: str
    bytes: int
    runs: list[str]


class TableDocument(TypedDict):
    """The rows of a table of a ledger, and the digest of all of them, which does not depend on the database."""

    rows: int
    digest: str


_LedgerCopyFields = TypedDict("_LedgerCopyFields", {"from": str})


class LedgerCopyDocument(_LedgerCopyFields):
    """What was copied `from` one ledger `to` another, by table; `done` is false where all of it was there already."""

    to: str
    done: bool
    tables: dict[str, TableDocument]


HISTORY_DOCUMENTS: dict[str, tuple[type, str]] = {
    "diff": (DiffDocument, "diff RUN RUN"),
    "ledger": (LedgerCopyDocument, "ledger copy FROM TO"),
    "metric": (MetricHistoryDocument, "runs --metric METRIC"),
    "report": (WrittenDocument, "report RUN"),
    "reproduce": (ReproduceDocument, "reproduce RUN"),
    "tag": (TagDocument, "tag RUN"),
    "tags": (TagsDocument, "tags"),
    "versions": (VersionsDocument, "versions ARTIFACT"),
}
"""The documents by the name of their schema, and which commands print them."""
