from xml.etree import ElementTree

from tests.report.leaks import document

from penstock.report.junit import junit


def test_a_suite_for_each_check_and_a_case_for_each_step() -> None:
    text = junit(document())
    root = ElementTree.fromstring(text)
    assert {name: root.get(name) for name in ("tests", "failures", "skipped", "errors")} == {
        "tests": "5", "failures": "1", "skipped": "2", "errors": "0",
    }  # fmt: skip
    cases = {(one.get("classname"), one.get("name")): one for one in root.iter("testcase")}
    failure = cases["flights.as-of", "features"].find("failure")
    assert failure is not None
    assert "penstock replay 0123abcd" in (failure.text or "")
    skipped = cases["flights.alone", "clean"].find("skipped")
    assert skipped is not None and skipped.get("message") == "UNKNOWN: declare key="
    suspect = cases["flights.overlap", "sides"]
    assert suspect.find("failure") is None
    assert "2 rows on both sides" in (suspect.findtext("system-out") or "")
    assert "\x1b" not in text
