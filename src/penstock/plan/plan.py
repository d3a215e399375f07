"""The plan: what will happen to every step, as far as it can be known before anything runs."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from penstock.graph.graph import Graph
from penstock.model.artifact import Stored
from penstock.model.run import Consumed, Decision, Execution, Reason
from penstock.plan.decide import History, Memories, Work, decide_by, key_of, may_reuse, own_reasons

__all__ = ["Plan", "consumed", "made", "make"]


class Plan(Struct, frozen=True):
    """Decisions in the order of the graph; a step whose inputs are not known yet is `unknown`.

    `works` holds what each step would be called with, `outputs` the stored values of the steps that are reused.
    """

    graph: Graph
    works: dict[str, Work]
    decisions: tuple[Decision, ...]
    outputs: dict[str, Stored] = {}

    @property
    def runs(self) -> bool:
        """Whether anything will run, or may."""
        return any(one.action != "reuse" for one in self.decisions)

    def __repr__(self) -> str:
        said = [("to run", "run"), ("reused", "reuse"), ("known once these have run", "unknown")]
        counts = [(sum([one.action == action for one in self.decisions]), words) for words, action in said]
        return f"<plan: {', '.join([f'{many} {words}' for many, words in counts if many]) or 'no steps'}>"

    def __str__(self) -> str:
        lines = [f"{one.step}: {one.action} ({'; '.join([r.what for r in one.reasons])})" for one in self.decisions]
        return "\n".join([repr(self), *lines])

    def __getitem__(self, step: str) -> Decision:
        return next(one for one in self.decisions if one.step == step)


def make(
    graph: Graph,
    work_of: Callable[[str], Work],
    memory: Memories,
    *,
    explain: bool = True,
    given: Mapping[str, Execution] | None = None,
) -> Plan:
    """Plan a graph: decide every step whose inputs are known. What is known together is asked of the memory together. The
    steps in `given` are reused as they were done then, whatever they would be called with now."""
    works = {name: work_of(name) for name in graph.steps}
    known: dict[str, Stored] = {}
    decisions: dict[str, Decision] = {}
    lacking = {name: len({maker for maker, _ in graph.inputs(name).values()}) for name in graph.steps}
    ready = [name for name in graph.steps if not lacking[name] or (given and name in given)]
    while ready:
        decided = _decided(graph, works, ready, known, memory, explain, given or {})
        decisions.update(decided)
        ready = []
        for name, decision in decided.items():
            if decision.execution is None:
                continue
            known.update(made(decision.execution))
            for child in graph.children(name):
                lacking[child] -= 1
                if not lacking[child] and child not in decisions:
                    ready.append(child)
    outputs: dict[str, Stored] = {}
    for name in graph.steps:
        if name not in decisions:
            decisions[name] = _waiting(graph, works[name], known, memory, explain)
        execution = decisions[name].execution
        if execution is not None:
            outputs.update(made(execution))
    return Plan(graph, works, tuple([decisions[name] for name in graph.steps]), outputs)


def _decided(
    graph: Graph,
    works: Mapping[str, Work],
    names: Sequence[str],
    outputs: Mapping[str, Stored],
    memory: Memories,
    explain: bool,
    given: Mapping[str, Execution],
) -> dict[str, Decision]:
    """Decisions on steps whose inputs are known, or whose results are given."""
    inputs, keys = {}, {}
    for name in names:
        if name not in given:
            try:
                inputs[name] = consumed(graph, name, outputs)
            except KeyError:  # what stands for its maker made other artifacts
                continue
            keys[name] = key_of(works[name], inputs[name])
    found = memory.find_all([key for name, key in keys.items() if may_reuse(works[name])])
    decisions = {}
    for name in names:
        if name in given:
            decisions[name] = Decision(name, "reuse", _GIVEN, given[name].key, given[name])
        elif name in keys:
            key = keys[name]
            decisions[name] = decide_by(works[name], inputs[name], key, found.get(key), memory, explain=explain)
    return decisions


def _waiting(graph: Graph, work: Work, outputs: Mapping[str, Stored], memory: History, explain: bool) -> Decision:
    """What can be said of a step whose inputs are not known yet."""
    name = work.step.name
    if work.forced:
        return Decision(name, "run", (Reason("forced", "forced"),))
    waits = [maker for maker, artifact in graph.inputs(name).values() if artifact not in outputs]
    above = ", ".join(f"`{one}`" for one in dict.fromkeys(waits))
    own = own_reasons(work, memory, explain=explain)
    return Decision(name, "unknown", (*own, Reason("upstream", f"waits for {above}")))


_GIVEN = (Reason("given", "its stored result was given"),)


def made(execution: Execution) -> dict[str, Stored]:
    """The stored outputs of an execution, by the full name of the artifact."""
    return {one.artifact: one.stored for one in execution.outputs}


def consumed(graph: Graph, step: str, outputs: Mapping[str, Stored]) -> dict[str, Consumed]:
    """The inputs of a step as a key sees them, by argument. Every artifact must be among `outputs`."""
    found = {}
    for argument, (_, artifact) in graph.inputs(step).items():
        stored = outputs[artifact]
        found[argument] = Consumed(artifact, stored.digest, stored.identity)
    return found
