"""How rows became several, as far as the tables tell: nobody reads the step's code here."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.rows.codes import encode, encode_columns
from penstock.rows.evidence import shared
from penstock.values.records import Records

__all__ = ["growth"]

_NAMES = 1000  # names of columns that a column may hold


def growth(above: Records, below: Sequence[Records], others: Mapping[str, Records]) -> str:
    """The way in which rows above became several below, with the `others` that went into the step: "lists" (a column of lists was taken
    apart), "long" (columns became rows), "copies" (rows were repeated as they are), "join" (several rows of another input have the values
    of one row by columns of one name); "" where none of it shows.
    """
    for one in below:
        if any(pa.types.is_nested(above.column(name).type) and not _nested(one, name) for name in above.columns):
            return "lists"
        if _long(above, one):
            return "long"
        if _copies(one):
            return "copies"
    if any(_several(above, other, below) for other in others.values()):
        return "join"
    return ""


def _nested(records: Records, name: str) -> bool:
    return name not in records or pa.types.is_nested(records.column(name).type)


def _long(above: Records, below: Records) -> bool:
    """Whether a new column holds names of columns that are gone."""
    gone = [name for name in above.columns if name not in below]
    for name in below.columns:
        kind = below.column(name).type
        if name in above or not gone or not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            continue
        values = pc.unique(below.column(name))
        if len(values) <= _NAMES and set(values.to_pylist()) & set(gone):
            return True
    return False


def _copies(below: Records) -> bool:
    """Whether rows are there more than once that are the same in every column."""
    flat = [below.column(name) for name in below.columns if not pa.types.is_nested(below.column(name).type)]
    if len(flat) < len(below.columns) or not flat:
        return False
    numbers = encode(flat, nulls=True)
    return bool((np.bincount(numbers[numbers >= 0]) > 1).any())


def _several(above: Records, other: Records, below: Sequence[Records]) -> bool:
    """Whether a row of another input has company by the columns that both inputs have, and the output shows what only that input has."""
    names = shared(above, other)
    new = [name for name in other.columns if name not in above]
    if not names or not any(name in one for name in new for one in below):
        return False
    for some in [[name] for name in names] + ([names] if len(names) > 1 else []):
        numbers = encode_columns(above, other, [(name, name) for name in some])
        if numbers is None:
            continue
        up, down = numbers
        counts = np.bincount(down[down >= 0], minlength=int(max(up.max(initial=0), down.max(initial=0))) + 1)
        if (counts[up[up >= 0]] > 1).any():
            return True
    return False
