"""The loop, with an executor that is scripted and a real ledger: commits, leases, other runs, interrupts."""

import pytest
from tests.strategies import make_step

from penstock.graph.graph import build
from penstock.ledger.sqlite import SqliteLedger
from penstock.model.artifact import Stored
from penstock.model.digest import digest_bytes
from penstock.model.event import Begun, Cancelled, Committed, Expected, RunEnded, Sampled, Warned
from penstock.model.run import Run
from penstock.model.task import Ended, Failure, HiddenInput
from penstock.plan.decide import Work
from penstock.plan.memory import Past
from penstock.plan.plan import make
from penstock.run.clock import SystemClock
from penstock.run.drive import Means, drive
from penstock.run.engine import Engine
from penstock.run.leases import Leases
from penstock.run.stalls import Stalls
from penstock.work.task import Site


class Scripted:
    """An executor that does each task at once; `script` says how it ends."""

    name = "scripted"

    def __init__(self, script=None):
        self.script = script or {}
        self.tasks, self.ready, self.done = [], [], []

    def submit(self, task):
        self.tasks.append(task)

    def events(self, timeout):
        made, self.ready = self.ready, []
        for task in self.tasks:
            made.append(Begun(task.id, task.step, task.attempt))
            how = self.script.get(task.step)
            if callable(how):
                how = how(task)
            self.done.append(task)
            data = f"{task.step}:{','.join(one.stored.digest for one in task.inputs)}".encode()
            value = Stored("plain", digest_bytes(data), digest_bytes(data), len(data), data=data)
            made.append(how or Ended(task.id, "succeeded", (value,)))
        self.tasks = []
        return made

    def cancel(self, task, reason="", grace=2.0):
        for one in [one for one in self.tasks if one.id == task]:
            self.tasks.remove(one)
            self.ready.append(Ended(task, "cancelled", reason=reason))


class NoStore:
    def has(self, digest):
        return True


class Runs:
    """Runs of one graph against one ledger."""

    def __init__(self, path):
        self.path = path

    def run(
        self, edges, script=None, *, name="run-1", interrupted=lambda: "", executor=None, stalls=(0.0, 0.0), **options
    ):
        ledger = SqliteLedger(self.path)
        graph = build([make_step(step, parents) for step, parents in edges.items()])
        past = Past(ledger, NoStore(), "p")
        plan = make(graph, lambda step: Work(graph.steps[step], hidden=past.hidden(step)), past)
        engine = Engine(
            {step: graph.parents(step) for step in graph.steps},
            {step: graph.children(step) for step in graph.steps},
            maker=graph.maker,
            **options,
        )
        executor = executor or Scripted(script)
        leases = Leases(ledger, name)
        assert leases.begin()
        site = Site(name, "p", "/", "/l", "/c")
        judge = Stalls(lambda step: ledger.timings("p", step), *stalls)
        means = Means(ledger, past, executor, leases, SystemClock(), site, interrupted, judge)
        run = Run(name, "p", 1.0, steps=tuple(graph.steps))
        events = list(drive(run, plan, engine, means))
        statuses = {row["step"]: row["status"] for row in ledger.steps(name)}
        ledger.close()
        return events, statuses, executor


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path / "ledger.db")


CHAIN = {"a": (), "b": ("a",), "c": ("b",)}


def test_everything_is_committed_once_and_then_reused(runs):
    events, statuses, executor = runs.run(CHAIN)
    assert statuses == dict.fromkeys(CHAIN, "succeeded")
    assert [task.step for task in executor.done] == ["a", "b", "c"]
    assert [event.execution.step for event in events if isinstance(event, Committed)] == ["a", "b", "c"]
    assert isinstance(events[-1], RunEnded) and events[-1].status == "succeeded"
    _, statuses, executor = runs.run(CHAIN, name="run-2")
    assert statuses == dict.fromkeys(CHAIN, "reused")
    assert executor.done == []


def test_leases_are_given_back(runs, tmp_path):
    runs.run(CHAIN, {"b": lambda task: Ended(task.id, "failed", failure=Failure("E", "m"))})
    with SqliteLedger(tmp_path / "ledger.db") as ledger:
        keys = [one.key for one in ledger.executions()] + ["run:run-1"]
        assert set(ledger.claim(keys, "me", 5)) == set(keys)
        assert {lease.owner for lease in ledger.claim(keys, "me", 5).values()} == {"me"}


