"""The engine against every order in which things can happen: each step comes to one end, none begins too early."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.strategies import graphs

from penstock.errors import UnknownName
from penstock.model.artifact import Stored
from penstock.model.code import Code
from penstock.model.event import Begun, Blocked, Decided, Failed, Held, Produced, Retrying, Skipped, Stopping
from penstock.model.run import Decision
from penstock.model.step import Entry
from penstock.model.task import Ended, Failure, Fanout
from penstock.run.commands import (
    Busy,
    Commit,
    Decide,
    Drop,
    Forget,
    Interrupted,
    Replaced,
    Say,
    Settled,
    Stop,
    Submit,
    Wake,
    Woken,
)
from penstock.run.engine import Engine
from penstock.run.nodes import ENDS

STORED = Stored("plain", "d", "d", 1)


def engine_of(edges, **options):
    children = {name: [child for child, parents in edges.items() if name in parents] for name in edges}
    order = sorted(edges, key=lambda name: int(name[1:]))
    return Engine({name: edges[name] for name in order}, children, maker=lambda artifact: artifact, **options), order


class World:
    """Plays executor, ledger and other runs, by a seeded script."""

    def __init__(self, edges, script, *, fate=None, **options):
        self.edges, self.random = edges, random.Random(script)
        self.engine, self.order = engine_of(edges, **options)
        self.fate = fate or {}
        self.running, self.committing, self.waking = [], [], []
        self.available, self.log, self.events = set(), [], []
        self.submitted, self.early = {}, set()

    def start(self, reuse=()):
        decisions = []
        known = set()
        for name in self.order:
            if name in reuse and all(parent in known for parent in self.edges[name]):
                known.add(name)
                self.available.add(name)
                decisions.append(Decision(name, "reuse", key=name))
            elif all(parent in known for parent in self.edges[name]):
                decisions.append(Decision(name, "run", key=name))
            else:
                decisions.append(Decision(name, "unknown"))
        self.do(self.engine.begin(decisions))
        return self

    def do(self, commands):
        for command in commands:
            self.log.append(command)
            if isinstance(command, Decide):
                for parent in self.edges.get(command.step, ()):
                    assert parent in self.available, f"{command.step} was decided before {parent} was there"
                action = "reuse" if self.random.random() < 0.2 and "[" not in command.step else "run"
                if action == "reuse" and command.step not in self.fate:
                    self.available.add(command.step)
                else:
                    action = "run"
                self.do(self.engine.on(Decided((Decision(command.step, action, key=command.step),))))
            elif isinstance(command, Submit):
                for parent in self.edges.get(command.step, ()):
                    assert parent in self.available, f"{command.step} was submitted before {parent} was there"
                assert command.attempt > self.submitted.get(command.step, 0) or self.fate.get("busy")
                self.submitted[command.step] = command.attempt
                if self.fate.get("busy") and self.random.random() < 0.3:
                    self.do(self.engine.on(Busy(command.step)))
                else:
                    self.running.append(command)
            elif isinstance(command, Commit):
                self.committing.append(command)
            elif isinstance(command, Wake):
                self.waking.append(command)
            elif isinstance(command, Say):
                self.events.append(command.event)
            elif isinstance(command, Stop):
                for one in [one for one in self.running if (one.step, one.attempt) == (command.step, command.attempt)]:
                    self.running.remove(one)
                    self.do(self.engine.on(Ended(f"r/{one.step}/{one.attempt}", "cancelled")))
            elif isinstance(command, Drop):
                dropped = [one for one in self.running if (one.step, one.attempt) == (command.step, command.attempt)]
                assert not dropped, "it should have been stopped first"
            elif isinstance(command, Forget):
                self.available.discard(command.step)

    def step(self):
        choices = [("run", one) for one in self.running] + [("commit", one) for one in self.committing]
        choices += [("wake", one) for one in self.waking]
        assert choices, f"stuck: {self.engine.states}"
        kind, one = self.random.choice(choices)
        if kind == "wake":
            self.waking.remove(one)
            self.do(self.engine.on(Woken(one.step)))
        elif kind == "commit":
            self.committing.remove(one)
            refused = self.fate.get("refused") and self.random.random() < 0.2
            self.do(self.engine.on(Settled(one.step, bool(refused))))
        else:
            self.finish(one)

    def finish(self, one):
        self.running.remove(one)
        task = f"r/{one.step}/{one.attempt}"
        self.do(self.engine.on(Begun(task, one.step, one.attempt)))
        if self.fate.get("early") and not one.gather and task not in self.early and self.random.random() < 0.5:
            # Its outputs can be read; whether it ends well is another matter.
            self.early.add(task)
            self.running.append(one)
            self.available.add(one.step)
            self.do(self.engine.on(Produced(task, (STORED,))))
            return
        fate = self.fate.get(one.step, "succeeded")
        if isinstance(fate, list):
            fate = fate.pop(0) if fate else "succeeded"
        if fate == "succeeded":
            self.available.add(one.step)
            if self.random.random() < 0.5:
                self.do(self.engine.on(Produced(task, (STORED,))))
            self.do(self.engine.on(Ended(task, "succeeded", (STORED,))))
        elif fate == "grown" and not one.gather:
            most, strict = self.fate.get("most", 0), self.fate.get("strict", False)
            items = (STORED,) * self.fate.get("items", 3)
            fan = Fanout(Entry("pickle"), Code("c"), "x", items, most=most, strict=strict)
            self.do(self.engine.on(Ended(task, "grown", fanout=fan)))
        elif fate == "grown" and self.fate.get("lost"):
            self.do(self.engine.on(Ended(task, "corrupt", lost=(self.fate["lost"].pop(),))))
        elif fate == "grown":
            self.available.add(one.step)
            self.do(self.engine.on(Ended(task, "succeeded", (STORED,))))
        elif fate == "corrupt":
            lost = tuple(self.edges[one.step][:1])
            self.do(self.engine.on(Ended(task, "corrupt", lost=lost)))
        else:
            self.available.discard(one.step)
            self.do(self.engine.on(Ended(task, fate, failure=Failure("E", "broken"), reason="why")))

    def play(self, most=5000):
        for _ in range(most):
            if self.engine.done:
                return self
            self.step()
            if self.fate.get("most"):
                assert len(self.parts_under_way()) <= self.fate["most"]
        raise AssertionError(f"no end: {self.engine.states}")

    def parts_under_way(self):
        idle = ENDS | {"pending"}
        return [name for name, state in self.engine.states.items() if "[" in name and state not in idle]


def reach(edges, start):
    found = {start}
    while True:
        more = {name for name, parents in edges.items() if found & set(parents)} - found
        if not more:
            return found - {start}
        found |= more


@given(graphs(), st.integers(0, 10**6), st.booleans())
def test_without_faults_every_step_succeeds_or_is_reused(edges, script, some_reused):
    world = World(edges, script).start(reuse=set(list(edges)[::2]) if some_reused else ())
    world.play()
    assert set(world.engine.states.values()) <= {"succeeded", "reused"}
    assert world.engine.status == "succeeded"
    assert not world.running and not world.committing


@given(graphs(), st.integers(0, 10**6), st.data())
def test_a_failure_stays_where_it_is(edges, script, data):
    bad = data.draw(st.sampled_from(sorted(edges)))
    world = World(edges, script, fate={bad: "failed"}).start().play()
    states = world.engine.states
    below = reach(edges, bad)
    assert states[bad] == "failed"
    assert all(states[name] == "blocked" for name in below)
    assert all(states[name] in {"succeeded", "reused"} for name in edges if name != bad and name not in below)
    assert world.engine.status == "failed"
    said = [event for event in world.events if isinstance(event, Blocked)]
    assert {name for event in said for name in event.steps} == below


@given(graphs(), st.integers(0, 10**6), st.data())
def test_fail_fast_ends_everything_that_has_not_begun(edges, script, data):
    bad = data.draw(st.sampled_from(sorted(edges)))
    world = World(edges, script, fate={bad: "failed"}, keep_going=False).start().play()
    assert set(world.engine.states.values()) <= ENDS
    assert world.engine.status == "failed"


@given(graphs(), st.integers(0, 10**6), st.data())
def test_retries_are_counted_and_then_it_succeeds_or_fails(edges, script, data):
    bad = data.draw(st.sampled_from(sorted(edges)))
    retries, failures = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 4))
    world = World(edges, script, fate={bad: ["failed"] * failures}, retries={bad: (retries, 1.0)}).start().play()
    again = [event for event in world.events if isinstance(event, Retrying)]
    assert len(again) == min(retries, failures)
    assert [event.delay for event in again] == [2.0**index for index in range(len(again))]
    assert world.engine.states[bad] == ("failed" if failures > retries else "succeeded")


@given(graphs(), st.integers(0, 10**6), st.data())
def test_a_skip_skips_all_below_and_fails_nothing(edges, script, data):
    one = data.draw(st.sampled_from(sorted(edges)))
    world = World(edges, script, fate={one: "skipped"}).start().play()
    states = world.engine.states
    assert {name for name, state in states.items() if state == "skipped"} == {one} | reach(edges, one)
    assert world.engine.status == "succeeded"
    assert sum(isinstance(event, Skipped) for event in world.events) == 1


@given(graphs(), st.integers(0, 10**6), st.data())
def test_a_hold_waits_with_all_below_it(edges, script, data):
    one = data.draw(st.sampled_from(sorted(edges)))
    world = World(edges, script, fate={one: "held"}).start().play()
    states = world.engine.states
    assert states[one] == "held"
    assert all(states[name] == "pending" for name in reach(edges, one))
    assert world.engine.status == "waiting"
    assert [event.question for event in world.events if isinstance(event, Held)] == ["why"]


@given(graphs(), st.integers(0, 10**6), st.data())
def test_a_step_grows_and_gathers(edges, script, data):
    one = data.draw(st.sampled_from(sorted(edges)))
    world = World(edges, script, fate={one: "grown"}).start().play()
    states = world.engine.states
    assert states[one] == "succeeded"
    assert all(states[f"{one}[{index}]"] == "succeeded" for index in range(3))
    gathers = [command for command in world.log if isinstance(command, Submit) and command.gather]
    assert [command.gather for command in gathers] == [tuple(f"{one}[{index}]" for index in range(3))]


@given(graphs(), st.integers(0, 10**6), st.data())
def test_a_child_that_fails_fails_what_grew_it(edges, script, data):
    one = data.draw(st.sampled_from(sorted(edges)))
    world = World(edges, script, fate={one: "grown", f"{one}[1]": "failed"}).start().play()
    assert world.engine.states[one] == "failed"
    assert world.engine.states[f"{one}[2]"] == "succeeded"
    last = [event for event in world.events if isinstance(event, Failed)][-1]
    assert "1 of 3 items failed" in last.failure.message


@given(graphs(), st.integers(0, 10**6), st.integers(0, 7), st.integers(1, 8), st.booleans(), st.data())
def test_so_many_parts_as_are_allowed_are_under_way_at_once(edges, script, items, most, strict, data):
    one = data.draw(st.sampled_from(sorted(edges)))
    fate = {one: "grown", "items": items, "most": most, "strict": strict, "busy": data.draw(st.booleans())}
    fate |= {"early": data.draw(st.booleans()), "refused": data.draw(st.booleans())}
    world = World(edges, script, fate=fate).start().play()
    assert set(world.engine.states.values()) <= {"succeeded", "reused"}
    assert sum("[" in name for name in world.engine.states) == items


@given(graphs(), st.integers(0, 10**6), st.integers(0, 4), st.data())
def test_a_part_that_fails_ends_the_others_where_they_are_not_wanted(edges, script, most, data):
    one = data.draw(st.sampled_from(sorted(edges)))
    fate = {one: "grown", f"{one}[1]": "failed", "items": 8, "most": most, "strict": True}
    world = World(edges, script, fate=fate).start().play()
    states = world.engine.states
    kids = [states[f"{one}[{index}]"] for index in range(8)]
    assert states[one] == "failed"
    assert kids.count("failed") == 1
    assert set(kids) <= {"failed", "cancelled", "succeeded", "reused"}
    if most == 1:
        assert kids == ["succeeded", "failed", *["cancelled"] * 6]
    last = [event for event in world.events if isinstance(event, Failed)][-1]
    assert "1 of 8 items failed" in last.failure.message
    assert ("ended because of it" in last.failure.message) == ("cancelled" in kids)
    others = set(edges) - {one} - reach(edges, one)
    assert all(states[name] in {"succeeded", "reused"} for name in others)


@given(graphs(), st.integers(0, 10**6), st.integers(0, 20), st.integers(0, 4), st.data())
def test_an_interrupt_begins_no_more_parts(edges, script, after, most, data):
    one = data.draw(st.sampled_from(sorted(edges)))
    world = World(edges, script, fate={one: "grown", "items": 6, "most": most, "strict": True}).start()
    for _ in range(after):
        if world.engine.done:
            break
        world.step()
    before = len([one for one in world.log if isinstance(one, Submit) and "[" in one.step])
    asked = not world.engine.done
    world.do(world.engine.on(Interrupted()))
    world.play()
    assert set(world.engine.states.values()) <= ENDS
    if asked:
        assert len([one for one in world.log if isinstance(one, Submit) and "[" in one.step]) == before


@given(graphs(), st.integers(0, 10**6), st.integers(0, 20), st.booleans())
def test_an_interrupt_brings_everything_to_an_end(edges, script, after, busy):
    world = World(edges, script, fate={"busy": busy}).start()
    for _ in range(after):
        if not world.engine.done:
            world.step()
    before = world.engine.done
    going = {name for name, state in world.engine.states.items() if state == "running"}
    world.do(world.engine.on(Interrupted("Ctrl-C")))
    world.do(world.engine.on(Interrupted("Ctrl-C")))
    told = [event for event in world.events if isinstance(event, Stopping)]
    assert [one.reason for one in told] == ["Ctrl-C"], "people are told once, at once"
    assert set(told[0].steps) == going
    world.play()
    assert set(world.engine.states.values()) <= ENDS
    if not before:
        assert world.engine.status == "cancelled"


@given(graphs(), st.integers(0, 10**6), st.data())
def test_nothing_is_kept_of_what_began_on_outputs_that_were_lost(edges, script, data):
    """A step's outputs can be read before its attempt has ended: where that then fails, what began on them is undone."""
    bad = data.draw(st.sampled_from(sorted(edges)))
    failures, retries = data.draw(st.integers(1, 3)), data.draw(st.integers(0, 3))
    world = World(
        edges, script, fate={bad: ["failed"] * failures, "early": True, "refused": True}, retries={bad: (retries, 1.0)}
    )
    world.start().play()
    states, below = world.engine.states, reach(edges, bad)
    if failures > retries:
        assert states[bad] == "failed"
        assert {states[name] for name in below} <= {"blocked"}
        assert not below & {command.step for command in world.log if isinstance(command, Commit)}
    else:
        assert set(states.values()) <= {"succeeded", "reused"}
        firm = next(place for place, one in enumerate(world.log) if isinstance(one, Commit) and one.step == bad)
        early = {one.step for one in world.log[:firm] if isinstance(one, Commit)}
        assert not below & early, "committed before what it was made of had ended"


