"""The right to do work: claimed per key, renewed while this process lives, given back when the work is committed."""

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from penstock.errors import LedgerError
from penstock.model.run import Execution
from penstock.ports import Lease, Ledger

__all__ = ["Leases", "owner_is_dead", "owner_name", "owner_process"]


class Leases:
    """The leases of one run. A thread renews them, so that a step that works in this process for hours keeps its own."""

    def __init__(self, ledger: Ledger, run: str, seconds: float = 30.0) -> None:
        self.owner = owner_name(run)
        self._ledger = ledger
        self._seconds = seconds
        self._fences: dict[str, int] = {}
        self._own = f"run:{run}"
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> bool:
        """Claim the run itself; False where another process drives it."""
        if self._own not in self.claim([self._own]):
            return False
        self._thread = threading.Thread(target=self._renew, name="penstock-leases", daemon=True)
        self._thread.start()
        return True

    def claim(self, keys: Sequence[str]) -> set[str]:
        """Those of these keys that this run now holds. Leases of processes that are gone are taken over at once."""
        return self._held(self._ask(keys, owner_is_dead))

    def some(self, keys: Sequence[str], count: int, gone: Callable[[str], bool]) -> tuple[list[str], list[str]]:
        """Claim `count` of these keys, whichever are free, or none; and the owners of those that others hold.

        Leases of owners that are `gone` are taken over.
        """
        found = self._ask(keys[:count], gone)  # most often these are free
        if any(lease.owner != self.owner for lease in found.values()) and len(keys) > count:
            found.update(self._ask(keys[count:], gone))
        mine = [key for key in keys if key in found and found[key].owner == self.owner]
        kept = mine[:count] if len(mine) >= count else []
        if len(mine) > len(kept):
            self._ledger.release(self.owner, mine[len(kept) :])
        return kept, [lease.owner for lease in found.values() if lease.owner != self.owner]

    def _ask(self, keys: Sequence[str], gone: Callable[[str], bool]) -> dict[str, Lease]:
        found = self._ledger.claim(keys, self.owner, self._seconds)
        if dead := self._bury(found, gone):
            found.update(self._ledger.claim(dead, self.owner, self._seconds))
        return found

    def claim_undone(self, keys: Sequence[str]) -> tuple[set[str], dict[str, Execution]]:
        """`claim`, with what is committed under these keys by now, by whomever."""
        found, done = self._ledger.claim_undone(keys, self.owner, self._seconds)
        if dead := self._bury(found, owner_is_dead):
            more, finished = self._ledger.claim_undone(dead, self.owner, self._seconds)
            found.update(more)
            done.update(finished)
        return self._held(found), done

    def _bury(self, found: dict[str, Lease], gone: Callable[[str], bool]) -> list[str]:
        """Release the leases of owners that are gone; their keys."""
        dead = [(key, one.owner) for key, one in found.items() if one.owner != self.owner and gone(one.owner)]
        for key, owner in dead:
            self._ledger.release(owner, [key])
        return [key for key, _ in dead]

    def _held(self, found: dict[str, Lease]) -> set[str]:
        held = {key: lease.fence for key, lease in found.items() if lease.owner == self.owner}
        self._fences.update(held)
        return set(held)

    def fences(self, keys: Iterable[str]) -> dict[str, int]:
        """The fence of each key that this run holds."""
        return {key: self._fences[key] for key in keys if key in self._fences}

    def done(self, keys: Iterable[str]) -> None:
        """These keys were committed, and the ledger has released them."""
        left = [key for key in set(keys) if self._fences.pop(key, None) is not None]
        self._ledger.release(self.owner, left) if left else None

    def release(self, keys: Iterable[str]) -> None:
        """Give keys back without having done their work."""
        listed = list(keys)
        for key in listed:
            self._fences.pop(key, None)
        self._ledger.release(self.owner, listed)

    def close(self) -> None:
        """Give everything back. May be called twice."""
        self._stop.set()
        self._fences.clear()
        self._ledger.release(self.owner)

    def _renew(self) -> None:
        while not self._stop.wait(self._seconds / 3):
            try:
                self._ledger.renew(self.owner, self._seconds)
            except LedgerError:
                # A full disk, say, may have room again before the leases end. If not, what is committed late is refused.
                continue


def owner_name(run: str) -> str:
    """Who this process is, so that others on this machine can tell whether it lives: host, boot, pid, its start, run."""
    pid = os.getpid()
    return f"{os.uname().nodename}|{_boot()}|{pid}|{_started(pid)}|{run}"


def owner_is_dead(owner: str) -> bool:
    """Whether an owner is certainly gone: a process of this machine and boot that is no more."""
    pid, started = _here(owner)
    return bool(started) and _started(pid) != started


def owner_process(owner: str) -> int | None:
    """The process of an owner, where it is one of this machine that lives."""
    pid, started = _here(owner)
    return pid if started and _started(pid) == started else None


def _here(owner: str) -> tuple[int, str]:
    """The process of an owner and its start, where both are of this machine and boot; else (0, "")."""
    host, boot, pid, started, *_ = [*owner.split("|", 4), "", "", "", ""]
    mine = host == os.uname().nodename and boot != "" and boot == _boot() and pid.isdecimal()
    return (int(pid), started) if mine else (0, "")


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _started(pid: int) -> str:
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in {b"Z", b"X"} else fields[19].decode()
