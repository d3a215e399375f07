from pathlib import Path

import pytest
from tests.checks.offered import offer, pipeline

import penstock as ps
from penstock.app.leaks import LeakReport, left_out
from penstock.app.settings import find_settings, open_ledger
from penstock.errors import CodeChanged, LeakProven, StepFailed


def test_what_is_up_to_date_is_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(tmp_path, monkeypatch)
    file = pipeline(tmp_path, "good")
    ran = ps.Pipeline.load(file).run().run
    report = ps.Pipeline.load(file).check(only=["odd"])
    assert report.run == ran
    ledger = open_ledger(find_settings(file))
    assert [row["run"] for row in ledger.runs()] == [ran]
    ledger.close()


def test_a_run_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(tmp_path, monkeypatch)
    file = pipeline(tmp_path, "good")
    first = ps.Pipeline.load(file).run().run
    text = file.read_text()
    file.write_text(text.replace("return rows", "return rows[:3]"))
    second = ps.Pipeline.load(file).check(only=["odd"])
    assert second.run != first
    with pytest.raises(CodeChanged, match=f"step `good` is not what it was in run {first}"):
        ps.Pipeline.load(file).check(run=first)
    file.write_text(text)
    assert ps.Pipeline.load(file).check(run=first, only=["odd"]).run == first


def test_a_report_in_the_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(tmp_path, monkeypatch)
    report = ps.Pipeline.load(pipeline(tmp_path, "good", "guilty")).check(only=["odd"])
    assert isinstance(report, LeakReport)
    assert report.verdict == "PROVEN"
    assert [one.id for one in report.proven] == ["0dd"]
    with pytest.raises(LeakProven, match="guilty"):
        report.raise_if_proven()
    said = report.document()
    assert (said["pipeline"], said["verdict"], said["findings"][0]["id"]) == ("line", "PROVEN", "0dd")
    assert str(report).startswith("✗ line  1 PROVEN")
    assert "<div" in report._repr_html_()


def test_what_deploys_is_left_out() -> None:
    @ps.source(key="id")
    def rows(): ...

    @ps.deploy
    def publish(rows): ...

    @ps.step
    def after(publish): ...

    assert left_out(ps.Pipeline([rows, publish, after]).graph) == ["publish", "after"]


def test_a_pipeline_that_fails_is_not_judged(tmp_path: Path) -> None:
    file = pipeline(tmp_path, "good")
    file.write_text(file.read_text().replace("return rows", "return rows / 2"))
    with pytest.raises(StepFailed):
        ps.Pipeline.load(file).check()