def test_work_that_another_run_is_doing_is_waited_for_and_reused(runs, tmp_path):
    other = Runs(tmp_path / "ledger.db")

    def meanwhile(task):
        # While this run does `a`, another one begins: it must wait for `a`, whose key is held here.
        ledger = SqliteLedger(tmp_path / "ledger.db")
        assert ledger.claim([task.key], "other|process", 5)[task.key].owner != "other|process"
        ledger.close()

    _, statuses, _ = runs.run({"a": ()}, {"a": meanwhile})
    assert statuses == {"a": "succeeded"}
    _, statuses, executor = other.run({"a": ()}, name="run-2")
    assert (statuses, executor.done) == ({"a": "reused"}, [])


def test_a_commit_whose_lease_was_lost_is_refused_and_the_other_s_result_taken(runs, tmp_path):
    def stolen(task):
        # As after a pause longer than the lease: another run took the key, and committed.
        ledger = SqliteLedger(tmp_path / "ledger.db")
        holder = ledger.claim([task.key], "thief", 5)[task.key].owner
        ledger.release(holder, [task.key])
        assert ledger.claim([task.key], "thief", 5)[task.key].owner == "thief"
        ledger.release("thief", [task.key])
        ledger.close()
        Runs(tmp_path / "ledger.db").run({"a": ()}, name="thief")

    events, statuses, executor = runs.run({"a": ()}, {"a": stolen})
    assert statuses == {"a": "reused"}
    with SqliteLedger(tmp_path / "ledger.db") as ledger:
        assert [one.run for one in ledger.executions()] == ["thief"]


def taken_over(path, edges, result):
    """What a step does in the test below: meanwhile its lease is lost, and another run commits another result."""

    def steal(task):
        with SqliteLedger(path) as ledger:
            holder = ledger.claim([task.key], "thief", 5)[task.key].owner
            ledger.release(holder, [task.key])
        data = result.encode()
        value = Stored("plain", digest_bytes(data), digest_bytes(data), len(data), data=data)
        thief = {task.step: lambda stolen: Ended(stolen.id, "succeeded", (value,))}
        Runs(path).run({task.step: edges[task.step]}, thief, name="thief")

    return steal


class Eager(Scripted):
    """An executor that says nothing of the end of `a` until `seen` others have ended."""

    def __init__(self, script, path, edges):
        super().__init__(script)
        self.steal, self.stolen = taken_over(path, edges, "another"), False

    def events(self, timeout):
        made = super().events(timeout)
        if not self.stolen and any(task.step == "a" for task in self.done):
            self.stolen = True
            self.steal(next(task for task in self.done if task.step == "a"))
        return made


@pytest.mark.parametrize("failing", [False, True])
def test_who_ran_on_a_result_that_was_refused_runs_again_on_the_one_that_stays(tmp_path, failing):
    """The parent's commit comes too late, and the successor's result differs: no child may keep the old one."""
    path = tmp_path / "ledger.db"
    seen = []

    def second(task):
        seen.append(task.inputs[0].stored.digest)
        return Ended(task.id, "failed", failure=Failure("E", "m")) if failing and len(seen) == 1 else None

    executor = Eager({"b": second}, path, CHAIN)
    events, statuses, _ = Runs(path).run(CHAIN, executor=executor, retries={"b": (1, 0.2)})
    assert statuses == {"a": "reused", "b": "succeeded", "c": "succeeded"}
    assert digest_bytes(b"another") == seen[-1] != seen[0]
    with SqliteLedger(path) as ledger:
        newest = {one.step: one for one in ledger.executions()}
        assert newest["b"].inputs["a"].digest == newest["a"].outputs[0].stored.digest
        assert newest["c"].inputs["b"].digest == newest["b"].outputs[0].stored.digest
        for one in ledger.executions():  # each under the key of what it was really given
            if one.step == "b":
                made = f"b:{one.inputs['a'].digest}".encode()
                assert one.outputs[0].stored.digest == digest_bytes(made)
    _, statuses, executor = Runs(path).run(CHAIN, name="run-2")
    assert statuses == dict.fromkeys(CHAIN, "reused")


