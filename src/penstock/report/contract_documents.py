"""The documents of `penstock contract`.

Values are as JSON has them. Additions are allowed, renames are not.
"""

from typing import Any, TypedDict

__all__ = ["BreachDocument", "ChangeDocument", "ContractDiffDocument", "DiffedSource", "FreezeDocument", "FrozenSource"]


class FrozenSource(TypedDict):
    """One source that was frozen: into which `file` (relative to the project), of how many `columns` and `rows`. `written` is false where
    the file said the same before; `declared`, whether the source names it (`contract=`)."""

    source: str
    file: str
    columns: int
    rows: int
    written: bool
    declared: bool


class FreezeDocument(TypedDict):
    """What `penstock contract freeze` wrote, and from which run."""

    run: str
    sources: list[FrozenSource]


class BreachDocument(TypedDict):
    """One way in which rows are not as their file says: `column` is "" for the table, `rows` are the first by position."""

    column: str
    what: str
    expected: Any
    found: Any
    count: int
    rows: list[int]


class ChangeDocument(TypedDict):
    """What a file written now would say otherwise: of a column ("" for the table), the field `what`, then and now."""

    column: str
    what: str
    then: Any
    now: Any


class DiffedSource(TypedDict):
    """A source of the run against its file."""

    source: str
    file: str
    rows: int
    breaches: list[BreachDocument]
    changes: list[ChangeDocument]


class ContractDiffDocument(TypedDict):
    """The sources of a run against their frozen contracts; `held` where no row breaches one."""

    run: str
    held: bool
    sources: list[DiffedSource]
