"""Parameters: conversion from text, what is said when it fails, digests."""

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import make_step

from penstock.errors import ParameterError, UnknownName
from penstock.graph.graph import build
from penstock.model.step import Parameter
from penstock.plan.parameters import repr_of, seed_of, settings_of, split_overrides


def value_of(text, default):
    step = make_step("s", parameters=(Parameter("a", annotation=Any, default=default),))
    (setting,) = settings_of(step, {"a": text}, 0, Path())
    return pickle.loads(setting.data)


def test_without_an_annotation_text_is_read_as_json_if_it_is():
    for text, value in (("3", 3), ("0.5", 0.5), ("true", True), ("word", "word"), ("False", False), ("None", None)):
        assert value_of(text, 1) == value
        assert type(value_of(text, 1)) is type(value)


def test_without_an_annotation_a_default_says_what_text_means():
    assert value_of("no", True) is False
    assert value_of("2013", "2012") == "2013"
    with pytest.raises(ParameterError, match="true or false"):
        value_of("maybe", True)


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


def test_a_path_that_is_there_seen_from_elsewhere_says_where_paths_start(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("1")
    monkeypatch.chdir(tmp_path)
    step = make_step("rows", parameters=(Parameter("path", "path", Path, Path("a.csv")),))
    with pytest.raises(ParameterError) as error:
        settings_of(step, {}, 0, tmp_path / "project")
    assert str(tmp_path / "a.csv") in error.value.hint
    assert "start at the pipeline's folder" in error.value.hint


@dataclass(frozen=True)
class Config:
    files: tuple[Path, ...]
    depth: int = 1


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (list[Path], [Path("a.csv"), Path("b.csv")]),
        (dict[str, Path], {"one": Path("a.csv"), "two": Path("b.csv")}),
        (Config, Config((Path("a.csv"), Path("b.csv")))),
        (Any, {Path("a.csv"), Path("b.csv")}),
    ],
)
def test_paths_inside_of_other_values_start_at_the_root_and_are_hashed(tmp_path, annotation, value):
    def setting():
        (found,) = settings_of(step, {}, 0, tmp_path)
        return found

    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("1")
    step = make_step("rows", parameters=(Parameter("given", annotation=annotation, default=value),))
    before = setting()
    assert str(tmp_path / "a.csv") in repr(pickle.loads(before.data))
    assert [path for path, _ in before.within] == ["a.csv", "b.csv"]
    (tmp_path / "b.csv").write_text("2")
    assert setting().digest != before.digest
    (tmp_path / "b.csv").write_text("1")
    assert setting().digest == before.digest
    (tmp_path / "b.csv").unlink()
    with pytest.raises(ParameterError, match=r"rows\.given: .*b\.csv"):
        setting()


def test_one_file_twice_in_a_set_is_not_two(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("1")
    digests = set()
    for value in ({Path("a.csv")}, {Path("a.csv"), Path("b.csv")}):
        step = make_step("rows", parameters=(Parameter("given", default=value),))
        digests.add(settings_of(step, {}, 0, tmp_path)[0].digest)
    assert len(digests) == 2


def test_a_seed_may_have_to_be_given():
    step = make_step("model", parameters=(Parameter("seed", "seed", required=True),))
    with pytest.raises(ParameterError, match="needs a value for `seed`"):
        settings_of(step, {}, 0, Path())


def test_seeds_come_from_the_run_and_the_name():
    assert seed_of(0, "model") == seed_of(0, "model")
    assert len({seed_of(0, "model"), seed_of(1, "model"), seed_of(0, "other")}) == 3
    step = make_step("model", parameters=(Parameter("seed", "seed"),))
    (one,) = settings_of(step, {}, 7, Path())
    assert pickle.loads(one.data) == seed_of(7, "model")
    (given_by_hand,) = settings_of(step, {"seed": "5"}, 7, Path())
    assert pickle.loads(given_by_hand.data) == 5


def test_overrides_are_sorted_by_step_and_misspelt_ones_corrected():
    graph = build(
        [make_step("train"), make_step("model", ("train",), parameters=(Parameter("lr"), Parameter("depth")))]
    )
    assert split_overrides(graph, {"model.lr": "1", "model.depth": "2"}) == {"model": {"lr": "1", "depth": "2"}}
    for name, words in (
        ("modle.lr", "`model`"), ("model.dept", "`depth`"), ("lr", "`model.lr`"), ("model.x", "`depth`, `lr`"),
        ("model.depth.inner", "`model.depth` as a whole"), ("model.train", "is an input"),
    ):  # fmt: skip
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
