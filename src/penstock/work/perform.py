"""One attempt at one task: load, call, store."""

import pickle
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

from penstock.errors import Corrupt, PenstockError, StepFailed
from penstock.model.artifact import Stored
from penstock.model.code import VOLATILE, Code, Piece
from penstock.model.event import Produced, TaskEvent
from penstock.model.task import ABSENT, Ended, Failure, Fanout, HiddenInput, Status, Task
from penstock.ports import Codecs, Store
from penstock.work.context import Changed, Context, Each, Hold, Skip, Stop, active
from penstock.work.failures import failure_of, relative
from penstock.work.outputs import Target, encode_all, fan_out, named, numbers
from penstock.work.seeds import seed_generators
from penstock.work.sink import StoreSink
from penstock.work.usage import Meter
from penstock.work.watch import Watch, install

__all__ = ["Kit", "NeedsFresh", "perform"]

_ELSEWHERE = (
    "It may have been made by other packages than this step has. Between environments, hand over tables, arrays and plain "
    "values, or give both steps the same `env=` or `image=`."
)


class NeedsFresh(Exception):
    """This process holds old code: the task must run in a new one."""


class Kit(NamedTuple):
    """What `perform` works with, handed in by whoever composes the process.

    `resolve` finds a task's function with its closure as this process loaded it (None: not known), and raises
    `NeedsFresh` where that is no longer what the files say; to gather, the function takes the list of `values`. `changed` lists source files edited since they were
    loaded, relative to the project. `digest` is that of a file's or folder's content. `target` describes the function
    that `ps.each` hands items to. What lies in `ignored` (the state folder), or begins with `unpacked` (where inputs
    that are files lie), is never a hidden input. `prepare` loads a
    pipeline file of a project ahead of its first task.
    """

    codecs: Codecs
    store: Store
    resolve: Callable[[Task], tuple[Callable[..., Any], Code | None]]
    changed: Callable[[], list[str]]
    digest: Callable[[Path], str]
    target: Callable[[Callable[..., Any]], Target]
    ignored: tuple[str, ...] = ()
    unpacked: str = ""
    prepare: Callable[[str, str], None] | None = None


def perform(task: Task, kit: Kit, emit: Callable[[TaskEvent], None]) -> Ended:
    """Do a task and say how it ended; never raises what the step raises.

    Only `NeedsFresh` leaves it, and (`Stop` aside, which ends as `cancelled`) a `KeyboardInterrupt` that did not come
    from the step's own code.
    """
    meter = Meter()
    sink = StoreSink(kit.store)
    context = Context(task, emit, lambda drawn: kit.codecs.encode(drawn, sink))
    watch = Watch(task.root, _declared(task, kit), kit.unpacked)
    work = _Attempt(task, kit, sink, context, watch, meter)
    with active(context):
        try:
            function, code = kit.resolve(task)
            if not work.same_code(code):
                return work.end("changed", reason="its code was edited after it was planned")
            arguments = work.arguments()
            if not task.entry.commands:  # what a command reads, other processes read: no hook sees it
                install()
            seed_generators(task.seed)
            with nullcontext() if task.entry.commands else watch:  # not what is read to store the result
                result = function(**arguments)
            del arguments
            work.keep(result)
            del result
            if edited := work.edited():
                return work.end("changed", reason=f"{edited} was edited while the step ran")
            work.flush(emit)
        except NeedsFresh:
            raise
        except Changed as signal:
            return work.end("changed", reason=str(signal))
        except Skip as signal:
            return work.end("skipped", reason=str(signal), everything=signal.everything)
        except Hold as signal:
            return work.end("held", reason=str(signal))
        except Stop as signal:
            return work.end("cancelled", reason=str(signal), failure=work.failure(signal))
        except Corrupt as error:
            if work.loading:
                return work.end("corrupt", reason=error.what, lost=(work.loading,))
            return work.end("failed", failure=work.failure(error))
        except BaseException as error:
            return work.end("failed", failure=work.failure(error))
        return work.end("grown" if work.fanout else "succeeded")


def _declared(task: Task, kit: Kit) -> tuple[str, ...]:
    paths = [str(Path(task.root, one.shown)) for one in task.settings if one.kind == "path"]
    paths += [str(Path(task.root, path)) for one in task.settings for path, _ in one.within]
    return (*kit.ignored, *paths, task.log, task.checkpoint)


