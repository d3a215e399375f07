"""The documents of checks: what they found, and what each of them did. Part of those of runs, rows and checks.

Values are as JSON has them. Additions are allowed, renames are not.
"""

from typing import Any, TypedDict

from penstock.model.verdict import Verdict

__all__ = ["AlteredDocument", "CheckDocument", "ChecksDocument", "FindingDocument"]


class AlteredDocument(TypedDict):
    """A cell of an artifact, as it was and in an altered world."""

    artifact: str
    column: str
    row: str
    before: Any
    after: Any


class FindingDocument(TypedDict):
    """One fact that a check found, with its evidence. `id` is what `penstock replay` takes ("" where there is nothing to do
    again); `cause` is the one cell of an input that was altered; `waived` is why people let it pass, else ""."""

    check: str
    verdict: Verdict
    step: str
    artifact: str
    column: str
    row: str
    before: Any
    after: Any
    world: str
    where: str
    hint: str
    replay: str
    severity: str
    id: str
    cause: AlteredDocument | None
    waived: str


class CheckDocument(TypedDict):
    """What one check did to one step."""

    check: str
    step: str
    verdict: Verdict
    reason: str
    reruns: int
    rows: int
    seconds: float


class ChecksDocument(TypedDict):
    """All that the checks of a run found. What people waived does not count for the `verdict`."""

    verdict: Verdict
    findings: list[FindingDocument]
    checks: list[CheckDocument]
