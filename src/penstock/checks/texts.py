"""Texts of two tables that say nearly the same: found by the shingles (runs of five characters) that they share.

Of each text a few least numbers of its shingles are kept; texts that share a band of them are compared (A. Z. Broder, "On
the resemblance and containment of documents", 1997). Where texts that are only somewhat alike are as many as those that are
nearly equal, they are made from a pattern, and their likeness says nothing.
"""

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from penstock.checks.likeness import Alike

__all__ = ["near_texts", "telling"]

_SHINGLE = 5
_BANDS, _ROWS = 6, 3
_NEAR, _SOME = 0.85, 0.6
_CHARACTERS = 1_000_000  # of each table at most
_COMPARED = 4_000  # pairs


def telling(column: Any) -> bool:
    """Whether a column holds texts that tell rows apart: long ones, most of them different."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return False
    some = column.slice(0, 20_000).drop_null()
    if len(some) < 20:
        return False
    if pc.mean(pc.count_substring(some, " ")).as_py() < 2:  # a name of a row, not something said
        return False
    return bool(pc.mean(pc.utf8_length(some)).as_py() >= 20 and pc.count_distinct(some).as_py() >= 0.8 * len(some))


def near_texts(early: Any, late: Any) -> tuple[Alike, float]:
    """The late texts that nearly equal an early one (of two Arrow columns), equal ones but for case and spaces among them;
    and the share of the early texts that was looked at."""
    draw = np.random.default_rng(0)
    chosen = [_sample(one, draw) for one in (early, late)]
    texts = [_plain(one.take(pa.array(at))) for one, at in zip((early, late), chosen, strict=True)]
    marks = [_marks(one) for one in texts]
    near: dict[int, int] = {}
    some = 0
    for row, partner in _candidates(*marks):
        likeness = _likeness(texts[1][row], texts[0][partner])
        if likeness >= _NEAR:
            near.setdefault(int(chosen[1][row]), int(chosen[0][partner]))
        elif likeness >= _SOME:
            some += 1
    rows = np.array(sorted(near), np.int64)
    partners = np.array([near[int(row)] for row in rows], np.int64)
    share = chosen[0].size / max(len(early), 1)
    if rows.size and rows.size <= 2 * some:
        return Alike(
            rows, partners, "texts that are only somewhat alike are as many: they are made from a pattern"
        ), share
    if rows.size > 0.5 * chosen[1].size:
        return Alike(rows, partners, "most texts have a near twin"), share
    return Alike(rows, partners), share


def _sample(column: Any, draw: Any) -> Any:
    """Positions of texts, as many as the bound on characters takes."""
    lengths = pc.fill_null(pc.utf8_length(column), 0)
    long = np.flatnonzero(np.asarray(lengths) >= 20)
    total = float(np.asarray(lengths)[long].sum())
    if total > _CHARACTERS:
        long = np.sort(draw.choice(long, max(int(long.size * _CHARACTERS / total), 1), replace=False))
    return long


def _plain(column: Any) -> list[str]:
    return [re.sub(r"\W+", " ", one.casefold()).strip()[:2000] for one in column.to_pylist()]


def _marks(texts: list[str]) -> Any:
    """For each text and hash, the least number of its shingles."""
    size = _BANDS * _ROWS
    if not texts:
        return np.zeros((0, size), np.uint64)
    codes = np.frombuffer("".join([f"{one:\0<{_SHINGLE}}" for one in texts]).encode("utf-32-le"), np.uint32)
    lengths = np.array([max(len(one), _SHINGLE) for one in texts])
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    rolled = np.zeros(codes.size - _SHINGLE + 1, np.uint64)
    for offset in range(_SHINGLE):
        rolled = rolled * np.uint64(1_000_003) + codes[offset : offset + rolled.size]
    keep = np.ones(codes.size, bool)  # a shingle that runs into the next text is none
    for back in range(1, _SHINGLE):
        keep[(starts + lengths - back)] = False
    keep = keep[: rolled.size]
    kept = rolled[keep]
    firsts = np.concatenate([[0], np.cumsum(lengths - _SHINGLE + 1)[:-1]])
    found = np.empty((len(texts), size), np.uint64)
    draw = np.random.default_rng(1)
    for number in range(size):
        odd = np.uint64(int(draw.integers(0, 1 << 62)) * 2 + 1)
        mixed = kept * odd
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        found[:, number] = np.minimum.reduceat(mixed ^ (mixed >> np.uint64(32)), firsts)
    return found


def _candidates(early: Any, late: Any) -> list[tuple[int, int]]:
    found: dict[tuple[int, int], None] = {}
    for band in range(_BANDS):
        part = slice(band * _ROWS, (band + 1) * _ROWS)
        weights = np.array([1, 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F], np.uint64)
        left, right = ((one[:, part] * weights).sum(axis=1) for one in (early, late))
        order = np.argsort(left, kind="stable")
        ordered = left[order]
        first, last = np.searchsorted(ordered, right, "left"), np.searchsorted(ordered, right, "right")
        for row in np.flatnonzero(last > first).tolist():
            for place in range(first[row], min(last[row], first[row] + 3)):
                found[row, int(order[place])] = None
            if len(found) >= _COMPARED * (band + 1) // _BANDS:
                break
    return list(found)


def _likeness(one: str, other: str) -> float:
    left, right = (
        {text[at : at + _SHINGLE] for at in range(max(len(text) - _SHINGLE + 1, 1))} for text in (one, other)
    )
    return len(left & right) / max(len(left | right), 1)
