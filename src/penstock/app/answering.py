"""What people answer to a run that waits for them: yes, no, or that it is to end."""

import getpass
from collections.abc import Mapping
from typing import Any

from penstock.errors import NotFound, did_you_mean
from penstock.model.event import Approved, Blocked, Cancelled, Event, Failed, RunEnded
from penstock.model.run import Run
from penstock.model.task import Failure
from penstock.ports import Ledger
from penstock.report.graphs import graph_view
from penstock.report.views import run_line

__all__ = ["approve", "decline", "give_up"]


def approve(ledger: Ledger, run: str, step: str) -> None:
    """Write down that people approved a held step. Raises `NotFound` where the run holds no such step."""
    found = ledger.run(run)
    _held(ledger, found, step)
    ledger.record(found.id, [Approved(step)])


def decline(ledger: Ledger, run: str, step: str) -> str:
    """Write down that people said no to a held step: it has failed, what lies behind it is blocked, and the run ends as failed.
    Who declined it, by the name of their account.

    Raises `NotFound` where the run holds no such step, or is still going on.
    """
    found = ledger.run(run)
    row = _held(ledger, found, step)
    by = _account()
    failure = Failure(
        "Declined",
        f"{by} said no to: {row['question']}",
        found.graph.get(step, {}).get("where", ""),
        f"`penstock resume {found.id}` asks again.",
    )
    waiting = _waiting(ledger, found)
    below = _below(found, step)
    events: list[Event] = [Failed(step, max(row["attempts"] or 0, 1), failure)]
    blocked = tuple([one for one in waiting if one in below])
    others = tuple([one for one in waiting if one not in below and one != step])
    events += [Blocked(blocked, step)] if blocked else []
    events += [Cancelled(others, f"`{step}` was declined")] if others else []
    _end(ledger, found, events, "failed")
    return by


def give_up(ledger: Ledger, run: str) -> bool:
    """End a run that waits for people, as cancelled; False if it does not wait. Raises `NotFound` where it is still going on."""
    found = ledger.run(run)
    if ledger.status(found.id) != "waiting":
        return False
    waiting = tuple(_waiting(ledger, found))
    _end(ledger, found, [Cancelled(waiting, f"cancelled by {_account()}")] if waiting else [], "cancelled")
    return True


def _end(ledger: Ledger, run: Run, events: list[Event], status: Any) -> None:
    if ledger.owner(f"run:{run.id}"):
        raise NotFound(
            f"run {run.id} is still going on", hint=f"Wait until it has come to its end, or `penstock cancel {run.id}`."
        )
    ledger.record(run.id, [*events, RunEnded(status, run_line(ledger, run)["seconds"])])


def _held(ledger: Ledger, run: Run, step: str) -> Mapping[str, Any]:
    held = {row["step"]: row for row in ledger.steps(run.id) if row["status"] == "waiting" and row.get("question")}
    if step not in held:
        hint = did_you_mean(step, held) or f"Run {run.id} holds no step."
        raise NotFound(f"run {run.id} does not wait for approval of `{step}`", hint=hint)
    return held[step]


def _waiting(ledger: Ledger, run: Run) -> list[str]:
    return [row["step"] for row in ledger.steps(run.id) if row["status"] == "waiting"]


def _below(run: Run, step: str) -> set[str]:
    """The steps that take, directly or not, what a step makes."""
    edges = [(one["source"], one["target"]) for one in graph_view(run)["edges"]]
    found, fresh = set[str](), {step}
    while fresh:
        fresh = {target for source, target in edges if source in fresh} - found
        found |= fresh
    return found


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return "somebody"
