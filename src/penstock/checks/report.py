"""What the checks found, in the hands of who asked: a verdict, findings with their evidence, and what was tried."""

import math
from collections.abc import Iterable
from html import escape
from typing import Any

import msgspec
from msgspec import structs

from penstock.errors import LeakProven
from penstock.model.verdict import CheckResult, Finding, Verdict, worst

__all__ = ["Report"]

_MARKS = {"PROVEN": "✗", "SUSPECT": "!", "CLEAN": "✓", "UNKNOWN": "?"}


class Report:
    """Findings, and a result for each check and step. Prints itself as text, and shows itself in notebooks.

    >>> Report([], [CheckResult("as-of", "features", "CLEAN", "5 cuts")]).verdict
    'CLEAN'
    """

    __slots__ = ("checks", "findings")

    def __init__(self, findings: Iterable[Finding], checks: Iterable[CheckResult]) -> None:
        self.findings = tuple(findings)
        self.checks = tuple(checks)

    @property
    def verdict(self) -> Verdict:
        """The worst of all: PROVEN, SUSPECT, UNKNOWN, then CLEAN."""
        return worst([*[one.verdict for one in self.findings], *[one.verdict for one in self.checks]])

    @property
    def proven(self) -> tuple[Finding, ...]:
        """The findings that are proven, but for those that were waived."""
        return tuple([one for one in self.findings if one.verdict == "PROVEN" and not one.waived])

    def document(self) -> dict[str, Any]:
        """The report as plain values: `verdict`, `findings` and `checks`, as `penstock check --json` writes them."""
        return {
            "verdict": self.verdict,
            "findings": [_plain(structs.asdict(one)) | _cause(one) for one in self.findings],
            "checks": [structs.asdict(one) for one in self.checks],
        }

    def to_json(self) -> str:
        """The report as one JSON document."""
        return msgspec.json.encode(self.document()).decode()

    def raise_if_proven(self) -> None:
        """Raise `LeakProven` if any finding is PROVEN, with all of them in its message."""
        if self.proven:
            told = "\n".join([_told(one) for one in self.proven])
            raise LeakProven(f"{len(self.proven)} proven: {told}", where=self.proven[0].where)

    def __str__(self) -> str:
        lines = [f"{_MARKS[self.verdict]} {self.verdict}"]
        for finding in self.findings:
            lines.extend(["", *_lines(finding)])
        lines.append("")
        width = max([len(one.check) for one in self.checks], default=0)
        steps = {one.step for one in self.checks}
        for one in self.checks:
            step = f"{one.step}  " if len(steps) > 1 else ""
            lines.append(f"  {_MARKS[one.verdict]} {one.check:{width}}  {one.verdict:7}  {step}{one.reason}".rstrip())
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"

    def __rich__(self) -> Any:
        from rich.text import Text

        return Text(str(self))


def _told(one: Finding) -> str:
    what = ".".join([part for part in (one.artifact or one.step, one.column) if part])
    moved = f" of row {one.row} moved from {one.before!r} to {one.after!r}" if one.row else ""
    return f"{one.check}: {what}{moved}"


def _lines(one: Finding) -> list[str]:
    told = [f"{_MARKS[one.verdict]} {one.verdict}  {_told(one)}"]
    if one.cause is not None:
        cause = one.cause
        told.append(
            f"    cause  {cause.artifact}.{cause.column} of row {cause.row}: {cause.before!r} → {cause.after!r}"
        )
    for name in ("world", "where", "hint", "replay"):
        said = getattr(one, name)
        if said:
            told.append(f"    {name:6} {said}")
    return told


def _cause(one: Finding) -> dict[str, Any]:
    return {"cause": None if one.cause is None else _plain(structs.asdict(one.cause))}


def _plain(said: dict[str, Any]) -> dict[str, Any]:
    """What JSON has a form for; other values as text."""
    for name in ("before", "after"):
        value = said[name]
        if isinstance(value, float) and not math.isfinite(value):  # JSON has no form for it
            said[name] = None
        elif not isinstance(value, bool | int | float | str | type(None)):
            said[name] = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return said
