"""A metric then and now."""

import json
import math
from itertools import pairwise

import pytest

from penstock.report.moved_metrics import moved_metric, moved_words

INF = math.inf


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (1.0, 1.5, ("1", "1.5", "▲ 0.5")),
        (2.0, 2.0, ("2", "2", "=")),
        (None, 2.0, ("—", "2", "")),
        (math.nan, None, ("nan", "—", "")),
        (math.nan, math.nan, ("nan", "nan", "=")),
        (math.nan, INF, ("nan", "inf", "≠")),
        (INF, -INF, ("inf", "-inf", "≠")),
        (INF, INF, ("inf", "inf", "=")),
        (3.0, math.nan, ("3", "nan", "≠")),
        (None, None, ("—", "—", "=")),
    ],
)
def test_words(before: float | None, after: float | None, words: tuple[str, str, str]) -> None:
    made = moved_metric("s.m", before, after)
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert moved_words(made) == words


def test_what_json_has_no_number_for_stays_apart() -> None:
    """Not measured, no number, too large: no two of them look alike."""
    made = [json.dumps(moved_metric("m", one, 0.0)) for one in (None, math.nan, INF, -INF, 0.0)]
    assert all(one != other for one, other in pairwise(sorted(made)))
