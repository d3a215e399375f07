"""The documents of a plain script or notebook that was checked: what is known of its rows, and which functions were asked.

Values are as JSON has them. Additions are allowed, renames are not.
"""

from typing import Literal, TypedDict

__all__ = ["FunctionDocument", "NoteDocument", "SaidDocument", "ScriptDocument"]


class SaidDocument(TypedDict):
    """What is taken for the `option` (key, time, known_at, label, group, test, target) of a `function`'s `table`: as it was
    declared, or as it was inferred, and `why`. What rests on one that is not `sure` is SUSPECT at most."""

    function: str
    table: str
    option: str
    value: str
    how: Literal["declared", "inferred"]
    why: str
    sure: bool


class FunctionDocument(TypedDict):
    """A function of the file: how often it was called with tables, of how many rows, and whether checks asked it, or `why` not."""

    function: str
    where: str
    calls: int
    rows: int
    asked: bool
    why: str


class NoteDocument(TypedDict):
    """A remark, with its place and what to do; `failed` where a cell or the script did not come to its end."""

    text: str
    where: str
    hint: str
    failed: bool


class ScriptDocument(TypedDict):
    """A plain script or notebook that was run once, in `seconds`, with the calls of its functions noted."""

    file: str
    seconds: float
    functions: list[FunctionDocument]
    said: list[SaidDocument]
    notes: list[NoteDocument]
    edges: list[list[str]]
