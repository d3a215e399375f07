"""Steps behind the gate: they begin when the checks have spoken for them, and never against them."""

from penstock.model.event import Blocked, Decided
from penstock.model.run import Decision
from penstock.model.task import Ended
from penstock.run.commands import Decide, Interrupted, Judged, Say, Settled, Submit
from penstock.run.gate import GatedEngine

PARENTS = {"model": (), "publish": ("model",), "notify": ("publish",)}
CHILDREN = {"model": ("publish",), "publish": ("notify",), "notify": ()}


def driven() -> GatedEngine:
    engine = GatedEngine(PARENTS, CHILDREN, gated=["publish"], maker=str)
    engine.begin([Decision("model", "run", key="k"), Decision("publish", "unknown"), Decision("notify", "unknown")])
    assert not engine.done
    engine.on(Ended("r/model/1", "succeeded"))
    assert engine.on(Settled("model")) == []
    return engine


def test_what_is_gated_waits_for_the_word() -> None:
    engine = driven()
    assert engine.done
    assert engine.states["publish"] == "pending"
    assert engine.on(Judged()) == [Decide("publish")]
    assert not engine.done
    assert engine.on(Decided((Decision("publish", "run", key="k"),))) == [Submit("publish", 1)]


def test_a_finding_blocks_it_and_all_below() -> None:
    engine = driven()
    (said,) = engine.on(Judged("finding 0123"))
    assert said == Say(Blocked(("publish", "notify"), "finding 0123"))
    assert engine.done
    assert engine.status == "failed"


def test_what_is_reused_was_handed_on_before() -> None:
    engine = GatedEngine(PARENTS, CHILDREN, gated=["publish"], maker=str)
    engine.begin([Decision(name, "reuse", key="k") for name in PARENTS])
    assert engine.on(Judged("finding 0123")) == []
    assert engine.status == "succeeded"


def test_an_interruption_ends_what_waits() -> None:
    engine = driven()
    engine.on(Interrupted("Ctrl-C"))
    assert engine.states["publish"] == "cancelled"
    assert engine.on(Judged()) == []
