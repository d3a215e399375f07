"""What an answer stands on: whatever of it is another one, the answer is asked anew; of what is none of it, never."""

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.strategies import graphs, make_step

from penstock.app.grounds import Grounds
from penstock.graph.graph import Graph, build
from penstock.model.bench import Pair

KINDS = st.sampled_from(["step", "step", "split", "train"])


def made_of(shape: dict[str, tuple[str, ...]], kinds: list[Any]) -> Graph:
    steps = zip(shape.items(), kinds, strict=False)
    return build([replace(make_step(name, inputs), kind=kind) for (name, inputs), kind in steps])


def keyed(graph: Graph, **other: str) -> Any:
    return {name: SimpleNamespace(key=other.get(name, f"key of {name}")) for name in graph.steps}


def ground_of(graph: Graph, step: str, *, stacked: bool) -> set[str]:
    """By the sentence that says it."""
    splits = [name for name, one in graph.steps.items() if one.kind == "split"]
    trained = stacked and graph.steps[step].kind == "train"
    return graph.above([*(graph.below([step]) if trained else {step}), *splits])


@given(graphs(), st.lists(KINDS, min_size=8, max_size=8), st.booleans(), st.data())
def test_the_parts_change_with_the_ground_and_with_nothing_else(
    shape: Any, kinds: Any, stacked: bool, data: Any
) -> None:
    graph = made_of(shape, kinds)
    step, edited = data.draw(st.sampled_from(list(graph.steps))), data.draw(st.sampled_from(list(graph.steps)))
    pair = Pair("check", step)
    before = list(Grounds(graph, keyed(graph)).parts(pair, stacked=stacked))
    after = list(Grounds(graph, keyed(graph, **{edited: "another"})).parts(pair, stacked=stacked))
    assert (before != after) == (edited in ground_of(graph, step, stacked=stacked))


@given(graphs(), st.lists(KINDS, min_size=8, max_size=8), st.data())
def test_it_is_whole_where_all_of_it_was_done(shape: Any, kinds: Any, data: Any) -> None:
    graph = made_of(shape, kinds)
    step = data.draw(st.sampled_from(list(graph.steps)))
    left = data.draw(st.sets(st.sampled_from(list(graph.steps))))
    done = {name: one for name, one in keyed(graph).items() if name not in left}
    whole = Grounds(graph, done).whole(Pair("check", step))
    assert whole == ground_of(graph, step, stacked=False).isdisjoint(left)


def test_a_long_chain_is_told_step_by_step() -> None:
    names = [f"s{number}" for number in range(3000)]
    graph = build([make_step(one, (names[number - 1],) if number else ()) for number, one in enumerate(names)])
    asked: list[int] = []
    grounds = Grounds(graph, keyed(graph))
    graph.above = graph.below = lambda steps: asked.append(1) or set()  # type: ignore[method-assign, assignment, func-returns-value]
    assert len({tuple(grounds.parts(Pair("check", one), stacked=True)) for one in names}) == 3000
    assert not asked
