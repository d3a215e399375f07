"""Findings of checks, and the verdicts that they add up to."""

from typing import Any, Literal

from msgspec import Struct

__all__ = ["Finding", "Verdict", "worst"]

Verdict = Literal["PROVEN", "SUSPECT", "CLEAN", "UNKNOWN"]

_ORDER: dict[str, int] = {"PROVEN": 3, "SUSPECT": 2, "UNKNOWN": 1, "CLEAN": 0}


class Finding(Struct, frozen=True, omit_defaults=True):
    """One fact with its evidence. `row` is the key of a row; `before` and `after` are the values of the cell that
    moved; `world` names the altered inputs; `replay` is a command that shows it again."""

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


def worst(verdicts: list[Verdict]) -> Verdict:
    """The verdict of many: PROVEN before SUSPECT before UNKNOWN before CLEAN; of none, UNKNOWN.

    >>> worst(["CLEAN", "UNKNOWN"])
    'UNKNOWN'
    """
    return max(verdicts, key=_ORDER.__getitem__, default="UNKNOWN")
