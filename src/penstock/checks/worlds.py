"""Altered inputs. A world alters values and nothing else: rows, their order, index, keys, instants and types stay.

Cells get the values of other rows of their column (`donors`), all those of one row (`collapse`), values a little beyond what
the column holds (`stretch`), or far beyond it, with categories that are new (`extreme`). The last is no proof: a rounding error
grows with what is put in. Clocks get other instants that are later than the cut, so that what may be seen at the cut is in both worlds
the same.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from penstock.checks.facts import NEVER, SourceFacts
from penstock.values.alter import exchange, take
from penstock.values.assign import assign
from penstock.values.donors import others

__all__ = ["Masks", "World", "another_clock", "collapse", "donors", "extreme", "flip", "gone", "stretch"]

_HOUR = 3_600_000_000


class World(NamedTuple):
    """Altered sources, by artifact. `kept` are the rows of a source that are there, where some are gone; `proof` tells whether
    what moves in it is moved on the scale of the data."""

    words: str
    altered: Mapping[str, Any]
    kept: Mapping[str, Any] = {}
    proof: bool = True


Masks = Mapping[str, Any]
"""Which cells of a source are altered: column → one boolean a row."""


def _draw(rows: int, seed: int) -> Any:
    """For each row another row, the same for all of its cells."""
    order = np.random.default_rng(seed).permutation(rows)
    found = np.empty(rows, np.int64)
    found[order] = np.roll(order, 1)
    return found


def _exchanged(source: SourceFacts, value: Any, masks: Masks, whose: Any, cut: float) -> Any:
    for name, mask in masks.items():
        rows = np.flatnonzero(mask)
        if not rows.size:
            continue
        try:
            if name in source.clocks:
                value = _clock(source, value, name, rows, cut)
            else:
                value = exchange(value, name, rows, whose[rows])
        except (TypeError, KeyError, ValueError):
            continue  # a column that can't be altered stays as it is
    return value


def _clock(source: SourceFacts, value: Any, name: str, rows: Any, cut: float) -> Any:
    """A clock with other instants in the same order: so whoever sorts by it sorts alike, ties too. Where all that is later than the
    cut is altered, it is moved away from the cut; else each a little towards the next."""
    at = source.known[name] if name in source.known else np.full(source.rows, NEVER)
    mask = np.zeros(source.rows, bool)
    mask[rows] = True
    there = np.isfinite(at)
    new = at.copy()
    if np.isfinite(cut) and bool((mask | (at <= cut) | ~there)[there].all()) and bool((at[mask & there] > cut).all()):
        new[mask & there] = cut + (at[mask & there] - cut) * 1.5
    else:
        values, whose = np.unique(at[there], return_inverse=True)
        free = np.bincount(whose, ~mask[there], minlength=values.size) == 0
        gaps = np.append(np.diff(values), np.median(np.diff(values)) if values.size > 1 else _HOUR)
        moved = values + np.where(free, gaps / 2, 0.0)
        new[there] = moved[whose]
    return _put(source, value, name, rows[np.isfinite(new[rows])], new)


def _put(source: SourceFacts, value: Any, name: str, rows: Any, new: Any) -> Any:
    """Put instants (or numbers) into a clock column."""
    if not rows.size:
        return value
    kind = source.records.column(name).type
    whole = not pa.types.is_floating(kind)
    return assign(value, name, rows, [int(np.ceil(one)) if whole else float(one) for one in new[rows]])


def another_clock(source: SourceFacts, value: Any, name: str, rows: Any, seed: int = 0) -> Any:
    """A clock with the delays of other rows after the row's own time: in another order, and with nulls elsewhere."""
    if source.times is None or name not in source.known:
        return value
    whose = _draw(source.rows, seed)
    delays = source.known[name] - source.times
    usual = np.where(np.isfinite(delays) & (delays > 0), delays, np.nan)
    middle = float(np.nanmedian(usual)) if np.isfinite(usual).any() else float(_HOUR)
    taken = usual[whose]
    new = source.times + np.where(np.isfinite(taken), taken, 1.7 * middle)
    return _put(source, value, name, rows[np.isfinite(new[rows])], new)


