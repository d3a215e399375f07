"""The quickstart's example."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "first" / "first.py"


def test_first(tmp_path: Path) -> None:
    shutil.copy(EXAMPLE, tmp_path)
    statuses = []
    for _ in range(2):
        command = [sys.executable, "-m", "penstock.cli", "run", "--json"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        run = json.loads(done.stdout)
        statuses.append({step["status"] for step in run["steps"]})
        assert 0.7 < run["metrics"]["scores"]["mae"] < 0.9 if "scores" in run["metrics"] else run["metrics"]
    assert statuses == [{"succeeded"}, {"reused"}]


def test_the_readme_shows_this_very_file() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert EXAMPLE.read_text() in readme
