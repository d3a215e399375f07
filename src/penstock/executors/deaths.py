"""How a task ended that could not say so itself: killed, crashed, or asked to stop."""

import os
import re
import signal

from msgspec.structs import replace

from penstock.errors import WorkerDied
from penstock.executors.pool import Job
from penstock.executors.processes import words_of
from penstock.executors.wire import LINE_BROKEN, LINE_LOST, Gone
from penstock.model.task import Ended, Failure, LogSpan, Usage
from penstock.work.context import Stop
from penstock.work.failures import is_user_file, relative

__all__ = ["crash_report", "ended_by_death", "ended_by_stop"]

_TAIL = 32 * 1024  # bytes of a log in which a crash report is looked for
_FRAME = re.compile(r'^  File "(?P<file>.+)", line (?P<line>\d+) in (?P<name>.+)$')
_CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT)
_CLOSED = "closed its connection to the runner (a step must not close files that it did not open)"
_STOP = f"{Stop.__module__}.{Stop.__qualname__}: "
_HINTS = {
    "timeout": "Give the step more time (timeout=…), or find out what it waits for.",
    "silence": "Raise no_output_timeout=…, or report progress with ps.progress.",
}
_COMMAND_HINTS = {  # in the words of their file
    "timeout": "Give the step more time (`time-limit:`), or find out what it waits for.",
    "silence": "Raise `no-output-timeout:`, or let the command print how far it is.",
}


def ended_by_stop(job: Job, ended: Ended) -> Ended:
    """A task that stopped when it was asked to: cancelled, or failed for the time it took."""
    if job.asked == "cancel":
        return replace(ended, status="cancelled", reason=job.why, failure=None)
    where, traceback = "", ""
    if ended.failure is not None:
        where, traceback = ended.failure.where, ended.failure.traceback.replace(_STOP, "stopped: ")
    return replace(ended, status="failed", reason="", failure=_timed_out(job, where, traceback))


def ended_by_death(job: Job, gone: Gone, words: str, closed: bool, usage: Usage) -> Ended:
    """A task whose process ended before it could tell."""
    task = job.task
    log = None
    if task.log:
        try:
            log = LogSpan(task.log, job.log_start, max(0, os.stat(task.log).st_size - job.log_start))  # noqa: PTH116
        except OSError:
            log = None
    if job.asked == "cancel":
        return Ended(task.id, "cancelled", reason=job.why, usage=usage, log=log)
    where, traceback = crash_report(log, task.root)
    if job.asked:
        failure = _timed_out(job, where, traceback)
    else:
        failure = Failure(
            kind="WorkerDied",
            message=f"the process of step `{task.step}` {_words(gone, words, closed)}",
            where=where,
            hint=_hint(gone),
            traceback=traceback,
            parameters={one.name: one.shown for one in task.settings},
        )
    return Ended(task.id, "failed", failure=failure, usage=usage, log=log)


def _words(gone: Gone, words: str, closed: bool) -> str:
    if words:
        return words
    if closed and gone.killed:
        return f"{_CLOSED}, and was killed"
    if closed and os.WIFEXITED(gone.status) and os.WEXITSTATUS(gone.status) in (LINE_LOST, LINE_BROKEN):
        return _CLOSED
    told = words_of(gone.status, starved=gone.starved)
    return f"was {told}" if told.startswith("killed") else told


def _hint(gone: Gone) -> str:
    if os.WIFEXITED(gone.status) and os.WEXITSTATUS(gone.status) in (LINE_LOST, LINE_BROKEN):
        return WorkerDied.hint_default
    if os.WIFEXITED(gone.status):
        return "Return from the step instead of ending its process (os._exit, or a library that calls exit)."
    if gone.starved:
        return "Work in parts, run fewer steps at once (--workers), or declare resources={'memory': …}."
    if os.WTERMSIG(gone.status) == signal.SIGKILL:
        return (
            "Something killed it from outside: the system, for lack of memory, or a person. " + WorkerDied.hint_default
        )
    if os.WTERMSIG(gone.status) in _CRASHES:
        return "A library's native code crashed; see `penstock logs`. It may be its version, or two libraries together."
    return WorkerDied.hint_default


def _timed_out(job: Job, where: str, traceback: str) -> Failure:
    task = job.task
    return Failure(
        kind="TimeoutError",
        message=f"step `{task.step}` was stopped: {job.why}",
        where=where,
        hint=(_COMMAND_HINTS if task.entry.commands else _HINTS)[job.asked],
        traceback=traceback,
        parameters={one.name: one.shown for one in task.settings},
    )


def crash_report(log: LogSpan | None, root: str) -> tuple[str, str]:
    """The user's line and the user's frames of what Python wrote to the log when it crashed; "" and "" without that."""
    if log is None or not log.size:
        return "", ""
    try:
        with open(log.file, "rb") as file:  # noqa: PTH123
            file.seek(max(log.start, log.start + log.size - _TAIL))
            text = file.read(_TAIL).decode("utf-8", "replace")
    except OSError:
        return "", ""
    start = text.rfind("Fatal Python error: ")
    if start < 0:
        return "", ""
    lines = text[start:].splitlines()
    frames: list[re.Match[str]] = []
    for line in lines[1:]:
        found = _FRAME.match(line)
        if found is not None and is_user_file(found["file"]):
            frames.append(found)
        elif found is None and frames:
            break
    if not frames:
        return "", lines[0] + "\n"
    shown = [
        f'  File "{relative(one["file"], root)}", line {one["line"]}, in {one["name"]}' for one in reversed(frames)
    ]
    where = f"{relative(frames[0]['file'], root)}:{frames[0]['line']}"
    return where, "\n".join(["Traceback (most recent call last):", *shown, lines[0]]) + "\n"
