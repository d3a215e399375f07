"""Files that steps read and nobody declared: reported with file and line, and hashed by the next plan, whoever reads them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = '''
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import penstock as ps

HERE = Path(__file__).parent


def named(kind):
    """A path that no reader of the code can tell."""
    return HERE / "data" / ".".join(["rows", kind])


@ps.step
def by_open():
    with open(named("csv")) as file:  # by_open
        return file.read()


@ps.step
def by_pathlib():
    return named("csv").read_text()  # by_pathlib


@ps.step
def by_json():
    with named("json").open() as file:  # by_json
        return json.load(file)


@ps.step
def by_pandas():
    import pandas as pd
    return pd.read_csv(named("csv"))  # by_pandas


@ps.step
def by_pandas_and_pyarrow():
    import pandas as pd
    return pd.read_csv(named("csv"), engine="pyarrow")  # by_pandas_and_pyarrow


@ps.step
def by_polars():
    import polars as pl
    return pl.read_csv(named("csv"))  # by_polars


@ps.step
def by_lazy_polars():
    import polars as pl
    return pl.scan_csv(named("csv")).collect()  # by_lazy_polars


@ps.step
def by_numpy():
    import numpy as np
    return np.loadtxt(named("csv"), delimiter=",", skiprows=1)  # by_numpy


@ps.step
def by_pyarrow():
    from pyarrow import csv
    return csv.read_csv(named("csv"))  # by_pyarrow


@ps.step
def by_parquet():
    import polars as pl
    return pl.read_parquet(named("parquet"))  # by_parquet


@ps.step
def by_sqlite():
    with closing(sqlite3.connect(named("db"))) as connection:  # by_sqlite
        return connection.execute("select a from t").fetchall()


@ps.step
def by_a_helper(count: int = 1):
    return count + len(table("csv"))


def table(kind):
    import pandas as pd
    return pd.read_csv(named(kind))  # by_a_helper


@ps.step
def declared(path: Path = Path("data/rows.csv")):
    return Path(path).read_text()
'''


def fill(root: Path, number: int) -> None:
    import sqlite3

    import polars as pl

    data = root / "data"
    data.mkdir(exist_ok=True)
    (data / "rows.csv").write_text(f"a,b\n1,{number}\n")
    (data / "rows.json").write_text(json.dumps({"a": number}))
    pl.DataFrame({"a": [number]}).write_parquet(data / "rows.parquet")
    (data / "rows.db").unlink(missing_ok=True)
    connection = sqlite3.connect(data / "rows.db")
    connection.execute("create table t (a)")
    connection.execute("insert into t values (?)", (number,))
    connection.commit()
    connection.close()


def run(root: Path, executor: str) -> dict:
    command = [sys.executable, "-W", "ignore", "-m", "penstock.cli", "run", "--json", "--executor", executor]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=100)
    return json.loads(done.stdout)


@pytest.mark.parametrize("executor", ["inline", "local"])
def test_every_reader_is_reported_with_file_and_line(tmp_path: Path, executor: str) -> None:
    (tmp_path / "flow.py").write_text(SOURCE)
    fill(tmp_path, 2)
    lines = {
        line.rpartition("# ")[2]: f"flow.py:{at}" for at, line in enumerate(SOURCE.splitlines(), 1) if "  # by" in line
    }
    first = run(tmp_path, executor)
    assert first["status"] == "succeeded"
    told = {one["step"]: (one["what"], one["where"]) for one in first["warnings"] if one["kind"] == "hidden-input"}
    assert {step: where for step, (_, where) in told.items()} == lines
    assert all("data/rows." in what and str(tmp_path) not in what for what, _ in told.values())

    assert {one["status"] for one in run(tmp_path, executor)["steps"]} == {"reused"}
    fill(tmp_path, 3)
    again = run(tmp_path, executor)["steps"]
    assert {one["step"] for one in again if one["status"] == "succeeded"} == {*lines, "declared"}
    files = {one["step"] for one in again for reason in one["reasons"] if reason["kind"] == "file"}
    assert files == {*lines, "declared"}