@given(graphs(), st.integers(0, 10**6), st.integers(0, 20))
def test_an_interrupt_ends_what_waits_for_loose_parents(edges, script, after):
    world = World(edges, script, fate={"early": True}).start()
    for _ in range(after):
        if not world.engine.done:
            world.step()
    world.do(world.engine.on(Interrupted("Ctrl-C")))
    world.play()
    assert set(world.engine.states.values()) <= ENDS


@given(graphs(), st.integers(0, 10**6), st.data())
def test_who_began_on_outputs_that_became_others_is_asked_again(edges, script, data):
    """Another run took a step's work over and came to something else: what was made of the first does not stay."""
    world = World(edges, script, fate={"early": data.draw(st.booleans()), "refused": True}).start()
    asked_again = []
    for _ in range(data.draw(st.integers(1, 4))):
        for _ in range(data.draw(st.integers(0, 10))):
            if not world.engine.done:
                world.step()
        one = data.draw(st.sampled_from(sorted(edges)))
        states = world.engine.states
        begun = {"submitted", "running", "produced", "succeeded", "reused"}
        children = [name for name, above in edges.items() if one in above and states[name] in begun]
        asked_again += [(name, len(world.log)) for name in children]
        world.do(world.engine.on(Replaced(one)))
    world.play()
    assert set(world.engine.states.values()) <= {"succeeded", "reused"}
    assert world.engine.status == "succeeded"
    for name, place in asked_again:
        assert Decide(name) in world.log[place:]


