"""Documents are one JSON value on standard output, whatever user code prints."""

import io
import json
from collections.abc import Callable

import pytest
from tests.cli.conftest import Done

from penstock.cli.output import Counter, note, only_json, show, write_json


def test_names_that_are_no_text_are_made_readable(capsys: pytest.CaptureFixture[str]) -> None:
    write_json({"file": "a\udcff", "list": ("\udcfe", 1), "in": {"\udcfd": None}})
    assert json.loads(capsys.readouterr().out) == {"file": "a\\udcff", "list": ["\\udcfe", 1], "in": {"\\udcfd": None}}


def test_what_json_does_not_know_is_written_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    write_json({"nan": float("nan"), "odd": complex(1, 2)})
    assert json.loads(capsys.readouterr().out) == {"nan": None, "odd": "(1+2j)"}


def test_lines_or_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    show({"a": 1}, [[("for people", "bad")]], as_json=False)
    assert capsys.readouterr().out == "for people\n"
    show({"a": 1}, [], as_json=True)
    assert capsys.readouterr().out == '{"a":1}\n'


def test_prints_of_user_code_go_aside(capsys: pytest.CaptureFixture[str]) -> None:
    with only_json(True):
        print("from user code")
    with only_json(False):
        print("as usual")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("as usual\n", "from user code\n")


def test_notes_are_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    note("be careful")
    assert capsys.readouterr() == ("", "note: be careful\n")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_counter_is_for_terminals_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    clock = iter([0.0, 0.1, 0.3, 0.4, 0.6])
    monkeypatch.setattr("penstock.cli.output.time.monotonic", lambda: next(clock))
    stream = Terminal()
    with Counter(stream) as counter:
        for number in range(4):
            counter.say(f"{number} blobs")
    text = stream.getvalue()
    assert [one for one in range(4) if f"{one} blobs" in text] == [1, 3]
    assert text.endswith("\r\x1b[K")
    monkeypatch.undo()
    pipe = io.StringIO()
    with Counter(pipe) as counter:
        counter.say("nobody looks")
    assert pipe.getvalue() == ""


def test_a_pipeline_that_prints_leaves_one_document(
    process: Callable[..., Done], edit: Callable[[str, str], None]
) -> None:
    shout = 'import os\nprint("loading")\nos.write(1, b"from C\\n")\n'
    edit("import penstock as ps\n", f"import penstock as ps\n{shout}")
    for executor in ("inline", "local"):
        done = process("run", "--json", "--executor", executor, "--force", "rows")
        assert done.code == 0, done.err
        assert done.json["status"] == "succeeded"
        assert "loading" in done.err
        assert "from C" in done.err
