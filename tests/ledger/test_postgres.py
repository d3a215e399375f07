from pathlib import Path

import pytest

from penstock.errors import NotFound
from penstock.ledger.postgres import PostgresLedger
from penstock.ports import Ledger
from penstock.testing.ledgers import LedgerContract
from penstock.testing.samples import HeldClock

pytestmark = [pytest.mark.needs("postgres", "psycopg")]


class TestPostgresLedger(LedgerContract):
    @pytest.fixture(autouse=True)
    def place(self, postgres: str) -> None:
        self.at = postgres

    def make(self, folder: Path, clock: HeldClock) -> PostgresLedger:
        return PostgresLedger(self.at, clock=clock)


def test_it_is_a_ledger(postgres: str) -> None:
    with PostgresLedger(postgres) as ledger:
        assert isinstance(ledger, Ledger)
        assert ledger.location == postgres
        assert ledger.check() == []


def test_where_there_is_none_nothing_is_made(postgres: str) -> None:
    for _ in range(2):
        with pytest.raises(NotFound, match="nothing has run here yet"):
            PostgresLedger(postgres, create=False)