def test_a_step_that_fails_on_what_became_another_is_asked_again():
    engine, _ = engine_of({"s0": (), "s1": ("s0",)})
    engine.begin([Decision("s0", "run", key="k"), Decision("s1", "unknown")])
    engine.on(Ended("r/s0/1", "succeeded", (STORED,)))
    engine.on(Decided((Decision("s1", "run", key="l"),)))
    assert engine.on(Replaced("s0")) == []
    assert engine.on(Ended("r/s1/1", "failed", failure=Failure("E", "m"))) == [Decide("s1")]
    assert engine.on(Decided((Decision("s1", "run", key="m"),))) == [Submit("s1", 2)]
    failed = engine.on(Ended("r/s1/2", "failed", failure=Failure("E", "m")))
    assert [type(one.event) for one in failed] == [Failed]


def test_a_run_that_is_stopping_does_nothing_anew():
    engine, _ = engine_of({"s0": (), "s1": ("s0",)})
    engine.begin([Decision("s0", "run", key="k"), Decision("s1", "unknown")])
    engine.on(Ended("r/s0/1", "succeeded", (STORED,)))
    engine.on(Decided((Decision("s1", "run", key="l"),)))
    engine.on(Ended("r/s1/1", "succeeded", (STORED,)))
    engine.on(Settled("s1"))
    engine.on(Interrupted("Ctrl-C"))
    assert engine.on(Replaced("s0")) == []
    assert engine.states["s1"] == "succeeded"


