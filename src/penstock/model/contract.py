"""What a source declares of its rows."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from msgspec import Struct

__all__ = ["GRADES", "Contract", "contract_of_record"]

GRADES: tuple[str, ...] = ("rows", "schema")
"""The checks of which a contract decides whether what they prove fails a run."""


class Contract(Struct, frozen=True, omit_defaults=True):
    """Key, clocks, label and group of a source's rows.

    `key`: columns that name a row for life. `time`: the column with the instant of the prediction. `known_at`: for
    columns that become known later, a clock column or a delay after `time`; `"*"` stands for all columns but the key.
    `label`: what is to be predicted. `group`: columns whose values must not be on both sides of a split.
    `freeze`: the reviewed file of types and ranges that rows are held to, relative to the pipeline ("" for none).
    `fail_on`: the checks (of `GRADES`) that fail a run where they prove something of these rows.
    """

    key: tuple[str, ...] = ()
    time: str = ""
    known_at: dict[str, str | timedelta] = {}
    label: tuple[str, ...] = ()
    group: tuple[str, ...] = ()
    freeze: str = ""
    fail_on: tuple[str, ...] = ()

    def clock(self, column: str) -> str | timedelta | None:
        """When a column becomes known: a clock column, a delay after `time`, or None (from the start).

        >>> Contract(key=("id",), time="at", known_at={"*": timedelta(hours=1)}).clock("id") is None
        True
        """
        if column in self.known_at:
            return self.known_at[column]
        return None if column in self.key else self.known_at.get("*")


def contract_of_record(said: Mapping[str, Any]) -> Contract:
    """A contract from what a run recorded of it: lists, and delays as `{"seconds": …}`.

    >>> contract_of_record({"time": "at", "known_at": {"*": {"seconds": 60}}}).clock("y")
    datetime.timedelta(seconds=60)
    """
    late = {
        column: timedelta(seconds=clock["seconds"]) if isinstance(clock, Mapping) else clock
        for column, clock in (said.get("known_at") or {}).items()
    }
    return Contract(
        key=tuple(said.get("key") or ()),
        time=said.get("time") or "",
        known_at=late,
        label=tuple(said.get("label") or ()),
        group=tuple(said.get("group") or ()),
        freeze=said.get("contract") or "",
        fail_on=tuple(said.get("fail_on") or ()),
    )
