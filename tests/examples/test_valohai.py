"""The valohai.yaml example: both pipelines run once, and then nothing runs."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "valohai"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "valohai"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".penstock", "__pycache__"))
    return folder


def penstock(project: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "penstock.cli", *arguments, "--json"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return json.loads(done.stdout)


def statuses(run: dict[str, Any]) -> dict[str, str]:
    return {step["step"]: step["status"] for step in run["steps"]}


def test_two_steps(project: Path) -> None:
    first = penstock(project, "run", "--pipeline", "Training pipeline")
    assert statuses(first) == {"preprocess": "succeeded", "train": "succeeded"}
    again = penstock(project, "run", "--pipeline", "Training pipeline")
    assert statuses(again) == {"preprocess": "reused", "train": "reused"}


def test_a_run_is_done_again(project: Path) -> None:
    penstock(project, "run", "--pipeline", "Training pipeline")
    again = penstock(project, "reproduce", "last")
    assert (again["status"], again["since"]) == ("equal", [])
    with (project / "train.py").open("a") as file:
        file.write("# edited\n")
    again = penstock(project, "reproduce", "last")
    assert again["status"] == "equal"
    assert {one["step"] for one in again["since"]} == {"preprocess", "train"}


def test_search_condition_approval_and_deployment(project: Path) -> None:
    held = penstock(project, "run", "--pipeline", "Release pipeline")
    assert held["status"] == "waiting"
    assert statuses(held)["deploy"] == "waiting"
    penstock(project, "approve", "last", "deploy")
    done = penstock(project, "resume", "last")
    assert done["status"] == "succeeded"
    nodes = {"preprocess", "search", "choose", "choose:complete", "reports", "deploy"}
    assert {one for one in statuses(done) if "[" not in one} == nodes
    assert {f"search[{place}]" for place in range(6)} < set(statuses(done))
    again = penstock(project, "run", "--pipeline", "Release pipeline")
    assert set(statuses(again).values()) == {"reused"}
    stopped = penstock(project, "run", "--pipeline", "Release pipeline", "--set", "test_share=0.995")
    assert statuses(stopped)["preprocess"] == "succeeded"
    assert stopped["status"] == "succeeded"
    if statuses(stopped)["choose:complete"] == "skipped":
        assert statuses(stopped)["deploy"] == "skipped"
