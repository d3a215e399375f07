"""Stored values, loaded in this process."""

import pytest

from penstock.app.values import LedgerReader, load_value
from penstock.codecs.registry import Codecs
from penstock.errors import Corrupt
from penstock.ledger.sqlite import SqliteLedger
from penstock.model.artifact import Stored
from penstock.stores.local import LocalStore
from penstock.work.sink import StoreSink


@pytest.mark.parametrize("value", [1, "x" * 100_000, {"a": ["y" * 50_000, 2]}])
def test_small_and_large(tmp_path, value):
    ledger, store = SqliteLedger(tmp_path / "ledger.db"), LocalStore(tmp_path / "store")
    stored = Codecs().encode(value, StoreSink(store))
    store.sync()
    assert load_value(stored, ledger, store) == value


def test_what_only_the_ledger_holds_and_what_nobody_does(tmp_path):
    ledger, store = SqliteLedger(tmp_path / "ledger.db"), LocalStore(tmp_path / "store")
    digest = ledger.put(b"small")
    reader = LedgerReader(Stored("plain", digest, digest, 5), ledger, store)
    assert bytes(reader.data(digest)) == b"small"
    with pytest.raises(Corrupt, match="gone"):
        reader.data("blake3:" + "0" * 64)
