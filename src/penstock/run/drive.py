"""The only loop: it does what the engine asks for, and tells it what came of it.

Commits of short tasks are gathered for a moment (`run/gathered.py`) and written in one durable transaction, while the
steps that need their outputs may begin: they hold digests of content, so what they commit is right whatever happens to
the rest. What took longer than `_SLOW` seconds is written at once.
"""

import heapq
import shutil
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field, structs

from penstock.model.artifact import Stored
from penstock.model.code import PLACES, Code, placed
from penstock.model.event import (
    Begun,
    Cancelled,
    Committed,
    Decided,
    Event,
    Produced,
    RunEnded,
    RunStarted,
    Sampled,
    TaskEvent,
    Warned,
)
from penstock.model.run import Consumed, Decision, Execution, Run
from penstock.model.step import Output, Step
from penstock.model.task import ABSENT, Ended, Fanout, HiddenInput, Input, Task
from penstock.plan.decide import Work, decide
from penstock.plan.fingerprint import work_key
from penstock.plan.memory import Past
from penstock.plan.parameters import seed_of
from penstock.plan.plan import Plan
from penstock.ports import Clock, Executor, Ledger
from penstock.run.commands import (
    Busy,
    Command,
    Commit,
    Decide,
    Drop,
    Forget,
    Interrupted,
    Judged,
    Replaced,
    Say,
    Settled,
    Stop,
    Submit,
    Wake,
    Woken,
)
from penstock.run.engine import Engine
from penstock.run.gate import GatedEngine
from penstock.run.gathered import GATHER, Doing, Gathered
from penstock.run.leases import Leases
from penstock.run.nodes import ENDS
from penstock.run.stalls import Stalls
from penstock.work.task import Site, execution_of, gather_task, merged_code, task_of

__all__ = ["Judge", "Means", "drive"]

_SLOW = 0.02
_POLL = 0.25


Judge = Callable[[Mapping[str, Execution]], Generator[Event, None, str]]
"""Judges what the steps of a run made: tells of it, and at last what speaks against handing it on ("" if nothing)."""


class Means(Struct, frozen=True):
    """What a run works with. `interrupted` returns a reason once people asked to stop, "" before; `judge` is asked once,
    when nothing is left to do but what waits for its word."""

    ledger: Ledger
    past: Past
    executor: Executor
    leases: Leases
    clock: Clock
    site: Site
    interrupted: Callable[[], str]
    stalls: Stalls = field(default_factory=Stalls)
    judge: Judge | None = None


def drive(
    run: Run, plan: Plan, engine: Engine, means: Means, *, resumed: frozenset[str] = frozenset()
) -> Iterator[Event]:
    """Execute a plan: yields every event, each after it was decided on and commits after they are durable.

    `resumed` are steps that this very run had finished before it was interrupted.
    """
    loop = _Loop(run, plan, engine, means, resumed)
    begun = means.clock.monotonic()
    told = tuple([one for one in plan.decisions if one.step not in resumed])
    yield from loop.say(RunStarted(run), Decided(told))
    loop.do(engine.begin(plan.decisions))
    yield from loop.told()
    judge = means.judge
    try:
        while not engine.done or judge is not None:
            if engine.done and judge is not None:
                yield from loop.judge(judge)
                judge = None
                continue
            timeout = loop.patience()
            if not loop.doing:
                time.sleep(timeout)  # for another attempt, or for another run to finish the same work
            else:
                try:
                    # Called from here and nowhere deeper: in-line steps run below this frame.
                    with loop.gathered:
                        events = means.executor.events(timeout)
                    loop.take(events)
                except KeyboardInterrupt:
                    # The first broke into a step in this process, whose end the next call tells; a second one means it.
                    if loop.stopped or not means.interrupted():
                        raise
            loop.look_up()
            while loop.out:  # not by `told`: this is the way of every event
                yield loop.out.popleft()
    except KeyboardInterrupt:
        loop.give_up(means.clock.monotonic() - begun)
        raise
    finally:
        loop.gathered.close()
    loop.flush()
    status = engine.status
    loop.record(RunEnded(status, means.clock.monotonic() - begun))
    loop.flush()
    means.leases.close()
    yield from loop.told()


