"""Checks of a run: which are asked about which steps, what is known of old, and what the benches say of the rest."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import msgspec

import penstock
from penstock.app.answers import Answers
from penstock.app.failing import against, failing_of
from penstock.app.grounds import Grounds
from penstock.app.recording import contract_record
from penstock.app.settings import Settings
from penstock.app.values import load_value
from penstock.checks.nodes import nodes_of
from penstock.checks.pairs import CHECKS, PROBED, UNSTEADY, offered, pairs
from penstock.checks.waiving import waived
from penstock.checks.wiring import wiring
from penstock.errors import UnknownName, did_you_mean
from penstock.model.artifact import Stored
from penstock.model.bench import Asked, Bench, BenchAnswer, BenchRequest, BenchStep, Depth, Kept, Pair
from penstock.model.digest import combine, digest_bytes
from penstock.model.event import Checked, Event, Judging
from penstock.model.run import Execution, Run
from penstock.model.step import Entry
from penstock.model.task import Ended, Task
from penstock.model.verdict import CheckResult, Finding
from penstock.model.waiver import Waiver
from penstock.plan.plan import Plan
from penstock.ports import Executor, Ledger, Store

__all__ = ["Judge", "bench_steps"]

_NOT_REACHED = "not reached"  # how the reason of a pair begins that time did not allow: the next run asks again
_UNASKED = "it could not be asked"
_SCHEME = "penstock-checks-2"
_LEAST, _SHARE = 2.0, 0.1  # seconds that quick checks may take at any rate, and their share of the run's own time
_FIRST = 0.5  # of that, for the checks which the others wait for
_LIMIT, _ALONE = 1800.0, 300.0  # seconds after which a bench is given up that nothing else bounds; of one pair
_LATE = 0.5  # seconds that a bench may take beyond its time to come to an end by itself
_FAIR = 0.5  # seconds of which a pair may say that they were not enough for it
_TURN = 0.1
_QUICK, _WEIGHING = 20.0, 20.0  # seconds of training and scoring beyond which no finding is weighed; for all that are


class Judge:
    """Judges what a run made. Called once, with what each step did; tells how far it is, and at last what was found.

    `executor` is None where nothing is asked, and only what is `foreseen` is wanted.
    Raises `UnknownName` for a check or step that is not there.
    """

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        store: Store,
        plan: Plan,
        run: Run,
        executor: Executor | None,
        asked: Asked,
        waivers: Sequence[Waiver] = (),
        interrupted: Callable[[], str] = lambda: "",
    ) -> None:
        self._settings, self._ledger, self._store = settings, ledger, store
        self._plan, self._run, self._asked, self._waivers = plan, run, asked, waivers
        self._executor, self._interrupted = executor, interrupted
        self._answers = Answers(settings.state / "cache" / "checks")
        self._begun = time.monotonic()
        self._numbers = 0
        self._alone: dict[Pair, str] = {}
        # Looking for what other packages offer takes longer than quick checks may where nothing is to be asked.
        self.sorts = {**CHECKS, **offered()} if asked.depth == "full" else CHECKS
        for name in asked.only:
            if name not in self.sorts:
                raise UnknownName(f"there is no check `{name}`", hint=did_you_mean(name, self.sorts))
        for name in asked.steps:
            if name not in plan.graph.steps:
                raise UnknownName(f"there is no step `{name}` to check", hint=did_you_mean(name, plan.graph.steps))

    def __call__(self, done: Mapping[str, Execution]) -> Generator[Event, None, str]:
        """Judge; returns what speaks against handing on what was made, "" if nothing does."""
        started = time.monotonic()
        asked, wanted, wired = self._asked, self._wanted(done), self._wired()
        if not wanted and not wired:
            return ""
        grounds = Grounds(self._plan.graph, done)
        keys = {pair: self._keys(pair, grounds) for pair in wanted}
        self._alone = {pair: each[-1] for pair, each in keys.items()}
        kept = {pair: one for pair in wanted if (one := self._known(keys[pair])) is not None}
        reused = len(kept)
        budget = self._budget(started - self._begun)
        pending = [pair for pair in wanted if pair not in kept]
        if asked.depth == "quick" and asked.budget is None and all(self._spent(pair) for pair in pending):
            kept |= {pair: _unknown(pair, f"{_NOT_REACHED}: quick checks had no time for it") for pair in pending}
            pending = []
        if pending:
            bench = _Benches(self, bench_steps(self._plan, done), started + budget if budget else 0.0)
            for pair, one in bench.ask(pending, kept):
                kept[pair] = one
                if not one.result.reason.startswith((_NOT_REACHED, _UNASKED)):
                    self._answers.put(keys[pair][0], msgspec.msgpack.encode(one))
                yield Judging(len(kept) - reused, len(pending), f"{pair.check} {pair.step}".strip())
            if all(kept[pair].result.reason.startswith(_NOT_REACHED) for pair in pending):
                for pair in pending:  # asked again in haste, they would take as long and come to as little
                    self._answers.put(combine(_SCHEME, ["spent", self._alone[pair]]), b"1")
        told = [kept[pair] for pair in wanted]
        results = (*[one for _, one in wired], *[one.result for one in told])
        listed = _once(
            [each for some in (*[one for one, _ in wired], *[one.findings for one in told]) for each in some]
        )
        found, waivers = waived(
            self._weighed(listed, done, told) if asked.depth == "full" else listed,
            results,
            self._waivers,
            date.today(),  # noqa: DTZ011 - a waiver's day is a day where its people are
            steps=self._plan.graph.steps,
            checks=self.sorts,
        )
        checked = Checked(
            depth=asked.depth,
            results=results,
            findings=found,
            waivers=waivers,
            evidence={
                each.id: one.evidence for one in told if one.evidence is not None for each in one.findings if each.id
            },
            left=tuple([pair for pair in wanted if kept[pair].result.reason.startswith(_NOT_REACHED)]),
            reused=reused,
            seconds=time.monotonic() - started,
            budget=budget,
        )
        yield checked
        return against(failing_of(checked, self._run.graph))

    def _weighed(self, found: list[Finding], done: Mapping[str, Execution], answers: Sequence[Kept]) -> list[Finding]:
        """The findings, with an estimate of what each is worth: of this very pipeline, known, or made where training is quick enough."""
        again = [name for name in done if self._plan.graph.steps[name].kind in ("train", "predict", "evaluate")]
        wanted = [one for one in found if one.verdict == "PROVEN" and one.column and one.check in PROBED]
        long = sum([done[name].usage.seconds for name in again]) > _QUICK
        spent = any(one.result.reason.startswith(_NOT_REACHED) for one in answers)
        if not again or not wanted or long or spent or self._interrupted():
            return found
        work = [part for name, one in sorted(done.items()) for part in (name, one.key)]
        key = combine(_SCHEME, ["severity", penstock.__version__, *work, *[one.id for one in wanted]])
        kept = self._answers.get(key)
        if kept is None:
            seconds = min(_WEIGHING, self._asked.budget or _WEIGHING)
            request = BenchRequest((Pair("severity", ""),), seconds=seconds, weigh=tuple(wanted))
            for _, ended in self.perform(bench_steps(self._plan, done), [request], _WEIGHING + _QUICK * 3):
                if ended.status != "succeeded":
                    return found  # an estimate is no reason to say less of the rest
                kept = msgspec.json.encode([one.severity for one in self.answer(ended)[0].findings])
                self._answers.put(key, kept)
        said = dict(zip([one.id for one in wanted], msgspec.json.decode(kept or b"[]", type=list[str]), strict=False))
        return [msgspec.structs.replace(one, severity=said.get(one.id, "") or one.severity) for one in found]

    def foreseen(self, done: Mapping[str, Execution]) -> set[Pair]:
        """What of that which would be asked is known already, if all that it stands on is among these steps."""
        grounds = Grounds(self._plan.graph, done)
        ready = [pair for pair in self._wanted(done) if grounds.whole(pair)]
        return {pair for pair in ready if self._known(self._keys(pair, grounds)) is not None}

    def _wired(self) -> list[tuple[list[Finding], CheckResult]]:
        """What the graph alone tells, which takes no bench."""
        if self._asked.steps or (self._asked.only and "wiring" not in self._asked.only):
            return []
        return [wiring(nodes_of(self._run.graph))]

    def _wanted(self, done: Mapping[str, Execution]) -> list[Pair]:
        listed = pairs(self._plan.graph, self.sorts, self._asked.only)
        return [one for one in listed if one.step in done and (not self._asked.steps or one.step in self._asked.steps)]

    def _budget(self, own: float) -> float:
        asked = self._asked
        if asked.budget is not None:
            return asked.budget
        return max(_LEAST, _SHARE * own) if asked.depth == "quick" else 0.0

    def _keys(self, pair: Pair, grounds: Grounds) -> list[str]:
        """Under what a pair is kept: what is asked now, and then all that would answer it as well."""
        sort = self.sorts[pair.check]
        parts = [penstock.__version__, sort.version, *pair, *grounds.parts(pair, stacked=sort.stacked)]
        contract = self._plan.graph.steps[pair.step].contract
        if contract is not None and contract.freeze:  # the rows of a source are held to the file as it is now
            file = Path(self._settings.root, contract.freeze)
            parts.append(digest_bytes(file.read_bytes()) if file.is_file() else "")
        depths = ["quick", "full"] if self._asked.depth == "quick" else ["full"]
        return [combine(_SCHEME, [depth, *parts]) for depth in depths]

    def _known(self, keys: Sequence[str]) -> Kept | None:
        for key in keys:
            found = self._answers.get(key)
            if found is None:
                continue
            try:
                one = msgspec.msgpack.decode(found, type=Kept)
            except msgspec.MsgspecError:
                continue
            if one.evidence is None or self._there(one.evidence):
                return one
        return None

    def _there(self, stored: Stored) -> bool:
        blobs = [*stored.parts, *([stored.blob] if stored.data is None else [])]
        return all(self._store.has(blob) for blob in blobs)

    @property
    def depth(self) -> Depth:
        """How much is asked."""
        return self._asked.depth

    def _spent(self, pair: Pair) -> bool:
        return self._answers.get(combine(_SCHEME, ["spent", self._alone[pair]])) is not None

    def mark(self, pairs: Iterable[Pair]) -> None:
        """Remember that a bench died that was asked these together."""
        for pair in pairs:
            self._answers.put(combine(_SCHEME, ["alone", self._alone[pair]]), b"1")

    def died(self, pair: Pair) -> bool:
        """Whether a bench died that was asked this pair together with others."""
        return self._answers.get(combine(_SCHEME, ["alone", self._alone[pair]])) is not None

    def perform(
        self, steps: Sequence[BenchStep], requests: Sequence[BenchRequest], limit: float, end: float = 0.0
    ) -> Iterator[tuple[BenchRequest, Ended]]:
        """Have a bench for each request, side by side, and yield how each ended. Those that people do not wait for any
        more, or that have not begun to speak soon after `end` (0: never), end as cancelled."""
        executor, open_ones = self._executor, dict[str, BenchRequest]()
        assert executor is not None
        for request in requests:
            self._numbers += 1
            task = self._task(steps, request, limit)
            open_ones[task.id] = request
            executor.submit(task)
        stopped = False
        while open_ones:
            for event in executor.events(_TURN):
                if isinstance(event, Ended) and event.task in open_ones:
                    yield open_ones.pop(event.task), event
            late = bool(end) and time.monotonic() > end + _LATE
            if (late or self._interrupted()) and not stopped:
                stopped = True
                for one in list(open_ones):
                    executor.cancel(one, "the time for checks was spent" if late else "interrupted", grace=0.2)

    def answer(self, ended: Ended) -> tuple[BenchAnswer, Stored | None]:
        """What a bench said, and where its counter-examples are stored."""
        told, evidence = ended.outputs
        answer = msgspec.msgpack.decode(load_value(told, self._ledger, self._store), type=BenchAnswer)
        return answer, evidence if any(one.verdict == "PROVEN" for one in answer.findings) else None

    def _task(self, steps: Sequence[BenchStep], request: BenchRequest, limit: float) -> Task:
        check = request.pairs[0].check
        settings = self._settings
        path = next((one.entry.path for one in steps if one.entry.kind == "file"), "")
        data = msgspec.msgpack.encode(Bench(tuple(steps), request))
        return Task(
            id=f"{self._run.id}/check {check}/{self._numbers}",
            run=self._run.id,
            step=f"check {check}",
            attempt=self._numbers,
            key=combine(_SCHEME, [self._run.id, str(self._numbers)]),
            code="",
            entry=Entry("check", path, check, data),
            outputs=("answer", "evidence"),
            seed=self._run.seed,
            root=str(settings.root),
            log=str(settings.state / "logs" / "again") + "/",
            timeout=limit,
        )


class _Benches:
    """Asks pairs of benches: a task for each check, and each pair alone of those whose bench died."""

    def __init__(self, judge: Judge, steps: Sequence[BenchStep], end: float) -> None:
        self._judge, self._steps, self._end = judge, steps, end
        self._begun = time.monotonic()

    def ask(self, pending: Sequence[Pair], kept: Mapping[Pair, Kept]) -> Iterator[tuple[Pair, Kept]]:
        """Each pair, once it is known what it comes to. What is not steady is found out before the others are asked."""
        unsteady = {pair.step for pair, one in kept.items() if _is_unsteady(one)}
        # In haste all are asked side by side: the bench that does steps again finds out by itself what is not steady.
        haste = self._judge.depth == "quick"
        sorts = self._judge.sorts
        first = [pair for pair in pending if not haste and (not sorts[pair.check].again or pair.check == "rerun")]
        rest = [pair for pair in pending if pair not in first]
        end = self._begun + (self._end - self._begun) * _FIRST if self._end and rest else self._end
        for pair, one in self._round(self._groups(first), unsteady, end, _LIMIT):
            if _is_unsteady(one):
                unsteady.add(pair.step)
            yield pair, one
        yield from self._round(self._groups(rest), unsteady, self._end, _LIMIT)

    def _groups(self, listed: Iterable[Pair]) -> list[tuple[Pair, ...]]:
        """Pairs that are asked together: those of one check, in haste all that do steps again, for these share the sample and what is
        made of it; but each alone of those whose bench died before."""
        found: dict[str, list[Pair]] = {}
        alone: list[tuple[Pair, ...]] = []
        for one in listed:
            if self._judge.died(one):
                alone.append((one,))
            else:
                haste = self._judge.depth == "quick" and self._judge.sorts[one.check].again
                found.setdefault("" if haste else one.check, []).append(one)
        return [*[tuple(one) for one in found.values()], *alone]

    def _round(
        self, groups: Sequence[tuple[Pair, ...]], unsteady: set[str], end: float, limit: float
    ) -> Iterator[tuple[Pair, Kept]]:
        """Ask side by side, until `end` (0: for `limit` seconds each)."""
        left = end - time.monotonic() if end else 0.0
        if end and left <= 0:
            for group in groups:
                yield from [(pair, _unknown(pair, f"{_NOT_REACHED}: the time for checks was spent")) for pair in group]
            return
        requests = [BenchRequest(group, self._judge.depth, left, tuple(sorted(unsteady))) for group in groups]
        again: list[tuple[Pair, ...]] = []
        for request, ended in self._judge.perform(self._steps, requests, left + 30.0 if end else limit, end):
            if ended.status == "succeeded":
                yield from _sorted_out(request, *self._judge.answer(ended))
            elif ended.status == "cancelled":
                if self._judge.depth == "full" and len(request.pairs) > 1:
                    self._judge.mark(request.pairs)  # one of them may hang: next time each is asked alone
                yield from [
                    (pair, _unknown(pair, f"{_NOT_REACHED}: {ended.reason or 'it was stopped'}"))
                    for pair in request.pairs
                ]
            elif len(request.pairs) > 1:
                self._judge.mark(request.pairs)
                again += [(pair,) for pair in request.pairs]
            else:
                yield request.pairs[0], _unknown(request.pairs[0], _death(ended, left))
        if again:
            yield from self._round(again, unsteady, end, _ALONE)


def _is_unsteady(one: Kept) -> bool:
    return any(each.check == "rerun" and each.world.startswith(UNSTEADY) for each in one.findings)


def _sorted_out(request: BenchRequest, answer: BenchAnswer, evidence: Stored | None) -> Iterator[tuple[Pair, Kept]]:
    """What a bench said, pair by pair. A finding in a step that was not asked about goes with the last pair."""
    results = {Pair(one.check, one.step): one for one in answer.results}
    findings: dict[Pair, list[Finding]] = {}
    for one in answer.findings:
        pair = Pair(one.check, one.step)
        findings.setdefault(pair if pair in request.pairs else request.pairs[-1], []).append(one)
    for pair in request.pairs:
        mine = tuple(findings.get(pair, ()))
        result = results.get(pair) or CheckResult(*pair, "UNKNOWN", f"{_NOT_REACHED}: nothing was said of it")
        yield pair, Kept(result, mine, evidence if any(one.verdict == "PROVEN" for one in mine) else None)


def _unknown(pair: Pair, reason: str) -> Kept:
    return Kept(CheckResult(*pair, "UNKNOWN", reason))


def _death(ended: Ended, left: float) -> str:
    """Why a bench said nothing of the one pair that it was asked, in `left` seconds (0: as many as it takes). What its own
    process died of is kept; what else went wrong may go right next time."""
    failure = ended.failure
    if failure is None:
        return f"{_UNASKED}: {ended.reason or ended.status}"
    where = f", at {failure.where}" if failure.where else ""
    if failure.kind == "TimeoutError" and left:
        if left < _FAIR:
            return f"{_NOT_REACHED}: the time for checks was spent"
        return f"it takes longer than the time that checks had here{where}; `penstock check` gives it more"
    if failure.kind not in ("WorkerDied", "TimeoutError"):
        return f"{_UNASKED}: {failure.kind}: {failure.message.strip().splitlines()[0]}{where}"
    what = failure.message.partition("` ")[2] or failure.message  # without the name of the step, which is a check
    return f"the process in which it was asked {what}{where}"


def _once(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once, the gravest first; within a verdict, in the order in which they were found."""
    found: dict[tuple[str, ...], Finding] = {}
    for one in findings:
        found.setdefault((one.check, one.step, one.artifact, one.column, one.row, one.world), one)
    rank = {"PROVEN": 0, "SUSPECT": 1}
    return sorted(found.values(), key=lambda one: rank.get(one.verdict, 2))


def bench_steps(plan: Plan, done: Mapping[str, Execution]) -> list[BenchStep]:
    """The steps as a bench gets them, in the order of the graph: those that were done, or all, if none was."""
    found = []
    for name, step in plan.graph.steps.items():
        if (done and name not in done) or step.entry.kind == "command":
            continue
        work, contract = plan.works[name], step.contract
        found.append(
            BenchStep(
                name=name,
                kind=step.kind,
                entry=step.entry,
                inputs={argument: artifact for argument, (_, artifact) in plan.graph.inputs(name).items()},
                outputs=step.outputs,
                contract=contract_record(contract) if contract is not None else {},
                target=step.options.target,
                where=step.where,
                settings=work.settings,
                seed=work.seed,
                code=step.code.digest,
                source=step.code.source,
                recorded={one.artifact: one.stored for one in done[name].outputs} if done else {},
            )
        )
    return found
