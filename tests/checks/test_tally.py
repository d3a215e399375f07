"""The books: guilt goes to the first step that moved, verdicts follow from proofs, and what can't be compared is said."""

from typing import Any

import numpy as np
from tests.checks.trips import CONTRACT, trips

from penstock.checks.bench import Bench
from penstock.checks.circuit import Circuit
from penstock.checks.tally import Tally
from penstock.checks.view import Node
from penstock.checks.worlds import World
from penstock.model.contract import Contract


def chain() -> Bench:
    """trips → scaled (looks at all rows) → doubled (row by row)."""

    def scaled(given: Any) -> dict[str, Any]:
        return {"scaled": given["trips"].assign(x=lambda t: t["miles"] / t["miles"].max())}

    def doubled(given: Any) -> dict[str, Any]:
        return {"doubled": given["scaled"].assign(y=lambda t: t["x"] * 2)}

    nodes = {
        "trips": Node("trips", "source", "", {}, {"trips": ""}, CONTRACT),
        "scaled": Node("scaled", "step", "f.py:1", {"trips": "trips"}, {"scaled": ""}, Contract()),
        "doubled": Node("doubled", "step", "f.py:2", {"scaled": "scaled"}, {"doubled": ""}, Contract()),
    }
    return Bench(Circuit(nodes, {"scaled": scaled, "doubled": doubled}, {"trips": trips()}))


def far(top: float) -> World:
    frame = trips()
    frame.loc[399, "miles"] = top
    return World("the last row is far out", {"trips": frame})


def early(_: str) -> Any:
    return np.arange(400) < 300


def test_the_first_step_that_moved_is_guilty() -> None:
    tally = Tally(chain(), "as-of")
    tally.add(far(500.0), early)
    findings = tally.findings("mend it")
    assert [(one.step, one.column, one.verdict, one.where, one.row, one.hint) for one in findings] == [
        ("scaled", "x", "PROVEN", "f.py:1", "t299", "mend it")
    ]
    said = {one.step: one for one in tally.results("a world", findings)}
    assert said["scaled"].verdict == "PROVEN" and said["scaled"].reruns == 2
    assert said["doubled"].verdict == "CLEAN"


def test_an_extreme_world_alone_proves_nothing_and_neither_does_a_hair() -> None:
    tally = Tally(chain(), "as-of")
    tally.add(far(500.0)._replace(proof=False), early)
    assert [one.verdict for one in tally.findings()] == ["SUSPECT"]
    tally.add(far(500.0), early)
    assert [one.verdict for one in tally.findings()] == ["PROVEN"]
    hair = Tally(chain(), "as-of")
    top = trips()["miles"].max()
    hair.add(far(top * (1 + 1e-7)), early)
    assert [one.verdict for one in hair.findings()] == ["SUSPECT"]


def test_what_was_not_judged_is_unknown() -> None:
    tally = Tally(chain(), "as-of")
    tally.add(far(500.0), lambda _: None)
    assert {one.verdict for one in tally.results("", [], "declare it")} == {"UNKNOWN"}
    assert {one.reason for one in tally.results("", [], "declare it")} == {"declare it"}


def test_columns_that_come_or_go_are_suspect() -> None:
    bench = chain()

    def dummies(given: Any) -> dict[str, Any]:
        frame = given["trips"]
        return {"scaled": frame.assign(**{f"zone_{one}": frame["zone"] == one for one in set(frame["zone"])})}

    bench.circuit.calls["scaled"] = dummies
    bench.circuit.calls["doubled"] = lambda given: {"doubled": given["scaled"]}
    frame = trips()
    frame.loc[399, "zone"] = "z"
    tally = Tally(bench, "as-of")
    tally.add(World("a new zone", {"trips": frame}), early)
    assert ("scaled", "zone_z", "SUSPECT") in [(one.step, one.column, one.verdict) for one in tally.findings()]


def test_a_suspicion_is_no_proof_whatever_moved() -> None:
    tally = Tally(chain(), "own-label")
    tally.add(far(500.0), early)
    tally.suspect("scaled", "scaled", "x", "say target=")
    assert [(one.verdict, one.hint) for one in tally.findings("mend it")] == [("SUSPECT", "say target=")]