@given(graphs(), st.integers(0, 10**6), st.data())
def test_a_part_whose_result_was_lost_is_done_again(edges, script, data):
    one = data.draw(st.sampled_from(sorted(edges)))
    world = (
        World(edges, script, fate={one: "grown", "lost": [f"{one}[1]"] * data.draw(st.integers(1, 3))}).start().play()
    )
    assert world.engine.status == "succeeded"
    done = [command for command in world.log if isinstance(command, Commit) and command.step == f"{one}[1]"]
    forgotten = [command for command in world.log if isinstance(command, Forget)]
    assert len(done) == 1 + len(forgotten)
    assert len([command for command in world.log if isinstance(command, Commit) and command.step == one]) == 1


def test_an_item_that_was_lost_fails_what_needs_it():
    engine, _ = engine_of({"s0": ()})
    engine._maker = lambda artifact: (_ for _ in ()).throw(UnknownName(f"no step makes {artifact}"))
    engine.begin([Decision("s0", "run", key="k")])
    engine.on(Ended("r/s0/1", "grown", fanout=Fanout(Entry("pickle"), Code("c"), "x", (STORED,) * 2)))
    engine.on(Decided((Decision("s0[0]", "run", key="a"),)))
    told = engine.on(Ended("r/s0[0]/1", "corrupt", lost=("s0[0].item",)))
    assert any(isinstance(one, Say) and isinstance(one.event, Failed) for one in told)


