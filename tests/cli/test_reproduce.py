"""`penstock reproduce`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Done, valid
from tests.report.samples import run_of

from penstock.model.event import RunStarted

Call = Callable[..., Done]


def test_equal_and_then_what_changed_since(call: Call, edit: Callable[[str, str], None]) -> None:
    run = call("run", "--json").json["run"]
    done = call("reproduce", "last", "--json")
    assert done.code == 0
    document = valid(done, "reproduce")
    assert (document["run"], document["status"], document["since"]) == (run, "equal", [])
    assert "came out equal" in call("reproduce", "last").out
    edit("return 2 * x", "return x + x")
    document = valid(call("reproduce", run, "--json"), "reproduce")
    assert document["status"] == "equal"
    (since,) = document["since"]
    assert (since["step"], since["reasons"][0]["what"]) == ("doubled", "helper `twice` changed")
    assert "+    return x + x" in call("reproduce", run).out


def test_different_ends_with_1(call: Call, edit: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    edit("return rate * sum(doubled)", "import time; return rate * time.time()")
    call("run")
    done = call("reproduce", "last", "--json")
    assert done.code == 1
    document = valid(done, "reproduce")
    assert document["status"] == "different"
    assert [one["metric"] for one in document["metrics"]] == ["scores.mae"]
    assert "not recorded" in call("reproduce", "last").out


def test_a_changed_file_is_named(project: Path, call: Call) -> None:
    call("run")
    (project / "rows.txt").write_text("9 9 9")
    done = call("reproduce", "last")
    assert done.code == 0
    assert "its stored result was taken" in done.out
    document = valid(call("reproduce", "last", "model", "--json"), "reproduce")
    assert (document["given"], document["files"][0]["parameter"]) == (["rows"], "path")
    done = call("reproduce", "last", "rows", "--json")  # equal to what? Nothing is left to compare
    assert done.code == 1
    assert valid(done, "reproduce")["status"] == "nothing"


def test_what_is_stopped_is_begun_anew(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    call("run")

    def stopped(*_: object, on_event: Callable[[object], None], **__: object) -> None:
        on_event(RunStarted(run_of(("rows",), "gone")))
        raise KeyboardInterrupt

    monkeypatch.setattr("penstock.cli.reproduce.do_again", stopped)
    done = call("reproduce", "last", "model", "-f", "line.py")
    assert done.code == 130
    assert "Go on with: penstock reproduce last model -f line.py" in done.err
    assert "resume" not in done.err


def test_the_environment_of_the_run_need_not_be_built_where_it_is(call: Call) -> None:
    call("run")
    done = call("reproduce", "last", "--rebuild")
    assert done.code == 0
    assert "already" in done.err


def test_a_broken_project_says_nothing_on_standard_output(project: Path, call: Call) -> None:
    call("run")
    (project / "line.py").write_text("print('loaded'); raise ValueError('now')")
    document = valid(call("reproduce", "last", "-f", "line.py", "--json"), "reproduce")
    assert document["status"] == "equal"
    assert "can't be loaded" in document["since"][0]["reasons"][0]["what"]


@pytest.mark.parametrize(("words", "hint"), [(("best", "modle"), "`model`"), (("bset",), "`best`")])
def test_what_is_wrong_is_said(call: Call, words: tuple[str, ...], hint: str) -> None:
    call("run", "--name", "best")
    done = call("reproduce", *words, "--json")
    assert done.code == 2
    assert hint in valid(done, "error")["error"]["hint"]
