"""The documents of checks: what they found, and what each of them did. Part of those of runs, rows and checks.

Values are as JSON has them. Additions are allowed, renames are not.
"""

from typing import Any, TypedDict

from penstock.model.verdict import Verdict

__all__ = ["CheckDocument", "ChecksDocument", "FindingDocument"]


class FindingDocument(TypedDict):
    """One fact that a check found, with its evidence."""

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
    """All that the checks of a run found."""

    verdict: Verdict
    findings: list[FindingDocument]
    checks: list[CheckDocument]
