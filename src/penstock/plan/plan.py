"""The plan: what will happen to every step, as far as it can be known before anything runs."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from penstock.graph.graph import Graph
from penstock.model.artifact import Stored
from penstock.model.run import Consumed, Decision, Execution, Reason
from penstock.plan.decide import Memory, Work, decide, own_reasons

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
    memory: Memory,
    *,
    explain: bool = True,
    given: Mapping[str, Execution] | None = None,
) -> Plan:
    """Plan a graph: decide every step whose inputs are known, in order. The steps in `given` are reused as they were
    done then, whatever they would be called with now."""
    works: dict[str, Work] = {}
    outputs: dict[str, Stored] = {}
    decisions: list[Decision] = []
    for name in graph.steps:
        work = works[name] = work_of(name)
        if given and name in given:
            done = given[name]
            decisions.append(Decision(name, "reuse", _GIVEN, done.key, done))
            outputs.update(made(done))
            continue
        waits = [maker for maker, artifact in graph.inputs(name).values() if artifact not in outputs]
        if waits:
            above = ", ".join(f"`{one}`" for one in dict.fromkeys(waits))
            own = own_reasons(work, memory, explain=explain)
            decision = Decision(name, "unknown", (*own, Reason("upstream", f"waits for {above}")))
            if work.forced:
                decision = Decision(name, "run", (Reason("forced", "forced"),))
        else:
            decision = decide(work, consumed(graph, name, outputs), memory, explain=explain)
        if decision.execution is not None:
            outputs.update(made(decision.execution))
        decisions.append(decision)
    return Plan(graph, works, tuple(decisions), outputs)


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
