"""`penstock plan` and `penstock why`."""

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Done, valid

Call = Callable[..., Done]
Edit = Callable[[str, str], None]


def decisions(done: Done) -> dict[str, str]:
    return {one["step"]: one["decision"] for one in valid(done, "plan")["steps"]}


def test_before_anything_ran(call: Call, project: Path) -> None:
    found = decisions(call("plan", "--json"))
    assert found == {"rows": "run", "doubled": "unknown", "model": "unknown", "scores": "unknown", "aside": "unknown"}
    assert call("plan").out.startswith("line  5 steps: 1 to run, 0 reused, 4 known once these have run\n")


def test_an_edit_is_named_with_its_place(call: Call, edit: Edit) -> None:
    assert call("run").code == 0
    assert "✓ Nothing to do: every step would be reused.\n" in call("plan").out
    edit("return 2 * x", "return 3 * x")
    assert decisions(call("plan", "--json")) == {
        "rows": "reuse", "doubled": "run", "model": "unknown", "scores": "unknown", "aside": "reuse",
    }  # fmt: skip
    why = valid(call("why", "doubled", "--json"), "why")
    reason = why["reasons"][0]
    assert "twice" in reason["what"]
    assert reason["where"].startswith("line.py:")
    assert "-    return 2 * x" in reason["diff"]
    assert "+    return 3 * x" in reason["diff"]
    text = call("why", "doubled").out
    assert "▶ doubled would run" in text
    assert "+    return 3 * x" in text


def test_parameters_targets_and_force(call: Call) -> None:
    assert call("run").code == 0
    found = decisions(call("plan", "scores", "--set", "model.rate=2", "--json"))
    assert found == {"rows": "reuse", "doubled": "reuse", "model": "run", "scores": "unknown"}
    assert decisions(call("plan", "--force", "aside", "--json"))["aside"] == "run"
    assert decisions(call("plan", "--seed", "9", "--json"))["model"] != "reuse"


def test_nothing_runs(call: Call, project: Path) -> None:
    before = call("plan").out
    assert "reading" not in before
    assert call("runs").out == "No run yet. Begin with penstock run.\n" or call("runs").code == 2


def test_misspelt_steps(call: Call) -> None:
    for command in (["why", "modle"], ["plan", "modle"], ["plan", "--force", "modle"]):
        done = call(*command, "--json")
        assert done.code == 2
        error = valid(done, "error")["error"]
        assert error["kind"] == "UnknownName"
        assert error["hint"] == "Did you mean `model`?"


def test_a_plan_needs_no_state(call: Call, project: Path) -> None:
    (project / ".penstock").write_text("in the way")
    assert set(decisions(call("plan", "--json")).values()) == {"run", "unknown"}
    done = call("run")
    assert done.code == 2
    assert "the state folder .penstock can't be made" in done.err


def test_a_file_is_no_target(call: Call) -> None:
    for command in ("plan", "run"):
        done = call(command, "line.py")
        assert done.code == 2
        assert "is a file, not a step" in done.err
        assert f"{command} -f line.py`" in done.err


def test_leaks_that_the_graph_gives_away_are_named_before_anything_runs(call: Call, edit: Edit, project: Path) -> None:
    assert valid(call("plan", "--json"), "plan")["findings"] == []
    (project / "line.py").write_text(
        "import penstock as ps\n@ps.source\ndef rows() -> list: return [1]\n@ps.train\ndef model(rows: list): return 1\n"
        "@ps.evaluate\ndef scores(model, rows: list): return {}\n"
    )
    (one,) = valid(call("plan", "--json"), "plan")["findings"]
    assert (one["check"], one["step"], one["where"]) == ("wiring", "scores", "line.py:6")
    assert "SUSPECT wiring scores `scores` judges `model` on `rows`" in " ".join(call("plan").out.split())
    assert not (project / ".penstock" / "store").exists()


def test_the_executor_that_is_meant(call: Call) -> None:
    assert call("run").code == 0
    assert set(decisions(call("plan", "--executor", "inline", "--json")).values()) == {"reuse"}
    assert valid(call("why", "rows", "--executor", "ray", "--json"), "why")["decision"] == "reuse"
    for command in (["plan"], ["why", "rows"]):
        done = call(*command, "--executor", "contianer", "--json")
        assert done.code == 2
        assert valid(done, "error")["error"]["hint"] == "Did you mean `container`?"
