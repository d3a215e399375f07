"""What the failure of a node leads to, as whole runs show it."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from penstock.app.pipeline import Pipeline
from penstock.app.result import RunResult
from penstock.cli.commands import penstock
from penstock.errors import StepFailed
from penstock.model.command import Action, Command
from penstock.work.outcomes import Outcome, hold_all

STEPS = """
- step:
    name: bad
    image: x
    command: ["echo '{\\"acc\\": 0.5}'", "echo x > $VH_OUTPUTS_DIR/o.txt", "exit 3"]
    parameters: [{name: p, type: integer, default: 1}]
- step: {name: good, image: x, command: "echo >> $VH_OUTPUTS_DIR/got; ls $VH_INPUTS_DIR/i > $VH_OUTPUTS_DIR/got", inputs: [{name: i}]}
- step:
    name: grid
    image: x
    command:
      - 'echo "{\\"v\\": $N}"'
      - echo {parameter-value:n} > $VH_OUTPUTS_DIR/f{parameter-value:n}
      - test {parameter-value:n} != 2
    parameters: [{name: n, type: integer}]
    environment-variables: [{name: N, default: "7"}]
- task: {name: t, step: grid, parameters: [{name: n, style: multiple, rules: {items: [1, 2, 3]}}]}
- task:
    name: lenient
    step: grid
    on-child-error: continue-and-complete
    parameters: [{name: n, style: multiple, rules: {items: [1, 2, 3]}}]
"""
TWO = """
- pipeline:
    name: p
    nodes:
      - {{name: a, {what}, {how}}}
      - {{name: b, type: execution, step: good}}
    edges: [[a.output.*, b.input.i]]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(project: Path, how: str, what: str = "type: execution, step: bad", executor: str = "inline") -> RunResult:
    (project / "valohai.yaml").write_text(STEPS + TWO.format(how=how, what=what))
    return Pipeline.load("valohai.yaml", executor=executor).run()


def states(done: RunResult) -> dict[str, str]:
    return {name: one["status"] for name, one in done.steps.items() if "[" not in name}


def action(then: str, when: str = "node-error", condition: str = "") -> str:
    about = f", if: '{condition}'" if condition else ""
    return f"actions: [{{when: {when}{about}, then: {then}}}]"


