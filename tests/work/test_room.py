"""The folders and files that a command finds."""

import gc
import hashlib
import json
import os
import uuid
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import ExecutorError
from penstock.model.command import CommandInput, FileRef
from penstock.model.digest import digest_bytes
from penstock.work.room import Room, identifier, is_sidecar, placed


def ref(name: str, **fields: str) -> FileRef:
    return FileRef(**{"uri": f"data/{name}", "name": name, "full": f"data/{name}", "suffix": name, **fields})


def test_the_room_goes_when_nobody_holds_it(tmp_path: Path) -> None:
    room = Room(tmp_path)
    assert sorted(one.name for one in room.root.iterdir()) == ["config", "inputs", "outputs", "repository"]
    root = room.root
    del room
    gc.collect()
    assert not root.exists()


def test_what_killed_processes_left_goes(tmp_path: Path) -> None:
    (tmp_path / "999999999-x" / "outputs").mkdir(parents=True)
    (tmp_path / "1-of-someone-else").mkdir()
    room = Room(tmp_path)
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(["1-of-someone-else", room.root.name])


def test_inputs_are_copied_and_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("content")
    (tmp_path / "a").chmod(0o444)
    room = Room(tmp_path / "jobs")
    about = CommandInput("data")
    files = [(ref("a.csv"), tmp_path / "a", [{"tag": 1}]), (ref("a.csv"), tmp_path / "a", [])]
    told = room.place(about, files)
    assert [one["name"] for one in told] == ["a.csv", "a-1.csv"]
    assert told[0]["checksums"]["sha256"] == hashlib.sha256(b"content").hexdigest()
    assert told[0]["metadata"] == [{"tag": 1}]
    target = room.inputs / "data" / "a.csv"
    assert target.read_text() == "content"
    assert target.is_file()
    assert not target.is_symlink()
    target.write_text("scratch")  # a command may do what it likes with its copy
    assert (tmp_path / "a").read_text() == "content"


def test_a_file_that_was_edited_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("now")
    with pytest.raises(ValueError, match=r"a\.csv"):
        Room(tmp_path / "jobs").place(
            CommandInput("x"), [(ref("a.csv", digest=digest_bytes(b"then")), tmp_path / "a", [])]
        )


def test_names_in_folders() -> None:
    one = FileRef("", "c.csv", "data/deep/c.csv", "deep/c.csv")
    assert placed(one, CommandInput("i"), alone=True) == "c.csv"
    assert placed(one, CommandInput("i", keep="full"), alone=True) == "data/deep/c.csv"
    assert placed(one, CommandInput("i", filename="x"), alone=True) == "x"
    assert placed(one, CommandInput("i", filename="x"), alone=False) == "c.csv"


@given(
    st.lists(st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=12), max_size=5)
)
def test_no_name_leads_out_of_the_folder(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    base = tmp_path_factory.mktemp("room")
    (base / "a").write_text("x")
    room = Room(base / "jobs")
    files = [(FileRef("u", name, name, name), base / "a", []) for name in names]
    told = room.place(CommandInput("i", keep="full"), files)
    inside = (room.inputs / "i").resolve()
    assert all(Path(one["path"]).resolve().is_relative_to(inside) for one in told)
    assert len({one["path"] for one in told}) == len(names)


def test_configuration_as_json_and_yaml(tmp_path: Path) -> None:
    room = Room(tmp_path)
    parameters = {"lr": 0.1, "größe": "ä\n漢", "many": ["a", 1], "flag": True}
    room.configure({"data": [{"name": "a", "path": "/x/a"}]}, parameters, {"valohai.execution-id": "1"})
    for name, expected in (
        ("parameters", parameters),
        ("inputs", {"data": {"files": [{"name": "a", "path": "/x/a"}]}}),
    ):
        assert json.loads((room.config / f"{name}.json").read_text(encoding="utf-8")) == expected
        assert yaml.safe_load((room.config / f"{name}.yaml").read_text(encoding="utf-8")) == expected
    assert (room.config / "execution.json").exists()


def test_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", "kept")
    room = Room(tmp_path)
    found = room.environment("r/train/1", "line", "train", {"MODE": "fast", "VH_LOCAL_IP": "10.0.0.1"})
    assert found["MINE"] == "kept"
    assert (found["MODE"], found["VH_LOCAL_IP"]) == ("fast", "10.0.0.1")
    assert found["VH_INPUTS_DIR"] == str(room.inputs)
    assert found["VH_OUTPUTS_DIR"] == str(room.outputs)
    assert found["VH_CONFIG_DIR"] == str(room.config)
    assert found["VH_REPOSITORY_DIR"] == str(room.repository)
    assert found["VH_JOB_ID"] == f"exec-{found['VH_EXECUTION_ID']}"
    assert uuid.UUID(found["VH_EXECUTION_ID"])
    assert "MODE" not in os.environ


def test_fixed_folders_are_moved(tmp_path: Path) -> None:
    room = Room(tmp_path)
    assert room.moved("cp /valohai/inputs/a /valohai/outputs/b") == f"cp {room.inputs}/a {room.outputs}/b"
    for kept in (
        "/valohai/other",
        "s3://bucket/valohai/inputs/a",
        "$HOME/valohai/outputs",
        "/valohai/inputs2",
        "~/valohai/config",
    ):
        assert room.moved(kept) == kept
    for text in ("--out=/valohai/outputs/x", '"/valohai/outputs/x"', "tar -C/valohai/outputs", ">/valohai/outputs/x"):
        assert room.moved(text) == text.replace("/valohai/outputs", str(room.outputs))


def test_a_room_is_one_word_for_shells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    parent = tmp_path / "my project (1)" / "jobs"
    for _ in range(2):
        room = Room(parent)
        assert " " not in str(room.outputs)
        (room.outputs / "x").write_text("x")
        assert (parent / room.root.name / "outputs" / "x").read_text() == "x"
    (link,) = (tmp_path / "tmp").iterdir()
    link.unlink()
    link.mkdir()  # another's
    assert Room(parent).root.parent == parent


def test_what_mounts_may_lack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ExecutorError, match="there is no `unshare`"):
        Room(tmp_path).mounting()


def test_sidecars_only_tell_of_others() -> None:
    names = {"a.pb", "a.pb.metadata.json", "alone.metadata.json", "deep/valohai.metadata.jsonl"}
    assert [name for name in sorted(names) if is_sidecar(name, names)] == [
        "a.pb.metadata.json",
        "deep/valohai.metadata.jsonl",
    ]


def test_identifiers_are_the_same_for_the_same_name() -> None:
    assert identifier("a") == identifier("a") != identifier("b")
