"""The flights example on an extract, with its values in object storage and its ledger in PostgreSQL: what it makes is equal."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.services import SECRET

EXAMPLE = Path(__file__).parents[2] / "examples" / "flights"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The example with every fifteenth flight of the year."""
    import polars as pl

    folder = tmp_path / "flights"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("data", ".penstock", "__pycache__"))
    subprocess.run([sys.executable, "prepare.py"], cwd=folder, check=True, capture_output=True)
    path = folder / "data" / "flights.parquet"
    pl.read_parquet(path).gather_every(15).write_parquet(path)
    return folder


def penstock(project: Path, state: str, *arguments: str, **environment: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "penstock.cli", *arguments, "--json"],
        cwd=project,
        env={**os.environ, "PENSTOCK_STATE": str(project.parent / state), **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert SECRET not in done.stdout + done.stderr
    return json.loads(done.stdout)


def digests(run: dict[str, Any]) -> dict[str, str]:
    return {one["artifact"]: one["digest"] for step in run["steps"] for one in step["outputs"]}


@pytest.mark.needs("moto", "postgres", "psycopg")
@pytest.mark.timeout(300)
def test_artifacts_are_equal_with_object_storage_and_postgresql(project: Path, s3: str, postgres: str) -> None:
    local = penstock(project, "local", "run")
    assert local["status"] == "succeeded"
    shared = {"PENSTOCK_STORE": f"{s3}/flights", "PENSTOCK_LEDGER": postgres, "PENSTOCK_STORE_CACHE": "3000000"}
    first = penstock(project, "shared", "run", **shared)
    assert {step["status"] for step in first["steps"]} == {"succeeded"}
    assert digests(first) == digests(local)
    assert len(digests(first)) == 16

    # Another machine, which has neither state nor copies, finds all of it, and says the same of one flight.
    other = penstock(project, "other", "run", **shared)
    assert {step["status"] for step in other["steps"]} == {"reused"}
    assert digests(other) == digests(local)
    again = penstock(project, "other", "run", "--executor", "inline", "--force", "features", **shared)
    assert {step["step"] for step in again["steps"] if step["status"] == "succeeded"} == {"features"}
    assert digests(again) == digests(local)
    assert penstock(project, "other", "verify", **shared)["ok"]
    assert penstock(project, "other", "reproduce", first["run"], "predictions", **shared)["status"] == "equal"
    for state in ("shared", "other"):
        for path in (project.parent / state).rglob("*"):
            assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


@pytest.mark.needs("moto", "postgres", "psycopg", "ray")
@pytest.mark.timeout(600)
def test_artifacts_are_equal_on_ray_with_object_storage_and_postgresql(project: Path, s3: str, postgres: str) -> None:
    """Nothing is shared but what the settings name: the nodes have neither the project nor the state folder."""
    local = penstock(project, "local", "run")
    shared = {"PENSTOCK_STORE": f"{s3}/flights", "PENSTOCK_LEDGER": postgres}
    cluster = penstock(project, "shared", "run", "--executor", "ray", **shared)
    assert {step["status"] for step in cluster["steps"]} == {"succeeded"}
    assert digests(cluster) == digests(local)
    assert {step["status"] for step in penstock(project, "other", "run", **shared)["steps"]} == {"reused"}
