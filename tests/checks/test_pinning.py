"""Sides put together again: by row, in whatever library holds them."""

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tests.checks.lines import CONTRACT, rows

from penstock.checks.facts import Identity, SourceFacts
from penstock.checks.nodes import Node
from penstock.checks.pinning import assembled, assigned, chosen_rows, groups, like, recorded_rows, roles
from penstock.model.contract import contract_of_record
from penstock.values.records import records

SPLIT = Node("sides", "split", "", {"rows": "rows"}, {"sides.train": "train", "sides.test": "test"})


def identity(at: list[int]) -> Identity:
    return Identity("rows", np.array(at), np.zeros(len(at), np.int64), "key")


def test_each_side_gets_its_rows_back_in_its_order() -> None:
    values = {"a": np.array([10, 11, 12]), "b": np.array([13, 14])}
    said = assigned(["a", "b"], [3, 2], identity([0, 1, 2, 3, 4]), None)
    other = {"a": np.array([94, 91]), "b": np.array([90, 93, 92])}
    made, told = assembled(other, [2, 3], identity([4, 1, 0, 3, 2]), said)
    assert {name: one.tolist() for name, one in made.items()} == {"a": [90, 91, 92], "b": [93, 94]}
    assert told["a"].at.tolist() == [0, 1, 2]
    same, _ = assembled(values, [3, 2], identity([0, 1, 2, 3, 4]), said)
    assert same["a"] is values["a"]


def test_rows_that_are_gone_are_left_out_and_those_of_several_sides_stay_in_each() -> None:
    said = assigned(["a", "b"], [2, 2], identity([0, 1, 1, 2]), None)
    made, _ = assembled({"a": [7], "b": [9, 8]}, [1, 2], identity([1, 2, 1]), said)
    assert made == {"a": [7], "b": [8, 9]}


def test_what_the_run_said_is_taken_from_whichever_side_holds_it_now() -> None:
    said = assigned(["a", "b"], [1, 3], identity([0, 1, 2, 3]), {"a": np.array([0, 2]), "b": np.array([1])})
    assert {name: at.tolist() for name, (at, _) in said.rows.items()} == {"a": [0, 2], "b": [1]}


def test_recorded_sides_are_told_by_key_mask_or_position() -> None:
    table = rows(40)
    main = SourceFacts("rows", records(table), contract_of_record(CONTRACT))  # type: ignore[arg-type]
    nodes = {"sides": SPLIT}

    def told(train: Any, test: Any) -> list[list[int]]:
        values = {"rows": table, "sides.train": train, "sides.test": test}
        return [one.tolist() for one in recorded_rows(nodes, values.__getitem__, main).values()]

    wanted = [list(range(30)), list(range(30, 40))]
    mask = np.arange(40) < 30
    assert told(table[:30], table[30:]) == wanted
    assert told(mask, ~mask) == wanted
    assert told(np.arange(30), np.arange(30, 40)) == wanted
    assert told(table["id"][:30], table["id"][30:]) == wanted
    assert recorded_rows(nodes, {"rows": table, "sides.train": 3, "sides.test": "x"}.__getitem__, main) == {}


def test_roles_of_folds_are_those_of_the_first_and_others_are_foul() -> None:
    outputs = {"train_1": "train", "test_1": "test", "train_2": "train", "test_2": "test"}
    nodes = {"folds": Node("folds", "split", "", {}, outputs)}
    even, odd = np.array([0, 2, 4]), np.array([1, 3, 5])
    sides, foul = roles(nodes, {"train_1": even, "test_1": odd, "train_2": odd, "test_2": even}, 7)
    assert sides.tolist() == ["train", "test", "train", "test", "train", "test", ""]
    assert foul == {"train_2"}
    assert roles(nodes, {"train_1": even}, 7)[0] is None
    assert roles({}, {}, 7) == (None, frozenset())


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (np.array([True, False, True, False]), [0, 2]),
        (pl.Series([3, 1]), [3, 1]),
        (pd.Series([True, True, False, False]), [0, 1]),
        (np.array([1, 1]), None),
        (np.array([4]), None),
        (np.array([0.5, 1.5]), None),
        (pd.DataFrame({"a": [True, False, True, True]}), None),
    ],
)
def test_masks_and_positions_stand_for_rows(value: Any, found: list[int] | None) -> None:
    held = records(value)
    assert held is not None
    chosen = chosen_rows(value, held, 4)
    assert found is None if chosen is None else chosen.tolist() == found


def test_a_place_keeps_its_form() -> None:
    mask = like(pd.Series([True, False, False], index=[5, 6, 7], name="t"), np.array([2]), 3)
    assert mask.tolist() == [False, False, True] and mask.index.tolist() == [5, 6, 7] and mask.name == "t"
    assert like(np.array([1, 2]), np.array([0]), 3).tolist() == [0]
    assert like(pl.Series("p", [1, 2], dtype=pl.UInt32), np.array([0]), 3).dtype == pl.UInt32
    assert like([0, 1], np.array([2]), 3) == [2]


def test_sides_with_the_same_columns_belong_together() -> None:
    one = pd.DataFrame({"x": [1]})
    assert groups({"X_train": one, "y_train": one["x"], "X_test": one, "y_test": one["x"], "n": 3}) == [
        ["X_train", "X_test"],
        ["y_train", "y_test"],
    ]