def donors(
    source: SourceFacts, value: Any, masks: Masks, *, cut: float = -np.inf, seed: int = 0, pool: Any = None
) -> Any:
    """Cells of other rows (of `pool`, positions, if given), the same row for all columns, so that they fit each other."""
    if pool is None:
        whose = _draw(source.rows, seed)
    else:
        whose = pool[_draw(pool.size, seed)][np.arange(source.rows) % pool.size]
        place = np.full(source.rows, -1, np.int64)
        place[pool] = pool[_draw(pool.size, seed)]
        whose = np.where(place >= 0, place, whose)
    return _exchanged(source, value, masks, whose, cut)


def collapse(source: SourceFacts, value: Any, masks: Masks, row: int, *, cut: float = -np.inf) -> Any:
    """All of these cells those of one row."""
    return _exchanged(source, value, masks, np.full(source.rows, row, np.int64), cut)


def flip(source: SourceFacts, value: Any, masks: Masks, *, cut: float = -np.inf, turn: int = 0) -> Any:
    """Cells of other rows that hold another value, for each column by itself: some go up where others go down, since what is made of two columns (who
    won, of the goals of both) may stay as it was where both go up."""
    for number, (name, mask) in enumerate(masks.items()):
        rows = np.flatnonzero(mask)
        if not rows.size:
            continue
        try:
            if name in source.clocks:
                value = _clock(source, value, name, rows, cut)
                continue
            whose = others(source.records.column(name), rows, turn + number)
            value = exchange(value, name, rows, whose) if whose is not None else _beyond(source, value, name, rows, 1.0)
        except (TypeError, KeyError, ValueError):
            continue
    return value


def stretch(
    source: SourceFacts, value: Any, masks: Masks, *, by: float = 0.25, new: bool = False, cut: float = -np.inf
) -> Any:
    """Numbers beyond the least and the greatest of their column, by so many deviations; other cells those of other rows, or,
    with `new`, categories that nobody saw."""
    whose = _draw(source.rows, 1)
    for name, mask in masks.items():
        rows = np.flatnonzero(mask)
        if not rows.size:
            continue
        kind = source.records.column(name).type
        try:
            if name in source.clocks:
                value = _clock(source, value, name, rows, cut)
            elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
                value = _beyond(source, value, name, rows, by)
            elif new and (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
                value = _unseen(value, name, rows, whose)
            else:
                value = exchange(value, name, rows, whose[rows])
        except (TypeError, KeyError, ValueError):
            continue
    return value


def extreme(source: SourceFacts, value: Any, masks: Masks) -> Any:
    """Numbers far beyond their column, categories that nobody saw, and labels of others."""
    labels = {name: mask for name, mask in masks.items() if name in source.contract.label}
    rest = {name: mask for name, mask in masks.items() if name not in labels}
    return flip(source, stretch(source, value, rest, by=30.0, new=True), labels)


def _beyond(source: SourceFacts, value: Any, name: str, rows: Any, by: float) -> Any:
    """Numbers spread more widely than they were, in the same order, the least and greatest of them beyond all of the column."""
    column = source.records.column(name)
    numbers = np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    finite = numbers[np.isfinite(numbers)]
    if not finite.size:
        return value
    low, high, spread = float(finite.min()), float(finite.max()), float(finite.std())
    step = by * (spread if spread > 0 else max(abs(high), 1.0))
    mine = np.where(np.isfinite(numbers[rows]), numbers[rows], float(np.median(finite)))
    new = mine + (mine - float(np.median(finite))) * min(by, 30.0) + step
    new[int(np.argmax(mine))] = max(high + step, float(new.max()))
    if low < 0 or low - step >= 0:  # a column without negative numbers may not bear any
        new[int(np.argmin(mine))] = low - step
    else:
        new = np.maximum(new, low)
    if pa.types.is_integer(column.type):
        new = np.where(new >= mine, np.ceil(new), np.floor(new))
        return assign(value, name, rows, [int(one) for one in new])
    return assign(value, name, rows, new.tolist())


def _unseen(value: Any, name: str, rows: Any, whose: Any) -> Any:
    value = exchange(value, name, rows, whose[rows])
    half = rows[::2]
    try:
        return assign(value, name, half, ["never seen"] * half.size)
    except (TypeError, ValueError, KeyError):  # categories that are closed
        return value


def gone(value: Any, rows: Any) -> tuple[Any, Any]:
    """The source without some rows (one boolean a row), and the positions of those that stay."""
    kept = np.flatnonzero(~rows)
    return take(value, kept), kept
