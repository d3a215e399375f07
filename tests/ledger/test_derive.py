from penstock.ledger.derive import End, Grow, Label, Rows, Start, fold
from penstock.ledger.packing import unpack_metrics, unpack_reasons
from penstock.model.event import (
    Begun,
    Committed,
    Decided,
    Failed,
    Grown,
    Labelled,
    Measured,
    Progressed,
    RunEnded,
    RunStarted,
    Warned,
)
from penstock.model.run import Decision, Reason
from penstock.model.task import Ended, Failure, Usage
from penstock.testing.ledgers import make_execution, make_run

FAILURE = Failure("ValueError", "no")


def test_events_that_change_nothing() -> None:
    assert fold("r", [Progressed("r/a/1", 1), Measured("r/a/1", "x", 1.0), Warned("a", "k", "w")], 1.0, {}) == []


def test_events_of_one_step_become_one_row() -> None:
    events = [Begun("r/a/1", "a", 1), Failed("a", 1, FAILURE), Begun("r/a/2", "a", 2), Committed(make_execution("a"))]
    (rows,) = fold("r", events, 5.0, {make_execution("a").key: 9})
    assert isinstance(rows, Rows)
    assert rows.steps["a"]["status"] == "succeeded"
    assert rows.steps["a"]["execution"] == 9
    assert rows.steps["a"]["error"] is None


def test_what_concerns_all_steps_keeps_its_place() -> None:
    run = make_run("r", steps=("a", "b"))
    events = [
        RunStarted(run),
        Begun("r/a/1", "a", 1),
        Grown("a", ("a[0]",)),
        Begun("r/b/1", "b", 1),
        RunEnded("failed", 2),
    ]
    operations = fold("r", events, 1.0, {})
    assert [type(one) for one in operations] == [Start, Rows, Grow, Rows, End]
    assert operations[1].steps["a"] | {"log": 0} == {
        "position": 0,
        "child": 0,
        "kind": "train",
        "status": "running",
        "attempts": 1,
        "started": 1.0,
        "log": 0,
        "error": None,
        "because": None,
    }
    assert set(operations[3].steps) == {"b"}


def test_labels_concern_the_run() -> None:
    assert fold("r", [Labelled("best", ("a",), ("b",))], 1.0, {}) == [Label("best", ("a",), ("b",))]


def test_a_task_names_its_step() -> None:
    """Whatever signs are in the names of run and step."""
    ended = Ended("r/1/each/a/b[0]/12", "succeeded", usage=Usage(seconds=3.0), metrics={"m": 1.0})
    (rows,) = fold("r/1", [ended], 1.0, {})
    assert list(rows.steps) == ["each/a/b[0]"]
    assert rows.steps["each/a/b[0]"]["seconds"] == 3.0
    assert unpack_metrics(rows.steps["each/a/b[0]"]["metrics"]) == {"m": 1.0}


def test_reasons_are_each_steps_own() -> None:
    """Though equal objects are packed once."""
    shared = (Reason("same", "nothing"),)
    decisions = [Decision(f"s{n}", "reuse", shared, f"k{n}") for n in range(3)]
    decisions += [Decision(f"t{n}", "run", (Reason("code", f"helper {n}"),), "") for n in range(50)]
    (rows,) = fold("r", [Decided((one,)) for one in decisions], 1.0, {"k1": 4})
    for one in decisions:
        assert unpack_reasons(rows.steps[one.step]["reasons"]) == one.reasons
    assert [rows.steps[f"s{n}"]["execution"] for n in range(3)] == [None, 4, None]
    assert rows.steps["t0"]["status"] == "waiting"


def test_a_graph_of_any_form_gives_kinds() -> None:
    for graph in ({}, {"a": None}, {"a": "source"}, {"a": {}}):
        run = make_run("r", steps=("a",))
        run = type(run)(id="r", pipeline="p", started=0.0, steps=("a",), graph=graph)
        assert fold("r", [RunStarted(run)], 1.0, {})[1].steps["a"]["kind"] == "step"
