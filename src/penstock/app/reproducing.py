"""Do a run again from what it stored, in a folder of its own, and hold the results against each other digest by digest.

The sources come from the run's snapshot, parameters and seed from its record; every step is done anew, in a ledger of its
own. Results go to the same store, where equal ones take no room. Raw files are read where they lie; a step whose files
have changed since is not done again: what it made then is taken from the store. Nothing is deployed a second time.
"""

import math
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from msgspec import Struct

from penstock.app.executors import executor_names
from penstock.app.pipeline import Pipeline
from penstock.app.places import COPIES, LOCAL
from penstock.app.recording import GitState, environment, machine
from penstock.app.restoring import restore
from penstock.app.settings import Settings
from penstock.app.since import ChangedFile, changed_files, changed_packages, code_changes, paths_of, paths_within
from penstock.app.versions import is_kept
from penstock.declare.load import load
from penstock.declare.valohai import is_valohai, load_valohai
from penstock.errors import Corrupt, DeclarationError, NotFound, PenstockError
from penstock.graph.graph import Graph
from penstock.model.artifact import Stored
from penstock.model.code import Code
from penstock.model.event import Event
from penstock.model.run import Execution, Made, Reason, Run
from penstock.model.step import Step
from penstock.model.task import ABSENT, Failure, Setting
from penstock.plan.decide import Work, decide_by, key_of
from penstock.plan.files import Stats
from penstock.plan.parameters import split_overrides
from penstock.ports import Ledger, Store
from penstock.report.run_diff import figures_of, side_of

__all__ = ["Compared", "Reproduction", "Verdict", "reproduce"]

Verdict = Literal["equal", "different", "missing", "given"]
_UNSEEN = Reason(
    "unknown",
    "equal code, inputs, parameters and seed gave another result: it hangs on something that is not recorded",
)


class Compared(Struct, frozen=True):
    """An artifact of the run and of its reproduction: their digests ("" for what is not there).

    `given` ones were taken from the store and not made again; `missing` ones were made then, and not now. `bytes_differ`
    where only the library's own bytes are others, and the state is equal. `reasons` say why it is another one.
    """

    step: str
    artifact: str
    verdict: Verdict
    before: str
    after: str = ""
    bytes_differ: bool = False
    reasons: tuple[Reason, ...] = ()


class Reproduction(Struct, frozen=True):
    """What came of doing a run again. `figures` are held against each other too (`artifact` is then the name of one), and
    decide nothing: a picture may hang on fonts.

    `status` is `nothing` where nothing was made again.

    `metrics` are those that differ, by name (then, now); `failures` (then, now) of steps that failed then or now. `given`
    are the steps whose stored results were taken, `files` what they read that is another now; `left` were not done again
    because they deploy; `moved` are source files outside of the project that are others now. `packages` are (name,
    version then, now). `code` tells by step how the project's code as it is *now* differs from that of the run ("" for
    what can't be said of any step), `commit` the commits then and now. `folder` is "" unless it was kept.
    """

    run: Run
    status: Literal["equal", "different", "failed", "nothing"]
    seconds: float
    artifacts: tuple[Compared, ...]
    figures: tuple[Compared, ...]
    metrics: dict[str, tuple[float | None, float | None]]
    failures: dict[str, tuple[Failure | None, Failure | None]]
    given: tuple[str, ...]
    left: tuple[str, ...]
    files: tuple[ChangedFile, ...]
    moved: tuple[str, ...]
    packages: tuple[tuple[str, str, str], ...]
    machine: tuple[dict[str, Any], dict[str, Any]]
    code: dict[str, tuple[Reason, ...]]
    commit: tuple[str, str]
    folder: str


class _Original(NamedTuple):
    """The run as the ledger has it: `rows` are its steps, `done` their executions."""

    run: Run
    rows: dict[str, dict[str, Any]]
    done: dict[str, Execution]
    ledger: Ledger
    store: Store

    @property
    def root(self) -> Path:
        return Path(self.run.root)


