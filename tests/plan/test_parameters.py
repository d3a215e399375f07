"""Parameters: conversion from text, what is said when it fails, digests."""

import enum
import pickle
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import make_step

from penstock.errors import ParameterError, UnknownName
from penstock.graph.graph import build
from penstock.model.step import Parameter
from penstock.plan.parameters import convert, repr_of, seed_of, settings_of, split_overrides


class Colour(enum.Enum):
    RED = "red"


@dataclass(frozen=True)
class Tree:
    depth: int = 1


@pytest.mark.parametrize(
    ("text", "annotation", "value"),
    [
        ("3", int, 3),
        ("-3", int, -3),
        ("0.5", float, 0.5),
        ("1e-3", float, 0.001),
        ("3", float, 3.0),
        ("yes", bool, True),
        ("off", bool, False),
        ("x", str, "x"),
        ("3", str, "3"),
        ("none", Optional[int], None),
        ("3", int | None, 3),
        ("red", Colour, Colour.RED),
        ("b", Literal["a", "b"], "b"),
        ("2020-01-02", date, date(2020, 1, 2)),
        ("PT2H", timedelta, timedelta(hours=2)),
        ("1,2", list[int], [1, 2]),
        ("[1, 2]", list[int], [1, 2]),
        ("a,b", tuple[str, ...], ("a", "b")),
        ('{"a": 1}', dict[str, int], {"a": 1}),
        ("a/b", Path, Path("a/b")),
        ('{"depth": 3}', Tree, Tree(3)),
    ],
)
def test_text_becomes_what_the_annotation_says(text, annotation, value):
    found = convert(text, annotation)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("value", "annotation", "words"),
    [
        ("x", int, "int"),
        ("3.5", int, "int"),
        ("maybe", bool, "true or false"),
        ("c", Literal["a", "b"], "Literal"),
        ("blue", Colour, "Colour"),
        (3.5, int, "int"),
        ("[1", list[int], "JSON"),
    ],
)
def test_what_does_not_fit_says_what_is_wanted(value, annotation, words):
    with pytest.raises(ValueError, match=words):
        convert(value, annotation)


def test_without_an_annotation_text_is_read_as_json_if_it_is():
    step = make_step("s", parameters=(Parameter("a", annotation=Any, default=1),))
    for text, value in (("3", 3), ("0.5", 0.5), ("true", True), ("word", "word")):
        (setting,) = settings_of(step, {"a": text}, 0, Path())
        assert pickle.loads(setting.data) == value


def test_a_missing_required_parameter_says_how_to_give_it():
    step = make_step("model", parameters=(Parameter("lr", required=True),))
    with pytest.raises(ParameterError, match="needs a value for `lr`") as error:
        settings_of(step, {}, 0, Path())
    assert "--set model.lr=VALUE" in error.value.hint


def test_a_wrong_value_names_step_and_parameter():
    step = make_step("model", parameters=(Parameter("lr", annotation=float, default=0.1),))
    with pytest.raises(ParameterError, match=r"model\.lr='fast'"):
        settings_of(step, {"lr": "fast"}, 0, Path())


def test_paths_start_at_the_root_and_are_hashed(tmp_path):
    (tmp_path / "a.csv").write_text("1")
    step = make_step("rows", parameters=(Parameter("path", "path", Path, Path("a.csv")),))
    (one,) = settings_of(step, {}, 0, tmp_path)
    assert (one.kind, one.shown, pickle.loads(one.data)) == ("path", "a.csv", tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("2")
    (two,) = settings_of(step, {}, 0, tmp_path)
    assert one.digest != two.digest
    with pytest.raises(ParameterError, match=r"rows\.path: .*no\.csv"):
        settings_of(step, {"path": "no.csv"}, 0, tmp_path)


def test_seeds_come_from_the_run_and_the_name():
    assert seed_of(0, "model") == seed_of(0, "model")
    assert len({seed_of(0, "model"), seed_of(1, "model"), seed_of(0, "other")}) == 3
    step = make_step("model", parameters=(Parameter("seed", "seed"),))
    (one,) = settings_of(step, {}, 7, Path())
    assert pickle.loads(one.data) == seed_of(7, "model")
    (given_by_hand,) = settings_of(step, {"seed": "5"}, 7, Path())
    assert pickle.loads(given_by_hand.data) == 5


def test_overrides_are_sorted_by_step_and_misspelt_ones_corrected():
    graph = build([make_step("model", parameters=(Parameter("lr"), Parameter("depth")))])
    assert split_overrides(graph, {"model.lr": "1", "model.depth": "2"}) == {"model": {"lr": "1", "depth": "2"}}
    for name, words in (("modle.lr", "`model`"), ("model.dept", "`depth`"), ("lr", "`model.lr`")):
        with pytest.raises(UnknownName) as error:
            split_overrides(graph, {name: "1"})
        assert words in error.value.hint


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def typed(value):
    if isinstance(value, list | tuple):
        return (type(value), [typed(one) for one in value])
    if isinstance(value, dict):
        return (dict, [(key, typed(one)) for key, one in value.items()])
    return (type(value), repr(value))


@given(plain, plain)
def test_canonical_texts_are_equal_exactly_for_equal_values(one, two):
    assert (repr_of(one) == repr_of(two)) == (typed(one) == typed(two))


class _Options:
    def __init__(self, names):
        self.names = names


def test_objects_are_told_by_what_they_hold_whatever_the_order_of_sets():
    one, two = _Options({"a", "b"}), _Options({"b", "a"})
    assert repr_of(one) == repr_of(two) != repr_of(_Options({"a", "c"}))


def test_functions_are_told_by_name_where_the_closure_knows_them():
    assert repr_of([1, _Options.__init__], known=True) == "list[int:1,function:_Options.__init__]"
    with pytest.raises(TypeError):
        repr_of([_Options.__init__])
