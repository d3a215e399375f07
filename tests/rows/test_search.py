"""Group testing against a world that is known."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.rows.search import Spent, contributors, least


class World:
    """`rule` says of a set of altered places whether the value moves."""

    def __init__(self, rule: Any, budget: int = 1_000_000) -> None:
        self.rule, self.budget, self.asked = rule, budget, 0

    def __call__(self, some: Any) -> bool:
        if self.asked >= self.budget:
            raise Spent
        self.asked += 1
        assert (np.diff(some) > 0).all()
        return bool(self.rule({*some.tolist()}))


def any_of(wanted: set[int]) -> Any:
    return lambda some: bool(some & wanted)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1), max_size=40))))
def test_all_of_them_and_none_else(case: tuple[int, set[int]]) -> None:
    count, wanted = case
    found = contributors(count, World(any_of(wanted)))
    assert found.rows.tolist() == sorted(wanted)
    assert found.exact


@pytest.mark.parametrize("seed", range(5))
def test_it_asks_little_where_they_are_scattered(seed: int) -> None:
    wanted = {*np.random.default_rng(seed).choice(100_000, 24, replace=False).tolist()}
    world = World(any_of(wanted))
    assert contributors(100_000, world).rows.tolist() == sorted(wanted)
    assert world.asked <= 430  # 450 with what the columns take


@pytest.mark.parametrize("step", [1, 2, 3])
@pytest.mark.parametrize("start", [0, 50_000, 99_900])
def test_it_asks_less_where_they_lie_together(step: int, start: int) -> None:
    wanted = {start + step * n for n in range(24)}
    world = World(any_of(wanted))
    assert contributors(100_000, world).rows.tolist() == sorted(wanted)
    assert world.asked <= 137


def test_none_takes_one_question() -> None:
    world = World(lambda _: False)
    found = contributors(100_000, world)
    assert (found.rows.size, found.exact, world.asked) == (0, True, 1)


def test_a_budget_is_kept_and_said() -> None:
    world = World(any_of({5, 500, 900}), budget=25)
    found = contributors(1000, world)
    assert world.asked == 25
    assert not found.exact
    assert "budget" in found.why
    assert set(found.rows.tolist()) < {5, 500, 900}


def test_two_that_matter_only_together_are_not_called_exact() -> None:
    found = contributors(64, World(lambda some: {3, 40} <= some))
    assert not found.exact
    assert found.why


def test_what_is_asked_about_grows_smaller() -> None:
    sizes = []

    def rule(some: set[int]) -> bool:
        sizes.append(200_000 - len(some))
        return bool(some & {150_000, 150_010})

    assert contributors(200_000, World(rule)).rows.tolist() == [150_000, 150_010]
    assert sum(sizes[:-2]) < 12 * 200_000  # the last two ask of each alone, with all others in place


def test_one_alone_and_two_together() -> None:
    found = contributors(64, World(lambda some: 10 in some or {3, 40} <= some))
    assert 10 in found.rows
    assert not found.exact


def test_exact_means_what_it_says() -> None:
    """Two that undo each other, and one that matters by itself."""

    def rule(some: set[int]) -> bool:
        return (4 in some) != (5 in some) or 20 in some

    found = contributors(32, World(rule))
    named = set(found.rows.tolist())
    assert 20 in named
    assert not rule({*range(32)} - named)
    assert found.exact == all(rule({one}) for one in named)


@given(st.sets(st.integers(0, 199), min_size=1, max_size=16))
def test_a_least_set_that_matters_together(wanted: set[int]) -> None:
    world = World(lambda some: wanted <= some)
    assert set(least(np.arange(200), world).tolist()) == wanted


def test_a_set_that_is_too_large_is_given_up() -> None:
    assert least(np.arange(200), World(lambda some: len(some) >= 100)) is None
