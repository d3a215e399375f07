"""The full form of the tests of faults, by one command, with what was counted as JSON.

    python tests/faults/full.py                      all of it: an hour or two, and both processors
    python tests/faults/full.py --only runner blobs  some of it
    python tests/faults/full.py --list

Each fault is tried by the test that tries it a few times in CI; here PENSTOCK_FAULT_TRIALS says how often. The exit code is 1
if one of them failed. Machines are shared: `nice` is your friend, and no time is asserted but that of hangs.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FAULTS", "Fault"]

ROOT = Path(__file__).parents[2]
HANG = 3 * 3600  # seconds


@dataclass(frozen=True)
class Fault:
    """A fault, the tests that try it, and how often the full form does."""

    name: str
    what: str
    tests: tuple[str, ...]
    trials: int = 1000
    edits: str = ""


FAULTS = (
    Fault("runner", "kill -9 of the runner at any moment of whole runs", ("test_runs.py", "-k", "runner")),
    Fault("workers", "kill -9 of workers at any moment of whole runs", ("test_runs.py", "-k", "workers"), 500),
    Fault("server", "kill -9 of the process that starts workers", ("test_runs.py", "-k", "server"), 500),
    Fault("points", "kill -9 at each named step of a commit", ("test_crash_points.py",)),
    Fault("writer", "kill -9, EIO and ENOSPC at each call of store and ledger; the order of durability", ("test_commit.py",)),
    Fault("blobs", "stored blobs flipped, cut, doubled, zeroed and deleted", ("test_blobs.py",)),
    Fault("leases", "8 processes want 100 keys, a fifth of the leaders is killed; 16 writers", ("test_leases.py",), 100),
    Fault("hurtful", "steps that crash, hang, flood, leak and starve", ("test_hurtful_steps.py",)),
    Fault("places", "full and read-only disks, 10,000 steps, a value of 3 GiB", ("test_places.py", "test_full_disk.py")),
    Fault("clock", "a wall clock that jumps", ("test_clock.py",)),
    Fault("threads", "threads of polars, BLAS and others alive in the parent", ("test_threads.py",), 50),
    Fault("ledger", "ledgers of other schemas, and damaged ones", ("../ledger/test_schema.py", "../ledger/test_health.py", "../app/test_verifying.py")),
    Fault("checkpoints", "trainings killed between checkpoints", ("test_checkpoints.py",), 50),
    Fault("ray", "nodes and heads of Ray clusters killed during runs", ("test_ray.py",), 20),
    Fault("limits", "limits of what runs use together, and runs that die while they hold some", ("test_limits.py",), 50),
    Fault("object-store", "a tenth of the requests to S3 refused, forgotten, cut, short, flipped or slow", ("test_object_store.py",), 2000),
    Fault("postgres", "PostgreSQL's connections cut at any moment, the server restarted, an outage, a stopped runner", ("test_postgres.py",)),
    Fault("gc", "gc beside runs, and killed in between", ("../app/test_collecting.py", "../app/test_keeping.py")),
    Fault("edits", "every labelled edit through whole runs, both executors", ("../app/test_edits.py",), edits="all"),
    Fault("planted", "bugs planted in Penstock, each to be found by one of the tests above", ("test_planted.py",)),
)  # fmt: skip


def attempt(fault: Fault, trials: int, folder: Path) -> dict[str, object]:
    """Run one fault's tests; what came of it, with the figures that they reported."""
    figures = folder / f"{fault.name}.json"
    told = [part if part.startswith("-") or "." not in part else f"tests/faults/{part}" for part in fault.tests]
    command = [sys.executable, "-m", "pytest", "-s", f"--basetemp={folder / fault.name}", *told]
    environment = {**os.environ, "PENSTOCK_FAULT_TRIALS": str(trials), "PENSTOCK_FAULT_REPORT": str(figures)}
    if fault.edits:
        environment["PENSTOCK_EDITS"] = fault.edits
    begun = time.monotonic()
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=HANG)
        said, code = done.stdout + done.stderr, done.returncode
    except subprocess.TimeoutExpired:
        said, code = f"no end after {HANG} seconds", -1
    found: dict[str, object] = {
        "fault": fault.name,
        "what": fault.what,
        "command": f"PENSTOCK_FAULT_TRIALS={trials} pytest -s {' '.join(told)}",
        "passed": code == 0,
        "seconds": round(time.monotonic() - begun, 1),
        "summary": said.strip().splitlines()[-1] if said.strip() else "",
        "figures": json.loads(figures.read_text()) if figures.exists() else [],
    }
    if code:
        found["output"] = said[-20_000:]
    return found


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Try faults in full, and report what was counted as JSON.")
    names = [one.name for one in FAULTS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="FAULT", help=", ".join(names))
    parser.add_argument("--trials", type=int, help="as many tries for each fault, instead of its own number")
    parser.add_argument("--report", type=Path, default=ROOT / "dist" / "faults.json", help="default: dist/faults.json")
    parser.add_argument("--list", action="store_true", help="say what there is, and do nothing")
    given = parser.parse_args(arguments)
    if given.list:
        for one in FAULTS:
            print(f"{one.name:13}{one.trials:6}  {one.what}")
        return 0
    results: list[dict[str, object]] = []
    report = {"python": platform.python_version(), "system": platform.platform(), "processors": os.cpu_count()}
    given.report.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        for fault in [one for one in FAULTS if one.name in given.only]:
            found = attempt(fault, given.trials or fault.trials, Path(folder))
            results.append(found)
            print(
                f"{'passed' if found['passed'] else 'FAILED'}  {fault.name:13}{found['seconds']:>8} s  {found['summary']}",
                flush=True,
            )
            given.report.write_text(json.dumps({**report, "faults": results}, indent=1) + "\n")
    print(f"written to {given.report}")
    return 0 if all(one["passed"] for one in results) else 1


if __name__ == "__main__":
    sys.exit(main())
