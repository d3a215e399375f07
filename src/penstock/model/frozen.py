"""A frozen contract: what the rows of a source looked like once, reviewed, and what later rows are held to."""

from typing import Any

from msgspec import Struct

__all__ = ["Breach", "FrozenColumn", "FrozenFreshness", "FrozenRows", "FrozenTable"]


class FrozenColumn(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One column. `type` is integer, number, text, boolean, instant, date, time, duration, bytes or other (an `integer` may
    come as numbers, as pandas makes them when one is missing). `nulls` is the largest share of missing values; `unique`: no
    value twice; `least` and `most` bound numbers; `values` are all that there may be."""

    type: str
    nulls: float = 0.0
    unique: bool = False
    least: float | int | None = None
    most: float | int | None = None
    values: list[str | int | bool] | None = None


class FrozenRows(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How many rows there may be."""

    least: int = 0
    most: int | None = None


class FrozenFreshness(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """How new the newest row must be, by the clock of `column`: not older than `not_before` (ISO 8601), and at most `days`
    old when it is looked at."""

    column: str
    not_before: str = ""
    days: float | None = None


class FrozenTable(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a file holds of one source. `key`: the columns that together name each row once. With `more_columns` false,
    columns that are not listed are a breach."""

    source: str
    run: str = ""
    rows: FrozenRows = FrozenRows()
    newest: FrozenFreshness | None = None
    key: list[str] = []
    more_columns: bool = True
    columns: dict[str, FrozenColumn] = {}


class Breach(Struct, frozen=True):
    """One way in which rows are not as they were frozen: the column ("" for the table), what was `expected` and what was
    `found` there, in words `what`, and of how many rows (`count`), the first by position (`rows`)."""

    column: str
    what: str
    expected: Any = None
    found: Any = None
    count: int = 0
    rows: tuple[int, ...] = ()
