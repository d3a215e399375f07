"""The documents of what compares and repeats runs, and of names, tags and versions: what their `--json` prints.

As in `documents.py`: additions are allowed, renames are not.
"""

from typing import TypedDict

from penstock.model.event import RunStatus
from penstock.report.documents import InputDocument, OutputDocument

__all__ = [
    "HISTORY_DOCUMENTS",
    "MetricHistoryDocument",
    "MetricPoint",
    "TagDocument",
    "TaggedDocument",
    "TagsDocument",
    "VersionDocument",
    "VersionsDocument",
]


class MetricPoint(TypedDict):
    """A metric in one run; `value` is null where it was not finite."""

    run: str
    pipeline: str
    name: str
    tags: list[str]
    status: RunStatus
    started: str
    value: float | None


class MetricHistoryDocument(TypedDict):
    """A metric over runs, the oldest first: those among the newest runs that measured it."""

    metric: str
    points: list[MetricPoint]


class TagDocument(TypedDict):
    """What was named or tagged, and what it bears now. `artifact` and `digest` are "" where it is the run itself."""

    run: str
    name: str
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


HISTORY_DOCUMENTS: dict[str, tuple[type, str]] = {
    "metric": (MetricHistoryDocument, "runs --metric METRIC"),
    "tag": (TagDocument, "tag RUN"),
    "tags": (TagsDocument, "tags"),
    "versions": (VersionsDocument, "versions ARTIFACT"),
}
"""The documents by the name of their schema, and which commands print them."""
