"""What is asked of benches, how often, and what becomes of a bench that dies."""

from pathlib import Path
from typing import Any

import pytest
from tests.checks.offered import ODD, offer, pipeline

import penstock as ps
from penstock.app.leaks import LeakReport
from penstock.errors import UnknownName
from penstock.model.bench import Asked
from penstock.model.event import Checked


def check(file: Path, **said: Any) -> LeakReport:
    return ps.Pipeline.load(file).check(**{"only": ["odd"], **said})


def verdicts(report: LeakReport) -> dict[str, str]:
    return {one.step: one.verdict for one in report.checks}


def test_an_unchanged_step_is_never_asked_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = offer(tmp_path, monkeypatch)
    file = pipeline(tmp_path, "one", "two")
    assert verdicts(check(file)) == {"one": "CLEAN", "two": "CLEAN"}
    report = check(file)
    assert verdicts(report) == {"one": "CLEAN", "two": "CLEAN"}
    assert report.checked is not None
    assert report.checked.reused == 2
    assert sorted(asked()) == ["one", "two"]
    file.write_text(file.read_text().replace("def two(rows):\n    return rows", "def two(rows):\n    return rows[:4]"))
    check(file)
    assert asked()[2:] == ["two"]
    file.write_text(file.read_text().replace('label="y"', 'label="at"'))  # another contract is another question
    check(file)
    assert sorted(asked()[3:]) == ["one", "two"]


def test_a_crash_is_unknown_for_the_step_alone_that_crashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = offer(tmp_path, monkeypatch)
    file = pipeline(tmp_path, "good", "crash", "other")
    report = check(file)
    assert verdicts(report) == {"good": "CLEAN", "crash": "UNKNOWN", "other": "CLEAN"}
    (said,) = [one.reason for one in report.checks if one.step == "crash"]
    assert said.startswith("the process in which it was asked was killed by SIGSEGV") or "SIGSEGV" in said
    before = asked()
    assert verdicts(check(file)) == verdicts(report)
    assert asked() == before  # what crashed once is not tried again


def test_a_hang_does_not_keep_the_others_from_being_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(tmp_path, monkeypatch)
    file = pipeline(tmp_path, "hang", "good")
    first = verdicts(check(file, budget=1.0))
    assert first["hang"] == "UNKNOWN"
    report = check(file, budget=6.0)
    assert verdicts(report) == {"hang": "UNKNOWN", "good": "CLEAN"}
    assert report.verdict == "UNKNOWN"


def test_a_broken_check_is_unknown_until_it_is_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = offer(tmp_path, monkeypatch)
    file = pipeline(tmp_path, "odd", "good")
    report = check(file)
    assert verdicts(report) == {"odd": "UNKNOWN", "good": "CLEAN"}
    assert "ValueError: this scan is broken" in next(one.reason for one in report.checks if one.step == "odd")
    before = len(asked())
    check(file)
    assert asked()[before:] == []
    about = tmp_path / "site" / "odd_checks-1.0.dist-info" / "METADATA"
    about.write_text(about.read_text().replace("1.0", "1.1"))
    check(file)
    assert sorted(asked()[before:]) == ["good", "odd"]


def test_inline_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(tmp_path, monkeypatch)
    report = check(pipeline(tmp_path, "good", "guilty"), executor="inline")
    assert verdicts(report) == {"good": "CLEAN", "guilty": "PROVEN"}


def test_a_pipeline_of_a_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)

    @ps.source(key="id")
    def rows() -> list[dict[str, int]]:
        return [{"id": 1}, {"id": 2}]

    @ps.step
    def good(rows: Any) -> Any:
        return rows

    for executor in ("inline", "local"):
        report = ps.Pipeline([rows, good]).check(only=["odd"], executor=executor)
        assert verdicts(report) == {"good": "CLEAN"}


def test_some_steps_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = offer(tmp_path, monkeypatch)
    file = pipeline(tmp_path, "one", "two")
    assert verdicts(check(file, steps=["two"])) == {"two": "CLEAN"}
    assert asked() == ["two"]
    with pytest.raises(UnknownName, match="twoo"):
        check(file, steps=["twoo"])
    with pytest.raises(UnknownName, match="there is no check `od`") as error:
        check(file, only=["od"])
    assert error.value.hint == "Did you mean `odd`?"


def test_a_step_that_deploys_waits_for_the_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(tmp_path, monkeypatch)
    file = pipeline(tmp_path, "guilty")
    text = file.read_text()
    file.write_text(
        f'{text}\n@ps.deploy\ndef publish(guilty):\n    return "out"\n\n@ps.step\ndef after(publish):\n    return 1\n'
    )
    run = ps.Pipeline.load(file).run(checks=Asked("full", ["odd"]))
    assert run.status == "failed"
    assert {name: row["status"] for name, row in run.steps.items()} == {
        "rows": "succeeded", "guilty": "succeeded", "publish": "blocked", "after": "blocked",
    }  # fmt: skip
    assert run.steps["publish"]["by"] == "finding 0dd (odd PROVEN in `guilty`)"
    assert verdicts(check(file)) == {"guilty": "PROVEN"}  # a check begins no step that deploys

    file.write_text(
        f'{text}\nps.waive("odd", "guilty", "we know")\n@ps.deploy\ndef publish(guilty):\n    return "out"\n'
    )
    run = ps.Pipeline.load(file).run(checks=Asked("full", ["odd"]))
    assert run.status == "succeeded"
    assert run.steps["publish"]["status"] == "succeeded"
    (checked,) = [one.event for one in run._ledger.events(run.run) if isinstance(one.event, Checked)]
    assert [one.waived for one in checked.findings] == ["we know"]
    assert checked.waivers[0].state == "applies"

    file.write_text(f'{text}\n@ps.deploy\ndef publish(guilty):\n    return "other"\n')
    assert ps.Pipeline.load(file).run(checks="off").status == "succeeded"


def test_where_nothing_is_declared_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = offer(tmp_path, monkeypatch, ODD)
    file = pipeline(tmp_path, "one")
    file.write_text(file.read_text().replace('@ps.source(key="id", time="at", label="y")', "@ps.source"))
    report = check(file)
    assert report.checked is None
    assert report.verdict == "UNKNOWN"
    assert "nothing to check" in str(report)
    assert asked() == []