def told(*arguments: str) -> str:
    done = CliRunner().invoke(penstock, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


def test_a_condition_that_does_not_hold_changes_nothing(project: Path) -> None:
    """Of an action for failures, and so for each of them."""
    for then in ("stop-pipeline", "error-pipeline", "require-approval"):
        done = run(project, "on-error: continue, " + action(then, condition="metadata.acc > 0.9"))
        assert (done.status, done.steps["a"]["status"]) == ("succeeded", "tolerated")
        assert done.steps["b"]["status"] in {"succeeded", "reused"}
        next_ = run(project, "on-error: stop-next, " + action(then, condition="metadata.acc > 0.9"))
        assert (next_.status, next_.steps["a"]["status"], next_.steps["b"]["status"]) == ("failed", "failed", "blocked")


def test_a_condition_that_holds_ends_the_run(project: Path) -> None:
    (project / "valohai.yaml").write_text(
        STEPS
        + TWO.format(how="on-error: stop-next, " + action("stop-pipeline", condition="metadata.acc < 0.9"), what="type: execution, step: bad")
        .replace("    edges", "      - {name: c, type: execution, step: good}\n      - {name: d, type: execution, step: good}\n    edges")
        .replace("b.input.i]]", "b.input.i], [c.output.*, d.input.i]]")
    )  # fmt: skip
    done = Pipeline.load("valohai.yaml", executor="inline").run()
    assert done.status == "failed"
    assert states(done) == {"a": "failed", "b": "blocked", "c": "cancelled", "d": "cancelled"}
    assert "an action ends the pipeline then" in done.steps["a"]["error"].message


def test_a_parameter_can_be_asked_in_a_condition(project: Path) -> None:
    done = run(project, "on-error: continue, " + action("stop-pipeline", condition="parameter.p == 1"))
    assert states(done) == {"a": "failed", "b": "blocked"}


def test_what_is_done_when_complete_is_not_done_when_failed(project: Path) -> None:
    done = run(project, "on-error: continue, " + action("error-pipeline", "node-complete"))
    assert states(done) == {"a": "tolerated", "a:complete": "succeeded", "b": "succeeded"}


def test_an_approval_of_a_failure(project: Path) -> None:
    """Asked, answered, and gone on from what the failed command left: it is not run again."""
    done = run(project, action("require-approval"))
    assert done.status == "waiting"
    assert states(done) == {"a": "failed", "a:error": "waiting", "b": "waiting"}
    assert "`a` failed: go on?" in told("show", "last")
    assert "which people were asked about: the command" in told("plan")
    for words in (told("show", "last"), told("show", "last", "--step", "a"), told("runs"), told("plan")):
        assert "tolerated" not in words, "nobody said yes yet"
    assert '"status":"failed"' in told("show", "last", "--json").replace(": ", ":")
    told("approve", "last", "a:error")
    assert "1 failed, tolerated" in told("runs")
    assert "kept    1 step: a" in told("resume", "last", "--executor", "inline")
    again = told("show", "last")
    assert "2 ran · 1 failed, tolerated" in again
    assert run(project, action("require-approval")).status == "waiting", "another run asks again"


def test_an_approval_comes_after_the_last_attempt(project: Path) -> None:
    done = run(project, "on-error: retry, " + action("require-approval"))
    assert (done.status, done.steps["a"]["attempts"]) == ("waiting", 3)


def test_a_tolerated_failure_is_told_everywhere(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    done = run(project, "on-error: continue")
    assert done.status == "succeeded"
    assert done.raise_if_failed() is done
    assert done.steps["a"]["error"].message == "the command ended with exit code 3"
    assert (done["a.outputs"] / "o.txt").exists()
    assert done["a.settings"]["failed"] == "the command ended with exit code 3"
    assert "✗ a  step  failed, tolerated" in told("show", "last", "--step", "a")
    assert "failed, which is tolerated: see `penstock show" in told("logs", "last", "a", "-f")
    assert "succeeded, 1 failed, tolerated" in told("runs")
    assert '"tolerated":1' in told("runs", "--json").replace(": ", ":")
    page = tmp_path_factory.mktemp("pages") / "page.html"
    told("report", "last", "-o", str(page))
    assert "failed, tolerated" in page.read_text()
    assert '"status":"tolerated"' in told("show", "last", "--json").replace(": ", ":")
    assert "it failed last time, which was tolerated: the command ended with exit code 3" in told("plan")
    words = told("run", "--executor", "inline")
    assert "failed  a" in words
    assert "✓ p succeeded" in words
    assert "1 reused · 1 failed, tolerated" in words
    assert "✗ a  tolerated:  StepFailed" in words


def test_limits_and_bad_values_are_tolerated_too(project: Path) -> None:
    (project / "valohai.yaml").write_text("""
- step: {name: slow, image: x, time-limit: 1, command: sleep 300}
- step: {name: silent, image: x, no-output-timeout: 1, command: sleep 300}
- step: {name: lost, image: x, command: "true", inputs: [{name: i, default: "datum://gone"}]}
- step: {name: good, image: x, command: "true"}
- pipeline:
    name: p
    nodes:
      - {name: a, type: execution, step: slow, on-error: continue}
      - {name: b, type: execution, step: silent, on-error: continue}
      - {name: c, type: execution, step: lost, on-error: continue}
      - {name: d, type: execution, step: good}
    edges: [[a.dependency.x, d.dependency.x], [b.dependency.x, d.dependency.x], [c.dependency.x, d.dependency.x]]
""")
    done = Pipeline.load("valohai.yaml", executor="inline").run()
    assert states(done) == {"a": "tolerated", "b": "tolerated", "c": "tolerated", "d": "succeeded"}
    assert [done.steps[one]["error"].message[:28] for one in "abc"] == [
        "it took longer than 1 s",
        "it printed nothing for 1 s",
        "datum://gone is a file in Va",
    ]


def test_failed_executions_hand_nothing_on(project: Path) -> None:
    done = run(project, "on-error: continue", "type: task, task: t")
    assert states(done) == {"a": "tolerated", "b": "succeeded"}
    assert {one: done.steps[one]["status"] for one in done.steps if "[" in one} == {
        "a[0]": "succeeded",
        "a[1]": "tolerated",
        "a[2]": "succeeded",
    }
    assert (done["b.outputs"] / "got").read_text().split() == ["f1", "f3"]
    assert done["a.metadata"] == {"v": [7, 7]}
    assert [one.get("failed", "") for one in done["a.table"]] == ["", "the command ended with exit code 1", ""]
    assert done.steps["a"]["error"].message.startswith("1 of 3 executions failed, first `a[1]`: the command")


def test_a_task_with_failures_is_not_reused(project: Path) -> None:
    for how, what in (("on-error: continue", "t"), ("on-error: stop-all", "lenient")):
        for _ in range(2):
            done = run(project, how, f"type: task, task: {what}")
            assert states(done)["a"] == "tolerated"
            assert "1 of 3 executions failed" in told("plan")
    assert done.steps["a[0]"]["status"] == "reused"
    assert done.steps["a[1]"]["status"] == "tolerated"


def test_a_task_that_bears_failures_is_complete(project: Path) -> None:
    done = run(project, action("stop-pipeline", "node-complete"), "type: task, task: lenient")
    assert states(done) == {"a": "tolerated", "a:complete": "skipped", "b": "skipped"}
    other = run(project, "on-error: continue, " + action("stop-pipeline", "node-complete"), "type: task, task: t")
    assert states(other) == {"a": "tolerated", "a:complete": "succeeded", "b": "succeeded"}


def test_actions_of_a_task_for_failures(project: Path) -> None:
    what = "type: task, task: t"
    held = run(project, action("require-approval", condition="metadata.v == 7"), what)
    assert states(held) == {"a": "failed", "a:error": "waiting", "b": "waiting"}
    ended = run(project, "on-error: continue, " + action("stop-pipeline", condition="metadata.v == 7"), what)
    assert states(ended) == {"a": "failed", "b": "blocked"}
    other = run(project, action("require-approval", condition="metadata.v == 8"), what)
    assert states(other) == {"a": "failed", "a:error": "blocked", "b": "blocked"}
    shown = told("show", "last")
    assert "tolerated" not in shown, "nothing was, of its executions neither"
    assert "times" not in shown, "it grew and gathered: nothing was tried again"


def test_conditions_that_cannot_be_judged_do_not_hold() -> None:
    assert hold_all((), {}, {})
    assert hold_all(("a > 1", "a < 3"), {"a": 2}, {})
    assert not hold_all(("a > 1", "b < 3"), {"a": 2}, {})


def test_what_goes_on_and_what_does_not() -> None:
    def failing(**fields: Any) -> Outcome:
        outcome = Outcome(Command("n", **fields))
        with outcome:
            raise StepFailed("it broke")
        return outcome

    with pytest.raises(StepFailed, match="it broke") as plain:
        failing()
    assert not plain.value.stops
    assert failing(lenient=True).told == {"failed": "it broke"}
    assert failing(errors=(Action("node-error", ("require-approval",)),)).failed
    with pytest.raises(StepFailed) as ends:
        failing(lenient=True, errors=(Action("node-error", ("stop-pipeline",)),))
    assert ends.value.stops
    with pytest.raises(KeyboardInterrupt), Outcome(Command("n", lenient=True)):
        raise KeyboardInterrupt
