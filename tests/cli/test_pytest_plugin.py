import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.checks.offered import offer, pipeline


def run(folder: Path, *arguments: str, **environment: str) -> Any:
    plugin = ("-p", "penstock.cli.pytest_plugin", "-p", "no:penstock", "-p", "no:cacheprovider")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugin, *arguments],
        cwd=folder, capture_output=True, text=True, timeout=100, env={**os.environ, **environment},
    )  # fmt: skip


def test_a_test_fails_where_a_pipeline_leaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(tmp_path, monkeypatch)
    (tmp_path / "tests").mkdir()
    pipeline(tmp_path / "tests", "good", "guilty")
    (tmp_path / "tests" / "test_leaks.py").write_text(
        "def test_leaky(penstock_check):\n    penstock_check('line.py', only=['odd'])\n\n"
        "def test_clean(penstock_check):\n    assert penstock_check('line.py', only=['odd'], steps=['good']).verdict == 'CLEAN'\n"
    )
    done = run(tmp_path)
    assert done.returncode == 1
    assert "1 failed, 1 passed" in done.stdout
    assert "PROVEN odd  guilty" in done.stdout


def test_notebooks_scripts_and_wrong_names(tmp_path: Path) -> None:
    script = (
        "import pandas as pd\ntrips = pd.DataFrame({'trip': range(99), 'asked': range(99), 'km': [n * n % 7 for n in range(99)]})\n"
        "def features(trips):\n    return trips.assign(near=trips['km'].shift(BY))\nfeatures(trips)\n"
    )
    (tmp_path / "ahead.py").write_text(script.replace("BY", "-1"))
    (tmp_path / "back.py").write_text(script.replace("BY", "1"))
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_leaks.py").write_text(
        "SAID = {'said': ['time=asked'], 'only': ['as-of']}\n"
        "def test_ahead(penstock_check):\n    penstock_check('ahead.py', **SAID)\n\n"
        "def test_back(penstock_check):\n    assert penstock_check('back.py', **SAID)['verdict'] == 'CLEAN'\n\n"
        "def test_wrong(penstock_check):\n    penstock_check('bakc.py')\n"
    )
    done = run(tmp_path)
    assert "2 failed, 1 passed" in done.stdout
    assert "PROVEN as-of  features" in done.stdout
    assert "Did you mean `back.py`?" in done.stdout
    assert "During handling" not in done.stdout


def test_the_plugin_loads_nothing_before_it_is_asked() -> None:
    script = "import sys, pytest; before = set(sys.modules); import penstock.cli.pytest_plugin; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {one.partition(".")[0] for one in done.stdout.split()}
    assert not loaded & {"numpy", "pyarrow", "polars", "pandas", "click", "msgspec", "sqlite3"}
