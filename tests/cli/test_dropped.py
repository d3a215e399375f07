"""`penstock dropped`, and rows in `penstock show`."""

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Done, valid
from tests.trace.pipelines import BARE, FLIGHTS

Call = Callable[..., Done]


def test_losses_by_step(project: Path, call: Call) -> None:
    (project / "line.py").write_text(FLIGHTS, encoding="utf-8")
    assert call("run").code == 0
    found = valid(call("dropped", "flights", "--json"), "dropped")
    steps = {one["step"]: one for one in found["steps"]}
    assert found["rows"] == 60
    assert steps["clean"]["examples"] == ["AA/4"]
    assert steps["joined"]["reasons"][0]["what"] == "no partner in `planes` by tail"
    assert {one["verdict"] for one in found["findings"]} >= {"PROVEN"}
    assert "✗ clean  60 → 59  1 (1.7%) dropped" in call("dropped", "flights").out
    done = call("dropped", "flihgts", "--json")
    assert done.code == 2
    assert "`flights`" in valid(done, "error")["error"]["hint"]


def test_rows_of_a_run(project: Path, call: Call) -> None:
    (project / "line.py").write_text(FLIGHTS, encoding="utf-8")
    call("run")
    found = valid(call("show", "--rows", "--json"), "rows")
    assert {one["step"] for one in found["accounts"]} == {
        "clean",
        "joined",
        "by_gate",
        "sides",
        "predictions",
        "shuffled",
    }
    one = valid(call("show", "--rows", "--step", "clean", "--json"), "rows")
    assert [account["step"] for account in one["accounts"]] == ["clean"]
    assert "flights" in call("show", "last", "--rows").out


def test_a_source_without_a_key(project: Path, call: Call) -> None:
    (project / "line.py").write_text(BARE, encoding="utf-8")
    call("run")
    found = valid(call("dropped", "rows", "--json"), "dropped")
    assert [(one["step"], one["dropped"], one["method"]) for one in found["steps"]] == [
        ("even", 15, "content"), ("lengths", 0, "unknown"),
    ]  # fmt: skip


def test_what_was_counted_is_shown_with_the_run(project: Path, call: Call) -> None:
    (project / "line.py").write_text(FLIGHTS, encoding="utf-8")
    assert "PROVEN" not in call("run").out  # a run does not wait for it
    said = valid(call("show", "--json"), "run")
    assert said["rows"] == valid(call("show", "--rows", "--json"), "rows")
    assert said["checks"]["verdict"] == "PROVEN"
    assert said["checks"]["findings"] == said["rows"]["findings"]
    assert {one["step"]: one["verdict"] for one in said["checks"]["checks"]}["clean"] == "CLEAN"
    shown = call("show").out
    assert "clean   60 → 59  1 (1.7%) dropped" in shown
    assert "joined  59 → 59  5 (8.5%) dropped, 5 multiplied" in shown
    assert "PROVEN rows  joined" in shown
    again = call("run").out  # nothing ran, so that all is known
    assert "PROVEN rows  joined" in again
    done = call("run", "--json")
    assert done.code == 0
    assert valid(done, "run")["checks"]["verdict"] == "PROVEN"


def test_a_run_without_losses_says_nothing_of_rows(call: Call, edit: Callable[[str, str], None]) -> None:
    edit('@ps.source(key="id")', "@ps.source")
    call("run")
    assert valid(call("show", "--json"), "run")["checks"]["findings"] == []
    assert "dropped" not in call("show").out


def test_a_contract_may_have_rows_fail_a_run(project: Path, call: Call) -> None:
    text = FLIGHTS.replace('    group="carrier",\n', '    group="carrier",\n    fail_on=["rows"],\n')
    (project / "line.py").write_text(text, encoding="utf-8")
    done = call("run")
    assert done.code == 1
    assert "PROVEN rows  joined" in done.out
    assert done.out.rstrip().endswith("✗ 2 findings that fail the run, as a contract says (`fail_on`)")
    again = valid(done := call("run", "--json"), "run")
    assert done.code == 1
    assert (again["status"], again["error"]["kind"]) == ("succeeded", "ContractBroken"), "no step failed"
    assert "`joined`" in again["error"]["message"]
    assert call("run", "clean").code == 0, "of that nothing was multiplied"
