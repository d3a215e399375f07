"""Hypothesis strategies for the central objects: steps, graphs, scripts of a run."""

from hypothesis import strategies as st

from penstock.model.code import Code
from penstock.model.step import Entry, Output, Step

__all__ = ["graphs", "make_step"]


def make_step(name: str, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ("",), **fields: object) -> Step:
    """A step whose arguments are named for what they take."""
    return Step(
        name=name,
        kind="step",
        function=lambda **_: None,
        inputs={one.replace(".", "_"): one for one in inputs},
        outputs=tuple(Output(one) for one in outputs),
        where=f"pipeline.py:{len(name)}",
        code=Code(digest=f"code of {name}"),
        entry=Entry("pickle"),
        **fields,
    )


@st.composite
def graphs(draw: st.DrawFn, max_steps: int = 8) -> dict[str, tuple[str, ...]]:
    """Acyclic graphs as `{step: parents}`, in an order of declaration that need not be topological."""
    count = draw(st.integers(1, max_steps))
    names = [f"s{index}" for index in range(count)]
    edges = {
        name: tuple(draw(st.lists(st.sampled_from(names[:index]), unique=True, max_size=4))) if index else ()
        for index, name in enumerate(names)
    }
    order = draw(st.permutations(names))
    return {name: edges[name] for name in order}
