"""Columns of pandas and their Arrow arrays (whole frames are tested in test_pandas_frames)."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from penstock.codecs.pandas_columns import lower_column, rise_column
from penstock.errors import Corrupt


def test_numbers_are_not_copied() -> None:
    values = np.arange(1000.0)
    lowered = lower_column(values)
    assert lowered is not None
    assert lowered[1].buffers()[1].address == values.ctypes.data


def test_nan_is_not_null() -> None:
    lowered = lower_column(np.array([1.0, np.nan]))
    assert lowered is not None
    assert lowered[1].null_count == 0
    lowered = lower_column(np.array(["2024-01-01", "NaT"], dtype="M8[ns]"))
    assert lowered is not None
    assert lowered[1].null_count == 1


@pytest.mark.parametrize(
    "values",
    [np.array([1j]), np.array([1, "a"], dtype=object), np.array([1], dtype=">i8"), pd.array([pd.Period("2024")])],
)
def test_what_arrow_can_not_hold_exactly_is_told(values: Any) -> None:
    assert lower_column(values) is None


def test_numbers_come_back_over_the_memory_they_lie_in() -> None:
    values = np.arange(10)
    memory = bytearray(values.tobytes())
    column = pa.chunked_array([pa.Array.from_buffers(pa.int64(), 10, [None, pa.py_buffer(memory)])])
    again = rise_column(["numpy", "<i8"], column, memory)
    again[0] = 99
    assert int.from_bytes(memory[:8], "little") == 99
    elsewhere = rise_column(["numpy", "<i8"], pa.chunked_array([pa.array(values)]), memory)
    assert elsewhere.tolist() == values.tolist()


def test_an_unknown_kind_is_corrupt() -> None:
    with pytest.raises(Corrupt):
        rise_column(["future"], pa.chunked_array([[1]]), b"")
