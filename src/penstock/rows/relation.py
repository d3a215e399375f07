"""How the rows of an artifact relate to those of an input: by what they can be recognised again.

Tried in this order, the first that holds is taken: the contract's key, a pandas index, agreement of values at the same
position, a block of rows put below others, a group that an aggregate was made by, unique content, and position where a probe has shown it.
Each is taken only where nothing in the two tables speaks against it (`penstock.rows.evidence`). What none of them tells is unknown, with the
reason: a wrong relation is worse than none. Nothing is stored: a relation is made of two stored tables when it is asked for.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.rows.aggregates import aggregated, of_others
from penstock.rows.carried import carried, counted_anew
from penstock.rows.codes import aligned, distinct, encode, encode_columns, same_kind
from penstock.rows.content import Group, block, groups, recognised
from penstock.rows.evidence import (
    Witness,
    all_found,
    as_a_whole,
    contradicting,
    enough,
    moved_together,
    numbered,
    scaled,
    shared,
    single,
    strangers,
    witnesses,
)
from penstock.values.alike import equal
from penstock.values.records import Records

__all__ = ["Carries", "Key", "Method", "Relation", "bears", "key_columns", "labels", "relate", "renamed", "unknown"]

Method = Literal["key", "index", "position", "content", "group", "unknown"]

_SAMPLE = 64  # rows that are looked at before all are
_LABELLED = 3.0  # bits that must agree where labels say the same
_ALIKE = 0.9  # the share of rows that must be told apart by what agrees


class Key(NamedTuple):
    """The key of a source's rows, by the columns that bear it in the input; `root` gives the source itself, where it can be had."""

    source: str
    columns: tuple[str, ...]
    root: Callable[[], Records | None] = lambda: None


Carries = Callable[[Key], bool | None] | None
"""What a probe says of a key: whether its values come out of the step with the rows that had them."""


class Relation(NamedTuple):
    """`above` and `below` hold a number for each row of the input and of the output: equal numbers, the same row
    (`NOTHING`: a row without identity). `by` are the columns that tell, `why` says in words how it is known."""

    method: Method
    by: tuple[str, ...]
    why: str
    above: Any = None
    below: Any = None

    def rows_below(self, rows: Any) -> Any:
        """The positions below that these positions above became."""
        return _matching(self.above, rows, self.below)

    def rows_above(self, rows: Any) -> Any:
        """The positions above that these positions below came from."""
        return _matching(self.below, rows, self.above)

    def places(self) -> Any:
        """For each row below, the one position above that it came from; None where that is not one for every row."""
        if self.method in ("unknown", "group"):
            return None
        known = self.above >= 0
        size = int(max(self.above.max(initial=-1), self.below.max(initial=-1))) + 1
        if (self.below < 0).any() or (np.bincount(self.above[known], minlength=size)[self.below] != 1).any():
            return None
        return _first(self.above, self.below)

    def whole(self) -> bool:
        """Whether every row below came from some row above."""
        up, down = self.counts()
        return not (self.below < 0).any() and not (down[up == 0] > 0).any()

    def counts(self) -> tuple[Any, Any]:
        """For each number, how many rows above and below bear it."""
        size = int(max(self.above.max(initial=-1), self.below.max(initial=-1))) + 1
        up = np.bincount(self.above[self.above >= 0], minlength=size)
        down = np.bincount(self.below[self.below >= 0], minlength=size)
        return up, down


def _matching(near: Any, rows: Any, far: Any) -> Any:
    wanted = near[np.asarray(rows, dtype=np.int64)]
    wanted = wanted[wanted >= 0]
    if wanted.size == 1:
        return np.flatnonzero(far == wanted[0])
    return np.flatnonzero(np.isin(far, wanted))


def _first(up: Any, down: Any) -> Any:
    """For each number of `down`, the first position in `up` that has it; -1 for none."""
    at = np.full(int(max(up.max(initial=-1), down.max(initial=-1))) + 2, -1, np.int64)
    known = np.flatnonzero(up >= 0)[::-1]
    at[up[known]] = known
    return np.where(down >= 0, at[down], -1)


