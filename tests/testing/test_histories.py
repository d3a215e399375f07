"""The history part of the contract of ledgers finds what breaks it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from penstock.errors import NotFound
from penstock.ledger.sqlite import SqliteLedger
from penstock.model.event import Event
from penstock.model.run import Run
from penstock.ports import Ledger
from penstock.testing.histories import HistoryContract
from penstock.testing.samples import HeldClock


class Immortal(SqliteLedger):
    """Believes that who runs once runs for ever."""

    def _alive(self, session: object) -> object:
        return lambda *_: True


class Unordered(SqliteLedger):
    """Tells steps in the order of the alphabet."""

    def steps(self, run: str) -> list[dict[str, Any]]:
        return sorted(super().steps(run), key=lambda row: row["step"])


class Twice(SqliteLedger):
    """Tells every event two times."""

    def record(self, run: str, events: Sequence[Event]) -> None:
        super().record(run, events)
        super().record(run, events)


class Guessing(SqliteLedger):
    """Finds a run whatever is asked for."""

    def run(self, prefix: str) -> Run:
        return super().run("last")


Check = Callable[[HistoryContract, Ledger, Ledger, HeldClock], object]
PLANTED: list[tuple[type[SqliteLedger], Check]] = [
    (Immortal, lambda one, a, b, clock: one.test_a_run_whose_process_died_has_failed(a, b, clock)),
    (Unordered, lambda one, a, b, clock: one.test_steps_have_the_order_of_the_graph(a)),
    (Twice, lambda one, a, b, clock: one.test_events_come_back(a, b, clock)),
    (Guessing, lambda one, a, b, clock: one.test_a_run_is_found_by_any_of_its_names(a)),
]


@pytest.mark.parametrize(("ledger", "check"), PLANTED)
def test_planted_bugs_are_found(tmp_path: Path, ledger: type[SqliteLedger], check: Check) -> None:
    def run(kind: type[SqliteLedger], path: Path) -> None:
        clock = HeldClock()
        one, other = kind(path, clock=clock), kind(path, clock=clock)
        try:
            check(HistoryContract(), one, other, clock)
        finally:
            one.close()
            other.close()

    run(SqliteLedger, tmp_path / "sound.db")
    with pytest.raises((AssertionError, pytest.fail.Exception, NotFound)):
        run(ledger, tmp_path / "broken.db")
