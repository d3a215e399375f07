"""Rows that are told by the table that they were made of, in the base world and in others."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.kernel_approximation import Nystroem
from sklearn.preprocessing import StandardScaler
from tests.checks.trips import bench_of, trips

from penstock.checks.bench import Bench
from penstock.checks.circuit import Circuit, of_function
from penstock.checks.facts import Identity
from penstock.checks.identities import composed, rows_of
from penstock.checks.nodes import Node
from penstock.checks.worlds import World
from penstock.model.contract import Contract


def bench(split: Any, after: Any, recorded: Any = None) -> Bench:
    draw = np.random.default_rng(0)
    table = pd.DataFrame({"a": draw.normal(size=60), "y": draw.normal(size=60)})
    nodes = {
        "rows": Node("rows", "source", "", {}, {"rows": ""}, Contract(label=("y",))),
        "matrix": Node("matrix", "step", "", {"rows": "rows"}, {"matrix": ""}),
        "cut": Node("cut", "split", "", {"matrix": "matrix"}, {"cut.train": "train", "cut.test": "test"}),
        "after": Node("after", "step", "", {"train": "cut.train"}, {"after": ""}),
    }
    calls: Any = {
        "matrix": lambda given: {"matrix": given["rows"].to_numpy() * 2},
        "cut": lambda given: dict(zip(("cut.train", "cut.test"), split(given["matrix"]), strict=True)),
        "after": lambda given: {"after": after(given["train"])},
    }
    return Bench(Circuit(nodes, calls, {"rows": table}), learns=False, recorded=recorded)


def sorted_apart(matrix: Any) -> Any:
    order = np.argsort(matrix[:, 0])
    return matrix[order[20:]], matrix[order[:20]]


def test_arrays_below_a_split_are_followed_to_the_source() -> None:
    one = bench(sorted_apart, lambda train: StandardScaler().fit_transform(train))
    order = np.argsort(one.circuit.values["rows"]["a"].to_numpy())
    for artifact in ("cut.train", "after"):
        found = one.identity(artifact)
        assert found is not None and found.source == "rows"
        assert found.at.tolist() == order[20:].tolist()
    assert one.identities.parents["after"] == ("cut.train", "position")


def test_sides_hold_the_same_rows_in_another_world() -> None:
    one = bench(sorted_apart, lambda train: train * 1)
    table = one.circuit.values["rows"].copy()
    table["a"] = -table["a"]  # the other way round
    flow = one.flow(World("", {"rows": table}))
    train, known = flow.value("cut.train"), one.identity("cut.train")
    assert known is not None
    assert np.array_equal(train[:, 0], -one.base.value("cut.train")[:, 0])
    again = one.identities.again(flow, "after", rows_of(flow.value("after")))  # type: ignore[arg-type]
    assert again is not None and again.at.tolist() == known.at.tolist()


def test_the_run_tells_the_sides_and_what_it_did_not_tell_the_base_world_does() -> None:
    half = {"cut.train": np.arange(40), "cut.test": np.arange(40, 60)}
    one = bench(sorted_apart, lambda train: train, half)
    found = one.identity("cut.train")
    assert found is not None and sorted(found.at.tolist()) == list(range(40))
    sides, foul = one.identities.sides()
    assert (sides[:40] == "train").all() and (sides[40:] == "test").all() and not foul
    other = bench(sorted_apart, lambda train: train, {"cut.train": np.arange(40)})
    assert other.identities.sides()[0] is not None


def test_sides_that_nothing_tells_fail_in_other_worlds() -> None:
    one = bench(lambda matrix: (np.sign(matrix[:40]), np.sign(matrix[40:])), lambda train: train)
    assert one.identity("cut.train") is None
    flow = one.flow(World("", {"rows": one.circuit.values["rows"] * -3}))
    assert "declare `key=`" in flow.value("cut.train").error


def test_rows_of_rows() -> None:
    known = Identity("rows", np.array([4, 5, 6]), np.zeros(3, np.int64), "key")
    found = composed(known, np.array([0, 1, 2]), np.array([2, 2, -1, 0]))
    assert found is not None
    assert (found.at.tolist(), found.nth.tolist()) == ([6, 6, -1, 4], [0, 1, 0, 0])
    assert composed(known, np.array([0, 0, 1]), np.array([0])) is None
    assert rows_of(3) is None


def test_rows_are_in_order_where_each_moves_with_its_own_cells() -> None:
    def projected(trips: pd.DataFrame) -> Any:
        return Nystroem(n_components=8, random_state=0).fit_transform(trips[["miles", "fare"]])

    found = bench_of(projected).identity("features")
    assert found is not None and found.method == "position"
    assert bench_of(lambda trips: np.sort(trips["miles"].to_numpy() * 2)).identity("features") is None


def of_table(function: Any, table: pd.DataFrame) -> Bench:
    """A bench over a function of a table without key or clock."""
    circuit, made = of_function(function, "made", "here.py:1", {"table": table}, {})
    return Bench(circuit, made=made)  # type: ignore[arg-type]


def again_in(one: Bench, table: pd.DataFrame) -> Identity | None:
    flow = one.flow(World("", {"table": table}))
    return one.identities.again(flow, "made", rows_of(flow.value("made")))  # type: ignore[arg-type]


def test_what_is_sorted_by_a_column_that_was_sorted_before_is_not_in_order_of_another_world() -> None:
    table = trips(80)[["miles", "fare"]].sort_values("miles").reset_index(drop=True)
    one = of_table(lambda table: table.sort_values("miles", kind="stable").to_numpy(), table)
    known = one.identity("made")
    assert known is not None and known.method == "position"
    calm = again_in(one, table.assign(fare=table["fare"] * 2))
    assert calm is not None and (calm.at == known.at).all()
    assert again_in(one, table.assign(miles=table["miles"].where(table.index != 3, 99.0))) is None


def test_what_is_sorted_by_values_that_several_rows_share_is_not_in_order() -> None:
    table = trips(80)[["fare"]].assign(k=np.arange(80) // 7)

    def logs(table: pd.DataFrame) -> Any:
        return np.log1p(table.sort_values("k", kind="stable").to_numpy() + 0.5)

    assert of_table(logs, table).identity("made") is None


def test_rows_of_an_array_are_known_where_a_column_tells_them_and_the_others_are_not() -> None:
    table = trips(80)[["fare"]].assign(k=np.r_[np.arange(60)[::-1], np.full(20, 7)])

    def chosen(table: pd.DataFrame) -> Any:
        return np.column_stack([np.sort(table["fare"]), table["k"].astype(float)])

    found = of_table(chosen, table).identity("made")
    assert found is not None
    assert found.at[:7].tolist() == list(range(7)) and (found.at[60:] == -1).all() and found.at[52] == -1