def test_an_early_child_waits_and_begins_anew():
    engine, _ = engine_of({"s0": (), "s1": ("s0",), "s2": ("s1",)}, retries={"s0": (1, 1.0)})
    engine.begin([Decision("s0", "run", key="k"), Decision("s1", "unknown"), Decision("s2", "unknown")])
    assert Decide("s1") in engine.on(Produced("r/s0/1", (STORED,)))
    assert engine.on(Decided((Decision("s1", "run", key="l"),))) == [Submit("s1", 1)]
    assert engine.on(Ended("r/s1/1", "succeeded", (STORED,))) == []
    told = engine.on(Ended("r/s0/1", "failed", failure=Failure("WorkerDied", "m")))
    assert told[0] == Drop("s1", 1)
    assert engine.states == {"s0": "retrying", "s1": "pending", "s2": "pending"}
    engine.on(Woken("s0"))
    ended = Ended("r/s0/2", "succeeded", (STORED,))
    assert engine.on(ended) == [Commit("s0", ended), Decide("s1")]
    assert engine.on(Decided((Decision("s1", "run", key="m"),))) == [Submit("s1", 2)]


def test_what_is_reused_on_loose_inputs_is_asked_again():
    engine, _ = engine_of({"s0": (), "s1": ("s0",), "s2": ("s1",)}, retries={"s0": (1, 1.0)})
    engine.begin([Decision("s0", "run", key="k"), Decision("s1", "unknown"), Decision("s2", "unknown")])
    engine.on(Produced("r/s0/1", (STORED,)))
    assert engine.on(Decided((Decision("s1", "reuse", key="l"),))) == []
    engine.on(Ended("r/s0/1", "failed", failure=Failure("WorkerDied", "m")))
    engine.on(Woken("s0"))
    engine.on(Produced("r/s0/2", (STORED,)))
    assert engine.on(Decided((Decision("s1", "reuse", key="m"),))) == []
    ended = Ended("r/s0/2", "succeeded", (STORED,))
    assert engine.on(ended) == [Commit("s0", ended), Decide("s2")]


