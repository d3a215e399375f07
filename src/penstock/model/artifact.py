"""Stored values, as their codecs describe them."""

from typing import Any

from msgspec import Struct

__all__ = ["Column", "Description", "Stored"]


class Column(Struct, frozen=True, gc=False, omit_defaults=True):
    """A column of a table: its name, its Arrow type as text, and the number of nulls where it was counted."""

    name: str
    dtype: str
    nulls: int | None = None


class Description(Struct, frozen=True, gc=False, omit_defaults=True):
    """What a codec wrote down of a value at commit, so that nobody need load it to show it.

    `type` is the value's type (`polars.DataFrame`); `rows` and `shape` where there are any; `head` holds a few rows as
    JSON values in the order of `columns`; `text` a short rendering; `details` what else is worth knowing (parameters
    of a model, media type of a figure); `pickled` marks values that only unpickling can read.
    """

    type: str = ""
    rows: int | None = None
    shape: tuple[int, ...] = ()
    columns: tuple[Column, ...] = ()
    head: tuple[tuple[Any, ...], ...] = ()
    text: str = ""
    details: dict[str, Any] = {}
    pickled: bool = False


class Stored(Struct, frozen=True, gc=False, omit_defaults=True):
    """A value in store.

    `digest` names the content and is what keys are made of; `blob` addresses the bytes (the same, where the codec is
    canonical; elsewhere `digest` is that of the value's state); `parts` are further blobs that `blob` refers to;
    `size` counts the bytes of all of them; `data` holds the bytes of a value small enough to be kept in the ledger.
    """

    codec: str
    digest: str
    blob: str
    size: int
    parts: tuple[str, ...] = ()
    data: bytes | None = None
    about: Description = Description()

    @property
    def identity(self) -> str:
        """What a key is made of: the same content under another codec is another value."""
        return f"{self.codec}:{self.digest}"
