"""A glance at a stored frame shows what its own library would."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from penstock.codecs.glance import glance
from penstock.codecs.registry import Codecs
from penstock.testing.codecs import MemorySink
from penstock.values.records import records

CODECS = Codecs()
TIMES = [datetime(2013, 7, 4, 9, tzinfo=ZoneInfo("America/New_York")), None]
FRAMES = [
    pl.DataFrame({"id": ["a", None], "n": [1, 2], "t": TIMES, "c": pl.Series(["x", "y"], dtype=pl.Categorical)}),
    pl.DataFrame({"e": pl.Series(["x", "y"], dtype=pl.Enum(["y", "x"]))}),
    pl.Series("s", [1.5, None]),
    pl.Series([1, 2]),
    pd.DataFrame({"id": ["a", None], "n": [1, 2], "x": [0.5, float("nan")]}),
    pd.DataFrame({"n": [1, 2, 3]}).query("n != 2"),
    pd.DataFrame({"n": [1, 2]}, index=pd.Index(["a", "b"], name="id")),
    pd.DataFrame({"t": pd.to_datetime(["2013-07-04", "2013-07-05"]).tz_localize("America/New_York")}),
    pd.DataFrame({"m": pd.array([1, None], dtype="Int64"), "c": pd.Categorical(["x", "y"])}),
    pd.Series([1, 2], name="y"),
    pd.Series([1, 2]),
    pa.table({"id": ["a", "b"], "n": [1, 2]}),
]


@pytest.mark.parametrize("value", FRAMES, ids=lambda one: f"{type(one).__module__.split('.')[0]}-{type(one).__name__}")
def test_what_is_seen_is_what_is_there(value: object) -> None:
    sink = MemorySink()
    seen, there = glance(CODECS.encode(value, sink), sink.reader()), records(value)
    assert seen is not None and there is not None
    assert (seen.rows, seen.columns, seen.ordinal) == (there.rows, there.columns, there.ordinal)
    assert (seen.index is None) == (there.index is None)
    if seen.index is not None and there.index is not None:
        assert seen.index.to_pylist() == there.index.to_pylist()
    for name in seen.columns:
        left, right = seen.column(name).to_pylist(), there.column(name).to_pylist()
        assert str(left) == str(right)


@pytest.mark.parametrize(
    "value",
    [
        pd.DataFrame({"o": [{1}, {2}]}),
        pd.DataFrame({("a", "b"): [1, 2]}),
        pd.DataFrame({0: [1, 2]}),
        pd.DataFrame({"n": [1, 2]}, index=pd.MultiIndex.from_tuples([(1, 2), (3, 4)])),
        pl.DataFrame({"o": pl.Series([{1}, {2}], dtype=pl.Object)}),
        pl.DataFrame(),
        [1, 2],
        {"a": 1},
    ],
)
def test_what_only_its_codec_can_read_is_left_to_it(value: object) -> None:
    sink = MemorySink()
    assert glance(CODECS.encode(value, sink), sink.reader()) is None


def test_pandas_is_not_imported(tmp_path) -> None:
    import subprocess
    import sys

    script = (
        "import sys\nimport polars as pl\nfrom penstock.codecs.glance import glance\nfrom penstock.codecs.registry import Codecs\n"
        "from penstock.testing.codecs import MemorySink\nfrom penstock.app.tracing import lightly\nsink = MemorySink()\n"
        "stored = Codecs().encode(pl.DataFrame({'a': [1, 2]}), sink)\n"
        "with lightly():\n    print(glance(stored, sink.reader()).row(1), 'pandas' in sys.modules)\n"
        "import pandas; print(pandas.DataFrame({'a': [1]}).shape)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == "{'a': 2} False\n(1, 1)\n", done.stderr
