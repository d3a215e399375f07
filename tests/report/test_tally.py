"""A tally agrees with the ledger on what every step came to, whatever happened."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from tests.report.samples import FAILURE, committed, execution, ledger_at, run_of, story

from penstock.model.event import (
    Approved,
    Begun,
    Blocked,
    Cancelled,
    Committed,
    Decided,
    Event,
    Failed,
    Grown,
    Held,
    Progressed,
    Retrying,
    RunStarted,
    Skipped,
)
from penstock.model.run import Decision, Reason
from penstock.report.tally import Tally, done_before

NAMES = ("a", "b", "c/d", "e")
STATES = {"ran": "succeeded", "held": "waiting", "retrying": "waiting"}
events = st.one_of(
    st.sampled_from(NAMES).map(lambda name: Begun(f"r1/{name}/1", name, 1)),
    st.sampled_from(NAMES).map(lambda name: Committed(execution(name))),
    st.sampled_from(NAMES).map(lambda name: Failed(name, 1, FAILURE)),
    st.sampled_from(NAMES).map(lambda name: Retrying(name, 1, 0.5, FAILURE)),
    st.sampled_from(NAMES).map(lambda name: Held(name, "?")),
    st.sampled_from(NAMES).map(Approved),
    st.lists(st.sampled_from(NAMES), unique=True).map(lambda names: Blocked(tuple(names), "a")),
    st.lists(st.sampled_from(NAMES), unique=True).map(lambda names: Skipped(tuple(names), "no")),
    st.lists(st.sampled_from(NAMES), unique=True).map(lambda names: Cancelled(tuple(names))),
    st.sampled_from(NAMES).map(lambda name: Progressed(f"r1/{name}/1", 1, 2)),
)


def tally_of(story: list[Event]) -> Tally:
    tally = Tally()
    for i, event in enumerate(story):
        tally.on(event, float(i))
    return tally


@given(st.lists(events, max_size=12))
def test_counts_are_always_those_of_the_steps(script: list[Event]) -> None:
    tally = tally_of([RunStarted(run_of(NAMES)), *script])
    assert set(tally.steps) == set(NAMES)
    found: dict[str, int] = {}
    for one in tally.steps.values():
        found[one.state] = found.get(one.state, 0) + 1
    assert {state: many for state, many in tally.counts.items() if many} == found
    assert set(tally.running) == {one.name for one in tally.steps.values() if one.state in ("running", "retrying")}
    assert set(tally.failed) == {one.name for one in tally.steps.values() if one.state == "failed"}
    assert set(tally.held) == {one.name for one in tally.steps.values() if one.state == "held"}


def test_a_tally_ends_where_the_ledger_does(tmp_path: Path) -> None:
    tally = tally_of(story())
    rows = ledger_at(tmp_path, story()).steps("r1")
    assert {row["step"]: row["status"] for row in rows} == {
        one.name: STATES.get(one.state, one.state) for one in tally.steps.values()
    }
    assert (tally.status, tally.seconds, tally.over) == ("failed", 12.4, 5)


def test_reused_steps_are_done_at_once() -> None:
    done = Decision("a", "reuse", (Reason("same", "nothing changed"),), "k", execution("a"))
    tally = tally_of([RunStarted(run_of(("a", "b"))), Decided((done, Decision("b", "unknown")))])
    assert tally.counts == {"waiting": 1, "reused": 1}


def test_progress_finds_a_step_whose_name_holds_a_slash() -> None:
    tally = tally_of([RunStarted(run_of(NAMES)), Begun("r1/c/d/2", "c/d", 2), Progressed("r1/c/d/2", 3, 10, "fold")])
    step = tally.steps["c/d"]
    assert (step.done, step.total, step.text, step.attempt) == (3, 10, "fold", 2)


def test_a_new_attempt_begins_at_nothing() -> None:
    begun = Begun("r1/a/1", "a", 1)
    tally = tally_of([RunStarted(run_of(("a",))), begun, Progressed("r1/a/1", 3, 10), Retrying("a", 1, 0.1, FAILURE)])
    assert tally.steps["a"].state == "retrying"
    tally.on(Begun("r1/a/2", "a", 2), 9.0)
    assert (tally.steps["a"].state, tally.steps["a"].done, tally.steps["a"].attempt) == ("running", 0, 2)


def test_children_of_a_step_that_grew_are_its_progress() -> None:
    children = ("a[0]", "a[1]")
    tally = tally_of([RunStarted(run_of(("a", "b"))), Begun("r1/a/1", "a", 1), Grown("a", children)])
    for child in children:
        for event in committed(child):
            tally.on(event, 5.0)
    assert set(tally.steps) == {"a", "b"}
    assert (tally.steps["a"].done, tally.steps["a"].total, tally.steps["a"].state) == (2, 2, "running")
    tally.on(Committed(execution("a")), 6.0)
    assert tally.steps["a"].seconds == 5.0, "from its beginning, not what gathering took"
    assert tally.counts == {"waiting": 1, "running": 0, "ran": 1}


def test_a_child_that_fails_is_not_a_step_of_its_own() -> None:
    tally = tally_of([RunStarted(run_of(("a",))), Begun("r1/a/1", "a", 1), Grown("a", ("a[0]",))])
    tally.on(Failed("a[0]", 1, FAILURE), 3.0)
    tally.on(Blocked(("a",), "a[0]"), 4.0)
    assert tally.counts == {"waiting": 0, "running": 0, "blocked": 1}


def test_a_run_that_is_resumed_begins_with_what_it_has_done(tmp_path: Path) -> None:
    done = done_before(ledger_at(tmp_path, story()).steps("r1"))
    assert {name: state for name, (state, _) in done.items()} == {"clean": "ran", "scores": "ran"}
    tally = Tally(done)
    tally.on(RunStarted(run_of(("clean", "scores", "model"))), 0.0)
    assert tally.counts == {"waiting": 1, "ran": 2}
    assert tally.steps["scores"].execution is not None, "with its metrics"
    tally.on(Decided((Decision("clean", "run"), Decision("model", "unknown"))), 1.0)
    assert tally.counts == {"waiting": 2, "ran": 1}, "what was edited meanwhile is done again"
