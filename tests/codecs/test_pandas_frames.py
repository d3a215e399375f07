"""pandas frames come back exact: types, labels, index, missing values."""

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import pandas as hp
from pandas.testing import assert_frame_equal, assert_index_equal, assert_series_equal

from penstock.codecs.registry import Codecs
from penstock.testing.codecs import CodecContract, MemorySink

CODECS = Codecs()


def round_trip(value: Any) -> tuple[Any, Any]:
    sink = MemorySink()
    stored = CODECS.encode(value, sink)
    return stored, CODECS.decode(stored, sink.reader())


def same(left: Any, right: Any) -> None:
    assert type(left) is type(right)
    if isinstance(left, pd.Index):
        assert_index_equal(left, right, exact=True)
        return
    if isinstance(left, pd.Series):
        assert_series_equal(left, right, check_freq=True, check_index_type=True)
        left, right = left.to_frame(), right.to_frame()
    assert_frame_equal(left, right, check_freq=True, check_column_type=True, check_index_type=True)
    assert left.attrs == right.attrs
    for number in range(left.shape[1]):
        one, other = left.iloc[:, number], right.iloc[:, number]
        assert one.dtype == other.dtype
        if one.dtype == object:
            assert list(map(type, one)) == list(map(type, other))


DATES = pd.to_datetime(["2024-01-01", None, "2024-01-03"])
COLUMNS: dict[str, Any] = {
    "float": [1.0, np.nan, 3],
    "int": [1, 2, 3],
    "bool": [True, False, True],
    "half": np.array([1, 2, 3], dtype="f2"),
    "complex": [1j, 2, 3],
    "text": ["a", None, "c"],
    "object-text": pd.Series(["a", None, "c"], dtype=object),
    "object-bytes": pd.Series([b"a", None, b""], dtype=object),
    "object-bool": pd.Series([True, None, False], dtype=object),
    "mixed": pd.Series([1, "x", None], dtype=object),
    "missing": pd.Series([None, np.nan, pd.NA], dtype=object),
    "decimals": [Decimal("1.10"), None, Decimal(2)],
    "dates": [dt.date(2024, 1, 1), None, dt.date(2024, 1, 2)],
    "lists": [[1], [2, 3], None],
    "arrays": [np.arange(2), np.arange(3), None],
    "surrogates": pd.Series(["\ud800", "a", None], dtype=object),
    "instants": DATES,
    "nanoseconds": DATES.as_unit("ns"),
    "zoned": DATES.tz_localize("Europe/Berlin"),
    "fixed": DATES.tz_localize(dt.timezone(dt.timedelta(hours=2))),
    "durations": pd.to_timedelta([1, None, 3], unit="h"),
    "Int64": pd.array([1, None, 3], dtype="Int64"),
    "UInt8": pd.array([1, None, 3], dtype="UInt8"),
    "boolean": pd.array([True, None, False], dtype="boolean"),
    "Float32": pd.array([1.5, None, 2], dtype="Float32"),
    "string": pd.array(["a", None, "c"], dtype="string"),
    "python-string": pd.array(["a", None, "c"], dtype=pd.StringDtype("python")),
    "python-nan-string": pd.array(["a", None, "c"], dtype=pd.StringDtype("python", na_value=np.nan)),
    "ordered": pd.Categorical(["a", None, "b"], categories=["z", "b", "a"], ordered=True),
    "category-int": pd.Categorical([3, 1, None]),
    "category-date": pd.Categorical([dt.date(2024, 1, 1), None, None]),
    "category-mixed": pd.Categorical([1, "a", None]),
    "arrow-int": pd.array([1, None, 3], dtype="int64[pyarrow]"),
    "arrow-text": pd.array(["a", None, "c"], dtype="string[pyarrow]"),
    "interval": pd.interval_range(0, 3),
    "period": pd.period_range("2024", periods=3),
    "sparse": pd.arrays.SparseArray([0, 0, 1]),
    "swapped": np.array([1, 2, 3], dtype=">i4"),
}
PICKLED = {"arrays", "category-date", "category-mixed", "interval", "period", "sparse"}
INDEXES: dict[str, Any] = {
    "range": pd.RangeIndex(5, 11, 2, name="r"),
    "labels": pd.Index(["x", "y", "z"], name="k"),
    "objects": pd.Index([1, "a", None], dtype=object),
    "numbers": pd.Index([1.5, 2, np.nan]),
    "several": pd.MultiIndex.from_tuples([(1, "a"), (1, None), (2, "a")], names=["p", None]),
    "times": pd.date_range("2024", periods=3, freq="h", tz="UTC"),
    "durations": pd.timedelta_range("1h", periods=3),
    "category": pd.CategoricalIndex(["a", "b", "a"]),
    "interval": pd.interval_range(0, 3),
    "period": pd.period_range("2024", periods=3),
    "named-by-tuple": pd.Index([1, 2, 3], name=("a", 1)),
}
LABELS: dict[str, Any] = {
    "twice": ["a", "a"],
    "int-and-text": [1, "1"],
    "range": None,
    "numbers": [3, 7],
    "several": pd.MultiIndex.from_tuples([("a", 1), ("a", 2)], names=["x", "y"]),
    "times": pd.date_range("2024", periods=2),
    "category": pd.CategoricalIndex(["p", "q"]),
    "objects": pd.Index(["a", "b"], dtype=object),
    "none": [None, "x"],
    "tuples": pd.Index([("a", 1), "b"], tupleize_cols=False),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_come_back(name: str) -> None:
    frame = pd.DataFrame({"before": [1, 2, 3], "value": COLUMNS[name], "behind": ["x", "y", "z"]})
    stored, again = round_trip(frame)
    same(frame, again)
    assert stored.codec == "pandas"
    assert stored.about.pickled == (name in PICKLED)
    assert round_trip(again)[0].digest == stored.digest
    same(frame["value"], round_trip(frame["value"])[1])
    same(frame.iloc[:0], round_trip(frame.iloc[:0])[1])
    same(frame.iloc[1:], round_trip(frame.iloc[1:])[1])


@pytest.mark.parametrize("name", INDEXES)
def test_indexes_come_back(name: str) -> None:
    frame = pd.DataFrame({"a": [1, 2, 3]}, index=INDEXES[name])
    stored, again = round_trip(frame)
    same(frame, again)
    assert round_trip(again)[0].digest == stored.digest
    same(INDEXES[name], round_trip(INDEXES[name])[1])
    assert stored.digest != round_trip(frame.reset_index(drop=True))[0].digest


@pytest.mark.parametrize("name", LABELS)
def test_labels_come_back(name: str) -> None:
    frame = pd.DataFrame(np.ones((3, 2)), columns=LABELS[name])
    same(frame, round_trip(frame)[1])


class TestPandasCodec(CodecContract):
    codec = CODECS.named("pandas")

    def examples(self) -> list[Any]:
        plain = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
        noted = plain.copy()
        noted.attrs = {"unit": "kg"}
        return [
            pd.DataFrame(COLUMNS),
            plain,
            noted,
            plain.set_flags(allows_duplicate_labels=False),
            plain["a"],
            plain["a"].rename(None),
            plain["a"].rename(("a", 1)),
            plain[["b", "a"]],
            plain.astype({"a": "float64"}),
            plain.astype({"b": object}),
            plain.iloc[:0],
            pd.DataFrame(),
            pd.DataFrame(index=range(3)),
            pd.Index([1, 2]),
            pd.DataFrame({"n": np.arange(100_000.0)}),
        ]

    def same(self, left: Any, right: Any) -> None:
        same(left, right)

    def spoil(self, value: Any) -> None:
        value.iloc[0] = value.iloc[-1]
        value.iloc[0, 0] = 77


KINDS = [
    "int64",
    "uint8",
    "float64",
    "float32",
    "bool",
    "datetime64[ns]",
    "timedelta64[ns]",
    "Int16",
    "boolean",
    "str",
    "object",
]


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(0, 8))
    columns = {}
    for number, kind in enumerate(draw(st.lists(st.sampled_from(KINDS), max_size=4))):
        if kind in ("str", "object"):
            items = st.none() | st.text(st.characters(codec="utf-8"), max_size=4)
            held: Any = draw(st.lists(items, min_size=rows, max_size=rows))
        elif kind in ("Int16", "boolean"):
            items = st.none() | (st.booleans() if kind == "boolean" else st.integers(-100, 100))
            held = draw(st.lists(items, min_size=rows, max_size=rows))
        else:
            held = draw(hp.series(dtype=kind, index=hp.range_indexes(min_size=rows, max_size=rows)))
        columns[f"c{number}"] = pd.Series(held, dtype=kind, index=range(rows))
    return pd.DataFrame(columns, index=pd.RangeIndex(rows))


