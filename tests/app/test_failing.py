from tests.report.leaks import CHECKED

from penstock.app.failing import against, failing_of, leak_error
from penstock.model.event import Checked
from penstock.model.verdict import Finding


def test_what_fails_a_run() -> None:
    assert [one.check for one in failing_of(CHECKED, {})] == ["as-of"]
    assert failing_of(None, {}) == []
    waived = Checked(
        "full", findings=(Finding("as-of", "PROVEN", "a", waived="known"), Finding("order", "SUSPECT", "a"))
    )
    assert failing_of(waived, {}) == []


def test_schema_fails_a_run_only_where_a_contract_says_so() -> None:
    schema = Checked("full", findings=(Finding("schema", "PROVEN", "rows"),))
    assert failing_of(schema, {"rows": {"contract": {}}}) == []
    assert [one.check for one in failing_of(schema, {"rows": {"contract": {"fail_on": ["schema"]}}})] == ["schema"]


def test_in_words() -> None:
    found = failing_of(CHECKED, {})
    assert against(found) == "finding 0123abcd (as-of PROVEN in `features`)"
    assert against([*found, *found]).endswith(" and 1 more)")
    assert against([]) == ""
    error = leak_error(found)
    assert error.what == "as-of: features.delay <b> moved in step `features`"
    assert error.hint == "Use closed='left'. See it again: `penstock replay 0123abcd`."
