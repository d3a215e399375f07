from datetime import date
from typing import Any

from penstock.checks.waiving import waived
from penstock.model.verdict import CheckResult, Finding
from penstock.model.waiver import Waiver

TODAY = date(2026, 11, 24)
FOUND = [Finding("as-of", "PROVEN", "features", column="x"), Finding("overlap", "SUSPECT", "sides")]
RESULTS = [
    CheckResult(one, step, "CLEAN") for one, step in (("as-of", "features"), ("overlap", "sides"), ("as-of", "clean"))
]


def held(*waivers: Waiver) -> Any:
    return waived(
        FOUND, RESULTS, waivers, TODAY, steps=["features", "sides", "clean"], checks=["as-of", "overlap", "alone"]
    )


def test_a_finding_is_let_pass_with_the_reason() -> None:
    findings, (told,) = held(Waiver("as-of", "features", "known", TODAY))
    assert [one.waived for one in findings] == ["known", ""]
    assert (told.state, told.findings, told.hint) == ("applies", 1, "")


def test_a_waiver_that_has_expired_counts_no_more() -> None:
    findings, (told,) = held(Waiver("as-of", "features", "known", date(2026, 11, 23)))
    assert [one.waived for one in findings] == ["", ""]
    assert told.state == "expired"
    assert "another day" in told.hint


def test_waivers_that_do_nothing_are_told() -> None:
    _, told = held(
        Waiver("as-of", "clean", "why"),
        Waiver("alone", "clean", "why"),
        Waiver("as-off", "features", "why"),
        Waiver("as-of", "feature", "why"),
    )
    assert [one.state for one in told] == ["unneeded", "unasked", "unknown", "unknown"]
    assert told[0].hint.endswith("take the waiver out.")
    assert told[2].hint == "Did you mean `as-of`?"
    assert told[3].hint == "Did you mean `features`?"
