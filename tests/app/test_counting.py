from pathlib import Path

import pytest
from tests.trace.pipelines import FLIGHTS, run_of

import penstock as ps
from penstock.app import counting
from penstock.app.counting import LIGHT, add_rows, broken, broken_error
from penstock.app.settings import find_settings, open_ledger
from penstock.errors import ContractBroken, LeakProven
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


STRICT = """
import polars as pl
import penstock as ps


@ps.source(key="flight", fail_on=["rows"])
def flights() -> pl.DataFrame:
    return pl.DataFrame({"flight": ["UA1", "UA2"], "tail": ["N1", "N2"]})


@ps.source(key="tail")
def planes() -> pl.DataFrame:
    return pl.DataFrame({"tail": ["N1", "N3"], "seats": [178, 149]})


@ps.step
def seated(flights: pl.DataFrame, planes: pl.DataFrame) -> pl.DataFrame:
    return flights.join(planes, on="tail")
"""
WAIVED = f'{STRICT}\nps.waive("rows", "seated", "planes nobody knows are not sold")\n'


def write(folder: Path, text: str) -> Path:
    file = folder / "line.py"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_check_tells_of_rows_and_comes_to_its_end(tmp_path: Path) -> None:
    """Also where it makes a run of its own, which the contract fails."""
    file = write(tmp_path, STRICT)
    for _ in range(2):  # by a run of its own, and of what is up to date
        report = ps.Pipeline.load(file).check(executor="inline")
        assert {one.step: one.verdict for one in report.checks if one.check == "rows"} == {"seated": "PROVEN"}
        (one,) = report.proven
        assert (one.check, one.step, one.row) == ("rows", "seated", "UA2")
        with pytest.raises(LeakProven):
            report.raise_if_proven()
    assert not ps.Pipeline.load(file).check(only=["rerun"], executor="inline").proven
    assert ps.Pipeline.load(file).check(only=["rows"], executor="inline").proven
    assert not ps.Pipeline.load(file).check(["flights"], executor="inline").proven


def test_rows_fail_nothing_where_no_contract_says_so(tmp_path: Path) -> None:
    report = ps.Pipeline.load(write(tmp_path, STRICT.replace(', fail_on=["rows"]', ""))).check(executor="inline")
    assert report.proven
    report.raise_if_proven()


def test_waived_rows_fail_nothing_anywhere(tmp_path: Path) -> None:
    run = ps.Pipeline.load(write(tmp_path, WAIVED)).run(executor="inline").raise_if_failed()
    settings = find_settings(tmp_path / "line.py")
    ledger = open_ledger(settings)
    document = run_view(ledger, run.run)
    add_rows(settings, ledger, document, look=True)
    assert [one["waived"] for one in document["checks"]["findings"]] == ["planes nobody knows are not sold"]
    assert document["checks"]["verdict"] == "CLEAN"
    report = ps.Pipeline.load(tmp_path / "line.py").check(executor="inline")
    assert report.verdict in ("CLEAN", "UNKNOWN")
    assert [(one.state, one.findings) for one in report.checked.waivers] == [("applies", 1)]
    # a waiver that came after the run holds for the check, and for the next run
    (tmp_path / "line.py").write_text(STRICT, encoding="utf-8")
    with pytest.raises(ContractBroken):
        ps.Pipeline.load(tmp_path / "line.py").run(executor="inline").raise_if_failed()
    assert not ps.Pipeline.load(write(tmp_path, WAIVED)).check(executor="inline").proven
    late = WAIVED.replace('not sold")', 'not sold", until="2001-01-01")')
    assert ps.Pipeline.load(write(tmp_path, late)).check(executor="inline").proven
