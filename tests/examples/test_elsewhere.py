"""The flights example, an extract of it, wherever steps can run: the digests of all artifacts agree."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from tests.containers import home

import penstock as ps
from penstock.app import environments

EXAMPLE = Path(__file__).parents[2] / "examples" / "flights"
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS", "LOKY_MAX_CPU_COUNT")
INLINE = """
import json, sys
import penstock as ps
run = ps.Pipeline.load(sys.argv[1], state=sys.argv[2]).run(executor="inline")
run.raise_if_failed()
print(json.dumps({name: run.stored(name).digest for name in sys.argv[3:]}))
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home(tmp_path, monkeypatch)
    folder = tmp_path / "flights"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("data", ".penstock", "__pycache__"))
    subprocess.run([sys.executable, "prepare.py"], cwd=folder, check=True, capture_output=True)
    for path in (folder / "data").glob("*.parquet"):
        table = pl.read_parquet(path)
        if table.height > 50_000:  # each tenth day, over the whole year: all sides of the split have rows
            table.filter(pl.col("sched_dep").dt.ordinal_day() % 10 == 0).write_parquet(path)
    return folder


def digests(project: Path, state: str, executor: str) -> dict[str, str]:
    pipeline = ps.Pipeline.load(project / "flights.py", state=str(project / state))
    run = pipeline.run(executor=executor)
    run.raise_if_failed()
    return {name: run.stored(name).digest for step in pipeline.graph.steps.values() for name in step.artifacts}


@pytest.mark.needs("podman", "uv", "ray")
@pytest.mark.timeout(600)
def test_digests_agree_wherever_it_runs(project: Path) -> None:
    here = digests(project, "local", "local")
    assert len(here) > 14

    code = [sys.executable, "-c", INLINE, "flights.py", "inline", *here]
    bare = {**os.environ, **dict.fromkeys(THREADS, "1")}  # as processes and containers have them for one processor
    done = subprocess.run(code, cwd=project, env=bare, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    found = {"inline": json.loads(done.stdout.strip().splitlines()[-1])}
    found["container"] = digests(project, "container", "container")
    found["ray"] = digests(project, "ray", "ray")

    # The lock that containers were made of, as each step's own environment.
    lock = environments.lock([], environments.imported({Path("flights.py"): (project / "flights.py").read_bytes()}))
    assert "polars==" in lock.text
    text = (project / "flights.py").read_text()
    asked = "env=['iniconfig'], "
    for kind in ("source", "step", "split", "train", "predict", "evaluate", "deploy"):
        text = text.replace(f"@ps.{kind}(", f"@ps.{kind}({asked}").replace(
            f"@ps.{kind}\n", f"@ps.{kind}({asked[:-2]})\n"
        )
    (project / "flights.py").write_text(text)
    found["env"] = digests(project, "env", "local")
    for place, there in found.items():
        assert {name: (one, there[name]) for name, one in here.items() if there[name] != one} == {}, place
