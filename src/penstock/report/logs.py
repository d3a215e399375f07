"""What the attempts of a step printed: found by the events of the run that did the work, read from its file."""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from penstock.errors import NotFound
from penstock.model.event import Begun, Failed
from penstock.model.task import Ended, LogSpan
from penstock.ports import Ledger
from penstock.report.documents import LogsDocument
from penstock.report.views import find_step

__all__ = ["Log", "find_log", "log_end", "logs_view", "read_log"]

_PIECE = 1 << 20  # bytes read at once


class Log(Struct, frozen=True):
    """The printed output of one attempt. `run` did the work; `span` is None where nothing was kept; `over` once the
    attempt has ended."""

    run: str
    step: str
    attempt: int
    attempts: tuple[int, ...]
    status: str
    span: LogSpan | None
    over: bool


def find_log(ledger: Ledger, run: str, step: str, attempt: int = 0) -> Log:
    """The log of a step's attempt (0: the last). Where the step was reused, that of the run which did the work.

    Raises `NotFound` for an unknown run, step or attempt, or where the step has not begun.
    """
    found = ledger.run(run).id
    row = find_step(ledger, found, step)
    made_in = row["execution"].run if row["status"] == "reused" and row["execution"] else found
    spans: dict[int, LogSpan | None] = {}
    over: set[int] = set()
    silent: set[int] = set()  # what follows in the file is of other steps
    for record in ledger.events(made_in, kinds=[Begun, Ended, Failed]):
        event = record.event
        if isinstance(event, Begun) and event.step == step:
            spans[event.attempt] = event.log
        ended = event if isinstance(event, Ended) else event.ended if isinstance(event, Failed) else None
        if ended is not None and _step_of(ended.task) == step:
            number = int(ended.task.rpartition("/")[2])
            over.add(number)
            spans[number] = ended.log or spans.get(number)
            if ended.log is not None and not ended.log.size:
                silent.add(number)
    if not spans and row["log"] is not None:
        spans[row["attempts"] or 1] = row["log"]
    if not spans:
        raise NotFound(
            f"step `{step}` of run {found} has printed nothing: it is {row['status']}",
            hint=f"See `penstock show {found} --step {step}`.",
        )
    chosen = attempt or max(spans)
    if chosen not in spans:
        known = ", ".join(str(one) for one in sorted(spans))
        raise NotFound(f"step `{step}` of run {found} has no attempt {chosen}", hint=f"Attempts: {known}.")
    span = spans[chosen]
    if chosen == max(spans) and row["log"] is not None:
        span = row["log"]
    if chosen in silent:
        span = None
    done = chosen in over or chosen < max(spans) or row["status"] != "running"
    return Log(made_in, step, chosen, tuple(sorted(spans)), row["status"], span, done)


def read_log(span: LogSpan | None, folder: Path, start: int = 0, *, growing: bool = False) -> Iterator[bytes]:
    """The bytes of a log from `start` on, piece by piece; of one that is `growing`, whose size nobody knows, to the end.

    `folder` is what relative paths are relative to. A log that was deleted reads as nothing.
    """
    if span is None:
        return
    left = None if growing else span.size - start
    try:
        with _place(span.file, folder).open("rb") as file:
            file.seek(span.start + start)
            while left is None or left > 0:
                piece = file.read(_PIECE if left is None else min(_PIECE, left))
                if not piece:
                    return
                if left is not None:
                    left -= len(piece)
                yield piece
    except FileNotFoundError:
        return


def log_end(span: LogSpan, folder: Path) -> int:
    """Where the file of a log ends now, in bytes; 0 where there is none."""
    try:
        return _place(span.file, folder).stat().st_size
    except OSError:
        return 0


def _place(file: str, folder: Path) -> Path:
    """Where a log is now: where it was written, or at the same place in a state folder that was moved."""
    path = folder / file
    moved = folder / "logs" / file.rpartition("/logs/")[2]
    return moved if not path.exists() and ".." not in moved.parts else path


def logs_view(log: Log, folder: Path) -> LogsDocument:
    """A log as a document. Bytes that are not UTF-8 are replaced."""
    return {
        "run": log.run,
        "step": log.step,
        "attempt": log.attempt,
        "attempts": list(log.attempts),
        "status": log.status,  # type: ignore[typeddict-item]
        "file": log.span.file if log.span else "",
        "text": b"".join(read_log(log.span, folder, growing=not log.over)).decode("utf-8", "replace"),
    }


def _step_of(task: str) -> str:
    return task.partition("/")[2].rpartition("/")[0]