def unknown(why: str) -> Relation:
    """A relation that nothing tells."""
    return Relation("unknown", (), why)


def relate(
    above: Records,
    below: Records,
    keys: Sequence[Key] = (),
    *,
    row_aligned: bool | None = None,
    declared: bool = False,
    cut: bool = False,
    rivals: Collection[str] = (),
    keyed: bool = False,
    equivariant: Carries = None,
) -> Relation:
    """Relate two tables. `keys` are those of the sources that the input descends from; `row_aligned` is what a probe
    has shown of the step (None: it was not tried); `declared` says that the step's kind promises it, `cut` that the step cuts tables into parts. `rivals` are sources
    whose key rows of another source, in another input of the step, bear under the same names: there, other columns must agree as well. `keyed` says that some source above declares a key,
    borne by the input or not. `equivariant` tells of a key of which the tables do not tell whether it was carried along, what a probe says.
    """
    doubts: list[str] = []
    found = _by_key(above, below, keys, rivals, doubts, equivariant)
    if found is None and rivals:  # whose key that is, is not known: it tells nothing
        names = {name for key in keys if key.source in rivals for name in key.columns}
        below = _only(below, [name for name in below.columns if name not in names])
    return (
        found
        or _by_index(above, below)
        or _by_position(above, below, row_aligned=row_aligned, declared=declared)
        or _by_content(above, below, cut=cut)
        or unknown(_why_unknown(above, below, row_aligned, doubts, keyed=keyed or bool(keys)))
    )


def _why_unknown(
    above: Records, below: Records, row_aligned: bool | None, doubts: Sequence[str], *, keyed: bool
) -> str:
    if doubts:
        return doubts[0]
    said = "its rows bear no key of a source" if keyed else "no source above declares a key"
    if above.rows == below.rows and row_aligned is False:
        return f"{said}, and a probe has shown that they are not in the order of the input's"
    return f"{said}, and nothing else tells which rows of the input they were"


def _part(records: Records, rows: Any) -> Records:
    """Some rows of a table."""
    return Records(len(rows), records.columns, lambda name: records.column(name).take(pa.array(rows)))


# --- key


def key_columns(records: Records, key: Key, of: Records | None = None) -> tuple[str, ...] | None:
    """The columns that hold a source's key here: its own names, or others that bear it where the rows are known by what else they hold.

    `of` is the source, or a table that bears its key: types must fit, and a sample of the values be among its own.
    """
    if all(name in records for name in key.columns):
        if of is None or of is records:
            return key.columns
        if all(name in of for name in key.columns) and _found_in(records, key.columns, of, key.columns):
            return key.columns
        return None
    if of is None or not all(name in of for name in key.columns):
        return None
    relation = _by_index(of, records) or _by_position(of, records) or _by_content(of, records)
    return renamed(of, records, key.columns, relation) if relation is not None else None


def renamed(above: Records, below: Records, names: Sequence[str], relation: Relation) -> tuple[str, ...] | None:
    """The columns below that bear, under other names, what these do above, where a relation tells which row is which."""
    at = relation.places()
    if at is None or not below.rows:
        return None
    found = []
    for name in names:
        same = next((one for one in below.columns if _bears(above.column(name), below.column(one), at)), None)
        if same is None:
            return None
        found.append(same)
    return tuple(found)


def _bears(column: Any, other: Any, at: Any) -> bool:
    pair = aligned(column, other)
    if pair is None:
        return False
    few = pa.array(np.arange(min(_SAMPLE, len(at))))
    if not pair[0].take(pa.array(at[: len(few)])).combine_chunks().equals(pair[1].take(few).combine_chunks()):
        return False
    return bool(pair[0].take(pa.array(at)).combine_chunks().equals(pair[1].combine_chunks()))