class _Attempt:
    """What is known of an attempt so far. Kept apart from `perform` so that no frame lies between it and the step."""

    def __init__(self, task: Task, kit: Kit, sink: StoreSink, context: Context, watch: Watch, meter: Meter) -> None:
        self.loading = ""  # the artifact that is being loaded
        self.outputs: tuple[Stored, ...] = ()
        self.fanout: Fanout | None = None
        self.stops = False  # it failed in a way that ends the run
        self._task = task
        self._kit = kit
        self._sink = sink
        self._context = context
        self._watch = watch
        self._meter = meter
        self._code: Code | None = None
        self._other: Code | None = None  # this process's closure, where it differs from the plan's in values alone

    def same_code(self, code: Code | None) -> bool:
        """Whether this process holds the code that the plan saw, values that only running can tell aside."""
        self._code = code
        if code is None or not self._task.code or code.digest == self._task.code:
            return True
        if self._task.source and code.source == self._task.source:
            self._other = code
            return True
        return False

    def arguments(self) -> dict[str, Any]:
        """Inputs and parameters by argument."""
        task = self._task
        found = {one.argument: self._load(one.artifact, one.stored) for one in task.inputs}
        if task.entry.kind == "gather":  # results are numbered; a command's own inputs have names
            found = {
                "values": [found[one] for one in found if one.isdigit()],
                **{name: value for name, value in found.items() if not name.isdigit()},
            }
        for setting in task.settings:
            found[setting.name] = pickle.loads(setting.data)
        return found

    def _load(self, artifact: str, stored: Stored) -> Any:
        self.loading = artifact
        value = self._kit.codecs.decode(stored, self._kit.store)
        self.loading = ""
        return value

    def keep(self, result: Any) -> None:
        """Encode what the step returned."""
        task, kit = self._task, self._kit
        if isinstance(result, Each):
            self.fanout = fan_out(task, result, kit.target, kit.codecs, self._sink)
            return
        values = named(task, result)
        if task.kind == "evaluate":
            for name, number in numbers(task, values).items():
                if name not in self._context.metrics:
                    self._context.metric(name, number, None)
        self.outputs = encode_all(task, values, kit.codecs, self._sink)

    def edited(self) -> str:
        """What of the work was edited since: a declared file, or a file of the step's closure; "" if nothing."""
        task = self._task
        for one in task.settings:
            if (
                one.kind == "path"
                and one.digest
                and not self._unmoved(Path(task.root, one.shown), one.digest, one.stat)
            ):
                return f"`{one.shown}` (parameter `{one.name}`)"
            for path, digest in one.within:
                if not self._unmoved(Path(task.root, path), digest, ()):
                    return f"`{path}` (parameter `{one.name}`)"
        changed = self._kit.changed()
        if changed and self._code is not None:
            pieces = self._code.pieces
            reached = {piece.file for piece in pieces}
            whole = any(piece.kind == "project" for piece in pieces)
            for file in changed:
                if whole or file in reached:
                    return f"`{file}`"
        return ""

    def _unmoved(self, path: Path, digest: str, stat: tuple[int, ...]) -> bool:
        try:
            if stat:
                now = path.stat()
                if (now.st_size, now.st_ctime_ns, now.st_ino) == stat:
                    return True
            return self._kit.digest(path) == digest
        except (OSError, PenstockError):
            return False

    def flush(self, emit: Callable[[TaskEvent], None]) -> None:
        """Let readers have what was stored, and make it durable."""
        if not self._sink.stored:
            return
        if self.outputs:
            emit(Produced(self._task.id, self.outputs))
        self._kit.store.sync()

    def failure(self, error: BaseException) -> Failure:
        """An error in words."""
        self.stops = isinstance(error, StepFailed) and error.stops
        shown = {one.name: one.shown for one in self._task.settings}
        found = failure_of(error, self._task.root, shown)
        if self.loading and isinstance(error, Exception):
            found = Failure(
                kind=found.kind,
                message=f"input `{self.loading}` can't be loaded: {found.message}",
                where=found.where,
                hint=_ELSEWHERE if self._task.place else found.hint,
                traceback=found.traceback,
                parameters=found.parameters,
            )
        return found

    def end(
        self,
        status: Status,
        *,
        reason: str = "",
        failure: Failure | None = None,
        lost: tuple[str, ...] = (),
        everything: bool = False,
    ) -> Ended:
        """How it ended."""
        task, good = self._task, status in {"succeeded", "grown"}
        outputs = self.outputs if good else ()
        about = [one.stored for one in task.inputs]
        extra: dict[str, Any] = {"everything": True} if everything else {}
        if self.stops:
            extra["stops"] = True
        if self._context.checkpointed:
            extra["checkpoint"] = task.checkpoint
        pieces: tuple[Piece, ...] = ()
        if self._other is not None:
            pieces = tuple([piece for piece in self._other.pieces if piece.kind in VOLATILE])
            extra["code"] = self._other.digest
        return Ended(
            task=task.id,
            status=status,
            outputs=outputs,
            failure=failure or (self._context.failure if good else None),
            reason=reason,
            usage=self._meter.usage(
                bytes_in=sum([one.size for one in about]),
                bytes_out=sum([one.size for one in outputs]),
                rows_in=sum([one.about.rows or 0 for one in about]),
                rows_out=sum([one.about.rows or 0 for one in outputs]),
            ),
            metrics=self._context.metrics,
            notes=tuple(self._context.notes),
            figures=self._context.figures,
            hidden=self._hidden(),
            pieces=pieces,
            fanout=self.fanout if good else None,
            lost=lost,
            extra=extra,
        )

    def _hidden(self) -> tuple[HiddenInput, ...]:
        """What was read undeclared, as it was then: what was altered meanwhile gets no digest, and so is read again."""
        watch = self._watch
        listed = [HiddenInput(name, where, digest) for name, (where, digest) in sorted(watch.asked.found.items())]
        for path, where in sorted({**watch.beside, **watch.found}.items()):
            try:
                digest = "" if watch.moved(path) else self._kit.digest(Path(path))
            except (OSError, PenstockError):  # never there, gone again, or unreadable
                digest = ABSENT if path in watch.beside else ""
            if digest or not watch.passing(path):
                listed.append(HiddenInput(relative(path, self._task.root), where, digest))
        return tuple(listed)