def reproduce(
    settings: Settings,
    ledger: Ledger,
    store: Store,
    run: str,
    targets: Sequence[str] = (),
    *,
    executor: str | None = None,
    workers: int | None = None,
    keep: bool = False,
    on_event: Callable[[Event], None] | None = None,
) -> Reproduction:
    """Do a run again, or the part of it that makes some targets.

    Raises `NotFound` for a run that is not known, stored no sources or is still going on; `Corrupt` where its snapshot is
    damaged, or a file that it read is gone and what was made of it as well. With `keep`, the folder it happens in stays.
    """
    original = _original(ledger, store, run)
    found = original.run
    began = time.monotonic()
    with _folder(keep=keep) as folder:
        project = folder / "project"
        moved = restore(found, ledger, project)
        _link(original, project)
        pipeline = _pipeline(original, settings, folder, executor)
        graph, left = _undeployed(pipeline.graph.only(targets or found.targets))
        overrides = split_overrides(pipeline.graph, found.overrides)
        _link_within(original, graph, overrides, project)
        files, given = _changed(original, graph, overrides)
        pipeline._given = given
        result = pipeline.run(
            list(graph.steps),
            parameters={**found.overrides, **_raw(original, graph, given, overrides)},
            seed=found.seed,
            workers=workers,
            on_event=on_event,
            keep_going=True,
        )
        if result.status == "cancelled":
            raise KeyboardInterrupt
        rows = dict(result.steps)
        drawn = figures_of(result._ledger, side_of(result._ledger, result.run))
        result.close()
    artifacts = tuple(_compared(original, graph, rows, given))
    failures = _failures(original, graph, rows)
    here = original.root.is_dir()
    return Reproduction(
        run=found,
        status=_status(artifacts, failures),
        seconds=time.monotonic() - began,
        artifacts=artifacts,
        figures=tuple(_figures(original, graph, drawn, given)),
        metrics=_metrics(original, graph, rows),
        failures=failures,
        given=tuple(given),
        left=left,
        files=tuple(files),
        moved=tuple(moved),
        packages=tuple(changed_packages(found, environment())),
        machine=(found.machine, machine()),
        code=_since(original, settings),
        commit=(found.commit, GitState(original.root).read()[0] if here else ""),
        folder=str(folder) if keep else "",
    )


def _original(ledger: Ledger, store: Store, run: str) -> _Original:
    found = ledger.run(run)
    if ledger.status(found.id) == "running":
        raise NotFound(f"run {found.id} is still going on", hint=f"See how it goes with `penstock show {found.id}`.")
    rows = {row["step"]: row for row in ledger.steps(found.id)}
    done = {name: row["execution"] for name, row in rows.items() if row["execution"] is not None}
    return _Original(found, rows, done, ledger, store)


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="penstock-reproduce-")).resolve()
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _pipeline(original: _Original, settings: Settings, folder: Path, executor: str | None) -> Pipeline:
    """The pipeline as it was, with a state folder of its own around the same store."""
    run, state = original.run, folder / "state"
    state.mkdir()
    for shared in ("store", COPIES):  # of a store that lies elsewhere, the copies
        (settings.state / shared).mkdir(exist_ok=True)
        (state / shared).symlink_to((settings.state / shared).resolve())
    known = run.executor if run.executor in executor_names() else None
    project = folder / "project"
    while True:
        try:
            return Pipeline.load(
                project / run.file,
                **run.choice,
                state=str(state),
                store=settings.store,
                ledger=LOCAL,
                store_cache=settings.store_cache,
                name=run.pipeline,
                executor=executor or known,
                memory=settings.memory or None,
                gpus=settings.gpus or None,
            )
        except DeclarationError as error:  # a large file that import reads, perhaps: it is no part of the snapshot
            lacked = error.__cause__.filename if isinstance(error.__cause__, FileNotFoundError) else None
            if not isinstance(lacked, str) or not Path(lacked).is_relative_to(project):
                raise
            relative = Path(lacked).relative_to(project)
            _link_all(original, [relative], project)
            if not (project / relative).exists():
                raise


def _undeployed(graph: Graph) -> tuple[Graph, tuple[str, ...]]:
    """The graph without what deploys and what comes after; and the names of these."""
    left = graph.below([name for name, step in graph.steps.items() if step.kind == "deploy"])
    return graph.only([name for name in graph.steps if name not in left]), tuple(sorted(left))


def _link(original: _Original, project: Path) -> None:
    """Let the files of the project that steps read without saying so be found beside the sources."""
    wanted: set[Path] = set()
    for execution in original.done.values():
        for one in execution.hidden:
            place = Path(original.root, one.path)
            if one.digest != ABSENT and one.path[0] != "$" and place.is_relative_to(original.root):
                wanted.add(place.relative_to(original.root))
        code = original.ledger.code(execution.code)
        for piece in code.pieces if code is not None else ():
            if piece.kind == "file" and not Path(piece.name).is_absolute():
                wanted.add(Path(piece.name))
    _link_all(original, wanted, project)


