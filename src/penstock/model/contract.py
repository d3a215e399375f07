"""What a source declares of its rows."""

from datetime import timedelta

from msgspec import Struct

__all__ = ["Contract"]


class Contract(Struct, frozen=True, omit_defaults=True):
    """Key, clocks, label and group of a source's rows.

    `key`: columns that name a row for life. `time`: the column with the instant of the prediction. `known_at`: for
    columns that become known later, a clock column or a delay after `time`; `"*"` stands for all columns but the key.
    `label`: what is to be predicted. `group`: columns whose values must not be on both sides of a split.
    `freeze`: the reviewed file of types and ranges that rows are held to, relative to the pipeline ("" for none).
    """

    key: tuple[str, ...] = ()
    time: str = ""
    known_at: dict[str, str | timedelta] = {}
    label: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    freeze: str = ""
