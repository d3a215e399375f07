"""Binding: names of artifacts, short and full, and what is said when there is none."""

import pytest
from tests.strategies import make_step

from penstock.errors import DuplicateName, UnknownName
from penstock.graph.bind import bind, names
from penstock.model.step import Parameter


def table(*steps):
    return {one.name: one for one in steps}


def test_short_names_serve_while_they_are_unique():
    one = table(make_step("sides", outputs=("train", "test")), make_step("model", ("train",)))
    assert bind(one)["model"] == {"train": ("sides", "sides.train")}
    two = table(*one.values(), make_step("folds", outputs=("train", "rest")))
    with pytest.raises(UnknownName, match="which 2 steps make") as error:
        bind(two)
    assert "`sides.train` or `folds.train`" in error.value.hint


def test_a_full_name_beats_a_short_one():
    known = names([make_step("train"), make_step("sides", outputs=("train", "test"))])
    assert known["train"] == ("train", "train")
    assert known["sides.train"] == ("sides", "sides.train")


def test_a_name_that_a_step_and_an_output_bear_must_be_told_apart():
    sides, model = make_step("sides", outputs=("train", "test")), make_step("model", ("train",))
    assert bind(table(sides, model))["model"] == {"train": ("sides", "sides.train")}
    with pytest.raises(DuplicateName, match="`train`, which is a step and also an output of step `sides`") as error:
        bind(table(sides, make_step("train"), model))
    assert "inputs={'train': 'sides.train'}" in error.value.hint
    own = make_step("train", outputs=("train", "rest"))
    assert bind(table(own, model))["model"] == {"train": ("train", "train.train")}


def test_an_unknown_input_gets_close_matches_and_its_place():
    with pytest.raises(UnknownName, match="needs `flihgts`") as error:
        bind(table(make_step("flights"), make_step("clean", ("flihgts",))))
    assert "Did you mean `flights`?" in error.value.hint
    assert error.value.where == "pipeline.py:5"


def test_a_step_with_several_outputs_is_not_an_artifact():
    with pytest.raises(UnknownName, match="several artifacts") as error:
        bind(table(make_step("sides", outputs=("train", "test")), make_step("model", ("sides",))))
    assert "`sides.train`, `sides.test`" in error.value.hint


def test_a_parameter_may_not_bear_an_artifact_s_name():
    step = make_step("model", parameters=(Parameter("clean"),))
    with pytest.raises(DuplicateName, match="`clean`"):
        bind(table(make_step("clean"), step))
