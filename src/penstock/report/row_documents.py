"""The documents of rows that `--json` prints: the way of a row, what stands behind a value, and rows counted by step.

Values are as JSON has them, times in ISO 8601. Additions are allowed, renames are not.
"""

from typing import Any, NotRequired, TypedDict

from penstock.model.trace import State
from penstock.report.check_documents import FindingDocument

__all__ = [
    "AccountDocument",
    "CellDocument",
    "DroppedDocument",
    "FeatureDocument",
    "ForwardDocument",
    "PartDocument",
    "PredictionDocument",
    "RateDocument",
    "ReachedDocument",
    "RowReasonDocument",
    "RowsDocument",
    "SourceDocument",
    "StopDocument",
    "ThroughDocument",
    "TraceDocument",
]


class StopDocument(TypedDict):
    """A row in one artifact: how many `rows` it is there and their values (`all_values` where they are several), those
    that are others than in the input (`changed`: before and after) or were not there (`new`); `how` it was recognised."""

    step: str
    artifact: str
    kind: str
    state: State
    rows: int
    values: dict[str, Any]
    all_values: NotRequired[list[dict[str, Any]]]
    changed: dict[str, list[Any]]
    new: list[str]
    reason: str
    how: str
    role: str
    where: str


class PredictionDocument(TypedDict):
    """What a model said of the row. `model` is its digest; `error` is the value less the label, of numbers."""

    value: Any
    label: Any
    model: str
    error: float | None
    step: str
    artifact: str


class FeatureDocument(TypedDict):
    """A value that a model sees of the row: of which source column it is unchanged ("" where computed), when that
    became known (null: from the start), and whether that is after the decision."""

    column: str
    value: Any
    origin: str
    known_at: Any
    late: bool
    label: bool


class TraceDocument(TypedDict):
    """The way of one row through a run. `dropped_at` names the first step that it did not leave, "" if none or another way kept it;
    `dropped_by` all steps that dropped it, each on its way, `kept_in` the artifacts at the ends that hold it nevertheless. `asked` is the instant of its prediction, `table` the artifact that `features` are of, `advice` what to declare to get more."""

    key: str
    source: str
    run: str
    pipeline: str
    steps: list[StopDocument]
    dropped_at: str
    dropped_by: list[str]
    kept_in: list[str]
    side: str | None
    prediction: PredictionDocument | None
    predictions: list[PredictionDocument]
    asked: Any
    table: str
    features: list[FeatureDocument]
    advice: list[str]


class SourceDocument(TypedDict):
    """A row of a source that stands behind a value, and the columns of it that matter."""

    source: str
    key: str
    columns: list[str]
    known_at: Any
    late: bool
    together: bool


class ThroughDocument(TypedDict):
    """Something without rows that a value was made with, a fitted model for one, the step that made it, and of how many rows of
    which tables."""

    artifact: str
    step: str
    kind: str
    digest: str
    rows: dict[str, int]


class CellDocument(TypedDict):
    """What stands behind one value. `exact`: each of these rows alone moves it (or has `together` true), and all others together do not;
    else `why` says what is not known. `reruns` is how often steps were done again."""

    cell: str
    key: str
    run: str
    value: Any
    sources: list[SourceDocument]
    exact: bool
    reruns: int
    why: str
    note: str
    models: list[str]
    through: list[ThroughDocument]
    asked: Any


class ReachedDocument(TypedDict):
    """An artifact that a source row reached: as so many rows of its own, or (0 rows) by what was computed of it."""

    artifact: str
    rows: int
    run: str
    how: str
    digest: str


class ForwardDocument(TypedDict):
    """All that a source row reached, in every run looked at, and the models among it by digest."""

    key: str
    source: str
    reached: list[ReachedDocument]
    models: list[str]
    runs: int
    unknown: list[str]


class RowReasonDocument(TypedDict):
    """What the values tell of why rows were dropped, and how many rows it explains."""

    kind: str
    what: str
    rows: int


class PartDocument(TypedDict):
    """Some rows that have something in common, and how many of them were dropped."""

    value: str
    rows: int
    dropped: int


class RateDocument(TypedDict):
    """Drop rates by one thing (label, group, side or time), which a column holds ("" of sides)."""

    by: str
    column: str
    parts: list[PartDocument]


class AccountDocument(TypedDict):
    """What became of the rows of one input of a step. With `method` "unknown" nothing could be counted; `how` says why,
    and else by what the rows were recognised. `main` marks the input whose rows the step's rows are; `examples` are keys of dropped rows, `grown` of multiplied
    ones, with how many each became."""

    step: str
    input: str
    artifact: str
    outputs: list[str]
    method: str
    how: str
    rows_in: int
    rows_out: int
    kept: int
    dropped: int
    multiplied: int
    new: int
    main: bool
    reasons: list[RowReasonDocument]
    rates: list[RateDocument]
    examples: list[str]
    grown: list[tuple[str, int]]


class RowsDocument(TypedDict):
    """The rows of a run, counted step by step, and what of it people should look at."""

    run: str
    accounts: list[AccountDocument]
    findings: list[FindingDocument]


class DroppedDocument(TypedDict):
    """The losses of one source's rows by step, with reasons and example keys."""

    source: str
    run: str
    rows: int
    steps: list[AccountDocument]
    findings: list[FindingDocument]
