"""Parts of a step that grew: whose turn it is, and what they come to."""

from penstock.model.artifact import Stored
from penstock.model.code import Code
from penstock.model.step import Entry
from penstock.model.task import Failure, Fanout
from penstock.run.growing import NOTHING, due, outcome, spread
from penstock.run.nodes import Node

STORED = Stored("plain", "d", "d", 1)


def grown(count, **options):
    owner = Node("a", set(), ())
    nodes = {"a": owner}
    spread(owner, nodes, Fanout(Entry("pickle"), Code("c"), "x", (STORED,) * count, **options))
    return owner, nodes


def test_all_begin_at_once_unless_they_are_bounded():
    owner, _ = grown(3)
    assert due(owner) == ["a[0]", "a[1]", "a[2]"]
    assert due(owner) == []
    owner, _ = grown(5, most=2)
    assert due(owner) == ["a[0]", "a[1]"]
    assert due(owner) == []
    owner.open -= 1
    assert due(owner) == ["a[2]"]
    owner.open -= 2
    assert due(owner) == ["a[3]", "a[4]"]


def test_it_may_grow_again_on_other_items():
    owner, nodes = grown(2)
    nodes["a[0]"].state = "succeeded"
    spread(owner, nodes, Fanout(Entry("pickle"), Code("c"), "x", (STORED,) * 3))
    assert owner.kids == ("a[0]", "a[1]", "a[2]")
    assert [nodes[one].state for one in owner.kids] == ["pending"] * 3
    spread(owner, nodes, NOTHING)
    assert owner.kids == ()
    assert outcome(owner, nodes) == ("",)


def test_what_they_come_to():
    owner, nodes = grown(3, strict=True)
    for name, state in zip(owner.kids, ["succeeded", "reused", "skipped"], strict=True):
        nodes[name].state = state
    assert outcome(owner, nodes) == ("a[0]", "a[1]")
    nodes["a[1]"].state = "cancelled"
    assert outcome(owner, nodes) is None
    nodes["a[2]"].state, nodes["a[2]"].failure = "failed", Failure("E", "broken", "f.py:3")
    told = "1 of 3 items failed, first `a[2]` (1 was ended because of it): broken"
    assert outcome(owner, nodes) == Failure("E", told, "f.py:3")
