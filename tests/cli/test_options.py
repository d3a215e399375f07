"""Options that commands share, and how a ledger or a pipeline is found."""

import shutil
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from tests.cli.conftest import PIPELINE, Done, valid

from penstock.app.settings import reading_settings
from penstock.cli.options import parameters
from penstock.errors import PipelineNotFound

Call = Callable[..., Done]


def test_parameters_are_split_at_the_first_sign() -> None:
    assert parameters(("a.b=c=d", "a.e=", " f.g =1")) == {"a.b": "c=d", "a.e": "", "f.g": "1"}


@pytest.mark.parametrize("text", ["a.b", "=1", " =1", ""])
def test_a_parameter_without_a_value(text: str) -> None:
    with pytest.raises(click.UsageError):
        parameters((text,))


@pytest.mark.parametrize(
    ("given", "kind", "words", "hint"),
    [
        ("rate", "UsageError", "no `=`", "--set model.learning_rate=0.2"),
        ("rate=1", "UnknownName", "`rate`", "model.rate"),
        ("modle.rate=1", "UnknownName", "`modle`", "Did you mean `model`?"),
        ("model.rtae=1", "UnknownName", "`rtae`", "Did you mean `rate`?"),
        ("model.rate=fast", "ParameterError", "model.rate='fast'", "--set model.rate"),
    ],
)
@pytest.mark.parametrize("command", [["run"], ["plan"], ["why", "model"]])
def test_bad_parameters(call: Call, command: list[str], given: str, kind: str, words: str, hint: str) -> None:
    done = call(*command, "--set", given, "--json")
    assert done.code == 2
    error = valid(done, "error")["error"]
    assert error["kind"] == kind
    assert words in error["message"]
    assert hint in error["hint"]


def test_no_pipeline(call: Call, project: Path) -> None:
    (project / "line.py").unlink()
    for command in ("run", "plan", "lint", "runs", "show"):
        done = call(command, "--json")
        assert done.code == 2
        assert valid(done, "error")["error"]["kind"] == "PipelineNotFound"
        assert "penstock init" in done.err


def test_a_pipeline_that_is_not_there(call: Call) -> None:
    done = call("run", "-f", "lien.py")
    assert done.code == 2
    assert "Did you mean `line.py`?" in done.err


def test_two_pipelines_must_be_told_apart_to_run_but_not_to_read(call: Call, project: Path) -> None:
    assert call("run").code == 0
    shutil.copy(project / "line.py", project / "other.py")
    done = call("run")
    assert done.code == 2
    assert "line.py, other.py" in done.err
    assert call("run", "-f", "other.py").code == 0
    assert [one["pipeline"] for one in call("runs", "--json").json["runs"]] == ["other", "line"]
    assert [one["pipeline"] for one in call("runs", "-f", "line.py", "--json").json["runs"]] == ["line"]


def test_state_elsewhere(call: Call, project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PENSTOCK_STATE", str(tmp_path / "elsewhere"))
    assert call("run").code == 0
    (project / "line.py").unlink()
    assert len(call("runs", "--json").json["runs"]) == 1
    assert reading_settings(None).state == tmp_path / "elsewhere"
    with pytest.raises(PipelineNotFound):
        reading_settings("line.py")


def test_nothing_has_run_yet(call: Call) -> None:
    for command in (["runs"], ["show"], ["logs", "last", "model"]):
        done = call(*command)
        assert done.code == 2
        assert "Run `penstock run` first." in done.err


def test_the_pipeline_of_another_folder(call: Call, project: Path) -> None:
    (project / "sub").mkdir()
    (project / "sub" / "far.py").write_text(PIPELINE, encoding="utf-8")
    shutil.copy(project / "rows.txt", project / "sub")
    assert call("run", "-f", "sub/far.py").code == 0
    assert (project / "sub" / ".penstock" / "ledger.db").exists()
    assert call("show", "-f", "sub/far.py").code == 0
