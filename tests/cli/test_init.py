"""`penstock init` writes something that runs."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Done, valid

Call = Callable[..., Done]


def test_what_it_writes_runs_on_processes_and_then_has_nothing_to_do(
    call: Call, project: Path, process: Callable[..., Done]
) -> None:
    document = valid(call("init", "new", "--json"), "init")
    assert document["files"] == ["new/pipeline.py"]
    assert document["next"][0] == "cd new"
    done = process("run", "-f", "new/pipeline.py", "--json", PENSTOCK_EXECUTOR="local")
    assert done.code == 0, done.err
    metrics = done.json["metrics"]
    assert metrics["scores.mean_error"] < metrics["scores.error_of_last_week"], "the model is worth having"
    again = process("run", "-f", "new/pipeline.py", "--json", PENSTOCK_EXECUTOR="local").json
    assert {one["status"] for one in again["steps"]} == {"reused"}


def test_the_commands_that_it_names_work(call: Call, project: Path) -> None:
    commands = call("init", "new", "--json").json["next"]
    for command in commands[1:]:
        arguments = command.split()
        assert arguments[0] == "penstock"
        done = subprocess.run(
            [sys.executable, "-m", "penstock.cli", *arguments[1:]], cwd=project / "new", capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"


def test_it_overwrites_nothing(call: Call, project: Path) -> None:
    assert call("init", "new").code == 0
    path = project / "new" / "pipeline.py"
    path.write_text("mine")
    done = call("init", "new")
    assert done.code == 2
    assert "is there already" in done.err
    assert path.read_text() == "mine"
    (project / "link").mkdir()
    (project / "link" / "pipeline.py").symlink_to("nowhere.py")
    assert call("init", "link").code == 2
    assert not (project / "link" / "nowhere.py").exists()


def test_what_it_writes_has_no_fault(call: Call, project: Path) -> None:
    call("init", "new")
    assert call("lint", "-f", "new/pipeline.py").code == 0
