"""The one command for the full form of the tests of faults."""

import json
import subprocess
import sys
from pathlib import Path

from tests.faults.full import FAULTS, ROOT


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tests" / "faults" / "full.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_one_fault_by_command_gives_figures_as_json(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = run("--only", "blobs", "--trials", "20", "--report", str(report))
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(report.read_text())
    [blobs] = found["faults"]
    assert blobs["passed"] and blobs["fault"] == "blobs"
    assert {"damaged blobs", "damaged blobs of a pipeline"} == {one["fault"] for one in blobs["figures"]}
    assert found["processors"] >= 1


def test_it_knows_every_test_of_faults() -> None:
    listed = run("--list").stdout
    assert [line.split()[0] for line in listed.splitlines()] == [one.name for one in FAULTS]
    told = {part for one in FAULTS for part in one.tests if part.endswith(".py")}
    here = {path.name for path in Path(__file__).parent.glob("test_*.py")} - {"test_full.py"}
    assert here <= told
    assert all((Path(__file__).parent / part).is_file() for part in told)


def test_a_misspelt_fault_is_told() -> None:
    done = run("--only", "runer")
    assert done.returncode == 2
    assert "runner" in done.stderr
