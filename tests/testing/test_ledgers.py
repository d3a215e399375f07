"""The contract of ledgers finds what breaks it: each planted bug makes a test of the suite fail."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from penstock.ledger.sqlite import SqliteLedger
from penstock.model.event import Event
from penstock.model.holdings import Holdings, Retired
from penstock.model.run import Execution
from penstock.ports import Lease, Ledger
from penstock.testing.ledgers import HeldClock, LedgerContract


class Unfenced(SqliteLedger):
    """Commits whoever asks."""

    def commit(
        self,
        run: str,
        executions: Sequence[Execution],
        fences: Mapping[str, int],
        events: Sequence[Event] = (),
        replace: Iterable[str] = (),
    ) -> tuple[str, ...]:
        return super().commit(run, executions, {}, events, replace)


class LastWins(SqliteLedger):
    """Lets the second commit of a key replace the first."""

    def commit(
        self,
        run: str,
        executions: Sequence[Execution],
        fences: Mapping[str, int],
        events: Sequence[Event] = (),
        replace: Iterable[str] = (),
    ) -> tuple[str, ...]:
        return super().commit(run, executions, fences, events, [one.key for one in executions])


class Repeating(SqliteLedger):
    """Tells a commit each time that it is asked for."""

    def commit(self, run: str, *args: Any) -> tuple[str, ...]:
        answer = super().commit(run, *args)
        self.record(run, args[2] if len(args) > 2 else ())
        return answer


class WallClock(SqliteLedger):
    """Measures leases by the time of day."""

    def __init__(self, path: Path, *, clock: HeldClock) -> None:
        clock.monotonic = clock.now  # type: ignore[method-assign]
        super().__init__(path, clock=clock)


class Generous(SqliteLedger):
    """Gives a key to whoever asks."""

    def claim(self, keys: Sequence[str], owner: str, seconds: float) -> dict[str, Lease]:
        with self._connections.write() as connection:
            connection.execute("DELETE FROM leases")
        return super().claim(keys, owner, seconds)


class Forgetful(SqliteLedger):
    """Does not keep small values."""

    def data(self, digest: str) -> bytes | None:
        return None


class Clinging(SqliteLedger):
    """Offers on what was retired."""

    def retire(self, choose: Callable[[Holdings], Retired], reason: str) -> Retired:
        return choose(self.holdings())


class Careless(SqliteLedger):
    """Takes every run for one that is over."""

    def _alive(self, session: object) -> object:
        return lambda *_: False


Check = Callable[[LedgerContract, Ledger, Ledger, HeldClock], object]
PLANTED: list[tuple[type[SqliteLedger], Check]] = [
    (Unfenced, lambda one, a, b, clock: one.test_a_lease_runs_out(a, b, clock)),
    (Unfenced, lambda one, a, b, clock: one.test_a_lease_that_ran_out_commits_nothing(a, clock)),
    (LastWins, lambda one, a, b, clock: one.test_the_first_commit_of_a_key_wins(a, b)),
    (Repeating, lambda one, a, b, clock: one.test_committing_again_is_harmless(a, b)),
    (WallClock, lambda one, a, b, clock: one.test_the_wall_clock_moves_no_lease(a, b, clock)),
    (Generous, lambda one, a, b, clock: one.test_one_owner_at_a_time(a, b, clock)),
    (Clinging, lambda one, a, b, clock: one.test_what_is_retired_is_offered_no_longer(a, b)),
    (Careless, lambda one, a, b, clock: one.test_what_is_held_is_told(a, b)),
    (Forgetful, lambda one, a, b, clock: one.test_small_values_are_kept(a, b)),
]


@pytest.mark.parametrize(("ledger", "check"), PLANTED)
def test_planted_bugs_are_found(tmp_path: Path, ledger: type[SqliteLedger], check: Check) -> None:
    def run(kind: type[SqliteLedger], path: Path) -> None:
        clock = HeldClock()
        one, other = kind(path, clock=clock), kind(path, clock=clock)
        try:
            check(LedgerContract(), one, other, clock)
        finally:
            one.close()
            other.close()

    run(SqliteLedger, tmp_path / "sound.db")
    with pytest.raises(AssertionError):
        run(ledger, tmp_path / "broken.db")