def test_hidden_inputs_become_part_of_the_key(runs, tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("1")

    def reads(task):
        data = file.read_bytes()
        value = Stored("plain", digest_bytes(data), digest_bytes(data), len(data), data=data)
        return Ended(task.id, "succeeded", (value,), hidden=(HiddenInput(str(file), "p.py:1", digest_bytes(data)),))

    events, _, _ = runs.run({"a": ()}, {"a": reads})
    assert [event.kind for event in events if isinstance(event, Warned)] == ["hidden-input"]
    assert runs.run({"a": ()}, {"a": reads}, name="run-2")[1] == {"a": "reused"}
    file.write_text("2")
    assert runs.run({"a": ()}, {"a": reads}, name="run-3")[1] == {"a": "succeeded"}
    file.write_text("1")
    assert runs.run({"a": ()}, {"a": reads}, name="run-4")[1] == {"a": "reused"}


def test_what_read_other_files_than_planned_is_not_offered_while_another_run_does_that_work(runs, tmp_path):
    value = Stored("plain", digest_bytes(b"1"), digest_bytes(b"1"), 1, data=b"1")

    def reading(task):
        return Ended(task.id, "succeeded", (value,), hidden=(HiddenInput("/rows.csv", "p.py:1", digest_bytes(b"x")),))

    alone, _, _ = Runs(tmp_path / "alone.db").run({"a": ()}, {"a": reading})
    [read] = [event.execution.key for event in alone if isinstance(event, Committed)]
    ledger = SqliteLedger(runs.path)
    assert ledger.claim([read], "another run", 60.0)[read].owner == "another run"
    _, statuses, executor = runs.run({"a": ()}, {"a": reading})
    assert statuses == {"a": "succeeded"}
    assert ledger.find([executor.done[0].key]) == {}
    ledger.close()


def test_an_interrupt_cancels_and_the_next_run_goes_on(runs):
    asked = []

    def interrupted():
        return "Ctrl-C" if asked else ""

    def ask(task):
        asked.append(1)

    events, statuses, _ = runs.run(CHAIN, {"a": ask}, interrupted=interrupted)
    assert events[-1].status == "cancelled"
    assert statuses["a"] == "succeeded" and statuses["c"] == "cancelled"
    assert any(isinstance(event, Cancelled) for event in events)
    _, statuses, executor = runs.run(CHAIN, name="run-2")
    assert statuses["a"] == "reused" and statuses["c"] == "succeeded"


def test_a_second_interrupt_leaves_a_run_that_was_stopped(runs):
    def insist(task):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runs.run(CHAIN, {"b": insist})
    with SqliteLedger(runs.path) as ledger:
        assert ledger.status("run-1") == "cancelled"
        statuses = {row["step"]: row["status"] for row in ledger.steps("run-1")}
    assert (statuses["b"], statuses["c"]) == ("cancelled", "cancelled")
    assert statuses["a"] in {"succeeded", "cancelled"}, "its commit may have been waiting for others"


def test_retries_wait_and_try_again(runs):
    tries = []

    def flaky(task):
        tries.append(task.attempt)
        return Ended(task.id, "failed", failure=Failure("E", "m")) if len(tries) < 3 else None

    _, statuses, _ = runs.run({"a": ()}, {"a": flaky}, retries={"a": (2, 0.01)})
    assert (statuses, tries) == ({"a": "succeeded"}, [1, 2, 3])


def test_many_short_tasks_share_transactions(runs, monkeypatch):
    commits = []
    real = SqliteLedger.commit

    def counted(self, run, executions, *rest):
        commits.append(len(executions))
        return real(self, run, executions, *rest)

    monkeypatch.setattr(SqliteLedger, "commit", counted)
    edges = {f"s{index}": () for index in range(200)}
    _, statuses, _ = runs.run(edges)
    assert set(statuses.values()) == {"succeeded"}
    assert sum(commits) == 200
    assert len(commits) < 50


def test_looks_at_long_attempts_are_recorded_and_judged(runs, tmp_path):
    """What a look tells is in the ledger, with what is known of earlier attempts, and with a warning if need be."""

    class Looking(Scripted):
        def events(self, timeout):
            looks = [Sampled(task.id, seconds, 0.0, 5000, seconds) for task in self.tasks for seconds in (2.0, 400.0)]
            made = super().events(timeout)
            return [*looks, *made] if looks else made

    runs.run(CHAIN)
    events, statuses, _ = runs.run({"a": ("z",), "z": ()}, name="run-2", executor=Looking(), stalls=(300.0, 1.5))
    assert set(statuses.values()) == {"succeeded"}
    assert [one.step for one in events if isinstance(one, Warned)] == ["z", "a", "a"]
    assert {one.kind for one in events if isinstance(one, Warned) and one.step == "a"} == {"silent", "slow"}
    with SqliteLedger(tmp_path / "ledger.db") as ledger:
        kept = [one.event for one in ledger.events("run-2")]
    assert [one.seconds for one in kept if isinstance(one, Sampled)] == [2.0, 400.0] * 2
    (known,) = [one for one in kept if isinstance(one, Expected)]
    assert known.task == "run-2/a/1"
