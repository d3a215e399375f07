from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import penstock as ps
from penstock.app.browsing import _stability, profile_view, table_page
from penstock.app.settings import find_settings, open_ledger, open_store
from penstock.errors import NotFound, ParameterError

LINE = """
from datetime import UTC, datetime, timedelta
import numpy as np
import polars as pl
import penstock as ps

@ps.step
def table(shift: int = 0, n: int = 500):
    return pl.DataFrame({
        "id": range(n),
        "x": [None if i % 10 == 0 else float(i % 7 + shift) for i in range(n)],
        "word": ["ab"[i % 2] for i in range(n)],
        "at": [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(n)],
        "odd": [float("nan") if i % 2 else float("inf") for i in range(n)],
        "deep": [[i] for i in range(n)],
    })

@ps.step
def same():
    return pl.DataFrame({"x": [3, 3, 3], "none": [None, None, None]})

@ps.step
def empty():
    return pl.DataFrame({"x": pl.Series([], dtype=pl.Float64), "w": pl.Series([], dtype=pl.String)})

@ps.step
def matrix():
    return np.arange(12.0).reshape(4, 3)

@ps.step
def odd():
    return object

@ps.step
def word():
    return "hello"
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    folder: Path = tmp_path_factory.mktemp("browse")
    (folder / "line.py").write_text(LINE, encoding="utf-8")
    pipeline = ps.Pipeline.load(folder / "line.py", executor="inline", checks="off")
    pipeline.run(name="one")
    pipeline.run(parameters={"table.shift": 3}, name="two")
    settings = find_settings(folder / "line.py")
    return open_ledger(settings), open_store(settings)


def test_pages(shown: tuple[Any, Any]) -> None:
    page = table_page(*shown, "one", "table", 10, 2)
    assert page["columns"] == ["id", "x", "word", "at", "odd", "deep"]
    assert (page["rows"], page["offset"], len(page["values"])) == (500, 10, 2)
    assert page["values"][0] == [10, None, "a", "2024-01-01T10:00:00+00:00", None, [10]]
    assert table_page(*shown, "one", "table", -1)["values"][0][0] == 499
    assert table_page(*shown, "one", "table", -9999, 1)["offset"] == 0
    assert table_page(*shown, "one", "table", 9999)["values"] == []
    assert len(table_page(*shown, "one", "table", 0, 10**9)["values"]) == 500
    assert table_page(*shown, "one", "empty")["values"] == []
    assert table_page(*shown, "one", "matrix", columns=["1"])["values"] == [[1.0], [4.0], [7.0], [10.0]]


@pytest.mark.parametrize("artifact", ["odd", "word", "tabel"])
def test_what_has_no_rows_says_so(shown: tuple[Any, Any], artifact: str) -> None:
    with pytest.raises(NotFound):
        table_page(*shown, "one", artifact)
    with pytest.raises(NotFound):
        profile_view(*shown, "one", artifact)


def test_an_unknown_column_has_close_matches(shown: tuple[Any, Any]) -> None:
    with pytest.raises(ParameterError, match="wrod") as caught:
        table_page(*shown, "one", "table", columns=["wrod"])
    assert "word" in caught.value.hint


def test_profiles(shown: tuple[Any, Any]) -> None:
    found = {one["column"]: one for one in profile_view(*shown, "one", "table")["columns"]}
    x = found["x"]
    assert (x["nulls"], x["distinct"], x["least"], x["greatest"]) == (50, 7, 0.0, 6.0)
    assert sum(one["count"] for one in x["bins"]) == 450
    assert found["word"]["top"] == [
        {"value": "a", "count": 250, "against": None},
        {"value": "b", "count": 250, "against": None},
    ]
    start = datetime(2024, 1, 1, tzinfo=UTC)
    assert found["at"]["least"] == start.isoformat()
    assert found["at"]["greatest"] == (start + timedelta(hours=499)).isoformat()
    assert found["odd"]["bins"] == found["deep"]["bins"] == []
    same = profile_view(*shown, "one", "same")["columns"][0]
    assert [one["count"] for one in same["bins"]] == [3]
    assert all(one["bins"] == one["top"] == [] for one in profile_view(*shown, "one", "empty")["columns"])


def test_a_column_is_held_against_that_of_another_run(shown: tuple[Any, Any]) -> None:
    said = profile_view(*shown, "one", "table", against="two")
    found = {one["column"]: one for one in said["columns"]}
    assert found["id"]["drift"] == found["word"]["drift"] == 0.0
    assert found["x"]["drift"] > 0.25
    assert sum(one["against"] or 0 for one in found["x"]["bins"]) == 450


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 1000)), min_size=1))
def test_the_stability_index_is_never_negative(pairs: list[tuple[int, int]]) -> None:
    mine, theirs = zip(*pairs, strict=True)
    found = _stability(mine, theirs)
    if found is None:
        assert not sum(mine) or not sum(theirs)
        return
    assert found >= 0
    assert _stability(mine, mine) in (None, 0.0)
    assert np.isfinite(found)


def test_polars_is_the_same_as_counting(shown: tuple[Any, Any]) -> None:
    values = pl.Series([float(i % 7) for i in range(500) if i % 10])
    bins = next(one for one in profile_view(*shown, "one", "table")["columns"] if one["column"] == "x")["bins"]
    for one in bins[:-1]:
        assert one["count"] == ((values >= one["low"]) & (values < one["high"])).sum()
