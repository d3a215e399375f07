"""Named limits across runs: `total` shares of each, held as leases, so that those of a dead run come back.

A limit is as many slots as there are shares, each a key in the ledger that one run at a time can hold. The thread that
renews the run's leases renews these too; a run whose process is gone, and all that came of it, loses them at once, and
one that fell silent when its leases end.
"""

from collections.abc import Callable, Mapping

from penstock.ports import Lack
from penstock.run.leases import Leases, owner_is_dead

__all__ = ["LeasedShares"]


class LeasedShares:
    """Shares of one run's tasks. `totals` tells how many there are of each; `gone` whether an owner and its processes
    are no more."""

    def __init__(self, leases: Leases, totals: Mapping[str, int], gone: Callable[[str], bool] = owner_is_dead) -> None:
        self._leases = leases
        self._totals = totals
        self._gone = gone
        self._held: dict[str, list[str]] = {}  # slots by task

    def take(self, task: str, limits: Mapping[str, int]) -> Lack | None:
        """Take what a task needs of each limit, all of it or nothing; what is lacking."""
        taken: list[str] = []
        for name in sorted(limits):  # in one order everywhere: no two runs can each hold what the other waits for
            slots, others = self._some(name, limits[name])
            taken += slots
            if len(slots) < limits[name]:
                if taken:
                    self._leases.release(taken)
                return Lack(name, self._words(name, limits[name], others))
        self._held[task] = taken
        return None

    def give_back(self, task: str) -> None:
        """A task is over."""
        slots = self._held.pop(task, [])
        if slots:
            self._leases.release(slots)

    def _some(self, name: str, count: int) -> tuple[list[str], list[str]]:
        mine = {slot for held in self._held.values() for slot in held}
        slots = [slot for number in range(self._totals.get(name, 0)) if (slot := f"limit:{name}:{number}") not in mine]
        return self._leases.some(slots, count, self._gone) if len(slots) >= count else ([], [])

    def _words(self, name: str, wanted: int, others: list[str]) -> str:
        runs = sorted({owner.rpartition("|")[2] for owner in others})
        total = self._totals.get(name, 0)
        who = f", held by run {', '.join(runs)}" if runs else ", held by other steps of this run" if total else ""
        return f"waits for {wanted} of {total} `{name}`{who}"
