"""Functions as bytes: cloudpickle, with the names of the files they were written in, which errors show."""

import io
import types
from collections import ChainMap
from collections.abc import Callable
from functools import cache
from typing import Any

__all__ = ["dumps"]

_NAMELESS = "<dynamic-code>"  # what cloudpickle 3.1.3 and later put in place of a file's name


def dumps(function: Callable[..., Any]) -> bytes:
    """A function that no worker could import, as bytes for `cloudpickle.loads`.

    Unlike `cloudpickle.dumps` the names of files are kept: where a step failed is told by them.
    Raises what cloudpickle raises where the function holds what can't be pickled.
    """
    file = io.BytesIO()
    _pickler()(file).dump(function)
    return file.getvalue()


@cache
def _pickler() -> Any:
    import cloudpickle

    plain = cloudpickle.Pickler.dispatch_table

    def code(value: types.CodeType) -> Any:
        made, arguments, *rest = plain[types.CodeType](value)
        named = tuple([value.co_filename if one == _NAMELESS else one for one in arguments])
        return made, named, *rest

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        dispatch_table = ChainMap({types.CodeType: code}, plain)

    return Pickler
