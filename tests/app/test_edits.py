"""The cache is never wrong, from end to end: run a project, edit it, run it again, each time as a new command.

A fixed spread of the corpus in `tests/declare/edits` goes through both executors; `PENSTOCK_EDITS=all` takes all of it, any other
text the cases whose name contains it.
"""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.declare.edits import Case, cases
from tests.declare.edits.apply import edit, write

import penstock as ps

SPREAD = 40
NEEDLESS = 0.02


def chosen() -> list[Case]:
    wanted = os.environ.get("PENSTOCK_EDITS", "")
    every = [case for case in cases() if case.runs or case.observed]
    if wanted == "all":
        return every
    if wanted:
        return [case for case in every if wanted in case.name]
    return every[:: -(-len(every) // SPREAD)]


def run(case: Case, root: Path, executor: str, *, after: bool) -> str:
    """What became of the step `target` in a new command: its status, or what was said instead."""
    changed = case.edit.environ
    environ = {name: value for name, value in os.environ.items() if name not in changed}
    environ.update({**case.environ, **(changed if after else {}), "PYTHONHASHSEED": "2" if after else "1"})
    command = [sys.executable, "-W", "ignore", "-m", "penstock.cli", "run", "--json", "-f", case.main]
    done = subprocess.run(
        [*command, "--executor", executor], cwd=root, env=environ, capture_output=True, text=True, timeout=100
    )
    try:
        said = json.loads(done.stdout)
    except ValueError:
        return f"no answer: {done.stdout[-500:]} {done.stderr[-2000:]}"
    found = [one for one in said.get("steps", ()) if one["step"] == case.step]
    return str(found[0]["status"]) if found else f"no such step: {done.stdout[-2000:]}"


def tried(job: tuple[Case, str, Path]) -> tuple[str, str]:
    """What is wrong with one edit under one executor: (kind, what), or two empty texts."""
    case, executor, root = job
    root.mkdir(parents=True)
    write(case, root)
    statuses = [run(case, root, executor, after=False)]
    if statuses[0] == "succeeded":
        edit(case, root)
        statuses.append(run(case, root, executor, after=True))
    if statuses[0] != "succeeded" or statuses[-1] not in ("succeeded", "reused"):
        return "error", f"ERROR {executor}: {case.name}: {statuses}"
    if case.label == "rerun" and statuses[-1] == "reused":
        return "stale", f"STALE {executor}: {case.name}"
    if case.label == "reuse" and statuses[-1] == "succeeded":
        return "needless", f"needless {executor}: {case.name}"
    return "", ""


@pytest.mark.timeout(3600)
def test_no_edit_is_missed_by_a_run(tmp_path: Path) -> None:
    jobs = [
        (case, executor, tmp_path / f"{place}-{executor}")
        for place, case in enumerate(chosen())
        for executor in ("inline", "local")
    ]
    with ThreadPoolExecutor(2) as pool:
        found = [one for one in pool.map(tried, jobs) if one[0]]
    print(*[what for _, what in found], f"{len(jobs)} edits tried", sep="\n")
    assert not [what for kind, what in found if kind != "needless"]
    reused = sum(case.label == "reuse" for case, _, _ in jobs)
    assert len(found) <= NEEDLESS * reused


SLOW = """
import json
import time
from pathlib import Path

import penstock as ps
from helper import scale

HERE = Path(__file__).parent
CONFIG = json.loads((HERE / "config.json").read_text())


def computed(kind):
    return (HERE / "data" / ".".join(["rows", kind])).read_text()


@ps.step
def before():
    return 1


@ps.step
def target(before, path: Path = Path("declared.txt")):
    seen = [scale(3), CONFIG["k"], computed("txt"), (HERE / "constant.txt").read_text(), path.read_text()]
    if (HERE / "wait").exists():
        (HERE / "started").write_text("")
        for _ in range(3000):
            if (HERE / "go").exists():
                break
            time.sleep(0.01)
    return seen


@ps.step
def other():
    return 2
"""

FILES = {
    "pipeline.py": SLOW,
    "helper.py": "def scale(x):\n    return x * 2\n",
    "config.json": '{"k": 1}',
    "data/rows.txt": "one",
    "constant.txt": "one",
    "declared.txt": "one",
}


def statuses(root: Path, executor: str) -> dict[str, str]:
    """What became of each step in a new command."""
    command = [sys.executable, "-m", "penstock.cli", "run", "--json", "--executor", executor]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=100)
    return {one["step"]: one["status"] for one in json.loads(done.stdout)["steps"]}


def put(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize("executor", ["inline", "local"])
@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("helper.py", "def scale(x):\n    return x * 3\n"),
        ("config.json", '{"k": 2}'),
        ("data/rows.txt", "two"),
        ("constant.txt", "two"),
        ("declared.txt", "two"),
    ],
)
def test_an_edit_while_a_step_runs_makes_the_next_run_do_it_again(
    tmp_path: Path, executor: str, file: str, text: str
) -> None:
    put(tmp_path, FILES)
    (tmp_path / "wait").write_text("")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(statuses, tmp_path, executor)
        while not (tmp_path / "started").exists():
            assert not running.done(), running.result()
            time.sleep(0.01)
        (tmp_path / file).write_text(text)
        (tmp_path / "go").write_text("")
        first = running.result()
    assert first["before"] == "succeeded"
    again = statuses(tmp_path, executor)
    assert again == {"before": "reused", "target": "succeeded", "other": "reused"}
    assert set(statuses(tmp_path, executor).values()) == {"reused"}
    # As it was at first: what the run under way had read of the new content must not be taken for that.
    (tmp_path / file).write_text(FILES[file])
    (tmp_path / "wait").unlink()
    done = ps.Pipeline.load(tmp_path / "pipeline.py").run(executor="inline")
    assert done["target"] == [6, 1, "one", "one", "one"]


