"""Which rows of a table a script put to training and to the test, told by what it did: its calls of `train_test_split`, and tables that
it calls train and test. Rows are recognised by key, index or content; what can't be recognised tells nothing."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from penstock.checks.facts import SourceFacts, identify
from penstock.rows.codes import aligned
from penstock.values.compare import differing
from penstock.values.records import Records, records

__all__ = ["Parted", "parted", "role_of_name"]

_TEST = re.compile(r"^(x_|df_|data_)?(test|holdout|hold_out)(_x|_df|_data|_set|_rows|_features)?$", re.IGNORECASE)
_TRAIN = re.compile(r"^(x_|df_|data_)?(train|training)(_x|_df|_data|_set|_rows|_features)?$", re.IGNORECASE)
_ALIKE = 0.95


class Parted(NamedTuple):
    """The side of each row ("train", "test", "" for neither), and how that is known."""

    sides: Any
    why: str


def role_of_name(name: str) -> str:
    """The side that a variable of this name holds, "" where it names none.

    >>> role_of_name("X_test"), role_of_name("df_train"), role_of_name("tests")
    ('test', 'train', '')
    """
    return "test" if _TEST.match(name) else "train" if _TRAIN.match(name) else ""


def parted(
    main: SourceFacts,
    value: Any,
    splits: Sequence[tuple[Any, Any, Any]],
    tables: Iterable[tuple[str, Any]],
) -> Parted | None:
    """The sides of a table's rows. `splits` are (what was divided, positions of its training rows, of its test rows), `tables` the
    script's tables by name; None where nothing tells."""
    for whole, train, test in splits:
        at = _places(main, value, whole)
        if at is None:
            continue
        sides = np.full(main.rows, "", dtype="<U5")
        for role, positions in (("train", train), ("test", test)):
            rows = at[positions]
            sides[rows[rows >= 0]] = role
        if (sides != "").any():
            return Parted(sides, "train_test_split divides them")
    sides = np.full(main.rows, "", dtype="<U5")
    names: dict[str, str] = {}
    for name, table in tables:
        role = role_of_name(name)
        if not role or role in names or table is value:
            continue
        rows = _found(main, table)
        if rows is not None:
            sides[rows] = role
            names[role] = name
    if not names:
        return None
    if "train" not in names and (sides == "test").sum() < main.rows:
        sides[sides == ""] = "train"
    return Parted(sides, " and ".join([f"`{one}`" for one in names.values()]) + " hold them")


def _places(main: SourceFacts, value: Any, whole: Any) -> Any:
    """For each row of what was divided the row of the table that it is, -1 for none; None where nothing tells."""
    if whole is value:
        return np.arange(main.rows)
    held = _rows(whole)
    if held is None:
        return None
    same = getattr(getattr(whole, "index", None), "equals", None)
    if callable(same) and hasattr(value, "index") and held.rows == main.rows and same(value.index):
        return np.arange(main.rows)
    identity = identify(held, [main])
    if identity is not None and identity.method in ("key", "index") and identity.known >= _ALIKE * held.rows:
        return identity.at
    return np.arange(main.rows) if held.rows == main.rows else None


def _found(main: SourceFacts, table: Any) -> Any:
    """The rows of the main table that another one holds; None where they can't be told, or are not there."""
    held = _rows(table)
    if held is None or not held.rows:
        return None
    identity = identify(held, [main])
    if identity is None or identity.method not in ("key", "index", "content"):
        return None
    there = np.flatnonzero(identity.at >= 0)
    if there.size < _ALIKE * held.rows or np.unique(identity.at[there]).size < there.size:
        return None
    if identity.method == "index" and not _alike(held, main.records, there, identity.at[there]):
        return None
    return identity.at[there]


def _alike(held: Records, above: Records, rows: Any, at: Any) -> bool:
    """Whether some column that both have holds the same cells: equal labels of an index alone may be chance."""
    for name in held.columns:
        if name not in above:
            continue
        pair = aligned(held.column(name).take(rows), above.column(name).take(at))
        if pair is not None and len(pair[0].unique()) > 1 and not differing(*pair).any():
            return True
    return False


def _rows(value: Any) -> Records | None:
    try:
        return records(value)
    except Exception:  # a value of the user's own that looks like a table and is none
        return None
