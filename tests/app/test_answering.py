"""Yes, no, and the end of runs that wait for people."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from penstock.app.answering import approve, decline, give_up
from penstock.app.pipeline import Pipeline
from penstock.app.result import RunResult
from penstock.app.settings import open_ledger
from penstock.cli.commands import penstock
from penstock.errors import NotFound

FILE = """
- step: {name: bad, image: i, command: exit 3}
- step: {name: good, image: i, command: echo, inputs: [{name: i, optional: true}]}
- pipeline:
    name: p
    nodes:
      - {name: a, type: execution, step: bad, actions: [{when: node-error, then: require-approval}]}
      - {name: b, type: execution, step: good}
      - {name: c, type: execution, step: good, actions: [{when: node-starting, then: require-approval}]}
    edges: [[a.output.*, b.input.i]]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "valohai.yaml").write_text(FILE)
    return tmp_path


def waiting(project: Path) -> tuple[Pipeline, RunResult]:
    pipeline = Pipeline.load(project / "valohai.yaml", executor="inline")
    run = pipeline.run()
    assert run.status == "waiting"
    return pipeline, run


def told(*arguments: str) -> str:
    return CliRunner().invoke(penstock, arguments).output


def test_a_no_ends_the_run_as_failed(project: Path) -> None:
    pipeline, run = waiting(project)
    ledger = open_ledger(pipeline.settings)
    by = decline(ledger, run.run, "a:error")
    assert ledger.status(run.run) == "failed"
    rows = {row["step"]: row for row in ledger.steps(run.run)}
    assert {name: row["status"] for name, row in rows.items() if name != "a"} == {
        "a:error": "failed",
        "b": "blocked",
        "c": "cancelled",
    }
    assert rows["a:error"]["error"].message == f"{by} said no to: `a` failed: go on?"
    for answer in (approve, decline):
        with pytest.raises(NotFound, match="does not wait for approval"):
            answer(ledger, run.run, "a:error")
    assert not give_up(ledger, run.run)
    ledger.close()
    again = pipeline.run(resume=run.run)
    assert again.status == "waiting", "it asks again"
    pipeline.decline(run.run, "c")
    assert "failed" in told("runs")


def test_a_no_on_the_command_line(project: Path) -> None:
    _, run = waiting(project)
    said = json.loads(told("approve", "last", "a:error", "--decline", "--json"))
    assert (said["run"], said["step"], said["approved"]) == (run.run, "a:error", False)
    assert "tolerated" not in told("show", "last")
    assert "said no to: `a` failed: go on?" in told("show", "last")
    document = json.loads(told("show", "last", "--json"))
    assert {one["step"]: one["status"] for one in document["steps"]}["a"] == "failed"
    listed = json.loads(told("runs", "--json"))["runs"][0]
    assert (listed["status"], listed["tolerated"]) == ("failed", 0)


def test_a_run_that_waits_can_be_cancelled(project: Path) -> None:
    pipeline, run = waiting(project)
    assert "waits no more: it is cancelled" in told("cancel", "last")
    ledger = open_ledger(pipeline.settings)
    assert ledger.status(run.run) == "cancelled"
    assert {row["status"] for row in ledger.steps(run.run)} == {"tolerated", "cancelled"}
    ledger.close()
    assert "tolerated" not in told("show", "last"), "nobody said yes"
    assert "is not going on" in told("cancel", "last")
    assert pipeline.run(resume=run.run).status == "waiting"


def test_a_run_that_is_going_on_takes_no_answer_that_ends_it(project: Path) -> None:
    pipeline, run = waiting(project)
    ledger = open_ledger(pipeline.settings)
    ledger.claim([f"run:{run.run}"], "host|1|x", 60.0)
    with pytest.raises(NotFound, match="still going on"):
        decline(ledger, run.run, "c")
    ledger.close()
