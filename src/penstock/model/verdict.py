"""Findings of checks, and the verdicts that they add up to."""

from typing import Any, Literal

from msgspec import Struct

from penstock.model.digest import combine

__all__ = ["Altered", "CheckResult", "Finding", "Verdict", "finding_id", "worst"]

Verdict = Literal["PROVEN", "SUSPECT", "CLEAN", "UNKNOWN"]

_ORDER: dict[str, int] = {"PROVEN": 3, "SUSPECT": 2, "UNKNOWN": 1, "CLEAN": 0}


class CheckResult(Struct, frozen=True, omit_defaults=True):
    """What one check did to one step: its verdict, and in words what was tried or why it can't tell (`reason`);
    `reruns` is how often steps were done again, `rows` how many rows were looked at."""

    check: str
    step: str
    verdict: Verdict
    reason: str = ""
    reruns: int = 0
    rows: int = 0
    seconds: float = 0.0


class Altered(Struct, frozen=True, omit_defaults=True):
    """A cell of an artifact, in the world as it was and in an altered one. `row` is the key of its row."""

    artifact: str
    column: str = ""
    row: str = ""
    before: Any = None
    after: Any = None


class Finding(Struct, frozen=True, omit_defaults=True):
    """One fact with its evidence. `row` is the key of a row; `before` and `after` are the values of the cell that
    moved; `world` names the altered inputs; `replay` is a command that shows it again. `id` names the finding (see
    `finding_id`), `cause` is the cell of an input that was altered, where one alone moves it; `waived` is why people let
    it pass, "" where they do not."""

    check: str
    verdict: Verdict
    step: str
    artifact: str = ""
    column: str = ""
    row: str = ""
    before: Any = None
    after: Any = None
    world: str = ""
    where: str = ""
    hint: str = ""
    replay: str = ""
    severity: str = ""
    id: str = ""
    cause: Altered | None = None
    waived: str = ""


def finding_id(finding: Finding) -> str:
    """The short name of a finding: the same as long as check, step, artifact and column are.

    >>> finding_id(Finding("as-of", "PROVEN", "features"))
    '...'
    """
    parts = [finding.check, finding.step, finding.artifact, finding.column]
    return combine("finding", parts).rpartition(":")[2][:8]


def worst(verdicts: list[Verdict]) -> Verdict:
    """The verdict of many: PROVEN before SUSPECT before UNKNOWN before CLEAN; of none, UNKNOWN.

    >>> worst(["CLEAN", "UNKNOWN"])
    'UNKNOWN'
    """
    return max(verdicts, key=_ORDER.__getitem__, default="UNKNOWN")
