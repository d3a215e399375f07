"""Texts that say nearly the same, by the runs of characters that they share."""

import numpy as np
import pyarrow as pa

from penstock.checks.texts import near_texts, telling

DRAW = np.random.default_rng(0)
WORDS = [f"{a}{b}" for a in "bcdfgklmnprstvw" for b in ("ari", "elo", "uvent", "omis", "inta", "ek")]
TEXTS = [" ".join(DRAW.choice(WORDS, 16)) for _ in range(300)]


def column(texts: list) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(texts, pa.large_string())])


def test_which_columns_hold_texts_that_tell() -> None:
    assert telling(column(TEXTS))
    assert not telling(column(["short"] * 50))
    assert not telling(column([TEXTS[0]] * 50))  # a category
    assert not telling(column([None] * 50))
    assert not telling(column([f"2013-07-{n:02d}/UA{n}/a-long-name" for n in range(50)]))
    assert not telling(column(TEXTS[:5]))
    assert not telling(pa.chunked_array([list(range(50))]))


def test_case_spaces_and_a_changed_word_do_not_hide_a_copy() -> None:
    late = [TEXTS[250], TEXTS[3].upper(), "  " + TEXTS[7].replace(" ", " - "), TEXTS[11] + " ek"]
    found, share = near_texts(column(TEXTS[:200]), column(late))
    assert found.late.tolist() == [1, 2, 3]
    assert found.early.tolist() == [3, 7, 11]
    assert share == 1.0


def test_missing_and_short_texts_are_passed_over() -> None:
    found, _ = near_texts(column([None, "ab", *TEXTS[:30]]), column([None, "ab", TEXTS[5], TEXTS[200]]))
    assert (found.late.tolist(), found.early.tolist()) == ([2], [7])


def test_nothing_on_one_side() -> None:
    assert near_texts(column([]), column(TEXTS))[0].late.size == 0
    assert near_texts(column([None]), column(TEXTS[:3]))[0].late.size == 0


def test_many_texts_are_sampled_and_it_says_how_many() -> None:
    long = [one * 12 + str(n) for n, one in enumerate(TEXTS * 20)]
    _, share = near_texts(column(long), column(TEXTS[:10]))
    assert 0.02 < share < 0.6
