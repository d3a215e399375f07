from tests.strategies import make_step

from penstock.app.recording import graph_record
from penstock.graph.graph import build
from penstock.model.run import Run
from penstock.report.graphs import graph_view


def test_steps_and_edges() -> None:
    steps = [
        make_step("a", outputs=("x", "y")),
        make_step("b", inputs=("a.x", "a.y")),
        make_step("c", inputs=("b", "a.x")),
    ]
    run = Run(id="r", pipeline="p", started=0.0, graph=graph_record(build(steps)))
    said = graph_view(run)
    assert [one["step"] for one in said["nodes"]] == ["a", "b", "c"]
    assert said["nodes"][0]["outputs"] == {"a.x": None, "a.y": None}
    assert said["nodes"][1]["outputs"] == {"b": None}
    found = {(one["source"], one["target"], one["artifact"]) for one in said["edges"]}
    assert found == {("a", "b", "a.x"), ("a", "b", "a.y"), ("a", "c", "a.x"), ("b", "c", "b")}
