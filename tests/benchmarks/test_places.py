"""The comparison of stores and ledgers: on small sizes, what it prints."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "places.py"


@pytest.mark.needs("moto", "postgres", "psycopg")
def test_it_prints_ratios() -> None:
    command = [sys.executable, BENCHMARK, "--size", "2", "--times", "1", "--steps", "20"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["s3"]["put_ratio"] > 0 and found["s3"]["get_ratio"] > 0
    assert found["postgres"]["postgresql_ms"] > 0 and found["postgres"]["runners"] == 4
