from pathlib import Path

import pytest

import penstock as ps
from penstock.app.replaying import replay
from penstock.errors import NotFound, UnknownName

LEAKY = """
from datetime import datetime, timedelta
import polars as pl
import penstock as ps

START = datetime(2024, 1, 1)


@ps.source(key="id", time="at", label="y")
def rows(n: int = 60) -> pl.DataFrame:
    at = [START + timedelta(hours=i) for i in range(n)]
    return pl.DataFrame({"id": range(n), "at": at, "x": [float(i * i % 17) for i in range(n)], "y": [i * 7 % 5 for i in range(n)]})


@ps.step
def features(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(leak=pl.col("x").shift(-1))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "line.py"
    path.write_text(LEAKY)
    return path


def test_a_finding_is_done_again_until_it_is_mended(file: Path) -> None:
    report = ps.Pipeline.load(file).check()
    (finding,) = [one for one in report.findings if one.check == "as-of"]
    assert finding.replay == f"penstock replay {finding.id}"
    said = replay(str(file), finding.id)
    assert said["moved"] is True
    assert said["before"] != said["after"]
    assert said["run"] == report.run
    assert replay(str(file), finding.id[:5])["moved"] is True
    file.write_text(LEAKY.replace("shift(-1)", "shift(1)"))
    mended = replay(str(file), finding.id)
    assert (mended["moved"], mended["before"]) == (False, mended["after"])


def test_what_is_not_there(file: Path) -> None:
    report = ps.Pipeline.load(file).check()
    with pytest.raises(NotFound, match="no run has a finding `zzz`"):
        replay(str(file), "zzz")
    (finding,) = [one for one in report.findings if one.check == "as-of"]
    file.write_text(LEAKY.replace("def features", "def feature"))
    with pytest.raises(UnknownName, match="the pipeline has no step `features` any more"):
        replay(str(file), finding.id)
