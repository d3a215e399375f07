"""Of twins, pipelines or what is left of them, the leaky one is found as it is, and the clean one is not accused."""

import pytest
from tests.leaks.pipelines import PAIRS, Pair


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_the_leaky_twin_is_found_and_the_clean_one_is_not(pair: Pair) -> None:
    assert pair.leaky() == pair.expected
    assert pair.clean() == set()


def test_each_check_has_its_twins() -> None:
    asked = {check for pair in PAIRS.values() for check, *_ in pair.expected}
    probes = {"test-blind", "as-of", "own-label", "test-label", "alone"}
    assert asked == {*probes, "overlap", "order", "power", "schema", "wiring"}