def _found_in(records: Records, names: Sequence[str], of: Records, others: Sequence[str]) -> bool:
    """Whether these columns hold values of those: most of a sample."""
    if any(same_kind(records.column(a).type, of.column(b).type) is None for a, b in zip(names, others, strict=True)):
        return False
    if records.rows == 0 or of.rows == 0:
        return True
    at = np.unique(np.linspace(0, records.rows - 1, _SAMPLE).astype(np.int64))
    hits = np.ones(at.size, bool)
    some = False
    for name, other in zip(names, others, strict=True):
        pair = aligned(records.column(name).take(at), of.column(other))
        assert pair is not None
        few, whole = pair[0].combine_chunks(), pair[1]
        there = np.asarray(pc.is_valid(few))
        some = some or bool(there.any())
        # Looking for few among many: the other way round, all of the many would be put into a table first.
        known = whole.filter(pc.is_in(whole, value_set=few)).unique()
        hits &= np.asarray(pc.is_in(few, value_set=known)) | ~there
    return some and bool(hits.mean() >= 0.5)


def _by_key(
    above: Records,
    below: Records,
    keys: Sequence[Key],
    rivals: Collection[str],
    doubts: list[str],
    equivariant: Carries = None,
) -> Relation | None:
    unsure = None
    found = sorted(_keyed(above, below, keys), key=lambda one: -one[0])  # the key that tells most rows apart first
    for _, key, up, down in found:
        if key.source in rivals and not _confirmed(above, below, key.columns, up, down):
            words = ", ".join([f"`{name}`" for name in key.columns])
            doubts.append(
                f"{words} is the key of another input's rows too, and no other column tells whose it is: "
                "give the keys names of their own"
            )
            continue
        if counted_anew(above, below, key.columns, up, down):
            continue
        group = _kept_one_key(above, below, key.columns, up, down)
        if group is not None and group.method == "group":
            return group
        if group is not None:
            unsure = unsure or group
            continue
        said = carried(above, below, key.columns, up, down)
        if said is None and equivariant is not None:
            said = equivariant(key)
        if not said:
            doubts.append(_not_carried(key.columns, refuted=said is False))
            continue
        if not _without_key(above, below, up, down):
            doubts.append(f"rows without {', '.join(key.columns)} can't be told apart")
            continue
        return Relation("key", key.columns, f"key {', '.join(key.columns)} of `{key.source}`", up, down)
    return unsure


def _not_carried(names: Sequence[str], *, refuted: bool) -> str:
    words = ", ".join([f"`{name}`" for name in names])
    if refuted:
        return f"{words} holds keys of other rows: what the rows hold beside it shows that"
    return f"nothing beside {words} tells whether it is still each row's own: keep a column of the input beside it"


def bears(above: Records, below: Records, key: Key, *, rival: bool = False, equivariant: Carries = None) -> bool:
    """Whether rows below bear, under the same names, the key that rows above do. With a `rival`, other columns must agree."""
    if not _fits(above, below, key):
        return False
    numbers = encode_columns(above, below, [(name, name) for name in key.columns])
    if numbers is None or (rival and not _confirmed(above, below, key.columns, *numbers)):
        return False
    if counted_anew(above, below, key.columns, *numbers) or _kept_one_key(above, below, key.columns, *numbers):
        return False
    said = carried(above, below, key.columns, *numbers)
    return bool(equivariant(key) if said is None and equivariant is not None else said)


def _fits(above: Records, below: Records, key: Key) -> bool:
    if not all(name in above and name in below for name in key.columns):
        return False
    if _found_in(below, key.columns, above, key.columns):
        return True
    root = key.root()  # rows of this source, perhaps none of these
    return (
        root is not None
        and all(name in root for name in key.columns)
        and _found_in(below, key.columns, root, key.columns)
    )


def _keyed(above: Records, below: Records, keys: Sequence[Key]) -> Iterator[tuple[int, Key, Any, Any]]:
    for key in keys:
        fits = _fits(above, below, key)
        numbers = encode_columns(above, below, [(name, name) for name in key.columns]) if fits else None
        if numbers is not None:
            yield distinct(numbers[1]), key, *numbers


