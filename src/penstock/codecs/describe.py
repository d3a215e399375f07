"""Descriptions: what is worth knowing of a value without loading it, as JSON-safe values."""

import base64
import datetime as dt
import math
import reprlib
from decimal import Decimal
from typing import Any

from penstock.model.artifact import Description

__all__ = ["HEAD_ROWS", "describe_plain", "json_safe", "short_text", "type_name"]

HEAD_ROWS = 5
_TEXT = 200
_DEPTH = 4
_ITEMS = 20

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = 80
_repr.maxlist = _repr.maxtuple = _repr.maxset = _repr.maxfrozenset = _repr.maxdict = 8
_repr.maxlevel = 3

_WORDS = (bool, int, float, complex, str, bytes, type(None))


def type_name(value: Any) -> str:
    """The type as people write it: `polars.DataFrame`, `int`, `mymodule.Config`."""
    kind = type(value)
    module = kind.__module__
    if module == "builtins":
        return kind.__qualname__
    package = module.partition(".")[0]
    # libraries show a class under their top name; where it really lives is an accident
    return f"{package if package in _SHOWN_BY_PACKAGE else module}.{kind.__qualname__}"


_SHOWN_BY_PACKAGE = frozenset({"numpy", "pandas", "polars", "pyarrow", "xgboost", "lightgbm", "pathlib"})


def short_text(value: Any) -> str:
    """A rendering of at most 200 characters that no `__repr__` can break."""
    try:
        text = repr(value) if type(value) in (bool, int, float, type(None)) else _repr.repr(value)
    except Exception:  # the value's own code
        text = f"<{type_name(value)}>"
    return text if len(text) <= _TEXT else text[: _TEXT - 1] + "…"


def describe_plain(value: Any) -> Description:
    """Type, length and text of a plain or nested value."""
    kind = type(value)
    if kind in _WORDS:
        return Description(kind.__name__, text=short_text(value))
    shape = (len(value),) if kind in (list, tuple, dict, set, frozenset) else ()
    return Description(type_name(value), shape=shape, text=short_text(value))


def json_safe(value: Any, depth: int = _DEPTH) -> Any:  # noqa: C901 - a table of cases reads best flat
    """`value` as something that JSON holds: times as ISO 8601, bytes as text, numbers that JSON lacks as their names."""
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        return value if -(1 << 53) <= value <= 1 << 53 else str(value)
    if kind is float:
        return (
            value if math.isfinite(value) else "NaN" if math.isnan(value) else "-Infinity" if value < 0 else "Infinity"
        )
    if kind is str:
        text = value if len(value) <= _TEXT else value[: _TEXT - 1] + "…"
        return text.encode("utf-8", "backslashreplace").decode()
    if kind in (bytes, bytearray):
        return base64.b64encode(value[:96]).decode()
    if isinstance(value, dt.datetime | dt.date | dt.time) and hasattr(value, "isoformat"):
        return json_safe(str(value.isoformat()))
    if isinstance(value, dt.timedelta | Decimal):
        return str(value)
    if depth > 0:
        if isinstance(value, dict):
            return {str(json_safe(key, 0)): json_safe(one, depth - 1) for key, one in list(value.items())[:_ITEMS]}
        if isinstance(value, list | tuple):
            return [json_safe(one, depth - 1) for one in value[:_ITEMS]]
    item = getattr(value, "item", None)
    if callable(item) and type(value).__module__ == "numpy" and not getattr(value, "shape", None):
        inner = item()
        if type(inner) is not kind:
            return json_safe(inner, depth)
    return json_safe(short_text(value))
