"""Threads alive in the process that runs a pipeline, and in the pipeline's own module: no step waits for them for ever.

A bare fork of such a process copies locks that nobody will open again: libraries that use threads hang in the child.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.faults.runs import Project
from tests.faults.trials import report, trials

pytestmark = [pytest.mark.needs("proc"), pytest.mark.timeout(0 if "PENSTOCK_FAULT_TRIALS" in os.environ else 120)]

THREADED = """
import threading, time
import numpy as np
import polars as pl
import penstock as ps

LOCK = threading.Lock()

def hold():
    while True:
        with LOCK:
            time.sleep(0.002)

for _ in range(3):
    threading.Thread(target=hold, daemon=True).start()
TABLE = pl.DataFrame({"k": range(1000)}).group_by(pl.col("k") % 7).agg(pl.len()).sort("k")
SUM = float((np.ones((300, 300)) @ np.ones((300, 300))).sum())

@ps.step
def grouped(rows: int = 1000):
    return pl.DataFrame({"k": range(rows)}).group_by(pl.col("k") % 5).agg(pl.len()).sort("k")

@ps.step
def product(grouped):
    return float((np.ones((300, 300)) @ np.ones((300, 300))).sum()) + grouped.height

@ps.step
def locked(grouped):
    with LOCK:
        return TABLE.height + grouped.height
"""

PARENT = """
import sys, threading, time
import numpy as np
import polars as pl
import penstock as ps

LOCK = threading.Lock()

def hold():
    while True:
        with LOCK:
            pl.DataFrame({"k": range(50_000)}).group_by(pl.col("k") % 7).agg(pl.len())
            np.ones((300, 300)) @ np.ones((300, 300))

for _ in range(3):
    threading.Thread(target=hold, daemon=True).start()
time.sleep(0.2)
pipeline = ps.Pipeline.load("p.py")
for turn in range(int(sys.argv[1])):
    run = pipeline.run(executor="local", workers=2, parameters={"grouped.rows": 1000 + turn})
    assert run["product"] == 27_000_005.0, run["product"]
    assert run["locked"] == 12
print("well")
"""


def test_threads_in_the_module_of_the_pipeline(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", THREADED)
    count = trials(2)
    try:
        for turn in range(count):
            assert project.run("--set", f"grouped.rows={1000 + turn}") == 0, project.said()
            project.assert_no_orphans()
            project.assert_values({"product": 27_000_005.0, "locked": 12})
    finally:
        project.end_all()
    report("threads in the pipeline's module", runs=count, hangs=0)


def test_threads_in_the_process_that_runs_it(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text(THREADED)
    count = trials(2)
    done = subprocess.run(
        [sys.executable, "-c", PARENT, str(count)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60 + 20 * count,
    )
    assert done.stdout.strip().endswith("well"), done.stderr[-3000:]
    report("threads in the parent", runs=count, hangs=0)