@settings(max_examples=60)
@given(frames(), st.data())
def test_generated_frames_come_back_and_slices_do_not_count(frame: pd.DataFrame, data: st.DataObject) -> None:
    stored, again = round_trip(frame)
    same(frame, again)
    start = data.draw(st.integers(0, len(frame)))
    cut = frame.iloc[start:]
    assert round_trip(cut)[0].digest == round_trip(cut.copy())[0].digest
    assert round_trip(again)[0].digest == stored.digest


def test_blocks_do_not_count() -> None:
    numbers = np.random.default_rng(0).random((100, 3))
    whole = pd.DataFrame(numbers, columns=list("abc"))
    apart = pd.DataFrame({name: numbers[:, at].copy() for at, name in enumerate("abc")})
    assert round_trip(whole)[0].digest == round_trip(apart)[0].digest
    assert round_trip(whole[::2])[0].digest == round_trip(apart[::2].copy())[0].digest


def test_what_is_read_may_be_written_to() -> None:
    frame = pd.DataFrame({"n": np.arange(200_000.0), "s": "x"})
    sink = MemorySink()
    stored = CODECS.encode(frame, sink)
    reader = sink.reader()
    loaded = CODECS.decode(stored, reader)
    loaded.loc[0, "n"] = -1.0
    loaded["n"] += 1
    loaded["new"] = 1
    same(CODECS.decode(stored, reader), frame)


def test_a_subclass_means_more() -> None:
    class Geo(pd.DataFrame):
        pass

    assert CODECS.encode(Geo({"a": [1]}), MemorySink()).codec == "pickle"


def test_the_description_tells_schema_nulls_and_first_rows() -> None:
    frame = pd.DataFrame({"n": [1.0, np.nan], "t": DATES[:2], 3: ["x", "y"]}, index=pd.Index([1, 2], name="id"))
    about = round_trip(frame)[0].about
    assert (about.rows, about.shape) == (2, (2, 3))
    assert [(one.name, one.nulls) for one in about.columns] == [("n", 1), ("t", 1), ("3", 0)]
    assert about.head == ((1.0, "2024-01-01T00:00:00", "x"), ("NaN", "NaT", "y"))
    assert about.details["index"] == {"type": "Index", "names": ["id"]}
