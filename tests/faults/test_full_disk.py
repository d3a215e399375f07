"""The disk is full, or turns read-only: clear words, nothing half done, and all goes on once there is room."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.errors import LedgerError, StoreError
from penstock.ledger.sqlite import SqliteLedger
from penstock.model.event import RunStarted
from penstock.stores.local import LocalStore
from penstock.testing.ledgers import make_execution, make_run

pytestmark = pytest.mark.needs("tmpfs")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def put(store: LocalStore, data: bytes) -> str:
    with store.writer() as writer:
        writer.write(data)
        digest = writer.finish().digest
    store.sync()
    return digest


def test_the_store(small_disk: Path, tmp_path: Path) -> None:
    store = LocalStore(small_disk / "store")
    kept: list[str] = []
    with pytest.raises(StoreError, match="disk is full") as caught:  # noqa: PT012 - until it is full
        for number in range(100):
            kept.append(put(store, os.urandom(200_000) + b"%d" % number))
    assert str(small_disk) in caught.value.what
    assert "Free some space" in caught.value.hint
    assert len(kept) > 5
    (tmp_path / "big").write_bytes(os.urandom(2_500_000))
    with pytest.raises(StoreError, match="disk is full"):
        store.adopt(tmp_path / "big")
    assert all(store.verify(digest) for digest in kept)
    assert set(store.digests()) == set(kept)
    assert [path for name in ("tmp", "pending") for path in (store.folder / name).iterdir()] == []
    assert store.remove(kept.pop()) > 200_000
    assert store.verify(put(store, os.urandom(150_000)))


def test_the_ledger(small_disk: Path) -> None:
    ledger = SqliteLedger(small_disk / "ledger.db")
    ledger.record("run-1", [RunStarted(make_run())])
    kept = []
    with pytest.raises(LedgerError, match="is full") as caught:  # noqa: PT012 - until it is full
        for number in range(2000):
            execution = make_execution(f"s{number}", data=os.urandom(8000))
            ledger.commit("run-1", [execution], {})
            kept.append(execution)
    assert "Free some space" in caught.value.hint
    assert len(kept) > 20
    assert ledger.find([one.key for one in kept]) == {one.key: one for one in kept}
    ledger.close()
    subprocess.run(["mount", "-o", "remount,size=12m", small_disk], check=True)
    ledger = SqliteLedger(small_disk / "ledger.db")
    assert ledger.check() == []
    assert ledger.find([one.key for one in kept]) == {one.key: one for one in kept}
    assert len(ledger.events("run-1")) == 1 + len(kept)
    assert ledger.commit("run-1", [make_execution("more")], {}) == ()
    ledger.close()


@pytest.mark.parametrize("left", ["closed", "killed"])
def test_read_only(small_disk: Path, left: str) -> None:
    ledger = SqliteLedger(small_disk / "ledger.db")
    ledger.record("run-1", [RunStarted(make_run())])
    ledger.commit("run-1", [make_execution()], {})
    store = LocalStore(small_disk / "store")
    digest = put(store, b"content")
    log = list(small_disk.glob("ledger.db-*"))
    copies = {path: path.read_bytes() for path in log} if left == "killed" else {}
    ledger.close()
    for path, data in copies.items():  # as a killed process leaves them
        path.write_bytes(data)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    reading = SqliteLedger(small_disk / "ledger.db")
    assert reading.find([make_execution().key]) == {make_execution().key: make_execution()}
    assert reading.steps("run-1")[0]["status"] == "succeeded"
    with pytest.raises(LedgerError, match="read-only"):
        reading.commit("run-1", [make_execution("b")], {})
    with pytest.raises(LedgerError, match="read-only"):
        reading.claim(["k"], "me", 10)
    reading.close()
    again = LocalStore(small_disk / "store")
    assert bytes(again.data(digest)) == b"content"
    with pytest.raises(StoreError, match="read-only"):
        put(again, b"more")
    with pytest.raises(LedgerError, match="can't be opened"):
        SqliteLedger(small_disk / "new.db")
