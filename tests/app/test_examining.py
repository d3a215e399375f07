from pathlib import Path

import pytest

from penstock.app import examining
from penstock.app.examining import extras, ledger_round_trip, store_round_trip
from penstock.errors import LedgerError, StoreError
from penstock.ledger.sqlite import SqliteLedger
from penstock.stores.local import LocalStore


def test_a_round_trip_leaves_nothing(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    assert store_round_trip(store) > 0
    assert list(store.digests()) == []


def test_a_store_that_forgets_is_told(tmp_path: Path) -> None:
    class Forgetful(LocalStore):
        def remove(self, digest: str) -> int:
            return 0

    with pytest.raises(StoreError, match="did not give back"):
        store_round_trip(Forgetful(tmp_path))


def test_a_round_trip_to_a_ledger_leaves_nothing(tmp_path: Path) -> None:
    with SqliteLedger(tmp_path / "ledger.db") as ledger:
        assert ledger_round_trip(ledger) > 0
        assert ledger.tagged("doctor") == {}


def test_a_ledger_that_forgets_is_told(tmp_path: Path) -> None:
    class Forgetful(SqliteLedger):
        def untag(self, kind: str, name: str) -> bool:
            return False

    with Forgetful(tmp_path / "ledger.db") as ledger, pytest.raises(LedgerError, match="did not give back"):
        ledger_round_trip(ledger)


def test_extras_that_lack_a_package_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    there, lacking = extras()
    assert {"frames", "object-store", "postgres"} <= {*there, *lacking}
    monkeypatch.setattr(examining, "_installed", lambda name: name != "obstore")
    assert extras()[1] == ["object-store"]
