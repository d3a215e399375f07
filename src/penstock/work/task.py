"""From a decision to run to a task that is complete in itself; and from how it ended to what the ledger keeps."""

from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from penstock.model.artifact import Stored
from penstock.model.code import Code
from penstock.model.run import Consumed, Execution, Made
from penstock.model.step import Entry, Isolation, Step
from penstock.model.task import Ended, Input, Setting, Task

__all__ = ["Site", "execution_of", "gather_task", "merged_code", "task_of"]


_KNOWN = frozenset({"file", "command"})  # entries whose code a worker knows for itself


class Site(Struct, frozen=True):
    """Where a run happens: its id, its pipeline, the project's folder, and folders for logs and checkpoints."""

    run: str
    pipeline: str
    root: str
    logs: str
    checkpoints: str


def task_of(
    site: Site,
    step: Step,
    attempt: int,
    key: str,
    settings: Sequence[Setting],
    seed: int,
    inputs: Sequence[Input],
    *,
    approved: bool = False,
) -> Task:
    """A step as a task."""
    options, place = step.options, step.code.place
    return Task(
        id=f"{site.run}/{step.name}/{attempt}",
        run=site.run,
        step=step.name,
        attempt=attempt,
        key=key,
        # Elsewhere other packages are read, and another Python may: what both can tell is the bytes of the files.
        code=step.code.digest if step.entry.kind in _KNOWN and not place else "",
        source=step.code.source if step.entry.kind in _KNOWN and not place else "",
        entry=step.entry,
        inputs=tuple(inputs),
        settings=tuple(settings),
        outputs=tuple([one.name for one in step.outputs]),
        seed=seed,
        isolation=options.isolation,
        resources=options.resources,
        timeout=options.timeout,
        no_output_timeout=options.no_output_timeout,
        image=options.image,
        env=options.env,
        root=site.root,
        log=f"{site.logs}/",
        checkpoint=f"{site.checkpoints}/{step.name}-{key[7:23]}",
        approved=approved,
        kind=step.kind,
        limits=options.limits,
        network=options.network or step.entry.commands,
        place=place,
        files=step.code.files if place else {},
    )


def gather_task(task: Task, results: Sequence[Stored]) -> Task:
    """The task that collects the results of a fan-out, in order (inputs named by number), to the list that the grown
    step is to return; a command's are collected beside its own inputs."""
    inputs = tuple([Input(str(index), f"{task.step}[{index}]", one) for index, one in enumerate(results)])
    entry = Entry("gather", task.entry.path)
    settings: tuple[Setting, ...] = ()
    if task.entry.kind == "command":
        entry, inputs, settings = structs.replace(task.entry, kind="gather"), (*inputs, *task.inputs), task.settings
    where: Isolation = "container" if task.isolation == "container" else "worker"
    return structs.replace(task, entry=entry, inputs=inputs, settings=settings, code="", isolation=where, limits={})


def execution_of(
    site: Site,
    step: Step,
    task: Task,
    ended: Ended,
    inputs: Mapping[str, Consumed],
    settings: Sequence[Setting],
    started: float,
) -> Execution:
    """What the ledger keeps of a task that succeeded."""
    made = [
        Made(step.artifact(output), stored, output.role)
        for output, stored in zip(step.outputs, ended.outputs, strict=True)
    ]
    return Execution(
        key=task.key,
        pipeline=site.pipeline,
        step=step.name,
        kind=step.kind,
        run=site.run,
        attempt=task.attempt,
        code=step.code.digest,
        inputs=dict(inputs),
        settings={one.name: (one.shown, one.digest) for one in settings},
        outputs=tuple(made),
        metrics=ended.metrics,
        usage=ended.usage,
        started=started,
        seed=task.seed,
        hidden=ended.hidden,
        cached=step.options.cache and ended.failure is None,
        failure=ended.failure,
    )


def merged_code(planned: Code, ended: Ended) -> Code:
    """The closure of what really ran: the plan's, with the values that the worker found other."""
    digest = ended.extra.get("code")
    if not digest or not ended.pieces:
        return planned
    other = {(one.kind, one.name): one for one in ended.pieces}
    pieces = [other.pop((one.kind, one.name), one) for one in planned.pieces]
    return Code(str(digest), (*pieces, *other.values()))
