from pathlib import Path

import pytest
from tests.trace.pipelines import FLIGHTS, run_of

import penstock as ps
from penstock.app import counting
from penstock.app.counting import LIGHT, add_rows, broken, broken_error
from penstock.app.settings import find_settings, open_ledger
from penstock.errors import ContractBroken
from penstock.model.verdict import Finding
from penstock.report.views import run_view


def test_rows_are_put_into_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = run_of(tmp_path, FLIGHTS)
    settings = find_settings(tmp_path / "line.py")
    ledger = open_ledger(settings)
    document = run_view(ledger, run.run)
    add_rows(settings, ledger, document, look=False)
    assert "rows" not in document, "nobody has counted"
    assert document["checks"] == {"verdict": "UNKNOWN", "findings": [], "checks": []}
    monkeypatch.setattr(counting, "LIGHT", 100)
    add_rows(settings, ledger, document, look=True)
    assert "rows" not in document, "that is no short work"
    monkeypatch.setattr(counting, "LIGHT", LIGHT)
    add_rows(settings, ledger, document, look=True)
    assert document["rows"]["accounts"]
    assert document["checks"]["verdict"] == "PROVEN"
    other = run_view(ledger, run.run)
    add_rows(settings, ledger, other, look=False)
    assert other == document


def test_a_run_whose_artifacts_are_gone_is_shown_without(tmp_path: Path) -> None:
    run = run_of(tmp_path, FLIGHTS)
    settings = find_settings(tmp_path / "line.py")
    for path in [one for one in (settings.state / "store").rglob("*") if one.is_file()]:
        path.unlink()
    ledger = open_ledger(settings)
    document = run_view(ledger, run.run)
    add_rows(settings, ledger, document, look=True)
    assert document["run"] == run.run
    assert document["status"] == "succeeded"


def test_what_fails_a_run() -> None:
    graph = {
        "a": {"kind": "source", "contract": {"fail_on": ["rows"]}},
        "b": {"kind": "source", "contract": {"key": ["x"]}},
        "sides": {"kind": "split", "inputs": {"a": "a"}, "outputs": {"sides.train": "train", "sides.test": "test"}},
        "below": {"kind": "step", "inputs": {"train": "sides.train", "b": "b"}},
        "other": {"kind": "step", "inputs": {"b": "b", "gone": "gone"}},
    }
    found = [Finding("rows", "PROVEN", step) for step in ("a", "below", "other", "b", "unheard-of")]
    found += [Finding("rows", "SUSPECT", "below"), Finding("as-of", "PROVEN", "below")]
    failing = broken(found, graph)
    assert [one.step for one in failing] == ["a", "below"]
    assert "`a`" in str(broken_error(failing))
    assert "1 finding more" in str(broken_error(failing))


def test_a_contract_that_rows_break(tmp_path: Path) -> None:
    strict = FLIGHTS.replace('group="carrier",', 'group="carrier", fail_on="rows",')
    (tmp_path / "line.py").write_text(strict, encoding="utf-8")
    run = ps.Pipeline.load(tmp_path / "line.py").run(executor="inline")
    assert run.status == "succeeded"
    with pytest.raises(ContractBroken) as caught:
        run.raise_if_failed()
    assert caught.value.exit_code == 1
    assert "`joined`" in caught.value.what
    assert run_of(tmp_path, FLIGHTS).raise_if_failed().status == "succeeded"
