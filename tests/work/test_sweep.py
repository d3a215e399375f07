"""From how a task varies its parameters to the values of each execution."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.errors import ParameterError
from penstock.model.command import Sweep
from penstock.work.sweep import next_items, values_of


def parameter(name: str, style: str, **rules: Any) -> dict[str, Any]:
    return {"name": name, "style": style, "rules": rules}


def items(
    sweep: Sweep, base: dict[str, Any] | None = None, varied: tuple[str, ...] = (), done: Any = (), seed: int = 1
) -> list[Any]:
    return next_items(sweep, base or {}, varied, done, seed)


def test_styles() -> None:
    assert values_of(parameter("a", "single", value=25)) == [25]
    assert values_of(parameter("a", "multiple", items=[1, "x", True])) == [1, "x", True]
    assert values_of(parameter("a", "multiple", items=["1", "0.5", "x"], numberify=True)) == [1, 0.5, "x"]
    assert values_of(parameter("a", "linear", start=0, end=0.3, step=0.1)) == [0, 0.1, 0.2, 0.3]
    assert values_of(parameter("a", "linear", start=3, end=1, step=1)) == [3, 2, 1]
    assert values_of(parameter("a", "logspace", start=-3, end=-1, count=3)) == [0.001, 0.01, 0.1]
    assert values_of(parameter("a", "logspace", min=0, max=4, count=3, base=2)) == [1, 4, 16]
    assert values_of(parameter("a", "logspace", start=1, end=1, count=1)) == [10]
    drawn = values_of(parameter("a", "random", min=1, max=5, count=20, integerify=True))
    assert len(drawn) == 20
    assert set(drawn) <= {1, 2, 3, 4, 5}
    with pytest.raises(ParameterError, match="beyond what can be planned"):
        values_of(parameter("a", "linear", start=0, end=1e9, step=0.001))


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(100, 1e5))
def test_linear_stays_inside_and_begins_at_the_start(start: float, end: float, step: float) -> None:
    found = values_of(parameter("a", "linear", start=start, end=end, step=step))
    low, high = min(start, end), max(start, end)
    assert found[0] == pytest.approx(start, rel=1e-9, abs=1e-9)
    assert all(low - 1e-3 <= one <= high + 1e-3 for one in found)


def test_a_grid_is_every_combination() -> None:
    sweep = Sweep("grid", (parameter("a", "multiple", items=[1, 2]), parameter("b", "single", value="x")))
    assert items(sweep, {"c": [7, 8]}, ("c",)) == [
        {"a": 1, "b": "x", "c": 7},
        {"a": 1, "b": "x", "c": 8},
        {"a": 2, "b": "x", "c": 7},
        {"a": 2, "b": "x", "c": 8},
    ]
    assert items(Sweep()) == [{}]
    assert len(items(Sweep("grid", sweep.parameters, count=1))) == 1


def test_by_hand() -> None:
    assert items(Sweep("manual", sets=({"a": 1}, {"a": 2, "b": 3}))) == [{"a": 1}, {"a": 2, "b": 3}]
    columns = (parameter("a", "multiple", items=[1, 2, 3]), parameter("b", "multiple", items=["x", "y"]))
    assert items(Sweep("manual", columns)) == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 3, "b": "y"}]


def test_random_draws_are_the_same_for_the_same_seed() -> None:
    sweep = Sweep(
        "random",
        (
            parameter("a", "random", min=0.001, max=1, distribution="loguniform"),
            parameter("b", "multiple", items=[1, 2]),
        ),
        count=5,
    )
    first = items(sweep)
    assert first == items(sweep)
    assert first != items(sweep, seed=2)
    assert len(first) == 5
    assert len({one["a"] for one in first}) == 5
    assert all(0.001 <= one["a"] <= 1 for one in first)


def test_a_stop_condition_makes_batches() -> None:
    sweep = Sweep("grid", (parameter("a", "multiple", items=[1, 2, 3, 4, 5]),), batch=2, stop="metadata.x > 1")
    first = items(sweep)
    assert [one["a"] for one in first] == [1, 2]
    assert [one["a"] for one in items(sweep, done=[(one, None) for one in first])] == [3, 4]
    assert items(sweep, done=[({}, None)] * 5) == []


@pytest.mark.needs("optuna")
def test_bayesian_search_comes_nearer() -> None:
    sweep = Sweep(
        "bayesian", (parameter("x", "linear", start=-10, end=10, step=0.5),), count=40, batch=4, metric="m", target=3.0
    )
    done: list[tuple[dict[str, Any], float | None]] = []
    while batch := items(sweep, done=done):
        assert len(batch) == 4
        done += [(one, one["x"]) for one in batch]
    assert len(done) == 40
    assert min(abs(one["x"] - 3.0) for one, _ in done) <= 0.5
    late = [abs(one["x"] - 3.0) for one, _ in done[20:]]
    early = [abs(one["x"] - 3.0) for one, _ in done[:8]]
    assert sum(late) / len(late) < sum(early) / len(early)


@pytest.mark.needs("optuna")
def test_bayesian_search_takes_every_style() -> None:
    sweep = Sweep(
        "bayesian",
        (
            parameter("a", "logspace", start=-3, end=0, count=4),
            parameter("b", "multiple", items=["x", "y"]),
            parameter("c", "random", min=1, max=9, integerify=True),
            parameter("d", "single", value=5),
            parameter("e", "linear", start=1, end=9, step=2),
        ),
        count=3,
    )
    found = items(sweep, done=[({"a": 0.01, "b": "x", "c": 1, "d": 5, "e": 3}, float("nan"))])
    assert len(found) == 2
    for one in found:
        assert 0.001 <= one["a"] <= 1
        assert one["b"] in ("x", "y")
        assert one["c"] in range(1, 10)
        assert (one["d"], one["e"] % 2) == (5, 1)
