"""Verdicts add up to the worst of them."""

import itertools

from penstock.model.verdict import worst

ORDER = ("CLEAN", "UNKNOWN", "SUSPECT", "PROVEN")


def test_the_worst_of_many() -> None:
    for some in itertools.chain.from_iterable(itertools.product(ORDER, repeat=n) for n in (1, 2, 3)):
        assert worst(list(some)) == max(some, key=ORDER.index)


def test_unknown_is_never_merged_with_clean() -> None:
    assert worst(["CLEAN", "CLEAN", "UNKNOWN"]) == "UNKNOWN"


def test_nothing_checked_is_unknown_and_not_clean() -> None:
    assert worst([]) == "UNKNOWN"
