"""Named places of a run at which a process kills itself, for `test_crash_points`; armed by the environment alone.

A folder with a `sitecustomize.py` that imports this module is put on the path of the run: so no line of Penstock knows
of it. `CRASH_AT=name:n` kills at the n-th time that the place `name` is passed; `CRASH_WHO=runner` lets a worker kill
the runner there instead of itself.
"""

import functools
import os
import signal
from collections.abc import Callable
from typing import Any

__all__ = ["RUNNER", "WORKER", "arm"]

RUNNER = (
    "claim", "submit", "record", "save_codes", "commit", "settled", "done", "release", "put", "save_stats", "end",
)  # fmt: skip
"""Places in the runner; each with `.before` and `.after`."""

WORKER = ("perform", "encode", "finish", "fsync", "rename", "fsync_folder", "sync", "produced", "ended")
"""Places in a worker; each with `.before` and `.after`."""


def arm() -> None:
    """Set the trap that the environment asks for."""
    place, _, number = os.environ.get("CRASH_AT", "").partition(":")
    if not place:
        return
    name, _, side = place.partition(".")
    owner, attribute = _where(name)
    if owner is None:
        return
    left = int(number)
    home = os.environ.get("CRASH_HOME", "")  # where it is written down that the trap was sprung

    def passed() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            try:  # once for all processes of a run: a worker's trap is copied to those that come after it
                os.close(os.open(os.path.join(home, "sprung"), os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return
            victim = os.getpid()
            if os.environ.get("CRASH_WHO") == "runner" and name in WORKER:
                victim = _parent(os.getppid())
            os.kill(victim, signal.SIGKILL)

    real: Callable[..., Any] = getattr(owner, attribute)

    @functools.wraps(real)
    def trapped(*given: Any, **named: Any) -> Any:
        mine = name not in ("settled", "produced", "ended", "end") or _meant(name, given)
        if mine and side == "before":
            passed()
        answer = real(*given, **named)
        if mine and side == "after":
            passed()
        return answer

    setattr(owner, attribute, trapped)


def _meant(name: str, given: tuple[Any, ...]) -> bool:
    """Whether this call of something that many pass is the one that the place names."""
    wanted = {"settled": "Settled", "produced": "Produced", "ended": "Ended", "end": "RunEnded"}[name]
    found = given[1:] if name in ("settled", "produced", "ended") else given[2]
    return any(type(one).__name__ == wanted for one in found)


def _where(name: str) -> tuple[Any, str]:
    from penstock.codecs.registry import Codecs
    from penstock.executors import worker
    from penstock.executors.local import LocalExecutor
    from penstock.ledger.sqlite import SqliteLedger
    from penstock.run.engine import Engine
    from penstock.run.leases import Leases
    from penstock.stores.disk import Disk
    from penstock.stores.local import LocalStore

    return {
        "claim": (Leases, "claim"),
        "submit": (LocalExecutor, "submit"),
        "record": (SqliteLedger, "record"),
        "save_codes": (SqliteLedger, "save_codes"),
        "save_stats": (SqliteLedger, "save_stats"),
        "put": (SqliteLedger, "put"),
        "commit": (SqliteLedger, "commit"),
        "settled": (Engine, "on"),
        "done": (Leases, "done"),
        "release": (Leases, "close"),
        "end": (SqliteLedger, "record"),
        "perform": (worker, "perform"),
        "encode": (Codecs, "encode"),
        "finish": (LocalStore, "_finish"),
        "fsync": (Disk, "fsync"),
        "rename": (Disk, "rename"),
        "fsync_folder": (Disk, "fsync_folder"),
        "sync": (LocalStore, "sync"),
        "produced": (worker._Line, "say"),
        "ended": (worker._Line, "say"),
    }.get(name, (None, ""))


def _parent(pid: int) -> int:
    with open(f"/proc/{pid}/stat", "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[1])
