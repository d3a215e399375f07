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


def test_the_plugin_loads_nothing_before_it_is_asked() -> None:
    script = "import sys, pytest; before = set(sys.modules); import penstock.cli.pytest_plugin; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = {one.partition(".")[0] for one in done.stdout.split()}
    assert not loaded & {"numpy", "pyarrow", "polars", "pandas", "click", "msgspec", "sqlite3"}
