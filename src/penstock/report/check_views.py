"""What checks found, as documents."""

import math
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from penstock.model.bench import Pair
from penstock.model.event import Checked
from penstock.model.verdict import CheckResult, Finding, Verdict, worst
from penstock.model.waiver import Waived
from penstock.report.check_documents import CheckDocument, ChecksDocument, FindingDocument, WaiverDocument

__all__ = ["checked_view", "checks_view", "finding_view", "joined", "json_value", "merged", "verdict_of"]


def json_value(value: Any) -> Any:
    """A value as JSON has it: times in ISO 8601, durations in seconds, what has no form as text.

    >>> json_value(datetime(2013, 7, 4, 9, 0)), json_value(float("nan"))
    ('2013-07-04T09:00:00', None)
    """
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bool | int | str | type(None)):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(name): json_value(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(one) for one in value]
    return str(value)


def checks_view(checks: Iterable[CheckResult], findings: Iterable[Finding]) -> ChecksDocument:
    """All that the checks of a run did and found. Of no check, the verdict is UNKNOWN; what was waived does not count.

    >>> checks_view([], [])["verdict"]
    'UNKNOWN'
    """
    done, found = list(checks), list(findings)
    return {
        "verdict": verdict_of(done, found),
        "findings": [finding_view(one) for one in found],
        "checks": [_check(one) for one in done],
    }


def checked_view(checked: Checked | None) -> ChecksDocument:
    """What checks said that did steps again; None where none did."""
    if checked is None:
        return checks_view([], [])
    found = checks_view(checked.results, checked.findings)
    found["waivers"] = [_waiver(one) for one in checked.waivers]
    found["depth"] = checked.depth
    found["seconds"] = checked.seconds
    found["budget"] = checked.budget
    found["left"] = [{"check": check, "step": step} for check, step in checked.left]
    found["reused"] = checked.reused
    return found


def joined(document: ChecksDocument, checks: Iterable[CheckResult], findings: Iterable[Finding]) -> ChecksDocument:
    """What checks said, and what others say that only counted."""
    more = checks_view(checks, findings)
    said = [one["verdict"] for one in (document, more) if one["checks"] or one["findings"]]
    return {
        **document,
        "verdict": worst(said),
        "findings": [*document["findings"], *more["findings"]],
        "checks": [*document["checks"], *more["checks"]],
    }


def merged(events: Iterable[Checked]) -> Checked | None:
    """What all judgements of one run say together: of each check and step the last, unless that had no time for it."""
    listed = list(events)
    if len(listed) < 2:
        return listed[0] if listed else None
    last: dict[Pair, tuple[CheckResult, Checked]] = {}
    for event in listed:
        for one in event.results:
            pair = Pair(one.check, one.step)
            if pair not in event.left or pair not in last:
                last[pair] = (one, event)
    findings = [
        one
        for event in listed
        for one in event.findings
        if last.get(Pair(one.check, one.step), (None, listed[-1]))[1] is event
    ]
    kept = {one.id for one in findings}
    return Checked(
        depth="full" if any(event.depth == "full" for event in listed) else "quick",
        results=tuple([one for one, _ in last.values()]),
        findings=tuple(findings),
        waivers=listed[-1].waivers,
        evidence={name: one for event in listed for name, one in event.evidence.items() if name in kept},
        left=tuple([pair for pair, (_, event) in last.items() if pair in event.left]),
        reused=listed[-1].reused,
        seconds=sum([event.seconds for event in listed]),
        budget=listed[-1].budget,
    )


def _waiver(one: Waived) -> WaiverDocument:
    waiver = one.waiver
    return {
        "check": waiver.check,
        "step": waiver.step,
        "reason": waiver.reason,
        "until": waiver.until.isoformat() if waiver.until is not None else "",
        "where": waiver.where,
        "state": one.state,
        "findings": one.findings,
        "hint": one.hint,
    }


def verdict_of(checks: Iterable[CheckResult], findings: Iterable[Finding]) -> Verdict:
    """The worst of all that was not waived."""
    found = list(findings)
    open_ones = {(one.check, one.step) for one in found if not one.waived}
    waived = {(one.check, one.step) for one in found if one.waived} - open_ones
    verdicts: list[Verdict] = ["CLEAN"] if waived else []
    verdicts += [one.verdict for one in checks if (one.check, one.step) not in waived]
    return worst([*verdicts, *[one.verdict for one in found if not one.waived]])


def _check(one: CheckResult) -> CheckDocument:
    return {
        "check": one.check,
        "step": one.step,
        "verdict": one.verdict,
        "reason": one.reason,
        "reruns": one.reruns,
        "rows": one.rows,
        "seconds": one.seconds,
    }


def finding_view(one: Finding) -> FindingDocument:
    """One finding."""
    return {
        "check": one.check,
        "verdict": one.verdict,
        "step": one.step,
        "artifact": one.artifact,
        "column": one.column,
        "row": one.row,
        "before": json_value(one.before),
        "after": json_value(one.after),
        "world": one.world,
        "where": one.where,
        "hint": one.hint,
        "replay": one.replay,
        "severity": one.severity,
        "id": one.id,
        "cause": {
            "artifact": cause.artifact,
            "column": cause.column,
            "row": cause.row,
            "before": json_value(cause.before),
            "after": json_value(cause.after),
        }
        if (cause := one.cause) is not None
        else None,
        "waived": one.waived,
    }