LATE = """
import os

import penstock as ps


@ps.step
def target():
    os.system("echo 'FACTOR = 2' > late.py")
    from late import FACTOR

    return FACTOR
"""


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_a_module_edited_before_a_running_step_imports_it_is_not_taken_for_what_it_was(
    tmp_path: Path, executor: str
) -> None:
    put(tmp_path, {"pipeline.py": LATE, "late.py": "FACTOR = 1\n"})
    statuses(tmp_path, executor)
    put(tmp_path, {"late.py": "FACTOR = 1\n"})
    assert statuses(tmp_path, executor)["target"] != "reused"


FLOW = """
import penstock as ps
from shapes import first, second


@ps.step
def raw():
    return [3, 1, 2]


@ps.step
def ordered(raw):
    return first(raw)


@ps.step
def biggest(ordered):
    return second(ordered)


@ps.step
def counted(raw):
    return len(raw)
"""


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_only_what_an_edit_reaches_runs_and_equal_results_stop_it(tmp_path: Path, executor: str) -> None:
    shapes = "def first(x):\n    return sorted(x)\n\ndef second(x):\n    return x[-1]\n"
    put(tmp_path, {"pipeline.py": FLOW, "shapes.py": shapes})
    assert set(statuses(tmp_path, executor).values()) == {"succeeded"}

    def ran() -> set[str]:
        return {name for name, status in statuses(tmp_path, executor).items() if status == "succeeded"}

    put(tmp_path, {"shapes.py": shapes.replace("x[-1]", "x[0]")})
    assert ran() == {"biggest"}
    put(tmp_path, {"shapes.py": shapes.replace("sorted(x)", "sorted(list(x))").replace("x[-1]", "x[0]")})
    assert ran() == {"ordered"}  # with the result that it had: what needs it is reused
    put(tmp_path, {"pipeline.py": FLOW.replace("[3, 1, 2]", "[3, 2, 1]")})
    assert ran() == {"raw", "ordered", "counted"}
    put(tmp_path, {"pipeline.py": FLOW, "shapes.py": shapes})
    assert ran() == set()  # as it was at first
