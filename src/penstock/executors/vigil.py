"""Looking after a task that runs: its limits of time and of silence, and what it uses meanwhile.

A task is looked at a second after it began, then once in a twentieth of the time that it has run: every two seconds at
first, every ten at most. What is over before costs nothing.
"""

import math
from collections.abc import Iterable

from penstock.executors.console import log_size
from penstock.executors.pool import Job
from penstock.executors.processes import usage_of
from penstock.model.event import Sampled

__all__ = ["begin", "first_due", "hear", "overdue", "rest", "sample", "stop"]

_FIRST = 1.0  # seconds until the first look
_SHORTEST, _LONGEST = 2.0, 10.0  # seconds between two looks


def begin(job: Job, now: float) -> None:
    """Its time runs from now."""
    task = job.task
    job.begun = job.heard = now
    job.looked = 0.0
    job.due = job.look_at = now + _FIRST
    if task.timeout > 0 or task.no_output_timeout > 0:
        job.stop_at = now + task.timeout if task.timeout > 0 else 0.0
        job.silent_at = now + task.no_output_timeout if task.no_output_timeout > 0 else 0.0
        _plan(job)


def rest(job: Job) -> None:
    """It has not begun after all."""
    job.begun = job.stop_at = job.silent_at = job.look_at = 0.0
    job.due = math.inf


def hear(job: Job, now: float) -> None:
    """It said something."""
    job.heard = now
    if job.silent_at:
        job.silent_at = now + job.task.no_output_timeout
        _plan(job)


def stop(job: Job, now: float, grace: float) -> None:
    """It was asked to end, and has so many seconds for it."""
    job.stop_at = job.silent_at = job.look_at = 0.0
    job.due = job.kill_at = now + grace


def first_due(jobs: Iterable[Job | None], end: float | None) -> float | None:
    """When the first of these jobs, or `end`, is due; None for never."""
    first = math.inf if end is None else end
    for job in jobs:
        if job is not None and job.due < first:
            first = job.due
    return None if first == math.inf else first


def overdue(job: Job, now: float) -> tuple[str, str]:
    """What a task is to be stopped for, and in which words: ("kill", "") for one that was asked before, ("", "") to let
    it go on."""
    if job.kill_at and now >= job.kill_at:
        job.kill_at = 0.0
        _plan(job)
        return "kill", ""
    if job.stop_at and now >= job.stop_at:
        return "timeout", f"it took longer than {job.task.timeout:g} s"
    if job.silent_at and now >= job.silent_at and not _printed(job, now):
        return "silence", f"it printed nothing for {job.task.no_output_timeout:g} s"
    return "", ""


def sample(job: Job, pid: int, now: float) -> Sampled | None:
    """What it uses, if it is time to look. The first look only tells what to compare the next one with. `pid` is 0 as long
    as nobody told which process it is."""
    if not job.look_at or now < job.look_at:
        return None
    _printed(job, now)
    passed = now - job.begun
    job.look_at = now + (min(max(passed / 20, _SHORTEST), _LONGEST) if job.looked else _FIRST)
    _plan(job)
    if not pid:
        return None
    cpu, memory = usage_of(pid)
    before, looked, job.cpu, job.looked = job.cpu, job.looked, cpu, now
    if not looked:
        return None
    rate = max(cpu - before, 0.0) / max(now - looked, 1e-3)
    return Sampled(job.task.id, round(passed, 3), round(rate, 3), memory, round(now - job.heard, 3))


def _printed(job: Job, now: float) -> bool:
    """Whether its log has grown since somebody looked; if so, that was a word."""
    size = log_size(job.task.log)
    if size <= job.log_size:
        return False
    job.log_size = size
    hear(job, now)
    return True


def _plan(job: Job) -> None:
    """When it is to be seen to next: worked out when something changes, and not each time that somebody waits."""
    job.due = min([when for when in (job.stop_at, job.silent_at, job.kill_at, job.look_at) if when], default=math.inf)
