"""Which row of which source a text means."""

from pathlib import Path
from typing import Any

import pytest
from tests.trace.pipelines import lineage_of

from penstock.errors import ContractError, NotFound
from penstock.trace.locate import locate

SOURCES = """
from datetime import datetime, timedelta
import pandas as pd
import polars as pl
import penstock as ps


@ps.source(key="id")
def numbers() -> pl.DataFrame:
    return pl.DataFrame({"id": [1, -2, 300, 300]})


@ps.source(key=["a", "b"])
def pairs() -> pl.DataFrame:
    return pl.DataFrame({"a": ["x", "x/y", "p", "q/r"], "b": ["y/z", "z", "q", "s"]})


@ps.source(key="at")
def hours() -> pl.DataFrame:
    begin = datetime(2024, 10, 26, 23)
    at = pl.datetime_range(begin, begin + timedelta(hours=4), "1h", time_zone="UTC", eager=True)
    return pl.DataFrame({"at": at.dt.convert_time_zone("Europe/Berlin")})


@ps.source(key="at")
def ticks() -> pl.DataFrame:
    return pl.DataFrame({"at": pl.Series([1, 1_700_000_000_000_000_123], dtype=pl.Int64).cast(pl.Datetime("ns"))})


@ps.source(key="month")
def months() -> pd.DataFrame:
    return pd.DataFrame({"month": pd.period_range("2024-01", periods=3, freq="M"), "x": [1, 2, 3]})


@ps.source
def bare() -> list[dict]:
    return [{"n": n} for n in range(3)]


@ps.step
def all_of_them(numbers, pairs, hours, ticks, months, bare) -> int:
    return 1
"""


@pytest.fixture(scope="module")
def lineage(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return lineage_of(tmp_path_factory.mktemp("sources"), SOURCES)


def refused(lineage: Any, text: str, source: str = "") -> NotFound:
    with pytest.raises(NotFound) as caught:
        locate(lineage, text, source)
    return caught.value


@pytest.mark.parametrize(
    "text", ["99999999999999999999", "-99999999999999999999", " 1", "1 ", "+1", "1_0", "１", "1e0"]
)
def test_what_is_no_number_of_a_key(lineage: Any, text: str) -> None:
    assert "has the key" in refused(lineage, text, "numbers").what


def test_numbers(lineage: Any) -> None:
    assert locate(lineage, "1", "numbers")[2].tolist() == [0]
    assert locate(lineage, "-2")[:2] == ("numbers", "-2")
    with pytest.raises(ContractError):
        locate(lineage, "#3", "numbers")


@pytest.mark.parametrize("source", ["", "numbers", "bare"])
@pytest.mark.parametrize("text", ["#²", "#", "#-1", "#1.5"])
def test_what_is_no_position(lineage: Any, source: str, text: str) -> None:
    assert text in refused(lineage, text, source).what


def test_positions(lineage: Any) -> None:
    assert locate(lineage, "#1", "numbers") == ("numbers", "-2", [1])
    assert locate(lineage, "#2", "bare")[1] == "2"
    assert refused(lineage, "#99", "numbers").hint == "Its rows are #0 to #3."
    assert refused(lineage, "#99", "bare").hint == "Its rows are #0 to #2."
    assert refused(lineage, "#99999999999999999999999", "bare").hint == "Its rows are #0 to #2."
    several = refused(lineage, "#1")
    assert "not of which source" in several.what and several.hint == "Say of which: `--source numbers`."


def test_a_text_that_several_keys_have(lineage: Any) -> None:
    both = refused(lineage, "x/y/z")
    assert both.what == "`x/y/z` may be each of 2 keys of `pairs`"
    assert both.hint == """Give one of them: '["x", "y/z"]' or '["x/y", "z"]'"""
    assert locate(lineage, '["x", "y/z"]')[2].tolist() == [0]
    assert locate(lineage, '["x/y", "z"]')[2].tolist() == [1]
    assert locate(lineage, "q/r/s")[2].tolist() == [3]


def test_the_hour_that_is_there_twice(lineage: Any) -> None:
    assert "may be each of 2 keys of `hours`" in refused(lineage, "2024-10-27T02:00").what
    assert (
        "2024-10-27T02:00:00+02:00 or 2024-10-27T02:00:00+01:00" in refused(lineage, "2024-10-27T02:00", "hours").hint
    )
    assert locate(lineage, "2024-10-27T02:00:00+01:00")[2].tolist() == [2]
    assert locate(lineage, "2024-10-27T03:00")[2].tolist() == [3]


def test_nanoseconds(lineage: Any) -> None:
    source, key, rows = locate(lineage, "2023-11-14T22:13:20.000000123")
    assert (source, key, rows.tolist()) == ("ticks", "2023-11-14T22:13:20.000000123", [1])
    assert locate(lineage, "#0", "ticks")[1] == "1970-01-01T00:00:00.000000001"


def test_rows_that_can_not_be_read(lineage: Any) -> None:
    """A column of periods is pickled, and nothing is unpickled to look at it."""
    assert refused(lineage, "2024-02", "months").what == "the rows of `months` can't be read: it is pickled"
    assert "as text" in refused(lineage, "2024-02", "months").hint
    assert "The rows of `months` can't be read: it is pickled." in refused(lineage, "2024-02").hint


def test_an_empty_text(lineage: Any, tmp_path: Path) -> None:
    assert refused(lineage, "", "bare").hint
    assert refused(lineage, "", "pairs").hint
