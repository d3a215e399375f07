"""Deployment nodes: files of endpoints where their servers look for them."""

import json
from pathlib import Path

import pytest

from penstock.model.code import Code
from penstock.model.command import Action, Command, Link
from penstock.model.step import Entry
from penstock.model.task import Task
from penstock.work.context import Context, Hold, active
from penstock.work.deployment import Deployment
from penstock.work.room import Room


def test_files_are_laid_out(tmp_path: Path) -> None:
    made = tmp_path / "made"
    for name in ("model.pkl", "vocabulary/a.txt", "vocabulary/b.txt"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(name)
    command = Command(
        "deploy",
        "deployment",
        "Mine",
        links=(
            Link("train.outputs", "train", "output", "model*", "file", "predict.model"),
            Link("train.outputs", "train", "output", "vocabulary/*", "file", "predict.words"),
            Link("train.outputs", "train", "output", "model*", "file", "other.model"),
        ),
        endpoints={"predict": {"model": "serving/model.bin", "words": "words"}, "other": {}},
    )
    job = Deployment(command, Code("c"), Room(tmp_path / "jobs"))
    done = job(**{"train.outputs": made})
    folder = Path(done["outputs"])
    assert (folder / "predict" / "serving" / "model.bin").read_text() == "model.pkl"
    assert sorted(one.name for one in (folder / "predict" / "words").iterdir()) == ["a.txt", "b.txt"]
    assert (folder / "other" / "model").read_text() == "model.pkl"
    told = json.loads((folder / "predict" / "penstock-endpoint.json").read_text())
    assert told["endpoint"] == "predict"
    assert set(done["deployment"]) == {"id", "version_id"}


def test_it_waits_for_approval(tmp_path: Path) -> None:
    command = Command("deploy", "deployment", "Mine", actions=(Action("node-starting", ("require-approval",)),))
    task = Task("r/deploy/1", "r", "deploy", 1, "k", "", Entry("command"))
    with active(Context(task, lambda _: None)), pytest.raises(Hold, match="`deploy` is about to start"):
        Deployment(command, Code("c"), Room(tmp_path))()
