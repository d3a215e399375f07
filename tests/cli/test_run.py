"""`penstock run`, in this process and in processes of its own."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Done, valid

Call = Callable[..., Done]
Edit = Callable[[str, str], None]


def test_it_runs_then_has_nothing_to_do(call: Call) -> None:
    first = call("run")
    assert first.code == 0
    assert len(re.findall(r"^  ran ", first.out, re.MULTILINE)) == 5
    assert re.search(r"✓ line succeeded in .* · 5 ran", first.out)
    assert re.search(r"scores.mae +6", first.out)
    second = call("run")
    assert "nothing to do, 5 steps reused" in second.out
    assert re.search(r"scores.mae +6 +=", second.out)


def test_the_document_is_as_promised(call: Call) -> None:
    run = valid(call("run", "--json", "--name", "first", "--tag", "a", "--tag", "b", "--seed", "3"), "run")
    assert (run["status"], run["name"], run["tags"], run["seeds"]["run"]) == ("succeeded", "first", ["a", "b"], 3)
    assert run["metrics"] == {"scores.mae": 6.0}
    assert run["parameters"]["model"]["rate"] == "0.5"
    assert [one["step"] for one in run["steps"]] == ["rows", "doubled", "model", "scores", "aside"]
    assert run["steps"][1]["inputs"]["rows"]["digest"] == run["steps"][0]["outputs"][0]["digest"]
    shown = valid(call("show", "first", "--json"), "run")
    counted = {"rows", "checks"}  # which a run does not wait for
    assert {name: shown[name] for name in shown if name not in counted} == {
        name: run[name] for name in run if name != "checks"
    }
    again = valid(call("run", "--json", "--seed", "3"), "run")
    assert {one["status"] for one in again["steps"]} == {"reused"}


def test_targets_parameters_and_force(call: Call) -> None:
    run = call("run", "doubled", "--json").json
    assert [one["step"] for one in run["steps"]] == ["rows", "doubled"]
    run = call("run", "scores", "--set", "model.rate=2", "--set", "rows.n=1", "--json").json
    assert run["metrics"] == {"scores.mae": 4.0}
    forced = call("run", "scores", "--set", "model.rate=2", "--set", "rows.n=1", "--force", "doubled", "--json").json
    assert {one["step"]: one["status"] for one in forced["steps"]} == {
        "rows": "reused", "doubled": "succeeded", "model": "reused", "scores": "reused",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["modle"], "Did you mean `model`?"),
        (["--force", "modle"], "Did you mean `model`?"),
        (["--executor", "lokal"], "Did you mean `local`?"),
    ],
)
def test_unknown_names(call: Call, arguments: list[str], hint: str) -> None:
    done = call("run", *arguments)
    assert done.code == 2
    assert hint in done.err


def test_a_failure_is_told_with_the_way_on(call: Call) -> None:
    done = call("run", "--set", "model.rate=-1")
    assert done.code == 1
    assert "✗ model  ValueError: rate must not be negative: -1.0  line.py:25" in done.out
    assert 'File "line.py", line 25, in model' in done.out
    assert "rate=-1.0" in done.out
    assert re.search(r"penstock resume \S+", done.out)
    assert "cli/" not in done.out, "frames of our own are not shown"


def test_a_failure_in_json_has_the_run_and_an_error(call: Call) -> None:
    done = call("run", "--set", "model.rate=-1", "--json")
    assert done.code == 1
    run = valid(done, "run")
    valid(done, "error")
    assert run["error"]["kind"] == "StepFailed"
    assert run["error"]["where"] == "line.py:25"
    assert run["run"] in run["error"]["hint"]
    statuses = {one["step"]: one["status"] for one in run["steps"]}
    assert (statuses["model"], statuses["scores"], statuses["aside"]) == ("failed", "blocked", "succeeded")
    assert "error" not in call("show", "--json").json, "to show a failed run is no failure"


def test_how_much_is_checked(call: Call) -> None:
    assert re.search(r"^  checks  no leak found · \d clean  full", call("run", "--checks", "full").out, re.MULTILINE)
    assert "  checks  " not in call("run", "--checks", "off").out


def test_in_processes(process: Callable[..., Done]) -> None:
    done = process("run", PENSTOCK_EXECUTOR="local")
    assert done.code == 0, done.err
    assert "line  run " in done.out
    assert "· local, " in done.out
    assert "\x1b" not in done.out


def read_all(descriptor: int) -> str:
    data = b""
    while True:
        try:
            piece = os.read(descriptor, 65536)
        except OSError:  # Linux says EIO when the other side of a terminal is closed
            break
        if not piece:
            break
        data += piece
    return data.decode()


def on_a_terminal(project: Path, *arguments: str, **environment: str) -> tuple[str, int]:
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock.cli", *arguments],
        cwd=project, stdin=child, stdout=child, stderr=child,
        env={**os.environ, "TERM": "xterm", "PENSTOCK_EXECUTOR": "local", **environment},
    )  # fmt: skip
    os.close(child)
    text = read_all(parent)
    os.close(parent)
    return text, process.wait(60)


def test_on_a_terminal_it_draws(project: Path, edit: Edit) -> None:
    edit("    return len(rows)", "    import time; time.sleep(0.5); return len(rows)")
    text, code = on_a_terminal(project, "run")
    assert code == 0
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1, "the cursor is hidden once and comes back"
    assert re.search(r"\x1b\[\d+F", text), "it was drawn more than once"
    assert "\x1b[32m✓" in text


def test_on_a_terminal_without_colour(project: Path) -> None:
    text, code = on_a_terminal(project, "run", NO_COLOR="1")
    assert code == 0
    assert not re.search(r"\x1b\[[\d;]*m", text)


def test_a_debugger_has_the_terminal_to_itself(project: Path) -> None:
    text, code = on_a_terminal(project, "run", "--executor", "inline")
    assert code == 0
    assert "\x1b[?25l" not in text
    assert "reading 3" in text


def test_ctrl_c_stops_cleanly_and_the_run_goes_on_later(
    project: Path, edit: Edit, process: Callable[..., Done]
) -> None:
    edit("    return len(rows)", "    import time; time.sleep(60 if ps.Path('wait').exists() else 0); return len(rows)")
    edit("import penstock as ps", "import penstock as ps\nps.Path = Path")
    (project / "wait").touch()
    running = subprocess.Popen(
        [sys.executable, "-m", "penstock.cli", "run", "--json"],
        cwd=project, env={**os.environ, "PENSTOCK_EXECUTOR": "local"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        seen = process("show", "--json")
        states = {one["step"]: one["status"] for one in seen.json.get("steps", [])}
        if states.get("aside") == "running" and states.get("scores") == "succeeded":
            break
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    run = valid(Done(running.returncode, out, err), "run")
    assert run["status"] == "cancelled"
    assert run["error"]["kind"] == "Interrupted"
    assert {one["step"]: one["status"] for one in run["steps"]}["scores"] == "succeeded"
    (project / "wait").unlink()
    done = process("resume", run["run"], "--json", PENSTOCK_EXECUTOR="local")
    assert done.code == 0, done.err
    assert done.json["run"] == run["run"]
    assert {one["status"] for one in done.json["steps"]} <= {"succeeded", "reused"}
