"""Descriptions are short, safe and never the reason of a failure."""

import datetime as dt
import json
import math
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.codecs.describe import describe_plain, json_safe, short_text, type_name

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
    | st.binary(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=())) | st.integers(), inner)
    ),
    max_leaves=20,
)


@given(anything)
def test_everything_becomes_safe_json(value: Any) -> None:
    text = json.dumps(json_safe(value), allow_nan=False)
    assert json.loads(text) == json_safe(value)
    text.encode()
    about = describe_plain(value)
    assert about.type == type(value).__name__
    assert len(about.text) <= 200
    about.text.encode()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
        (2**70, str(2**70)),
        (dt.datetime(2024, 1, 2, tzinfo=dt.UTC), "2024-01-02T00:00:00+00:00"),
        (dt.timedelta(hours=1), "1:00:00"),
        (Decimal("1.10"), "1.10"),
        (np.float32(1.5), 1.5),
        (np.int64(3), 3),
        (b"\x00\xff", "AP8="),
        ({"a": (1, {2})}, {"a": [1, "{2}"]}),
    ],
)
def test_values_have_one_spelling(value: Any, shown: Any) -> None:
    assert json_safe(value) == shown


def test_a_repr_that_fails_fails_nothing() -> None:
    class Worse:
        def __repr__(self) -> str:
            raise RuntimeError

    assert "Worse" in short_text(Worse())
    assert short_text([Worse()])


def test_long_things_are_cut() -> None:
    assert len(short_text("x" * 10_000)) <= 200
    assert len(short_text(list(range(10_000)))) <= 200
    assert len(json_safe(list(range(100)))) == 20
    nested: Any = 1
    for _ in range(50):
        nested = [nested]
    assert json.dumps(json_safe(nested))


def test_types_are_named_as_people_write_them() -> None:
    assert type_name(pl.DataFrame()) == "polars.DataFrame"
    assert type_name(np.arange(1)) == "numpy.ndarray"
    assert type_name(1) == "int"
    assert type_name(Decimal(1)) == "decimal.Decimal"
