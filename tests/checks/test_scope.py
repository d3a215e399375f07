"""Which artifacts are judged, by the graph alone."""

from penstock.checks.circuit import Circuit
from penstock.checks.nodes import Node
from penstock.checks.scope import Scope

NODES = [
    Node("rows", "source", "", {}, {"rows": ""}),
    Node("features", "step", "", {"rows": "rows"}, {"features": ""}),
    Node("sides", "split", "", {"features": "features"}, {"sides.train": "train", "sides.test": "test"}),
    Node("settings", "step", "", {"train": "sides.train"}, {"settings": ""}),
    Node("model", "train", "", {"train": "sides.train", "settings": "settings"}, {"model": ""}),
    Node("guesses", "step", "", {"model": "model", "train": "sides.train"}, {"guesses": ""}),
    Node("upper", "train", "", {"guesses": "guesses"}, {"upper": ""}),
    Node("scores", "evaluate", "", {"upper": "upper", "test": "sides.test"}, {"scores": ""}),
    Node("chosen", "step", "", {"scores": "scores", "upper": "upper"}, {"chosen": ""}),
    Node("shown", "step", "", {"model": "model"}, {"shown": ""}),
]


def scope() -> Scope:
    return Scope(Circuit({one.name: one for one in NODES}, {}, {}))


def test_models_are_judged_as_state_and_scores_not_at_all() -> None:
    judged = {
        check: [one for node in NODES for one in node.outputs if scope().judged(check, one)]
        for check in ("as-of", "own-label", "test-blind", "test-label")
    }
    above = ["features", "sides.train", "sides.test", "settings"]
    assert judged["as-of"] == above
    assert judged["own-label"] == [*above, "guesses"]
    assert judged["test-blind"] == [*above, "model", "guesses", "upper", "shown"]
    assert judged["test-label"] == [*above, "model", "guesses", "upper", "chosen", "shown"]


def test_values_that_training_stands_on_are_choices() -> None:
    assert [node.name for node in NODES if scope().chosen(next(iter(node.outputs)))] == [
        "features",
        "settings",
        "guesses",
    ]
    assert scope().divided("settings") and not scope().divided("features")
    assert scope().taught("chosen") and not scope().taught("settings")


def test_what_descends_from_a_foul_side_is_not_judged() -> None:
    one = scope()
    one.foul = frozenset(["sides.train"])
    assert not one.judged("test-blind", "model") and one.judged("own-label", "guesses")
    assert "`sides.train`" in one.why_not("test-blind", "model")
    assert one.why_not("test-blind", "features") == ""
