"""A step as the engine sees it."""

from penstock.run.nodes import Node


def test_a_step_begins_with_nothing_done() -> None:
    node = Node("a", {"b"}, ("c",), 2, 1.5)
    assert (node.state, node.missing, node.children, node.retries, node.backoff) == ("pending", {"b"}, ("c",), 2, 1.5)
    assert not (node.attempt or node.told or node.early or node.loose or node.late or node.stale or node.kids)
