"""Documents as the bytes of JSON, the same for the command line and the web."""

from collections.abc import Mapping
from typing import Any

import msgspec

__all__ = ["json_bytes"]


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """A document as JSON. Numbers that JSON has no form for are null, and names of files that are no UTF-8 have their bytes escaped."""
    try:
        return msgspec.json.encode(document, enc_hook=str)
    except (UnicodeEncodeError, ValueError):
        return msgspec.json.encode(_clean(document), enc_hook=str)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_clean(key): _clean(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    return value