def _link_within(original: _Original, graph: Graph, overrides: Mapping[str, Mapping[str, Any]], project: Path) -> None:
    """The same for files that parameters name among other things; those that are paths themselves are given in full."""
    wanted: set[Path] = set()
    for name, step in graph.steps.items():
        for setting in paths_within(step, overrides.get(name, {}), original.root, {}).values():
            paths = [Path(path) for path, _ in setting.within] if setting is not None else []
            wanted.update([path for path in paths if not path.is_absolute()])
    _link_all(original, wanted, project)


def _link_all(original: _Original, wanted: Iterable[Path], project: Path) -> None:
    for relative in sorted(wanted):
        source, place = original.root / relative, project / relative
        if ".." in relative.parts or not source.exists() or place.exists():
            continue
        if any(above.is_symlink() for above in place.parents if above.is_relative_to(project)):
            continue  # a folder above it is linked already
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(source)


def _changed(
    original: _Original, graph: Graph, overrides: Mapping[str, Mapping[str, Any]]
) -> tuple[list[ChangedFile], dict[str, Execution]]:
    """The files that steps read and that are others now, and the executions whose stored results stand in for that."""
    stats: Stats = {}
    files: list[ChangedFile] = []
    given: dict[str, Execution] = {}
    for name, step in graph.steps.items():
        done = original.done.get(name)
        if done is None:
            continue
        changed = changed_files(step, done, original.root, stats, overrides.get(name)) + _named_files(
            original, step, done
        )
        if not changed:
            continue
        files += changed
        if all(is_kept(made.stored, original.store) for made in done.outputs):
            given[name] = done
        elif gone := next((one for one in changed if one.gone and one.parameter), None):
            raise Corrupt(
                f"{gone.path}, which step `{name}` read, is gone, and so is what the step made of it",
                hint="Put the file back; or name targets that do not need it.",
            )
    return files, given


def _named_files(original: _Original, step: Step, done: Execution) -> list[ChangedFile]:
    """The files that the code of a step names by constant paths, and that are others now."""
    old = original.ledger.code(done.code)
    now = {one.name: one.digest for one in step.code.pieces if one.kind == "file"}
    then = {one.name: one.digest for one in old.pieces if one.kind == "file"} if old is not None else {}
    return [
        ChangedFile(step.name, str(original.root / name), "", name not in now)
        for name, digest in then.items()
        if now.get(name) != digest
    ]


def _raw(
    original: _Original,
    graph: Graph,
    given: Mapping[str, Execution],
    overrides: Mapping[str, Mapping[str, Any]],
) -> dict[str, str]:
    """The files given as parameters, where they lie: relative paths start at the project as it was."""
    found = {}
    for name, step in graph.steps.items():
        done = original.done.get(name)
        if name in given:
            continue
        if done is not None:
            places = {
                one: str(path) for one, (path, _) in paths_of(step, done, original.root, overrides.get(name)).items()
            }
        else:  # it did not get to its end then
            shown = original.run.parameters.get(name, {})
            kinds = [one.name for one in step.parameters if one.kind == "path" and one.name in shown]
            paths = {one: original.root / shown[one] for one in kinds}
            places = {one: str(path) for one, path in paths.items() if path.exists()}
        found.update({f"{name}.{one}": path for one, path in places.items()})
    return found


def _compared(
    original: _Original, graph: Graph, rows: Mapping[str, Mapping[str, Any]], given: Mapping[str, Execution]
) -> Iterator[Compared]:
    for name, step in graph.steps.items():
        done = original.done.get(name)
        if done is None:
            continue
        now: Execution | None = rows[name]["execution"] if name in rows else None
        made = {one.artifact: one for one in now.outputs} if now is not None else {}
        reasons: tuple[Reason, ...] | None = None
        for one in done.outputs:
            found = made.get(one.artifact)
            if name in given:
                yield Compared(name, one.artifact, "given", one.stored.digest)
            elif now is None or found is None:
                words = f"the step is {rows[name]['status']}" if name in rows else "the step is not there"
                yield Compared(name, one.artifact, "missing", one.stored.digest, reasons=(Reason("missing", words),))
            elif found.stored.identity == one.stored.identity:
                yield _equal(name, one, found)
            else:
                reasons = _why(original, step, now) if reasons is None else reasons
                yield Compared(name, one.artifact, "different", one.stored.digest, found.stored.digest, reasons=reasons)