class _Loop:
    def __init__(self, run: Run, plan: Plan, engine: Engine, means: Means, resumed: frozenset[str]) -> None:
        self.run, self.plan, self.engine, self.means = run, plan, engine, means
        self.resumed = resumed
        self.works = dict(plan.works)
        self.outputs: dict[str, Stored] = dict(plan.outputs)
        self.keys: dict[str, Decision] = {one.step: one for one in plan.decisions}
        self.doing: dict[str, Doing] = {}
        self.fanouts: dict[str, tuple[Fanout, Task]] = {}
        self.kids: dict[str, tuple[str, int]] = {}
        # All at once, with the first commit: a transaction of a thousand costs little more than one of one.
        codes = [work.step.code for name, work in plan.works.items() if self.keys[name].action != "reuse"]
        self.gathered = Gathered(run.id, means.ledger, means.leases, means.clock, codes)
        if "inline" in {means.executor.name, *[work.step.options.isolation for work in plan.works.values()]}:
            self.gathered.watch()
        # The inputs that a step's key was made of.
        self.asked = {
            one.step: self.consumed(one.step, self.works[one.step].step)
            for one in plan.decisions
            if one.action == "run" and one.key
        }
        self.wakes: list[tuple[float, str]] = []
        self.out: deque[Event] = deque()
        self.stopped = False
        self.busy: set[str] = set()  # steps whose work another run was found to do, or to have done

    # events on their way to people and to the ledger

    def say(self, *events: Event) -> Iterator[Event]:
        self.record(*events)
        yield from self.told()

    def record(self, *events: Event) -> None:
        self.gathered.note(events)
        self.out.extend(events)

    def told(self) -> Iterator[Event]:
        while self.out:
            yield self.out.popleft()

    # the loop's body

    def patience(self) -> float:
        """How many seconds to wait for the executor before something else is due."""
        now = self.means.clock.monotonic()
        idle = not self.doing
        if self.gathered and (idle or self.gathered.due(now)):
            self.flush()
            if idle:
                return 0.0
        timeout = max(0.0, GATHER - (now - self.gathered.oldest)) if self.gathered else _POLL
        if self.wakes:
            timeout = min(timeout, max(0.0, self.wakes[0][0] - now))
        return timeout

    def look_up(self) -> None:
        """Between two turns of the executor: did people ask to stop, is it time for another attempt?"""
        self.settle()  # what the thread wrote meanwhile
        reason = self.means.interrupted()
        if reason and not self.stopped:
            self.stopped = True
            self.do(self.engine.on(Interrupted(reason)))
        while self.wakes and self.wakes[0][0] <= self.means.clock.monotonic():
            self.do(self.engine.on(Woken(heapq.heappop(self.wakes)[1])))

    def judge(self, judge: Judge) -> Iterator[Event]:
        """Let the checks look at all that was made, unless people asked to stop."""
        self.flush()
        if not self.stopped:
            by = yield from self.heard(judge({one.step: one.execution for one in self.keys.values() if one.execution}))
            if isinstance(self.engine, GatedEngine):
                self.do(self.engine.on(Judged(by)))
        self.look_up()
        yield from self.told()

    def heard(self, events: Generator[Event, None, str]) -> Generator[Event, None, str]:
        """Tell each of these as it comes; what they come to."""
        while True:
            yield from self.told()
            try:
                self.record(next(events))
            except StopIteration as end:
                return str(end.value or "")

    def take(self, events: Iterable[TaskEvent]) -> None:
        """What the executor told."""
        for event in events:
            doing = self.doing.get(event.task)
            if doing is not None:
                if isinstance(event, Begun):
                    doing.started = self.means.clock.now()
                elif isinstance(event, Produced):
                    self.provide(doing, event.outputs)
                elif isinstance(event, Ended):
                    self.end(doing, event)
                elif isinstance(event, Sampled):
                    self.record(*self.means.stalls.look(doing.step.name, event))
            self.do(self.engine.on(event))

    def end(self, doing: Doing, ended: Ended) -> None:
        if ended.status == "succeeded":
            self.provide(doing, ended.outputs)
        elif ended.status == "grown" and ended.fanout is not None:
            self.fanouts[doing.step.name] = (ended.fanout, doing.task)
            for index in range(len(ended.fanout.items)):  # it may have grown before, on other items
                self.works.pop(f"{doing.step.name}[{index}]", None)
        self.gathered.slow = ended.usage.seconds >= _SLOW
        # The ledger keeps how every attempt ended; the outputs are in its execution, once.
        self.record(structs.replace(ended, outputs=(), fanout=None))
        if ended.status == "succeeded":
            self.record(*[_hidden_warning(doing.step.name, one) for one in ended.hidden if _is_told(one)])
        if ended.status != "succeeded":
            self.drop(ended.task)

    def drop(self, task: str) -> None:
        """An attempt that will not be committed: others may do its work."""
        key = self.doing.pop(task).task.key
        if all(one.task.key != key for one in self.doing.values()):  # else a new attempt has begun meanwhile
            self.means.leases.release([key])

    def provide(self, doing: Doing, outputs: Sequence[Stored]) -> None:
        step = doing.step
        named = zip([step.artifact(one) for one in step.outputs], outputs, strict=False)
        self.do(self.give(step.name, named))

    def give(self, name: str, outputs: Iterable[tuple[str, Stored]]) -> Sequence[Command]:
        """The outputs of a step as they are from now on; what is to be done if they were others before."""
        other = False
        for artifact, stored in outputs:
            before = self.outputs.get(artifact)
            other = other or (before is not None and before.identity != stored.identity)
            self.outputs[artifact] = stored
        return self.engine.on(Replaced(name)) if other else ()

    # commands

    def do(self, commands: Sequence[Command]) -> None:
        todo = deque(commands)
        while todo:
            submits: list[Submit] = []
            while todo and isinstance(one := todo[0], Submit):
                submits.append(one)
                todo.popleft()
            if submits:
                todo.extend(self.submit(submits))
                continue
            command = todo.popleft()
            if isinstance(command, Decide):
                todo.extend(self.decide(command.step))
            elif isinstance(command, Commit):
                self.keep(command)
            elif isinstance(command, Say):
                self.record(command.event)
            elif isinstance(command, Wake):
                heapq.heappush(self.wakes, (self.means.clock.monotonic() + command.seconds, command.step))
            elif isinstance(command, Stop):
                self.means.executor.cancel(f"{self.run.id}/{command.step}/{command.attempt}")
            elif isinstance(command, Drop):
                self.drop(f"{self.run.id}/{command.step}/{command.attempt}")
            elif isinstance(command, Forget):
                self.flush()
                self.means.past.forget([self.keys[command.step].key], "its stored output was lost or damaged")

    def decide(self, name: str) -> Sequence[Command]:
        work = self.works.get(name) or self.kid_work(name)
        # A step that never ran is looked up once, when its key is claimed: see `submit`.
        past = self.means.past
        memory = past if past.last(name) is not None or name in self.busy else _Unasked(past)
        inputs = self.asked[name] = self.consumed(name, work.step)
        decision = decide(work, inputs, memory)
        self.keys[name] = decision
        replaced: Sequence[Command] = ()
        if decision.execution is not None:
            replaced = self.give(name, [(one.artifact, one.stored) for one in decision.execution.outputs])
        # What this very run did is not reused by it: a part of a step that asks for more parts has had its turn.
        own = name in self.kids and decision.execution is not None and decision.execution.run == self.run.id
        if not (decision.action == "reuse" and (name in self.resumed or own)):
            self.record(Decided((decision,)))
        return [*replaced, *self.engine.on(Decided((decision,)))]

    def submit(self, submits: Sequence[Submit]) -> Sequence[Command]:
        """Claim the keys of these steps, and hand those that nobody else does to the executor."""
        wanted = [(one, self.keys[one.step].key) for one in submits]
        claimed, done = self.means.leases.claim_undone([key for _, key in wanted])
        answers: list[Command] = []
        for one, key in wanted:
            if key not in claimed or (not self.forced(one.step) and self.means.past.whole(done.get(key)) is not None):
                if key in claimed:
                    self.means.leases.release([key])
                self.busy.add(one.step)
                answers.extend(self.engine.on(Busy(one.step)))
                continue
            doing = self.prepare(one, key)
            if doing.inputs != self.asked.get(one.step, doing.inputs):
                # An input became another since the key was made of it: ask again.
                self.means.leases.release([key])
                answers.extend(self.engine.on(Busy(one.step)))
                continue
            self.doing[doing.task.id] = doing
            self.means.executor.submit(doing.task)
        return answers

    def forced(self, name: str) -> bool:
        work = self.works[name]
        return work.forced or not work.step.options.cache

    def prepare(self, submit: Submit, key: str) -> Doing:
        work = self.works[submit.step]
        step = work.step
        inputs = [
            Input(argument, artifact, self.outputs[artifact])
            for argument, artifact in self.bound(submit.step, step).items()
        ]
        task = task_of(
            self.means.site, step, submit.attempt, key, work.settings, work.seed, inputs, approved=submit.approved
        )
        if submit.gather:
            task = gather_task(task, [self.outputs[name] for name in submit.gather if name])
        return Doing(task, step, self.consumed(submit.step, step), work, work.forced, self.means.clock.now())

    def bound(self, name: str, step: Step) -> Mapping[str, str]:
        if name in self.kids:
            return step.inputs
        return {argument: artifact for argument, (_, artifact) in self.plan.graph.inputs(name).items()}

    def consumed(self, name: str, step: Step) -> dict[str, Consumed]:
        found = {}
        for argument, artifact in self.bound(name, step).items():
            stored = self.outputs[artifact]
            found[argument] = Consumed(artifact, stored.digest, stored.identity)
        return found

    def kid_work(self, name: str) -> Work:
        """A child of a step that grew: the same function for each item, as a step of its own."""
        owner, _, index = name.rpartition("[")
        fanout, task = self.fanouts[owner]
        parent = self.works[owner].step
        item = f"{name}.item"
        self.kids[name] = (owner, int(index[:-1]))
        self.outputs[item] = fanout.items[int(index[:-1])]
        inputs = {fanout.argument: item}
        for one in fanout.shared:
            shared = f"{owner}.{one.argument}"
            self.outputs[shared] = one.stored
            inputs[one.argument] = shared
        code = fanout.code
        for piece in parent.code.pieces:
            if piece.kind in PLACES:
                code = placed(code, piece, [one for one in parent.code.pieces if one.kind == "source"])
        step = Step(
            name=name,
            kind="step",
            function=parent.function,
            inputs=inputs,
            outputs=(Output(),),
            options=parent.options,
            where=parent.where,
            code=code,
            entry=fanout.entry,
        )
        # Each item draws numbers of its own, by its place: a hundred bootstraps must not be one.
        work = Work(step, (), seed_of(task.seed, name), forced=self.works[owner].forced)
        self.works[name] = work
        self.gathered.codes.append(code)
        return work

    def give_up(self, seconds: float) -> None:
        """Wait for nothing more: write down that the run was stopped, and all that had not come to an end with it."""
        left = tuple([name for name, state in self.engine.states.items() if state not in ENDS])
        cancelled = [Cancelled(left, self.means.interrupted())] if left else []
        self.means.ledger.record(self.run.id, [*cancelled, RunEnded("cancelled", seconds)])

    # commits

    def keep(self, command: Commit) -> None:
        doing = self.doing.pop(command.ended.task)
        ended = command.ended
        doing.checkpoint = ended.extra.get("checkpoint", "")
        execution = execution_of(
            self.means.site, doing.step, doing.task, ended, doing.inputs, doing.work.settings, doing.started
        )
        code = doing.step.code
        if ended.pieces or ended.hidden != doing.work.hidden:
            code = merged_code(code, ended)
            execution = self.rekeyed(execution, doing, code, ended)
            self.gathered.codes.append(code)
        self.gathered.commit(doing, execution)

    def rekeyed(self, execution: Execution, doing: Doing, code: Code, ended: Ended) -> Execution:
        """The work under the key of what really ran: with the files that it read and the values that it saw."""
        key = work_key(doing.step.name, code.digest, doing.work.settings, doing.work.seed, doing.inputs, ended.hidden)
        if key == execution.key or not doing.step.options.cache:
            return structs.replace(execution, code=code.digest)
        if key not in self.means.leases.claim([key]):
            # Another run does that work now. Under the planned key it would be taken for what it is not: never offered.
            return structs.replace(execution, code=code.digest, cached=False)
        return structs.replace(execution, key=key, code=code.digest)

    def flush(self) -> None:
        """Write what has gathered, and go on from what was written."""
        self.gathered.write()
        self.settle()

    def settle(self) -> None:
        for doing, execution, bad in self.gathered.written():
            if not bad:
                self.keys[doing.step.name] = structs.replace(
                    self.keys[doing.step.name], key=execution.key, execution=execution
                )
                self.means.past.redone(execution)
                self.out.append(Committed(execution))
                if doing.checkpoint:
                    shutil.rmtree(doing.checkpoint, ignore_errors=True)
            self.do(self.engine.on(Settled(doing.step.name, bad)))


class _Unasked:
    """The past as far as it is known without asking the ledger."""

    def __init__(self, past: Past) -> None:
        self.find = past.known
        self.last = past.last
        self.ended = past.ended
        self.code = past.code
        self.lost = past.lost


def _is_told(hidden: HiddenInput) -> bool:
    """Whether people should hear of it: a file that is there. Variables can't be declared."""
    return hidden.digest != ABSENT and hidden.path[0] != "$"


def _hidden_warning(step: str, hidden: HiddenInput) -> Warned:
    return Warned(
        step,
        "hidden-input",
        f"it {'lists' if '*' in hidden.path else 'reads'} `{hidden.path}`, which it does not declare",
        hidden.where,
        "Declare it as a parameter annotated `Path`; until then its content is checked at every plan.",
    )
