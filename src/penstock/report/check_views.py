"""What checks found, as documents."""

import math
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from penstock.model.verdict import CheckResult, Finding, Verdict, worst
from penstock.report.check_documents import CheckDocument, ChecksDocument, FindingDocument

__all__ = ["checks_view", "finding_view", "json_value", "verdict_of"]


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
