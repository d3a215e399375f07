"""The plan: early cut-off, and what can't be known yet."""

from hypothesis import given
from tests.strategies import graphs, make_step

from penstock.graph.graph import build
from penstock.model.artifact import Stored
from penstock.model.run import Execution, Made, Reason
from penstock.model.task import Setting
from penstock.plan.decide import Work, decide
from penstock.plan.plan import consumed, make


class Memory:
    def __init__(self):
        self.by_key, self.by_step, self.asked = {}, {}, []

    def find(self, key):
        return self.by_key.get(key)

    def find_all(self, keys):
        self.asked.append(list(keys))
        return {key: self.by_key[key] for key in keys if key in self.by_key}

    def last(self, step):
        return self.by_step.get(step)

    def ended(self, step):
        return None

    def code(self, digest):
        return None

    def lost(self, key):
        return False

    def run(self, graph, works, content):
        """Do everything that a plan says, each step making `content[step]`."""
        outputs, ran = {}, []
        for name in graph.steps:
            work = works(name)
            inputs = consumed(graph, name, outputs)
            decision = decide(work, inputs, self)
            if decision.action == "run":
                ran.append(name)
                made = (Made(name, Stored("plain", content[name], content[name], 1)),)
                execution = Execution(decision.key, "p", name, "step", "r", 1, work.step.code.digest, inputs, {}, made)
                self.by_key[decision.key] = self.by_step[name] = execution
            else:
                execution = decision.execution
            outputs.update({one.artifact: one.stored for one in execution.outputs})
        return ran


def of(edges):
    return build([make_step(name, parents) for name, parents in edges.items()])


@given(graphs())
def test_a_second_plan_reuses_everything(edges):
    graph, memory = of(edges), Memory()
    works = lambda name: Work(graph.steps[name])
    first = make(graph, works, memory)
    assert {one.action for one in first.decisions} <= {"run", "unknown"}
    roots = {name for name, parents in edges.items() if not parents}
    assert {one.step for one in first.decisions if one.action == "run"} == roots
    assert memory.run(graph, works, {name: name for name in edges}) == list(graph.steps)
    second = make(graph, works, memory)
    assert not second.runs
    assert set(second.outputs) == set(edges)


@given(graphs())
def test_equal_outputs_cut_off_what_is_below(edges):
    graph, memory = of(edges), Memory()
    content = {name: name for name in edges}
    memory.run(graph, lambda name: Work(graph.steps[name]), content)
    root = next(name for name, parents in edges.items() if not parents)
    seeded = lambda name: Work(graph.steps[name], seed=1 if name == root else 0)
    plan = make(graph, seeded, memory)
    assert plan[root].action == "run"
    assert all(plan[name].action == "unknown" for name in graph.below([root]) - {root})
    assert memory.run(graph, seeded, content) == [root]


def test_a_plan_is_short_in_a_notebook():
    graph = of({"a": (), "b": ("a",)})
    plan = make(graph, lambda name: Work(graph.steps[name]), Memory())
    assert repr(plan) == "<plan: 1 to run, 1 known once these have run>"
    assert str(plan).splitlines()[1:] == ["a: run (never ran)", "b: unknown (waits for `a`)"]


def test_what_waits_says_for_whom():
    graph = of({"a": (), "b": ("a",)})
    plan = make(graph, lambda name: Work(graph.steps[name]), Memory())
    assert [reason.what for reason in plan["b"].reasons] == ["waits for `a`"]


def test_what_waits_tells_what_of_its_own_has_changed():
    graph, memory = of({"a": [], "b": ["a"]}), Memory()
    memory.run(graph, lambda name: Work(graph.steps[name]), {"a": "x", "b": "y"})
    changed = Setting("path", "path", "data.csv", "new")
    plan = make(graph, lambda name: Work(graph.steps[name], (changed,) if name == "b" else (), 1), memory)
    assert plan["b"].action == "unknown"
    assert [one.kind for one in plan["b"].reasons] == ["parameter", "parameter", "upstream"]
    assert plan["b"].reasons[0].what == "parameter `path` is new (data.csv)"
    assert make(graph, lambda name: Work(graph.steps[name], seed=int(name == "a")), memory)["b"].reasons == (
        Reason("upstream", "waits for `a`"),
    )


def test_what_is_given_is_reused_and_cuts_nothing_off_below():
    graph, memory = of({"a": [], "b": ["a"], "c": ["b"]}), Memory()
    works = lambda name: Work(graph.steps[name])
    memory.run(graph, works, {"a": "1", "b": "2", "c": "3"})
    given = Execution("k", "p", "b", "step", "r", 1, "code", outputs=(Made("b", Stored("plain", "x", "x", 1)),))
    plan = make(graph, works, memory, given={"b": given})
    assert [one.action for one in plan.decisions] == ["reuse", "reuse", "run"]
    assert (plan["b"].execution, plan["b"].reasons[0].kind) == (given, "given")
    assert plan.outputs["b"].digest == "x"


def test_what_is_known_together_is_asked_together():
    """One question for each storey of the graph, not one for each step."""
    fan = {f"fan{number}": ["root"] for number in range(50)}
    graph, memory = of({"root": [], **fan, "top": list(fan)}), Memory()
    works = lambda name: Work(graph.steps[name])
    memory.run(graph, works, {name: name for name in graph.steps})
    assert not make(graph, works, memory).runs
    assert [len(keys) for keys in memory.asked] == [1, 50, 1]


def test_what_must_run_is_not_asked_for():
    graph, memory = of({"a": [], "b": []}), Memory()
    make(graph, lambda name: Work(graph.steps[name], forced=name == "a"), memory)
    assert [len(keys) for keys in memory.asked] == [1]


@given(graphs())
def test_decisions_come_in_the_order_of_the_graph(edges):
    graph, memory = of(edges), Memory()
    works = lambda name: Work(graph.steps[name])
    assert [one.step for one in make(graph, works, memory).decisions] == list(graph.steps)
    memory.run(graph, works, {name: name for name in edges})
    assert [one.step for one in make(graph, works, memory).decisions] == list(graph.steps)
