"""Waivers, held against what the checks found: which findings they let pass, and which of them do nothing any more."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from msgspec.structs import replace

from penstock.errors import did_you_mean
from penstock.model.bench import Pair
from penstock.model.verdict import CheckResult, Finding
from penstock.model.waiver import Waived, Waiver

__all__ = ["waived"]


def waived(
    findings: Iterable[Finding],
    results: Iterable[CheckResult],
    waivers: Sequence[Waiver],
    today: date,
    *,
    steps: Collection[str],
    checks: Collection[str],
) -> tuple[tuple[Finding, ...], tuple[Waived, ...]]:
    """The findings, those that are let pass with the reason in `waived`, and what became of each waiver.

    `steps` and `checks` are all that there are: a waiver that names none of them is told with close matches.
    """
    found = list(findings)
    asked = {Pair(one.check, one.step) for one in results} | {Pair(one.check, one.step) for one in found}
    told = []
    for waiver in waivers:
        mine = [i for i, one in enumerate(found) if (one.check, one.step) == (waiver.check, waiver.step)]
        if waiver.check not in checks:
            hint = did_you_mean(waiver.check, checks) or f"Checks are: {', '.join(sorted(checks))}."
            told.append(Waived(waiver, "unknown", 0, hint))
        elif waiver.step not in steps:
            told.append(Waived(waiver, "unknown", 0, did_you_mean(waiver.step, steps) or "There is no such step."))
        elif waiver.until is not None and today > waiver.until:
            told.append(Waived(waiver, "expired", len(mine), _EXPIRED if mine else _TAKE_OUT))
        elif not mine:
            said = Pair(waiver.check, waiver.step) in asked
            told.append(Waived(waiver, "unneeded" if said else "unasked", 0, _TAKE_OUT if said else _NOT_ASKED))
        else:
            for i in mine:
                found[i] = replace(found[i], waived=waiver.reason)
            told.append(Waived(waiver, "applies", len(mine)))
    return tuple(found), tuple(told)


_EXPIRED = "Mend what was found, or give the waiver another day."
_TAKE_OUT = "The check finds nothing there: take the waiver out."
_NOT_ASKED = "The check has not been asked about this step; `penstock check` asks all."
