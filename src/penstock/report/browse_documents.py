"""The documents that the web page reads besides those of the command line: a graph, pages of tables, and profiles of columns.

Additions are allowed, renames are not.
"""

from typing import Any, Literal, TypedDict

from penstock.report.documents import ErrorBody

__all__ = [
    "BROWSE_DOCUMENTS",
    "BinDocument",
    "ColumnProfileDocument",
    "EdgeDocument",
    "EventsDocument",
    "GraphDocument",
    "MeasuredDocument",
    "NodeDocument",
    "OutlineDocument",
    "OutlineStepDocument",
    "ProfileDocument",
    "ResourceDocument",
    "SeriesDocument",
    "ShareDocument",
    "StartDocument",
    "TablePageDocument",
    "UiDocument",
    "WhereDocument",
]


class NodeDocument(TypedDict):
    """One step of a graph: its kind, `file:line`, artifacts with their roles, and what a source declares of its rows."""

    step: str
    kind: str
    where: str
    description: str
    tags: list[str]
    outputs: dict[str, str | None]
    contract: dict[str, Any] | None


class EdgeDocument(TypedDict):
    """An artifact that goes from the step that makes it to one that takes it."""

    source: str
    target: str
    artifact: str


class GraphDocument(TypedDict):
    """The graph of a run, in an order in which every step comes after those it waits for."""

    run: str
    nodes: list[NodeDocument]
    edges: list[EdgeDocument]


class OutlineStepDocument(TypedDict):
    """One step in few words: `started` in seconds since the run began, None where it did not; `rows_in` is the longest table that it took;
    `outputs` maps its artifacts to their rows; `progress` is a share, where the step tells it."""

    step: str
    parent: str
    kind: str
    status: str
    started: float | None
    seconds: float
    peak_memory: int
    cpu_seconds: float
    rows_in: int | None
    outputs: dict[str, int | None]
    progress: float | None


class OutlineDocument(TypedDict):
    """A run as far as its graph and its time line show it; a tenth of the run's document."""

    run: str
    pipeline: str
    name: str
    status: str
    started: str
    seconds: float
    steps: list[OutlineStepDocument]


class ResourceDocument(TypedDict):
    """What all steps of a run used at a moment, `at` seconds after it began: processors in use, resident bytes."""

    at: float
    cpu: float
    memory: int


class MeasuredDocument(TypedDict):
    """A series that a step measured: `points` are pairs of an index and a value, evenly spaced where there are many."""

    step: str
    name: str
    points: list[tuple[int, float | None]]


class SeriesDocument(TypedDict):
    """What a run used over time, and what its steps measured more than once."""

    run: str
    resources: list[ResourceDocument]
    series: list[MeasuredDocument]


class TablePageDocument(TypedDict):
    """Some rows of a stored table. `rows` counts all of them, `offset` is the first shown, `values` are rows of cells in the order of `columns`."""

    artifact: str
    digest: str
    rows: int
    offset: int
    columns: list[str]
    types: list[str]
    values: list[list[Any]]


class BinDocument(TypedDict):
    """One bar of a histogram: from `low` to `high` (the last holds `high` as well), and how many values lie there."""

    low: Any
    high: Any
    count: int
    against: int | None


class ShareDocument(TypedDict):
    """A value and how often it is there."""

    value: Any
    count: int
    against: int | None


class ColumnProfileDocument(TypedDict):
    """A column at a glance. Numbers and instants have `bins`, the rest `top` values. `distinct` counts what was looked at.

    `drift` is the population stability index against the other run's column (0: alike; above 0.25 it moved much), None without one.
    """

    column: str
    type: str
    nulls: int
    distinct: int | None
    least: Any
    greatest: Any
    mean: float | None
    bins: list[BinDocument]
    top: list[ShareDocument]
    drift: float | None


class ProfileDocument(TypedDict):
    """The columns of a stored table at a glance; `looked` is how many of its `rows` were looked at, evenly spaced."""

    artifact: str
    digest: str
    rows: int
    looked: int
    against: str
    columns: list[ColumnProfileDocument]


class EventsDocument(TypedDict):
    """Events of a run, each `{"number", "time", "kind", …}`; `last` is the number to ask for more after."""

    run: str
    status: str
    last: int
    events: list[dict[str, Any]]


class WhereDocument(TypedDict):
    """What is shown: the pipeline and its folder, and whether the page may run things."""

    pipeline: str
    folder: str
    file: str
    version: str
    allow_run: bool


class StartDocument(TypedDict):
    """A run that was started from the page: `start` names the process, `run` is "" until the ledger has it (and stays so where the
    pipeline did not load: `error` tells why); `code` is what the process ended with."""

    start: str
    run: str
    state: Literal["starting", "running", "ended"]
    code: int | None
    error: ErrorBody | None


class UiDocument(TypedDict):
    """Where the page is served: the address to open, which holds the token."""

    url: str
    host: str
    port: int


BROWSE_DOCUMENTS: dict[str, tuple[type, str]] = {
    "events": (EventsDocument, "events of a run"),
    "graph": (GraphDocument, "the graph of a run"),
    "outline": (OutlineDocument, "a run in few words"),
    "profile": (ProfileDocument, "the columns of a table"),
    "series": (SeriesDocument, "what a run used and measured over time"),
    "start": (StartDocument, "a run that was started from the page"),
    "table": (TablePageDocument, "rows of a table"),
    "ui": (UiDocument, "ui"),
    "where": (WhereDocument, "what is shown"),
}
"""The documents by the name of their schema, and what they show."""
