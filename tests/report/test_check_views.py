import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from penstock.model.bench import Pair
from penstock.model.event import Checked
from penstock.model.verdict import Altered, CheckResult, Finding
from penstock.report.check_views import checked_view, checks_view, finding_view, joined, json_value, merged


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (datetime(2013, 7, 4, 9, tzinfo=UTC), "2013-07-04T09:00:00+00:00"),
        (date(2013, 7, 4), "2013-07-04"),
        (timedelta(minutes=2), 120.0),
        (float("inf"), None),
        (Decimal("1.50"), "1.50"),
        (b"\x01", "01"),
        ({1: (1, None)}, {"1": [1, None]}),
        (True, True),
        (object, str(object)),
    ],
)
def test_values_as_json_has_them(value: object, said: object) -> None:
    assert json_value(value) == said
    json.dumps(json_value(value), allow_nan=False)


def test_a_finding_as_data() -> None:
    said = finding_view(Finding("as-of", "PROVEN", "features", before=1.5, after=datetime(2013, 7, 4, tzinfo=UTC)))
    assert set(said) == set(Finding.__struct_fields__)
    assert (said["before"], said["after"], said["replay"]) == (1.5, "2013-07-04T00:00:00+00:00", "")


def test_checks_and_what_they_found() -> None:
    clean, unknown = CheckResult("rows", "a", "CLEAN", rows=3), CheckResult("rows", "b", "UNKNOWN", "no key")
    said = checks_view([clean, unknown], [])
    assert said["verdict"] == "UNKNOWN"
    assert said["checks"][0] == {
        "check": "rows", "step": "a", "verdict": "CLEAN", "reason": "", "reruns": 0, "rows": 3, "seconds": 0.0,
    }  # fmt: skip
    assert checks_view([clean], [])["verdict"] == "CLEAN"
    assert checks_view([clean], [Finding("rows", "PROVEN", "a")])["verdict"] == "PROVEN"


def test_what_was_waived_does_not_count() -> None:
    proven, clean = CheckResult("overlap", "a", "PROVEN"), CheckResult("as-of", "a", "CLEAN")
    finding, waived = Finding("overlap", "PROVEN", "a"), Finding("overlap", "PROVEN", "a", column="x", waived="known")
    assert checks_view([proven, clean], [waived])["verdict"] == "CLEAN"
    assert checks_view([proven], [waived])["verdict"] == "CLEAN"
    assert checks_view([proven, clean], [waived, finding])["verdict"] == "PROVEN"
    assert checks_view([CheckResult("as-of", "b", "UNKNOWN"), proven], [waived])["verdict"] == "UNKNOWN"


def test_the_cell_that_was_altered() -> None:
    said = finding_view(Finding("as-of", "PROVEN", "a", cause=Altered("rows", "y", "7", 1, date(2013, 7, 4))))
    assert said["cause"] == {"artifact": "rows", "column": "y", "row": "7", "before": 1, "after": "2013-07-04"}


def test_the_last_judgement_counts_unless_it_had_no_time() -> None:
    def result(step: str, verdict, reason: str = "") -> CheckResult:
        return CheckResult("as-of", step, verdict, reason)

    first = Checked("quick", (result("a", "PROVEN"), result("b", "CLEAN")), (Finding("as-of", "PROVEN", "a"),))
    left = (Pair("as-of", "b"),)
    second = Checked("full", (result("a", "CLEAN"), result("b", "UNKNOWN", "not reached")), left=left)
    both = merged([first, second])
    assert both is not None
    assert {one.step: one.verdict for one in both.results} == {"a": "CLEAN", "b": "CLEAN"}
    assert both.findings == ()
    assert both.left == ()
    assert merged([]) is None
    assert merged([first]) is first


def test_what_only_counted_is_joined() -> None:
    said = joined(checked_view(None), [CheckResult("rows", "a", "CLEAN")], [])
    assert said["verdict"] == "CLEAN"
    checked = checked_view(Checked("quick", (CheckResult("as-of", "a", "UNKNOWN", "why"),)))
    said = joined(checked, [CheckResult("rows", "a", "CLEAN")], [])
    assert (said["verdict"], [one["check"] for one in said["checks"]]) == ("UNKNOWN", ["as-of", "rows"])
    assert said["depth"] == "quick"
