"""The sides of a split as scans look at them: who stands against whom, and where their rows come from.

Tables of one role that have as many rows and other columns (`X_train`, `y_train`) are one side; tables of one role with the
same columns (`train_1`, `train_2`) are sides of several folds, and each is held against those of its own fold, which their
names tell: what is left of a name without the word for its role.
"""

import re
from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from penstock.checks.view import Node, View
from penstock.rows.codes import encode, encode_columns
from penstock.rows.keys import keys_at
from penstock.rows.relation import Key, key_columns
from penstock.values.records import Records

__all__ = ["Pairs", "Side", "fetched", "named", "own_columns", "root", "sides"]

_ROLES = ("train", "valid", "test")  # in the order of time
_WORDS = re.compile(r"train(ing)?|valid(ation)?|val|dev|test(ing)?|hold_?out|eval(uation)?", re.IGNORECASE)


class Side(NamedTuple):
    """The rows of one role: its artifacts, and all their columns side by side."""

    role: str
    artifacts: tuple[str, ...]
    rows: Records

    @property
    def artifact(self) -> str:
        """The artifact that stands for the side in findings."""
        return self.artifacts[0]


class Pairs(NamedTuple):
    """Sides that must not share anything, the earlier role first; `unpaired` says in words what could not be paired."""

    pairs: tuple[tuple[Side, Side], ...]
    unpaired: str = ""


def sides(view: View) -> Pairs:
    """The sides of the view's step, paired."""
    folds: dict[str, list[Side]] = {}
    for role in _ROLES:
        listed = [name for name, said in view.step.outputs.items() if said == role]
        held = {name: rows for name in listed if (rows := view.records(name)) is not None}
        for fold, side in _folds(role, held):
            folds.setdefault(fold, []).append(side)
    if not folds:
        return Pairs((), "no side of it is a table")
    roles = {
        role: [(fold, one) for fold, listed in folds.items() for one in listed if one.role == role] for role in _ROLES
    }
    total = max([rows.rows for one in view.step.inputs.values() if (rows := view.records(one)) is not None], default=-1)
    paired: list[tuple[Side, Side]] = []
    for early, late in combinations(_ROLES, 2):
        alone = len(roles[early]) == 1 or len(roles[late]) == 1  # whatever their names
        paired += [
            (one, other)
            for fold, one in roles[early]
            for other_fold, other in roles[late]
            if fold == other_fold or (alone and not _union(one, other, roles[early], total))
        ]
    if paired:
        known = {side.artifact for pair in paired for side in pair}
        lonely = [one.artifact for listed in roles.values() for _, one in listed if one.artifact not in known]
        return Pairs(tuple(paired), f"no name tells which side {', '.join(lonely)} belongs to" if lonely else "")
    return Pairs((), "there is only one side, or no name tells which sides belong together")


def _union(one: Side, other: Side, mine: Sequence[tuple[str, Side]], total: int) -> bool:
    """Whether a side is all rows, or another of its role and `other` together: what a last model is fitted on, once the sides
    by themselves have done their work."""
    rest = [side.rows.rows for _, side in mine if side is not one]
    return bool(rest) and (one.rows.rows == total or one.rows.rows - other.rows.rows in rest)


def _folds(role: str, held: dict[str, Records]) -> list[tuple[str, Side]]:
    """The sides of one role by fold."""
    found: list[tuple[str, Side]] = []
    for name, rows in held.items():
        for at, (fold, side) in enumerate(found):
            if side.rows.rows == rows.rows and not set(side.rows.columns) & set(rows.columns):
                found[at] = (fold, Side(role, (*side.artifacts, name), _beside(side.rows, rows)))
                break
        else:
            found.append((_WORDS.sub("", name.rpartition(".")[2]).strip("_").lower(), Side(role, (name,), rows)))
    if len(found) == 1:
        return [("", found[0][1])]
    return found


def _beside(one: Records, other: Records) -> Records:
    whose = {**dict.fromkeys(one.columns, one), **dict.fromkeys(other.columns, other)}
    return Records(
        one.rows, whose, lambda name: whose[name].column(name), one.index, ordinal=one.ordinal, levels=one.levels
    )


def root(view: View, source: Node) -> Records | None:
    """The rows of a source as it made them."""
    return view.records(next(iter(source.outputs)))


def own_columns(view: View, rows: Records, source: Node, columns: Sequence[str]) -> tuple[str, ...] | None:
    """The columns of `rows` that hold these columns of a source, as far as names, types and a sample of values tell."""
    whole = root(view, source)
    if not columns or whole is None or not all(name in whole for name in columns):
        return None
    return key_columns(rows, Key(source.name, tuple(columns)), whole)


def fetched(view: View, rows: Records, source: Node, column: str) -> Any:
    """A column of a source for each of these rows, as Arrow: looked up by the source's key, or else the rows' own.

    None where neither can be had. What was looked up comes first, since a column may have been altered on the way.
    """
    whole = root(view, source)
    if whole is None or column not in whole:
        return None
    places = _places(view, rows, source, whole)
    known = places is not None and bool((places >= 0).all())
    own = None if known else own_columns(view, rows, source, (column,))
    if own is not None:
        return rows.column(own[0])
    return None if places is None else whole.column(column).take(_with_nulls(places))


def _places(view: View, rows: Records, source: Node, whole: Records) -> Any:
    """For each of these rows the source's row that its key names (-1 where it names none, or several); None without a key."""
    held = view.memo.get((id(rows), source.name))
    if held is None:
        held = view.memo[id(rows), source.name] = (
            _found(view, rows, source, whole),
            rows,
        )  # kept, so that the id stays its own
    return held[0]


def _found(view: View, rows: Records, source: Node, whole: Records) -> Any:
    key = own_columns(view, rows, source, source.contract.key)
    pair = encode_columns(whole, rows, list(zip(source.contract.key, key, strict=True))) if key is not None else None
    if pair is None:
        return None
    above, below = pair
    size = int(max(above.max(initial=0), below.max(initial=0))) + 1  # so that -1 is a place, too
    counts = np.bincount(above[above >= 0], minlength=size)
    at = np.full(size, -1, np.int64)
    at[above[above >= 0]] = np.flatnonzero(above >= 0)
    places = np.where((below >= 0) & (counts[below] == 1), at[below], -1)
    return None if (places < 0).all() else places


def _with_nulls(places: Any) -> Any:
    return pa.array(places, pa.int64(), mask=places < 0)


def named(view: View, side: Side, at: Any, few: int = 5) -> list[str]:
    """The names of some rows: by the key that tells most of them apart, else by position."""
    best: tuple[int, tuple[str, ...]] = (0, ())
    for source in view.sources(side.artifact):
        columns = own_columns(view, side.rows, source, source.contract.key)
        if columns is not None:
            codes = encode([side.rows.column(name).slice(0, 10_000) for name in columns], nulls=False)
            best = max(best, (len(np.unique(codes)), columns))
    chosen = [int(one) for one in at[:few]]
    return list(keys_at(side.rows, best[1], chosen)) if best[1] else [f"#{one}" for one in chosen]
