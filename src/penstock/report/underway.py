"""Attempts under way: how far each came, what it uses, and when it may end. The same for the live table and for `show`."""

from collections.abc import Iterable

from msgspec import Struct

from penstock.model.event import Begun, Committed, Expected, Grown, Progressed, Queued, Record, Sampled
from penstock.model.task import Ended
from penstock.report.documents import UnderwayDocument
from penstock.report.units import count, duration, iso, size

__all__ = [
    "Underway",
    "attempts",
    "left_words",
    "progress_words",
    "seconds_left",
    "underway_view",
    "underway_words",
    "usage_words",
]

_TELLING = 0.05  # the share of the work from which on its own pace tells more than earlier attempts do


class Underway(Struct):
    """An attempt under way, from its events. `began` and `looked` are in seconds since 1970, 0 for not yet; `waits` says
    what it waits for before it begins."""

    task: str
    attempt: int = 0
    began: float = 0.0
    pid: int = 0
    host: str = ""
    done: float = 0.0
    total: float = 0.0
    text: str = ""
    cpu: float = 0.0
    memory: int = 0
    silent: float = 0.0
    looked: float = 0.0
    typical: float = 0.0
    longest: float = 0.0
    known: int = 0
    waits: str = ""


def attempts(records: Iterable[Record]) -> dict[str, Underway]:
    """The attempts that have not ended, by step, from the events of a run. A step that grew is under way as long as its
    parts are: those that are done are its progress."""
    found: dict[str, Underway] = {}
    owners: dict[str, str] = {}
    for record in records:
        match event := record.event:
            case Queued():
                found[event.step] = Underway(event.task, waits=event.what)
            case Begun():
                found[event.step] = Underway(event.task, event.attempt, record.time, event.pid, event.host)
            case Progressed() | Sampled() | Expected():
                _learn(found.get(_step_of(event.task)), event, record.time)
            case Ended() if event.status != "grown":
                found.pop(_step_of(event.task), None)
            case Grown():
                owners.update(dict.fromkeys(event.children, event.step))
                _grow(found.get(event.step), len(event.children))
            case Committed():
                found.pop(event.execution.step, None)
                _count(found.get(owners.get(event.execution.step, "")))
            case _:
                pass
    return found


def _learn(one: Underway | None, event: Progressed | Sampled | Expected, time: float) -> None:
    if one is None or one.task != event.task:  # of an attempt that is over
        return
    match event:
        case Progressed():
            one.done, one.total, one.text = event.done, event.total, event.text
        case Sampled():
            one.cpu, one.memory, one.silent, one.looked = event.cpu, event.memory, event.silent, time
        case Expected():
            one.typical, one.longest, one.known = event.typical, event.longest, event.count


def _grow(one: Underway | None, parts: int) -> None:
    if one is not None:
        one.done, one.total, one.text = 0.0, float(parts), "parts"
        one.cpu, one.memory, one.looked, one.pid, one.host = 0.0, 0, 0.0, 0, ""  # the parts have processes of their own


def _count(one: Underway | None) -> None:
    if one is not None:
        one.done += 1


def seconds_left(elapsed: float, done: float, total: float, typical: float = 0.0, longest: float = 0.0) -> float | None:
    """How many seconds an attempt will go on for; None where nobody knows.

    By its own pace, once a twentieth of its work is done or where it never ran before; else as long as earlier attempts
    took: the typical one first, then the longest. `typical` and `longest` are 0 where nothing is known.

    >>> seconds_left(30, 1, 4), seconds_left(30, 0, 0, 40, 60), seconds_left(50, 0, 0, 40, 60), seconds_left(70, 0, 0, 40, 60)
    (90.0, 10, 10, None)
    """
    share = min(done / total, 1.0) if total > 0 else 0.0
    if share >= _TELLING or (share > 0 and not longest):
        return elapsed / share - elapsed
    for whole in (typical, longest):
        if whole > elapsed:
            return whole - elapsed
    return None


def left_words(left: float | None, elapsed: float, longest: float) -> str:
    """When an attempt may end, in words; "" where nobody knows.

    >>> left_words(2890.0, 60.0, 0.0), left_words(None, 90.0, 60.0), left_words(None, 5.0, 0.0)
    ('about 48 m left', 'longer than ever (1 m 00 s)', '')
    """
    if left is not None:
        return f"about {_rough(left)} left"
    return f"longer than ever ({duration(longest)})" if longest and elapsed > longest else ""


def usage_words(cpu: float, memory: int) -> str:
    """What an attempt uses.

    >>> usage_words(1.94, 1_200_000_000)
    '1.9 cpus, 1.2 GB'
    """
    return f"{cpu:.1f} cpus, {size(memory)}" if memory else ""


def progress_words(done: float, total: float) -> str:
    """How far an attempt came.

    >>> progress_words(29, 100), progress_words(7, 0), progress_words(0, 0)
    ('29%, 29 of 100', '7', '')
    """
    if total > 0:
        return f"{min(done / total, 1):.0%}, {count(done)} of {count(total)}"
    return count(done) if done else ""


def underway_view(one: Underway, now: float) -> UnderwayDocument:
    """An attempt under way as data, at `now` in seconds since 1970."""
    elapsed = max(now - one.began, 0.0) if one.began else 0.0
    left = seconds_left(elapsed, one.done, one.total, one.typical, one.longest) if one.began else None
    return {
        "attempt": one.attempt,
        "elapsed": round(elapsed, 3),
        "done": one.done,
        "total": one.total,
        "text": one.text,
        "cpu": one.cpu if one.looked else None,
        "memory": one.memory if one.looked else None,
        "silent": one.silent if one.looked else None,
        "looked": iso(one.looked) if one.looked else None,
        "typical": one.typical if one.known else None,
        "longest": one.longest if one.known else None,
        "left": round(left, 3) if left is not None else None,
        "ends": iso(now + left) if left is not None else None,
        "host": one.host,
        "pid": one.pid,
        "waits": one.waits,
    }


def underway_words(one: UnderwayDocument) -> str:
    """An attempt under way in a few words: its progress, when it may end, what it uses and does."""
    left = left_words(one["left"], one["elapsed"], one["longest"] or 0.0)
    cpus = f"{one['cpu']:.1f} cpus" if one["cpu"] is not None else ""
    told = [one["waits"], progress_words(one["done"], one["total"]), left, cpus, one["text"]]
    return ", ".join([words for words in told if words])


def _rough(seconds: float) -> str:
    """A length of time that nobody knows to the second."""
    if seconds < 90:
        return duration(seconds)
    minutes = round(seconds / 60)
    return f"{minutes} m" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} m"


def _step_of(task: str) -> str:
    # a task's id is run/step/attempt, and a step's name may hold a slash
    return task.partition("/")[2].rpartition("/")[0]
