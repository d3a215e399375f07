"""The comparison with other tools: on small sizes, with what every machine has."""

import importlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import psutil
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module
    for name in ("projects", "spine", "telling", "timing"):
        for loaded in [one for one in sys.modules if one.split(".")[0] == name]:
            del sys.modules[loaded]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, BENCHMARKS / "peers.py", *arguments], capture_output=True, text=True)


@pytest.mark.timeout(300)
def test_each_workload_is_done_and_proven() -> None:
    done = run("--quick", "--limit", "100", "--verbose", "--peers", "bare Python,Penstock inline")
    assert done.returncode == 0, done.stderr
    cells = {}
    for line in done.stdout.split("\n\n")[0].splitlines():
        what, name, told = re.split(
            r" {2,}", re.sub(r"(bare Python|Penstock inline|Penstock)", r"  \1  ", line, count=1)
        )
        cells[what, name] = told
    columns = {what for what, _ in cells}
    assert len(columns) == 9
    for (what, name), told in cells.items():
        # seconds, and a ratio where Penstock had been measured before; nothing ran again, nothing was wrong
        assert re.fullmatch(r"[\d.]+ m?s( · [\d.]+ ×)?|one process|the same", told), (what, name, told, done.stderr)
        assert told[0].isdigit() or name == "Penstock inline"


def test_names_that_are_not_there() -> None:
    done = run("--peers", "Penstok")
    assert done.returncode == 1
    assert "'Penstok'" in done.stderr
    done = run("--quick", "--write")
    assert done.returncode == 2


def test_the_page_shows_what_was_measured(load) -> None:
    telling: ModuleType = load("telling")
    last = json.loads(telling.LAST.read_text(encoding="utf-8"))
    assert "\n".join(telling.page(last)) in telling.PAGE.read_text(encoding="utf-8")
    for row in last["rows"].values():
        assert set(row["cells"]) == {one.name for one in telling.CONTENDERS}
        assert all(len(cells) == len(row["columns"]) for cells in row["cells"].values())


def test_a_command_that_takes_too_long_is_ended_with_all_it_started(load, tmp_path: Path) -> None:
    projects: ModuleType = load("projects")
    timing: ModuleType = load("timing")
    bench = timing.Bench(tmp_path, timing.Sizes(), 0.5, verbose=False)
    script = "import subprocess, time\nchild = subprocess.Popen(['sleep', '1000'])\n"
    script += "open('{RAN}', 'w').write(f'{child.pid}\\n')\ntime.sleep(1000)\n"
    one = projects.Contender()
    folder = bench.write(one, projects.Project({"flow.py": script}, []), 1)
    cell = bench.run(one, [["python", "flow.py"]], folder, 5.0)
    assert cell == (None, "> 5 s")
    (child,) = timing.lines(folder)
    while alive(int(child)):  # a killed process may take its time to go
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_what_goes_wrong_is_named(load, tmp_path: Path) -> None:
    projects: ModuleType = load("projects")
    timing: ModuleType = load("timing")
    bench = timing.Bench(tmp_path, timing.Sizes(), 60, verbose=False)
    one = projects.Contender()
    for script, said in (("def f(): f()\nf()\n", "RecursionError"), ("raise SystemExit(3)", "fails")):
        folder = bench.write(one, projects.Project({"flow.py": script}, []), 1)
        assert bench.run(one, [["python", "flow.py"]], folder, 60.0) == (None, said)


def test_a_tool_that_does_not_install_is_said_so(load, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    projects: ModuleType = load("projects")
    timing: ModuleType = load("timing")
    one = projects.Contender()
    one.name, one.package, one.requires = "Nowhere", "nowhere", (str(tmp_path / "nowhere"),)
    commands, lack = timing.environment(one, tmp_path / "cache")
    assert lack == "does not install"
    assert timing.version_of(one, commands) == ""
    assert "nowhere" in capsys.readouterr().err
