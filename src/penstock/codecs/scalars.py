"""Single values of numpy and pandas: as exact as they are, and without importing either until one is met or read."""

import sys
from typing import Any

from penstock.errors import Corrupt

__all__ = ["lower", "rise"]


def lower(value: Any) -> list[Any] | None:
    """A numpy or pandas scalar as plain values, or None if it is something else."""
    kind = type(value)
    package = kind.__module__.partition(".")[0]
    if package == "numpy":
        return _lower_numpy(value)
    if package == "pandas":
        return _lower_pandas(value, kind.__name__)
    return None


def _lower_numpy(value: Any) -> list[Any] | None:
    import numpy as np

    if not isinstance(value, np.generic) or value.dtype.hasobject or value.dtype.fields is not None:
        return None
    if type(value) is not value.dtype.type or type(value) in (np.longdouble, np.clongdouble):
        return None  # long doubles have padding, which is not content
    return ["numpy", value.dtype.str, value.tobytes()]


def _lower_pandas(value: Any, name: str) -> list[Any] | None:
    pandas = sys.modules["pandas"]
    if value is pandas.NaT:
        return ["NaT"]
    if value is pandas.NA:
        return ["NA"]
    if name == "Timestamp" and type(value) is pandas.Timestamp:
        zone = None if value.tz is None else str(value.tz)
        parts = ["Timestamp", int(value.asm8.view("i8")), value.unit, zone, value.fold]
        again = rise(parts) if _known(zone, value.tz) else None
        return parts if again is not None and type(again.tz) is type(value.tz) and again == value else None
    if name == "Timedelta" and type(value) is pandas.Timedelta:
        return ["Timedelta", int(value.asm8.view("i8")), value.unit]
    return None


def _known(zone: str | None, tz: Any) -> bool:
    return zone is None or zone == "UTC" or getattr(tz, "key", None) == zone


def rise(parts: list[Any]) -> Any:
    """The scalar again."""
    if parts[0] == "numpy":
        import numpy as np

        dtype = np.dtype(parts[1])
        if dtype.hasobject:
            raise Corrupt("a stored numpy scalar has an object type")
        return np.frombuffer(parts[2], dtype=dtype)[0] if dtype.itemsize else dtype.type()
    import pandas as pd

    if parts[0] == "Timestamp":
        moment = pd.Timestamp(parts[1], unit=parts[2]).as_unit(parts[2])
        return moment if parts[3] is None else moment.tz_localize("UTC").tz_convert(parts[3])
    if parts[0] == "Timedelta":
        return pd.Timedelta(parts[1], unit=parts[2]).as_unit(parts[2])
    singles = {"NaT": pd.NaT, "NA": pd.NA}
    return singles[parts[0]]