def _confirmed(above: Records, below: Records, names: Sequence[str], up: Any, down: Any) -> bool:
    """Whether some other column agrees with the row that a key names."""
    at = _first(up, down)
    rows = np.flatnonzero(at >= 0)
    if not rows.size:
        return False
    part = _part(below, rows)
    others = [name for name in shared(above, part) if name not in names]
    found = [one for one in witnesses(above, _only(part, others), at[rows]) if one.below in others]
    return bool(found) and enough(above, part, found)


def _only(records: Records, names: Sequence[str]) -> Records:
    return Records(records.rows, names, records.column, records.index, ordinal=records.ordinal, levels=records.levels)


def _kept_one_key(above: Records, below: Records, names: Sequence[str], up: Any, down: Any) -> Relation | None:
    """An aggregate that keeps the key of one row of each group."""
    if below.rows >= above.rows or not below.rows:
        return None
    places = _first(up, down)
    few = np.unique(np.linspace(0, below.rows - 1, _SAMPLE).astype(np.int64))
    few = few[places[few] >= 0]
    others = [name for name in shared(above, below) if name not in names]
    same = [name for name in others if _alike(above, below, name, few, places[few])]
    if len(same) == len([name for name in below.columns if name not in names]):
        return None  # nothing is new and nothing changed
    kept = [name for name in same if all_found(above, below, name)]
    for one in groups(above, below, kept):
        if aggregated(above, below, one.above, one.below, (*one.names, *names), same):
            return Relation("group", one.names, _group_words(one.names), one.above, one.below)
        fresh = [name for name in below.columns if name not in (*one.names, *names, *same)]
        if not fresh or (places < 0).any():
            continue
        if set(same) <= set(one.names) or of_others(above, below, one.above, one.below, places, fresh):
            words = ", ".join([f"`{name}`" for name in one.names])
            return unknown(f"each row may be one that was kept of its {words}, or stand for all that have it")
    return None


def _alike(above: Records, below: Records, name: str, rows: Any, at: Any) -> bool:
    pair = aligned(below.column(name), above.column(name))
    assert pair is not None
    return equal(pair[0].take(pa.array(rows)), pair[1].take(pa.array(at)))


def _without_key(above: Records, below: Records, up: Any, down: Any) -> bool:
    """Number the rows without a key: by what they hold, else together, where there are no more of them below than above. Whether
    that could be done."""
    missing, left = np.flatnonzero(up < 0), np.flatnonzero(down < 0)
    if not missing.size or not left.size:
        return True
    fresh = int(max(up.max(initial=-1), down.max(initial=-1))) + 1
    mine, theirs = _part(above, missing), _part(below, left)
    found = _by_position(mine, theirs) or _by_content(mine, theirs)
    at = found.places() if found is not None else None
    if at is not None:
        up[missing], down[left] = fresh + np.arange(missing.size), fresh + at
        return True
    if left.size > missing.size:
        return False
    up[missing], down[left] = fresh, fresh
    return True


# --- index


def _by_index(above: Records, below: Records) -> Relation | None:
    """Labels of a pandas index that were kept: unique above, all below among them, of the same name, not just a new count of
    rows, and such that what the rows hold does not show them to be others."""
    pair = labels(above, below)
    if pair is None or not _labelled(above, below, _first(*pair)):
        return None
    return Relation("index", (), "the index of pandas", *pair)


def labels(above: Records, below: Records) -> tuple[Any, Any] | None:
    """Numbers of the rows above and below by the labels of a pandas index of one name: unique above, all below among them. None where there are none."""
    if below.index is None or above.levels != below.levels:
        return None
    whole = above.index if above.index is not None else pa.array(np.arange(above.rows)) if above.ordinal else None
    if whole is None:
        return None
    pair = _labels(whole, below.index)
    if pair is None:
        return None
    up, down = pair
    if distinct(up) != up.size or (_first(up, down) < 0).any():
        return None
    return up, down


