"""The quickstart's example."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

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


def test_a_run_of_it_is_done_again_whatever_was_edited(tmp_path: Path) -> None:
    shutil.copy(EXAMPLE, tmp_path)

    def call(*words: str) -> dict[str, Any]:
        command = [sys.executable, "-m", "penstock.cli", *words, "--json"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    call("run")
    text = (tmp_path / "first.py").read_text()
    (tmp_path / "first.py").write_text(f"{text}\nUNRELATED = 1  # no step reaches it\n")
    unrelated = call("reproduce", "last")
    assert (unrelated["status"], len(unrelated["artifacts"]), unrelated["since"]) == ("equal", 6, [])
    assert {one["verdict"] for one in unrelated["artifacts"]} == {"equal"}
    (tmp_path / "first.py").write_text(text.replace("3 * x", "4 * x"))
    related = call("reproduce", "last")
    assert related["status"] == "equal"
    assert [(one["step"], one["reasons"][0]["what"]) for one in related["since"]] == [
        ("rows", "its code changed (`rows`)")
    ]


def test_the_readme_shows_this_very_file() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    assert EXAMPLE.read_text() in readme
