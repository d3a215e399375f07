from pathlib import Path

import pytest
from tests.trace.pipelines import FLIGHTS, run_of

from penstock.app import counting
from penstock.app.counting import LIGHT, add_rows
from penstock.app.settings import find_settings, open_ledger
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