def _labelled(above: Records, below: Records, at: Any) -> bool:
    """Whether rows with the labels of others are those, as far as what they hold tells."""
    agreed = [one for one in witnesses(above, below, at) if one.above == one.below]
    named = [one.below for one in agreed]
    if contradicting(above, below, at, named, rich=_rich(above, agreed)) or strangers(above, below, at):
        return False
    if above.rows == below.rows and not np.array_equal(at, np.arange(at.size)):
        here = [one.below for one in witnesses(above, below) if one.above == one.below]
        if not set(here) <= set(named):
            return False
    if (
        int(at.max(initial=0)) < at.size < above.rows
    ):  # perhaps a new count of the rows that were left, in another order
        return as_a_whole(above, below, named)
    # And where a label is there twice, what agrees must tell rows apart.
    if agreed and enough(above, below, agreed, _LABELLED):
        return np.unique(at).size == at.size or single(above, [one.above for one in agreed]) >= _ALIKE
    # Labels that nothing confirms may be others that happen to lie among these; but not if they are all of them.
    return np.unique(at).size == at.size and (at.size == above.rows or scaled(above, below, at))


def _labels(one: Any, other: Any) -> tuple[Any, Any] | None:
    if pa.types.is_struct(one.type) and pa.types.is_struct(other.type):
        if one.type.num_fields != other.type.num_fields:
            return None
        pairs = [aligned(_chunked(one.field(n)), _chunked(other.field(n))) for n in range(one.type.num_fields)]
    else:
        pairs = [aligned(_chunked(one), _chunked(other))]
    columns = []
    for pair in pairs:
        if pair is None:
            return None
        columns.append(pa.chunked_array([*pair[0].chunks, *pair[1].chunks]))
    numbers = encode(columns, nulls=True)
    return numbers[: len(one)], numbers[len(one) :]


def _chunked(array: Any) -> Any:
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


# --- position


def _rich(above: Records, found: Sequence[Witness]) -> bool:
    """Whether columns that agree, whole numbers aside, tell most rows apart: then they can't have come together by chance."""
    names = [one.above for one in found if not pa.types.is_integer(above.column(one.above).type)]
    return bool(names) and single(above, names) >= _ALIKE


def _by_position(
    above: Records, below: Records, *, row_aligned: bool | None = None, declared: bool = False
) -> Relation | None:
    if above.rows != below.rows or row_aligned is False:
        return None
    numbers = np.arange(above.rows, dtype=np.int64)
    same = witnesses(above, below)
    named = tuple([one.below for one in same])
    contrary = contradicting(above, below, None, named, rich=_rich(above, same) or declared)
    if declared and not contrary:
        return Relation("position", (), "position: one prediction for each row", numbers, numbers)
    telling = [one.above for one in same if not numbered(below.column(one.below))]
    whole = bool(same) and all(name in named for name in above.columns)
    if same and not contrary and not moved_together(above, below, named):
        alike = bool(telling) and single(above, telling) >= _ALIKE
        if (alike and (whole or enough(above, below, same))) or (whole and enough(above, below, same)):
            names = ", ".join([f"`{one}`" for one in named[:3]])
            return Relation("position", named, f"position: {names} agree row by row", numbers, numbers)
    if row_aligned:
        return Relation("position", (), "position: a probe has shown the step to keep the order", numbers, numbers)
    return None


# --- content


def _by_content(above: Records, below: Records, *, cut: bool = False) -> Relation | None:
    """Rows put below others, groups that rows stand for, or columns kept unchanged, by which the rows are looked up."""
    if not below.rows or not above.rows:
        return None
    found = block(above, below)
    if found is not None:
        return Relation(
            "position", above.columns, "position: all of its rows, one after another, with others beside them", *found
        )
    one = recognised(above, below, cut=cut)
    if isinstance(one, Group):
        return Relation("group", one.names, _group_words(one.names), one.above, one.below)
    if one is None:
        return None
    names = ", ".join([f"`{name}`" for name in one.names[:4]]) + (" …" if len(one.names) > 4 else "")
    return Relation("content", one.names, f"content: {names} name one row each", one.above, one.below)


def _group_words(names: Sequence[str]) -> str:
    return f"group {', '.join(names)}: each row stands for many"
