"""`penstock runs` and `penstock show`."""

from collections.abc import Callable

from tests.cli.conftest import Done, valid

Call = Callable[..., Done]


def test_runs_newest_first(call: Call) -> None:
    for rate in ("1", "2", "3"):
        assert call("run", "--set", f"model.rate={rate}", "--name", f"rate-{rate}").code == 0
    runs = valid(call("runs", "--json"), "runs")["runs"]
    assert [one["metrics"]["scores.mae"] for one in runs] == [36.0, 24.0, 12.0]
    assert len(call("runs", "-n", "2", "--json").json["runs"]) == 2
    text = call("runs").out
    assert "rate-3" in text
    assert "mae 36" in text


def test_a_run_by_id_prefix_name_or_last(call: Call) -> None:
    run = call("run", "--name", "mine", "--json").json["run"]
    for name in (run, run[:-1], "mine", "last"):
        assert valid(call("show", name, "--json"), "run")["run"] == run
    assert call("show").out.startswith("✓ line succeeded")


def test_an_unknown_run(call: Call) -> None:
    assert call("run", "--name", "best").code == 0
    done = call("show", "bets", "--json")
    assert done.code == 2
    error = valid(done, "error")["error"]
    assert error["kind"] == "NotFound"
    assert "`best`" in error["hint"]


def test_metrics_are_held_against_the_run_before(call: Call) -> None:
    call("run", "--set", "model.rate=1")
    call("run", "--set", "model.rate=2")
    assert "scores.mae  24  ▲ 12  was 12" in call("show").out


def test_a_step(call: Call) -> None:
    call("run")
    details = valid(call("show", "--step", "model", "--json"), "step")
    assert details["parameters"]["rate"] == "0.5"
    assert details["step"]["inputs"]["doubled"]["artifact"] == "doubled"
    assert "✓ model  train  ran" in call("show", "last", "--step", "model").out
    done = call("show", "--step", "modle")
    assert done.code == 2
    assert "Did you mean `model`?" in done.err
