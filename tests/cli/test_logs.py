"""`penstock logs`."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Done, valid

Call = Callable[..., Done]
Edit = Callable[[str, str], None]


def test_what_a_step_printed(call: Call) -> None:
    call("run")
    assert call("logs", "last", "rows").out == "reading 3\n"
    silent = call("logs", "last", "model")
    assert (silent.out, silent.err) == ("", "note: `model` printed nothing\n")
    document = valid(call("logs", "last", "rows", "--json"), "logs")
    assert (document["text"], document["attempt"], document["status"]) == ("reading 3\n", 1, "succeeded")


def test_a_step_that_grew_names_its_parts(call: Call, project: Path) -> None:
    (project / "line.py").write_text(
        "import penstock as ps\n@ps.step(each=True)\ndef one(item):\n    print('item', item)\n"
        "@ps.step\ndef fan():\n    return ps.each([1, 2], one)\n"
    )
    call("run")
    done = call("logs", "last", "fan")
    assert (done.code, done.out) == (0, "")
    assert "2 parts" in done.err
    assert "penstock logs last 'fan[0]'" in done.err
    assert call("logs", "last", "fan[1]").out == "item 2\n"
    made_in = call("show", "last", "--json").json["run"]
    call("run")
    hint = call("logs", "last", "fan").err
    assert f"penstock logs {made_in} 'fan[0]'" in hint, "the parts are of the run that did the work"


def test_a_reused_step_shows_what_it_printed_when_it_ran(call: Call) -> None:
    first = call("run", "--json").json["run"]
    call("run")
    assert call("logs", "last", "rows").out == "reading 3\n"
    assert call("logs", "last", "rows", "--json").json["run"] == first


def test_misspelt_step_run_and_attempt(call: Call) -> None:
    call("run", "--name", "best")
    assert "Did you mean `rows`?" in call("logs", "last", "rosw").err
    assert "`best`" in call("logs", "bets", "rows").err
    done = call("logs", "last", "rows", "--attempt", "2")
    assert done.code == 2
    assert "Attempts: 1." in done.err


def test_bytes_come_out_as_they_went_in(process: Callable[..., Done], edit: Edit, project: Path) -> None:
    edit('    print("reading", n)\n', "    import os; os.write(1, b'\\xff\\xfe ok\\n')\n")
    assert process("run", PENSTOCK_EXECUTOR="local").code == 0
    raw = subprocess.run(
        [sys.executable, "-m", "penstock.cli", "logs", "last", "rows"], cwd=project, capture_output=True, check=True
    )
    assert raw.stdout == b"\xff\xfe ok\n"


def test_following_prints_as_it_grows_and_ends_with_the_step(
    project: Path, edit: Edit, process: Callable[..., Done]
) -> None:
    edit(
        '    print("reading", n)\n',
        '    import time\n    print("one", flush=True)\n'
        '    while not Path("go").exists(): time.sleep(0.02)\n    print("two")\n',
    )
    environment = {**os.environ, "PENSTOCK_EXECUTOR": "local"}
    command = [sys.executable, "-m", "penstock.cli"]
    running = subprocess.Popen([*command, "run"], cwd=project, env=environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while process("show").code != 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    follower = subprocess.Popen(
        [*command, "logs", "last", "rows", "-f"], cwd=project, stdout=subprocess.PIPE, text=True
    )
    assert follower.stdout is not None
    assert follower.stdout.readline() == "one\n"
    assert follower.poll() is None, "the step is not done"
    (project / "go").touch()
    rest, _ = follower.communicate(timeout=60)
    assert rest == "two\n"
    assert follower.returncode == 0
    assert running.wait(60) == 0
