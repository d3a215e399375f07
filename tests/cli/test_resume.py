"""`penstock resume`, `penstock cancel` and `penstock approve`."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Done, valid
from tests.containers import home, image

Call = Callable[..., Done]
Edit = Callable[[str, str], None]


def test_what_failed_goes_on_with_the_parameters_of_the_run(call: Call, edit: Edit) -> None:
    failed = call("run", "--set", "model.rate=-1", "--json").json
    edit("    if rate < 0:", "    if rate < -5:")
    done = call("resume", "last", "--json")
    run = valid(done, "run")
    assert done.code == 0
    assert run["run"] == failed["run"]
    assert run["parameters"]["model"]["rate"] == "-1.0"
    assert run["metrics"] == {"scores.mae": -12.0}
    assert len(call("runs", "--json").json["runs"]) == 1


def test_what_still_fails_fails_again(call: Call) -> None:
    call("run", "--set", "model.rate=-1")
    done = call("resume", "last")
    assert done.code == 1
    assert "✗ model" in done.out


def test_the_closing_words_count_what_was_done_before(call: Call, edit: Edit) -> None:
    call("run", "--set", "model.rate=-1")
    edit("    if rate < 0:", "    if rate < -5:")
    done = call("resume", "last")
    assert "  kept    3 steps: rows, doubled, aside\n" in done.out
    assert "✓ line succeeded" in done.out
    assert " · 5 ran\n" in done.out


def test_approval_lets_the_run_go_on(call: Call, edit: Edit) -> None:
    edit("    return len(rows)", '    ps.hold("Count them?"); return len(rows)')
    run = call("run", "--json").json
    assert run["status"] == "waiting"
    assert {one["step"]: one["note"] for one in run["steps"]}["aside"] == "Count them?"
    document = valid(call("approve", "last", "aside", "--json"), "approve")
    assert document == {"run": run["run"], "step": "aside", "approved": True, "next": f"penstock resume {run['run']}"}
    done = call("resume", run["run"], "--json")
    assert done.json["status"] == "succeeded"


def test_a_run_in_another_terminal_is_stopped(call: Call, project: Path, edit: Edit) -> None:
    edit("    return len(rows)", "    import time; time.sleep(600)")
    command = [sys.executable, "-m", "penstock", "run", "--checks", "off", "--json"]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        while "running" not in [one["status"] for one in call("show", "--json").json.get("steps", ())]:
            time.sleep(0.1)
        document = valid(call("cancel", "--json"), "cancel")
        assert process.stdout is not None
        run = json.loads(process.stdout.read())
    assert document == {"run": run["run"], "asked": True, "next": f"penstock resume {run['run']}"}
    assert (run["status"], process.returncode) == ("cancelled", 130)
    done = call("cancel", "last")
    assert done.code == 2 and "is not going on" in done.err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["approve", "last", "asied"], "Did you mean `aside`?"),
        (["approve", "last", "aside"], "holds no step"),
        (["approve", "lsat", "aside"], ""),
        (["resume", "bets"], "`best`"),
    ],
)
def test_what_is_not_there(call: Call, arguments: list[str], hint: str) -> None:
    assert call("run", "--name", "best").code == 0
    done = call(*arguments, "--json")
    assert done.code == 2
    assert valid(done, "error")["error"]["kind"] == "NotFound"
    assert hint in done.err


def test_the_pipeline_may_be_one_of_several_or_have_moved(
    call: Call, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("run", "--set", "model.rate=-1")
    shutil.copy(project / "line.py", project / "other.py")
    assert call("resume", "last").code == 1, "the run knows its file"
    (project / "other.py").unlink()
    moved = project / "moved"
    moved.mkdir()
    for one in ("line.py", "rows.txt", ".penstock"):
        shutil.move(project / one, moved / one)
    monkeypatch.chdir(moved)
    assert call("resume", "last").code == 1


@pytest.mark.needs("podman", "uv")
@pytest.mark.timeout(300)
def test_what_began_in_containers_goes_on_in_containers(
    call: Call, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home(tmp_path, monkeypatch)
    image()
    (project / "line.py").write_text(
        "import os, pathlib\nimport penstock as ps\n"
        "@ps.step\ndef first() -> bool: return os.path.isdir('/penstock/out')\n"
        "@ps.step\ndef second(first: bool) -> bool:\n"
        "    assert pathlib.Path('ready').exists()\n    return os.path.isdir('/penstock/out')\n"
    )
    assert call("run", "--executor", "container").code == 1
    (project / "ready").touch()
    document = valid(call("resume", "last", "--json"), "run")
    assert {one["step"]: one["status"] for one in document["steps"]} == {"first": "succeeded", "second": "succeeded"}
    assert [one["attempts"] for one in document["steps"]] == [1, 2]
