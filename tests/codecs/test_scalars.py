"""Single values of numpy and pandas keep their type."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from penstock.codecs import plain
from penstock.codecs.scalars import lower
from penstock.errors import Corrupt


def again(value: Any) -> Any:
    return plain.decode(plain.encode(value))


@given(hnp.arrays(hnp.scalar_dtypes(), ()))
def test_numpy_scalars(array: Any) -> None:
    value = array[()]
    if lower(value) is not None:
        found = again(value)
        assert type(found) is type(value)
        assert found.dtype == value.dtype
        assert found.tobytes() == value.tobytes()


PANDAS = [
    pd.Timestamp("2024-03-31 01:30"),
    pd.Timestamp("2024-03-31 01:30:00.123456789"),
    pd.Timestamp("2024-10-27 00:30", tz="UTC").tz_convert("Europe/Berlin"),
    pd.Timestamp(1729992600, unit="s", tz="Europe/Berlin"),
    pd.Timestamp("2024-01-01", tz="UTC"),
    pd.Timestamp("2024-01-01").as_unit("s"),
    pd.Timedelta("1h"),
    pd.Timedelta(1, unit="ns"),
]


@pytest.mark.parametrize("value", PANDAS, ids=str)
def test_pandas_scalars(value: Any) -> None:
    found = again(value)
    assert type(found) is type(value)
    assert (found, found.unit) == (value, value.unit)
    assert getattr(found, "tz", None) == getattr(value, "tz", None)
    assert str(found) == str(value)


def test_the_missing_ones_are_themselves() -> None:
    assert again(pd.NaT) is pd.NaT
    assert again(pd.NA) is pd.NA


def test_types_are_told_apart() -> None:
    values = [1, 1.0, np.int64(1), np.int32(1), np.float64(1), np.bool_(True), np.str_("1"), np.datetime64(1, "s"), np.datetime64(1, "ms"),
              pd.Timestamp(1, unit="s"), pd.Timedelta(1, unit="s"), pd.NaT, pd.NA, None]  # fmt: skip
    assert len({plain.encode(value) for value in values}) == len(values)


def test_others_are_left_alone() -> None:
    record = np.zeros(1, dtype=[("a", "i4")])[0]
    for value in (1, 1.0, "a", record, np.arange(2), np.longdouble(1), pd.Series([1]), pd.Period("2024")):
        assert lower(value) is None


def test_an_object_type_is_refused() -> None:
    with pytest.raises(Corrupt):
        plain.decode(plain.encode(np.float64(1)).replace(b"<f8", b"|O8"))
