"""The files of a command's inputs, and what edges bring."""

import json
from pathlib import Path
from typing import Any

import pytest

from penstock.errors import ParameterError
from penstock.model.command import Command, CommandInput, FileRef, Files, Link
from penstock.work.context import Changed
from penstock.work.inputs import brought, chosen, matches, place_inputs
from penstock.work.remote import Downloads
from penstock.work.room import Room


def test_files_that_edges_name(tmp_path: Path) -> None:
    for name in ("a.pkl", "results/b.pkl", "results/deep/c.txt", "a.pkl.metadata.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(json.dumps({"of": name}))
    (tmp_path / "valohai.metadata.jsonl").write_text(
        json.dumps({"file": "a.pkl", "metadata": {"stage": "prod"}}) + "\n"
    )

    def names(pattern: str, kind: str = "output") -> list[tuple[str, str]]:
        return [(one.full, one.suffix) for one, _, _ in chosen(tmp_path, Link("x", "x", kind, pattern, "input", "i"))]

    assert names("*") == [(one, one) for one in ("a.pkl", "results/b.pkl", "results/deep/c.txt")]
    assert names("*.pkl") == [("a.pkl", "a.pkl"), ("results/b.pkl", "results/b.pkl")]
    assert names("results/*") == [("results/b.pkl", "b.pkl"), ("results/deep/c.txt", "deep/c.txt")]
    assert names("results") == [("results/b.pkl", "results/b.pkl"), ("results/deep/c.txt", "results/deep/c.txt")]
    assert names("nothing*") == []
    ((_, _, notes),) = chosen(tmp_path, Link("x", "x", "output", "a.pkl", "input", "i"))
    assert notes == [{"of": "a.pkl.metadata.json"}, {"stage": "prod"}]


def test_files_of_a_tasks_executions(tmp_path: Path) -> None:
    for name in ("0/m.pkl", "1/m.pkl"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(name)
    found = chosen(tmp_path, Link("x", "x", "output", "m.pkl", "input", "i", task=True))
    assert [one.name for one, _, _ in found] == ["m.pkl", "m.pkl"]


def test_patterns() -> None:
    assert matches("deep/train-images.gz", "*train-images*")
    assert matches("a.pkl", "/a.pkl")
    assert not matches("ab.pkl", "a")


def test_inputs_of_a_task_that_were_passed_on(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("a")
    found = chosen(tmp_path, Link("x", "x", "input", "data", "input", "i", task=True))
    assert [(one.full, one.name) for one, _, _ in found] == [("a.csv", "a.csv")]


def _stub(uri: str) -> FileRef:
    return FileRef(uri, "x", "x", "x")


def test_addresses_ask_for_parameters(tmp_path: Path) -> None:
    """For each set of values that there is: what names the same file gives it once."""
    command = Command("s", inputs=(CommandInput("i"),))
    files = Files(files=(_stub("stub://{parameter:which}.csv"), _stub("stub://same"), _stub("stub://{parameter:none}")))
    room = Room(tmp_path / "jobs")
    values = [{"which": "a", "none": None}, {"which": "b"}, {"which": "a"}]
    told = place_inputs(command, room, Downloads(tmp_path / "downloads"), {"input.i": files}, values)
    assert sorted(one["name"] for one in told["i"]) == ["a.csv", "b.csv", "same", "{parameter:none}"]
    assert (room.inputs / "i" / "b.csv").read_text() == ""


def test_a_file_that_was_edited_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    files = Files(files=(FileRef("a", "a", "a", "a", str(tmp_path / "a"), "blake3:other"),))
    with pytest.raises(Changed, match="a was edited"):
        place_inputs(
            Command("s", inputs=(CommandInput("i"),)),
            Room(tmp_path / "jobs"),
            Downloads(tmp_path),
            {"input.i": files},
            [{}],
        )


def test_edges_bring_addresses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    link = Link("m", "find", "metadata", "where", "input", "i")
    command = Command("s", inputs=(CommandInput("i"),), links=(link,))
    given: dict[str, Any] = {"m": {"where": ["stub://a/b.csv", 3, None]}}
    told = place_inputs(command, Room(tmp_path / "jobs"), Downloads(tmp_path / "downloads"), given, [{}])
    assert [one["uri"] for one in told["i"]] == ["stub://a/b.csv"]
    assert "3 is no address of a file" in capsys.readouterr().out


def test_what_edges_bring(capsys: pytest.CaptureFixture[str]) -> None:
    assert brought(Link("x", "a", "metadata", "n", "parameter", "p"), {"n": 3}, None) == 3
    assert brought(Link("x", "a", "metadata", "n", "parameter", "p"), {}, 7) == 7
    assert "printed no metadata; `p` keeps its own value" in capsys.readouterr().out
    with pytest.raises(ParameterError, match="`a` has no parameter `q`") as told:
        brought(Link("x", "a", "parameter", "q", "parameter", "p", where="f:1:2"), {"parameters": {"r": 1}}, None)
    assert "It has: `r`" in told.value.hint
    assert told.value.where == "f:1:2"
