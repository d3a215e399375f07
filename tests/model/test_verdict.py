"""Verdicts add up to the worst of them."""

import itertools

from penstock.model.verdict import Finding, finding_id, worst

ORDER = ("CLEAN", "UNKNOWN", "SUSPECT", "PROVEN")


def test_the_worst_of_many() -> None:
    for some in itertools.chain.from_iterable(itertools.product(ORDER, repeat=n) for n in (1, 2, 3)):
        assert worst(list(some)) == max(some, key=ORDER.index)


def test_unknown_is_never_merged_with_clean() -> None:
    assert worst(["CLEAN", "CLEAN", "UNKNOWN"]) == "UNKNOWN"


def test_nothing_checked_is_unknown_and_not_clean() -> None:
    assert worst([]) == "UNKNOWN"


def test_a_finding_keeps_its_name_while_rows_and_values_change() -> None:
    one = Finding("as-of", "PROVEN", "features", "features", "delay", row="a", before=1, after=2)
    other = Finding("as-of", "SUSPECT", "features", "features", "delay", row="b", before=3, after=4)
    assert finding_id(one) == finding_id(other)
    assert finding_id(one) != finding_id(Finding("as-of", "PROVEN", "features", "features", "speed"))
