from pathlib import Path

import pytest

from penstock.app.examining import store_round_trip
from penstock.errors import StoreError
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
