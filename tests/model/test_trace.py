from typing import get_args

from penstock.model.trace import Cell, State, Stop, Trace


def test_a_trace_says_nothing_that_it_was_not_told() -> None:
    trace = Trace("k", "s", "r", "p", (Stop("a", "a", "source", "present", 1, {"x": 1}),))
    assert (trace.dropped_at, trace.side, trace.predictions, trace.asked) == ("", "", (), None)
    assert set(get_args(State)) == {"present", "dropped", "multiplied", "absent", "unknown"}


def test_a_cell_is_exact_only_where_it_is_said() -> None:
    assert Cell("a.x", "k", 1, (), exact=False, reruns=3, why="cut short").exact is False
