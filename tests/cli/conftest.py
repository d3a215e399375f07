"""A small pipeline in a folder of its own, and ways to call the command line on it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
from click.testing import CliRunner

from penstock.cli.commands import penstock

__all__ = ["PIPELINE", "SCHEMAS", "Done", "valid"]

SCHEMAS = Path(__file__).parents[2] / "docs" / "reference" / "schemas"

PIPELINE = """
from pathlib import Path

import penstock as ps


@ps.source(key="id")
def rows(path: Path = Path("rows.txt"), n: int = 3) -> list[int]:
    print("reading", n)
    return [int(one) for one in path.read_text().split()][:n]


def twice(x: int) -> int:
    return 2 * x


@ps.step
def doubled(rows: list) -> list[int]:
    return [twice(one) for one in rows]


@ps.train
def model(doubled: list, rate: float = 0.5, seed: ps.Seed = 0) -> float:
    if rate < 0:
        raise ValueError(f"rate must not be negative: {rate}")
    return rate * sum(doubled)


@ps.evaluate
def scores(model: float) -> dict[str, float]:
    return {"mae": model}


@ps.step
def aside(rows: list) -> int:
    return len(rows)
"""


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document that it printed."""
        return json.loads(self.out)


def valid(done: Done, name: str) -> Any:
    """The document, which must be as its schema says."""
    schema = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.validate(done.json, schema)
    return done.json


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a pipeline, which is the current one; steps run in this process."""
    (tmp_path / "line.py").write_text(PIPELINE, encoding="utf-8")
    (tmp_path / "rows.txt").write_text("1 2 3 4", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PENSTOCK_EXECUTOR", "inline")
    return tmp_path


@pytest.fixture
def call(project: Path) -> Callable[..., Done]:
    """Call the command line in this process."""

    def call(*arguments: str) -> Done:
        result = CliRunner().invoke(penstock, arguments)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    return call


@pytest.fixture
def process(project: Path) -> Callable[..., Done]:
    """Call the command line in a process of its own."""

    def process(*arguments: str, **environment: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "penstock.cli", *arguments],
            cwd=project,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=100,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    return process


@pytest.fixture
def edit(project: Path) -> Callable[[str, str], None]:
    """Replace a text in the pipeline."""

    def edit(old: str, new: str) -> None:
        path = project / "line.py"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return edit