@given(graphs(), st.integers(0, 10**6))
@settings(max_examples=200)
def test_other_runs_that_do_the_same_work_delay_but_never_stall(edges, script):
    world = World(edges, script, fate={"busy": True, "refused": True}).start().play()
    assert world.engine.status == "succeeded"


@given(graphs(), st.integers(0, 10**6), st.data())
def test_a_lost_input_is_made_again(edges, script, data):
    with_parents = sorted(name for name, parents in edges.items() if parents)
    if not with_parents:
        return
    one = data.draw(st.sampled_from(with_parents))
    world = World(edges, script, fate={one: ["corrupt"]}).start(reuse=set(edges) - {one}).play()
    assert any(isinstance(command, Forget) for command in world.log)
    assert world.engine.status == "succeeded"
    assert set(world.engine.states.values()) <= {"succeeded", "reused"}


def test_an_input_that_is_lost_again_and_again_fails_the_step():
    edges = {"s0": (), "s1": ("s0",)}
    world = World(edges, 1, fate={"s0": "succeeded", "s1": "corrupt"}).start().play()
    assert world.engine.states["s1"] == "failed"
    assert sum(isinstance(command, Forget) for command in world.log) == 3


def test_what_a_stale_attempt_says_changes_nothing():
    engine, _ = engine_of({"s0": ()}, retries={"s0": (1, 1.0)})
    engine.begin([Decision("s0", "run", key="k")])
    engine.on(Ended("r/s0/1", "failed", failure=Failure("E", "m")))
    assert engine.on(Ended("r/s0/1", "succeeded", (STORED,))) == []
    assert engine.on(Woken("s0")) == [Submit("s0", 2)]
    assert engine.on(Ended("r/s0/1", "succeeded", (STORED,))) == []
    assert engine.states["s0"] == "submitted"


@pytest.mark.parametrize("size", [10_000])
def test_a_chain_of_ten_thousand_blocks_without_recursion(size):
    edges = {f"s{index}": (f"s{index - 1}",) if index else () for index in range(size)}
    children = {f"s{index}": [f"s{index + 1}"] if index + 1 < size else [] for index in range(size)}
    engine = Engine(edges, children, maker=str)
    engine.begin([Decision("s0", "run", key="k")] + [Decision(f"s{index}", "unknown") for index in range(1, size)])
    engine.on(Ended("r/s0/1", "failed", failure=Failure("E", "m")))
    assert engine.done
    assert engine.states[f"s{size - 1}"] == "blocked"


def test_what_was_edited_while_it_ran_failed_for_that_reason():
    engine, _ = engine_of({"s0": []})
    engine.begin([Decision("s0", "run", key="s0")])
    engine.on(Begun("r/s0/1", "s0", 1))
    commands = engine.on(Ended("r/s0/1", "changed", reason="`a.csv` was edited while the step ran"))
    (failed,) = [one.event for one in commands if isinstance(one, Say) and isinstance(one.event, Failed)]
    assert (failed.failure.kind, failed.failure.message) == ("CodeChanged", "`a.csv` was edited while the step ran")
    assert "run again" in failed.failure.hint
