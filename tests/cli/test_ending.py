"""How commands end: codes, errors for people and for programs, readers that leave, faults of our own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from tests.cli.conftest import Done, valid

from penstock.cli.ending import body_of, finish
from penstock.errors import CodecError, NotFound, UnknownName

Call = Callable[..., Done]


def test_a_misspelt_option(call: Call) -> None:
    done = call("run", "--wrokers", "2", "--json")
    assert done.code == 2
    error = valid(done, "error")["error"]
    assert error["kind"] == "UsageError"
    assert error["message"] == "there is no option `--wrokers`"
    assert error["hint"] == "Did you mean `--workers`?"
    assert "Did you mean `--workers`?" in done.err, "people read it as well"
    assert "Did you mean `--workers`?" in call("run", "--worker", "2").err, "and not what only looks alike"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--workers", "many"], "'many' is not a whole number"),
        (["run", "--seed", "1.5"], "'1.5' is not a whole number"),
        (["gc", "--keep-days", "1w"], "'1w' is not a number"),
        (["run", "--workers", "-1"], "-1 is not in the range"),
        (["run", "--checks", "ful"], "'ful' is not one of"),
        (["why"], "missing argument 'STEP'"),
        (["show", "a", "b"], "got unexpected extra argument (b)"),
        (["--jsn"], "there is no option `--jsn`"),
    ],
)
def test_usage_errors_are_documents_too(call: Call, arguments: list[str], words: str) -> None:
    done = call(*arguments, "--json")
    assert done.code == 2
    error = valid(done, "error")["error"]
    assert error["kind"] == "UsageError"
    assert words in error["message"]
    assert error["hint"]


def test_json_after_two_dashes_is_a_target(call: Call) -> None:
    done = call("run", "--", "--json")
    assert done.code == 2
    assert done.out == ""
    assert "`--json`" in done.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UnknownName("no"), 2),
        (CodecError("no"), 1),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (ZeroDivisionError("no"), 2),
        (PermissionError(13, "Permission denied", "/x"), 2),
        (BrokenPipeError(), 0),
    ],
)
def test_codes(error: BaseException, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert finish(error, ["run"]) == code
    assert "Traceback" not in capsys.readouterr().err


def test_a_fault_of_our_own_names_the_file_with_its_details(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    try:
        raise ZeroDivisionError("oh")
    except ZeroDivisionError as error:
        body = body_of(error)
    assert body["kind"] == "ZeroDivisionError"
    (kept,) = tmp_path.iterdir()
    assert str(kept) in body["hint"]
    assert "in test_a_fault_of_our_own" in kept.read_text()


def test_debugging_shows_the_traceback(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_DEBUG", "1")
    try:
        raise NotFound("no such run")
    except NotFound as error:
        finish(error, ["show"])
    assert "Traceback" in capsys.readouterr().err


def test_an_error_says_where(call: Call, edit: Callable[[str, str], None]) -> None:
    edit("def doubled(rows: list)", "def doubled(rwos: list)")
    done = call("plan", "--json")
    error = valid(done, "error")["error"]
    assert done.code == 2
    assert (error["kind"], error["where"]) == ("UnknownName", "line.py:17")
    assert "`rows`" in error["hint"]
    assert "line.py:17" in done.err


@pytest.mark.skipif(os.name != "posix", reason="pipes break otherwise elsewhere")
@pytest.mark.parametrize(
    "command", [["runs"], ["show"], ["show", "--json"], ["--help"], ["run"], ["run", "--set", "model.rate=-1"]]
)
def test_a_reader_that_leaves_is_no_error(project: Path, call: Call, command: list[str]) -> None:
    assert call("run").code == 0
    reader, writer = os.pipe()
    os.close(reader)  # whoever reads is gone before anything is written
    done = subprocess.run(
        [sys.executable, "-m", "penstock.cli", *command], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1 if "-1" in str(command) else 0, "")
