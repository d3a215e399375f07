"""Worlds flow through steps, and only what moved is done again."""

from typing import Any

import numpy as np

from penstock.checks.circuit import Circuit, Failed
from penstock.checks.flow import Flow
from penstock.checks.view import Node

CALLS: list[str] = []


def circuit() -> Circuit:
    def scale(given: Any) -> dict[str, Any]:
        CALLS.append("scale")
        return {"scaled": given["rows"] / given["rows"].max()}

    def fit(given: Any) -> dict[str, Any]:
        CALLS.append("fit")
        if np.isnan(given["scaled"]).any():
            raise ValueError("NaN")
        return {"model": {"mean": float(given["scaled"].mean())}}

    nodes = {
        "rows": Node("rows", "source", "", {}, {"rows": ""}),
        "scale": Node("scale", "step", "", {"rows": "rows"}, {"scaled": ""}),
        "fit": Node("fit", "train", "", {"scaled": "scaled"}, {"model": ""}),
    }
    return Circuit(nodes, {"scale": scale, "fit": fit}, {"rows": np.array([1.0, 2.0, 4.0])})


def test_a_step_with_equal_inputs_is_not_done_again() -> None:
    base = Flow(circuit())
    assert base.value("model") == {"mean": 7 / 12}
    CALLS.clear()
    doubled = Flow(base.circuit, {"rows": np.array([2.0, 4.0, 8.0])}, base)
    assert doubled.same("model") and doubled.value("model") is base.value("model")
    assert CALLS == ["scale"]
    assert not doubled.same("rows")
    untouched = Flow(base.circuit, {}, base)
    assert untouched.same("model") and untouched.reruns == 0


def test_what_rounding_flips_never_reaches_a_model() -> None:
    base = Flow(circuit())
    CALLS.clear()
    near = Flow(base.circuit, {"rows": np.array([1.0, 2.0, 4.0]) * (1 + 1e-14)}, base)
    assert near.same("model")
    assert CALLS.count("fit") == 0  # nor in the base world: nobody asked for its value


def test_a_failure_goes_down_and_is_counted_once() -> None:
    base = Flow(circuit())
    bad = Flow(base.circuit, {"rows": np.array([1.0, np.nan, 4.0])}, base)
    found = bad.value("model")
    assert isinstance(found, Failed) and found.step == "fit"
    assert not bad.same("model")
    assert len(bad.failed) == 1


def test_other_seeds_do_all_again() -> None:
    base = Flow(circuit())
    base.value("model")
    CALLS.clear()
    other = Flow(base.circuit, {}, base, seed=1)
    assert other.same("model")  # and was done again to see that
    assert CALLS == ["scale", "fit"]


def test_sides_are_pinned_after_a_split() -> None:
    one = circuit()
    nodes = {**one.nodes, "scale": one.nodes["scale"]._replace(kind="split")}
    base = Flow(one._replace(nodes=nodes))
    pinned = Flow(
        base.circuit,
        {"rows": np.array([3.0, 2.0, 4.0])},
        base,
        pin=lambda _, name, made: {"scaled": base.value("scaled")},
    )
    assert pinned.same("scaled")
