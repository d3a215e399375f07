"""Nodes are what they were made of, and distinct even where they look alike."""

from penstock.declare.nodes import Node


def test_nodes_are_themselves():
    one, two = Node("t"), Node("t")
    assert one.token == two.token
    assert one is not two and len({one, two}) == 2
    assert (one.edges, one.looks, one.index, one.input, one.wrote, one.loads) == ([], 0, -1, "", (), ())
