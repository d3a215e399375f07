"""What the checks of a run might have found, for the tests of reports."""

from datetime import date

from penstock.model.bench import Pair
from penstock.model.event import Checked
from penstock.model.verdict import Altered, CheckResult, Finding
from penstock.model.waiver import Waived, Waiver
from penstock.report.check_documents import CheckedDocument
from penstock.report.check_views import checked_view

__all__ = ["CHECKED", "document"]

CHECKED = Checked(
    depth="quick",
    results=(
        CheckResult("as-of", "features", "PROVEN", "5 cuts", 12, 400, 0.5),
        CheckResult("as-of", "clean", "CLEAN", "5 cuts", 12, 400, 0.25),
        CheckResult("alone", "features", "UNKNOWN", "not reached: the time for checks was spent"),
        CheckResult("alone", "clean", "UNKNOWN", "declare key="),
        CheckResult("overlap", "sides", "SUSPECT", "train and test"),
    ),
    findings=(
        Finding(
            "as-of", "PROVEN", "features", "features", "delay <b>", "UA/3", 1.5, None, "cells after noon exchanged",
            "line.py:7", "Use closed='left'.", "penstock replay 0123abcd", "AUC 0.91 → 0.62", "0123abcd",
            Altered("rows", "y", "UA/4", 1, 2),
        ),
        Finding("overlap", "SUSPECT", "sides", row="a\x1b[31m", world="2 rows on both sides", waived="twins"),
    ),
    waivers=(
        Waived(Waiver("overlap", "sides", "twins", date(2027, 3, 31), "line.py:2"), "applies", 1),
        Waived(Waiver("as-off", "clean", "why", None, "line.py:3"), "unknown", 0, "Did you mean `as-of`?"),
    ),
    left=(Pair("alone", "features"),),
    reused=1,
    seconds=1.25,
    budget=2.0,
)  # fmt: skip


def document() -> CheckedDocument:
    """The document of it."""
    return {"run": "20261124-run", "pipeline": "flights", **checked_view(CHECKED)}
