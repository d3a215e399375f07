"""Waivers: findings that people know of and let pass, with their reason, and until when."""

from datetime import date
from typing import Literal

from msgspec import Struct

__all__ = ["Waived", "Waiver"]


class Waiver(Struct, frozen=True, omit_defaults=True):
    """Let pass what `check` finds in `step`, for a `reason`, until the end of a day (None: for good). `where` is
    `file:line` of the waiver."""

    check: str
    step: str
    reason: str
    until: date | None = None
    where: str = ""


class Waived(Struct, frozen=True, omit_defaults=True):
    """What became of a waiver in a run: it `applies` to so many `findings`, has `expired`, is `unneeded` (the check found
    nothing), `unasked` (the check was not asked about the step), or names what is not there (`unknown`); `hint` says what to do."""

    waiver: Waiver
    state: Literal["applies", "expired", "unneeded", "unasked", "unknown"]
    findings: int = 0
    hint: str = ""
