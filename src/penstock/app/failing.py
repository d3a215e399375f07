"""Findings that fail a run: what is proven and was not waived; of `rows` and `schema`, only where a contract says so."""

from collections.abc import Mapping, Sequence
from typing import Any

from penstock.app.counting import broken
from penstock.errors import LeakProven
from penstock.model.event import Checked
from penstock.model.verdict import Finding
from penstock.report.units import plural

__all__ = ["against", "failing_of", "leak_error"]

_BY_CONTRACT = ("rows", "schema")


def failing_of(checked: Checked | None, graph: Mapping[str, Any]) -> list[Finding]:
    """The findings of a judgement that fail the run whose `graph` this is, as the run recorded it."""
    found = [one for one in checked.findings if not one.waived] if checked is not None else []
    graded = [one for one in found if one.check in _BY_CONTRACT]
    leaks = [one for one in found if one.verdict == "PROVEN" and one.check not in _BY_CONTRACT]
    return [*leaks, *(broken(graded, graph) if graded else [])]


def leak_error(findings: Sequence[Finding]) -> LeakProven:
    """What a program is told of findings that fail a run: the first, and how many there are."""
    one = findings[0]
    more = f" (and {plural(len(findings) - 1, 'finding')} more)" if len(findings) > 1 else ""
    place = ".".join([part for part in (one.artifact or one.step, one.column) if part])
    hint = " ".join([part for part in (one.hint, f"See it again: `{one.replay}`." if one.replay else "") if part])
    return LeakProven(f"{one.check}: {place} moved in step `{one.step}`{more}", where=one.where, hint=hint)


def against(findings: Sequence[Finding]) -> str:
    """What speaks against handing on what was made, in words; "" if nothing does."""
    if not findings:
        return ""
    first = findings[0]
    more = f" and {len(findings) - 1} more" if len(findings) > 1 else ""
    name = f"finding {first.id} " if first.id else ""
    return f"{name}({first.check} PROVEN in `{first.step}`{more})"
