"""The graph: order, reach, targets, circles."""

import pytest
from hypothesis import given
from tests.strategies import graphs, make_step

from penstock.errors import CycleError, DuplicateName, UnknownName
from penstock.graph.graph import build


def of(edges):
    return build([make_step(name, parents) for name, parents in edges.items()])


@given(graphs())
def test_order_is_topological_and_complete(edges):
    graph = of(edges)
    order = list(graph.steps)
    assert sorted(order) == sorted(edges)
    for name, parents in edges.items():
        assert all(order.index(parent) < order.index(name) for parent in parents)
        assert set(graph.parents(name)) == set(parents)
        assert all(name in graph.children(parent) for parent in parents)


@given(graphs())
def test_order_does_not_depend_on_how_it_is_built(edges):
    assert list(of(edges).steps) == list(of(edges).steps)


@given(graphs())
def test_above_and_below_are_each_other_s_inverse(edges):
    graph = of(edges)
    for one in edges:
        for other in graph.above([one]):
            assert one in graph.below([other])


@given(graphs())
def test_only_keeps_what_the_targets_need(edges):
    graph = of(edges)
    target = next(iter(edges))
    part = graph.only([target])
    assert set(part.steps) == graph.above([target])
    assert list(part.steps) == [name for name in graph.steps if name in part.steps]


def test_independent_steps_keep_the_order_of_declaration():
    assert list(of({"b": (), "a": (), "c": ()}).steps) == ["b", "a", "c"]


def test_a_circle_is_named_with_its_members():
    with pytest.raises(CycleError) as error:
        of({"a": ("c",), "b": ("a",), "c": ("b",), "d": ("a",)})
    assert "`a` → `b` → `c` → `a`" in error.value.what or error.value.what.count("→") == 3
    assert error.value.where.startswith("pipeline.py:")


def test_a_step_that_reads_itself_is_a_circle():
    with pytest.raises(CycleError, match="`a` → `a`"):
        of({"a": ("a",)})


def test_two_steps_of_one_name():
    with pytest.raises(DuplicateName, match="`a`"):
        build([make_step("a"), make_step("a")])


def test_targets_may_be_artifacts_and_misspelt_ones_get_close_matches():
    graph = build([make_step("sides", outputs=("train", "test")), make_step("model", ("train",))])
    assert set(graph.only(["train"]).steps) == {"sides"}
    assert set(graph.only(["sides.test"]).steps) == {"sides"}
    with pytest.raises(UnknownName, match="Did you mean `model`"):
        graph.only(["modle"])


def test_a_chain_of_ten_thousand_needs_no_recursion():
    edges = {f"s{index}": (f"s{index - 1}",) if index else () for index in range(10_000)}
    graph = of(edges)
    assert len(graph.above(["s9999"])) == 10_000
    assert len(graph.below(["s0"])) == 10_000
