from typing import Any

from penstock.checks.answering import answer, nodes_of_steps
from penstock.model.bench import BenchRequest, BenchStep, Pair
from penstock.model.step import Entry, Output

STEPS = (
    BenchStep("rows", "source", Entry("file"), contract={"key": ["id"], "label": ["y"]}),
    BenchStep("sides", "split", Entry("file"), {"rows": "rows"}, (Output("a", "train"), Output("b", "test"))),
)


def test_the_graph_as_checks_look_at_it() -> None:
    nodes = nodes_of_steps(STEPS)
    assert nodes["rows"].contract.key == ("id",)
    assert nodes["sides"].outputs == {"sides.a": "train", "sides.b": "test"}


def test_a_scan_is_asked_by_its_name() -> None:
    values: dict[str, Any] = {"rows": [{"id": i, "y": 0} for i in range(4)]}
    values["sides.a"], values["sides.b"] = values["rows"][:3], values["rows"][2:]
    asked = (Pair("overlap", "sides"), Pair("nonsense", "sides"))
    found = answer(STEPS, lambda *_: {}, values.__getitem__, BenchRequest(asked))
    overlap, unknown = found.results
    assert (overlap.check, overlap.verdict) == ("overlap", "PROVEN")
    assert found.findings[0].row == "2"
    assert (unknown.verdict, unknown.reason) == ("UNKNOWN", "no package offers the check `nonsense` here")


def test_what_time_does_not_allow_is_not_reached() -> None:
    found = answer(STEPS, lambda *_: {}, {}.__getitem__, BenchRequest((Pair("overlap", "sides"),), seconds=-1.0))
    assert found.results[0].reason.startswith("not reached")