def _figures(
    original: _Original, graph: Graph, drawn: Mapping[tuple[str, str], Stored], given: Mapping[str, Execution]
) -> Iterator[Compared]:
    for (step, name), then in figures_of(original.ledger, side_of(original.ledger, original.run.id)).items():
        now = drawn.get((step, name))
        if step not in graph.steps or step in given:
            continue
        if now is None:
            yield Compared(step, name, "missing", then.digest)
        else:
            verdict: Verdict = "equal" if now.digest == then.digest else "different"
            yield Compared(step, name, verdict, then.digest, now.digest)


def _equal(step: str, then: Made, now: Made) -> Compared:
    digest = then.stored.digest
    return Compared(step, then.artifact, "equal", digest, digest, then.stored.blob != now.stored.blob)


def _why(original: _Original, step: Step, now: Execution) -> tuple[Reason, ...]:
    """Why an execution is another one than that of the run: what a plan would say of it."""
    then = original.done[step.name]
    settings = []
    for one in step.parameters:
        if one.name in now.settings:
            shown, digest = now.settings[one.name]
            before = then.settings.get(one.name, ("", ""))[0]
            if one.kind == "path" and str(original.root / before) == shown:  # the same place, given in full
                shown = before
            settings.append(Setting(one.name, one.kind, shown, digest))
    work = Work(step, tuple(settings), now.seed, hidden=now.hidden)
    decision = decide_by(work, now.inputs, key_of(work, now.inputs), None, _Then(original.ledger, then))
    found = tuple([one for one in decision.reasons if one.kind not in ("lost", "uncached")])
    return found or (_UNSEEN,)


class _Then:
    """The memory of one execution alone, which is not offered for reuse."""

    def __init__(self, ledger: Ledger, execution: Execution) -> None:
        self._ledger, self._execution = ledger, execution

    def last(self, step: str) -> Execution:  # noqa: ARG002  it has but one
        """The execution."""
        return self._execution

    def ended(self, step: str) -> None:
        """It came to something."""

    def code(self, digest: str) -> Code | None:
        """A closure of old."""
        return self._ledger.code(digest)

    def lost(self, key: str) -> bool:  # noqa: ARG002  none was
        """Nothing was lost."""
        return False


def _metrics(
    original: _Original, graph: Graph, rows: Mapping[str, Mapping[str, Any]]
) -> dict[str, tuple[float | None, float | None]]:
    found: dict[str, tuple[float | None, float | None]] = {}
    for name in graph.steps:
        then = dict((original.rows.get(name) or {}).get("metrics") or {})
        now = dict((rows.get(name) or {}).get("metrics") or {})
        for metric in {**then, **now}:
            pair = (then.get(metric), now.get(metric))
            both_nan = all(one is not None and math.isnan(one) for one in pair)
            if pair[0] != pair[1] and not both_nan:
                found[f"{name}.{metric}"] = pair
    return found


def _failures(
    original: _Original, graph: Graph, rows: Mapping[str, Mapping[str, Any]]
) -> dict[str, tuple[Failure | None, Failure | None]]:
    found = {}
    for name in graph.steps:
        then, now = original.rows.get(name, {}), rows.get(name, {})
        pair = tuple([row.get("error") if row.get("status") == "failed" else None for row in (then, now)])
        if any(pair):
            found[name] = (pair[0], pair[1])
    return found


def _status(
    artifacts: Sequence[Compared], failures: Mapping[str, tuple[Failure | None, Failure | None]]
) -> Literal["equal", "different", "failed", "nothing"]:
    if any(then is None for then, _ in failures.values()):
        return "failed"
    if not failures and all(one.verdict == "given" for one in artifacts):
        return "nothing"  # equal to what? Nothing of it was made again
    same = all(one.verdict in ("equal", "given") for one in artifacts)
    return "equal" if same and all(now is not None for _, now in failures.values()) else "different"


def _since(original: _Original, settings: Settings) -> dict[str, tuple[Reason, ...]]:
    """How the code of the run's steps differs from what the project has now."""
    file, chosen = original.root / original.run.file, original.run.choice
    try:
        declared: Sequence[Step] = (
            load_valohai(file, original.root, settings.state, **chosen).steps
            if is_valohai(file)
            else load(file, original.root, settings.state / "cache").steps
        )
    except PenstockError as error:
        return {"": (Reason("code", f"{original.run.file} can't be loaded as it is now: {error.what}", error.where),)}
    steps = {one.name: one for one in declared}
    found = {
        name: code  # what is installed is told apart from it
        for name, reasons in code_changes(original.ledger, original.done, steps.values()).items()
        if (code := tuple([one for one in reasons if one.kind not in ("package", "python")]))
    }
    gone = [name for name in original.run.steps if name not in steps]
    return {**found, **{name: (Reason("code", "the step is no longer there"),) for name in gone}}
