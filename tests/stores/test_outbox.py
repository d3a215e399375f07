"""What is made apart is read at once, and taken over whole."""

from pathlib import Path

import pytest

from penstock.errors import Corrupt
from penstock.stores import local
from penstock.stores.local import LocalStore
from penstock.stores.outbox import Outbox, empty


def write(store, data: bytes) -> str:
    with store.writer() as writer:
        writer.write(data)
        blob = writer.finish()
    store.sync()
    return blob.digest


@pytest.fixture
def stores(tmp_path: Path):
    below = LocalStore(tmp_path / "below")
    return below, Outbox(tmp_path / "out", below)


def test_it_reads_from_both_and_writes_to_one(stores) -> None:
    below, out = stores
    old, new = write(below, b"old"), write(out, b"new")
    assert bytes(out.data(old)) == out.path(old).read_bytes() == b"old"
    assert bytes(out.data(new)) == out.path(new).read_bytes() == b"new"
    assert out.has(old) and out.has(new) and not below.has(new)
    with pytest.raises(Corrupt):
        out.data("blake3:" + "0" * 64)
    with pytest.raises(Corrupt):
        out.path("blake3:" + "0" * 64)


def test_what_is_not_durable_below_can_be_read(stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    below, out = stores
    with below.writer() as writer:
        writer.write(b"pending")
        digest = writer.finish().digest
    monkeypatch.setattr(below, "path", lambda digest: (_ for _ in ()).throw(OSError(30, "read-only")))
    assert bytes(out.data(digest)) == out.path(digest).read_bytes() == b"pending"


def test_all_is_taken_over_once(stores, tmp_path: Path) -> None:
    below, out = stores
    digests = {write(out, bytes([number]) * number) for number in range(5)}
    inside = LocalStore(tmp_path / "out")
    assert empty(inside, below) == 5
    assert digests <= set(below.digests())
    assert not list(inside.digests()) and empty(inside, below) == 0
    assert bytes(out.data(max(digests))) is not None


def test_a_forged_address_brings_nothing_in(stores, tmp_path: Path) -> None:
    """A container that writes other bytes under a name harms nobody: the name is not believed."""
    below, out = stores
    digest = write(out, b"what was made")
    blob = next(path for path in (tmp_path / "out" / "blobs").rglob("*") if path.is_file())
    blob.chmod(0o600)
    blob.write_bytes(b"something else")
    local._verified.clear()
    with pytest.raises(Corrupt):
        empty(LocalStore(tmp_path / "out"), below)
    assert not below.has(digest)
